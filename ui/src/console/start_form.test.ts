import { describe, expect, it } from 'vitest';
import { durations, fieldOf, firstMode, missing, ownDuration, textHint } from './start_form';

const billing = { code: 'billing', label: 'Billing question', ticket_required: true };
const other = { code: 'other', label: 'Other', ticket_required: false };
const duration = 1800;

describe('the start sheet', () => {
  it('offers the usual times up to the limit, and always the default and the limit', () => {
    expect(durations({ default_duration_seconds: 1800, max_duration_seconds: 3600 })).toEqual([900, 1800, 3600]);
    expect(durations({ default_duration_seconds: 1800, max_duration_seconds: 1800 })).toEqual([900, 1800]);
    expect(durations({ default_duration_seconds: 600, max_duration_seconds: 1200 })).toEqual([600, 900, 1200]);
  });

  it.each([
    ['20', 1200],
    [' 60 ', 3600],
    ['1', 60],
    ['61', null],
    ['0', null],
    ['', null],
    ['-5', null],
    ['1.5', null],
    ['1e1', null],
    ['twenty', null],
  ])('takes %j minutes of one’s own as %j seconds', (typed, seconds) => {
    expect(ownDuration(typed, 3600)).toBe(seconds);
  });

  it('lists what is missing in the order in which it stands there', () => {
    expect(missing({ code: null, ticket: '', text: '', duration: null })).toEqual(['code', 'text', 'duration']);
    expect(missing({ code: billing, ticket: ' ', text: 'Charged twice', duration })).toEqual(['ticket']);
    expect(missing({ code: other, ticket: '', text: '  short   ', duration })).toEqual(['text']);
    expect(missing({ code: other, ticket: '', text: 'Charged twice', duration })).toEqual([]);
  });

  it('knows which field a refusal is about', () => {
    expect(fieldOf('reason_is_filler')).toBe('text');
    expect(fieldOf('ticket_required')).toBe('ticket');
    expect(fieldOf('duration_too_long')).toBe('duration');
    expect(fieldOf('portal_unreachable')).toBeNull();
  });

  it('chooses the mode that can be started, and never one that is refused while another is offered', () => {
    const option = (mode: 'read_only' | 'read_write', answer: 'allowed' | 'needs_approval' | 'refused') => ({ mode, answer, rules: [], approvals: 0 });
    expect(firstMode([option('read_only', 'allowed'), option('read_write', 'needs_approval')])).toBe('read_only');
    expect(firstMode([option('read_only', 'needs_approval'), option('read_write', 'needs_approval')])).toBe('read_only');
    expect(firstMode([option('read_only', 'refused'), option('read_write', 'needs_approval')])).toBe('read_write');
    expect(firstMode([])).toBe('read_only');
  });

  it('counts characters as people do', () => {
    expect(textHint('')).toBe('at least 10 characters');
    expect(textHint('   ')).toBe('at least 10 characters');
    expect(textHint('Charged')).toBe('3 more');
    expect(textHint('🐕🐕🐕🐕🐕🐕🐕🐕🐕')).toBe('1 more');
    expect(textHint('Charged twice')).toBe('13 characters');
  });
});
