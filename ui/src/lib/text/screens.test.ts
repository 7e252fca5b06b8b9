import { describe, expect, it } from 'vitest';
import type { CurtainView } from '../bindings/CurtainView';
import type { EndedBy } from '../bindings/EndedBy';
import { consoleScenes } from '../host/samples';
import { BAR, idleWords, warningWords } from './bar';
import { CURTAIN_CAUSES, curtainWords } from './curtain';
import { ENDED_NEXT, ENDING, endedByWords, endedWords, nextWords, noteLeft } from './endings';
import { ASK, INBOX, NEXT, REQUEST_STATES, SIGN } from './inbox';
import { LIVE } from './live';
import { RECOVERED, goesOnWords, keptWords } from './recovered';
import { RULES, VERDICTS } from './sessions';
import { CONFLICT, FIELD_FAULTS, FIND, RECENT, START, extensionWords, policySentence, ticketRule } from './start';
import { TRAIL } from './trail';

const everyEnd = Object.keys(ENDED_NEXT) as EndedBy[];

it('the words of the screens are there, and neither shout nor call anybody a user', () => {
  for (const table of [ASK, INBOX, NEXT, REQUEST_STATES, SIGN, VERDICTS, BAR, CONFLICT, ENDING, ENDED_NEXT, FIELD_FAULTS, FIND, LIVE, RECENT, RECOVERED, RULES, START, TRAIL]) {
    for (const entry of Object.values(table) as unknown[]) {
      const word = typeof entry === 'function' ? String(entry('7')) : String(entry);
      expect(word.trim()).not.toBe('');
      expect(word).not.toMatch(/!|\boops\b|\busers?\b|\bplease\b|undefined|null|\[object/i);
    }
  }
});

describe('an end', () => {
  it.each(everyEnd)('by %s says how, and what to do in a whole sentence', (endedBy) => {
    expect(endedByWords(endedBy, null)).toMatch(/^(by|when|because) /);
    expect(nextWords(endedBy)).toMatch(/^\p{Lu}.*\.$/u);
    const said = curtainWords({ cause: 'ended', ended_by: endedBy, by_name: null, reason: null });
    expect(said).toBe(`Ended ${endedByWords(endedBy, null)}. ${ENDED_NEXT[endedBy]}`);
  });

  it('is told apart by its words', () => {
    expect(new Set(everyEnd.map((endedBy) => endedByWords(endedBy, null))).size).toBe(everyEnd.length);
  });

  it('names who did it, where somebody did and it is known', () => {
    expect(endedByWords('lead', 'Noor Haddad')).toBe('by Noor Haddad, a lead');
    expect(endedByWords('security', 'Sam Reyes')).toBe('by Sam Reyes of security');
    expect(endedByWords('expired', 'Noor Haddad')).toBe('when its time was up');
    const session = { ended_by: 'staff' as const, ended_by_name: null, staff_name: 'Bo Nilsson' };
    expect(endedWords({ ...session, own: true })).toBe('by you');
    expect(endedWords({ ...session, own: false })).toBe('by Bo Nilsson');
    expect(endedWords({ ...session, ended_by: null, own: true })).toContain('not confirmed');
  });
});

describe('the curtain', () => {
  it('says what to do for each cause that leaves the session running', () => {
    const at = new Date(2026, 10, 21, 14, 32).getTime();
    const causes: CurtainView[] = [
      { cause: 'connection_lost', goes_on_until: at },
      { cause: 'portal_unreachable' },
      { cause: 'certificate_invalid' },
      { cause: 'page_crashed' },
      { cause: 'page_stuck' },
      { cause: 'away' },
      { cause: 'journal_failed' },
    ];
    for (const cause of causes) expect(curtainWords(cause)).toMatch(/(end|ends) (it|the session|at 14:32)\.$/);
    expect(Object.keys(CURTAIN_CAUSES)).toEqual(expect.arrayContaining(causes.map(({ cause }) => cause)));
  });
});

describe('a note', () => {
  it('is counted only near its limit', () => {
    expect(noteLeft('Charged once.')).toBe('');
    expect(noteLeft('x'.repeat(1999))).toBe('1 character left');
    expect(noteLeft(` ${'x'.repeat(2000)} `)).toBe('0 characters left');
    expect(noteLeft('x'.repeat(2003))).toBe('3 characters too long');
  });
});

describe('before the start', () => {
  const options = { max_duration_seconds: 3600, max_extensions: 2, extension_seconds: 900 };

  it('extensions are named with their limit', () => {
    expect(extensionWords(options, 1800)).toBe('Can be extended twice, by 15 min each, up to 60 min in all.');
    expect(extensionWords({ ...options, max_extensions: 1 }, null)).toBe('Can be extended once, by 15 min, up to 60 min in all.');
    expect(extensionWords({ ...options, max_extensions: 3 }, 60)).toContain('3 times');
    expect(extensionWords(options, 3600)).toContain('can’t be extended');
    expect(extensionWords({ ...options, max_extensions: 0 }, 900)).toContain('Can’t be extended');
  });

  it('the ticket rule follows the reason', () => {
    expect(ticketRule(null)).toBe('some reasons need one');
    expect(ticketRule({ code: 'other', label: 'Other', ticket_required: false })).toBe('optional');
  });

  it('a rule of the installation’s own is named by its id, once', () => {
    const option = { mode: 'read_only' as const, answer: 'needs_approval' as const, rules: ['vip-customers'], approvals: 1 };
    expect(policySentence(option)).toContain('Needs a lead’s approval: rule vip-customers.');
    expect(policySentence({ ...option, answer: 'refused', rules: ['never-oneself'] })).toBe(
      'Not offered: this customer has your own e-mail address (rule never-oneself).',
    );
    expect(policySentence({ ...option, answer: 'allowed', rules: ['agents-start-read-only'] })).toBe('');
    expect(Object.values(RULES).every((words) => words.length > 10)).toBe(true);
  });
});

describe('in the bar', () => {
  it('a warning says what can still be done', () => {
    expect(warningWords(60_000, { left: 1, seconds: 900 })).toBe('One minute left. Extend if you need longer.');
    expect(warningWords(60_000, { left: 0, seconds: 0 })).toBe('One minute left. Then the session ends by itself.');
  });

  it('idleness is counted down', () => {
    expect(idleWords(58_000).join('')).toBe('No activity: ends in 0:58 unless you move the mouse or press a key in this window.');
  });
});

describe('after a crash', () => {
  const { recovered } = consoleScenes.recovered;
  const limits = consoleScenes.recovered.limits;

  it('what was kept is counted', () => {
    expect(keptWords({ ...recovered, kept: 0 }, 5)).toContain('everything was with the server already');
    expect(keptWords({ ...recovered, kept: 1 }, 0)).toContain('1 record had not been sent, and is with the server now');
    expect(keptWords({ ...recovered, kept: 2 }, 2)).toContain('are safe on this device');
  });

  it('the server’s word may still be outstanding', () => {
    expect(goesOnWords({ ...recovered, session: { ...recovered.session, ended_by: null } }, limits, 0)).toContain('has not said yet');
  });
});
