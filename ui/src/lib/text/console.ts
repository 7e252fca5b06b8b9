/** The words of the console's own screens. */
export const CONSOLE = {
  product: 'Amberglass',
  purpose: 'See a customer’s portal as they see it.',
  recorded: 'Each session is recorded: who you are, whose portal it is, why, each page and each blocked attempt.',
  starting: 'Reading your key store',
  signIn: 'Sign in in your browser',
  waiting: 'Finish the sign-in in your browser. This window goes on by itself.',
  signInAgain: 'Sign in again',
  waitingAgain: 'Finish the sign-in in your browser. What you asked for follows by itself.',
  cancel: 'Cancel',
  tryAgain: 'Try again',
  server: 'Server',
  serverChange: 'Change',
  serverKeep: 'Leave it as it is',
  commandFailed: 'Amberglass did not take that in. Nothing was changed. Try again, or start Amberglass anew.',

  find: 'Find',
  live: 'Live',
  inbox: 'Inbox',
  trail: 'Trail',
  settings: 'Settings',
  ownRecord: 'Recorded about me',
  devices: 'Devices',
  commands: 'Commands',
  more: 'More',
  signOut: 'Sign out',
  endAndSignOut: 'End and sign out',

  findTitle: 'Find a customer',
  findHint: 'Type a name, e-mail or id',
  findEmpty: 'Nobody found',
  findEmptyHint: 'Check the spelling, or try the e-mail address or id.',
  findOfflineTitle: 'You are offline',
  findOffline: 'Customers can be found again once the server is reached.',
  findTruncated: 'More customers match than are shown. Type more to narrow it down.',
  searching: 'Searching',

  neverLooked: 'Nobody has opened this portal yet',
  inactiveTitle: 'This customer’s account is not active',
  inactive: 'A session can’t start until the portal team has activated it.',
  startOffline: 'You are offline. A session can start once the server is reached.',
  noMode: 'The policy offers you no session with this customer.',

  frozen: 'Paused: connection lost',

  endTitle: 'Session ended',

  trailEmpty: 'No sessions yet',
  trailEmptyHint: 'Each session you start leaves its trail here.',
  trailChoose: 'Choose a session to see what happened in it.',
  trailFiltered: 'No such events in this session.',
} as const;

export const viewingAs = 'Viewing as';
export const endSession = 'End session';
export const showWindow = 'Show window';
export const BAR = { ending: 'Ending', ended: 'Ended' } as const;
