import { describe, expect, it } from 'vitest';
import { durations, missing, textHint } from './start_form';

const billing = { code: 'billing', label: 'Billing question', ticket_required: true };
const other = { code: 'other', label: 'Other', ticket_required: false };

describe('the start sheet', () => {
  it('offers the usual times up to the limit, and always the default and the limit', () => {
    expect(durations({ default_duration_seconds: 1800, max_duration_seconds: 3600 })).toEqual([900, 1800, 3600]);
    expect(durations({ default_duration_seconds: 1800, max_duration_seconds: 1800 })).toEqual([900, 1800]);
    expect(durations({ default_duration_seconds: 600, max_duration_seconds: 1200 })).toEqual([600, 900, 1200]);
  });

  it('lists what is missing in the order in which it stands there', () => {
    expect(missing({ code: null, ticket: '', text: '' })).toEqual(['code', 'text']);
    expect(missing({ code: billing, ticket: ' ', text: 'Charged twice' })).toEqual(['ticket']);
    expect(missing({ code: other, ticket: '', text: '  short   ' })).toEqual(['text']);
    expect(missing({ code: other, ticket: '', text: 'Charged twice' })).toEqual([]);
  });

  it('counts characters as people do', () => {
    expect(textHint('')).toBe('at least 10 characters');
    expect(textHint('   ')).toBe('at least 10 characters');
    expect(textHint('Charged')).toBe('3 more');
    expect(textHint('🐕🐕🐕🐕🐕🐕🐕🐕🐕')).toBe('1 more');
    expect(textHint('Charged twice')).toBe('13 characters');
  });
});
