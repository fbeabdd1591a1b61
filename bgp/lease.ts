/**
 * The lease: what the sidecar and the guard say to each other, one JSON object a line over a unix socket.
 *
 *   sidecar → guard   set (the whole set, once per generation), renew, release, handover
 *   guard → sidecar   hello (on connect), renewed (the answer to set and renew), report (on every change), refused
 *
 * Times are CLOCK_MONOTONIC milliseconds (`process.hrtime`): one clock for all processes of a host.
 */
import { overlapProblems, parseAnnouncement, type Announcement } from './announcement.ts';

export type LeaseMessage =
  | {
      readonly type: 'set';
      readonly generation: number;
      /** Start of the newest observation that proved charon alive. */
      readonly evidence: number;
      readonly announcements: readonly Announcement[];
    }
  | { readonly type: 'renew'; readonly generation: number; readonly evidence: number }
  /** Withdraw everything; the holder leaves. */
  | { readonly type: 'release' }
  /** The holder restarts: keep the lease for `ms`, but let go as soon as charon's socket closes. */
  | { readonly type: 'handover'; readonly ms: number; readonly viciSocket: string };

export type NeighborState = 'down' | 'connected' | 'up';

/** What the guard holds and what became of it. */
export interface LeaseReport {
  readonly generation: number;
  /** none: nothing held. held: renewed in time. lapsed: was held, ran out, everything withdrawn. */
  readonly lease: 'none' | 'held' | 'lapsed' | 'handover';
  readonly desired: readonly Announcement[];
  /** Prefixes ExaBGP has acknowledged. `done` means "in adj-rib-out", not "sent". */
  readonly acknowledged: readonly string[];
  /** By address. A neighbor that is not in it is not known about yet. */
  readonly neighbors: Readonly<Record<string, NeighborState>>;
  /** Why a neighbor went down, as ExaBGP put it. The text may come from the far end: show it, never act on it. */
  readonly reasons: Readonly<Record<string, string>>;
  /**
   * The neighbors with which graceful restart is in force: they keep our routes when ExaBGP dies (RFC 4724), so
   * its death is no withdrawal any more. Absent from a guard older than this field.
   */
  readonly gracefulRestart?: readonly string[];
}

export type GuardMessage =
  | ({
      readonly type: 'hello';
      readonly pid: number;
      readonly exabgpPid: number;
      readonly exabgpVersion: string;
    } & LeaseReport)
  | ({ readonly type: 'report' } & LeaseReport)
  /** `at` repeats the evidence time of the message that was accepted. */
  | { readonly type: 'renewed'; readonly generation: number; readonly at: number }
  | { readonly type: 'refused'; readonly code: RefusalCode; readonly text: string };

export type RefusalCode =
  'held-by-another' | 'evidence-too-old' | 'generation-unknown' | 'lapsed' | 'bad-message';

/** A set of 1000 prefixes with some communities each is about 200 KB. */
export const LEASE_LINE_MAXIMUM = 1024 * 1024;

export const leaseLine = (message: LeaseMessage | GuardMessage): string => `${JSON.stringify(message)}\n`;

/** One line from a sidecar, checked to the last announcement; a text says what is wrong with it. Never throws. */
export function parseLeaseMessage(line: string): LeaseMessage | string {
  const raw = parseObject(line);
  if (raw === undefined) return 'one JSON object a line expected';
  switch (raw['type']) {
    case 'set': {
      const { generation, evidence, announcements } = raw;
      if (!isGeneration(generation)) return 'set: generation: a whole number from 1 expected';
      if (!isTime(evidence)) return 'set: evidence: monotonic milliseconds expected';
      if (!Array.isArray(announcements)) return 'set: announcements: a list expected';
      const parsed = announcements.map(parseAnnouncement);
      const problems = parsed.flatMap((part) => ('problems' in part ? part.problems : []));
      const set = parsed.flatMap((part) => ('announcement' in part ? [part.announcement] : []));
      if (problems.length === 0) problems.push(...overlapProblems(set));
      if (problems.length > 0) return `set: ${problems.slice(0, 5).join('; ')}`;
      return { type: 'set', generation, evidence, announcements: set };
    }
    case 'renew': {
      const { generation, evidence } = raw;
      if (!isGeneration(generation)) return 'renew: generation: a whole number from 1 expected';
      if (!isTime(evidence)) return 'renew: evidence: monotonic milliseconds expected';
      return { type: 'renew', generation, evidence };
    }
    case 'release':
      return { type: 'release' };
    case 'handover': {
      const { ms, viciSocket } = raw;
      if (!isTime(ms)) return 'handover: ms: milliseconds expected';
      if (typeof viciSocket !== 'string' || !viciSocket.startsWith('/')) {
        return 'handover: viciSocket: an absolute path expected';
      }
      return { type: 'handover', ms, viciSocket };
    }
    default:
      return 'type: one of set, renew, release, handover expected';
  }
}

/**
 * One line from the guard. The guard is ours and of the same package, so only the shape is looked at;
 * undefined means another program listens on the socket.
 */
export function parseGuardMessage(line: string): GuardMessage | undefined {
  const raw = parseObject(line);
  if (raw === undefined) return undefined;
  switch (raw['type']) {
    case 'hello':
    case 'report':
      return isReport(raw) ? (raw as unknown as GuardMessage) : undefined;
    case 'renewed':
      return typeof raw['generation'] === 'number' ? (raw as unknown as GuardMessage) : undefined;
    case 'refused':
      return typeof raw['text'] === 'string' ? (raw as unknown as GuardMessage) : undefined;
    default:
      return undefined;
  }
}

const isGeneration = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1;

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

const isReport = (raw: Record<string, unknown>): boolean =>
  typeof raw['generation'] === 'number' &&
  typeof raw['lease'] === 'string' &&
  Array.isArray(raw['desired']) &&
  Array.isArray(raw['acknowledged']) &&
  typeof raw['neighbors'] === 'object';

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const raw: unknown = JSON.parse(line);
    return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
      ? (raw as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
