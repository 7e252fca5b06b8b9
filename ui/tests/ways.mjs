// Ways through the whole UI.

const focused = (page) => page.evaluate(() => document.activeElement?.id ?? '');

/** From the first run to signing out without a pointer. Returns what went wrong. */
export async function wholeWayByKeyboard(page, origin) {
  const wrong = [];
  const expect = (is, what) => {
    if (!is) wrong.push(what);
  };
  const seen = (name) => page.getByTestId(name).waitFor();
  const gone = (name) => page.getByTestId(name).waitFor({ state: 'detached' });
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const type = (text) => page.keyboard.type(text);
  const tabTo = async (id) => {
    for (let presses = 0; presses < 60; presses += 1) {
      if ((await focused(page)) === id) return;
      await press('Tab');
    }
    wrong.push(`${id} can't be reached by keyboard`);
  };
  const inside = (name) => page.evaluate((id) => document.getElementById(id)?.contains(document.activeElement) ?? false, name);

  await page.goto(`${origin}/console.html?scene=first-run&play`);
  await seen('first-run');
  expect((await focused(page)) === 'server-address', 'the first run does not begin at the server’s address');
  await press('Enter');
  await seen('server-found');
  await tabTo('accept-notice');
  await press('Enter');
  await seen('notice-accepted');
  await page.waitForFunction(() => document.activeElement?.id === 'sign-in');
  await press('Enter');
  await seen('cancel-sign-in');

  await seen('find-field');
  expect((await focused(page)) === 'find-field', 'the find field has no focus after sign-in');
  await type('jan');
  await seen('customer-1077');
  await press('ArrowDown', 'ArrowUp', 'Enter');
  await seen('card');
  await page.getByTestId('card').getByText('jane.doe@example.com').waitFor();
  await seen('reason-text');

  await press('Control+Enter');
  expect(await page.getByTestId('reason-code').getByText('Choose one').isVisible(), 'an empty sheet is not corrected');
  expect((await focused(page)) === 'reason-code-billing', 'the first missing entry has no focus');
  await press('Space');
  await tabTo('reason-text');
  await type('Invoice 1042 was charged twice');
  await tabTo('ticket');
  await type('TCK-4821');
  await press('Control+Enter');
  await seen('start-progress');
  await seen('live-strip');
  const strip = await page.getByTestId('live-strip').innerText();
  expect(/Viewing as Jane Doe/.test(strip) && /AG-7K3QX/.test(strip) && /(30:00|29:5\d)/.test(strip), `the live strip says: ${strip}`);

  // The palette: a search from it, a screen, and back with the focus where it was.
  await press('Control+,');
  await seen('settings');
  await press('Control+k');
  expect((await focused(page)) === 'palette-field', 'the palette’s field has no focus');
  await press('Tab', 'Tab', 'Tab');
  expect(await inside('palette'), 'the focus leaves the palette');
  await press('Escape');
  await gone('palette');
  expect((await focused(page)) !== 'palette-field', 'the focus stays in the palette that is gone');
  await press('Control+k');
  await type('janet');
  await press('Enter');
  await seen('find-field');
  await seen('customer-1077');
  expect((await page.getByTestId('find-field').inputValue()) === 'janet', 'the palette’s search does not reach Find');

  await press('Control+2');
  await seen('live-list');
  await press('/');
  expect((await focused(page)) === 'find-field', '"/" does not lead to the find field');
  await tabTo('end-session');
  await press('Enter');
  await seen('end-screen');
  expect((await page.getByTestId('live-strip').count()) === 0, 'the live strip stays after the end');
  await tabTo('note');
  await type('Charged once; the second line was a refund.');
  await press('Control+Enter');
  await seen('note-saved');
  await tabTo('open-trail');
  await press('Enter');
  await seen('trail');
  const rows = await page.getByTestId('trail-event').count();
  await tabTo('filter-blocked');
  await press('Enter');
  const blocked = await page.getByTestId('trail-event').count();
  expect(blocked > 0 && blocked < rows, `${blocked} of ${rows} events after the filter for blocked ones`);

  await tabTo('filter-all');
  await press('Enter', '/');
  expect((await focused(page)) === 'trail-search', '"/" does not lead to the search of the trail');
  await type('invoices');
  const found = await page.getByTestId('trail-event').count();
  expect(found > 0 && found < rows, `${found} of ${rows} events after a search`);
  await press('Escape');
  expect((await page.getByTestId('trail-event').count()) === rows, 'Esc does not give the whole trail back');
  await tabTo('trail-export');
  await press('Enter');
  await seen('export-dialog');
  expect((await focused(page)) === 'export-json_lines', 'the form of the file has no focus');
  await press('ArrowDown');
  await tabTo('export-choose');
  await press('Enter');
  await gone('export-dialog');
  await page.getByTestId('export-state').getByText('.csv').waitFor();

  await tabTo('nav-record');
  await press('Enter');
  await seen('record');
  await tabTo('record-retry');
  await press('Enter');
  await page.getByTestId('record-retried').getByText('There was nothing to send').waitFor();

  await tabTo('nav-devices');
  await press('Enter');
  await seen('device-d2');
  await tabTo('revoke-d2');
  await press('Enter');
  await seen('revoke-dialog');
  expect((await focused(page)) === 'dialog-reason', 'the reason has no focus');
  await type('too short');
  await press('Control+Enter');
  expect(/at least 10/.test(await page.getByTestId('revoke-dialog').innerText()), 'a short reason is not corrected');
  await press('Escape');
  await gone('revoke-dialog');
  expect((await focused(page)) === 'revoke-d2', 'the focus does not return to the button');
  await press('Enter');
  await seen('revoke-dialog');
  await type('Left on a train, reported today');
  await press('Control+Enter');
  await gone('revoke-dialog');
  expect(/Revoked/.test(await page.getByTestId('device-d2').innerText()), 'the device is not marked as revoked');

  await tabTo('nav-own-record');
  await press('Enter');
  await seen('own-record-more');
  const events = await page.getByTestId('own-record-event').count();
  await tabTo('own-record-more');
  await press('Enter');
  await gone('own-record-more');
  expect((await page.getByTestId('own-record-event').count()) > events, 'nothing more of the record is shown');

  await tabTo('nav-settings');
  await press('Enter');
  await seen('settings');
  await tabTo('theme-system');
  await press('ArrowRight', 'ArrowRight');
  expect((await page.evaluate(() => document.documentElement.dataset.theme)) === 'dark', 'the dark look is not chosen');
  await tabTo('watermark');
  await press('ArrowRight');
  expect(/10 %/.test(await page.getByTestId('settings').innerText()), 'the watermark does not get stronger');
  await press('?');
  await seen('key-list');
  await press('Escape');
  await gone('key-list');

  await press('Control+k');
  await type('sign out');
  await press('ArrowDown', 'Enter');
  await seen('sign-in');
  return wrong;
}

/** The key store is looked for again and found; the focus goes on from there, and through the sign-in. */
export async function keyStoreWay(page, origin) {
  const wrong = [];
  const at = (id) => page.waitForFunction((name) => document.activeElement?.id === name, id, { timeout: 3000 }).catch(() => wrong.push(`the focus does not come to ${id}`));
  await page.goto(`${origin}/console.html?scene=first-run-key-store&play`);
  for (const id of ['keyring-check', 'accept-notice', 'sign-in', 'cancel-sign-in', 'sign-in']) {
    await at(id);
    await page.keyboard.press('Enter');
  }
  return wrong;
}

/** A start that wants a fresh sign-in: given up once, done then; what was typed stays, and the session follows by itself. */
export async function freshSignInWay(page, origin) {
  const wrong = [];
  const at = (id) => page.waitForFunction((name) => document.activeElement?.id === name, id, { timeout: 3000 }).catch(() => wrong.push(`the focus does not come to ${id}`));
  await page.goto(`${origin}/console.html?scene=start-fresh&play`);
  const text = page.getByTestId('reason-text');
  await text.fill('Invoice 1042 was charged twice');
  for (let presses = 0; presses < 30 && (await focused(page)) !== 'sign-in-again'; presses += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await at('cancel-sign-in');
  if (await text.isEnabled()) wrong.push('what was asked for can be changed while the browser is waited for');
  await page.keyboard.press('Enter');
  await at('sign-in-again');
  if ((await text.inputValue()) !== 'Invoice 1042 was charged twice') wrong.push('what was typed is gone');
  await page.keyboard.press('Enter');
  await page.getByTestId('start-progress').waitFor();
  await page.getByTestId('live-strip').waitFor();
  return wrong;
}

/** Asked for on the card, approved by somebody, started; and, as a lead, decided from the list. */
export async function inboxWay(page, origin) {
  const wrong = [];
  const tabTo = async (id) => {
    for (let presses = 0; presses < 60 && (await focused(page)) !== id; presses += 1) await page.keyboard.press('Tab');
    if ((await focused(page)) !== id) wrong.push(`${id} can't be reached by keyboard`);
  };
  const seen = (name) => page.getByTestId(name).waitFor();
  await page.goto(`${origin}/console.html?scene=card&play`);
  await tabTo('reason-code-billing');
  await page.keyboard.press('Space');
  await tabTo('reason-text');
  await page.keyboard.type('Invoice 1042 was charged twice');
  await tabTo('ticket');
  await page.keyboard.type('TCK-4821');
  await tabTo('mode-read_only');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Control+Enter');
  await seen('card-request');
  // The double's lead takes a few seconds.
  await seen('start-approved');
  await page.keyboard.press('Control+Enter');
  await seen('live-strip');

  await page.goto(`${origin}/console.html?scene=inbox&play`);
  await seen('find-field');
  await page.keyboard.press('Control+3');
  await seen('inbox-list');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  if ((await focused(page)) !== 'request-q2') wrong.push('the arrow keys do not lead through the list');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await seen('approve');
  await page.keyboard.press('a');
  await seen('decide-sentence');
  await page.keyboard.press('Escape');
  await page.keyboard.press('d');
  if ((await focused(page)) !== 'decide-comment') wrong.push('a denial does not begin with its comment');
  await page.keyboard.type('Security handles this customer');
  await page.keyboard.press('Control+Enter');
  await seen('request-done');
  await tabTo('request-next');
  await page.keyboard.press('Enter');
  await page.getByTestId('request').getByText('Maximiliane').first().waitFor();
  return wrong;
}

/** Break-glass from the card to the session, and the review of somebody else's. */
export async function breakGlassWay(page, origin) {
  const wrong = [];
  const tabTo = async (id) => {
    for (let presses = 0; presses < 60 && (await focused(page)) !== id; presses += 1) await page.keyboard.press('Tab');
    if ((await focused(page)) !== id) wrong.push(`${id} can't be reached by keyboard`);
  };
  const seen = (name) => page.getByTestId(name).waitFor();
  await page.goto(`${origin}/console.html?scene=card-sensitive&play`);
  await tabTo('reason-code-billing');
  await page.keyboard.press('Space');
  await tabTo('reason-text');
  await page.keyboard.type('Invoice 1042 was charged twice');
  await tabTo('ticket');
  await page.keyboard.type('TCK-4821');
  await tabTo('break-glass');
  await page.keyboard.press('Enter');
  await seen('break-glass-dialog');
  if ((await focused(page)) !== 'break-glass-statement') wrong.push('break-glass does not begin with its statement');
  await page.keyboard.press('Control+Enter');
  if (!/at least 10/i.test(await page.getByTestId('break-glass-dialog').innerText())) wrong.push('an empty statement is not corrected');
  await page.keyboard.type('Her dog is in surgery now');
  await page.keyboard.press('Control+Enter');
  await seen('live-strip');
  if (!/Break-glass/.test(await page.getByTestId('live-strip').innerText())) wrong.push('the strip does not say that it is break-glass');

  await page.goto(`${origin}/console.html?scene=inbox-reviews-alone&play`);
  await seen('find-field');
  await page.keyboard.press('Control+3');
  await seen('inbox-list');
  await page.keyboard.press('ArrowDown');
  if ((await focused(page)) !== 'review-g1') wrong.push('the arrow keys do not lead to the reviews');
  await page.keyboard.press('Enter');
  await seen('review-justified');
  await page.keyboard.press('n');
  if ((await focused(page)) !== 'review-note') wrong.push('a review does not begin with what was found');
  await page.keyboard.type('A lead was free the whole afternoon');
  await page.keyboard.press('Control+Enter');
  await seen('review-done');
  await tabTo('review-next');
  return wrong;
}

/** In a narrow window the rest of the sidebar is behind one button, by keyboard as well. */
export async function narrowWay(page, origin) {
  const wrong = [];
  await page.goto(`${origin}/console.html?scene=palette`);
  await page.getByTestId('find-field').waitFor();
  if (await page.getByTestId('nav-settings').isVisible()) wrong.push('the rest of the sidebar stands in a narrow window');
  await page.getByTestId('nav-more').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  if ((await focused(page)) !== 'open-palette') wrong.push('what "More" opens does not come next');
  await page.keyboard.press('Escape');
  if ((await focused(page)) !== 'nav-more') wrong.push('Esc does not lead back to "More"');
  await page.keyboard.press('Enter');
  await page.getByTestId('nav-devices').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('devices').waitFor();
  if (await page.getByTestId('nav-settings').isVisible()) wrong.push('the rest of the sidebar stays open');
  return wrong;
}

const VIEW = {
  server: '127.0.0.1:7400',
  first_run: {
    needed: false,
    address: 'http://127.0.0.1:7400',
    address_fixed: false,
    checking: false,
    found: null,
    error: null,
    notice_accepted: true,
    keyring: { state: 'usable' },
  },
  preferences: { theme: 'system', text_percent: 100, watermark_percent: 9, notices: 'all', quiet_hours: { on: false, from_minutes: 1080, until_minutes: 480, days: [true, true, true, true, true, true, true] }, letter_keys: true, rest_in_tray: false, starts_with_desktop: false },
  desktop: { tray: true, notifications: true },
  diagnostics: { state: 'idle' },
  sign_in: { state: 'signed_out', error: null },
  fresh_sign_in: { state: 'idle' },
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
