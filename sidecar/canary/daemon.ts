/** The daemon around a canary: its report on a unix socket and over HTTP, its log, its end. */
import type { IncomingMessage, Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { CanaryReport } from '../../health/canary/report.ts';
import { runRound } from '../../health/canary/round.ts';
import { listenOn, type ListenKeys } from '../http.ts';
import { VERSION } from '../installation.ts';
import { createLog } from '../log.ts';
import type { Reply } from '../routes.ts';
import { Canary } from './canary.ts';
import type { CanaryConfig } from './config.ts';
import { monotonic } from '../monotonic.ts';

const KEYS: ListenKeys = { socket: 'report.socket', port: 'report.listen' };

/** Runs until SIGTERM or SIGINT. Rejects with HttpError when a listener cannot be had. */
export async function runCanary(config: CanaryConfig): Promise<number> {
  const log = createLog(config.logLevel, config.name);
  const canary = new Canary({
    ...config,
    now: monotonic,
    round: (plan, signal) => runRound(plan, config.viciSocket, signal),
    onOutcome: (tunnel, outcome, durationMs) => {
      const { state, detail } = outcome;
      const fields = { ...outcome, tunnel, durationMs: Math.round(durationMs) };
      log[state === 'pass' ? 'info' : 'warn'](fields, `tunnel ${tunnel}: ${state}, ${detail}`);
    },
  });
  const servers: Server[] = [];
  try {
    for (const listen of config.listens) {
      servers.push(await listenOn(listen, (request) => answered(request, canary), KEYS));
    }
    const end = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        log.info({ signal }, 'told to stop');
        end.abort(new Error(`stopped by ${signal}`));
      });
    }
    log.info({ version: VERSION, tunnels: config.tunnels.map(({ name }) => name) }, 'started');
    await canary.run(end.signal, async (ms, signal) => {
      await delay(ms, undefined, { signal }).catch(() => undefined);
    });
    return 0;
  } finally {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** One round, for a person or a cron job. */
export async function tryOnce(config: CanaryConfig, signal: AbortSignal): Promise<CanaryReport> {
  const canary = new Canary({
    ...config,
    now: monotonic,
    round: (plan, cut) => runRound(plan, config.viciSocket, cut),
    onOutcome: () => undefined,
  });
  await canary.once(signal);
  return canary.report();
}

/**
 *   GET /         the report        POST /round   a round as soon as may be
 */
async function answered({ method, url }: IncomingMessage, canary: Canary): Promise<Reply> {
  const path = url?.split('?')[0];
  const isRead = method === 'GET' || method === 'HEAD';
  if (path === '/' && isRead) {
    const body = `${JSON.stringify(canary.report())}\n`;
    return Promise.resolve({ status: 200, type: 'application/json', body });
  }
  if (path === '/round' && method === 'POST') {
    canary.urge();
    return Promise.resolve(text(202, 'a round as soon as may be\n'));
  }
  if (path === '/')
    return Promise.resolve({ ...text(405, 'a report is only read: use GET\n'), allow: 'GET, HEAD' });
  if (path === '/round') return Promise.resolve({ ...text(405, 'use POST\n'), allow: 'POST' });
  return Promise.resolve(text(404, 'not here: try /\n'));
}

const text = (status: number, body: string): Reply => ({ status, type: 'text/plain; charset=utf-8', body });
