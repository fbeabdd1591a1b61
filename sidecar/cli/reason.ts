/** `swancast explain REASON`: what one token means, wherever it was seen; no daemon is asked. */
import { Argument } from 'commander';
import { nearest } from '../config/nearest.ts';
import { show } from '../config/problem.ts';
import { REASONS, type Reason } from '../reason.ts';
import { EXIT, printJson } from './outcome.ts';
import type { JsonOption } from './options.ts';
import type { Surroundings } from './surroundings.ts';

/** Not choices(): help, and every mistake, would list a hundred of them. */
export class ReasonArgument extends Argument {
  /** For completion. */
  readonly words: readonly string[] = Object.keys(REASONS);

  constructor() {
    super(
      '[reason]',
      'what this one means, such as charon-gone; without it: why each prefix is in its state',
    );
  }
}

export function explainReason(token: string, { json }: JsonOption, { output }: Surroundings): number {
  if (!isReason(token)) {
    const guess = nearestReason(token);
    const wayOut =
      guess === undefined
        ? '`swancast explain` alone names those that are the case here'
        : `did you mean ${guess}?`;
    output.err(`error: ${show(token)} is no reason; ${wayOut}\n`);
    return EXIT.usage;
  }
  const { class: level, sentence, wayOut } = REASONS[token];
  if (json === true) printJson(output, { reason: token, class: level, sentence, way_out: wayOut });
  else output.out(`${token} (class ${level})\n\n  why   ${sentence}\n  do    ${wayOut}\n`);
  return EXIT.ok;
}

const isReason = (token: string): token is Reason => Object.hasOwn(REASONS, token);

/** nearest() is made for keys, which have "_" where tokens have "-". */
const nearestReason = (token: string): string | undefined =>
  nearest(
    token,
    Object.keys(REASONS).map((each) => each.replaceAll('-', '_')),
  )?.replaceAll('_', '-');
