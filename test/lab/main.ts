/**
 * DOC: the lab. Two gateways with real charon, ExaBGP and swancast, a real router, real IKEv2 clients with traffic
 * in their tunnels, all in network namespaces; faults are set on purpose and judged from outside.
 *
 *   main.ts            argv → exercise → exit code
 *   lab-session.ts     raise a lab, use it, take it down
 *   exercise-run.ts    crash and sidecar-kill; exercises.ts: what is killed, outage.ts: one run
 *   faults-exercise.ts faults; fault.ts: what a fault is, faults-withdraw.ts and faults-calm.ts: the tables,
 *                      faults-load.ts: what holds up charon, faults-scarcity.ts, faults-late.ts and
 *                      faults-fast.ts: more of them, fault-plan.ts: which when, fault-run.ts: one run,
 *                      fault-window.ts and fault-report.ts: judged
 *   health/            health: see health/trial.ts
 *   routing/           routing: see routing/trial.ts; trial-labs.ts: what both have in common
 *   sessions/          exercise: see sessions/exercise.ts
 *   restarts.ts        hitless restarts in a row; idle.ts: what the processes cost (process-cost.ts)
 *   lab.ts             puts the lab together from topology.ts (drawing), site.ts (how it may differ), namespaces.ts,
 *                      pki.ts, charon.ts, router-conf.ts, steady.ts (until it is up),
 *                      strongswan-conf.ts, gateway.ts, sidecar-config.ts, router.ts, client.ts
 *   timeline.ts        everything seen or done, and the waits on it. Filled by capture.ts (BGP on the wire,
 *                      wire/*), fib.ts (the router's kernel routes), client.ts (traffic/*: answered packets)
 *   gateway.ts         its parts and what can be done to them: gateway-parts.ts (who is who), vici-command.ts,
 *                      unit.ts (ExaBGP as systemd would keep it, for supervise: false)
 *   processes.ts       start; ledger.ts, process-identity.ts, cleanup.ts: leave nothing behind
 *   report.ts          numbers, table, JSON
 *   vm/                --dataplane kernel: the same in a virtual machine, see vm/main.ts; dataplane.ts
 *   chaos-run.ts       random faults from a seed, judged by observer.ts
 */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { runChaos, type ChaosOptions } from './chaos-run.ts';
import { takeDown } from './cleanup.ts';
import { DATAPLANES } from './dataplane.ts';
import { EXERCISES } from './exercises.ts';
import { runExercise, type ExerciseOptions } from './exercise-run.ts';
import { runFaults, type FaultsOptions } from './faults-exercise.ts';
import { LabError, thrownUnder } from './lab-error.ts';
import { runHealth, type HealthOptions } from './health/health-exercise.ts';
import { runIdle, type IdleOptions } from './idle.ts';
import { assertWritable, type Output } from './lab-session.ts';
import { labDirectory, Ledger, NAME_PATTERN } from './ledger.ts';
import { runRouting, type RoutingOptions } from './routing/routing-exercise.ts';
import { runRestarts, type RestartsOptions } from './restarts.ts';
import { ROUTER_KINDS } from './router.ts';
import { bestOf } from './sessions/measured.ts';
import { readReport } from './sessions/read-report.ts';
import { runSessions, type SessionsOptions } from './sessions/run.ts';
import { runInMachine } from './vm/exercise.ts';
import { planMachine } from './vm/plan.ts';

const INTERRUPTED = 130;

const interrupt = new AbortController();
const output: Output = {
  progress: (line) => process.stderr.write(`${line}\n`),
  result: (text) => process.stdout.write(`${text}\n`),
};

function stopOn(name: string): void {
  // Stays installed: a second Ctrl-C must not cut the cleaning up short.
  process.on(name, () => {
    if (!interrupt.signal.aborted) output.progress(`${name}: taking the lab down`);
    interrupt.abort(new LabError('LAB_INTERRUPTED', `stopped by ${name}`));
  });
}

function parseCount(limit: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (Number.isInteger(count) && count >= 1 && count <= limit) return count;
    throw new InvalidArgumentError(`a whole number from 1 to ${limit} is expected.`);
  };
}

function parseName(text: string): string {
  if (NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError('lower-case letters, digits and "-" are expected, at most 16.');
}

function nameOption(): Option {
  return new Option('--name <name>', 'labs of different names can run at once')
    .default('lab')
    .argParser(parseName);
}

function superviseOption(): Option {
  const option = new Option(
    '--supervise <who>',
    'true: swancast starts ExaBGP; false: a unit of its own does',
  );
  return option.default(true).argParser((text) => {
    if (text === 'true' || text === 'false') return text === 'true';
    throw new InvalidArgumentError('true or false is expected.');
  });
}

/** "kernel" never reaches a command out here: see planMachine. */
function dataplaneOption(): Option {
  const what =
    'who does ESP: kernel-libipsec, or the kernel of a virtual machine in which all of it runs then';
  return new Option('--dataplane <who>', what).choices(DATAPLANES).default('libipsec');
}

async function clean(name: string): Promise<void> {
  Ledger.claim(name);
  const found = await takeDown(name);
  output.result(
    found ? `lab "${name}" taken down; logs: ${labDirectory(name)}/logs` : `there is no lab "${name}"`,
  );
}

function fail(thrown: unknown): void {
  const error = thrownUnder(interrupt.signal, thrown);
  const known = error instanceof LabError;
  output.progress(
    `lab: ${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  process.exitCode = known && error.code === 'LAB_INTERRUPTED' ? INTERRUPTED : 1;
}

const program = new Command('npm run -s lab --').description(
  'Faults on real parts in network namespaces, judged from outside.',
);

/** An exercise, with the options that all of them have. */
function command(name: string, summary: string): Command {
  return program
    .command(name)
    .description(summary)
    .addOption(new Option('--router <daemon>', 'the router').choices(ROUTER_KINDS).default('bird'))
    .option('--json <file>', 'write the report here too')
    .option('--bundle', 'run dist/swancast.cjs instead of the sources', false)
    .option('--sidecar <file>', 'run this entry file instead, for example of another build')
    .addOption(dataplaneOption())
    .option('--or-skip', 'with --dataplane kernel: where there is no qemu, say so and count it as skipped')
    .addOption(nameOption());
}

function finish(ok: boolean): void {
  if (!ok) process.exitCode = 1;
}

for (const exercise of EXERCISES)
  command(exercise.name, exercise.summary)
    .option('--runs <n>', 'how often', parseCount(1000), 1)
    .option('--clients <n>', 'IKEv2 clients', parseCount(250), 1)
    .option('--demo', 'say first what is shown', false)
    .option('--keep', 'leave the lab up afterwards', false)
    .addOption(superviseOption())
    .action(async (options: ExerciseOptions) =>
      finish(await runExercise(exercise, options, output, interrupt.signal)),
    );
command('faults', 'every fault there is a bound for, and the bad days that must not move a client')
  .option('--runs <n>', 'how often each', parseCount(1000), 1)
  .option('--only <names>', 'these faults only, by name, with commas between', (text) => text.split(','))
  .option('--lasting-runs <n>', 'how often at most what takes long and has no median', parseCount(1000), 5)
  .option('--seconds <n>', 'how long the CPU hogs last', parseCount(3600), 20)
  .action(async (options: FaultsOptions) => finish(await runFaults(options, output, interrupt.signal)));
command('health', "every check's real failure and its recovery")
  .option('--only <names>', 'these checks only, or causes with these words, with commas between', (text) =>
    text.split(','),
  )
  .action(async (options: HealthOptions) => finish(await runHealth(options, output, interrupt.signal)));
command('routing', 'prefixes, neighbors, roles, fleet and routers, judged at the routers and at the clients')
  .option('--only <names>', 'these trials only, by name or its beginning, with commas between', (text) =>
    text.split(','),
  )
  .option('--seconds <n>', 'how long to watch where nothing may happen', parseCount(3600), 300)
  .action(async (options: RoutingOptions) => finish(await runRouting(options, output, interrupt.signal)));
command('exercise', 'what clients with traffic see of crashes, drains, flaps and fail-backs')
  .argument('<name>', '"all", or names with + between: crash, drain-redirect, "flap pinned"…')
  .option('--runs <n>', 'how often each', parseCount(1000), 1)
  .option('--clients <n>', 'IKEv2 clients', parseCount(1000), 20)
  .option('--talkers <n>', 'so many of them have traffic; all by default', parseCount(250))
  .option('--rate <n>', 'clients moved a second; as swancast has it by default', parseCount(10_000))
  .option('--slack <n>', 'bounds are so many times as wide: for a busy machine', parseCount(1000), 1)
  .action(async (name: string, options: SessionsOptions) =>
    finish(await runSessions(name, options, output, interrupt.signal)),
  );
program
  .command('plot')
  .description('draws what each client saw: a row an exercise, a tick a client')
  .argument('<report...>', 'what `exercise --json` wrote')
  .requiredOption('--svg <file>', 'the picture')
  .action(async (files: readonly string[], { svg }: { readonly svg: string }) => {
    assertWritable(svg);
    const { plotOf } = await import('./sessions/plot.ts');
    writeFileSync(svg, await plotOf(bestOf(files.map(readReport))));
  });
command('restarts', "the serving gateway's swancast restarted again and again: nobody may notice")
  .option('--runs <n>', 'how often', parseCount(1000), 50)
  .option('--clients <n>', 'IKEv2 clients', parseCount(250), 1)
  .action(async (options: RestartsOptions) => finish(await runRestarts(options, output, interrupt.signal)));
command('idle', 'what swancast, guard and ExaBGP cost while nothing happens')
  .option('--seconds <n>', 'how long to watch', parseCount(3600), 60)
  .addOption(superviseOption())
  .action(async (options: IdleOptions) => finish(await runIdle(options, output, interrupt.signal)));
command('chaos', 'random faults from a seed, and a judge at the router that knows the invariants')
  .option('--seconds <n>', 'how long', parseCount(86_400), 60)
  .option(
    '--seed <n>',
    'which faults when: the same seed and seconds give the same',
    parseCount(2 ** 32 - 1),
    1,
  )
  .addOption(superviseOption())
  .action(async (options: ChaosOptions) => finish(await runChaos(options, output, interrupt.signal)));
program
  .command('clean')
  .description('takes down what a lab left: one of --keep, or one that was killed')
  .addOption(nameOption())
  .action(async (options: { readonly name: string }) => clean(options.name));

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) stopOn(name);
// A bug in an event handler, too, must not leave the lab behind.
process.on('uncaughtException', (error) => interrupt.abort(error));
try {
  const plan = planMachine(process.argv.slice(2));
  if (plan === undefined) await program.parseAsync();
  else finish(await runInMachine(plan, output, interrupt.signal));
} catch (error) {
  fail(error);
}
process.exit();
