import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIRST_REDIAL, onProbe, type ProbeOutcome } from '../../bgp/redial.ts';

/** When ExaBGP is told, with one look every half second. */
function redials(outcomes: readonly ProbeOutcome[], blind = false): number[] {
  let state = FIRST_REDIAL;
  return outcomes.flatMap((outcome, n) => {
    const next = onProbe(state, outcome, blind, n * 500);
    state = next.state;
    return next.redial ? [n * 500] : [];
  });
}

const times = (count: number, outcome: ProbeOutcome): ProbeOutcome[] =>
  new Array<ProbeOutcome>(count).fill(outcome);

describe('a redial', () => {
  it('comes as soon as the port accepts, however long it refused', () => {
    expect(redials([...times(100, 'refused'), 'accepted'])).toEqual([50_000]);
    expect(redials([...times(100, 'silent'), 'accepted'])).toEqual([50_000]);
    expect(redials(['accepted'])).toEqual([0]);
  });

  it('is repeated less and less often while no session comes of it', () => {
    expect(redials(times(200, 'accepted'))).toEqual([0, 2000, 6000, 14_000, 30_000, 60_000, 90_000]);
  });

  it('begins anew when the port refused in between', () => {
    expect(redials([...times(20, 'accepted'), ...times(4, 'refused'), 'accepted'])).toEqual([
      0, 2000, 6000, 12_000,
    ]);
  });

  it('takes silence for an answer only where the probe cannot get one', () => {
    expect(redials(times(10, 'silent'))).toEqual([]);
    expect(redials([...times(10, 'refused'), ...times(5, 'silent')], true)).toEqual([5000, 7000]);
    // Guessing goes on every ten seconds.
    expect(redials(times(80, 'silent'), true)).toEqual([0, 2000, 6000, 14_000, 24_000, 34_000]);
    expect(redials(times(40, 'unasked'))).toEqual([0, 2000, 6000, 14_000]);
  });

  it('never comes twice within two seconds', () => {
    const outcome = fc.constantFrom<ProbeOutcome>('accepted', 'refused', 'silent');
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 200 }), fc.boolean(), (outcomes, blind) => {
        const at = redials(outcomes, blind);
        expect(at.every((time, n) => n === 0 || time - (at[n - 1] ?? 0) >= 2000)).toBe(true);
        // And at most 30 s after the port came to accept for good.
        const since = outcomes.findLastIndex((each) => each !== 'accepted') + 1;
        if (outcomes.length - since > 60) expect(at.some((time) => time >= since * 500)).toBe(true);
      }),
    );
  });
});
