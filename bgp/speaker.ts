/**
 * The sidecar's end of the lease, and with `supervise` the owner of ExaBGP.
 *
 * `set` says what shall be announced, all of it; the speaker sees to it that whichever guard is there hears it,
 * also one that was started anew. It never invents evidence: what it repeats carries the time it was given.
 */
import type { Announcement } from './announcement.ts';
import { LeaseClient } from './lease-client.ts';
import type { GuardMessage, LeaseMessage } from './lease.ts';
import { readLogLine, type LogLevel } from './log-line.ts';
import { MessageWaiters } from './message-waiters.ts';
import { NeighborWatch, type WatchedNeighbor } from './neighbor-watch.ts';
import type { SpeakerProblem } from './problem.ts';
import { hold, isAncestor, letGo, processStat, type ProcessIdentity } from './procfs.ts';
import { Redialer } from './reconnect.ts';
import { endSilentGuard, endUnguarded } from './silent-guard.ts';
import { Supervisor, type SuperviseOptions } from './supervisor.ts';

export type SpeakerReport =
  | Exclude<GuardMessage, { type: 'renewed' }>
  /** No guard hears us. `detail` is one line for a person; it comes again only when the cause changed. */
  | { readonly type: 'disconnected'; readonly code: SpeakerProblem; readonly detail: string }
  /** A neighbor has been down for long: what to look at. */
  | { readonly type: 'neighbor-advice'; readonly neighbor: string; readonly detail: string }
  /** Why ExaBGP cannot be told to connect to a router that comes back, or that it can (again). */
  | { readonly type: 'redial-obstacle'; readonly detail: string | undefined };

export interface SpeakerOptions {
  readonly leaseSocket: string;
  /** The lease's length: a guard that leaves a renewal unanswered this long is frozen. */
  readonly ttlMs: number;
  /** false: another unit runs ExaBGP. */
  readonly supervise: false | SuperviseOptions;
  readonly neighbors: readonly WatchedNeighbor[];
  /** Monotonic milliseconds (`process.hrtime`), the clock of the lease. */
  readonly now: () => number;
  readonly log: (level: LogLevel, message: string, fields?: object) => void;
  /** Never called from within a call of ours. */
  readonly onReport: (report: SpeakerReport) => void;
}

/** A guard that starts with ExaBGP is there after about 400 ms: only later is its absence worth a word. */
const ABSENT_PATIENCE_MS = 3000;
const RELEASE_DEADLINE_MS = 1000;

type DesiredSet = Omit<Extract<LeaseMessage, { type: 'set' }>, 'type'>;

export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #supervisor: Supervisor | undefined;
  readonly #client: LeaseClient;
  readonly #watch: NeighborWatch;
  readonly #redialer: Redialer;
  readonly #waiters = new MessageWaiters();
  /** The guard has said hello on this connection. */
  #ready = false;
  #desired: DesiredSet | undefined;
  /** The guard has accepted `#desired`. */
  #synced = false;
  /** ExaBGP and guard, held: to end them must not take a descriptor. */
  #guard: readonly ProcessIdentity[] = [];
  #exabgp: ProcessIdentity | undefined;
  #lostAt: number;
  #told = '';
  /** By the guard's last word nothing is wanted, and nothing stands. */
  #bare = false;
  /** Since the guard was lost, ExaBGP was looked for. */
  #sought = false;
  #stopped = false;

  constructor(options: SpeakerOptions) {
    const { now, ttlMs, leaseSocket, supervise, neighbors } = options;
    this.#options = options;
    this.#lostAt = now();
    this.#client = new LeaseClient({
      path: leaseSocket,
      silenceMs: ttlMs,
      now,
      onMessage: (message) => this.#onMessage(message),
      onClose: (failure) => this.#onClose(failure),
      onSilence: (waitedMs) => this.#onSilence(waitedMs),
    });
    this.#redialer = new Redialer({
      exabgp: () => this.#exabgp,
      configText: supervise === false ? undefined : supervise.configText,
      log: options.log,
      onObstacle: (detail) => options.onReport({ type: 'redial-obstacle', detail }),
    });
    this.#watch = new NeighborWatch({
      neighbors,
      now,
      onAdvice: (neighbor, detail) => {
        options.log('warn', detail, { neighbor });
        options.onReport({ type: 'neighbor-advice', neighbor, detail });
      },
      redial: (neighbor, sure) => this.#redialer.redial(neighbor, sure),
    });
    if (supervise !== false) {
      this.#supervisor = new Supervisor(supervise, {
        now,
        random: Math.random,
        onProblem: ({ code, message }) => this.#disconnected(code, message),
        onLine: (line) => {
          const { level, part, msg } = readLogLine(line);
          options.log(level, msg, { part });
        },
      });
    }
  }

  /** Begins in the background: whatever is wrong comes as a report and is tried again. */
  start(): void {
    this.#supervisor?.start();
    this.#client.connect();
  }

  /**
   * Everything that shall be announced from now on; an empty list withdraws all. Written to the guard's socket
   * before the call returns. `generation` from 1, higher than any before (also than the guard's, see `hello`);
   * `evidence`: monotonic milliseconds, start of the newest observation that proved charon alive.
   */
  set(generation: number, announcements: readonly Announcement[], evidence: number): void {
    this.#desired = { generation, announcements, evidence };
    this.#synced = false;
    this.#sendDesired();
  }

  /** Renews the lease of the set with this generation, ours or one that the guard's `hello` told of. */
  renew(generation: number, evidence: number): void {
    if (this.#desired?.generation === generation) {
      this.#desired = { ...this.#desired, evidence: Math.max(this.#desired.evidence, evidence) };
      if (!this.#synced) {
        this.#sendDesired();
        return;
      }
    }
    if (this.#ready) this.#client.send({ type: 'renew', generation, evidence });
  }

  /** Withdraws everything and gives the lease back. `withdrawn`: ExaBGP acknowledged it within the deadline. */
  async release(deadlineMs = RELEASE_DEADLINE_MS): Promise<{ readonly withdrawn: boolean }> {
    this.#desired = undefined;
    if (!this.#ready) return { withdrawn: false };
    const report = this.#waiters.until(
      (message) =>
        message.type === 'report' && message.desired.length === 0 && message.acknowledged.length === 0,
      deadlineMs,
    );
    this.#client.send({ type: 'release' });
    return { withdrawn: this.#bare || (await report) !== undefined };
  }

  /** Leaves the lease to a successor for `ms`; false when the guard holds none for us. Then `stop`. */
  async handover(ms: number, viciSocket: string, deadlineMs = RELEASE_DEADLINE_MS): Promise<boolean> {
    this.#desired = undefined;
    if (!this.#ready) return false;
    const told = this.#waiters.until(
      (message) => (message.type === 'report' && message.lease === 'handover') || message.type === 'refused',
      deadlineMs,
    );
    this.#client.send({ type: 'handover', ms, viciSocket });
    return (await told)?.type === 'report';
  }

  /** Leaves the guard, without a word, and ends ExaBGP if it is ours. Resolves when no process is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ready = false;
    this.#watch.stop();
    this.#redialer.stop();
    this.#client.stop();
    letGo(this.#guard);
    this.#guard = [];
    this.#waiters.tell(undefined);
    await this.#supervisor?.stop();
  }

  #sendDesired(): void {
    if (this.#ready && this.#desired !== undefined) this.#client.send({ type: 'set', ...this.#desired });
  }

  #onMessage(message: GuardMessage | undefined): void {
    switch (message?.type) {
      case undefined:
        this.#foreign(
          `what listens on ${this.#options.leaseSocket} is no guard of swancast: correct lease.socket`,
        );
        return;
      case 'hello':
        if (!this.#onHello(message)) return;
        break;
      case 'renewed':
        if (this.#desired?.generation === message.generation) this.#synced = true;
        return;
      case 'refused':
        // A guard that does not know our set (any more) is told it again, once.
        if ((message.code === 'generation-unknown' || message.code === 'lapsed') && this.#synced) {
          this.#synced = false;
          this.#sendDesired();
        }
        break;
      case 'report':
        this.#watch.update(message);
        break;
      default:
        message satisfies never;
    }
    if (message.type !== 'refused') {
      this.#bare = message.desired.length === 0 && message.acknowledged.length === 0;
    }
    this.#waiters.tell(message);
    this.#options.onReport(message);
  }

  #onHello(hello: Extract<GuardMessage, { type: 'hello' }>): boolean {
    if (this.#supervisor !== undefined && this.#supervisor.pid === undefined) {
      // An orphan of our predecessor, as a rule: the supervisor ends it before it starts its own.
      this.#client.drop();
      return false;
    }
    if (this.#supervisor !== undefined && !isAncestor(this.#supervisor.pid ?? 0, hello.pid)) {
      this.#foreign(
        `the guard on ${this.#options.leaseSocket} belongs to another ExaBGP (pid ${hello.exabgpPid}): ` +
          'stop that one, or set bgp.supervise: false',
      );
      return false;
    }
    this.#ready = true;
    this.#sought = false;
    this.#told = '';
    letGo(this.#guard);
    this.#guard = [hello.exabgpPid, hello.pid].flatMap((pid) => (pid > 1 ? (hold(pid) ?? []) : []));
    this.#exabgp = hello.exabgpPid > 1 ? processStat(hello.exabgpPid) : undefined;
    this.#watch.update(hello);
    void this.#redialer.check(this.#watch.dialled);
    if (this.#desired === undefined && hello.desired.length > 0) {
      // What we found is ours once we renew it: a guard that starts anew after this one must hear it from us.
      this.#desired = { generation: hello.generation, announcements: hello.desired, evidence: 0 };
      this.#synced = true;
    } else {
      this.#sendDesired();
    }
    return true;
  }

  #onClose(failure: NodeJS.ErrnoException | undefined): void {
    const { leaseSocket, now } = this.#options;
    if (this.#ready) {
      this.#lostAt = now();
      const text = `the guard closed ${leaseSocket}: it ended, and its launcher withdraws everything`;
      this.#disconnected('GUARD_CLOSED', text);
    } else if (failure?.code === 'EACCES' || failure?.code === 'EPERM') {
      const text = `${leaseSocket} may not be opened: run swancast and ExaBGP as the same user, or share a group`;
      this.#disconnected('GUARD_DENIED', text);
    } else if (now() - this.#lostAt >= ABSENT_PATIENCE_MS && this.#told === '') {
      const way =
        this.#supervisor === undefined
          ? 'does ExaBGP run, with what `swancast render exabgp` prints?'
          : 'see the lines of ExaBGP in this log';
      this.#disconnected('GUARD_ABSENT', `no guard listens on ${leaseSocket}: ${way}`);
    }
    this.#ready = false;
    this.#synced = false;
    this.#watch.stop();
    this.#waiters.tell(undefined);
    const isNobody = failure?.code === 'ENOENT' || failure?.code === 'ECONNREFUSED';
    if (this.#sought || !isNobody || now() - this.#lostAt < ABSENT_PATIENCE_MS) return;
    this.#sought = true;
    const ended = endUnguarded(leaseSocket);
    if (ended !== undefined) this.#disconnected('GUARD_ABSENT', ended);
  }

  /** A guard that is there and does not answer cannot withdraw either: ExaBGP's end is the withdrawal. */
  #onSilence(waitedMs: number): void {
    if (this.#stopped) return;
    const { leaseSocket, now } = this.#options;
    const known = this.#ready ? this.#guard : undefined;
    const end = endSilentGuard({ leaseSocket, known, supervisor: this.#supervisor, waitedMs });
    if (end !== undefined) this.#disconnected(end.code, end.text);
    this.#ready = false;
    this.#lostAt = now();
    this.#client.drop();
  }

  #foreign(text: string): void {
    this.#disconnected('GUARD_FOREIGN', text);
    this.#client.drop();
  }

  /** One report per cause, not per try. */
  #disconnected(code: SpeakerProblem, detail: string): void {
    if (this.#stopped || this.#told === detail) return;
    this.#told = detail;
    this.#options.log('error', detail, { code });
    this.#options.onReport({ type: 'disconnected', code, detail });
  }
}
