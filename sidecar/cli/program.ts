/**
 * DOC: The command `swancast`, one file a command:
 *
 *   run.ts     the daemon                        config.ts   check, print, schema
 *   status.ts  what is, as tables                render.ts   exabgp.conf; gtsm.ts: nftables rules
 *   explain.ts why, one glance for each prefix   reason.ts   what one reason means; version.ts
 *   force.ts, release.ts   break-glass             canary.ts   a real client at work, a daemon of its own
 *   check.ts  the checks: listed, run now          fleet.ts   all gateways, and whether one may go
 *   drain.ts, undrain.ts   empty this gateway, and back (add-drain.ts: their options)
 *
 * exchange.ts asks the running daemon; options.ts has the options that many share, argument.ts reads their values;
 * outcome.ts has the exit codes. Each command is imported when it is called, so that none waits for the parts of another.
 */
import { Argument, Command, CommanderError, Option } from 'commander';
import { VERSION } from '../installation.ts';
import { FORCE_SECONDS_MAXIMUM, FORCE_VERBS, type ForceVerb } from '../intent.ts';
import type { Gate } from '../fleet/gate.ts';
import { addDrain } from './add-drain.ts';
import { durationUpTo, whole } from './argument.ts';
import type { CanaryOptions } from './canary.ts';
import type { FleetOptions } from './fleet.ts';
import type { ForceOptions } from './force.ts';
import type { RenderExabgpOptions } from './render.ts';
import {
  DEFAULT_CANARY_CONFIG,
  withConfig,
  withFile,
  withJson,
  withSocket,
  type ConfigOption,
  type JsonOption,
  type SocketOptions,
} from './options.ts';
import { EXIT, EXIT_TEXTS, GATE_EXITS, processOutput } from './outcome.ts';
import { explainReason, ReasonArgument } from './reason.ts';
import type { Surroundings } from './surroundings.ts';
import { nameUsage } from './usage.ts';

/** Runs one command line (`argv` as in process.argv). Resolves with the exit code, see EXIT. */
export async function main(
  argv: readonly string[],
  surroundings: Surroundings = { output: processOutput, env: process.env },
): Promise<number> {
  if (surroundings.output === processOutput) {
    // `swancast status | head`: a reader that has seen enough is no defect.
    process.stdout.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  let code: number = EXIT.ok;
  const program = buildProgram(surroundings, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}

/** The command line as commander knows it; the manual page is made from it too. */
export function buildProgram(surroundings: Surroundings, finish: (code: number) => void): Command {
  const { output } = surroundings;
  const program = new Command('swancast');
  program
    .description('announces anycast prefixes by BGP only while strongSwan really serves')
    .version(VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .addHelpText('after', () => `\nExit codes:\n${exitLines()}`);

  withConfig(program.command('run'))
    .description('run the daemon in the foreground; SIGTERM withdraws and ends it')
    .action(async (options: ConfigOption) => {
      const { run } = await import('./run.ts');
      finish(await run(options.config, surroundings));
    });

  withSocket(program.command('status'))
    .description('show prefixes, checks and neighbors of the running daemon')
    .action(async (options: SocketOptions) => {
      const { status } = await import('./status.ts');
      finish(await status(options, surroundings));
    });

  withSocket(program.command('explain'))
    .description(
      'say for each prefix why it is in its state, what to do, and what would change it; with a reason: what that one means, without asking a daemon',
    )
    .addArgument(new ReasonArgument())
    .action(async (reason: string | undefined, options: SocketOptions) => {
      if (reason !== undefined) {
        finish(explainReason(reason, options, surroundings));
        return;
      }
      const { explain } = await import('./explain.ts');
      finish(await explain(options, surroundings));
    });

  const force = program
    .command('force')
    .description(
      'break-glass: announce or withdraw a prefix for a limited time, whatever its checks say; while charon is gone, or nothing proves it alive, nothing is announced all the same',
    )
    .addArgument(new Argument('<verb>', 'what to do').choices(FORCE_VERBS))
    .argument('<prefix>', 'a configured prefix')
    .requiredOption('--for <duration>', 'for how long: 90s, 10m, 2h, 1h30m; at most 24h', seconds)
    .requiredOption('--reason <text>', 'why, for the log and for the next person who looks');
  withSocket(force).action(async (verb: ForceVerb, prefix: string, options: ForceOptions) => {
    const { force: run } = await import('./force.ts');
    finish(await run(verb, prefix, options, surroundings));
  });

  withSocket(program.command('release'))
    .description(
      'end what was forced and what is held down for its flaps, before its time: the checks decide again',
    )
    .argument('[prefix]', 'a configured prefix; without it: all of them')
    .action(async (prefix: string | undefined, options: SocketOptions) => {
      const { release } = await import('./release.ts');
      finish(await release(prefix, options, surroundings));
    });

  addDrain(program, surroundings, finish);

  withSocket(program.command('fleet'))
    .description(
      'show all gateways of the fleet as this one hears them; with --gate, say by the exit code whether work on one may begin or go on',
    )
    .addOption(
      new Option(
        '--gate <question>',
        'drain: may it be taken out; announced: does it announce all its prefixes, with nothing failing',
      ).choices(['drain', 'announced'] satisfies Gate[]),
    )
    .option('--gateway <name>', 'the gateway in question (default: drain: this one, announced: all of them)')
    .option(
      '--minimum <number>',
      'how many others (drain), or gateways (announced), must announce each prefix',
      whole(0, GATEWAYS_MAXIMUM),
    )
    .addHelpText(
      'after',
      `\nExit codes with --gate:\n${Object.entries(GATE_EXITS)
        .map(([code, text]) => `  ${code}  ${text}\n`)
        .join('')}`,
    )
    .action(async (options: FleetOptions) => {
      const { fleet } = await import('./fleet.ts');
      finish(await fleet(options, surroundings));
    });

  const check = program.command('check').description('look at the checks of the running daemon');
  withSocket(check.command('list'))
    .description('show all checks: type, class, interval, state, age of the last look')
    .action(async (options: SocketOptions) => {
      const { list } = await import('./check.ts');
      finish(await list(options, surroundings));
    });
  withSocket(check.command('run'))
    .description('look now instead of at the next interval, and print what was seen; it counts like any look')
    .argument('[name]', 'the check; without it: all of them')
    .action(async (name: string | undefined, options: SocketOptions) => {
      const { run } = await import('./check.ts');
      finish(await run(name, options, surroundings));
    });

  withFile(withJson(program.command('canary')), 'configuration file of the canary', DEFAULT_CANARY_CONFIG)
    .description(
      'run a canary in the foreground: a real IKEv2 client (a charon of its own) that brings a tunnel up through a gateway, sends traffic and tells how that went, for checks of type canary',
    )
    .option('--once', 'try each tunnel once, print how it went, and end; also with --json')
    .action(async (options: CanaryOptions) => {
      const { canary } = await import('./canary.ts');
      finish(await canary(options, surroundings));
    });

  const config = program.command('config').description('work with the configuration file');
  withJson(withConfig(config.command('check')))
    .description('check it; print every problem with file, line, key, value and what was expected')
    .action(async (options: ConfigOption & JsonOption) => {
      const { check } = await import('./config.ts');
      finish(check(options, surroundings));
    });
  withJson(withConfig(config.command('print')))
    .description('print what is in effect: defaults filled in, the environment applied, no secrets')
    .action(async (options: ConfigOption & JsonOption) => {
      const { print } = await import('./config.ts');
      finish(print(options, surroundings));
    });
  config
    .command('schema')
    .description('print its JSON Schema, for editors')
    .action(async () => {
      const { schema } = await import('./config.ts');
      finish(schema(surroundings));
    });

  const render = program.command('render').description('render files for other programs');
  withConfig(render.command('exabgp'))
    .description("print ExaBGP's configuration, with its passwords in the clear")
    .option('-o, --output <file>', 'write this file instead: whole or not at all, for its owner alone')
    .option('--reload', 'only if the ExaBGP that runs from that file can take it over, by SIGUSR1')
    .action(async (options: RenderExabgpOptions) => {
      const { renderExabgp } = await import('./render.ts');
      finish(await renderExabgp(options, surroundings));
    });
  withConfig(render.command('gtsm'))
    .description('nftables rules: BGP of neighbors with gtsm: true counts only with TTL 255')
    .action(async (options: ConfigOption) => {
      const { renderGtsm } = await import('./render.ts');
      finish(renderGtsm(options.config, surroundings));
    });

  withJson(program.command('version'))
    .description('print the version')
    .action(async (options: JsonOption) => {
      const { version } = await import('./version.ts');
      finish(version(options, surroundings));
    });
  nameUsage(program);
  return program;
}

const seconds = durationUpTo(FORCE_SECONDS_MAXIMUM, '24h');
/** Of no fleet there are more. */
const GATEWAYS_MAXIMUM = 99_999;

const exitLines = (): string =>
  Object.entries(EXIT_TEXTS)
    .map(([name, text]) => `  ${EXIT[name as keyof typeof EXIT]}  ${text}\n`)
    .join('');
