/** `swancast undrain`: the checks decide again; a drain under way stops where it is. */
import type { UndrainOrder } from '../sessions/drain-order.ts';
import type { SessionsStatus } from '../sessions/progress.ts';
import { askDaemon, exchange } from './exchange.ts';
import { orderedBy } from './force.ts';
import { isSessions } from './is-sessions.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';

export interface UndrainOptions extends SocketOptions {
  readonly as?: string;
}

export async function undrain(options: UndrainOptions, surroundings: Surroundings): Promise<number> {
  const { as } = options;
  const order: UndrainOrder =
    as === undefined ? { who: orderedBy(surroundings.env) } : { who: as, only_own: true };
  const answer = await askDaemon(options, surroundings, (socket, signal) =>
    exchange(socket, { path: '/undrain', order }, isSessions, signal),
  );
  if (typeof answer === 'number') return answer;
  if (options.json === true) printJson(surroundings.output, answer);
  else surroundings.output.out(undrainedText(answer));
  return EXIT.ok;
}

/** Pure. */
export const undrainedText = ({ anycast, pinned, drain }: SessionsStatus): string =>
  drain !== null
    ? `the drain by ${drain.who} stays as it is: ${drain.reason}\n`
    : `no drain is in effect: the checks decide again, ${anycast + pinned} sessions are here\n`;
