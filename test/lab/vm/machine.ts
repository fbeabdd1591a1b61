/**
 * A small virtual machine with Debian's kernel, for what the machine's own kernel may not have: ESP. By plain
 * emulation, which needs neither KVM nor a network. Its clock counts its instructions, one a nanosecond, and follows
 * the real one only while it idles: what is timed in there does not depend on how fast or how busy the host is, but is
 * that of one processor of a thousand million instructions a second. What it costs is patience outside.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LabError, reasonOf } from '../lab-error.ts';
import { runCommand } from '../run-command.ts';
import type { Job } from './job.ts';
import { modulesImage, projectImage } from './project-disks.ts';
import { assertCanBoot, QEMU } from './requirements.ts';
import { rootImage, type RootImage } from './root-image.ts';

export interface MachineOptions {
  readonly memoryMb: number;
  /** The machine is turned off after this long, whatever it does. */
  readonly timeoutMs: number;
  /** Standard output of the job, as it comes. */
  readonly stdout: (chunk: Buffer) => void;
  /** Its standard error, what the kernel says, and what is being made. */
  readonly progress: (line: string) => void;
}

export interface MachineResult {
  /** Of the job. */
  readonly exitCode: number;
  /** Where its results are, in a directory that goes after `use`. */
  readonly results: string;
  /** From the start of qemu until its end, in seconds. */
  readonly seconds: number;
}

interface Disks {
  readonly root: RootImage;
  readonly modules: string;
  readonly project: string;
  readonly results: string;
}

/** With instructions for AES, and none of AVX: those are emulated at a loss. */
const CPU = 'Westmere,+rdrand';
/** sleep=off would leap over what it waits for from the host: minutes while a disk is read. */
const CLOCK = ['-icount', 'shift=0,sleep=on', '-rtc', 'clock=vm'];
const RESULTS_BYTES = 256 * 1024 * 1024;

/** Makes whatever a run needs that is not there yet: seconds the first time, nothing the second. */
export async function prepare(
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<{ readonly root: RootImage; readonly modules: string }> {
  const { kernelPackage } = assertCanBoot();
  const root = await rootImage(kernelPackage, progress, signal);
  return { root, modules: await modulesImage(progress, signal) };
}

/**
 * Boots the machine, runs the job in it, hands out its results.
 * @throws LabError LAB_TOOL_MISSING where it cannot boot, LAB_DEADLINE when it took too long, LAB_SPOILT when it
 * ended without having ended the job
 */
export async function withMachine<T>(
  job: Job,
  options: MachineOptions,
  signal: AbortSignal,
  use: (result: MachineResult) => Promise<T>,
): Promise<T> {
  const images = await prepare(options.progress, signal);
  const scratch = mkdtempSync(join(tmpdir(), 'swancast-vm-'));
  try {
    const raw = join(scratch, 'results.raw');
    writeFileSync(raw, '');
    truncateSync(raw, RESULTS_BYTES);
    const disks = { ...images, project: await projectImage(job, scratch, signal), results: raw };
    const startedAt = performance.now();
    await boot(disks, scratch, options, signal);
    const seconds = (performance.now() - startedAt) / 1000;
    const results = join(scratch, 'results');
    mkdirSync(results);
    await runCommand(['tar', '-C', results, '-xf', raw], signal);
    const code = join(results, 'rc');
    if (!existsSync(code))
      throw new LabError('LAB_SPOILT', 'the virtual machine ended before its job: see what it said above');
    return await use({ exitCode: Number(readFileSync(code, 'utf8')), results, seconds });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Resolves when the machine is off. */
async function boot(
  disks: Disks,
  scratch: string,
  { memoryMb, timeoutMs, stdout, progress }: MachineOptions,
  signal: AbortSignal,
): Promise<void> {
  const socket = join(scratch, 'stdout.sock');
  const server = createServer((connection) => connection.on('data', stdout).on('error', () => undefined));
  server.listen(socket);
  const ending = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const argv = qemuArguments(disks, socket, memoryMb);
  // A session of its own: Ctrl-C reaches only us, and we end it.
  const child = spawn(QEMU, argv, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const end = (): boolean => child.kill('SIGKILL');
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject).on('close', resolve);
  ending.addEventListener('abort', end);
  if (ending.aborted) end();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => progress(line.replace(/\r$/, '')));
  try {
    const code = await promise;
    if (signal.aborted) throw reasonOf(signal);
    if (ending.aborted)
      throw new LabError('LAB_DEADLINE', `the virtual machine was not done after ${timeoutMs / 1000} s`);
    if (code !== 0) throw new LabError('LAB_COMMAND', `${QEMU} ended with ${code}: see what it said above`);
  } finally {
    ending.removeEventListener('abort', end);
    server.close();
  }
}

/** Without any device but two disks' worth of what is read, one to write results to, and two serial ports. */
function qemuArguments(disks: Disks, socket: string, memoryMb: number): string[] {
  const disk = (file: string, more = 'readonly=on'): string[] => [
    ...['-drive', `file=${file},format=raw,if=virtio,${more}`],
  ];
  const processor = ['-accel', 'tcg,thread=single', ...CLOCK, '-cpu', CPU, '-smp', '1'];
  return [
    ...['-M', 'q35', ...processor, '-m', String(memoryMb)],
    ...['-nodefaults', '-no-user-config', '-nic', 'none', '-display', 'none', '-no-reboot'],
    ...['-kernel', disks.root.kernel, '-initrd', disks.root.initramfs],
    ...[
      '-append',
      'console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on clocksource=tsc tsc=reliable',
    ],
    ...disk(disks.root.image),
    ...disk(disks.modules),
    ...disk(disks.project),
    ...disk(disks.results, 'cache=unsafe'),
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=stdout,path=${socket}`, '-serial', 'chardev:stdout'],
  ];
}
