import { describe, expect, it } from 'vitest';
import { outcomeOfRuns, outcomeOfTests } from './outcome.ts';

const assertion = (status: string, fullName: string): object => ({ status, fullName });

describe('what a stage of `make test` came to', () => {
  it('names the tests that failed or were skipped, and the files that could not be loaded', () => {
    const testResults = [
      {
        name: '/checkout/test/a.test.ts',
        status: 'failed',
        assertionResults: [
          assertion('passed', 'a holds'),
          assertion('failed', 'a breaks'),
          assertion('skipped', 'a wants zsh'),
        ],
      },
      {
        name: '/checkout/test/b.test.ts',
        status: 'passed',
        assertionResults: [assertion('passed', 'b holds')],
      },
      { name: '/elsewhere/c.test.ts', status: 'failed', assertionResults: [] },
    ];
    expect(outcomeOfTests(JSON.stringify({ testResults }), '/checkout')).toEqual({
      passed: 2,
      failed: ['test/a.test.ts: a breaks', '/elsewhere/c.test.ts'],
      skipped: ['test/a.test.ts: a wants zsh'],
    });
  });

  it.each([
    [{ scenario: 'reboot', ok: false, error: 'lost 3\nand more' }, { failed: ['reboot: lost 3'] }],
    [{ exercise: 'crash', variant: 'dpd 2 s', ok: false }, { failed: ['crash dpd 2 s'] }],
    [{ ok: false }, { failed: ['run 1'] }],
    [{ trial: 'bfd', ok: true, skipped: 'no FRR' }, { skipped: ['bfd: no FRR'] }],
    [{ trial: 'bfd', ok: true }, { passed: 1 }],
  ])('takes %o as it is', (row, expected) => {
    expect(outcomeOfRuns(JSON.stringify({ runs: [row] }))).toEqual({
      ...{ passed: 0, failed: [], skipped: [] },
      ...expected,
    });
  });

  it('breaks on half a report, which is none', () => {
    expect(() => outcomeOfRuns('{"runs":[')).toThrow(SyntaxError);
    expect(() => outcomeOfTests('{}', '/')).toThrow(TypeError);
  });
});
