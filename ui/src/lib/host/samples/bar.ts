import type { ElevationStep } from '../../bindings/ElevationStep';
import type { ElevationView } from '../../bindings/ElevationView';
import type { MaskedFieldResponse } from '../../bindings/MaskedFieldResponse';
import type { SessionWindowView } from '../../bindings/SessionWindowView';
import type { UnmaskView } from '../../bindings/UnmaskView';
import { MINUTE, error, jane, now, preferences } from './common';
import { session } from './session';

const bar: SessionWindowView = {
  session: session.id,
  code: session.code,
  customer_name: jane.name,
  mode: 'read_only',
  reason_label: 'Billing question',
  break_glass: false,
  ticket: 'TCK-4821',
  remaining_millis: session.remaining_millis,
  warning_millis: 5 * MINUTE,
  curtain: null,
  notice: null,
  file: null,
  still_loading: false,
  ending: false,
  warnings_millis: [5 * MINUTE, MINUTE],
  idle_remaining_millis: null,
  extend: { left: 2, seconds: 900, open: false, busy: false, error: null, number: 0 },
  elevation: { step: { state: 'nothing' }, busy: false, paused: false, error: null },
  unmask: { offered: true, open: false, loading: false, fields: [], busy: false, error: null, shown: null },
  preferences,
};

const write = (step: ElevationStep, rest: Partial<ElevationView> = {}): SessionWindowView => ({ ...bar, elevation: { step, busy: false, paused: false, error: null, ...rest } });
const what = 'POST /appointments/104201/reschedule?from';
const blocked: ElevationStep = { state: 'blocked', record: '0198c5a2-7d1e-7c33-9b1f-2f6d3c0a7e44', what, cannot_ask: null };
const approvedWrite: ElevationStep = { state: 'approved', request: 'q1', what, by: 'Noor Haddad', remaining_millis: 4 * MINUTE + 31_000 };

const open = { ...bar.extend, open: true };
/** A stated emergency is not extended. */
const glass: SessionWindowView = { ...bar, break_glass: true, extend: { ...bar.extend, left: 0, seconds: 0 } };

const masked = (rule: string, pointer: string, rest: Partial<MaskedFieldResponse> = {}): MaskedFieldResponse => ({
  rule,
  pointer,
  path: '/api/me',
  why: null,
  answer: 'allowed',
  rules: ['masked-fields-are-shown-on-a-reason'],
  shown_until: null,
  ...rest,
});
export const maskedFields = [
  masked('phone-number', '/phone', { why: 'Customers give it for the groomer to ring them' }),
  masked('bank-details', '/cards/*/number'),
  masked('health', '/pets/*/illnesses', { answer: 'refused', rules: ['health-stays-with-the-vet'] }),
];
const unmask = (rest: Partial<UnmaskView> = {}): SessionWindowView => ({ ...bar, unmask: { ...bar.unmask, open: true, fields: maskedFields, ...rest } });
const shown = { rule: 'phone-number', pointer: '/phone', until: now + 5 * MINUTE };

export const barScenes = {
  bar,
  'bar-long-name': { ...bar, customer_name: 'Mary Jane Whitcombe-Featherstonehaugh', reason_label: 'Complaint about a grooming appointment', ticket: 'SUPPORT-2026-004821' },
  'bar-glass': glass,
  'bar-glass-last-minutes': { ...glass, customer_name: 'Mary Jane Whitcombe-Featherstonehaugh', remaining_millis: 4 * MINUTE + 9000 },
  'bar-last-minutes': { ...bar, remaining_millis: 4 * MINUTE + 9000 },
  // The moment passes while one looks.
  'bar-warning': { ...bar, remaining_millis: 5 * MINUTE + 400 },
  'bar-no-extension': { ...bar, remaining_millis: MINUTE + 400, extend: { ...bar.extend, left: 0 } },
  'bar-idle': { ...bar, idle_remaining_millis: 58_000 },
  'bar-still-loading': { ...bar, still_loading: true },
  'bar-notice': { ...bar, notice: { attempt: 'print', number: 1 } },
  'bar-extend': { ...bar, extend: open },
  'bar-extend-last-minutes': { ...bar, remaining_millis: 48_000, extend: { ...open, left: 1 } },
  'bar-extend-busy': { ...bar, extend: { ...open, busy: true } },
  'bar-extend-error': { ...bar, extend: { ...open, error: error('total_duration_too_long', '60 min', '7f3a91c0') } },
  'bar-extended': { ...bar, remaining_millis: 42 * MINUTE + 10_000, extend: { ...bar.extend, left: 1, number: 1 } },
  'bar-no-unmask': { ...bar, unmask: { ...bar.unmask, offered: false } },
  'bar-unmask': unmask(),
  'bar-unmask-last-minutes': { ...unmask(), remaining_millis: 48_000 },
  'bar-unmask-loading': unmask({ loading: true, fields: [] }),
  'bar-unmask-none': unmask({ fields: [] }),
  'bar-unmask-refused': unmask({ fields: maskedFields.slice(2) }),
  'bar-unmask-busy': unmask({ busy: true }),
  'bar-unmask-error': unmask({ error: error('forbidden', 'no-phone-numbers', '7f3a91c0') }),
  'bar-unmask-unlisted': unmask({ fields: [], error: error('portal_unreachable', 'Jane Doe', '7f3a91c0') }),
  'bar-unmask-shown': unmask({ fields: maskedFields.map((one) => (one.pointer === '/phone' ? { ...one, shown_until: shown.until } : one)), shown }),
  'bar-write-blocked': write(blocked),
  'bar-write-never': write({ ...blocked, cannot_ask: 'never_list' }),
  'bar-write-asking': write(blocked, { busy: true }),
  'bar-write-failed': write(blocked, { error: error('unavailable', null, '7f3a91c0') }),
  'bar-write-waiting': write({ state: 'waiting', request: 'q1', what }),
  'bar-write-approved': write(approvedWrite),
  'bar-write-sending': write(approvedWrite, { busy: true }),
  'bar-write-paused': write(approvedWrite, { paused: true }),
  'bar-write-unanswered': write(approvedWrite, { error: error('server_unreachable') }),
  'bar-write-denied': write({ state: 'denied', what, by: 'Noor Haddad', comment: 'The customer has to move it herself' }),
  'bar-write-lapsed': write({ state: 'lapsed', what }),
  'bar-write-sent': write({ state: 'sent', what, outcome: { outcome: 'answered', status: 303 } }),
  'bar-write-unknown': write({ state: 'sent', what, outcome: { outcome: 'unknown' } }),
  'bar-connection-lost': { ...bar, extend: { ...bar.extend, left: 0, seconds: 0 }, curtain: { cause: 'connection_lost', goes_on_until: now + 27 * MINUTE } },
  'bar-portal-unreachable': { ...bar, curtain: { cause: 'portal_unreachable' } },
  'bar-certificate-invalid': { ...bar, curtain: { cause: 'certificate_invalid' } },
  'bar-page-stuck': { ...bar, curtain: { cause: 'page_stuck' } },
  'bar-page-crashed': { ...bar, curtain: { cause: 'page_crashed' } },
  'bar-away': { ...bar, curtain: { cause: 'away' } },
  'bar-journal-failed': { ...bar, extend: { ...bar.extend, left: 0, seconds: 0 }, curtain: { cause: 'journal_failed' } },
  'bar-ending': { ...bar, ending: true, curtain: { cause: 'ending' } },
  'bar-ended-untold': { ...bar, remaining_millis: 0, curtain: { cause: 'ended', ended_by: null, by_name: null, reason: null } },
  'bar-ended': { ...bar, remaining_millis: 0, curtain: { cause: 'ended', ended_by: 'expired', by_name: null, reason: null } },
  'bar-ended-by-lead': {
    ...bar,
    remaining_millis: 0,
    curtain: { cause: 'ended', ended_by: 'lead', by_name: 'Noor Haddad', reason: 'Wrong Jane Doe, please check the ticket' },
  },
} satisfies Record<string, SessionWindowView>;
