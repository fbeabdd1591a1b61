import { describe, expect, it } from 'vitest';
import { defaultsOf, PROFILES } from '../../health/profile.ts';
import { CHECK_TYPES, type CheckTypeName } from '../../health/registry.ts';

const types = Object.keys(CHECK_TYPES) as CheckTypeName[];

describe.each(PROFILES)('the profile %s', (profile) => {
  it.each(types)('gives %s a pace that the configuration would accept', (type) => {
    const { intervalMs, fastMs, timeoutMs, maxAgeMs } = defaultsOf(type, profile);
    expect(timeoutMs).toBeLessThanOrEqual(intervalMs);
    expect(fastMs).toBeLessThanOrEqual(intervalMs);
    expect(maxAgeMs).toBeGreaterThan(2 * intervalMs);
  });

  it('finds a frozen charon in its time, as the derivation at the top of profile.ts has it', () => {
    const charon = defaultsOf('charon', profile);
    const probe = defaultsOf('ike-probe', profile);
    const deadline = 0.9 * charon.timeoutMs;
    // Else the second look would wait after the silence of the first one.
    expect(charon.fastMs).toBeLessThanOrEqual(deadline);
    expect(charon.fall).toBe(2);
    const worst = charon.intervalMs + deadline + Math.max(deadline, 0.9 * probe.timeoutMs);
    expect(worst).toBe({ default: 1355, fast: 262 }[profile]);
  });
});

it('leaves the types alone that tell nothing of a frozen charon', () => {
  expect(defaultsOf('sa-count', 'fast')).toEqual(CHECK_TYPES['sa-count'].defaults);
});
