/** Counts of SAs, judged one after the other under the limits that a test sets; every other limit is off. */
import { judge, NO_MEMORY, type Memory, type SaLimits } from '../../../health/checks/sa-count.ts';
import type { Census } from '../../../health/sa-census.ts';
import { snapshot } from '../fixture.ts';

export const OFF: SaLimits = {
  ikeSasMinimum: 0,
  ikeSasMaximum: 0,
  childSasMinimum: 0,
  childSasMaximum: 0,
  halfOpenMaximum: 0,
  collapsePercent: 0,
  collapseWindowMs: 300_000,
  collapseFloor: 20,
  connectionMinimums: [],
  listIntervalMs: 60_000,
  ignoreIdentities: [],
};

export const STARTED = 1_800_000_000_000;
export const LATER = STARTED + 60_000;

export interface Seen {
  readonly ike: number;
  readonly child?: number;
  readonly unseen?: number;
  readonly halfOpen?: number;
  readonly connections?: Readonly<Record<string, number>>;
  /** How many IKE_SAs of each connection have a CHILD_SA; all of them unless said otherwise. */
  readonly complete?: number;
  readonly announced?: boolean;
  readonly at?: number;
  /** Another charon, or none at all. */
  readonly since?: number;
  readonly down?: boolean;
}

export function censusOf({ ike, child, unseen, halfOpen, connections, complete, since, down }: Seen): Census {
  if (down === true) return { kind: 'down', down: { kind: 'silent', detail: 'no answer' } };
  const own = Object.entries(connections ?? {}).map(
    ([name, ikeSas]) => [name, { ikeSas, childSas: ikeSas, complete: complete ?? ikeSas }] as const,
  );
  return {
    kind: 'counted',
    count: { ikeSas: ike, childSas: child ?? ike, unseen: unseen ?? 0, connections: new Map(own) },
    snapshot: snapshot(
      { total: ike, halfOpen: halfOpen ?? 0 },
      since === undefined ? {} : { startedAt: since },
    ),
  };
}

/** Judges one after the other, a second apart; announced unless said otherwise. */
export function walk(limit: Partial<SaLimits>, ...looks: readonly Seen[]): string[] {
  let memory: Memory = NO_MEMORY;
  return looks.map((seen, index) => {
    const observation = {
      at: seen.at ?? index * 1000,
      census: censusOf(seen),
      announced: seen.announced ?? true,
    };
    const judged = judge(observation, { ...OFF, ...limit }, memory);
    memory = judged.memory;
    const { judgement } = judged;
    return judgement.verdict === 'pass' ? 'pass' : judgement.reason;
  });
}
