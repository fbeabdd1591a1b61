/** One address family breaks: from the file through the policy to the decision, with no prefix naming its checks. */
import { describe, expect, it } from 'vitest';
import type { HealthReason } from '../../health/reason.ts';
import { parseConfig } from '../../sidecar/config/load.ts';
import { policyOf } from '../../sidecar/policy.ts';
import { Scenario, V4, V6 } from './scenario.ts';

const POLICY = policyOf(
  parseConfig(
    `
prefixes: [{ prefix: ${V4} }, { prefix: "${V6}" }]
bgp:
  local_as: 65001
  router_id: 10.1.1.2
  neighbors:
    - { address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }
    - { address: "fd00:1:1::1", peer_as: 65000, local_address: "fd00:1:1::2" }
checks:
  - { name: charon, type: charon }
  - { name: sa-count, type: sa-count }
  - { name: ike-v4, type: ike-probe, limits: { address: 192.0.2.1 } }
  - { name: ike-v6, type: ike-probe, limits: { address: "2001:db8:53::1" } }
`,
    { file: 'test.yaml', env: {}, hostname: 'gw1' },
  ),
);

/** Fails for three seconds, everything else goes on passing. */
function broken(reasons: Readonly<Record<string, HealthReason>>): Scenario {
  const run = new Scenario(POLICY).guard({}).healthy(5000);
  for (let n = 0; n < 6; n += 1) {
    run.pass(...['charon', 'ike-v4', 'ike-v6', 'sa-count'].filter((name) => reasons[name] === undefined));
    for (const [name, reason] of Object.entries(reasons)) run.fail(name, reason);
    run.wait(500);
  }
  return run;
}

describe('what fails in one address family', () => {
  it.each<[string, Readonly<Record<string, HealthReason>>, string, string]>([
    ['nothing', {}, 'announced (all-pass)', 'announced (all-pass)'],
    ['silence on IPv6', { 'ike-v6': 'ike-silent' }, 'announced (all-pass)', 'degraded (ike-silent)'],
    ['silence on IPv4', { 'ike-v4': 'ike-silent' }, 'degraded (ike-silent)', 'announced (all-pass)'],
    [
      'no IPv6 address',
      { 'ike-v6': 'address-missing' },
      'announced (all-pass)',
      'withdrawn (address-missing)',
    ],
    ['IPv4 refused', { 'ike-v4': 'ike-refused' }, 'withdrawn (ike-refused)', 'announced (all-pass)'],
    ['a collapse', { 'sa-count': 'sa-collapse' }, 'degraded (sa-collapse)', 'degraded (sa-collapse)'],
    ['no charon', { charon: 'charon-gone' }, 'withdrawn (charon-gone)', 'withdrawn (charon-gone)'],
    [
      'a collapse, and no IPv6 address',
      { 'sa-count': 'sa-collapse', 'ike-v6': 'address-missing' },
      'degraded (sa-collapse)',
      'withdrawn (address-missing)',
    ],
    // Both planes of one family: the other one has but the one that they share.
    [
      'VICI and IPv6 silent',
      { charon: 'vici-silent', 'ike-v6': 'ike-silent' },
      'degraded (vici-silent)',
      'withdrawn (both-planes-silent)',
    ],
  ])('%s', (_, reasons, v4, v6) => {
    const run = broken(reasons);
    expect([run.phase(V4), run.phase(V6)]).toEqual([v4, v6]);
  });

  it('does not keep the other one from its first announcement', () => {
    const run = new Scenario(POLICY).guard({});
    for (let n = 0; n < 4; n += 1) {
      run.pass('charon', 'sa-count', 'ike-v4').fail('ike-v6', 'address-missing').wait(500);
    }
    expect([run.phase(V4), run.phase(V6)]).toEqual(['announced (all-pass)', 'cold (address-missing)']);
  });
});
