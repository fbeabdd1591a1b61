/** Values of options: text of the command line → what commands take, or why it is none. */
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../intent.ts';

/** "10m" → 600; `shown`: the longest, for people. */
export const durationUpTo =
  (maximum: number, shown: string) =>
  (text: string): number => {
    const found = parseDuration(text);
    if (found !== undefined && found >= 1 && found <= maximum) return found;
    throw new InvalidArgumentError(`From 1s to ${shown} expected, such as 90s, 10m, 2h or 1h30m.`);
  };

export const whole =
  (minimum: number, maximum: number) =>
  (text: string): number => {
    const found = /^\d{1,9}$/u.test(text) ? Number(text) : undefined;
    if (found !== undefined && found >= minimum && found <= maximum) return found;
    throw new InvalidArgumentError(`A whole number from ${minimum} to ${maximum} expected.`);
  };
