/** `swancast force`: for a limited time an operator's word counts for more than the checks. */
import { userInfo } from 'node:os';
import { duration } from '../duration.ts';
import { WHO_MAXIMUM, type ForceVerb } from '../intent.ts';
import type { ForceOrder } from '../order.ts';
import { excerpt } from '../printable.ts';
import type { PrefixStatus } from '../prefix-status.ts';
import { askDaemon, exchange } from './exchange.ts';
import { isOrdered } from './fetch-status.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';

export interface ForceOptions extends SocketOptions {
  /** Seconds. */
  readonly for: number;
  readonly reason: string;
}

export async function force(
  verb: ForceVerb,
  prefix: string,
  options: ForceOptions,
  surroundings: Surroundings,
): Promise<number> {
  const order: ForceOrder = {
    prefix,
    verb,
    seconds: options.for,
    reason: options.reason,
    who: orderedBy(surroundings.env),
  };
  const answer = await askDaemon(options, surroundings, (socket, signal) =>
    exchange(socket, { path: '/force', order }, isOrdered, signal),
  );
  if (typeof answer === 'number') return answer;
  if (options.json === true) printJson(surroundings.output, answer);
  else surroundings.output.out(answer.prefixes.map(forcedText).join(''));
  return EXIT.ok;
}

/** Who gives the order: with sudo the person behind it too. For the log and for others, not for access. */
export function orderedBy(env: Surroundings['env'], user: () => string = userName): string {
  const [name, behind] = [user(), env['SUDO_USER']];
  const who = behind === undefined || behind === '' || behind === name ? name : `${behind} (sudo)`;
  return excerpt(who, WHO_MAXIMUM);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the user database, as in some containers.
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

/** What became of it. Pure. */
export function forcedText({ prefix, state, sentence, reason, forced }: PrefixStatus): string {
  if (forced === undefined) return `${prefix}: the order is over already\n`;
  const { verb, who, until, remaining_seconds: left, in_effect: isInEffect } = forced;
  const lines = [
    `${prefix} is forced: ${verb}, by ${who}, for ${duration(left)} (until ${until}), whatever the checks say`,
    ...(isInEffect ? [] : [`  not in effect now: it is ${state}: ${sentence} (${reason})`, `  ${BEATEN}`]),
    `  to end it before: swancast release ${prefix}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Why a forced announcement is not in effect. */
export const BEATEN =
  'a forced announcement waits while charon is gone, nothing proves it alive, or no guard answers';
