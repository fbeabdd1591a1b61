/** What Ansible does to all hosts, one after the other. */
import { join } from 'node:path';
import { logIn } from '../lab/sessions/acts.ts';
import { untilAllAt } from '../lab/sessions/stage.ts';
import {
  allAnnounce,
  changedOf,
  expectRefused,
  expectVersions,
  installedVersion,
  property,
} from './expect.ts';
import { TOKEN } from './host-config.ts';
import { expectSame, hostNamed, type Scenario, type Stage } from './scenario.ts';

const NOTHING = { gw1: 0, gw2: 0, gw3: 0 };
const DAEMON = 'swancast.service';

export async function roll(stage: Stage): Promise<void> {
  const { ansible, vars, signal, note } = stage;
  const result = await ansible.mustPlay('rollout', vars(), signal);
  note({ changed: Object.values(changedOf(result)).join('+') });
  await allAnnounce(stage);
}

/** What is started last is the watch of clients, who had nowhere to go before. */
async function letClientsIn(stage: Stage): Promise<void> {
  const { site, watch, alerts, signal } = stage;
  await logIn(site, signal);
  await untilAllAt(site, hostNamed(stage, 'gw1').plan.address4, signal);
  await watch.startLoad(signal);
  await alerts.start(targetsFile(stage), TOKEN, signal);
}

export const targetsFile = ({ site }: Pick<Stage, 'site'>): string =>
  join(site.control.directory, 'targets.json');

export const pids = async ({ site, signal }: Stage): Promise<string[]> =>
  Promise.all(site.hosts.map(async (host) => property(host, DAEMON, 'MainPID', signal)));

export const ROLLING: readonly Scenario[] = [
  {
    name: 'first-install',
    shows: 'hosts with strongSwan and nothing else become announcing gateways by one command',
    quick: true,
    act: async (stage) => {
      await roll(stage);
      await expectVersions(stage, stage.operator.version);
    },
    restore: letClientsIn,
  },
  {
    name: 'second-run',
    shows: 'the same command again: nothing is changed',
    quick: true,
    act: async ({ ansible, vars, signal }) =>
      expectSame('changed', changedOf(await ansible.mustPlay('rollout', vars(), signal)), NOTHING),
    bounds: { updates: 0, lost: 0 },
  },
  {
    name: 'refused',
    shows: 'a configuration that does not pass, on one host: nothing is touched on any',
    act: async (stage) => {
      const { ansible, vars, signal } = stage;
      const before = await pids(stage);
      const config = {
        prefixes: [{ prefix: '192.0.2.1/32', colour: 'red' }],
        http: { listen: '192.0.2.9:9179' },
      };
      const result = await ansible.play('rollout', { ...vars(), swancast_config: config }, signal);
      expectRefused(result, /gw1[^]*colour/u);
      expectSame('changed', changedOf(result), NOTHING);
      expectSame('daemons', await pids(stage), before);
    },
    bounds: { updates: 0, lost: 0 },
  },
  {
    name: 'config-change',
    shows: 'another MED for both prefixes: one UPDATE a prefix and host, and no withdrawal',
    act: async (stage) => {
      const { operator, watch } = stage;
      operator.variant = { ...operator.variant, med: operator.variant.med + 20 };
      const from = watch.timeline.events.length;
      await roll(stage);
      const told = watch.timeline.events.slice(from);
      expectSame('withdrawals', told.filter(({ kind }) => kind === 'withdraw').length, 0);
      const med = new RegExp(`MED ${operator.variant.med}\\b`, 'u');
      expectSame(
        'announcements with the new MED',
        told.filter((event) => event.kind === 'announce' && med.test(event.detail)).length,
        6,
      );
    },
    bounds: { updates: 6, lost: 0 },
  },
  {
    name: 'upgrade-swancast',
    shows: 'a newer swancast on all hosts, under traffic',
    quick: true,
    arrange: async ({ operator, releases }) => {
      operator.package = await releases.next();
      operator.version = releases.nextVersion;
    },
    act: async (stage) => {
      await roll(stage);
      await expectVersions(stage, stage.operator.version);
    },
    bounds: { updates: 0, lost: 0, seconds: 60 },
  },
  {
    name: 'bad-release',
    shows: 'a release that does not start: the first host is put back, the others are not touched',
    quick: true,
    act: async (stage) => {
      const { ansible, vars, releases, operator, signal, note } = stage;
      const [, ...others] = await pids(stage);
      const bad = { ...vars(), swancast_package: await releases.bad() };
      const result = await ansible.play('rollout', bad, signal);
      note({ play_exit: result.code });
      expectRefused(result, /gw1/u);
      await allAnnounce(stage);
      await expectVersions(stage, operator.version);
      const [, ...after] = await pids(stage);
      expectSame('daemons of the others', after, others);
    },
    bounds: { lost: 1 },
  },
  {
    name: 'upgrade-strongswan',
    shows: 'a newer strongSwan, one drained host after the other; clients pinned, addresses by identity',
    arrange: async (stage) => bringStrongswan(stage, '+lab1'),
    act: async (stage) => rollStrongswan(stage, '+lab1'),
    bounds: { lost: 1 },
  },
];

export async function bringStrongswan({ site, releases, signal }: Stage, suffix: string): Promise<void> {
  await releases.strongswan(suffix);
  for (const host of site.hosts) await host.run(['apt-get', '-qq', 'update'], signal);
}

export async function rollStrongswan(stage: Stage, suffix: string): Promise<void> {
  const { site, ansible, vars, signal, note } = stage;
  const result = await ansible.mustPlay('upgrade-strongswan', vars(), signal);
  note({ changed: Object.values(changedOf(result)).join('+') });
  await allAnnounce(stage);
  for (const host of site.hosts) {
    const version = await installedVersion(host, 'charon-systemd', signal);
    expectSame(`${host.plan.name}: strongSwan ${version} is the newer one`, version.endsWith(suffix), true);
  }
}
