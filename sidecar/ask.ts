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

/** Renewals in a lease: a sidecar may stand still for nine tenths of it, whenever that begins. */
const RENEWALS_PER_TTL = 10;
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
  const announcements = evidence === undefined ? remainder(before.announcements, wanted) : wanted;
  if (!sameSet(before.announcements, announcements)) {
    const set = { generation: before.generation + 1, announcements };
    // A withdrawal needs no evidence: `now` keeps the guard from refusing an empty set as too old.
    const proof = announcements.length === 0 ? now : (evidence ?? NO_EVIDENCE);
    return { asked: { ...set, renewAt }, effects: [{ type: 'set', ...set, evidence: proof }] };
  }
  if (wanted.length === 0 || evidence === undefined || now < before.renewAt)
    return { asked: before, effects: [] };
  return {
    asked: { ...before, renewAt },
    effects: [{ type: 'renew', generation: before.generation, evidence }],
  };
}

/** What may be asked for without any proof of life: to take away. What is new or changed waits for the proof. */
const remainder = (before: readonly Announcement[], wanted: readonly Announcement[]): Announcement[] =>
  [...new Set(wanted.map(({ prefix }) => prefix))].flatMap((prefix) =>
    before.filter((old) => old.prefix === prefix),
  );

const sameSet = (a: readonly Announcement[], b: readonly Announcement[]): boolean =>
  a.length === b.length && a.every((route, index) => sameRoute(route, b[index]));

const sameRoute = (a: Announcement, b: Announcement | undefined): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b);
