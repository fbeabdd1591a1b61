import { describe, expect, it } from 'vitest';
import { Silence } from '../../sidecar/silence.ts';
import type { State } from '../../sidecar/decision.ts';
import { coldPrefix, type PrefixState } from '../../sidecar/prefix.ts';
import type { Cause } from '../../sidecar/verdict.ts';
import { freshCheck, type CheckState } from '../../sidecar/verdict.ts';
import { POLICY, V4 } from './scenario.ts';
import { initialState } from '../../sidecar/decision.ts';

const gone: Cause = { reason: 'charon-gone', class: 'gone', check: 'charon', value: 'ENOENT' };
const silent: Cause = { reason: 'vici-silent', class: 'impaired', check: 'charon' };

const withPrefix = (change: Partial<PrefixState>, checks?: ReadonlyMap<string, CheckState>): State => {
  const state = initialState(POLICY, 0);
  const prefixes = new Map([[V4, { ...coldPrefix(0), ...change }]]);
  return { ...state, prefixes, checks: checks ?? state.checks };
};
const because = (cause: Cause): State => withPrefix({ reason: cause.reason, cause });

/** The reasons said, each with the second it was said in. */
function said(silence: Silence, seconds: number, at: (second: number) => State, from = 0): string[] {
  return Array.from({ length: seconds }, (_, index) => from + index).flatMap((second) =>
    silence.look(at(second), second * 1000).map(({ fields }) => `${second}: ${fields.reason}`),
  );
}

describe('why a cold prefix is not announced', () => {
  it('is said once it has settled, in full, and not again while only the value changes', () => {
    const silence = new Silence();
    const state = (second: number): State => because({ ...gone, value: `try ${second}` });
    expect(said(silence, 3, state)).toEqual([]);
    expect(silence.look(state(3), 3000)).toEqual([
      {
        fields: expect.objectContaining({
          prefix: V4,
          state: 'cold',
          reason: 'charon-gone',
          value: 'try 3',
        }) as object,
        text: expect.stringMatching(/^192\.0\.2\.1\/32 is not announced: .+ \(try 3\); .+/) as string,
      },
    ]);
    expect(said(silence, 600, state, 4)).toEqual([]);
  });

  it('is said again when it changes, and two reasons that take turns are no flood', () => {
    const silence = new Silence();
    expect(said(silence, 20, (second) => because(second < 10 ? gone : silent))).toEqual([
      '3: charon-gone',
      '13: vici-silent',
    ]);
    const turns = said(silence, 600, (second) => because(second % 10 < 5 ? gone : silent), 20);
    expect(turns.length).toBeGreaterThan(5);
    expect(turns.length).toBeLessThanOrEqual(20);
    expect(said(silence, 60, (second) => because(second % 2 === 0 ? gone : silent), 1000)).toEqual([]);
  });

  it('names what the check that is waited for knows not', () => {
    const silence = new Silence();
    const waiting: Cause = { reason: 'starting', class: 'advisory', check: 'charon' };
    const checks = new Map<string, CheckState>([
      [
        'charon',
        { ...freshCheck(0), result: { check: 'charon', at: 0, verdict: 'unknown', reason: 'lagging' } },
      ],
    ]);
    const state = withPrefix({ reason: 'starting', cause: waiting }, checks);
    silence.look(state, 0);
    expect(silence.look(state, 3000)[0]?.fields).toMatchObject({ reason: 'starting', value: 'lagging' });
  });

  it("is nobody's question while it is announced, withdrawn, forced or stopping", () => {
    const silence = new Silence();
    for (const state of [
      withPrefix({ phase: 'withdrawn', reason: 'charon-gone', cause: gone }),
      withPrefix({ phase: 'announced', reason: 'all-pass' }),
      { ...because(gone), stopping: true },
    ]) {
      expect(said(silence, 10, () => state)).toEqual([]);
    }
  });
});
