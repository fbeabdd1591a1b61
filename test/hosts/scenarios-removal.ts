/** What takes something away for good, or is set up otherwise: last. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { section } from '../../health/vici/message.ts';
import { logIn } from '../lab/sessions/acts.ts';
import { untilAllAt } from '../lab/sessions/stage.ts';
import { gatewaySwanctlConf } from '../lab/strongswan-conf.ts';
import { ANYCAST4 } from '../lab/topology.ts';
import { withVici } from '../lab/vici-command.ts';
import {
  allAnnounce,
  expectEmptied,
  expectRefused,
  expectVersions,
  homeOf,
  mark,
  msUntil,
  property,
} from './expect.ts';
import { expectSame, hostNamed, type Scenario, type Stage } from './scenario.ts';
import { MOVED } from './scenarios-days.ts';
import { bringStrongswan, pids, rollStrongswan } from './scenarios-rolling.ts';

async function remove(stage: Stage): Promise<void> {
  const { signal, note } = stage;
  const host = await homeOf(stage);
  const moment = mark(stage, `apt-get remove swancast on ${host.plan.name}`);
  const said = await host.run(['apt-get', '-y', 'remove', 'swancast'], signal);
  note({ host: host.plan.name, removal_ms: Math.round(stage.watch.timeline.act('removed') - moment.at) });
  await msUntil(stage, 'withdraw', host, moment);
  writeFileSync(join(stage.site.logs, 'removal.log'), said);
  await expectEmptied(stage, host);
  expectSame(
    'strongSwan',
    (await host.run(['systemctl', 'is-active', 'strongswan'], signal)).trim(),
    'active',
  );
}

async function installAgain(stage: Stage): Promise<void> {
  await stage.ansible.mustPlay('rollout', stage.vars(), stage.signal);
  await allAnnounce(stage);
}

const UNITS = ['swancast.service', 'swancast-bgp.service'];
const OWN = ['/etc/swancast', '/var/lib/swancast', '/var/cache/swancast', '/run/swancast'];

/** A host that has no swancast any more, and gets one that does not start. */
async function failFirstInstall(stage: Stage): Promise<void> {
  const { site, ansible, releases, operator, vars, signal, note } = stage;
  const host = hostNamed(stage, 'gw1');
  await host.run(['apt-get', '-y', 'purge', 'swancast'], signal);
  const left = await host.run(
    ['sh', '-c', 'for path; do test ! -e "$path" || echo "$path"; done', 'sh', ...OWN],
    signal,
  );
  expectSame('what a purge leaves', left, '');
  const before = await pids(stage);
  const result = await ansible.play('rollout', { ...vars(), swancast_package: await releases.bad() }, signal);
  note({ play_exit: result.code });
  expectRefused(
    result,
    /gw1 had no swancast before, and has it stopped and disabled now\. Not touched: gw2, gw3/u,
  );
  for (const unit of UNITS) {
    const state = await property(host, unit, 'ActiveState', signal);
    expectSame(`${unit} is ${state}, so it is stopped`, ['inactive', 'failed'].includes(state), true);
    expectSame(`${unit} at the next boot`, await property(host, unit, 'UnitFileState', signal), 'disabled');
  }
  expectSame('daemons of the others', (await pids(stage)).slice(1), before.slice(1));
  site.progress('a release that starts, on the host where the other one did not');
  await ansible.mustPlay('rollout', vars(), signal);
  await expectVersions(stage, operator.version);
  for (const unit of UNITS)
    expectSame(`${unit} at the next boot`, await property(host, unit, 'UnitFileState', signal), 'enabled');
}

/** Each host hands out addresses of its own from here on, and clients stay on the anycast address. */
async function useOwnPools(stage: Stage): Promise<void> {
  const { site, operator, ansible, vars, signal, watch } = stage;
  operator.variant = { ...operator.variant, addresses: 'pool' };
  for (const host of site.hosts) {
    writeFileSync(host.path('/etc/swanctl/swanctl.conf'), gatewaySwanctlConf(host.plan));
    await host.run(['swanctl', '--load-all', '--noprompt'], signal);
  }
  await ansible.mustPlay('rollout', vars(), signal);
  await withVici(site.clients.charon.viciSocket, signal, async (command) => {
    for (const [client] of site.topology.clients.entries())
      await command('terminate', Object.assign(section(), { ike: `client${client + 1}`, timeout: '5000' }));
  });
  await logIn(site, signal);
  await untilAllAt(site, ANYCAST4, signal);
  await watch.calm(watch.timeline.act('all clients have addresses of a pool'), signal);
}

export const REMOVAL: readonly Scenario[] = [
  {
    name: 'removal',
    shows: '`apt-get remove swancast`: drains, withdraws, leaves strongSwan alone',
    act: remove,
    restore: installAgain,
    bounds: MOVED,
  },
  {
    name: 'failed-first-install',
    shows:
      'purged, then a release that does not start: stopped and disabled, nobody else touched; a good one mends it',
    act: failFirstInstall,
    bounds: MOVED,
  },
  {
    name: 'upgrade-strongswan-pool',
    shows:
      'a newer strongSwan again; each host has addresses of its own, so clients log in anew with each move',
    arrange: async (stage) => {
      await useOwnPools(stage);
      await bringStrongswan(stage, '+lab2');
    },
    act: async (stage) => rollStrongswan(stage, '+lab2'),
    bounds: { gapMsP50: 150 },
  },
];
