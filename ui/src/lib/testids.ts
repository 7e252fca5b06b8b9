/** Names by which tests find what they press and read. They don't change with words or layout. */
export const ids = {
  signIn: 'sign-in',
  cancelSignIn: 'cancel-sign-in',
  retryKeyring: 'retry-keyring',
  signInError: 'sign-in-error',
  signOut: 'sign-out',
  navFind: 'nav-find',
  navLive: 'nav-live',
  navTrail: 'nav-trail',
  queueState: 'queue-state',
  commandError: 'command-error',
  findField: 'find-field',
  findResults: 'find-results',
  findError: 'find-error',
  portalPicker: 'portal-picker',
  card: 'card',
  cardError: 'card-error',
  closeCard: 'close-card',
  reasonCode: 'reason-code',
  reasonText: 'reason-text',
  ticket: 'ticket',
  startSession: 'start-session',
  startProgress: 'start-progress',
  startError: 'start-error',
  conflict: 'conflict',
  conflictShow: 'conflict-show',
  conflictEnd: 'conflict-end',
  liveStrip: 'live-strip',
  showSession: 'show-session',
  endSession: 'end-session',
  liveList: 'live-list',
  liveShow: 'live-show',
  liveEnd: 'live-end',
  endScreen: 'end-screen',
  openTrail: 'open-trail',
  dismissEnd: 'dismiss-end',
  sessions: 'sessions',
  trail: 'trail',
  trailEvent: 'trail-event',
  trailChain: 'trail-chain',
  trailError: 'trail-error',
  closeTrail: 'close-trail',
  bar: 'bar',
  countdown: 'countdown',
  notice: 'notice',
  announcement: 'announcement',
} as const;

export const customerRow = (customer: string) => `customer-${customer}`;
export const reasonCodeChoice = (code: string) => `reason-code-${code}`;
export const modeChoice = (mode: string) => `mode-${mode}`;
export const durationChoice = (seconds: number) => `duration-${seconds}`;
export const sessionRow = (session: string) => `session-${session}`;
export const trailFilter = (filter: string) => `filter-${filter}`;

/** For what stands on the screen once: as id and as `data-testid`. */
export const mark = (name: string) => ({ id: name, 'data-testid': name });
