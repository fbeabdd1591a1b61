/** `swancast check list` and `swancast check run`: the checks, as they are set up and as they stand. */
import type { CheckList, ListedCheck } from '../check-desk.ts';
import { askDaemon, exchange } from './exchange.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import { duration } from '../duration.ts';
import { table } from './table.ts';

export async function list(options: SocketOptions, surroundings: Surroundings): Promise<number> {
  const answer = await askList(options, surroundings);
  if (typeof answer === 'number') return answer;
  if (options.json === true) printJson(surroundings.output, answer);
  else surroundings.output.out(listText(answer));
  return EXIT.ok;
}

/** What the way there and back may take on top of the looks. */
const MARGIN_MS = 3000;

/** Exit code 1 unless every check that looked passes. */
export async function run(
  name: string | undefined,
  options: SocketOptions,
  surroundings: Surroundings,
): Promise<number> {
  const before = await askList(options, surroundings);
  if (typeof before === 'number') return before;
  // Only the daemon knows how long its checks may take.
  const slowest = Math.max(0, ...before.checks.map(({ timeout_seconds: seconds }) => seconds * 1000));
  const answer = await askDaemon(
    options,
    surroundings,
    (socket, signal) =>
      exchange(socket, { path: '/checks/run', order: name === undefined ? {} : { name } }, isList, signal),
    slowest + MARGIN_MS,
  );
  if (typeof answer === 'number') return answer;
  if (options.json === true) printJson(surroundings.output, answer);
  else surroundings.output.out(ranText(answer));
  return answer.checks.every(({ verdict }) => verdict === 'pass') ? EXIT.ok : EXIT.problem;
}

const askList = (options: SocketOptions, surroundings: Surroundings): Promise<CheckList | number> =>
  askDaemon(options, surroundings, (socket, signal) => exchange(socket, { path: '/checks' }, isList, signal));

/** Pure. */
export const listText = ({ checks }: CheckList): string =>
  `${table(
    ['CHECK', 'TYPE', 'CLASS', 'EVERY', 'TIMEOUT', 'STATE', 'LAST', 'AGE', 'REASON'],
    checks.map((check) => [
      check.name,
      check.type,
      classWord(check),
      duration(check.interval_seconds),
      duration(check.timeout_seconds),
      check.up ? 'up' : 'down',
      check.verdict,
      ageWord(check),
      check.reason ?? '-',
    ]),
  )}\n`;

/** Pure. */
export const ranText = ({ checks }: CheckList): string =>
  `${table(
    ['CHECK', 'RESULT', 'CLASS', 'REASON', 'SEEN'],
    checks.map((check) => [
      check.name,
      check.verdict,
      check.verdict === 'pass' ? '-' : classWord(check),
      check.verdict === 'pass' ? '-' : (check.reason ?? '-'),
      check.value ?? '-',
    ]),
  )}\n`;

/** How bad its failure is now, or would be: that of a reason, unless the configuration says otherwise. */
const classWord = ({ class: now, configured_class: configured }: ListedCheck): string =>
  now ?? configured ?? 'by reason';

const ageWord = ({ age_seconds: age }: ListedCheck): string => (age === undefined ? '-' : duration(age));

function isList(value: unknown): value is CheckList {
  if (typeof value !== 'object' || value === null || !('checks' in value)) return false;
  const { checks } = value;
  return (
    Array.isArray(checks) &&
    checks.every(
      (check: unknown) =>
        typeof check === 'object' &&
        check !== null &&
        'timeout_seconds' in check &&
        typeof check.timeout_seconds === 'number' &&
        'interval_seconds' in check &&
        typeof check.interval_seconds === 'number',
    )
  );
}
