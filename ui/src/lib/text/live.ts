import type { SessionView } from '../bindings/SessionView';

export const LIVE = {
  empty: 'No session is running',
  emptyHint: 'Find a customer to start one.',
  loading: 'Asking the server what is running',
  offlineTitle: 'You are offline',
  offline: 'What runs elsewhere can be seen again once the server is reached.',
  stale: 'You are offline. This is how it was when the server was last reached.',
  refresh: 'Refresh',
  end: 'End',
  endIt: 'End session',
  trail: 'Open the trail',
  code: 'Code',
  staff: 'Staff',
  customer: 'Customer',
  mode: 'Mode',
  page: 'Last page',
  blocked: 'Blocked',
  left: 'Time left',
  withdrawn: 'The approval is withdrawn, and the session that began with it has ended.',
  actions: 'What you can do',
  yours: 'yours',
  yoursElsewhere: 'yours, elsewhere',
  elsewhere: 'on another desktop',
  noPage: 'no page yet',
  readers: 'At least 10 characters. It stands in the record with your name, and whoever’s session it is reads it.',
} as const;

export const endedWord = (code: string): string => `Session ${code} was ended.`;
export const endTitle = (session: SessionView): string => `End session ${session.code}`;

/** What ending it does, and to whom. */
export const endMeaning = (session: SessionView): string =>
  session.own
    ? `Your session with ${session.customer.name} runs on another desktop. Its page is covered there at once.`
    : `${session.staff_name} is viewing the portal as ${session.customer.name}. Their page is covered at once, and they are told who ended it and why.`;
