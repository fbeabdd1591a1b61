/** `swancast release`: orders and flap holds end, and the checks decide again. */
import type { ReleaseOrder } from '../order.ts';
import type { PrefixStatus } from '../prefix-status.ts';
import { askDaemon, exchange } from './exchange.ts';
import { isOrdered } from './fetch-status.ts';
import { orderedBy } from './force.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';

/** Without a prefix: all that is forced or held down. */
export async function release(
  prefix: string | undefined,
  options: SocketOptions,
  surroundings: Surroundings,
): Promise<number> {
  const who = orderedBy(surroundings.env);
  const order: ReleaseOrder = prefix === undefined ? { who } : { prefix, who };
  const answer = await askDaemon(options, surroundings, (socket, signal) =>
    exchange(socket, { path: '/release', order }, isOrdered, signal),
  );
  if (typeof answer === 'number') return answer;
  if (options.json === true) printJson(surroundings.output, answer);
  else surroundings.output.out(releasedText(answer.prefixes, prefix));
  return EXIT.ok;
}

/** What became of it. Pure. */
export function releasedText(released: readonly PrefixStatus[], prefix: string | undefined): string {
  if (released.length === 0)
    return prefix === undefined
      ? 'no prefix is forced, and none has flapped\n'
      : `${prefix} was not forced, and has not flapped\n`;
  return released
    .map(
      (each) =>
        `${each.prefix} is released: the checks have it ${each.state}: ${each.sentence} (${each.reason})\n`,
    )
    .join('');
}
