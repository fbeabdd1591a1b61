import { describe, expect, it } from 'vitest';
import { GRACE_AGAIN_MS } from '../../sidecar/restart-grace.ts';
import type { Policy } from '../../sidecar/decision.ts';
import { POLICY, Scenario, V4, V6 } from './scenario.ts';

const GRACE: Policy = {
  ...POLICY,
  restartGraceMs: 1500,
  lease: { ...POLICY.lease, maxAgeMs: 3000 },
};
const UP = [`${V4} 100`, `${V6} 100`];

const crashed = (policy = GRACE): Scenario => {
  const run = new Scenario(policy).guard({}).healthy(1000).fail('charon', 'charon-gone');
  return run.fail('ike-v4', 'ike-refused').fail('ike-v4', 'ike-refused').fail('ike-v6', 'ike-refused');
};

describe('strongswan.restart_grace_ms', () => {
  it('is nothing by default', () => {
    const run = new Scenario().guard({}).healthy(1000).fail('charon', 'charon-gone');
    expect([run.routes, run.phase()]).toEqual([[], 'withdrawn (charon-gone)']);
  });

  it('keeps what stands while charon comes back, without the connections at first', () => {
    const run = crashed().wait(300);
    expect([run.routes, run.phase()]).toEqual([UP, 'announced (restart-grace)']);
    run.fail('charon', 'no-connections').wait(200);
    expect(run.routes).toEqual(UP);
    run.healthy(1000).wait(100);
    expect([run.routes, run.phase()]).toEqual([UP, 'announced (all-pass)']);
    const said = run.journal.filter((line) => line.startsWith(V4));
    expect(said).toEqual([
      `${V4} cold → announced: all-pass`,
      `${V4} announced → announced: restart-grace`,
      `${V4} announced → announced: all-pass`,
    ]);
    expect(run.state.prefixes.get(V4)?.flaps).toBe(0);
  });

  it('withdraws when it is over', () => {
    const run = crashed().wait(1499);
    expect(run.routes).toEqual(UP);
    run.wait(1);
    expect([run.routes, run.phase()]).toEqual([[], 'withdrawn (charon-gone)']);
  });

  it('never outlives the evidence', () => {
    const run = crashed({ ...GRACE, restartGraceMs: 10_000 });
    const evidence = run.now - 500;
    run.wait(evidence + 3000 - run.now - 1);
    expect(run.routes).toEqual(UP);
    run.wait(1);
    expect(run.routes).toEqual([]);
  });

  it('is for charon alone', () => {
    const run = crashed().wait(200).fail('ike-v4', 'address-missing').wait(0);
    expect(run.routes).toEqual([`${V6} 100`]);
    const frozen = new Scenario(GRACE).guard({}).healthy(1000).fail('charon', 'vici-silent');
    frozen.fail('ike-v4', 'ike-silent').fail('ike-v4', 'ike-silent');
    expect(frozen.routes).not.toContain(`${V4} 100`);
  });

  it('does not announce what was not', () => {
    const run = new Scenario(GRACE).guard({}).fail('charon', 'charon-gone').wait(500);
    expect([run.routes, run.phase()]).toEqual([[], 'cold (charon-gone)']);
  });

  it('comes once: a charon that crashes again and again is withdrawn', () => {
    const run = crashed().healthy(2000).fail('charon', 'charon-gone');
    expect(run.routes).toEqual([]);
    run.healthy(GRACE_AGAIN_MS).fail('charon', 'charon-gone');
    expect(run.routes).toEqual(UP);
  });
});
