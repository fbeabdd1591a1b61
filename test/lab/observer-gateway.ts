/** What the observer knows of one gateway. Pure. */
import { BOUNDS, OBSERVED_PARTS, type Limit, type ObservedPart, type PartState } from './observer-bounds.ts';

interface Due {
  readonly limit: Limit;
  readonly since: number;
}

export interface PrefixView {
  announced: boolean;
  since: number;
  /** The outage of charon that it was withdrawn for. */
  goneFor: number | undefined;
  due: Due | undefined;
  /** Until then what it says may be old: see Observer, `#flushUntil`. */
  oldUntil: number;
}

export interface GatewayView {
  readonly name: string;
  /** When the session of each family last opened or closed; -Infinity: before we looked. */
  readonly sessions: Map<4 | 6, number>;
  parts: Record<ObservedPart, PartState>;
  aliveAt: number;
  readonly prefixes: Map<string, PrefixView>;
  faults: number;
  faultEndedAt: number;
  /** Since when nothing is wrong and everything is announced. */
  steadySince: number | undefined;
  /** Whether the end of the last fault left something to announce again. */
  recovering: boolean;
}

/** Everything else was well before, so nothing else can have been the reason for a withdrawal. */
export function isCharonsFault(parts: Readonly<Record<ObservedPart, PartState>>): boolean {
  const { charon } = parts;
  return (
    charon.condition !== 'well' &&
    OBSERVED_PARTS.every(
      (part) =>
        part === 'charon' ||
        (parts[part].condition === 'well' && parts[part].since <= charon.since - BOUNDS.settledMs),
    )
  );
}

/** What must come once, even if the part is back before. */
export function owe(view: PrefixView, part: ObservedPart, at: number, { parts }: GatewayView): void {
  if (!view.announced || view.due !== undefined) return;
  const due = (ms: number, why: string): Due => ({
    since: at,
    limit: { from: at, at: at + ms, invariant: 'I2', why },
  });
  if (part === 'exabgp') view.due = due(BOUNDS.exabgpDeadMs, 'ExaBGP dead: its sessions closed');
  else if (part === 'launcher') view.due = due(BOUNDS.launcherDeadMs, 'launcher dead: ExaBGP starts another');
  else if (part === 'guard')
    view.due =
      parts.launcher.condition === 'well'
        ? due(BOUNDS.guardDeadMs, 'guard dead: the launcher withdraws')
        : due(BOUNDS.launcherDeadMs, 'guard and launcher dead: ExaBGP starts both anew');
}

export function freshGateway(name: string, prefixes: readonly string[], at: number): GatewayView {
  const well: PartState = { condition: 'well', since: -Infinity };
  return {
    name,
    sessions: new Map(),
    parts: { charon: well, sidecar: well, guard: well, launcher: well, exabgp: well, link: well },
    aliveAt: at,
    prefixes: new Map(
      prefixes.map((prefix) => [
        prefix,
        { announced: true, since: at, goneFor: undefined, due: undefined, oldUntil: -Infinity },
      ]),
    ),
    faults: 0,
    faultEndedAt: at,
    steadySince: at,
    recovering: false,
  };
}
