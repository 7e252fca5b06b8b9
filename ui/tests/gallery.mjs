// Looks at every state of every screen in a real browser: takes its picture, and fails on what axe calls serious, on errors of
// the page, on text that runs out of the window. Then goes the whole way by keyboard, and loads what is shipped.
// Usage: node tests/gallery.mjs [name of a scene ...]
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorsOf, faults, launch } from './browser.mjs';
import { BAR, CONSOLE, LOOKS } from './scenes.mjs';
import { serve } from './serve.mjs';
import { shipped, wholeWayByKeyboard } from './ways.mjs';

const ui = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(ui, 'screenshots');
const wanted = process.argv.slice(2);

const browser = await launch();
const gallery = await serve(join(ui, 'dist-gallery'));
const product = await serve(join(ui, 'dist'));
let passed = 0;
const failures = [];

async function check(name, context, work) {
  const opened = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...context });
  const page = await opened.newPage();
  page.setDefaultTimeout(10_000);
  const errors = errorsOf(page);
  try {
    errors.push(...((await work(page)) ?? []));
  } catch (error) {
    errors.push(String(error));
  }
  await opened.close();
  if (errors.length === 0) passed += 1;
  else failures.push(...errors.map((error) => `${name}: ${error}`));
}

/** Everything that sticks out sideways, and rows that a screen promises to show. */
async function layout(page, scene, look) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const found = wide > 0 ? [`${wide} px wider than the window`] : [];
  if (scene === 'find-results' && look.size[1] === 800) {
    const whole = await page.evaluate(() => [...document.querySelectorAll('[role=option]')].filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length);
    if (whole < 10) found.push(`${whole} customers without scrolling, 10 are promised`);
  }
  return found;
}

await mkdir(pictures, { recursive: true });
const jobs = [];
for (const look of LOOKS) {
  const scenes = (look.page === 'bar' ? BAR : CONSOLE).filter(([name]) => (look.only?.includes(name) ?? true) && (wanted.length === 0 || wanted.includes(name)));
  for (const [name, scene, steps] of scenes) {
    const [width, height] = look.size;
    const context = {
      viewport: { width, height },
      deviceScaleFactor: look.scale ?? 1,
      colorScheme: look.scheme,
      forcedColors: look.forced ? 'active' : 'none',
    };
    const job = async (page) => {
      await page.goto(`${gallery.origin}/${look.page}.html?scene=${scene}`);
      await page.locator('main').first().waitFor();
      await steps(page);
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: join(pictures, `${name}-${look.name}.png`) });
      return [...(await layout(page, scene, look)), ...(await faults(page))];
    };
    jobs.push(() => check(`${name} (${look.name})`, context, job));
  }
}

async function lane() {
  for (let job = jobs.shift(); job; job = jobs.shift()) await job();
}
await Promise.all([lane(), lane()]);

if (wanted.length === 0) {
  await check('the whole way by keyboard', { viewport: { width: 1280, height: 800 } }, (page) => wholeWayByKeyboard(page, gallery.origin));
  await check('what is shipped, under its policy', { viewport: { width: 1280, height: 800 } }, (page) => shipped(page, product.origin));
  const assets = join(ui, 'dist', 'assets');
  const texts = await Promise.all((await readdir(assets)).filter((name) => name.endsWith('.js')).map((name) => readFile(join(assets, name), 'utf8')));
  if (texts.some((text) => text.includes('example.com'))) failures.push('samples: the shipped bundle holds the double that is for browsers only');
  else passed += 1;
}

gallery.close();
product.close();
await browser.close();
for (const failure of failures) console.error(failure);
console.log(`pictures in ${pictures}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
