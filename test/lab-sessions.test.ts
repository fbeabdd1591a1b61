import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LabError } from './lab/lab-error.ts';
import { dropInCommands } from './lab/sessions/drop-in.ts';
import { chooseExercises, SESSION_EXERCISES } from './lab/sessions/exercises.ts';
import { titleOf, type SessionExercise } from './lab/sessions/exercise.ts';
import { addressOf, identitySwanctlConf } from './lab/sessions/identity.ts';
import { withPage } from './lab/sessions/page.ts';
import type { MeasuredReport } from './lab/sessions/read-report.ts';
import { formatSummary, judge, rowOf, summaryOf } from './lab/sessions/report.ts';
import { siteOf } from './lab/sessions/site.ts';
import { clientSwanctlConf, gatewaySwanctlConf } from './lab/strongswan-conf.ts';
import { planTopology } from './lab/topology.ts';
import type { ClientResult } from './lab/traffic/client-result.ts';
import { parseConfig } from '../sidecar/config/load.ts';

const { gateways } = planTopology('x', 3);
const [gateway] = gateways;
if (gateway === undefined) throw new Error('no gateway');

const client = (number: number, more: Partial<ClientResult> = {}): ClientResult => ({
  ...{ client: number, client_gap_ms: 0, lost: 0, sent: 100, session: 'make-before-break' },
  ...{ address: 'kept', tcp: 'kept', tcp_gap_ms: 100 },
  ...more,
});
const fresh = (number: number, gap: number, lost = gap / 10): ClientResult =>
  client(number, { client_gap_ms: gap, lost, session: 'new' });
const none = async (): Promise<number> => Promise.resolve(0);
const exercise = (more: Partial<SessionExercise>): SessionExercise => ({
  ...{ name: 'drain', variant: 'pinned', shows: 'a drain', setup: { addresses: 'identity' }, act: none },
  ...more,
});

describe('addresses by identity', () => {
  const usual = gatewaySwanctlConf(gateway);

  it('gives each client a connection and a pool of its own, alike on every gateway', () => {
    const text = identitySwanctlConf(usual, 3);
    expect(text.match(/^ {2}client\d+ \{$/gmu)).toEqual(['  client1 {', '  client2 {', '  client3 {']);
    expect(text.match(/id = client\d\.example\.org/gu)).toHaveLength(3);
    expect(text).toContain('pools = client2\n');
    expect(text).toContain(`client3 { addrs = ${addressOf(2)}/32 }`);
    expect(text).not.toMatch(/\bclients\b/u);
    const pools = gateways.map(
      (each) => identitySwanctlConf(gatewaySwanctlConf(each), 3).split('pools {')[1],
    );
    expect(pools[0]).toBe(pools[1]);
  });

  it('keeps what the connection of all of them has', () => {
    const settings = /^ {4}(?:version|proposals|local_addrs|mobike|dpd_delay) = .*$/gmu;
    const once = usual.match(settings);
    expect(once).toHaveLength(5);
    expect(identitySwanctlConf(usual, 2).match(settings)).toEqual([...(once ?? []), ...(once ?? [])]);
    expect(identitySwanctlConf(usual, 1)).toContain(`${gateway.address4}, ${gateway.address6}`);
  });

  it('has an address for each of a thousand', () => {
    const all = Array.from({ length: 1000 }, (_, index) => addressOf(index));
    expect(new Set(all).size).toBe(1000);
    expect(all.every((address) => !/\.(?:0|255)$/u.test(address))).toBe(true);
  });

  it('says so when there is nothing to copy', () => {
    expect(() => identitySwanctlConf('connections {\n}\n', 1)).toThrow(RangeError);
  });
});

describe('the exercises', () => {
  it('are those that were asked for', () => {
    expect(chooseExercises('all')).toEqual(SESSION_EXERCISES);
    expect(chooseExercises('drain-redirect').map(({ variant }) => variant)).toEqual(['pinned', 'on anycast']);
    expect(chooseExercises('flap pinned + link-down').map(titleOf)).toEqual(['link-down', 'flap pinned']);
    expect(chooseExercises('crash-grace')).toHaveLength(12);
  });

  it('are named once each, and a name that there is not is refused with those that there are', () => {
    const titles = [...SESSION_EXERCISES, ...chooseExercises('crash-grace')].map(titleOf);
    expect(new Set(titles).size).toBe(titles.length);
    expect(() => chooseExercises('drain')).toThrow(LabError);
    expect(() => chooseExercises('all + nonsense')).toThrow(/"nonsense"; there are: all, .*evacuate/u);
  });

  const setups = [...SESSION_EXERCISES, ...chooseExercises('crash-grace')];
  it.each(setups.map((each) => [titleOf(each), each] as const))('%s has a valid configuration', (_, each) => {
    const site = siteOf(each.setup, 3);
    for (const plan of gateways) {
      const paths = { viciSocket: '/v', directory: '/d/run' };
      const text = site.sidecar?.(plan, paths, { supervise: true }) ?? '';
      const config = parseConfig(text, { file: 'swancast.yaml', env: {}, hostname: 'x' });
      expect(config.sessions.addresses).toBe(each.setup.addresses);
      expect(config.sessions.pin.enabled).toBe(each.setup.pinned === true);
      expect(config.sessions.sweep.enabled).toBe(each.setup.sweep === true);
      expect(config.strongswan.restartGraceMs).toBe(each.setup.graceMs ?? 0);
    }
  });

  it('have clients that log in when told to, and ask as often as they should', () => {
    const usual = clientSwanctlConf(planTopology('x', 2));
    const text = siteOf({ addresses: 'pool', dpdSeconds: 10 }, 2).clientSwanctl?.(usual) ?? '';
    expect(text.match(/dpd_delay = 10s/gu)).toHaveLength(2);
    expect(text).not.toContain('start_action');
    expect(text.match(/close_action = start/gu)).toHaveLength(2);
  });
});

describe('the drop-in', () => {
  const shipped = readFileSync(
    new URL('../deploy/systemd/strongswan.service.d/swancast.conf', import.meta.url),
    'utf8',
  );

  it('is tried with its own words', () => {
    const { stop, started } = dropInCommands(shipped);
    expect([stop[0], started[0]]).toEqual(['drain', 'undrain']);
    expect(stop).toContain('--wait');
    const after = (option: string): string | undefined => stop[stop.indexOf(option) + 1];
    expect([after('--deadline'), after('--for')]).toEqual(['20s', '10m']);
    // After a crash it must not hold up the restart.
    expect(shipped).toMatch(
      /^ExecStop=-\/bin\/sh -c 'test -z "\$\$MAINPID" \|\| exec timeout 25 \/usr\/bin\/swancast drain /mu,
    );
    expect(after('--reason')).toMatch(/ /u);
    expect(
      dropInCommands('ExecStop=/usr/bin/swancast a "b c"\nExecStartPost=-/usr/bin/swancast d\n'),
    ).toEqual({
      stop: ['a', 'b c'],
      started: ['d'],
    });
  });

  it('is missed when it is not there', () => {
    expect(() => dropInCommands(shipped.replace('ExecStartPost', 'ExecStartPre'))).toThrow(RangeError);
  });
});

describe('the judgement', () => {
  const bounds = [{ metric: 'lost', of: 'max', atMost: 1 }] as const;

  it('is of the median over the runs, of the client that was worst off in each', () => {
    const runs = [
      [client(1), client(2, { lost: 1 })],
      [client(1), client(2, { lost: 7 })],
      [client(1), client(2)],
    ];
    expect(judge({ bounds, keepsSession: true }, runs)[0]).toMatchObject({ measured: 1, met: true });
    expect(judge({ bounds, keepsSession: true }, runs.slice(0, 2))[0]).toMatchObject({
      measured: 4,
      met: false,
    });
  });

  it('asks for session, address and stream where they are to be kept, and for a session otherwise', () => {
    const kept = (each: ClientResult): boolean | undefined =>
      judge({ keepsSession: true }, [[client(1), each]])[0]?.met;
    expect(kept(client(2))).toBe(true);
    expect(kept(client(2, { session: 'kept' }))).toBe(true);
    for (const more of [{ session: 'new' }, { address: 'changed' }, { tcp: 'lost' }] as const)
      expect(kept(client(2, more))).toBe(false);
    expect(judge({}, [[fresh(1, 500)]])[0]?.met).toBe(true);
    expect(judge({}, [[client(1, { session: 'none' })]])[0]?.met).toBe(false);
  });

  it('can be told to be lenient, but not with sessions', () => {
    const one = exercise({ bounds });
    const rows = [rowOf(one, 1, { figures: {}, clients: [client(1, { lost: 4 })] })];
    expect(summaryOf(one, rows).met).toBe(false);
    expect(summaryOf(one, rows, 5).met).toBe(true);
    expect(summaryOf(one, rows, Infinity).bounds.map(({ metric }) => metric)).toEqual(['session']);
    const without = [rowOf(one, 1, { figures: {}, clients: [client(1, { session: 'none' })] })];
    expect(summaryOf(one, without, Infinity).met).toBe(false);
  });

  it('is never passed without a measurement', () => {
    expect(judge({ bounds }, []).every(({ met }) => !met)).toBe(true);
    const broken = rowOf(exercise({}), 1, { error: 'it broke', figures: {}, clients: [] });
    expect(summaryOf(exercise({ bounds }), [broken])).toMatchObject({ failed_runs: 1, met: false });
    expect(summaryOf(exercise({}), []).met).toBe(false);
  });

  it('does not count a run that broke off, and fails because of it', () => {
    const one = exercise({ bounds: [{ metric: 'client_gap_ms', of: 'p50', atMost: 150 }] });
    const good = rowOf(one, 1, { figures: {}, clients: [fresh(1, 100)] });
    const broken = rowOf(one, 2, { error: 'it broke', figures: {}, clients: [fresh(1, 9000)] });
    const summary = summaryOf(one, [good, broken]);
    expect(summary.client_gap_ms).toEqual({ p50: 100, p99: 100, max: 100 });
    expect(summary.bounds[0]).toMatchObject({ measured: 100, met: true });
    expect(summary.met).toBe(false);
  });
});

describe('the report', () => {
  const one = exercise({
    bounds: [{ metric: 'client_gap_ms', of: 'max', atMost: 20 }],
    keepsSession: true,
  });
  const rows = [
    rowOf(one, 1, {
      figures: { drain_ms: 5 },
      clients: [client(1), client(2, { client_gap_ms: 12, lost: 1 })],
    }),
    rowOf(one, 2, { figures: {}, clients: [client(1), client(2, { client_gap_ms: 40, lost: 3 })] }),
  ];

  it('has what each client of each run saw, and the distributions of run and exercise', () => {
    expect(rows[1]).toMatchObject({ run: 2, ok: true, client_gap_ms: { p50: 0, max: 40 }, lost: { max: 3 } });
    expect(rows[1]?.clients?.map(({ lost }) => lost)).toEqual([0, 3]);
    expect(summaryOf(one, rows)).toMatchObject({ clients: 4, runs: 2, client_gap_ms: { max: 40 } });
  });

  it('shows people what was missed', () => {
    const text = formatSummary([summaryOf(one, rows)]);
    expect(text).toContain('4 make-before-break');
    expect(text).toContain('max ≤ 20 ms: MISSED, 26');
    expect(formatSummary([summaryOf(one, rows.slice(0, 1))])).toContain('max ≤ 20 ms: ok');
  });

  it('becomes a table of README.md, with the command that made it', () => {
    const readme = 'a\n<!-- measured: clients -->\nold\n<!-- end -->\nb\n';
    const report = {
      ...{ dataplane: 'libipsec', exercise: 'all', router: 'bird', clients: 20, talkers: 20 },
      ...{ versions: { strongswan: '5.9.8-5' }, runs: rows, summary: [summaryOf(one, rows)] },
    };
    const text = withPage(readme, [report]);
    expect(text).toContain('- `npm run -s lab -- exercise all --runs 2`: ESP by kernel-libipsec');
    expect(text).toContain(
      '| **drain pinned**: a drain | 20; 2 runs | 0 / 40 / 40 ms | 0 / 3 / 3 | kept, TCP goes on |',
    );
    expect(text).toContain('≤ 20 ms (**missed**)');
    expect(text).not.toContain('old');
    expect(withPage(text, [report])).toBe(text);
    expect(() => withPage('nothing here', [report])).toThrow(RangeError);
  });

  it('shows of what several reports have the one with the most runs, and other clients beside it', () => {
    const reportOf = (runs: number, clients: number, dataplane = 'libipsec'): MeasuredReport => ({
      ...{ dataplane, exercise: `of ${clients}`, router: 'bird', clients, talkers: clients },
      ...{ versions: {}, runs: rows, summary: [{ ...summaryOf(one, rows), runs }] },
    });
    const text = withPage('<!-- measured: clients -->\n<!-- end -->', [
      reportOf(3, 20),
      reportOf(10, 20),
      reportOf(1, 20),
      reportOf(2, 300),
      reportOf(99, 20, 'kernel'),
    ]);
    const shown = text.split('\n').filter((each) => each.startsWith('| **drain'));
    expect(shown.map((each) => each.split(' | ')[1])).toEqual([
      '20, libipsec; 10 runs',
      '300, libipsec; 2 runs',
      '20, kernel; 99 runs',
    ]);
    expect(text.match(/^- `npm run/gmu)).toHaveLength(5);
  });

  it('has its place in README.md', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(withPage(readme, [])).toContain('## What your clients see');
  });
});
