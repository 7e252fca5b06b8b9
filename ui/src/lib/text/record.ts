import type { ConnectionView } from '../bindings/ConnectionView';
import type { HoldView } from '../bindings/HoldView';
import type { LimitsView } from '../bindings/LimitsView';
import type { JournalLoss } from '../bindings/JournalLoss';
import type { NextDeliveryView } from '../bindings/NextDeliveryView';
import type { QueueView } from '../bindings/QueueView';
import type { RetryView } from '../bindings/RetryView';
import { age, counted, dayAndTime, length, timeOfDay } from './times';

/** The words of "Record on this computer". */
export const RECORD = {
  title: 'Record on this computer',
  about:
    'What happens in your sessions is written here, encrypted, before it happens, and sent to the server in order. What waits stays here until the server has confirmed it, also when Amberglass is closed.',
  open: 'Show the record on this computer',
  connection: 'Connection',
  waiting: 'Waiting',
  oldest: 'Oldest',
  confirmed: 'Last confirmed',
  next: 'Next',
  never: 'not yet on this computer',
  tryAgain: 'Try again',
  trying: 'Trying',
  limits: 'When no session starts',
  limitsHint: 'A session that could not be kept on record does not begin. One that runs goes on.',
  age: 'Oldest record that waits',
  disk: 'Free disk space',
  refused: 'No session can start now',
  diskUnknown: 'could not be read',
} as const;

/** What happened. What was kept. What to do. */
export const HOLDS: Record<HoldView, { happened: string; kept: string; todo: string }> = {
  fork: {
    happened: 'The server holds another record where this computer has its own. Sending has stopped before it.',
    kept: 'Both were kept and nothing was overwritten. New records are still written here.',
    todo: 'Tell security before you go on. Trying again helps once they have found the cause.',
  },
  rejected: {
    happened: 'The server calls a record of this computer invalid. Sending has stopped before it.',
    kept: 'The record is kept as it was written, and everything before it has arrived.',
    todo: 'Tell security. Once they have found the cause, try again.',
  },
  too_large: {
    happened: 'A record is larger than the server takes, even alone. Sending has stopped before it.',
    kept: 'The record is kept as it was written, and everything before it has arrived.',
    todo: 'Tell whoever runs the server: its limit, or that of a proxy before it, has to be raised. Then try again.',
  },
  unreadable: {
    happened: 'A record on this computer is no longer as it was written: its file was changed, or the disk is failing. Sending has stopped before it.',
    kept: 'It was left as it was found, and everything before it has arrived.',
    todo: 'Tell security, and leave the file as it is. Trying again helps only if the disk was at fault.',
  },
  other: {
    happened: 'Another version of Amberglass stopped sending, for a reason that this version does not know.',
    kept: 'The record is kept as it was written, and everything before it has arrived.',
    todo: 'Update Amberglass and try again. If it stays, tell security.',
  },
};

/** A journal that could not go on. What happened. What was kept. What to do. */
export const LOSSES: Record<JournalLoss, { happened: string; kept: string; todo: string }> = {
  damaged: {
    happened: 'The record on this computer was no longer as it was written: its file was changed, or the disk is failing.',
    kept: 'The file was put aside as it was found, and a new record was begun that names it.',
    todo: 'Security has been told. Give them the file if they ask for it: what had not been sent is still in it.',
  },
  key_lost: {
    happened: 'The key of the record on this computer is no longer in the key store.',
    kept: 'The file was put aside as it was, and a new record was begun that names it.',
    todo: 'Security has been told. What had not been sent can be read on the server: give them the file.',
  },
  missing: {
    happened: 'The record on this computer was gone when Amberglass started: its file was moved or deleted.',
    kept: 'What had been sent is with the server. A new record was begun that says so.',
    todo: 'Security has been told. If the file was moved, by a clean-up or a backup, tell them where it is.',
  },
  contradicted: {
    happened: 'The record that the server would not take was put aside.',
    kept: 'Its file is kept as it was, and a new record was begun that names it.',
    todo: 'Security has been told. Give them the file.',
  },
};

export const REPLACED = {
  strip: 'The record on this computer could not go on. A new one was begun.',
  title: 'A new record was begun',
  file: 'The old file',
  show: 'Show',
  dismiss: 'Dismiss',
  begin: 'Put it aside and begin anew',
  beginQuestion: 'Put this record aside?',
  beginWhat: 'Its file stays on this computer, and what waits in it is no longer sent from here. Security is told, and can take it from the file.',
  beginWhen: 'Do this when security has asked you to.',
  beginNotNow: 'Not while a session runs: end it first.',
} as const;

/** The state in one sentence, over everything else. */
export function stateSentence(connection: ConnectionView, queue: QueueView): string {
  if (queue.refusal?.code === 'journal_unavailable') return 'The record on this computer can’t be opened.';
  if (queue.held > 0) return 'Sending has stopped.';
  if (queue.waiting > 0) return `${counted(queue.waiting, 'record waits', 'records wait')} to be sent.`;
  if (queue.next.state === 'closed') return 'The record is not open: sign in to this computer first.';
  return connection.state === 'online' ? 'Everything has arrived at the server.' : 'Nothing waits here.';
}

/** What becomes of a session that stands behind its curtain. */
export const frozenWords = (customer: string, lostAfterSeconds: number): string =>
  `Your session with ${customer} is paused and its page is covered. It goes on by itself once the server is reached; after ${length(lostAfterSeconds)} without a word the server ends it.`;

const soon = (at: number, now: number): string => (at - now < 1500 ? 'now' : `in ${length((at - now) / 1000)}`);

/** What happens next without anybody's doing. */
export function nextWords(next: NextDeliveryView, now: number): string {
  switch (next.state) {
    case 'closed':
      return 'nothing until it can be opened';
    case 'nothing':
      return 'nothing to send';
    case 'sending':
      return 'is being sent';
    case 'again':
      return `tries again by itself ${soon(next.at, now)}`;
    case 'asked_to_wait':
      return `the server asked to wait until ${timeOfDay(next.until)}`;
    case 'sign_in_first':
      return `waits for a sign-in; the server does not accept this device as it stands. Tries again by itself ${soon(next.at, now)}`;
    case 'held':
      return 'nothing by itself: somebody has to look first';
    case 'journal_failed':
      return `the file could not be read; tries again by itself ${soon(next.at, now)}`;
  }
}

/** What the last "Try again" did, and nothing that it did not. */
export function retryWords(retry: RetryView, queue: QueueView, connection: ConnectionView): string {
  switch (retry.state) {
    case 'idle':
    case 'failed':
      return '';
    case 'trying':
      return 'Trying now.';
    case 'nothing_waits':
      return 'There was nothing to send.';
    case 'sent':
      return queue.waiting > 0
        ? `${counted(retry.records, 'record was', 'records were')} sent. ${counted(queue.waiting, 'still waits', 'still wait')}.`
        : `${counted(retry.records, 'record was', 'records were')} sent. Nothing waits any more.`;
    case 'not_taken':
      if (queue.held > 0) return 'Tried, and stopped before the same record again. Nothing was sent.';
      if (queue.next.state === 'sign_in_first') return 'Tried: the server does not accept this device. Sign out and in again. Nothing was sent.';
      return connection.state === 'offline'
        ? 'Tried: the server was not reached. Nothing was sent, and nothing is lost.'
        : 'Tried: the server did not take it yet. Nothing was sent, and nothing is lost.';
    case 'asked_to_wait':
      return 'Not tried: the server asked for a pause, and asking sooner would only make it longer.';
  }
}

export const confirmedWords = (queue: QueueView, now: number): string => (queue.last_synced_at === null ? RECORD.never : dayAndTime(queue.last_synced_at, now));

export const waitingWords = (queue: QueueView): string => (queue.waiting === 0 ? 'none' : counted(queue.waiting, 'record', 'records'));

export const oldestWords = (queue: QueueView, now: number): string =>
  queue.oldest_at === null ? '' : `${age(now - queue.oldest_at)}, from ${dayAndTime(queue.oldest_at, now)}`;

/** `41 GiB`, `640 MiB` */
export const bytesWords = (mebibytes: number): string => (mebibytes < 1024 ? `${mebibytes} MiB` : `${Math.floor(mebibytes / 1024)} GiB`);

/** Exact where `1 day` would be said of both a limit and what is past it. */
const hours = (millis: number): string => (millis >= 3_600_000 && millis < 72 * 3_600_000 ? `${Math.floor(millis / 3_600_000)} h` : age(millis));

export interface Limit {
  what: string;
  /** As it is, and where it would be too much. */
  is: string;
  limit: string;
  /** From 0, far away, to 1, where no session starts; null where nobody knows. */
  near: number | null;
}

/** How close each limit is. */
export function limitsOf(queue: QueueView, limits: LimitsView, now: number): Limit[] {
  const longest = limits.max_unsent_age_seconds * 1000;
  const waited = queue.oldest_at === null ? 0 : Math.max(0, now - queue.oldest_at);
  const free = queue.free_disk_mebibytes;
  const least = limits.min_free_disk_mebibytes;
  return [
    {
      what: RECORD.age,
      is: queue.oldest_at === null ? 'nothing waits' : hours(waited),
      limit: `at most ${hours(longest)}`,
      near: Math.min(1, waited / longest),
    },
    {
      what: RECORD.disk,
      is: free === null ? RECORD.diskUnknown : bytesWords(free),
      limit: `at least ${bytesWords(least)}`,
      // Ten times as much as is needed is far away.
      near: free === null ? null : free < least ? 1 : Math.max(0, Math.min(0.99, 1 - (free - least) / (9 * least))),
    },
  ];
}
