/** What the lease must be told: a new set when what is wanted changed, else a renewal when it is due. Pure. */
import type { Announcement } from '../bgp/announcement.ts';

/** What was last asked for. */
export interface Asked {
  /** 0 = nothing yet. */
  readonly generation: number;
  readonly announcements: readonly Announcement[];
  readonly renewAt: number;
}

export type AskEffect =
  | {
      readonly type: 'set';
      readonly generation: number;
      readonly evidence: number;
      readonly announcements: readonly Announcement[];
    }
  | { readonly type: 'renew'; readonly generation: number; readonly evidence: number };

/** Renewals in a lease: three may be lost before it lapses. */
const RENEWALS_PER_TTL = 4;
/** A time before all others: the guard takes away what a set with it leaves out, and does not go on with the rest. */
const NO_EVIDENCE = 0;

export function ask(
  before: Asked,
  wanted: readonly Announcement[],
  evidence: number | undefined,
  ttlMs: number,
  now: number,
): { readonly asked: Asked; readonly effects: readonly AskEffect[] } {
  const renewAt = now + ttlMs / RENEWALS_PER_TTL;
  if (!sameSet(before.announcements, wanted)) {
    const proof = proofFor(before.announcements, wanted, evidence, now);
    if (proof !== undefined) {
      const set = { generation: before.generation + 1, announcements: wanted };
      return { asked: { ...set, renewAt }, effects: [{ type: 'set', ...set, evidence: proof }] };
    }
  }
  if (wanted.length === 0 || evidence === undefined || now < before.renewAt)
    return { asked: before, effects: [] };
  return {
    asked: { ...before, renewAt },
    effects: [{ type: 'renew', generation: before.generation, evidence }],
  };
}

/** A withdrawal needs no evidence: `now` keeps the guard from refusing an empty set as too old. */
function proofFor(
  before: readonly Announcement[],
  wanted: readonly Announcement[],
  evidence: number | undefined,
  now: number,
): number | undefined {
  if (wanted.length === 0) return now;
  const onlyRemoves = wanted.every((route) => before.some((old) => sameRoute(old, route)));
  return evidence ?? (onlyRemoves ? NO_EVIDENCE : undefined);
}

const sameSet = (a: readonly Announcement[], b: readonly Announcement[]): boolean =>
  a.length === b.length && a.every((route, index) => sameRoute(route, b[index]));

const sameRoute = (a: Announcement, b: Announcement | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
