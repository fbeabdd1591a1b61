/** Which fault begins when, on which gateway, and for how long: all of it from the seed. Pure. */
import { chaosParts, FAULT_KINDS, type ChaosPart, type FaultKind, type KindSpec } from './chaos-kinds.ts';

export interface ScheduledFault {
  /** 1, 2, 3… in the order of their beginning. */
  readonly number: number;
  readonly kind: FaultKind;
  /** undefined: of the router or the machine, so of both. */
  readonly gateway: 'gw1' | 'gw2' | undefined;
  /** Milliseconds from the start of the run. */
  readonly at: number;
  /** When it is undone. */
  readonly until: number;
}

/** mulberry32 (public domain): 32 bits of state, the same numbers on every machine. @returns 0 ≤ x < 1 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const FIRST_MS = 500;
/** The faults of one burst begin within this time. */
const BURST_MS = 1200;
/** Between two bursts: sometimes too short for everything to recover, sometimes long enough. */
const PAUSE_MS = [300, 4500] as const;
/** A part is left alone for so long after a fault of its own: a process that starts has no signal handlers yet. */
const REST_MS = 3000;

/** @param seconds all faults are undone by then */
export function planChaos(seed: number, seconds: number, supervise: boolean): ScheduledFault[] {
  const random = randomFrom(seed);
  const between = ([from, to]: readonly [number, number]): number =>
    Math.round(from + random() * (to - from));
  const possible = Object.entries(FAULT_KINDS).filter(([, { unit }]) => !supervise || unit !== true) as [
    FaultKind,
    KindSpec,
  ][];
  const weights = possible.reduce((sum, [, { weight }]) => sum + weight, 0);
  const pick = (): FaultKind => {
    let left = random() * weights;
    for (const [kind, { weight }] of possible) if ((left -= weight) < 0) return kind;
    return 'charon-kill';
  };
  const faults: Omit<ScheduledFault, 'number'>[] = [];
  const busyUntil = new Map<string, number>();
  for (let burst = FIRST_MS; burst < seconds * 1000; burst += BURST_MS + between(PAUSE_MS)) {
    const size = random();
    for (let left = size < 0.5 ? 1 : size < 0.8 ? 2 : 3; left > 0; left -= 1) {
      const kind = pick();
      const { part, durationMs } = FAULT_KINDS[kind];
      const gateway = isShared(part) ? undefined : random() < 0.5 ? 'gw1' : 'gw2';
      const at = burst + between([0, BURST_MS]);
      const until = at + between(durationMs);
      const touched = chaosParts(part).map((each) => `${gateway ?? ''} ${each}`);
      if (until > seconds * 1000 || touched.some((each) => at < (busyUntil.get(each) ?? 0))) continue;
      for (const each of touched) busyUntil.set(each, until + REST_MS);
      faults.push({ kind, gateway, at, until });
    }
  }
  return faults.sort((a, b) => a.at - b.at).map((fault, index) => ({ number: index + 1, ...fault }));
}

function isShared(part: ChaosPart): boolean {
  return part === 'router' || part === 'machine';
}

/** "#3    4.512 s  gw1 charon-stop for 1.204 s" */
export function describeFault({ number, kind, gateway, at, until }: ScheduledFault): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(3);
  const start = seconds(at).padStart(8);
  return `#${String(number).padEnd(3)} ${start} s  ${gateway ?? 'all'} ${kind} for ${seconds(until - at)} s`;
}
