import type { NoticesView } from '../bindings/NoticesView';

/** Which words come to the desktop, and what is missing there. */
export const NOTICES = {
  title: 'Notices',
  hint: 'On the desktop. What is not shown there stands in the inbox and the news; break-glass is always shown.',
  none: 'This desktop shows no notifications at the moment. What waits for you stands in the inbox.',
} as const;

export const NOTICE_CHOICES: Record<NoticesView, string> = { all: 'All', yours: 'What waits for you', break_glass: 'Break-glass alone' };

export const LETTER_KEYS = {
  title: 'Letter keys',
  hint: 'A, D, J, N, / and ? without Ctrl. Off keeps a stray key, or a voice that is misheard, from choosing.',
  on: 'On',
  off: 'Off',
} as const;

export const CLOSING = {
  title: 'Closing the window',
  hint: 'In the tray you are still told what waits for you, and a running session goes on.',
  leaves: 'Leaves Amberglass',
  rests: 'Keeps it in the tray',
  noTray: 'This desktop has no tray, so closing the window leaves Amberglass.',
} as const;

export const STARTS = {
  title: 'Start by itself',
  hint: 'When you sign in to this computer. In the tray, if closing the window keeps it there.',
  on: 'On',
  off: 'Off',
} as const;

export const DIAGNOSTICS = {
  title: 'Diagnostics',
  hint: 'A text for whoever looks after your computer: version, desktop, settings, state of the record, log.',
  about: 'Nothing about customers is in it. Read it before you send it.',
  save: 'Save diagnostics',
  choosing: 'Choose where it goes.',
  writing: 'Writing it down.',
} as const;

export const diagnosticsSaved = (file: string): string => `Saved as ${file}.`;
