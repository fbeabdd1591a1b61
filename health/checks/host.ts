/** The check `host`: CPU, memory, disks, file descriptors, charon's memory and the clock are in order. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import { findCharon, type CharonProcess } from '../host/charon-process.ts';
import { clockSync, type ClockSync } from '../host/clock-sync.ts';
import {
  hostDescriptors,
  memoryAvailable,
  processDescriptors,
  readPressure,
  type Pressure,
  type Use,
} from '../host/vitals.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import type { HealthReason } from '../reason.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  cpu_pressure_percent: {
    doc: 'Share of the last minute in which some work waited for a CPU (PSI). 0: any.',
    format: 'percent',
    default: 80,
  },
  memory_pressure_percent: {
    doc: 'Share of the last minute in which all work waited for memory (PSI). 0: any.',
    format: 'percent',
    default: 10,
  },
  io_pressure_percent: {
    doc: 'Share of the last minute in which all work waited for disks (PSI). 0: any.',
    format: 'percent',
    default: 50,
  },
  memory_available_percent: {
    doc: 'Less available memory than this is too little. 0: any.',
    format: 'percent',
    default: 5,
  },
  file_descriptors_percent: {
    doc: 'More file descriptors in use than this, of the host, of swancast, or of charon where it may be read, are too many. 0: any.',
    format: 'percent',
    default: 80,
  },
  charon_growth_percent: {
    doc: "charon's memory grew by more than this within the window. 0: any.",
    format: 'nat',
    default: 100,
  },
  charon_growth_megabytes: {
    doc: 'Growth below this many MiB is none, whatever the percentage.',
    format: 'nat',
    default: 256,
  },
  charon_growth_window_seconds: {
    doc: "The window for the growth of charon's memory.",
    format: 'nat',
    default: 3600,
  },
  clock: {
    doc: 'The clock: "known" fails when it is known not to be synchronised; "required" is unknown when that cannot be told (only systemd-timesyncd, chrony and ntpd leave traces); "any" does not look.',
    format: ['known', 'required', 'any'],
    default: 'known',
  },
} as const satisfies LimitSchema;

export type HostLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export interface Observation {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly pressure: Pressure;
  /** Percent; undefined: cannot be read. */
  readonly memoryAvailable: number | undefined;
  readonly descriptors: Readonly<Record<'host' | 'swancast' | 'charon', Use | undefined>>;
  readonly charon: CharonProcess | undefined;
  readonly clock: ClockSync;
}

/** The least memory of one charon in each slice of the window, oldest first. */
export interface Memory {
  readonly charon: string;
  readonly least: readonly { readonly at: number; readonly rssBytes: number }[];
}

export const NO_MEMORY: Memory = { charon: '', least: [] };

/** The window is remembered in this many slices. */
const SLICES = 30;
const MIB = 1024 * 1024;

/** Pure: the memory for the next look comes back with the judgement. */
export function judge(
  seen: Observation,
  limit: HostLimits,
  memory: Memory,
): { readonly judgement: Judgement; readonly memory: Memory } {
  const next = remember(memory, seen, limit.charonGrowthWindowMs);
  const [found] = failures(seen, limit, next);
  if (found !== undefined) {
    const [reason, value] = found;
    return { judgement: { verdict: 'fail', reason, value }, memory: next };
  }
  if (limit.clock === 'required' && seen.clock === 'unknown') {
    const value = 'no trace of systemd-timesyncd, chrony or ntpd tells whether the clock is synchronised';
    return { judgement: { verdict: 'unknown', reason: 'clock-unsynchronised', value }, memory: next };
  }
  return { judgement: { verdict: 'pass', value: summary(seen) }, memory: next };
}

function* failures(
  { pressure, memoryAvailable: available, descriptors, charon, clock }: Observation,
  limit: HostLimits,
  { least }: Memory,
): Generator<readonly [HealthReason, string]> {
  const over = (value: number | undefined, maximum: number): value is number =>
    value !== undefined && maximum > 0 && value > maximum;
  if (available !== undefined && available < limit.memoryAvailablePercent) {
    yield ['memory-pressure', `${available.toFixed(1)} % of the memory is available`];
  }
  if (over(pressure.memory, limit.memoryPressurePercent)) {
    yield [
      'memory-pressure',
      `all work waited for memory ${pressure.memory.toFixed(0)} % of the last minute`,
    ];
  }
  for (const [whose, use] of Object.entries(descriptors)) {
    if (use !== undefined && over(percentOf(use), limit.fileDescriptorsPercent)) {
      yield ['file-descriptors-low', `${whose} uses ${String(use.used)} of ${String(use.limit)}`];
    }
  }
  const base = Math.min(...least.map(({ rssBytes }) => rssBytes));
  if (charon !== undefined && Number.isFinite(base)) {
    const growth = charon.rssBytes - base;
    if (
      growth >= limit.charonGrowthMegabytes * MIB &&
      over((growth / base) * 100, limit.charonGrowthPercent)
    ) {
      yield ['charon-memory-growing', `from ${mib(base)} to ${mib(charon.rssBytes)} MiB within the window`];
    }
  }
  if (over(pressure.cpu, limit.cpuPressurePercent)) {
    yield ['cpu-pressure', `some work waited for a CPU ${pressure.cpu.toFixed(0)} % of the last minute`];
  }
  if (over(pressure.io, limit.ioPressurePercent)) {
    yield ['io-pressure', `all work waited for disks ${pressure.io.toFixed(0)} % of the last minute`];
  }
  if (clock === 'unsynchronised' && limit.clock !== 'any') {
    yield ['clock-unsynchronised', 'systemd-timesyncd runs, but has not synchronised it since boot'];
  }
}

/** Another charon (pid and start time) begins anew; what is older than the window is forgotten. */
function remember(memory: Memory, { at, charon }: Observation, windowMs: number): Memory {
  if (charon === undefined) return memory;
  const name = `${String(charon.pid)}@${charon.startTime}`;
  const known = memory.charon === name ? memory.least.filter((slice) => at - slice.at <= windowMs) : [];
  const last = known.at(-1);
  const { rssBytes } = charon;
  if (last === undefined || at - last.at >= windowMs / SLICES) {
    return { charon: name, least: [...known, { at, rssBytes }] };
  }
  const slice = { at: last.at, rssBytes: Math.min(last.rssBytes, rssBytes) };
  return { charon: name, least: [...known.slice(0, -1), slice] };
}

function summary({ pressure, memoryAvailable: available, descriptors, charon, clock }: Observation): string {
  const percent = (value: number | undefined): string =>
    value === undefined ? '?' : `${value.toFixed(0)} %`;
  const hasPsi = pressure.cpu !== undefined;
  const waiting = `${percent(pressure.cpu)} CPU, ${percent(pressure.memory)} memory, ${percent(pressure.io)} I/O`;
  const open = descriptors.charon === undefined ? '' : `, ${String(descriptors.charon.used)} descriptors`;
  return [
    hasPsi ? `pressure ${waiting}` : 'pressure unknown (the kernel has no PSI)',
    `memory ${percent(available)} available`,
    charon === undefined ? 'charon not seen' : `charon ${mib(charon.rssBytes)} MiB${open}`,
    clock === 'unknown' ? 'clock: cannot be told' : `clock ${clock}`,
  ].join(', ');
}

const percentOf = ({ used, limit }: Use): number => (limit > 0 ? (used / limit) * 100 : 0);
const mib = (bytes: number): string => (bytes / MIB).toFixed(0);

// --------------------------------------------------------------------------------------------- observe

/** Where the kernel and the file system are; a test has trees of its own. */
export interface Roots {
  readonly proc?: string;
  readonly root?: string;
}

export function create(
  options: CheckOptions<HostLimits>,
  { now }: Pick<World, 'now'>,
  { proc, root }: Roots = {},
): Check {
  const { limits: own, ...check } = options;
  let memory = NO_MEMORY;
  return {
    ...check,
    // oxlint-disable-next-line typescript/require-await -- everything it reads is there at once
    async observe() {
      const charon = findCharon(proc);
      const seen: Observation = {
        at: now(),
        pressure: readPressure(proc),
        memoryAvailable: memoryAvailable(proc),
        descriptors: {
          host: hostDescriptors(proc),
          swancast: processDescriptors('self', proc),
          charon: charon === undefined ? undefined : processDescriptors(charon.pid, proc),
        },
        charon,
        clock: clockSync(Date.now(), root),
      };
      const judged = judge(seen, own, memory);
      memory = judged.memory;
      return judged.judgement;
    },
  };
}
