/** A roll-out that loses a host on its way, and one that changes the secret of a single host. */
import { join } from 'node:path';
import { LabError } from '../lab/lab-error.ts';
import { shippedConf } from '../lab/router.ts';
import { routerConf } from '../lab/router-conf.ts';
import { runCommand } from '../lab/run-command.ts';
import type { PlayResult } from './ansible.ts';
import {
  allAnnounce,
  drainOf,
  expectRefused,
  expectVersions,
  installedVersion,
  mark,
  msUntil,
} from './expect.ts';
import { expectSame, hostNamed, type Scenario, type Stage } from './scenario.ts';
import { CLIENTS_NOTICE_MS } from './scenarios-days.ts';
import { pids, roll } from './scenarios-rolling.ts';

/** Ends while dpkg unpacks a package: `--fsys-tarfile` is how it has dpkg-deb hand it the files. */
const UNTIL_UNPACKING = `until pgrep -f '[d]pkg-deb --fsys-tarfile' >/dev/null; do sleep 0.02; done`;

/** The power of the first host is cut while a package is unpacked there, and is back at once. */
async function loseHost(stage: Stage): Promise<void> {
  const { site, ansible, operator, vars, signal, note } = stage;
  const host = hostNamed(stage, 'gw1');
  const others = site.hosts.filter((each) => each !== host);
  const before = await pids(stage);
  const version = await installedVersion(host, 'swancast', signal);
  const playing = ansible.play('rollout', vars(), signal);
  await Promise.race([
    host.run(['sh', '-c', UNTIL_UNPACKING], signal),
    playing.then((result) => endedEarly('it installs a package', result)),
  ]);
  const moment = mark(stage, 'power cut of gw1 while dpkg unpacks');
  await host.cutPower(signal);
  await host.restorePower(signal);
  const result = await playing;
  note({
    play_exit: result.code,
    noticed_ms: Math.round(stage.watch.timeline.act('the play ended') - moment.at),
  });
  expectRefused(
    result,
    /LOST gw1: [^]*between what it was and what it is to be; not drained[^]*not touched: gw2, gw3[^]*the same command again/u,
  );
  expectSame(
    'hosts that were lost',
    [...result.hosts].filter(([, { unreachable }]) => unreachable > 0).length,
    1,
  );
  expectSame('daemons of the others', (await pids(stage)).slice(1), before.slice(1));
  for (const other of others)
    expectSame(`${other.plan.name}: installed`, await installedVersion(other, 'swancast', signal), version);
  const status = await host.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', 'swancast'], signal);
  note({ package_was: status });
  await roll(stage);
  await expectVersions(stage, operator.version);
}

function endedEarly(what: string, { logFile }: PlayResult): never {
  throw new LabError('LAB_DEADLINE', `the play ended before ${what}; log: ${logFile}`);
}

/** Also for the sessions that stand: BIRD starts those anew whose password is another one. */
async function tellRouter({ site, signal }: Stage, password: string): Promise<void> {
  const { topology, router } = site;
  const [first] = topology.routers;
  if (first === undefined) throw new RangeError('there is a router');
  const conf = routerConf(shippedConf('bird'), topology, first);
  router.writeConf(conf.replaceAll(/^(protocol bgp gw1_.*) \}$/gmu, `$1 password "${password}"; }`));
  await runCommand(['birdc', '-s', join(router.directory, 'bird.ctl'), 'configure'], signal);
}

/** The router is told when the host is drained: before, its session would break under the clients. */
async function changePassword(stage: Stage, password: string): Promise<void> {
  const { operator, watch, signal, note } = stage;
  const host = hostNamed(stage, 'gw1');
  operator.variant = { ...operator.variant, passwords: { gw1: password } };
  const moment = mark(stage, 'another password for gw1');
  const atRouter = async (): Promise<void> => {
    await msUntil(stage, 'withdraw', host, moment);
    const drain = await drainOf(host, signal);
    expectSame('who drains', drain?.who, 'ansible');
    const left = drain?.remaining_seconds ?? undefined;
    expectSame('the drain ends by itself, and not soon', left !== undefined && left > 900, true);
    await tellRouter(stage, password);
  };
  await Promise.all([roll(stage), atRouter()]);
  const told = watch.timeline.events.slice(moment.from);
  const ofOthers = told.filter(
    (event) => (event.kind === 'announce' || event.kind === 'withdraw') && event.gateway !== 'gw1',
  );
  note({ updates_of_others: ofOthers.length });
  expectSame('UPDATEs of the others', ofOthers.length, 0);
  await allAnnounce(stage);
}

export const ACCIDENTS: readonly Scenario[] = [
  {
    name: 'host-lost',
    shows:
      'the first host loses its power in the middle of an upgrade: the play stops, the next one mends it',
    arrange: async ({ operator, releases }) => {
      const isFirst = operator.version === releases.version;
      operator.package = isFirst ? await releases.next() : releases.first;
      operator.version = isFirst ? releases.nextVersion : releases.version;
    },
    act: loseHost,
    noticedMs: CLIENTS_NOTICE_MS,
  },
];

export const SECRETS: readonly Scenario[] = [
  {
    name: 'password-change',
    shows: "another BGP password for one host: drained, ExaBGP restarted with it; no UPDATE of the others'",
    arrange: async (stage) => {
      await changePassword(stage, 'the-first-one');
    },
    act: async (stage) => changePassword(stage, 'the-second-one'),
    bounds: { lost: 1 },
  },
];
