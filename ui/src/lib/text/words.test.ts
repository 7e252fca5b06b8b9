import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALARMS, CONTRADICTIONS, LOSSES } from './alarms';
import { ATTEMPTS, noticeFor } from './attempts';
import { CONSOLE } from './console';
import { DEVICES } from './devices';
import { DIALOGS } from './dialogs';
import { EMERGENCY } from './emergency';
import { CURTAIN_CAUSES, curtainWords } from './curtain';
import { ERRORS, errorLine } from './errors';
import { FIRST_RUN, KEY_STORES, noticeLines } from './first_run';
import { OWN_RECORD } from './own_record';
import { PALETTE } from './palette';
import { SETTINGS } from './settings';
import { EVENTS, FILTERS, HINTS, LINES } from './events';
import { ENDED_BY, MODES, START_STEPS, STATES, policyWords, startSummary } from './sessions';

const keys = <K extends string>(table: Record<K, unknown>) => Object.keys(table) as K[];

const everySentence = [
  ...keys(ERRORS).flatMap((code) => [null, 'Jane Doe'].map((about) => Object.values(ERRORS[code](about)))).flat(),
  ...keys(ATTEMPTS).flatMap((attempt) => [ATTEMPTS[attempt].refused, noticeFor(attempt)]),
];
const everyWord = [
  ...everySentence,
  ...[FIRST_RUN, SETTINGS, DEVICES, OWN_RECORD, EMERGENCY, PALETTE, DIALOGS, ALARMS, CONTRADICTIONS, LOSSES].flatMap((table): string[] => Object.values(table)),
  ...[...noticeLines(null).flat(), ...Object.values(KEY_STORES).map(({ does }) => does)],
  ...[CONSOLE, CURTAIN_CAUSES, LINES, HINTS, FILTERS, ENDED_BY, MODES, START_STEPS, STATES].flatMap((table) => Object.values(table)),
];

describe('words', () => {
  it('say something for every code', () => {
    for (const word of everyWord) expect(word.trim()).not.toBe('');
  });

  it('are whole sentences where a person reads on from them', () => {
    for (const sentence of everySentence) expect(sentence).toMatch(/^\p{Lu}.*\.$/u);
  });

  it('neither shout nor call anybody a user', () => {
    for (const word of everyWord) {
      expect(word).not.toMatch(/!|\boops\b|\busers?\b|\bplease\b/i);
      expect(word).not.toMatch(/undefined|null|\[object/);
    }
  });

  it('of an error name what happened, what was kept, what to do, and the reference', () => {
    const line = errorLine({ code: 'portal_unreachable', about: 'Jane Doe', reference: '7f3a91c0', retry: true });
    expect(line).toBe(
      'Jane Doe’s portal did not answer. Nothing was opened and nothing was recorded as viewed. Try again, or tell the portal team. Reference 7f3a91c0.',
    );
    expect(errorLine({ code: 'offline', about: null, reference: '', retry: true })).not.toContain('Reference');
  });

  const NOTHING = 'Nothing was opened';
  const HERE = 'What you entered is still here.';
  it.each([
    ['target_is_self', 'This customer has your own e-mail address', NOTHING, 'Ask a colleague to look.'],
    ['target_is_staff', 'This customer is staff of your level or above.', NOTHING, 'Ask security.'],
    ['customer_unknown', 'The portal does not know this customer.', NOTHING, 'Search again'],
    ['customer_inactive', 'This customer’s account is not active.', NOTHING, 'once the portal team has activated the account'],
    ['portal_inactive', 'This portal is switched off', NOTHING, 'Ask the portal team'],
    ['needs_approval', 'needs a lead’s approval', NOTHING, 'Ask for the approval'],
    ['session_conflict', 'You already have a session running.', 'It goes on as it was.', 'Go to it or end it'],
    ['reason_too_short', 'shorter than 10 characters', HERE, 'Say in a few words'],
    ['reason_is_filler', 'does not say anything yet', HERE, 'Say in a few words'],
    ['ticket_required', 'needs a ticket', HERE, 'Enter the ticket’s reference'],
    ['duration_too_long', 'does not allow a session this long', HERE, 'Choose a shorter time.'],
    ['fresh_sign_in_required', 'at most five minutes old', HERE, 'Sign in again'],
    ['grant_invalid', 'ran out before it was used', NOTHING, 'Try again.'],
    ['device_refused', 'does not accept this device', 'No record was lost', 'tell security'],
    ['clock_skew', 'This computer’s clock', NOTHING, 'Set this computer’s clock'],
    ['portal_unreachable', 'The portal did not answer.', NOTHING, 'Try again, or tell the portal team.'],
    ['server_unreachable', 'can’t be reached', 'No record was lost', 'Check your network connection'],
    ['offline', 'You are offline.', 'No record was lost', 'as soon as the server can be reached'],
    ['audit_unavailable', 'could not write its record', NOTHING, 'Try again in a minute.'],
    ['invalid_request', 'did not accept what was sent', HERE, 'Check your entries'],
    ['unsupported_media_type', 'did not take what this version of Amberglass sent', NOTHING, 'Update Amberglass'],
    ['payload_too_large', 'more than the server takes at once', HERE, 'Shorten the text'],
    ['not_found', 'not found on the server', 'Nothing was changed.', 'Search again'],
    ['wrong_host', 'does not answer under this address', 'Nothing was changed.', 'Check the server’s address'],
    ['keyring_missing', 'no key store', 'Nothing was stored.', 'Set one up'],
    ['keyring_locked', 'Your key store is locked.', 'Your sign-in is still in it.', 'Unlock it'],
    ['already_running', 'Amberglass is open already', 'The other one goes on', 'use the other one'],
    ['window_failed', 'could not be opened', 'ended at once, and that is on record', 'Try again.'],
  ] as const)('of %s tell what happened, what was kept and what to do', (code, happened, kept, todo) => {
    const said = ERRORS[code](null);
    expect(said.happened).toContain(happened);
    expect(said.kept).toContain(kept);
    expect(said.todo).toContain(todo);
  });

  it('of a refusal name the rule', () => {
    expect(ERRORS.forbidden('no-peers').happened).toBe('The policy does not allow this (rule no-peers).');
  });

  it('of the curtain fit each cause', () => {
    expect(curtainWords({ cause: 'connection_lost', goes_on_until: new Date(2026, 10, 21, 14, 32).getTime() })).toContain('your session ends at 14:32.');
    expect(curtainWords({ cause: 'ended', ended_by: 'expired', by_name: null, reason: null })).toBe(
      'Ended when its time was up. Start a new session if you still need to look.',
    );
    expect(curtainWords({ cause: 'ended', ended_by: null, by_name: null, reason: null })).toBe(
      'Ended, and not by you. Who or what ended it stands here as soon as the server has said so.',
    );
    expect(curtainWords({ cause: 'ended', ended_by: 'lead', by_name: 'Noor Haddad', reason: 'Wrong customer' })).toContain(
      'Ended by Noor Haddad, a lead: “Wrong customer”.',
    );
  });

  it('say what the policy says before anybody clicks', () => {
    expect(policyWords({ mode: 'read_write', answer: 'needs_approval', rules: [], approvals: 1 })).toBe('needs a lead’s approval');
    expect(policyWords({ mode: 'read_write', answer: 'refused', rules: [], approvals: 0 })).toBe('not offered');
    expect(policyWords({ mode: 'read_only', answer: 'allowed', rules: [], approvals: 0 })).toBe('');
    expect(startSummary('Jane Doe', 'Barkside', 'read_only', 1800)).toContain('for 30 minutes');
  });

  it('know each kind of event that the record knows', () => {
    const source = readFileSync('../crates/wire/src/audit.rs', 'utf8');
    const kinds = [...source.matchAll(/=> "([a-z_]+)",/g)].map(([, kind]) => kind);
    expect(kinds.length).toBeGreaterThan(15);
    expect(kinds.sort()).toEqual(Object.keys(EVENTS).sort());
  });
});
