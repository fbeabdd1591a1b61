/**
 * By when a gateway that announces must have stopped, from what is known of its parts. Pure.
 *
 * Each rule names who has to act: a rule whose rescuer is dead or frozen itself promises nothing. (Sidecar and
 * guard frozen together leave nobody: then the units' watchdogs act, which the lab does not have.)
 */

export const OBSERVED_PARTS = ['charon', 'sidecar', 'guard', 'launcher', 'exabgp', 'link'] as const;
export type ObservedPart = (typeof OBSERVED_PARTS)[number];

/**
 * `empty`: charon runs without connections. `handed-over`: a sidecar that left by SIGUSR2. `blind`: a sidecar that can
 * open nothing new: it goes on with what it has, but can neither probe nor find out whom to kill.
 */
export type Condition = 'well' | 'dead' | 'frozen' | 'empty' | 'handed-over' | 'blind';

export interface PartState {
  readonly condition: Condition;
  /** CLOCK_MONOTONIC ms; -Infinity: since before we looked. Of one that was started: when it can act. */
  readonly since: number;
}

export type Parts = Readonly<Record<ObservedPart, PartState>>;

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'hitless' | 'router' | 'alive';

export interface Limit {
  /** Nothing may be announced later than this; without any slack. */
  readonly at: number;
  /** When its cause began. */
  readonly from: number;
  readonly invariant: Invariant;
  readonly why: string;
}

/** The lab's lease and what the table of bounds promises (test/lab/README.md), at worst, milliseconds. */
export const BOUNDS = {
  leaseMs: 1000,
  maxAgeMs: 3000,
  handoverMs: 5000,
  charonDeadMs: 10,
  /** At worst charon stops right after a look: 0.5 s until the next, 0.41 s of silence, 0.45 s for the other plane. */
  charonFrozenMs: 1500,
  connectionsGoneMs: 1200,
  guardDeadMs: 100,
  guardFrozenMs: 1500,
  exabgpDeadMs: 5,
  /** Asked 0.4 s after its last answer at the latest, killed after 2 s of silence. */
  exabgpFrozenMs: 2500,
  /** An ExaBGP that does not acknowledge a withdrawal is killed. */
  exabgpSilentMs: 300,
  /** No row of the table: ExaBGP must notice that its API process ended and start another, which clears. */
  launcherDeadMs: 2000,
  /** hold_time_seconds: the router's own end of a session on which nothing comes. */
  holdTimeMs: 9000,
  /** A guard that starts clears first, and hears nobody before ExaBGP has answered three questions. */
  guardStartMs: 1000,
  /** From the start of swancast until it has heard charon and guard: node starts in a third of this. */
  startMs: 2000,
  /** A sidecar that was well for so long before a fault has heard every check in between. */
  settledMs: 3000,
} as const;

/**
 * What the machine may add. Between fault and UPDATE up to five processes (charon, swancast, guard, ExaBGP,
 * tcpdump) must each get one of two CPUs that others load too, for a turn of 3 to 12 ms: 60 ms if each has to wait
 * for a full turn; twice that and some for page faults of what was stopped. 36 ms is the most that was seen with
 * two labs and other tests side by side.
 */
export const SLACK_MS = 150;
/**
 * CPU hogs of our own take half of each CPU: a check that is timed then is discarded by the sidecar (reason
 * `lagging`), and the next one follows 200 ms later; two of those.
 */
export const STRAIN_MS = 500;

/** @param aliveAt when charon last answered our own probe with connections loaded */
export function silentFrom(parts: Parts, aliveAt: number): Limit | undefined {
  const limits = [...charonLimits(parts, aliveAt), ...sidecarLimits(parts), ...bgpLimits(parts)];
  return limits.reduce<Limit | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined);
}

/** What is sent to ExaBGP arrives later while it is frozen: it is killed then, and its end is the withdrawal. */
export function throughExabgp({ exabgp, guard }: Parts, at: number): number {
  switch (exabgp.condition) {
    case 'frozen': {
      const killed = isWell(guard)
        ? Math.max(at, exabgp.since, guard.since) + BOUNDS.exabgpSilentMs
        : Infinity;
      return Math.max(at, Math.min(killed, exabgp.since + BOUNDS.holdTimeMs));
    }
    // Thawed: it reads first what lies in its pipe.
    case 'well':
      return Math.max(at, exabgp.since + BOUNDS.exabgpSilentMs);
    // Killed for being frozen, perhaps: what it still held is withdrawn as its sessions close.
    case 'dead':
      return Math.max(at, exabgp.since + BOUNDS.exabgpDeadMs);
    default:
      return at;
  }
}

/** The one rule that is always counting. */
export const PROBE_SILENT = 'charon did not answer the probe for max_age + lease';

const isWell = ({ condition }: PartState): boolean => condition === 'well';
/** Hears what charon says, and that it hangs up, and talks to the guard. */
const hears = ({ condition }: PartState): boolean => condition === 'well' || condition === 'blind';

function* charonLimits(parts: Parts, aliveAt: number): Generator<Limit> {
  const { charon, sidecar, guard } = parts;
  const limit = (from: number, at: number, why: string): Limit => ({
    from,
    at: throughExabgp(parts, at),
    invariant: 'I1',
    why,
  });
  if (isWell(guard)) {
    // Whatever the sidecar does: the guard takes no evidence that is older than max_age, and the lease ends.
    const handover = sidecar.condition === 'handed-over' ? BOUNDS.handoverMs : 0;
    const kept = (from: number): number =>
      Math.max(from + BOUNDS.maxAgeMs, guard.since) + BOUNDS.leaseMs + handover;
    yield limit(aliveAt, kept(aliveAt), PROBE_SILENT);
    if (charon.condition === 'dead' || charon.condition === 'frozen')
      yield limit(charon.since, kept(charon.since), `charon ${charon.condition} for max_age + lease`);
    if (charon.condition === 'dead' && sidecar.condition === 'handed-over') {
      const at = Math.max(charon.since, sidecar.since, guard.since) + BOUNDS.charonDeadMs;
      yield limit(charon.since, at, 'charon dead during a hand-over: the guard watches its socket');
    }
  }
  // Without a guard there is no lease, and other rules.
  if (!hears(sidecar) || !isWell(guard)) return;
  const isSettled = sidecar.since <= charon.since - BOUNDS.settledMs && guard.since <= charon.since;
  const ready = Math.max(charon.since, sidecar.since, guard.since);
  const promptly = (ms: number): number => (isSettled ? charon.since + ms : ready + ms + BOUNDS.maxAgeMs);
  switch (charon.condition) {
    case 'dead':
      yield limit(
        charon.since,
        (isSettled ? charon.since : ready) + BOUNDS.charonDeadMs,
        'charon dead: its socket closed',
      );
      return;
    case 'frozen':
      // One that is blind has only the one plane; then it is the age of the proof that counts.
      if (isWell(sidecar)) yield limit(charon.since, promptly(BOUNDS.charonFrozenMs), 'charon frozen');
      return;
    case 'empty':
      yield limit(charon.since, promptly(BOUNDS.connectionsGoneMs), 'charon without connections');
      return;
    case 'well':
    case 'handed-over':
    case 'blind':
      return;
    default:
      charon.condition satisfies never;
  }
}

function* sidecarLimits(parts: Parts): Generator<Limit> {
  const { sidecar, guard } = parts;
  if (hears(sidecar) || !isWell(guard)) return;
  const held = sidecar.condition === 'handed-over' ? BOUNDS.handoverMs : BOUNDS.leaseMs;
  const at = Math.max(sidecar.since + held, guard.since);
  const why = `sidecar ${sidecar.condition}: ${sidecar.condition === 'handed-over' ? 'no successor' : 'the lease ends'}`;
  yield { from: sidecar.since, at: throughExabgp(parts, at), invariant: 'I2', why };
}

/** A dead guard or ExaBGP owes one withdrawal, also if another has taken its place: see Observer. */
function* bgpLimits({ sidecar, guard, exabgp }: Parts): Generator<Limit> {
  if (guard.condition === 'frozen' && isWell(sidecar)) {
    const from = Math.max(guard.since, sidecar.since);
    yield {
      from: guard.since,
      at: from + BOUNDS.guardFrozenMs,
      invariant: 'I2',
      why: 'guard frozen: the sidecar kills ExaBGP',
    };
  }
  if (exabgp.condition === 'frozen') {
    const why = 'ExaBGP frozen';
    const { since: from } = exabgp;
    if (isWell(guard)) {
      const at = Math.max(from, guard.since) + BOUNDS.exabgpFrozenMs;
      yield { from, at, invariant: 'I2', why: `${why}: the guard kills it` };
    }
    yield { from, at: from + BOUNDS.holdTimeMs, invariant: 'I2', why: `${why}: the hold time ends` };
  }
}
