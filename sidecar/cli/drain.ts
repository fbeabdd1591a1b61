/** `swancast drain`: empties this gateway, and keeps it withdrawn until `swancast undrain`. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { DrainOrder } from '../sessions/drain-order.ts';
import type { MoveMethod } from '../sessions/policy.ts';
import type { DrainStatus } from '../sessions/progress.ts';
import { drainBar, drainText } from './drain-text.ts';
import { askDaemon, exchange } from './exchange.ts';
import { orderedBy } from './force.ts';
import { isSessions } from './is-sessions.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';

export interface DrainOptions extends SocketOptions {
  readonly reason: string;
  /** Seconds. */
  readonly for?: number;
  readonly to?: string;
  readonly move: MoveMethod;
  readonly rate?: number;
  /** Seconds. */
  readonly deadline?: number;
  readonly force?: boolean;
  readonly wait?: boolean;
  readonly as?: string;
}

/** Seams for tests: whether the host is going down, the terminal, and the time between two looks. */
export interface DrainSurroundings {
  readonly isGoingDown?: () => Promise<boolean>;
  /** Where a line may be drawn over and over; undefined: nowhere. */
  readonly terminal?: ((text: string) => void) | undefined;
  readonly everyMs?: number;
}

const EVERY_MS = 250;
/** The targets are asked whether they answer IKE before the order is taken. */
const ORDER_DEADLINE_MS = 10_000;

export async function drain(
  options: DrainOptions,
  surroundings: Surroundings,
  seams: DrainSurroundings = {},
): Promise<number> {
  if (options.as !== undefined && hasEnded(surroundings.env)) {
    surroundings.output.out(`${options.as} has ended by itself: nobody is left to be moved\n`);
    return EXIT.ok;
  }
  const isShutdown = await (seams.isGoingDown ?? isGoingDown)();
  const order: DrainOrder = {
    who: options.as ?? orderedBy(surroundings.env),
    reason: options.reason,
    move: options.move,
    ...(options.for === undefined ? {} : { seconds: options.for }),
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(options.rate === undefined ? {} : { rate: options.rate }),
    ...(options.deadline === undefined ? {} : { deadline_seconds: options.deadline }),
    ...(options.force === true ? { force: true } : {}),
    ...(isShutdown ? { shutdown: true } : {}),
    ...(options.as === undefined ? {} : { only_own: true }),
  };
  const answer = await askDaemon(
    options,
    surroundings,
    (socket, signal) => exchange(socket, { path: '/drain', order }, isSessions, signal),
    ORDER_DEADLINE_MS,
  );
  if (typeof answer === 'number') return answer;
  const begun = answer.drain;
  if (begun === null) return over(surroundings);
  if (options.wait !== true) {
    if (options.json === true) printJson(surroundings.output, answer.drain);
    else surroundings.output.out(drainText(begun));
    return EXIT.ok;
  }
  return await watch(begun, options, surroundings, seams);
}

async function watch(
  begun: DrainStatus,
  options: DrainOptions,
  surroundings: Surroundings,
  { terminal = ownTerminal(), everyMs = EVERY_MS }: DrainSurroundings,
): Promise<number> {
  const draw = options.json === true ? undefined : terminal;
  let last = begun;
  while (last.phase !== 'done') {
    draw?.(`\r${drainBar(last)}\u001b[K`);
    await delay(everyMs);
    const answer = await askDaemon(options, surroundings, (socket, signal) =>
      exchange(socket, { path: '/sessions' }, isSessions, signal),
    );
    if (typeof answer === 'number') return answer;
    // Undrained by somebody else, or drained anew, which is then his to wait for.
    if (answer.drain?.since !== begun.since) {
      draw?.('\n');
      return over(surroundings, begun);
    }
    last = answer.drain;
    // Somebody else's order, which may stand for a day: not to be waited for.
    if (last.phase === 'withdrawing' && last.held_by.length > 0) break;
  }
  draw?.(`\r${drainBar(last)}\u001b[K\n`);
  if (options.json === true) printJson(surroundings.output, last);
  else surroundings.output.out(drainText(last));
  return last.phase !== 'done' || last.timed_out ? EXIT.problem : EXIT.ok;
}

function over({ output }: Surroundings, { until }: { until: string | null } = { until: null }): number {
  const isLate = until !== null && Date.parse(until) <= Date.now();
  const why = isLate ? 'its time (--for) is over, with sessions left' : 'it was ended by somebody else';
  output.err(`the drain has ended, ${why}: see \`swancast status\`\n`);
  return EXIT.problem;
}

const ownTerminal = (): DrainSurroundings['terminal'] =>
  process.stderr.isTTY ? (text) => void process.stderr.write(text) : undefined;

/** ExecStop= runs also after a main process that ended without being told (systemd.exec, "$SERVICE_RESULT"). */
const hasEnded = ({ SERVICE_RESULT: result, MAINPID: pid }: Surroundings['env']): boolean =>
  result !== undefined && (result !== 'success' || pid === undefined || pid === '');

/** A host that goes down loses its sessions anyway: then no drain may be refused. */
const isGoingDown = (): Promise<boolean> =>
  new Promise((resolve) => {
    execFile('systemctl', ['is-system-running'], { timeout: 1000 }, (_, out) =>
      resolve(out.trim() === 'stopping'),
    );
  });
