/** `swancast undrain`: the checks decide again; a drain under way stops where it is. */
import type { SessionsStatus } from '../sessions/progress.ts';
import { isSessions } from './drain.ts';
import { askDaemon, exchange } from './exchange.ts';
import { orderedBy } from './force.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions, Surroundings } from './program.ts';

export async function undrain(options: SocketOptions, surroundings: Surroundings): Promise<number> {
  const order = { who: orderedBy(surroundings.env) };
  const answer = await askDaemon(options, surroundings, (socket, signal) =>
    exchange(socket, { path: '/undrain', order }, isSessions, signal),
  );
  if (typeof answer === 'number') return answer;
  if (options.json === true) printJson(surroundings.output, answer);
  else surroundings.output.out(undrainedText(answer));
  return EXIT.ok;
}

/** Pure. */
export const undrainedText = ({ anycast, pinned }: SessionsStatus): string =>
  `no drain is in effect: the checks decide again, ${anycast + pinned} sessions are here\n`;
