import { describe, expect, it } from 'vitest';
import { formatFaults, judgeByMedian, summarizeFaults, type FaultRow } from './lab/fault-report.ts';
import {
  longestAbsence,
  onlyKeepalives,
  oneUpdateEach,
  unnoticed,
  withdrawalsIn,
  type Window,
} from './lab/fault-window.ts';
import { FAULTS } from './lab/fault-tables.ts';
import { partOf } from './lab/gateway-parts.ts';
import { parseCost } from './lab/process-cost.ts';
import { sidecarConfig } from './lab/sidecar-config.ts';
import { clientSwanctlConf, gatewaySwanctlConf, strongswanConf } from './lab/strongswan-conf.ts';
import type { LabEvent } from './lab/timeline.ts';
import { planTopology, PREFIX4, PREFIX6 } from './lab/topology.ts';

const row = (fault: string, withdraw_ms: number, more: Partial<FaultRow> = {}): FaultRow => ({
  fault,
  ok: true,
  expect: 'withdrawn',
  withdraw_ms,
  bound_ms: 10,
  ...more,
});

describe('judgeByMedian', () => {
  it('forgives late runs while the median holds, and keeps their times', () => {
    const rows = [row('a', 9), row('a', 30), row('a', 8)];
    expect(judgeByMedian(rows)).toEqual(rows);
  });

  it('fails every run of a fault whose median is late, and of no other', () => {
    const judged = judgeByMedian([row('a', 9), row('a', 12), row('a', 11), row('b', 10)]);
    expect(judged.map(({ ok }) => ok)).toEqual([false, false, false, true]);
    expect(judged[0]).toMatchObject({ withdraw_ms: 9, error: 'median 11 ms, bound 10 ms' });
  });

  it('never makes a failed run good, nor counts its time', () => {
    const failed = row('a', 1, { ok: false, error: 'gw2 withdrew too' });
    const judged = judgeByMedian([failed, row('a', 11)]);
    expect(judged[0]).toBe(failed);
    expect(judged[1]?.ok).toBe(false);
  });

  it('judges the return of announcements in the same way', () => {
    const { withdraw_ms: announce_ms, ...rest } = row('router-restart', 11);
    expect(judgeByMedian([{ ...rest, announce_ms: announce_ms ?? 0 }])[0]?.ok).toBe(false);
  });
});

describe('summary of faults', () => {
  const calm: FaultRow = {
    fault: 'c',
    ok: true,
    expect: 'no withdrawal',
    updates: 0,
    lost: 2,
    withdrawals: 0,
  };
  const rows: FaultRow[] = [
    row('a', 3),
    row('a', 5),
    calm,
    { ...calm, degrades: 1, note: '20 s' },
    { ...calm, fault: 'm', expect: 'measured', withdrawals: 2 },
    { fault: 's', ok: true, expect: 'skipped', skipped: 'no clock' },
    row('f', 12, { ok: false, error: 'late\nmore' }),
  ];

  it('has one entry a fault, in the order of the rows', () => {
    expect(summarizeFaults(rows)).toEqual([
      { fault: 'a', runs: 2, ok: true, expect: 'withdrawn', min: 3, median: 4, p95: 5, max: 5, bound_ms: 10 },
      { fault: 'c', runs: 2, ok: true, expect: 'no withdrawal' },
      { fault: 'm', runs: 1, ok: true, expect: 'measured' },
      { fault: 's', runs: 1, ok: true, expect: 'skipped' },
      {
        fault: 'f',
        runs: 1,
        ok: false,
        expect: 'withdrawn',
        min: 12,
        median: 12,
        p95: 12,
        max: 12,
        bound_ms: 10,
        error: 'late\nmore',
      },
    ]);
  });

  it('is a table with one line a fault', () => {
    expect(formatFaults(rows, summarizeFaults(rows)).split('\n')).toEqual([
      'fault  runs    min  median    p95    max  bound',
      'a         2   3.00    4.00   5.00   5.00     10  ok',
      'c         2      -       -      -      -      -  ok; 0 UPDATE(s), 4 packet(s) lost; degraded in 1 of 2 runs; 20 s',
      'm         1      -       -      -      -      -  ok; 0 UPDATE(s), 2 packet(s) lost; withdrawn in 1 of 1 runs',
      's         1      -       -      -      -      -  SKIPPED: no clock',
      'f         1  12.00   12.00  12.00  12.00     10  FAILED; late',
    ]);
  });
});

describe('window', () => {
  const announce = (prefix: string, med: number, gateway: 'gw1' | 'gw2' = 'gw1'): LabEvent => ({
    kind: 'announce',
    at: 1,
    gateway,
    prefix,
    detail: `MED ${med}, 65001:100`,
  });
  const window = (events: readonly LabEvent[], more: Partial<Window> = {}): Window => ({
    gateway: 'gw1',
    events,
    updates: events.length,
    notifications: 0,
    lost: 0,
    ...more,
  });
  const both = [PREFIX4, PREFIX6];

  it('counts withdrawals and ended sessions of either gateway, and not the opened ones', () => {
    const session = { kind: 'session', at: 1, family: 4, how: 'FIN' } as const;
    const events: LabEvent[] = [
      announce(PREFIX4, 100),
      { kind: 'withdraw', at: 1, gateway: 'gw2', prefix: PREFIX4 },
      { ...session, gateway: 'gw1', state: 'closed' },
      { ...session, gateway: 'gw1', state: 'open' },
    ];
    expect(withdrawalsIn(window(events))).toBe(2);
  });

  it('measures the longest absence of one prefix, by either way', () => {
    const at = (ms: number, event: LabEvent): LabEvent => ({ ...event, at: ms });
    const closed: LabEvent = {
      kind: 'session',
      at: 1,
      gateway: 'gw1',
      family: 4,
      state: 'closed',
      how: 'FIN',
    };
    const events = [
      at(100, closed),
      at(150, { kind: 'withdraw', at: 1, gateway: 'gw1', prefix: PREFIX4 }),
      at(200, announce(PREFIX4, 100, 'gw2')),
      at(400, announce(PREFIX4, 100)),
      at(500, { kind: 'withdraw', at: 1, gateway: 'gw1', prefix: PREFIX6 }),
      at(600, announce(PREFIX6, 100)),
    ];
    expect(longestAbsence(events, 'gw1', both)).toBe(300);
    expect(longestAbsence(events, 'gw2', both)).toBe(0);
  });

  it('takes an UPDATE without a prefix (End-of-RIB) for one too', () => {
    expect(onlyKeepalives(window([]))).toBeUndefined();
    expect(onlyKeepalives(window([], { updates: 1 }))).toMatch(/1 UPDATE/);
    expect(onlyKeepalives(window([], { notifications: 1 }))).toMatch(/1 NOTIFICATION/);
  });

  it('a lost packet is noticed', () => {
    expect(unnoticed(window([]))).toBeUndefined();
    expect(unnoticed(window([], { lost: 1 }))).toBe('1 packet(s) lost');
  });

  it.each([
    ['one each', [announce(PREFIX4, 50), announce(PREFIX6, 50)], {}, true],
    ['one missing', [announce(PREFIX4, 50)], {}, false],
    ['one twice', [announce(PREFIX4, 50), announce(PREFIX6, 50), announce(PREFIX6, 50)], {}, false],
    ['the old MED', [announce(PREFIX4, 50), announce(PREFIX6, 100)], {}, false],
    ['the other gateway', [announce(PREFIX4, 50), announce(PREFIX6, 50, 'gw2')], {}, false],
    ['one UPDATE more', [announce(PREFIX4, 50), announce(PREFIX6, 50)], { updates: 3 }, false],
  ])('one UPDATE each: %s', (_, events, more, good) => {
    expect(oneUpdateEach(window(events, more), both, 'MED 50') === undefined).toBe(good);
  });
});

describe('partOf', () => {
  const launcher = [
    '/bin/sh',
    '/opt/deploy/launch-guard.sh',
    '/usr/bin/node',
    '/opt/guard.cjs',
    '--socket',
    'x',
  ];

  it.each([
    ['charon', ['/usr/sbin/charon-systemd'], undefined],
    ['sidecar', ['/usr/bin/node', '/opt/main.ts', 'run', '-c', '/tmp/swancast.yaml'], undefined],
    ['exabgp', ['/usr/bin/python3', '/usr/sbin/exabgp', '/run/exabgp.conf'], undefined],
    ['exabgp', ['/usr/bin/python3', '/usr/sbin/exabgp', 'server', '/run/exabgp.conf'], undefined],
    ['launcher', launcher, ['/usr/bin/python3', '/usr/sbin/exabgp', '/run/exabgp.conf']],
    ['guard', ['/usr/bin/node', '/opt/guard.cjs', '--exabgp-pid', '7'], launcher],
    // What the launcher's shell forks, before and after it became another program.
    [undefined, launcher, launcher],
    [undefined, ['date', '+%s'], launcher],
    [undefined, ['/usr/bin/python3', '/usr/sbin/exabgp', '--version'], undefined],
    [undefined, ['/usr/bin/node', '/opt/main.ts', 'render', 'exabgp', '-c', '/tmp/swancast.yaml'], undefined],
    [undefined, ['ip', 'netns', 'exec', 'sc-lab-gw1', '/usr/sbin/charon-systemd'], undefined],
    [undefined, [], undefined],
  ])('%s: %j', (part, argv, parent) => {
    expect(partOf(argv, parent)).toBe(part);
  });
});

describe('parseCost', () => {
  it('reads user and system time, resident and proportional memory', () => {
    const fields = Array.from({ length: 50 }, (_, index) => String(index + 3));
    const stat = `7 (no) de (x) S ${fields.slice(1).join(' ')}`;
    const status = 'Name:\tnode\nVmHWM:\t 99999 kB\nVmRSS:\t   51200 kB\n';
    const rollup = '00400000-7fff rollup\nRss: 51200 kB\nPss:   20480 kB\nPss_Dirty: 1 kB\n';
    // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second.
    expect(parseCost(stat, status, rollup)).toEqual({ cpuSeconds: 0.29, rssMb: 50, pssMb: 20 });
  });
});

describe('tables', () => {
  it('name every fault once, with a bound where something must follow', () => {
    const names = FAULTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const fault of FAULTS) if ('boundMs' in fault) expect(fault.boundMs).toBeGreaterThan(0);
    expect(FAULTS.filter((fault) => 'strike' in fault).every((fault) => 'boundMs' in fault)).toBe(true);
  });

  it('measure the fast profile under the burdens that the default one must bear', () => {
    const names = FAULTS.filter(({ setting }) => setting.startsWith('fast')).map(({ name }) => name);
    expect(new Set(names)).toEqual(
      new Set([
        'charon-sigstop-fast',
        'cpu-hogs-fast',
        'reload-connections-fast',
        'reconnect-storm-fast',
        'slow-updown-fast',
        'dead-radius-fast',
      ]),
    );
  });
});

describe('configuration of the lab', () => {
  const [gateway] = planTopology('x', 1).gateways;
  if (gateway === undefined) throw new Error('no gateway');
  const paths = { viciSocket: '/v', directory: '/d' };

  it('takes over who starts ExaBGP, and the MED of a reload', () => {
    const text = sidecarConfig(gateway, paths, { supervise: false, med: 50 });
    expect(text).toContain('supervise: false');
    expect(text.match(/announced: \{ med: 50,/g)).toHaveLength(2);
    expect(sidecarConfig(gateway, paths, { supervise: true })).toContain('announced: { med: 100,');
  });

  it('has the profile and a place of its own for the state only where asked for', () => {
    const plain = sidecarConfig(gateway, paths, { supervise: true });
    expect(plain).not.toContain('profile');
    expect(plain).toContain('state_directory: /d }');
    const fast = sidecarConfig(gateway, paths, { supervise: true, fast: true, stateDirectory: '/s' });
    expect(fast).toMatch(/^profile: fast$/m);
    expect(fast).toContain('state_directory: /s }');
  });

  it('loads RADIUS, patience and spare connections only where asked for', () => {
    expect(strongswanConf('/v', '/l')).not.toMatch(/radius|dos_protection/);
    const stressed = strongswanConf('/v', '/l', { patient: true, radius: '10.9.1.2' });
    expect(stressed).toMatch(/eap-radius \{[^]*address = 10\.9\.1\.2/);
    expect(stressed).not.toContain('retransmit_tries');
    expect(gatewaySwanctlConf(gateway)).not.toMatch(/updown|eap|spare/);
    const many = gatewaySwanctlConf(gateway, { updown: '/u.sh', eap: true, spares: 3, spareHours: 5 });
    expect(many.match(/^ {2}spare\d+ \{/gm)).toHaveLength(3);
    expect(many).toMatch(/updown = \/u\.sh[^]*auth = eap-radius/);
    expect(clientSwanctlConf(planTopology('x', 1))).toContain('dpd_delay');
    const patient = clientSwanctlConf(planTopology('x', 1), { patient: true });
    expect(patient).not.toContain('dpd_delay');
    expect(patient.match(/auth = eap$/gm)).toHaveLength(30);
  });
});
