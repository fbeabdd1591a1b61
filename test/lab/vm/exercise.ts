/** An exercise of the lab inside the virtual machine, where the kernel does ESP. */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lab-error.ts';
import { assertWritable, type Output } from '../lab-session.ts';
import { labDirectory } from '../ledger.ts';
import { withMachine, type MachineResult } from './machine.ts';
import { REPORT, type MachinePlan } from './plan.ts';

const MEMORY_MB = 3072;
const TIMEOUT_MS = 3600_000;

/** @returns whether the lab in there ended well; a run that was skipped did */
export async function runInMachine(
  plan: MachinePlan,
  output: Output,
  interrupted: AbortSignal,
): Promise<boolean> {
  assertWritable(plan.json);
  const options = {
    memoryMb: MEMORY_MB,
    timeoutMs: TIMEOUT_MS,
    stdout: (chunk: Buffer) => void process.stdout.write(chunk),
    progress: output.progress,
  };
  try {
    return await withMachine(plan.job, options, interrupted, (result) => handOut(plan, result, output));
  } catch (error) {
    if (!plan.orSkip || !(error instanceof LabError) || error.code !== 'LAB_TOOL_MISSING') throw error;
    output.result(`SKIPPED, the kernel's data plane was not tried: ${error.message}`);
    const report = { dataplane: 'kernel', runs: [{ ok: true, skipped: error.message }] };
    if (plan.json !== undefined) writeFileSync(plan.json, `${JSON.stringify(report, null, 2)}\n`);
    return true;
  }
}

async function handOut(
  { json, name }: MachinePlan,
  { results, exitCode, seconds }: MachineResult,
  output: Output,
): Promise<boolean> {
  output.progress(`virtual machine: ${seconds.toFixed(1)} s in all`);
  const report = join(results, REPORT);
  if (json !== undefined && existsSync(report)) writeFileSync(json, readFileSync(report));
  const inside = join(results, 'logs');
  const logs = join(`${labDirectory(name)}-vm`, 'logs');
  rmSync(logs, { recursive: true, force: true });
  if (existsSync(inside)) {
    cpSync(inside, logs, { recursive: true });
    output.result(`logs, taken out of the virtual machine: ${logs}`);
  }
  return Promise.resolve(exitCode === 0);
}
