/**
 * DOC: the lab's virtual machine. Debian's cloud kernel in qemu, with the machine's own Debian packages and this
 * project inside, for a data plane of kernel ESP.
 *
 *   node test/lab/vm/main.ts run -- COMMAND...   runs a command of the project in it, with its exit code
 *   node test/lab/vm/main.ts prepare             makes the images now, which else the first run does
 *
 *   machine.ts        boots qemu, hands out stdout, progress, results and exit code; requirements.ts: what it needs
 *   root-image.ts     kernel, initramfs (cpio.ts, modules.ts), root file system (packages.ts, ext4.ts)
 *   project-disks.ts  node_modules and the project, with the job (job.ts) to run; cache.ts: kept between runs
 *   guest/            the two scripts that run inside
 *   exercise.ts       an exercise of the lab, run in it (lab --dataplane kernel); plan.ts: with which command line
 */
import { cpSync } from 'node:fs';
import { Command } from 'commander';
import { LabError, thrownUnder } from '../lab-error.ts';
import { prepare, withMachine } from './machine.ts';

const interrupt = new AbortController();
const progress = (line: string): void => void process.stderr.write(`${line}\n`);

interface RunOptions {
  readonly memory: string;
  readonly timeout: string;
  readonly results?: string;
}

async function run(argv: readonly string[], { memory, timeout, results }: RunOptions): Promise<void> {
  const [program, ...args] = argv;
  if (program === undefined) throw new LabError('LAB_ARGUMENT', 'run -- COMMAND...: there is no command');
  const options = {
    memoryMb: Number(memory),
    timeoutMs: Number(timeout) * 1000,
    stdout: (chunk: Buffer) => void process.stdout.write(chunk),
    progress,
  };
  const job = { argv: [program, ...args], env: {} } as const;
  process.exitCode = await withMachine(job, options, interrupt.signal, async (result) => {
    progress(`vm: ${result.seconds.toFixed(1)} s in all, exit code ${result.exitCode}`);
    if (results !== undefined) cpSync(result.results, results, { recursive: true });
    return Promise.resolve(result.exitCode);
  });
}

const cli = new Command('node test/lab/vm/main.ts').description("The lab's virtual machine.");
cli
  .command('run')
  .description('runs a command in the project, inside')
  .argument('<command...>')
  .option('--memory <mb>', 'of the machine', '2048')
  .option('--timeout <seconds>', 'turned off after this long', '1800')
  .option('--results <directory>', 'what the command leaves in /run/results is copied to here')
  .action(run);
cli
  .command('prepare')
  .description('makes the images that are not there yet')
  .action(async () => void (await prepare(progress, interrupt.signal)));

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(name, () => interrupt.abort(new LabError('LAB_INTERRUPTED', `stopped by ${name}`)));
try {
  await cli.parseAsync();
} catch (thrown) {
  const error = thrownUnder(interrupt.signal, thrown);
  if (!(error instanceof LabError)) throw error;
  progress(`vm: ${error.message}`);
  process.exitCode = 1;
}
