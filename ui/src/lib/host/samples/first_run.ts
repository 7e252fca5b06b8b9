import type { ConsoleView } from '../../bindings/ConsoleView';
import type { FirstRunView } from '../../bindings/FirstRunView';
import { error, now, server, signedOut } from './common';

const fresh: FirstRunView = {
  needed: true,
  address: '127.0.0.1:7400',
  address_fixed: false,
  checking: false,
  found: null,
  error: null,
  notice_accepted: false,
  keyring: { state: 'usable' },
};
const firstRun = (rest: Partial<FirstRunView> = {}): ConsoleView => ({ ...signedOut, first_run: { ...fresh, ...rest } });

/** Before anybody is signed in. */
export const firstRunScenes = {
  'first-run': firstRun(),
  'first-run-looking': firstRun({ checking: true, address: 'amberglass.barkside.example' }),
  'first-run-found': firstRun({ found: { ...server, demo: true } }),
  'first-run-openid': firstRun({ address: 'https://amberglass.barkside.example', found: { ...server, sign_in: 'openid_connect', audit_retention_months: 24 } }),
  'first-run-not-ours': firstRun({ address: 'example.com', error: error('not_an_amberglass_server', 'example.com') }),
  'first-run-unreachable': firstRun({ error: error('server_unreachable', '127.0.0.1:7400') }),
  'first-run-address': firstRun({ address: 'http://amberglass.example', error: error('server_address_invalid') }),
  'first-run-fixed': firstRun({ address: 'https://amberglass.barkside.example', address_fixed: true, found: server }),
  'first-run-key-store': firstRun({ found: server, keyring: { state: 'unusable', error: error('keyring_missing') } }),
  'first-run-checking': { ...firstRun({ keyring: { state: 'checking' } }), sign_in: { state: 'starting' } },
  'first-run-running': { ...firstRun({ found: server }), sign_in: { state: 'blocked', error: error('already_running') } },
  'first-run-done': firstRun({ found: server, notice_accepted: true }),
  starting: { ...signedOut, sign_in: { state: 'starting' } },
  'signed-out': signedOut,
  'signed-out-demo': { ...signedOut, first_run: { ...signedOut.first_run, found: { ...server, demo: true } } },
  'signed-out-fixed': { ...signedOut, first_run: { ...signedOut.first_run, address_fixed: true } },
  'signed-out-error': { ...signedOut, sign_in: { state: 'signed_out', error: error('server_unreachable', '127.0.0.1:7400') } },
  'signed-out-cancelled': { ...signedOut, sign_in: { state: 'signed_out', error: error('sign_in_cancelled') } },
  waiting: { ...signedOut, sign_in: { state: 'waiting_for_browser', since: now } },
  blocked: { ...signedOut, sign_in: { state: 'blocked', error: error('keyring_missing') } },
  'blocked-running': { ...signedOut, sign_in: { state: 'blocked', error: error('already_running') } },
} satisfies Record<string, ConsoleView>;
