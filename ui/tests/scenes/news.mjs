import { asTheyAre, press } from './steps.mjs';

export const NEWS = [
  ...['news', 'news-lead', 'news-none', 'news-offline'].map((scene) => [scene, scene, async (page) => {
    await page.keyboard.press('Control+k');
    await page.getByTestId('palette-go-news').click();
  }]),
  ...asTheyAre('portal-stopped'),
  ['portal-stop', 'portal-stopped', async (page) => {
    await page.keyboard.press('Control+,');
    await press('portal-stop-meowside')(page);
  }],
  ['settings-portals', 'portal-stopped', async (page) => {
    await page.keyboard.press('Control+,');
    await page.getByTestId('portal-stop-meowside').scrollIntoViewIfNeeded();
  }],
];
