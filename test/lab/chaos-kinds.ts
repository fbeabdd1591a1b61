/** Every kind of fault that chaos draws from. Pure; what is done for each of them is in chaos-faults.ts. */

/** What a fault touches: two faults of one part never overlap, those of different parts may. */
export type ChaosPart =
  'charon' | 'sidecar' | 'guard' | 'launcher' | 'exabgp' | 'disk' | 'link' | 'router' | 'machine';

export interface KindSpec {
  readonly part: ChaosPart;
  /** How likely, against the others. */
  readonly weight: number;
  readonly durationMs: readonly [number, number];
  /** Nothing on the wire may move because of it. */
  readonly hitless?: true;
  /** Only with supervise: false. */
  readonly unit?: true;
}

const KINDS = {
  'charon-kill': { part: 'charon', weight: 4, durationMs: [200, 4000] },
  'charon-term': { part: 'charon', weight: 2, durationMs: [200, 3000] },
  'charon-stop': { part: 'charon', weight: 4, durationMs: [300, 6000] },
  /** Killed and started again at once, but its connections come at the end only. */
  'charon-empty': { part: 'charon', weight: 2, durationMs: [500, 4000] },
  'connections-unload': { part: 'charon', weight: 3, durationMs: [500, 4000] },
  /** Stopped and continued again and again: VICI answers late, but in time. */
  'charon-late': { part: 'charon', weight: 2, durationMs: [1000, 4000], hitless: true },
  /** Renamed, and back: who is connected stays so. */
  'vici-removed': { part: 'charon', weight: 2, durationMs: [500, 4000], hitless: true },
  'sidecar-kill': { part: 'sidecar', weight: 4, durationMs: [50, 4000] },
  'sidecar-stop': { part: 'sidecar', weight: 4, durationMs: [200, 5000] },
  'sidecar-restart': { part: 'sidecar', weight: 2, durationMs: [600, 2500] },
  /** SIGUSR2, and a successor at once. */
  'sidecar-handover': { part: 'sidecar', weight: 4, durationMs: [3000, 4000], hitless: true, unit: true },
  /** SIGUSR2, and nobody comes for longer than the hand-over lasts. */
  'sidecar-abandon': { part: 'sidecar', weight: 2, durationMs: [5500, 8000], unit: true },
  'reload-good': { part: 'sidecar', weight: 2, durationMs: [500, 2000], hitless: true },
  'reload-bad': { part: 'sidecar', weight: 2, durationMs: [500, 2000], hitless: true },
  /** Out of file descriptors. */
  'descriptors-out': { part: 'sidecar', weight: 3, durationMs: [500, 5000], hitless: true },
  'guard-kill': { part: 'guard', weight: 5, durationMs: [1000, 1000] },
  'guard-stop': { part: 'guard', weight: 4, durationMs: [300, 5000] },
  'launcher-kill': { part: 'launcher', weight: 2, durationMs: [1000, 1000] },
  'exabgp-kill': { part: 'exabgp', weight: 3, durationMs: [1000, 1000] },
  'exabgp-stop': { part: 'exabgp', weight: 4, durationMs: [300, 5000] },
  /** The one that holds state and log. */
  'disk-full': { part: 'disk', weight: 3, durationMs: [500, 5000], hitless: true },
  'link-down': { part: 'link', weight: 3, durationMs: [300, 4000] },
  'router-restart': { part: 'router', weight: 2, durationMs: [200, 3000] },
  'cpu-hog': { part: 'machine', weight: 2, durationMs: [2000, 5000], hitless: true },
} as const satisfies Record<string, KindSpec>;

export type FaultKind = keyof typeof KINDS;
export const FAULT_KINDS: Readonly<Record<FaultKind, KindSpec>> = KINDS;

/** A launcher that is killed takes its guard with it, sooner or later; both hang on ExaBGP. */
export function chaosParts(part: ChaosPart): readonly ChaosPart[] {
  return part === 'launcher' ? ['launcher', 'guard'] : [part];
}
