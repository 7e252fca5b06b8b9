// The browser that the system has: nothing is downloaded.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const PLACES = [
  process.env.CHROMIUM,
  // It has no window of its own to paint for every page that it goes to.
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

export async function launch() {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error('No Chromium found. Install it, or name it in the variable CHROMIUM.');
  const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  // Chromium has no sandbox for root, as whom containers run.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath, args });
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on the page, whatever weight it gives to it, one line each. */
export async function faults(page) {
  // As a string evaluated by the debugger, so that the page's own policy stays as strict as it is.
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await globalThis.axe.run(document, { resultTypes: ['violations'] })).violations);
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `axe ${id} (${help}) at ${target.join(' ')}: ${failureSummary}`));
}

/** Errors of the page: exceptions, console errors, refusals by the policy. The list fills as the page runs. */
export function errorsOf(page) {
  const errors = [];
  page.on('pageerror', (error) => errors.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // Left for the next page while it was still on its way, a font that a passing text wanted for instance.
    if (why !== 'net::ERR_ABORTED') errors.push(`request failed: ${request.url()} (${why})`);
  });
  return errors;
}

/** What would move although less motion is asked for, one line each. */
export async function motion(page) {
  return page.evaluate(() => {
    const lasts = (durations) => durations.split(',').some((one) => Number.parseFloat(one) > 0);
    const moving = [...document.querySelectorAll('*')].filter((box) =>
      [null, '::before', '::after'].some((part) => {
        const { transitionDuration, animationDuration, animationName } = getComputedStyle(box, part);
        return lasts(transitionDuration) || (animationName !== 'none' && lasts(animationDuration));
      }),
    );
    return moving.map((box) => `moves: ${box.tagName.toLowerCase()} ${box.className}`);
  });
}

/** What is chosen but looks like what is not, where the system's few colours are all there are; one line each. */
export async function unmarked(page) {
  return page.evaluate(() => {
    const chosen = '[aria-selected=true], [aria-pressed=true], [aria-checked=true], [aria-current]:not([aria-current=false]), input:checked';
    // All that is painted with the system's colours: no shadow, no picture, no colour of one's own.
    const paint = ['color', 'backgroundColor', 'borderColor', 'borderStyle', 'borderWidth', 'outlineColor', 'outlineStyle', 'fontWeight', 'textDecorationLine', 'appearance', 'display'];
    const look = (box) =>
      JSON.stringify([null, '::before', '::after'].map((part) => {
        const style = getComputedStyle(box, part);
        return [style.content, ...paint.map((name) => style[name])];
      }));
    // A radio button is painted by what stands beside it.
    const looks = (box) => [box, ...(box.matches('input') ? (box.parentElement?.querySelectorAll('*') ?? []) : box.querySelectorAll('*'))].map(look).join();
    const kind = (box) => (box.matches('input') ? `input[name="${box.name}"]` : box.role ? `[role=${box.role}]` : box.tagName);
    return [...document.querySelectorAll(chosen)]
      .filter((box) => box.checkVisibility())
      .flatMap((box) => {
        const group = box.closest('fieldset, [role=radiogroup], [role=listbox], [role=tablist], nav, ul') ?? document.body;
        const other = [...group.querySelectorAll(kind(box))].find((one) => one !== box && !one.matches(chosen) && !one.contains(document.activeElement) && one.checkVisibility());
        return other && looks(other) === looks(box) ? [`chosen, but painted like what is not: ${box.id || box.textContent?.trim().slice(0, 40)}`] : [];
      });
  });
}
