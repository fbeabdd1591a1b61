/** `swancast drain` and `swancast undrain` as commander knows them. */
import { Option, type Command } from 'commander';
import { SESSIONS } from '../config/schema-sessions.ts';
import { DRAIN_SECONDS_MAXIMUM } from '../sessions/drain-intent.ts';
import { DEADLINE_SECONDS_MAXIMUM, MOVE_METHODS, RATE_MAXIMUM } from '../sessions/policy.ts';
import { durationUpTo, whole } from './argument.ts';
import type { DrainOptions } from './drain.ts';
import { withSocket } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import type { UndrainOptions } from './undrain.ts';

const drainSeconds = durationUpTo(DRAIN_SECONDS_MAXIMUM, '720h');
const deadlineSeconds = durationUpTo(DEADLINE_SECONDS_MAXIMUM, '24h');
const RATE = SESSIONS.keys.rate_per_second.default;
const DEADLINE = SESSIONS.sections.drain.keys.deadline_seconds.default;
const AS = 'for units: by this name, and only if nobody else has drained this gateway';

export const DRAIN_EXAMPLES = {
  'swancast drain --reason "new kernel" --wait': 'before work: comes back when the clients have moved',
  'swancast undrain': 'after it: the checks decide again, without a hold-down',
  'swancast drain --reason "disk" --wait --for 2h': 'the same, and undrained by itself after two hours',
} as const;

const exampleLines = (): string =>
  Object.entries(DRAIN_EXAMPLES)
    .map(([line, text]) => `  ${line}\n      ${text}\n`)
    .join('');

export function addDrain(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  const drain = program
    .command('drain')
    .description(
      'empty this gateway: it is withdrawn and its clients are moved to others; it stays so until undrain; refused where nobody else could take them',
    )
    .option('--reason <text>', 'why, for the log and for the next person who looks', 'no reason given')
    .option(
      '--for <duration>',
      'undrain by itself after this long: 90s, 10m, 2h (default: never)',
      drainSeconds,
    )
    .option('--to <gateway>', 'redirect to this gateway alone (default: every healthy one)')
    .addOption(
      new Option(
        '--move <method>',
        'redirect, terminate, none (withdraw only), or auto: redirect where addresses follow the identity (sessions.addresses), else terminate',
      )
        .choices(MOVE_METHODS)
        .default('auto'),
    )
    .option(
      '--rate <n>',
      `logins a second that this may cause elsewhere (default: sessions.rate_per_second, ${RATE} where it is not set)`,
      whole(1, RATE_MAXIMUM),
    )
    .option(
      '--deadline <duration>',
      `give up on who is still here after this long (default: sessions.drain.deadline_seconds, ${DEADLINE}s where it is not set)`,
      deadlineSeconds,
    )
    .option(
      '--force',
      'go on where it would be refused: nobody else could take the clients, a gateway that they would be redirected to does not answer, or `swancast force` keeps a prefix announced; clients may be cut off then',
    )
    .option('--wait', 'until it is done; fails when the deadline passes with sessions left')
    .option('--as <name>', AS)
    .addHelpText('after', `\nExamples:\n${exampleLines()}`);
  withSocket(drain).action(async (options: DrainOptions) => {
    const { drain: run } = await import('./drain.ts');
    finish(await run(options, surroundings));
  });

  withSocket(program.command('undrain'))
    .description('end a drain at whatever step it is: the checks decide again')
    .option('--as <name>', AS)
    .action(async (options: UndrainOptions) => {
      const { undrain } = await import('./undrain.ts');
      finish(await undrain(options, surroundings));
    });
}
