import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../sidecar/config/load.ts';
import { takeDown } from './lab/cleanup.ts';
import { LabError } from './lab/lab-error.ts';
import { Ledger } from './lab/ledger.ts';
import { existingNamespaces } from './lab/namespaces.ts';
import { Processes } from './lab/processes.ts';
import { routerConf } from './lab/router-conf.ts';
import { formatRows } from './lab/routing/report.ts';
import { chooseTrials, TRIALS } from './lab/routing/trials.ts';
import { sidecarConfig } from './lab/sidecar-config.ts';
import { announcersOf, type LabEvent } from './lab/timeline.ts';
import { attempt, counted } from './lab/trial-labs.ts';
import { gatewayAt, LARGEST, planNetwork, planTopology } from './lab/topology.ts';
import { parseUpdate } from './lab/wire/bgp-wire.ts';

const bytes = (...hex: string[]): Buffer => Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');

describe('a larger lab', () => {
  const usual = planTopology('x', 2);
  const large = planTopology('x', 2, LARGEST);

  it('leaves what every lab has as it is', () => {
    for (const [index, { uplinks, ...gateway }] of usual.gateways.entries()) {
      expect(large.gateways[index]).toMatchObject(gateway);
      expect(large.gateways[index]?.uplinks[0]).toEqual(uplinks[0]);
    }
    expect(large.clients).toEqual(usual.clients);
    expect(large.namespaces).toMatchObject(usual.namespaces);
    expect(usual.gateways.map(({ name }) => name)).toEqual(['gw1', 'gw2']);
    expect(Object.keys(usual.namespaces)).not.toContain('gw3');
  });

  it('has each address once, and every namespace in its plan', () => {
    const { links, inside } = planNetwork(large);
    const given = [...inside].flatMap(([, { ip }]) =>
      ip.flatMap((line) => /^addr add (\S+) dev (?!lo)/u.exec(line)?.[1] ?? []),
    );
    const global = given.filter((address) => !address.startsWith('fe80'));
    expect(new Set(global).size).toBe(global.length);
    expect([...inside.keys()].toSorted()).toEqual(Object.values(large.namespaces).toSorted());
    // Two routers to a client, three gateways to two routers and a backend.
    expect(links.filter((line) => line.startsWith('link add'))).toHaveLength(2 + 3 * 3);
  });

  it('knows a gateway by every address that BGP may come from', () => {
    expect(gatewayAt(large, '10.2.3.2')?.name).toBe('gw3');
    expect(gatewayAt(large, 'fd00:2:1::2')?.name).toBe('gw1');
    expect(gatewayAt(large, '10.9.2.1')?.name).toBe('gw2');
    expect(gatewayAt(usual, '10.1.3.2')).toBeUndefined();
  });

  it('looks for all of it when it is taken down', () => {
    expect(existingNamespaces(planTopology('no-such-lab', 0, LARGEST))).toEqual([]);
    expect(Object.values(planTopology('a', 0, LARGEST).namespaces)).toHaveLength(7);
  });

  it('has sessions to both routers', () => {
    const [gateway] = large.gateways;
    if (gateway === undefined) throw new Error('no gateway');
    const text = sidecarConfig(gateway, { viciSocket: '/v', directory: '/d' }, { supervise: true });
    const neighbors = text.match(/(?<=address: ")[^"]+(?=", peer_as)/gu);
    expect(neighbors).toEqual(['10.1.1.1', 'fd00:1:1::1', '10.2.1.1', 'fd00:2:1::1']);
  });
});

describe('routerConf', () => {
  const shipped = (kind: string): string =>
    readFileSync(new URL(`../deploy/routers/${kind}.conf`, import.meta.url), 'utf8');
  const [first, second] = planTopology('x', 1, LARGEST).routers;
  if (first === undefined || second === undefined) throw new Error('two routers expected');

  it.each(['bird', 'frr'])('is the very file of %s for the usual lab', (kind) => {
    expect(routerConf(shipped(kind), planTopology('x', 1), first)).toBe(shipped(kind));
  });

  it.each(['bird', 'frr'])('has the third gateway in that of %s', (kind) => {
    const text = routerConf(shipped(kind), planTopology('x', 1, { gateways: 3 }), first);
    for (const part of ['10.1.2.2', '10.1.3.2', 'fd00:1:2::2', 'fd00:1:3::2']) expect(text).toContain(part);
    expect(text.match(/10\.1\.3\.2/gu)).toHaveLength(
      routerConf(shipped(kind), planTopology('x', 1), first)
        .split('\n')
        .filter((line) => !/^\s*[!#]/u.test(line))
        .join('\n')
        .match(/10\.1\.2\.2/gu)?.length ?? 0,
    );
  });

  it.each(['bird', 'frr'])('has the links of the second router in that of %s', (kind) => {
    const text = routerConf(shipped(kind), planTopology('x', 1, { routers: 2 }), second);
    expect(text).toContain('10.2.1.2');
    expect(text).toContain('fd00:2:2::2');
    expect(text).not.toMatch(/10\.1\.\d\.\d|fd00:1:\d::/u);
  });
});

describe('parseUpdate', () => {
  it('reads local preference, large and extended communities (RFC 4271, 8092, 4360)', () => {
    const attributes = [
      '40 05 04 000000c8',
      'c0 10 10 0002fde900000064 0003fde900000004',
      'c0 20 18 0000fde9 00000004 00000064 fa56ea00 00000001 00000002',
    ].join('');
    const length = (bytes(attributes).length + 0x10000).toString(16).slice(1);
    const update = parseUpdate(bytes('0000', length, attributes, '20 c0000201'));
    expect(update).toMatchObject({
      localPreference: 200,
      extendedCommunities: ['0002fde900000064', '0003fde900000004'],
      largeCommunities: ['65001:4:100', '4200000000:1:2'],
      announced: ['192.0.2.1/32'],
    });
  });
});

describe('who announces', () => {
  const event = (kind: 'announce' | 'withdraw', where?: 'router2'): LabEvent => {
    const common = {
      at: 0,
      gateway: 'gw1',
      prefix: '192.0.2.1/32',
      ...(where === undefined ? {} : { where }),
    } as const;
    return kind === 'announce' ? { kind, ...common, detail: '' } : { kind, ...common };
  };

  it('is asked of one router at a time', () => {
    const events = [event('announce'), event('announce', 'router2'), event('withdraw')];
    expect(announcersOf(events, '192.0.2.1/32').size).toBe(0);
    expect(announcersOf(events, '192.0.2.1/32', 'router2').size).toBe(1);
  });
});

describe('one trial', () => {
  const { signal } = new AbortController();
  const failure = (text: string): never => {
    throw new LabError('LAB_DEADLINE', text);
  };

  it('undoes what it deferred, last first, and then waits for the lab', async () => {
    const done: string[] = [];
    const outcome = await attempt(
      async (defer) => {
        defer(() => void done.push('first'));
        defer(async () => Promise.resolve(void done.push('second')));
        return Promise.resolve();
      },
      async () => Promise.resolve(void done.push('settled')),
      signal,
    );
    expect([done, outcome]).toEqual([['second', 'first', 'settled'], { spoilt: false }]);
  });

  it('undoes it after a failure too, and does not wait for what will not come', async () => {
    const done: string[] = [];
    const outcome = await attempt(
      async (defer) => {
        defer(() => void done.push('undone'));
        return Promise.resolve(failure('expected: more'));
      },
      async () => Promise.resolve(void done.push('settled')),
      signal,
    );
    expect([done, outcome]).toEqual([['undone'], { error: 'expected: more', spoilt: true }]);
  });

  it('says what went wrong only afterwards, and throws what is a bug', async () => {
    const nothing = async (): Promise<void> => Promise.resolve();
    const late = await attempt(nothing, async () => Promise.resolve(failure('expected: calm')), signal);
    expect(late).toEqual({ error: 'afterwards: expected: calm', spoilt: true });
    const bug = attempt(async () => Promise.reject(new TypeError('bug')), nothing, signal);
    await expect(bug).rejects.toThrow('bug');
  });

  it('is counted', () => {
    expect(counted([{ ok: true }, { ok: false }, { ok: true, skipped: 'no BFD here' }])).toBe(
      '1 ok, 1 failed, 1 skipped',
    );
  });
});

describe('the trials of lab routing', () => {
  it('have names of their own', () => {
    expect(new Set(TRIALS.map(({ name }) => name)).size).toBe(TRIALS.length);
  });

  it('are chosen by name or by its beginning', () => {
    expect(chooseTrials(['flaps-held']).map(({ name }) => name)).toEqual(['flaps-held']);
    expect(chooseTrials(['roles']).map(({ name }) => name)).toEqual(['roles-preempt', 'roles-no-preempt']);
    expect(chooseTrials(undefined)).toBe(TRIALS);
    expect(() => chooseTrials(['roles', 'role'])).toThrow(
      /no trial is called "role"; there are: .*flaps-held/u,
    );
  });

  const sites = [...new Set(TRIALS.map(({ site }) => site))];
  it.each(sites.map((site) => [site.label, site] as const))(
    '%s: its configuration is a valid one',
    (_, site) => {
      const { gateways } = planTopology('x', site.clients, site);
      for (const gateway of gateways) {
        const make = site.sidecar ?? sidecarConfig;
        const text = make(gateway, { viciSocket: '/v', directory: '/d/run' }, { supervise: true });
        const config = parseConfig(text, { file: 'swancast.yaml', env: {}, hostname: 'x' });
        expect(config.gateway.name).toBe(gateway.name);
        expect(config.prefixes.length).toBeGreaterThan(0);
      }
    },
  );

  it('are shown as a table', () => {
    const text = formatRows([
      { trial: 'one', shows: 'it works', figures: { withdraw_ms: 4.2, lost: 0 }, ok: true },
      { trial: 'two', shows: 'it fails', figures: {}, ok: false, error: 'expected: better' },
      { trial: 'three', shows: 'it waits', figures: {}, ok: true, skipped: 'no FRR here' },
    ]);
    expect(text.split('\n')).toEqual([
      'trial  ok       figures',
      'one    ok       withdraw_ms 4.2, lost 0',
      'two    FAILED',
      'three  skipped',
      'FAILED: two (it fails): expected: better',
      'skipped: three: no FRR here',
    ]);
  });
});

describe('a lab that is being taken down', () => {
  const name = `unit-${process.pid}`.slice(0, 16);
  afterEach(async () => {
    await takeDown(name);
  });

  it('starts no process any more: nobody would look for it', () => {
    const ledger = Ledger.claim(name);
    ledger.begin();
    ledger.end();
    const processes = new Processes(ledger, () => undefined);
    const start = (): unknown => processes.start({ name: 'late', namespace: 'sc-none', argv: ['true'] });
    expect(start).toThrow(LabError);
    expect(start).toThrow(/late: the lab is being taken down/u);
  });
});
