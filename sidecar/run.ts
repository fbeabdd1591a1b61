/**
 * The daemon: makes the parts of a configuration, wires them once, and takes them apart in the order that
 * serves the clients: withdraw, wait for the acknowledgement, then everything else.
 */
import { Speaker, type SpeakerReport } from '../bgp/speaker.ts';
import type { LeaseReport } from '../bgp/lease.ts';
import { CharonLink } from '../health/charon-link.ts';
import { createChecks } from '../health/registry.ts';
import { Scheduler } from '../health/scheduler.ts';
import type { Config } from './config/config.ts';
import { speakerOptions } from './exabgp-input.ts';
import { serve } from './http.ts';
import { VERSION } from './installation.ts';
import { Journal } from './journal.ts';
import { createLog, type Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { policyOf } from './policy.ts';
import { Sidecar } from './sidecar.ts';
import { statusOf, transitionLine, type Status } from './status.ts';

/** CLOCK_MONOTONIC, milliseconds: the same for all processes of the host, and deaf to clock steps. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Runs until SIGTERM or SIGINT. Resolves with the exit code once everything is withdrawn and ended. */
export async function runDaemon(config: Config): Promise<number> {
  const log = createLog(config.log.level, config.gateway.name);
  const now = monotonic;
  const startedAt = now();
  const policy = policyOf(config);
  const journal = new Journal();
  const link = new CharonLink({
    path: config.strongswan.viciSocket,
    now,
    log: log.child({ part: 'health' }),
  });
  const announced = (): boolean => sidecar.state.announcements.length > 0;
  const checks = createChecks(config.checks, { link, now, announced, log: log.child({ part: 'health' }) });
  let lagMs = 0;

  const scheduler = new Scheduler({
    checks,
    now,
    log: log.child({ part: 'health' }),
    onResult: (result, timing) => {
      sidecar.dispatch({ type: 'result', result });
      lagMs = timing.lagMs;
      metrics.checked(result, timing.durationMs, new Date());
      log.trace({ result }, 'checked');
    },
  });
  const speaker = new Speaker({
    ...speakerOptions(config),
    now,
    log: (level, message, fields) => log[level]({ part: 'bgp', ...fields }, message),
    onReport: (report) =>
      hearSpeaker(report, log, (lease) => sidecar.dispatch({ type: 'lease', report: lease })),
  });
  const sidecar = new Sidecar(
    policy,
    {
      set: (generation, announcements, evidence) => speaker.set(generation, announcements, evidence),
      renew: (generation, evidence) => speaker.renew(generation, evidence),
      pace: (check, fast) => scheduler.setFast(check, fast),
      journal: (transition) => {
        journal.add(transition, new Date());
        metrics.transition(transition);
        const { level, fields, text } = transitionLine(transition);
        log[level](fields, text);
      },
    },
    now,
  );
  const identity = {
    version: VERSION,
    gateway: config.gateway.name,
    startedAt,
    neighbors: config.bgp.neighbors.map(({ address }) => address),
  };
  const status = (): Status => statusOf(sidecar.state, policy, identity, journal.entries, now());
  const metrics = new Metrics({
    status,
    lagMs: () => lagMs,
    sas: () => {
      const stats = link.snapshot?.stats;
      return stats && { ikeSas: stats.ikeSas.total, halfOpen: stats.ikeSas.halfOpen, childSas: undefined };
    },
  });

  // The control socket first: it is what refuses a second sidecar on the same host.
  const views = { status, registry: metrics.registry };
  const servers = [await serve({ path: config.control.socket }, views)];
  if (config.http.listen !== undefined) servers.push(await serve(config.http.listen, views));

  const stopped = untilTold(log);
  link.start();
  speaker.start();
  scheduler.start();
  log.info({ version: VERSION, prefixes: config.prefixes.map(({ prefix }) => prefix) }, 'started');

  const code = await stopped;
  sidecar.dispatch({ type: 'stop' });
  const { withdrawn } = await speaker.release();
  log.info({ withdrawn }, withdrawn ? 'withdrawn, stopping' : 'stopping; the lease withdraws what is left');
  sidecar.close();
  await scheduler.stop();
  await speaker.stop();
  link.close();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  return code;
}

/** Resolves with the exit code when somebody, or a defect, ends the daemon. */
function untilTold(log: Logger): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        log.info({ signal }, 'told to stop');
        resolve(0);
      });
    }
    // A broken invariant: nothing that this process believes may stay announced.
    const crash = (error: unknown): void => {
      log.fatal({ err: error }, 'defect: withdrawing and stopping; please report this line');
      resolve(70);
    };
    process.on('uncaughtException', crash);
    process.on('unhandledRejection', crash);
  });
}

function hearSpeaker(
  report: SpeakerReport,
  log: Logger,
  tell: (lease: LeaseReport | undefined) => void,
): void {
  switch (report.type) {
    case 'hello':
    case 'report':
      return tell(report);
    case 'refused':
      return log.warn({ part: 'bgp', code: report.code }, `the guard refused: ${report.text}`);
    case 'disconnected':
      log.warn({ part: 'bgp', code: report.code }, report.detail);
      return tell(undefined);
    case 'neighbor-advice':
      return log.warn({ part: 'bgp', neighbor: report.neighbor }, report.detail);
  }
}
