import { asTheyAre, press } from './steps.mjs';

/** By the palette, which is on every screen and in every size. */
const goTo = (name) => async (page) => {
  await page.keyboard.press('Control+k');
  await page.getByTestId(`palette-go-${name}`).click();
};
const after = (first, then) => async (page) => {
  await first(page);
  await then(page);
};
const at = (name, ...scenes) => scenes.map((scene) => [scene, scene, goTo(name)]);
const palette = (text) => async (page) => {
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette-field').fill(text);
};

export const SETTINGS = [
  ...at('settings', 'settings', 'settings-lead', 'settings-light', 'settings-refused'),
  ['settings-end-diagnostics', 'settings-diagnostics', after(goTo('settings'), (page) => page.getByTestId('save-diagnostics').scrollIntoViewIfNeeded())],
  ['settings-diagnostics-done', 'settings-lead', after(goTo('settings'), (page) => page.getByTestId('save-diagnostics').scrollIntoViewIfNeeded())],
  ['settings-end', 'settings-lead', after(goTo('settings'), (page) => page.getByTestId('emergency-stop').scrollIntoViewIfNeeded())],
  ...at('devices', 'devices', 'devices-all', 'devices-busy', 'devices-loading', 'devices-none', 'devices-error', 'devices-offline'),
  ['devices-revoke', 'devices', after(goTo('devices'), press('revoke-d1', 'dialog-confirm'))],
  ...at('own_record', 'own-record', 'own-record-all', 'own-record-loading', 'own-record-none', 'own-record-error', 'own-record-offline'),
  ['palette', 'palette', palette('')],
  ['palette-typed', 'palette', palette('jan')],
  ['palette-command', 'palette-live', palette('th')],
  ['palette-live', 'palette-live', palette('')],
  ['palette-offline', 'palette-offline', palette('jan')],
  ['palette-error', 'palette-error', palette('jan')],
  ['keys', 'palette', async (page) => {
    await page.getByTestId('nav-trail').click();
    await page.keyboard.press('?');
  }],
  ...asTheyAre('emergency', 'emergency-lead'),
  ['emergency-dialog', 'settings-lead', after(goTo('settings'), press('emergency-stop'))],
  ['emergency-fresh', 'emergency-fresh', press('emergency-lift')],
  ['emergency-lift', 'emergency-lead', press('emergency-lift')],
  ['more', 'palette', async (page) => {
    const more = page.getByTestId('nav-more');
    if (await more.isVisible()) await more.click();
  }],
];
