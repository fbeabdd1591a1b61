import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../sidecar/config/load.ts';
import { hostConfig } from './hosts/host-config.ts';
import { planHosts, planManagement } from './hosts/plan.ts';
import { failuresIn, readRecap } from './hosts/play-recap.ts';
import { hostStrongswanConf } from './hosts/provision.ts';
import { formatTable, missedOf, remarksOf, rowOf, skippedRow } from './hosts/report.ts';
import { chooseScenarios, SCENARIOS } from './hosts/scenarios.ts';
import { LabError } from './lab/lab-error.ts';
import type { ClientResult } from './lab/traffic/client-result.ts';

describe('the network of the hosts', () => {
  const plan = planHosts('x', 2);
  const { links, inside } = planManagement(plan);

  it('has a link of management to each host, inside of its own namespaces', () => {
    expect(plan.hosts.map(({ management }) => management)).toEqual([
      '10.77.0.11',
      '10.77.0.12',
      '10.77.0.13',
    ]);
    for (const line of links)
      expect(line).toMatch(
        /^netns add sc-x-\w+$|^link add mgmt0 netns sc-x-gw\d type veth peer name gw\d netns sc-x-control$/u,
      );
    expect(links).toHaveLength(4);
    expect([...inside.keys()]).toEqual(['sc-x-control', 'sc-x-gw1', 'sc-x-gw2', 'sc-x-gw3']);
  });

  it('meets that of the lab nowhere', () => {
    const taken = plan.topology.gateways.flatMap(({ address4, link, uplinks }) => [
      ...[address4, link],
      ...uplinks.map(({ router4 }) => router4),
    ]);
    expect(taken.filter((address) => address.startsWith('10.77.'))).toEqual([]);
  });
});

describe('what the hosts are given', () => {
  const { hosts } = planHosts('x', 2);

  it.each(['identity', 'pool'] as const)('is a configuration that swancast takes (%s)', (addresses) => {
    for (const host of hosts) {
      const text = JSON.stringify(hostConfig(host, hosts, { addresses, med: 120 }));
      const config = parseConfig(text, { file: 'x', env: {}, hostname: 'x' });
      expect(config.gateway.name).toBe(host.name);
      expect(config.prefixes.map(({ announced }) => announced.med)).toEqual([120, 120]);
      expect(config.sessions.pin.enabled).toBe(addresses === 'identity');
    }
  });

  it('has strongSwan do ESP in user space, which Debian switches off', () => {
    expect(hostStrongswanConf()).toMatch(/kernel-libipsec \{ load = yes \}/u);
    expect(hostStrongswanConf()).toMatch(/load_modular = no/u);
  });
});

const OUTPUT = `TASK [swancast : Install] ***
gw9 : ok=1 changed=1 (what a task printed)
fatal: [gw1]: FAILED! => {"msg": "no"}
PLAY RECAP *********************************************************************
gw1                        : ok=12   changed=3    unreachable=0    failed=1    skipped=4    rescued=0    ignored=0
gw2                        : ok=2    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0

`;

describe('what ansible-playbook says', () => {
  it('is read from its recap', () => {
    expect([...readRecap(OUTPUT)]).toEqual([
      ['gw1', { ok: 12, changed: 3, unreachable: 0, failed: 1 }],
      ['gw2', { ok: 2, changed: 0, unreachable: 1, failed: 0 }],
    ]);
  });

  it('is nothing without one', () => {
    expect(readRecap('ERROR! the playbook could not be found').size).toBe(0);
  });

  it('names what failed', () => {
    expect(failuresIn(OUTPUT)).toBe('fatal: [gw1]: FAILED! => {"msg": "no"}');
  });
});

const client = (lost: number, gap: number, session: ClientResult['session'] = 'kept'): ClientResult => ({
  ...{ client: 1, client_gap_ms: gap, lost, sent: 100, session },
  ...{ address: 'kept', tcp: 'kept', tcp_gap_ms: 0 },
});

describe('a scenario is judged', () => {
  const outcome = { updates: 2, seconds: 30, clients: [client(0, 0), client(1, 12)], notes: {} };

  it('by each bound it has', () => {
    expect(missedOf({ updates: 2, seconds: 30, lost: 1, gapMsP50: 0, gapMsMax: 12 }, outcome)).toEqual([]);
    expect(missedOf({ updates: 0, seconds: 20, lost: 0, gapMsMax: 10 }, outcome)).toEqual([
      '2 UPDATEs instead of 0 at most',
      '30 seconds instead of 20 at most',
      '1 packets lost by a client instead of 0 at most',
      '12 ms of outage (longest) instead of 10 at most',
    ]);
  });

  it('with slack for times and losses, and none for UPDATEs', () => {
    const bounds = { updates: 1, seconds: 20, lost: 0.5, gapMsMax: 10 };
    expect(rowOf({ name: 'x', shows: 'y', bounds }, outcome, 2).missed).toEqual([
      '2 UPDATEs instead of 1 at most',
    ]);
  });

  it('and misses what was not seen', () => {
    expect(missedOf({ lost: 0 }, { seconds: 1, clients: [], notes: {} })).toEqual([
      'no packets lost by a client instead of 0 at most',
    ]);
  });

  it('and may leave no client without a session', () => {
    expect(missedOf({}, { ...outcome, clients: [client(9, Infinity, 'none')] })).toEqual([
      '1 clients without a session',
    ]);
  });

  it('and fails with what went wrong, whatever the figures', () => {
    const row = rowOf({ name: 'x', shows: 'y', bounds: { updates: 0 } }, { ...outcome, error: 'gw1 is off' });
    expect([row.ok, row.missed]).toEqual([false, undefined]);
    expect(remarksOf(row)).toContain('FAILED: gw1 is off');
    expect(formatTable([row])).toMatch(/^x +FAILED +30\.0/mu);
  });

  it('and is neither ok nor failed where it could not be tried', () => {
    const row = skippedRow({ name: 'x', shows: 'y' }, 'no nspawn');
    expect([row.ok, row.skipped]).toEqual([false, 'no nspawn']);
    expect(formatTable([row])).toMatch(/SKIPPED/u);
  });
});

describe('scenarios', () => {
  const names = (only: readonly string[] | undefined, quick = false): string[] =>
    chooseScenarios(only, quick).map(({ name }) => name);

  it('have names of their own, and begin with the first install', () => {
    const all = names(undefined);
    expect(new Set(all).size).toBe(all.length);
    expect(all[0]).toBe('first-install');
    expect(names(['reboot'])).toEqual(['first-install', 'reboot']);
  });

  it('are chosen by the beginning of their names', () => {
    expect(names(['watchdog'])).toEqual([
      'first-install',
      'watchdog-sidecar',
      'watchdog-guard',
      'watchdog-both',
    ]);
    expect(() => chooseScenarios(['nap'], false)).toThrow(LabError);
  });

  it('have a part that make test runs, with the upgrade in it', () => {
    expect(names(undefined, true)).toContain('upgrade-swancast');
    expect(names(undefined, true).length).toBeLessThan(SCENARIOS.length);
    expect(readFileSync(new URL('all.ts', import.meta.url), 'utf8')).toMatch(/test\/hosts\/main\.ts/u);
  });
});
