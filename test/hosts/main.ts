/**
 * DOC: `npm run -s hosts -- VERB`: Debian hosts that really boot, and what a rollout does to them.
 *
 *   main.ts (here)     verbs and options; requirements.ts: whether hosts can be booted here
 *   plan.ts            the network of management beside that of the lab (pure)
 *   root-image.ts      the root file system, made once; boot.sh, host.ts: power, and commands in a host
 *   provision.ts       what a host has before swancast; control.ts: the machine that has Ansible
 *   site.ts            all of it put together; take-down.ts: leave nothing behind
 *
 *   rollout.ts         `rollout`: one row a scenario; with-site.ts, set-stage.ts: what they need; report.ts: figures,
 *                      judgement, table (pure)
 *   scenario.ts        what a scenario is; scenarios.ts: all of them, in scenarios-rolling.ts (what Ansible does),
 *                      scenarios-changes.ts (to one host, or with one lost), scenarios-days.ts (what happens to a host),
 *                      scenarios-removal.ts; expect.ts: their waits
 *   ansible.ts         ansible-playbook; play-recap.ts: what it said (pure); host-config.ts: the variables (pure)
 *   releases.ts        other versions of swancast and strongSwan; watch.ts: what is seen from outside
 *   prometheus.ts      a Prometheus with the rules that ship
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { LabError, thrownUnder } from '../lab/lab-error.ts';
import { labDirectory, Ledger, NAME_PATTERN } from '../lab/ledger.ts';
import { enter, initOf } from './host.ts';
import { planHosts } from './plan.ts';
import { SCENARIOS } from './scenarios.ts';
import { runRollout, type RolloutOptions } from './rollout.ts';
import { assertCanBootHosts } from './requirements.ts';
import { raiseSite } from './site.ts';
import { takeDownHosts } from './take-down.ts';

const INTERRUPTED = 130;
const CLIENTS = 6;
const interrupt = new AbortController();
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const result = (text: string): void => void process.stdout.write(`${text}\n`);

function parseName(text: string): string {
  if (NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError('lower-case letters, digits and "-" are expected, at most 16.');
}

const parseCount =
  (limit: number) =>
  (text: string): number => {
    const count = Number(text);
    if (Number.isInteger(count) && count >= 1 && count <= limit) return count;
    throw new InvalidArgumentError(`a whole number from 1 to ${limit} is expected.`);
  };

function scenarioList(): string {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length)) + 2;
  return SCENARIOS.map(({ name, shows }) => `  ${name.padEnd(width)}${shows}`).join('\n');
}

const nameOption = (): Option =>
  new Option('--name <name>', 'hosts of different names can run at once')
    .default('hosts')
    .argParser(parseName);

async function up({ name, clients }: { readonly name: string; readonly clients: number }): Promise<void> {
  await assertCanBootHosts(interrupt.signal);
  const ledger = Ledger.claim(name);
  const died = new AbortController();
  const signal = AbortSignal.any([interrupt.signal, died.signal]);
  try {
    await raiseSite({ ledger, name, clients, progress, onDeath: (error) => died.abort(error) }, signal);
  } catch (error) {
    ledger.end();
    await takeDownHosts(name);
    throw error;
  }
  ledger.disown();
  result(
    `up. Now: npm run -s hosts -- exec --name ${name} gw1|gw2|gw3|control|router|client|backend COMMAND…`,
  );
}

async function rollout(options: RolloutOptions): Promise<void> {
  if (!(await runRollout(options, { progress, result }, interrupt.signal))) process.exitCode = 1;
}

async function down({ name }: { readonly name: string }): Promise<void> {
  Ledger.claim(name).end();
  const found = await takeDownHosts(name);
  result(
    found ? `hosts "${name}" taken down; logs: ${labDirectory(name)}/logs` : `there are no hosts "${name}"`,
  );
}

async function exec(
  where: string,
  argv: readonly string[],
  { name }: { readonly name: string },
): Promise<void> {
  const { hosts, topology, control } = planHosts(name, 0);
  const host = hosts.find((each) => each.name === where);
  const places: Readonly<Record<string, string>> = { ...topology.namespaces, control };
  const namespace = places[where];
  if (namespace === undefined)
    throw new LabError('LAB_ARGUMENT', `there is no "${where}"; there are ${Object.keys(places).join(', ')}`);
  const init = host === undefined ? undefined : await initOf(namespace, interrupt.signal);
  if (host !== undefined && init === undefined)
    throw new LabError(
      'LAB_ARGUMENT',
      `${where} of "${name}" is not up: npm run -s hosts -- up --name ${name}`,
    );
  const [program, ...before] = init === undefined ? ['ip', 'netns', 'exec', namespace] : enter(init.pid);
  const child = spawn(program, [...before, ...argv], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

function fail(thrown: unknown): void {
  const error = thrownUnder(interrupt.signal, thrown);
  const known = error instanceof LabError;
  progress(
    `hosts: ${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  process.exitCode = known && error.code === 'LAB_INTERRUPTED' ? INTERRUPTED : 1;
}

const program = new Command('npm run -s hosts --')
  .description('Hosts that boot, and a rollout on them.')
  // What follows a command in a host belongs to that command.
  .enablePositionalOptions()
  .showHelpAfterError()
  .addHelpText('after', `\nScenarios of rollout (--only):\n${scenarioList()}`);
program
  .command('rollout')
  .description('what Ansible, time and accidents do to three gateways, as routers and clients see it')
  .addHelpText('after', `\nScenarios (--only):\n${scenarioList()}`)
  .option('--json <file>', 'write the report here too')
  .option('--only <names>', 'these scenarios only, by name or its beginning, with commas between', (text) =>
    text.split(','),
  )
  .option('--subset', 'those alone that `make test` runs', false)
  .option('--clients <n>', 'IKEv2 clients, all with traffic', parseCount(50), CLIENTS)
  .option(
    '--slack <n>',
    'times and losses may be so many times as large: for a busy machine',
    parseCount(1000),
    1,
  )
  .option('--keep', 'leave the hosts up afterwards', false)
  .addOption(nameOption())
  .action(rollout);
program
  .command('up')
  .description(
    'raises three hosts with strongSwan and without swancast, a router, clients, and leaves them up',
  )
  .option('--clients <n>', 'IKEv2 clients', parseCount(50), CLIENTS)
  .addOption(nameOption())
  .action(up);
program
  .command('exec')
  .description('runs a command in a host, or in another namespace: control, router, client, backend')
  .argument('<where>')
  .argument('<command...>')
  .passThroughOptions()
  .addOption(nameOption())
  .action(exec);
program
  .command('down')
  .description('takes down what `up`, --keep or a killed run left')
  .addOption(nameOption())
  .action(down);

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(name, () => {
    if (!interrupt.signal.aborted) progress(`${name}: taking the hosts down`);
    interrupt.abort(new LabError('LAB_INTERRUPTED', `stopped by ${name}`));
  });
process.on('uncaughtException', (error) => interrupt.abort(error));
try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}
process.exit();
