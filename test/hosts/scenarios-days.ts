/** What happens to a host between two roll-outs: always to the one that has the clients. */
import { setTimeout as delay } from 'node:timers/promises';
import { PREFIX4 } from '../lab/topology.ts';
import { allAnnounce, expectEmptied, homeOf, mark, msUntil, property, until } from './expect.ts';
import type { Host } from './host.ts';
import { expectSame, type Scenario, type Stage } from './scenario.ts';

const DAEMON = 'swancast.service';
const SPEAKER = 'swancast-bgp.service';
const GUARD = '/usr/lib/swancast/guard.cjs';
/** Longer than a client needs that asks after 2 s, and gives up 4 s later; then it has to log in. */
export const CLIENTS_NOTICE_MS = 3000;
/**
 * Packets: a tenth of a second. A client was told to move, and did not wait for its own clock; more is promised of
 * upgrades alone, as a host that goes down is busy with other things.
 */
export const MOVED = { lost: 10 };

/** PIDs in the host of processes whose command line has these words. */
async function pidsWith(host: Host, words: string, signal: AbortSignal): Promise<string[]> {
  const script =
    'for p in /proc/[0-9]*; do tr "\\\\0" " " <$p/cmdline 2>/dev/null | grep -q "$1" && echo "${p#/proc/}"; done; :';
  const found = await host.run(['sh', '-c', script, 'sh', words], signal);
  return found.split('\n').filter((line) => line !== '');
}

/** The guard itself, not the shell that keeps it. */
async function guardOf(host: Host, signal: AbortSignal): Promise<string> {
  const [pid = ''] = await pidsWith(host, `^/[^ ]*node .*${GUARD} `, signal);
  return pid;
}

async function freezeSidecar(stage: Stage): Promise<void> {
  const { signal, note } = stage;
  const host = await homeOf(stage);
  const restarts = Number(await property(host, DAEMON, 'NRestarts', signal));
  const moment = mark(stage, `SIGSTOP of ${host.plan.name}'s swancast`);
  await host.run(['systemctl', 'kill', '--kill-whom=main', '--signal=STOP', DAEMON], signal);
  note({ host: host.plan.name, withdraw_ms: await msUntil(stage, 'withdraw', host, moment) });
  const withdrawn = mark(stage, 'withdrawn');
  await msUntil(stage, 'announce', host, withdrawn);
  note({ announced_again_ms: Math.round(stage.watch.timeline.act('announced again') - moment.at) });
  expectSame(
    'restarts by the watchdog',
    Number(await property(host, DAEMON, 'NRestarts', signal)) - restarts,
    1,
  );
}

async function freezeGuard(stage: Stage): Promise<void> {
  const { signal, note } = stage;
  const host = await homeOf(stage);
  const guard = await guardOf(host, signal);
  const moment = mark(stage, `SIGSTOP of ${host.plan.name}'s guard`);
  await host.run(['kill', '-STOP', guard], signal);
  await until('another guard', async () => !['', guard].includes(await guardOf(host, signal)), signal);
  note({
    host: host.plan.name,
    guard_replaced_ms: Math.round(stage.watch.timeline.act('replaced') - moment.at),
  });
  await msUntil(stage, 'announce', host, moment);
  note({ announced_again_ms: Math.round(stage.watch.timeline.act('announced again') - moment.at) });
}

/** Nobody is left who would kill the guard: this is systemd's own watchdog of ExaBGP's unit. */
async function freezeBoth(stage: Stage): Promise<void> {
  const { signal, note } = stage;
  const host = await homeOf(stage);
  const guard = await guardOf(host, signal);
  const restarts = Number(await property(host, SPEAKER, 'NRestarts', signal));
  const moment = mark(stage, `SIGSTOP of ${host.plan.name}'s swancast and guard`);
  await host.run(['systemctl', 'kill', '--kill-whom=main', '--signal=STOP', DAEMON], signal);
  await host.run(['kill', '-STOP', guard], signal);
  await stage.watch.timeline.expect(
    {
      what: `${host.plan.name}'s session ends, which is a withdrawal`,
      withinMs: 30_000,
      find: (events) =>
        events
          .slice(moment.from)
          .find(
            (event) =>
              event.kind === 'session' && event.gateway === host.plan.name && event.state === 'closed',
          ),
    },
    signal,
  );
  note({
    host: host.plan.name,
    session_closed_ms: Math.round(stage.watch.timeline.act('closed') - moment.at),
  });
  await msUntil(stage, 'announce', host, mark(stage, 'closed'));
  note({ announced_again_ms: Math.round(stage.watch.timeline.act('announced again') - moment.at) });
  expectSame(
    'restarts by the watchdog',
    Number(await property(host, SPEAKER, 'NRestarts', signal)) - restarts,
    1,
  );
}

async function restartStrongswan(stage: Stage): Promise<void> {
  const { signal, note } = stage;
  const host = await homeOf(stage);
  const moment = mark(stage, `systemctl restart strongswan on ${host.plan.name}`);
  await host.run(['systemctl', 'restart', 'strongswan.service'], signal);
  note({ host: host.plan.name, restart_ms: Math.round(stage.watch.timeline.act('restarted') - moment.at) });
  await msUntil(stage, 'withdraw', host, moment);
  await expectEmptied(stage, host);
  await allAnnounce(stage);
}

async function crash(stage: Stage): Promise<void> {
  const { alerts, signal, note } = stage;
  const host = await homeOf(stage);
  const moment = mark(stage, `SIGKILL of ${host.plan.name}'s charon`);
  await host.run(['systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'strongswan.service'], signal);
  note({ host: host.plan.name, withdraw_ms: await msUntil(stage, 'withdraw', host, moment) });
  await alerts.untilFiring('SwancastCharonCrashed', host.plan.name, 30_000, signal);
  note({ alert_fires_ms: Math.round(stage.watch.timeline.act('the alert fires') - moment.at) });
  await allAnnounce(stage);
}

async function reboot(stage: Stage): Promise<void> {
  const { signal, note } = stage;
  const host = await homeOf(stage);
  const moment = mark(stage, `reboot of ${host.plan.name}`);
  await host.reboot(signal);
  note({ host: host.plan.name, up_again_ms: Math.round(stage.watch.timeline.act('up again') - moment.at) });
  await expectEmptied(stage, host);
  await allAnnounce(stage);
  note({ announced_again_ms: Math.round(stage.watch.timeline.act('all announce') - moment.at) });
}

/** `announced_again_ms` counts from when the power is back. */
async function powerCut(stage: Stage): Promise<void> {
  const { watch, signal, note } = stage;
  const host = await homeOf(stage);
  const moment = mark(stage, `power cut of ${host.plan.name}`);
  await host.cutPower(signal);
  const moved = await watch.timeline.expect(
    {
      what: `the router's route leads past ${host.plan.name}`,
      withinMs: 30_000,
      find: (events) => {
        const last = events.findLast((event) => event.kind === 'route' && event.prefix === PREFIX4);
        const away = last?.kind === 'route' && last.gateway !== undefined && last.gateway !== host.plan.name;
        return away ? last : undefined;
      },
    },
    signal,
  );
  note({ host: host.plan.name, route_moved_ms: Math.max(0, Math.round(moved.at - moment.at)) });
  await delay(CLIENTS_NOTICE_MS, undefined, { signal });
  await watch.calm(watch.timeline.act('clients are answered'), signal);
  const restored = mark(stage, `power of ${host.plan.name} is back`);
  await host.restorePower(signal);
  note({ announced_again_ms: await msUntil(stage, 'announce', host, restored) });
}

export const DAYS: readonly Scenario[] = [
  {
    name: 'strongswan-restart',
    shows: '`systemctl restart strongswan`, as needrestart does it: drains, restarts, comes back',
    quick: true,
    act: restartStrongswan,
    bounds: MOVED,
  },
  {
    name: 'watchdog-sidecar',
    shows: 'SIGSTOP of swancast: the guard withdraws, systemd starts another one',
    act: freezeSidecar,
    restore: allAnnounce,
    bounds: { lost: 1 },
  },
  {
    name: 'watchdog-guard',
    shows: 'SIGSTOP of the guard: swancast has it killed, its launcher starts another one',
    quick: true,
    act: freezeGuard,
    restore: allAnnounce,
    bounds: { lost: 1 },
  },
  {
    name: 'watchdog-both',
    shows: 'SIGSTOP of swancast and of the guard: systemd kills ExaBGP and both start anew',
    act: freezeBoth,
    restore: allAnnounce,
    bounds: { lost: 1 },
  },
  {
    name: 'crash-alert',
    shows: 'SIGKILL of charon: withdrawn, started again, and Prometheus fires SwancastCharonCrashed',
    quick: true,
    act: crash,
    noticedMs: CLIENTS_NOTICE_MS,
  },
  {
    name: 'reboot',
    shows: '`reboot`: drains, withdraws, stops; comes back by itself',
    act: reboot,
    bounds: MOVED,
  },
  {
    name: 'power-cut',
    shows: 'the host falls silent without a word; power on: it comes back by itself',
    quick: true,
    act: powerCut,
    noticedMs: CLIENTS_NOTICE_MS,
  },
];
