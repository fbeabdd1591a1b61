/**
 * `make test`: every stage in turn, each with its own output, then one line for all of them:
 * "N passed, N failed, N skipped". A stage that ends badly without naming a failed test counts as one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'swancast-test-'));

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Stage {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Where the stage writes its results, and how to count them; without it the exit code is one test. */
  readonly report?: { readonly file: string; readonly count: (text: string) => Count };
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
    report: { file, count: countTests },
  };
};

const lab = (name: string, ...args: string[]): Stage => {
  const file = join(scratch, `${name.replaceAll(' ', '-')}.json`);
  return {
    name: `lab: ${name}`,
    argv: ['node', 'test/lab/main.ts', ...args, '--name', `t${process.pid}`, '--json', file],
    report: { file, count: countRuns },
  };
};

const hosts = (name: string, ...args: string[]): Stage => {
  const file = join(scratch, `hosts-${name}.json`);
  return {
    name: `hosts: ${name}`,
    argv: ['node', 'test/hosts/main.ts', ...args, '--name', `t${process.pid}`, '--json', file],
    report: { file, count: countRuns },
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

function countTests(text: string): Count {
  const report = JSON.parse(text) as Record<'numPassedTests' | 'numFailedTests' | 'numPendingTests', number>;
  return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests };
}

function countRuns(text: string): Count {
  const { runs } = JSON.parse(text) as {
    runs: readonly { readonly ok: boolean; readonly skipped?: string }[];
  };
  const skipped = runs.filter((run) => run.skipped !== undefined).length;
  const passed = runs.filter((run) => run.ok && run.skipped === undefined).length;
  return { passed, failed: runs.length - passed - skipped, skipped };
}

function run({ name, argv: [program, ...args], report }: Stage): Count {
  process.stdout.write(`\n== ${name}\n`);
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  if (report === undefined) return { passed: Number(status === 0), failed: Number(status !== 0), skipped: 0 };
  const count = read(report) ?? { passed: 0, failed: 1, skipped: 0 };
  return status === 0 ? count : { ...count, failed: Math.max(1, count.failed) };
}

/** A stage that broke off has no report, or half of one. */
function read({ file, count }: NonNullable<Stage['report']>): Count | undefined {
  try {
    return count(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

const only = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const broken: string[] = [];
try {
  for (const stage of STAGES.filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  )) {
    const count = run(stage);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    if (count.failed > 0) broken.push(`${stage.name} (${count.failed})`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (broken.length > 0) console.log(`\nfailed: ${broken.join(', ')}`);
console.log(
  `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
