/** Orders to a gateway's swancast over its control socket, as `swancast drain` gives them. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DrainOrder } from '../../../sidecar/sessions/drain-order.ts';
import type { DrainStatus, SessionsStatus } from '../../../sidecar/sessions/progress.ts';
import { monotonic } from '../clock.ts';
import { patient } from '../dataplane.ts';
import type { Gateway } from '../gateway.ts';
import { LabError } from '../lab-error.ts';
import type { Lab } from '../lab.ts';

const LOOK_MS = 50;

export async function orderDrain(
  lab: Lab,
  gateway: Gateway,
  order: Omit<DrainOrder, 'who' | 'reason'>,
  signal: AbortSignal,
): Promise<void> {
  await ask(lab, gateway, '/drain', signal, { who: 'lab', reason: 'exercise', ...order });
}

/** Sessions as the gateway itself counts them. */
export async function sessionsAt(lab: Lab, gateway: Gateway, signal: AbortSignal): Promise<SessionsStatus> {
  return (await ask(lab, gateway, '/sessions', signal)) as SessionsStatus;
}

/** @throws LabError LAB_DEADLINE when it takes longer, and if somebody is left in the end */
export async function untilDrained(
  lab: Lab,
  gateway: Gateway,
  withinMs: number,
  signal: AbortSignal,
): Promise<DrainStatus> {
  const deadline = monotonic() + patient(withinMs);
  let seen = 'no drain';
  while (monotonic() < deadline) {
    const { drain } = await sessionsAt(lab, gateway, signal);
    if (drain !== null) seen = `${drain.phase}, ${drain.sessions.here} left`;
    if (drain?.phase === 'done') {
      if (!drain.timed_out) return drain;
      break;
    }
    await delay(LOOK_MS, undefined, { signal });
  }
  throw new LabError(
    'LAB_DEADLINE',
    `expected within ${patient(withinMs)} ms: ${gateway.plan.name} is drained; seen last: ${seen}`,
  );
}

async function ask(
  lab: Lab,
  { plan: { name } }: Gateway,
  path: string,
  signal: AbortSignal,
  order?: object,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const fail = (what: string, cause?: unknown): void =>
    reject(new LabError('LAB_COMMAND', `${name}: ${path}: ${what}`, { cause }));
  const socketPath = join(lab.directory, name, 'run', 'control.sock');
  const method = order === undefined ? 'GET' : 'POST';
  const asked = request({ socketPath, path, method, signal }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('error', (error) => fail(error.message, error));
    response.on('end', () => {
      if (response.statusCode !== 200) return fail(`${String(response.statusCode)} ${text.trim()}`);
      resolve(JSON.parse(text));
    });
  });
  asked.on('error', (error) => fail(error.message, error));
  asked.end(order === undefined ? undefined : JSON.stringify(order));
  return promise;
}
