// Looks at every state of every screen in a real browser: takes its picture, and fails on what axe finds, on errors of
// the page, on text that runs out of the window, on what moves although less motion is asked for, and on a sample that nothing
// shows. Then goes each way by keyboard, and loads what is shipped.
// Usage: node tests/gallery.mjs [often | name of a picture or of a look | ways ...]
// `often` is for every change: of the looks that differ little only the fullest screens, and no pictures.
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { errorsOf, faults, launch, motion, unmarked } from './browser.mjs';
import { BAR, CONSOLE, LOOKS } from './scenes.mjs';
import { serve } from './serve.mjs';
import { breakGlassWay, freshSignInWay, inboxWay, keyStoreWay, narrowWay, shipped, wholeWayByKeyboard } from './ways.mjs';

const ui = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(ui, 'screenshots');
const often = process.argv.includes('often');
const asked = process.argv.slice(2).filter((name) => name !== 'often');
const looks = LOOKS.filter(({ name }) => !LOOKS.some((look) => asked.includes(look.name)) || asked.includes(name));
const wanted = asked.filter((name) => !LOOKS.some((look) => look.name === name));

const browser = await launch();
const gallery = await serve(join(ui, 'dist-gallery'));
const product = await serve(join(ui, 'dist'));
let passed = 0;
const failures = [];

/** A page that looks in one way, with the errors it has had. */
async function room(context) {
  const opened = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...context });
  const page = await opened.newPage();
  page.setDefaultTimeout(10_000);
  return { page, errors: errorsOf(page), close: () => opened.close() };
}

/** Whether it went well; what did not is kept under `name`. */
async function check(name, { page, errors }, work) {
  errors.length = 0;
  try {
    errors.push(...((await work(page)) ?? []));
  } catch (error) {
    errors.push(String(error));
  }
  failures.push(...errors.map((error) => `${name}: ${error}`));
  if (errors.length === 0) passed += 1;
  return errors.length === 0;
}

/** Text that sticks out sideways or is cut off without saying so, and rows that a screen promises to show. */
async function layout(page, scene, look) {
  const found = await page.evaluate(() => {
    const cut = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (node) =>
      node.data.trim() !== '' && node.parentElement?.checkVisibility() && !node.parentElement.closest('.cut, .unseen, svg, option')
        ? NodeFilter.FILTER_ACCEPT
        : NodeFilter.FILTER_REJECT,
    );
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(text);
      const { left, right, width } = range.getBoundingClientRect();
      if (width === 0) continue;
      // Nothing is to be scrolled sideways for.
      let [least, most] = [0, innerWidth];
      let unseen = false;
      for (let box = text.parentElement; box; box = box.parentElement) {
        const { overflowX, clipPath } = getComputedStyle(box);
        // For screen readers alone.
        if (clipPath !== 'none') unseen = true;
        if (overflowX === 'visible') continue;
        const bounds = box.getBoundingClientRect();
        [least, most] = [Math.max(least, bounds.left), Math.min(most, bounds.right)];
      }
      if (!unseen && (left < least - 1 || right > most + 1)) cut.push(`cut off sideways: "${text.data.trim().slice(0, 40)}"`);
    }
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    return wide > 0 ? [`${wide} px wider than the window`, ...cut] : cut;
  });
  if (scene === 'find-results' && look.size[1] === 800) {
    const whole = await page.evaluate(() => [...document.querySelectorAll('[role=option]')].filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length);
    if (whole < 10) found.push(`${whole} customers without scrolling, 10 are promised`);
  }
  if (scene === 'inbox' && look.size[1] === 800) {
    const [all, whole] = await page.evaluate(() => {
      const rows = [...document.querySelectorAll('[data-opens]')];
      return [rows.length, rows.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length];
    });
    if (whole < Math.min(all, 8)) found.push(`${whole} requests without scrolling, 8 are promised`);
    const hidden = await page.evaluate(() => [...document.querySelectorAll('#request .body')].reduce((sum, box) => sum + box.scrollHeight - box.clientHeight, 0));
    if (hidden > 0) found.push(`${hidden} px of a request are below the fold, and it is promised to fit on one screen`);
  }
  return found;
}

await mkdir(pictures, { recursive: true });
const jobs = [];
for (const look of looks) {
  const all = look.page === 'bar' ? BAR : CONSOLE;
  for (const [name, scene, steps] of all.filter(([name]) => (look.only?.includes(name) ?? true) && (!often || (look.often?.includes(name) ?? true)) && (wanted.length === 0 || wanted.includes(name)))) {
    const [width, height] = look.size;
    const context = {
      viewport: { width, height },
      deviceScaleFactor: look.scale ?? 1,
      colorScheme: look.scheme,
      forcedColors: look.forced ? 'active' : 'none',
    };
    const work = async (page) => {
      await page.mouse.move(0, 0);
      await page.goto(`${gallery.origin}/${look.page}.html?scene=${scene}`);
      await page.locator('main').first().waitFor();
      await steps(page);
      await page.evaluate(() => document.fonts.ready);
      if (!often) await page.screenshot({ path: join(pictures, `${name}-${look.name}.png`) });
      return [...(await layout(page, scene, look)), ...(await motion(page)), ...(look.forced ? await unmarked(page) : []), ...(look.axe ? await faults(page) : [])];
    };
    jobs.push({ name: `${name} (${look.name})`, look, context, work });
  }
}

async function lane() {
  let at = null;
  let look = null;
  for (let job = jobs.shift(); job; job = jobs.shift()) {
    if (at === null || look !== job.look) {
      await at?.close();
      [at, look] = [await room(job.context), job.look];
    }
    if (await check(job.name, at, job.work)) continue;
    // What went wrong stays behind.
    await at.close();
    at = null;
  }
  await at?.close();
}
await Promise.all([lane(), lane()]);

/** Samples that no picture shows, and pictures of samples that are not there: those would show another screen. */
async function samples() {
  const { module } = await runnerImport(join(ui, 'src/lib/host/samples.ts'), { configFile: false, logLevel: 'error' });
  return [[module.consoleScenes, CONSOLE], [module.barScenes, BAR]].flatMap(([made, shown]) => {
    const names = new Set(shown.map(([, scene]) => scene));
    const unseen = Object.keys(made).filter((name) => !names.has(name));
    const unknown = [...names].filter((name) => !(name in made));
    return [...unseen.map((name) => `samples: nothing shows ${name}`), ...unknown.map((name) => `samples: there is no ${name}`)];
  });
}

if (asked.length === 0 || asked.includes('ways')) {
  const wrong = await samples();
  failures.push(...wrong);
  if (wrong.length === 0) passed += 1;
  // Where nobody asks for less, something does move: the look for motion finds what there is.
  const lively = await room({ viewport: { width: 1280, height: 800 }, reducedMotion: 'no-preference' });
  await check('motion', lively, async (page) => {
    await page.goto(`${gallery.origin}/console.html?scene=signed-out`);
    await page.getByTestId('sign-in').waitFor();
    return (await motion(page)).length > 0 ? [] : ['nothing moves, so that the look for motion proves nothing'];
  });
  await lively.close();
  const way = async (name, [width, height], work) => {
    const at = await room({ viewport: { width, height } });
    await check(name, at, work);
    await at.close();
  };
  await way('the whole way by keyboard', [1280, 800], (page) => wholeWayByKeyboard(page, gallery.origin));
  await way('the way past a missing key store by keyboard', [1280, 800], (page) => keyStoreWay(page, gallery.origin));
  await way('the way over a fresh sign-in by keyboard', [1280, 800], (page) => freshSignInWay(page, gallery.origin));
  await way('a request from asking to the session, and a decision, by keyboard', [1280, 800], (page) => inboxWay(page, gallery.origin));
  await way('break-glass and its review, by keyboard', [1280, 800], (page) => breakGlassWay(page, gallery.origin));
  await way('a narrow window by keyboard', [640, 400], (page) => narrowWay(page, gallery.origin));
  await way('what is shipped, under its policy', [1280, 800], (page) => shipped(page, product.origin));
  const assets = join(ui, 'dist', 'assets');
  const texts = await Promise.all((await readdir(assets)).filter((name) => name.endsWith('.js')).map((name) => readFile(join(assets, name), 'utf8')));
  if (texts.some((text) => text.includes('jane.doe@'))) failures.push('samples: the shipped bundle holds the double that is for browsers only');
  else passed += 1;
}

gallery.close();
product.close();
await browser.close();
for (const failure of failures) console.error(failure);
if (!often) console.log(`pictures in ${pictures}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
