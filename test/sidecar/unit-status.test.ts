import { describe, expect, it } from 'vitest';
import { unitStatus } from '../../sidecar/unit-status.ts';
import { POLICY, prefixRule, Scenario, V4, V6 } from './scenario.ts';

const line = ({ state, policy }: Scenario): string => unitStatus(state, policy);

describe('the gateway in one line', () => {
  it('says what is announced, and how many checks pass', () => {
    const scenario = new Scenario().guard({}).healthy(2000);
    expect(line(scenario)).toBe(`announced ${V4}, ${V6}; 4 of 4 checks pass`);
  });

  it('says why something is not', () => {
    const scenario = new Scenario().guard({}).healthy(2000).fail('ike-v6', 'ike-silent').wait(10);
    scenario.fail('ike-v6', 'ike-silent');
    expect(line(scenario)).toMatch(
      new RegExp(`^announced ${V4}; (withdrawn|degraded) ${V6}: [^;]+; 3 of 4 checks pass$`),
    );
    scenario.fail('charon', 'charon-gone');
    expect(line(scenario)).toMatch(new RegExp(`^withdrawn ${V4}, ${V6}: [^;]+; [0-3] of 4 checks pass$`));
  });

  it('says that nothing can be announced without a guard, and what it waits for', () => {
    const nobody = 'no guard in ExaBGP answers, so nothing is announced';
    expect(line(new Scenario())).toMatch(
      new RegExp(`^${nobody}; not announced yet: ${V4}, ${V6}: [^;]+; 0 of 4 checks pass$`),
    );
    const lost = new Scenario().guard({}).healthy(2000).guard(undefined).healthy(500);
    expect(line(lost)).toBe(`${nobody}; to announce ${V4}, ${V6}; 4 of 4 checks pass`);
  });

  it('names the first prefixes of many', () => {
    const prefixes = Array.from({ length: 20 }, (_, index) => prefixRule(`10.0.${index}.0/24`, ['charon']));
    const scenario = new Scenario({ ...POLICY, prefixes }).guard({}).healthy(2000);
    expect(line(scenario)).toBe(
      'announced 10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24 and 17 more; 4 of 4 checks pass',
    );
  });

  it('says how far a drain is', () => {
    const scenario = new Scenario().guard({}).healthy(2000);
    const { state } = scenario;
    const exodus = { phase: 'moving', here: 12, most: 40, timedOut: false };
    const at = (change: object): string => {
      const drain = { intent: {}, exodus: { ...exodus, ...change } } as unknown as NonNullable<
        typeof state.sessions.drain
      >;
      return unitStatus({ ...state, sessions: { ...state.sessions, drain } }, scenario.policy);
    };
    expect(at({})).toMatch(/^draining: 12 of 40 clients still here; announced /);
    expect(at({ phase: 'done', here: 0 })).toMatch(/^drained; announced /);
    expect(at({ phase: 'done', timedOut: true })).toMatch(/^drained, with 12 clients left at the deadline; /);
  });
});
