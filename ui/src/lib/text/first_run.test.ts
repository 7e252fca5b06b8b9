import { describe, expect, it } from 'vitest';
import { server } from '../host/samples';
import { foundWords, missingWords, noticeLines, systemOf } from './first_run';

describe('words of the first run', () => {
  it('name what answered and how one signs in', () => {
    expect(foundWords(server)).toBe('Version 0.1.0, you sign in with e-mail and password.');
    expect(foundWords({ ...server, sign_in: 'openid_connect' })).toContain('with your company account');
  });

  it('say how long the record is kept, as the server has it', () => {
    const kept = (lines: [string, string][]) => lines.find(([what]) => what === 'Kept')?.[1];
    expect(kept(noticeLines({ ...server, audit_retention_months: 24 }))).toContain('24 months');
    expect(kept(noticeLines({ ...server, audit_retention_months: 1 }))).toContain('1 month ');
    expect(kept(noticeLines(null))).toContain('as long as it is set to');
  });

  it('say only what is still open', () => {
    expect(missingWords({ server: false, keyStore: true, notice: false })).toBe('Still to do: a key store that can be used.');
    expect(missingWords({ server: false, keyStore: false, notice: false })).toBe('');
  });

  it('know the system by what the webview calls itself', () => {
    expect(systemOf('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15')).toBe('linux');
    expect(systemOf('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15')).toBe('macos');
    expect(systemOf('Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/130.0')).toBe('windows');
  });
});
