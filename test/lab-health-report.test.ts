import { describe, expect, it } from 'vitest';
import { CHECK_TYPES } from '../health/registry.ts';
import { HEALTH_REASONS, type HealthReason } from '../health/reason.ts';
import { formatRows, untried } from './lab/health/trial-report.ts';
import { chooseTrials, TRIALS } from './lab/health/trials.ts';

describe('the table of lab health', () => {
  it('has what was measured, and says what failed and what was left out', () => {
    const text = formatRows([
      {
        check: 'charon',
        cause: 'charon killed',
        reason: 'charon-gone',
        seen_ms: 54.6,
        decision: 'withdrawn',
        decided_ms: 36,
        recovered_ms: 993.2,
        ok: true,
      },
      { check: 'pool', cause: 'full', ok: false, error: 'expected: full' },
      { check: 'host', cause: 'no memory', ok: true, skipped: 'no PSI here' },
    ]);
    const lines = text.split('\n');
    expect(lines[1]).toMatch(/^charon +charon killed +charon-gone +55 +withdrawn +36 +993 +ok$/u);
    expect(lines[2]).toMatch(/^pool +full +- +- +- +- +- +FAILED$/u);
    expect(lines[3]).toMatch(/skipped$/u);
    expect(lines.slice(4)).toEqual([
      'FAILED: pool, full: expected: full',
      'skipped: host, no memory: no PSI here',
    ]);
  });

  it('knows which types of checks have no row', () => {
    const types = Object.keys(CHECK_TYPES) as (keyof typeof CHECK_TYPES)[];
    expect(untried(types.map((type) => ({ type })))).toEqual([]);
    expect(untried(types.filter((type) => type !== 'charon').map((type) => ({ type })))).toEqual(['charon']);
  });
});

describe('the trials', () => {
  it.each(TRIALS.map((trial) => [`${trial.check}: ${trial.cause}`, trial] as const))(
    '%s: what follows fits how bad its reason is',
    (_, { reason, decision }) => {
      const { class: how } = HEALTH_REASONS[reason satisfies HealthReason];
      const by = {
        gone: 'withdrawn',
        'not-serving': 'withdrawn',
        impaired: 'degraded',
        advisory: 'announced',
      };
      // A frozen charon is silent on both planes, which is worse than either of them.
      const isBoth = reason === 'vici-silent' && decision === 'withdrawn';
      expect(isBoth ? 'withdrawn' : by[how]).toBe(decision);
    },
  );

  it('are chosen by the name of the check, or by words of the cause', () => {
    expect(chooseTrials(undefined)).toBe(TRIALS);
    const chosen = chooseTrials(['pool', 'charon killed']);
    expect(chosen.map(({ check }) => check)).toEqual(['pool', 'charon']);
    expect(chooseTrials(['ike-probe']).map(({ check }) => check)).toEqual(['ike-v4', 'ike-v6']);
  });

  it.each(['poll', ''])('refuses "%s", which is of none, whatever else is asked for', (text) => {
    expect(() => chooseTrials(['pool', text])).toThrow(`"${text}"; there are: sa-count, `);
  });

  it('each is there once', () => {
    const names = TRIALS.map(({ check, cause }) => `${check}: ${cause}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
