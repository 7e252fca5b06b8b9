import { counted } from './times';

/** Words of "Recorded about me". */
export const OWN_RECORD = {
  title: 'Recorded about me',
  loading: 'Fetching what is recorded about you',
  loadingMore: 'Fetching more',
  empty: 'Nothing is recorded about you yet',
  emptyHint: 'Each sign-in, each session and what happens in it will stand here.',
  more: 'Show earlier',
  all: 'This is all that is kept.',
  readers: 'You can read it here, and leads and security can read it. Nobody can change or remove a line.',
  offline: 'You are offline. This is how it was when the server was last reached.',
} as const;

export const keptWords = (months: number | null): string =>
  months === null ? 'It is kept for as long as the server is set to.' : `It is kept for ${counted(months, 'month', 'months')}.`;
