/**
 * `make test`: every stage in turn, each with its own output, then the names of what failed or was skipped and one
 * line for all of them: "N passed, N failed, N skipped". A stage that ends badly without naming a failed test counts
 * as one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcomeOfRuns, outcomeOfTests, type Outcome } from './outcome.ts';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'swancast-test-'));

interface Stage {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Where the stage writes its results, and how to read them; without it the exit code is one test. */
  readonly report?: { readonly file: string; readonly outcome: (text: string) => Outcome };
}

const vitest = (project: string): Stage => {
  const file = join(scratch, `${project}.json`);
  return {
    name: `${project} tests`,
    argv: [
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    report: { file, outcome: (text) => outcomeOfTests(text, root) },
  };
};

const lab = (name: string, ...args: string[]): Stage => {
  const file = join(scratch, `${name.replaceAll(' ', '-')}.json`);
  return {
    name: `lab: ${name}`,
    argv: ['node', 'test/lab/main.ts', ...args, '--name', `t${process.pid}`, '--json', file],
    report: { file, outcome: outcomeOfRuns },
  };
};

const hosts = (name: string, ...args: string[]): Stage => {
  const file = join(scratch, `hosts-${name}.json`);
  return {
    name: `hosts: ${name}`,
    argv: ['node', 'test/hosts/main.ts', ...args, '--name', `t${process.pid}`, '--json', file],
    report: { file, outcome: outcomeOfRuns },
  };
};

const CHAOS_SEED = process.env['CHAOS_SEED'] ?? '145';

const STAGES: readonly Stage[] = [
  { name: 'types', argv: ['tsc', '--noEmit'] },
  { name: 'lint', argv: ['oxlint', '--type-aware', '--deny-warnings', '.'] },
  { name: 'format', argv: ['prettier', '--check', '--log-level=warn', '.'] },
  { name: 'rules can fail', argv: ['node', 'test/check/fixtures.ts'] },
  vitest('unit'),
  vitest('integration'),
  lab('crash bird', 'crash', '--runs', '2', '--router', 'bird', '--bundle'),
  lab('crash frr', 'crash', '--runs', '1', '--router', 'frr', '--bundle'),
  lab('crash kernel ESP', 'crash', '--runs', '1', '--bundle', '--dataplane', 'kernel', '--or-skip'),
  lab('sidecar-kill', 'sidecar-kill', '--runs', '1', '--bundle'),
  lab('restarts', 'restarts', '--runs', '5', '--bundle'),
  // All of them take three minutes; what is left out (crowds of clients, held-up workers, CPU) waits for windows to pass.
  lab(
    'health',
    ...['health', '--bundle', '--only'],
    'certificates,pool,ike-probe,tunnel-path,http,exec,canary,interface,kernel-ipsec,limit of file descriptors',
  ),
  // All of them take half an hour: what three gateways share is watched for five minutes each.
  lab(
    'routing',
    ...['routing', '--bundle', '--seconds', '5', '--only'],
    'dual-stack-attributes,two-routers-withdraw,roles-no-preempt,shared-certificate,shared-charon',
  ),
  // Ten minutes for all of them, on a machine that does nothing else: here only what would take a client seconds fails.
  lab(
    'exercises',
    ...[
      'exercise',
      'drain-redirect on anycast+drain-terminate on anycast+fail-back with sweep+evacuate+flap pinned',
    ],
    ...['--clients', '10', '--slack', '5', '--bundle'],
  ),
  lab(
    'exercises kernel ESP',
    ...['exercise', 'crash dpd 2 s+drain-redirect on anycast+drain-terminate on anycast+flap pinned'],
    ...['--clients', '2', '--bundle', '--dataplane', 'kernel', '--or-skip'],
  ),
  // All scenarios take six minutes, on a machine that does nothing else: here only what would take a client seconds fails.
  hosts('rollout', 'rollout', '--subset', '--slack', '5'),
  // The same faults each time, so that a failure can be seen again. This seed draws many kinds within the minute.
  lab(`chaos seed ${CHAOS_SEED}`, 'chaos', '--seconds', '60', '--seed', CHAOS_SEED, '--bundle'),
];

function run({ name, argv: [program, ...args], report }: Stage): Outcome {
  process.stdout.write(`\n== ${name}\n`);
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  const { status, signal } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  const broken = { passed: 0, failed: [`ended with ${signal ?? status}; its output says why`], skipped: [] };
  if (report === undefined) return status === 0 ? { passed: 1, failed: [], skipped: [] } : broken;
  const outcome = read(report) ?? broken;
  return status === 0 || outcome.failed.length > 0 ? outcome : { ...outcome, failed: broken.failed };
}

/** A stage that broke off has no report, or half of one. */
function read({ file, outcome }: NonNullable<Stage['report']>): Outcome | undefined {
  try {
    return outcome(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

const only = process.argv.slice(2);
let passed = 0;
const failed: string[] = [];
const skipped: string[] = [];
try {
  for (const stage of STAGES.filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  )) {
    const outcome = run(stage);
    passed += outcome.passed;
    failed.push(...outcome.failed.map((each) => `${stage.name}: ${each}`));
    skipped.push(...outcome.skipped.map((each) => `${stage.name}: ${each}`));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const list = (word: string, names: readonly string[]): string =>
  names.length === 0 ? '' : `\n${names.map((name) => `${word}: ${name}\n`).join('')}`;
process.stdout.write(`${list('skipped', skipped)}${list('FAILED', failed)}`);
console.log(
  `\n${passed} passed, ${failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
);
process.exitCode = failed.length === 0 && passed > 0 ? 0 : 1;
