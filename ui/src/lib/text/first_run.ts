import type { ServerResponse } from '../bindings/ServerResponse';
import type { SignInMethod } from '../bindings/SignInMethod';
import { counted } from './times';

/** Words of the page that stands before the first sign-in. */
export const FIRST_RUN = {
  title: 'Welcome to Amberglass',
  intro: 'Three things before your first sign-in. It takes a minute.',

  server: 'Your server',
  serverWhy: 'It decides who may open whose portal, and keeps the record.',
  address: 'Server address',
  addressHint: 'Whoever set Amberglass up for you knows it. Such as amberglass.example.com',
  addressFixed: 'Set by whoever installed Amberglass on this computer. It can’t be changed here.',
  restarts: 'With another server Amberglass starts anew.',
  look: 'Find it',
  looking: 'Looking for the server',
  lookAgain: 'Look again',
  demo: 'Demo',
  demoMeaning: 'Sample people with known passwords, on this computer alone.',

  keyStore: 'This computer’s key store',
  keyStoreWhy: 'Your sign-in and the key that signs your record are kept there and nowhere else.',
  keyStoreChecking: 'Asking the key store',
  keyStoreUsable: 'It can be used.',
  keyStoreCheck: 'Check again',

  notice: 'What is recorded',
  accept: 'I have read this',
  accepted: 'You have read this.',

  signIn: 'Sign in',
  signInHint: 'Your browser opens for it.',
  done: 'done',
} as const;

const SIGN_IN: Record<SignInMethod, string> = {
  password: 'you sign in with e-mail and password',
  openid_connect: 'you sign in with your company account',
};

/** What answered: `Version 0.1.0, you sign in with e-mail and password.` */
export const foundWords = (server: ServerResponse): string => `Version ${server.version}, ${SIGN_IN[server.sign_in]}.`;

/** Each kind of thing that goes on record, and what becomes of it. */
export function noticeLines(server: ServerResponse | null): [what: string, how: string][] {
  const kept = server ? `For ${counted(server.audit_retention_months, 'month', 'months')} on the server` : 'On the server, for as long as it is set to';
  return [
    ['Who', 'You, by name, and this computer; each sign-in and sign-out.'],
    ['Whom', 'Each customer whose portal or card you open.'],
    ['Why', 'Your reason and ticket.'],
    ['When', 'Start, pauses and end of each session, to the second.'],
    ['Pages', 'Their paths. Never what they show and never what is typed.'],
    ['Blocked', 'What was tried and not let through.'],
    ['Kept', `${kept}; on this computer, encrypted, until it is sent.`],
    ['Read by', 'You (under “Recorded about me”), leads and security. Customers learn when and why, not your name.'],
  ];
}

export type System = 'linux' | 'macos' | 'windows';

export const systemOf = (userAgent: string): System => (/Windows/.test(userAgent) ? 'windows' : /Mac/.test(userAgent) ? 'macos' : 'linux');

/** How one comes by a key store that can be used. */
export const KEY_STORES: Record<System, { does: string; command: string | null }> = {
  linux: {
    does: 'On Linux it is GNOME Keyring or, on KDE, KWallet. Install it, then sign out of your desktop and in again: that unlocks it. On Debian and Ubuntu:',
    command: 'sudo apt install gnome-keyring',
  },
  macos: {
    does: 'On macOS it is the Keychain. Open Keychain Access and unlock the keychain “login”.',
    command: null,
  },
  windows: {
    does: 'On Windows it is the Credential Manager. Sign out of Windows and in again. If that does not help, ask whoever looks after your computer whether a rule has switched it off.',
    command: null,
  },
};

/** What still stands before the sign-in; empty when nothing does. */
export function missingWords(open: { server: boolean; keyStore: boolean; notice: boolean }): string {
  const parts = [open.server && 'find your server', open.keyStore && 'a key store that can be used', open.notice && 'read what is recorded'].filter(
    (part) => part !== false,
  );
  return parts.length === 0 ? '' : `Still to do: ${parts.join(', ')}.`;
}
