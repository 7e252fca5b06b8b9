import type { Theme } from '../bindings/Theme';

/** Light or dark as chosen, whatever the desktop has; `system` leaves it to the desktop. base.css does the rest. */
export function showTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
}
