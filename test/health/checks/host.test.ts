import { mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  create,
  judge,
  NO_MEMORY,
  type HostLimits,
  type Memory,
  type Observation,
} from '../../../health/checks/host.ts';
import { findCharon } from '../../../health/host/charon-process.ts';
import { clockSync } from '../../../health/host/clock-sync.ts';
import { Tree } from '../host/tree.ts';

const limit = (more: Partial<HostLimits> = {}): HostLimits => ({
  cpuPressurePercent: 80,
  memoryPressurePercent: 10,
  ioPressurePercent: 50,
  memoryAvailablePercent: 5,
  fileDescriptorsPercent: 80,
  charonGrowthPercent: 100,
  charonGrowthMegabytes: 256,
  charonGrowthWindowMs: 3_600_000,
  clock: 'known',
  ...more,
});

const MIB = 1024 * 1024;
const charonOf = (mib: number, pid = 7) => ({ pid, startTime: '99', rssBytes: mib * MIB });
const seen = (more: Partial<Observation> = {}): Observation => ({
  at: 0,
  pressure: { cpu: 1, memory: 0, io: 0 },
  memoryAvailable: 50,
  descriptors: { host: { used: 1, limit: 100 }, swancast: { used: 1, limit: 100 }, charon: undefined },
  charon: charonOf(20),
  clock: 'synchronised',
  ...more,
});
const descriptors = (charon: number) => ({
  host: undefined,
  swancast: undefined,
  charon: { used: charon, limit: 100 },
});

describe('what a look at the host is worth', () => {
  it.each([
    [
      seen(),
      limit(),
      'pass',
      'pressure 1 % CPU, 0 % memory, 0 % I/O, memory 50 % available, charon 20 MiB, clock synchronised',
    ],
    [
      seen({
        pressure: { cpu: undefined, memory: undefined, io: undefined },
        charon: undefined,
        clock: 'unknown',
      }),
      limit(),
      'pass',
      'pressure unknown (the kernel has no PSI), memory 50 % available, charon not seen, clock: cannot be told',
    ],
    [seen({ pressure: { cpu: 81, memory: 0, io: 0 } }), limit(), 'cpu-pressure', undefined],
    [seen({ pressure: { cpu: 80, memory: 10, io: 50 } }), limit(), 'pass', undefined],
    [seen({ pressure: { cpu: 99, memory: 11, io: 99 } }), limit(), 'memory-pressure', undefined],
    [seen({ pressure: { cpu: 0, memory: 0, io: 51 } }), limit(), 'io-pressure', undefined],
    [seen({ memoryAvailable: 4.9 }), limit(), 'memory-pressure', '4.9 % of the memory is available'],
    [seen({ memoryAvailable: 0.1 }), limit({ memoryAvailablePercent: 0 }), 'pass', undefined],
    [seen({ descriptors: descriptors(81) }), limit(), 'file-descriptors-low', 'charon uses 81 of 100'],
    [seen({ descriptors: descriptors(99) }), limit({ fileDescriptorsPercent: 0 }), 'pass', undefined],
    [seen({ clock: 'unsynchronised' }), limit(), 'clock-unsynchronised', undefined],
    [seen({ clock: 'unsynchronised' }), limit({ clock: 'any' }), 'pass', undefined],
  ] as const)('%#: %s', (observation, limits, expected, value) => {
    const { judgement } = judge(observation, limits, NO_MEMORY);
    expect(judgement.verdict === 'pass' ? 'pass' : judgement.reason).toBe(expected);
    expect(judgement.verdict).toBe(expected === 'pass' ? 'pass' : 'fail');
    if (value !== undefined) expect(judgement.value).toBe(value);
  });

  it('a clock of which nothing is known is unknown only where it is required', () => {
    const { judgement } = judge(seen({ clock: 'unknown' }), limit({ clock: 'required' }), NO_MEMORY);
    expect(judgement).toMatchObject({ verdict: 'unknown', reason: 'clock-unsynchronised' });
  });
});

describe('the memory of charon', () => {
  const looks = (steps: readonly (readonly [minutes: number, mib: number, pid?: number])[]): string[] => {
    let memory: Memory = NO_MEMORY;
    return steps.map(([minutes, mib, pid]) => {
      const judged = judge(seen({ at: minutes * 60_000, charon: charonOf(mib, pid) }), limit(), memory);
      memory = judged.memory;
      expect(memory.least.length).toBeLessThanOrEqual(32);
      return judged.judgement.verdict === 'pass' ? 'pass' : judged.judgement.reason;
    });
  };

  it.each([
    [
      'that doubles within the window',
      [
        [0, 300],
        [30, 601],
      ],
      ['pass', 'charon-memory-growing'],
    ],
    [
      'that grows slowly',
      [
        [0, 300],
        [50, 500],
        [100, 700],
        [150, 900],
      ],
      ['pass', 'pass', 'pass', 'pass'],
    ],
    [
      'that is small',
      [
        [0, 20],
        [1, 200],
      ],
      ['pass', 'pass'],
    ],
    [
      'of another charon',
      [
        [0, 20, 7],
        [1, 900, 8],
      ],
      ['pass', 'pass'],
    ],
    [
      'that comes back',
      [
        [0, 300],
        [1, 900],
        [70, 900],
      ],
      ['pass', 'charon-memory-growing', 'pass'],
    ],
  ] as const)('%s', (_, steps, expected) => {
    expect(looks(steps)).toEqual(expected);
  });

  it('takes no more room with more looks', () => {
    const steps = Array.from({ length: 1000 }, (_, index) => [index / 6, 300] as const);
    expect(new Set(looks(steps))).toEqual(new Set(['pass']));
  });
});

describe('trees of files', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = new Tree();
  });
  afterEach(() => {
    tree.remove();
  });

  const charon = (pid: number, comm: string, kilobytes = 2048): void => {
    const stat = `${String(pid)} (${comm}) S 1 ${'0 '.repeat(17)}4242 0`;
    const folder = `proc/${String(pid)}`;
    tree.write({ [`${folder}/comm`]: comm, [`${folder}/stat`]: stat });
    tree.write({ [`${folder}/status`]: `Name:\t${comm}\nVmRSS:\t    ${String(kilobytes)} kB` });
  };
  const namespace = (pid: number | 'self', name: string): void => {
    const folder = join(tree.path, 'proc', String(pid), 'ns');
    mkdirSync(folder, { recursive: true });
    symlinkSync(name, join(folder, 'net'));
  };

  it('charon is found by name, in our network namespace', () => {
    const proc = join(tree.path, 'proc');
    expect(findCharon(proc)).toBeUndefined();
    charon(1, 'systemd');
    charon(20, 'charon-systemd');
    expect(findCharon(proc)).toEqual({ pid: 20, startTime: '4242', rssBytes: 2 * MIB });
    charon(21, 'charon');
    expect(findCharon(proc)).toBeUndefined();
    namespace('self', 'net:[1]');
    namespace(20, 'net:[2]');
    namespace(21, 'net:[1]');
    expect(findCharon(proc)?.pid).toBe(21);
  });

  it('the clock goes by the traces of those who set it', () => {
    const touch = (file: string, ms: number): void => {
      tree.write({ [file]: '' });
      utimesSync(join(tree.path, file), ms / 1000, ms / 1000);
    };
    const now = Date.now();
    expect(clockSync(now, tree.path)).toBe('unknown');
    tree.write({ 'run/systemd/timesync/other': '' });
    expect(clockSync(now, tree.path)).toBe('unsynchronised');
    touch('var/lib/chrony/chrony.drift', now - 5 * 3_600_000);
    expect(clockSync(now, tree.path)).toBe('unknown');
    touch('var/lib/chrony/chrony.drift', now - 3_600_000);
    expect(clockSync(now, tree.path)).toBe('synchronised');
    tree.remove('var');
    touch('run/systemd/timesync/synchronized', now - 90 * 86_400_000);
    expect(clockSync(now, tree.path)).toBe('synchronised');
  });

  it('the whole check fails and recovers with what it reads, and passes with nothing to read', async () => {
    const check = create(
      {
        name: 'host',
        dependsOn: [],
        triggeredBy: [],
        pace: { intervalMs: 10_000, fastMs: 5000, timeoutMs: 1000 },
        limits: limit(),
      },
      { now: () => 0 },
      { proc: join(tree.path, 'proc'), root: tree.path },
    );
    const look = async (): Promise<string> => {
      const judgement = await check.observe(new AbortController().signal);
      return judgement.verdict === 'pass' ? 'pass' : judgement.reason;
    };
    const line = (percent: number): string =>
      `some avg10=1.00 avg60=${String(percent)} avg300=0.00 total=1\nfull avg10=1.00 avg60=${String(percent)} avg300=0.00 total=1`;
    expect(await look()).toBe('pass');
    for (const [file, bad, reason] of [
      ['proc/pressure/cpu', 95, 'cpu-pressure'],
      ['proc/pressure/memory', 95, 'memory-pressure'],
      ['proc/pressure/io', 95, 'io-pressure'],
    ] as const) {
      tree.write({ [file]: line(bad) });
      expect(await look()).toBe(reason);
      tree.write({ [file]: line(0.5) });
      expect(await look()).toBe('pass');
    }
    tree.write({ 'proc/meminfo': 'MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:   40 kB' });
    expect(await look()).toBe('memory-pressure');
    tree.write({ 'proc/meminfo': 'MemTotal:       1000 kB\nMemAvailable:   400 kB' });
    tree.write({ 'proc/sys/fs/file-nr': '950\t100\t1000' });
    expect(await look()).toBe('file-descriptors-low');
    tree.write({ 'proc/sys/fs/file-nr': '950\t500\t1000' });
    expect(await look()).toBe('pass');
    tree.write({
      'proc/self/limits': 'Max open files            4                    4                    files',
    });
    tree.write({ 'proc/self/fd/0': '', 'proc/self/fd/1': '', 'proc/self/fd/2': '', 'proc/self/fd/3': '' });
    expect(await look()).toBe('file-descriptors-low');
    tree.remove('proc/self/fd/3');
    expect(await look()).toBe('pass');
  });

  it('this very host can be read', async () => {
    const check = create(
      {
        name: 'host',
        dependsOn: [],
        triggeredBy: [],
        pace: { intervalMs: 10_000, fastMs: 5000, timeoutMs: 1000 },
        limits: limit({
          cpuPressurePercent: 0,
          ioPressurePercent: 0,
          memoryPressurePercent: 0,
          memoryAvailablePercent: 0,
          fileDescriptorsPercent: 0,
          clock: 'any',
        }),
      },
      { now: () => 0 },
    );
    const { verdict, value } = await check.observe(new AbortController().signal);
    expect(verdict).toBe('pass');
    expect(value).toMatch(/memory \d+ % available/);
  });
});
