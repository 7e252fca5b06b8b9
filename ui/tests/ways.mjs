// Ways through the whole UI.

const focused = (page) => page.evaluate(() => document.activeElement?.id ?? '');

/** From sign-in to the trail without a pointer. Returns what went wrong. */
export async function wholeWayByKeyboard(page, origin) {
  const wrong = [];
  const expect = (is, what) => {
    if (!is) wrong.push(what);
  };
  const seen = (name) => page.getByTestId(name).waitFor();
  const tabTo = async (id) => {
    for (let presses = 0; presses < 40; presses += 1) {
      if ((await focused(page)) === id) return;
      await page.keyboard.press('Tab');
    }
    wrong.push(`${id} can't be reached by keyboard`);
  };

  await page.goto(`${origin}/console.html`);
  await seen('sign-in');
  await tabTo('sign-in');
  await page.keyboard.press('Enter');
  await seen('cancel-sign-in');

  await seen('find-field');
  expect((await focused(page)) === 'find-field', 'the find field has no focus after sign-in');
  await page.keyboard.type('jan');
  await seen('customer-1077');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await seen('card');
  await page.getByTestId('card').getByText('jane.doe@example.com').waitFor();
  await seen('reason-text');

  await page.keyboard.press('Control+Enter');
  expect(await page.getByTestId('reason-code').getByText('Choose one').isVisible(), 'an empty sheet is not corrected');
  expect((await focused(page)) === 'reason-code-billing', 'the first missing entry has no focus');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Invoice 1042 was charged twice');
  await page.keyboard.press('Tab');
  await page.keyboard.type('TCK-4821');
  await page.keyboard.press('Control+Enter');
  await seen('start-progress');
  await seen('live-strip');
  const strip = await page.getByTestId('live-strip').innerText();
  expect(/Viewing as Jane Doe/.test(strip) && /AG-7K3QX/.test(strip) && /(30:00|29:5\d)/.test(strip), `the live strip says: ${strip}`);

  await page.keyboard.press('Control+k');
  expect((await focused(page)) === 'find-field', 'Ctrl+K does not lead to the find field');
  await page.getByTestId('end-session').focus();
  await page.keyboard.press('Enter');
  await seen('end-screen');
  expect((await page.getByTestId('live-strip').count()) === 0, 'the live strip stays after the end');
  await tabTo('open-trail');
  await page.keyboard.press('Enter');
  await seen('trail');
  const rows = await page.getByTestId('trail-event').count();
  await tabTo('filter-blocked');
  await page.keyboard.press('Enter');
  const blocked = await page.getByTestId('trail-event').count();
  expect(blocked > 0 && blocked < rows, `${blocked} of ${rows} events after the filter for blocked ones`);
  return wrong;
}

const VIEW = {
  server: '127.0.0.1:7400',
  sign_in: { state: 'signed_out', error: null },
  connection: { state: 'online' },
  queue: { waiting: 0, oldest_at: null, held: 0, last_synced_at: null },
  portals: [],
  find: { portal: null, query: '', searching: false, customers: [], truncated: false, error: null },
  card: null,
  session: null,
  ended: null,
  sessions: { loading: false, sessions: [], error: null },
  trail: null,
};

/**
 * Loads the production bundle under its policy, with the desktop's message channel played: it must ask for the view, show
 * the one it is sent, and send the commands that are pressed.
 */
export async function shipped(page, origin) {
  await page.addInitScript((view) => {
    const callbacks = [];
    const calls = [];
    globalThis.calls = calls;
    globalThis.__TAURI_EVENT_PLUGIN_INTERNALS__ = { unregisterListener() {} };
    globalThis.__TAURI_INTERNALS__ = {
      transformCallback: (callback) => callbacks.push(callback) - 1,
      async invoke(command, args) {
        calls.push(command);
        if (command === 'plugin:event|listen') globalThis.listener = args;
        if (command === 'refresh_view') callbacks[globalThis.listener.handler]({ event: globalThis.listener.event, id: 1, payload: view });
        return 1;
      },
    };
  }, VIEW);
  await page.goto(`${origin}/console.html`);
  await page.getByTestId('sign-in').click();
  const calls = await page.evaluate(() => globalThis.calls.join(' '));
  const wrong = calls === 'plugin:event|listen refresh_view sign_in' ? [] : [`the shipped bundle called: ${calls}`];
  await page.evaluate(() => document.fonts.ready);
  const fonts = await page.evaluate(() => [...document.fonts].filter((font) => font.status === 'loaded').map((font) => font.family));
  for (const family of ['Inter Variable', 'JetBrains Mono Variable']) {
    if (!fonts.some((font) => font.includes(family))) wrong.push(`${family} was not loaded`);
  }
  return wrong;
}
