/**
 * Runs the checks: each at its own interval, never twice at once, never longer than its timeout, and hands
 * on one Result per look. What a check does not say in time is unknown, and so is a failure that it blames
 * on charon while our own event loop was late.
 *
 * Looks lie on a grid (`splay + k · interval`), so that a slow look shifts nothing and the checks of
 * one gateway do not all come at the same moment; only a check that depends on another comes just after it, so
 * that what charon has been asked need not be asked again. The first look of each is at once.
 */
import type { Check, Judgement, Result } from './check.ts';
import { discountLag, startBeat } from './lag.ts';
import { setTimer as systemTimer, type HealthLog, type SetTimer } from './seams.ts';

/** How a look went, beside what it found. */
export interface Timing {
  readonly durationMs: number;
  /** By how much our own event loop was late during the look. */
  readonly lagMs: number;
}

export interface SchedulerOptions {
  readonly checks: readonly Check[];
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  /** Called once per look and per watched fact, never for a check that was stopped. */
  readonly onResult: (result: Result, timing: Timing) => void;
  readonly log: HealthLog;
  readonly setTimer?: SetTimer;
}

/** How long stop() waits for looks that were told to end. */
const STOP_GRACE_MS = 1000;

/** How long after the check that it depends on a check looks. */
const AFTER_MS = 5;

/** Where in its interval a check looks: the same on every start, different for every name. (FNV-1a) */
export function splay(name: string, intervalMs: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % Math.max(1, Math.floor(intervalMs));
}

/** The first point of the grid `origin + k · interval` (k ≥ 0) after `now`. */
export function nextOnGrid(origin: number, intervalMs: number, now: number): number {
  if (now < origin) return origin;
  return origin + (Math.floor((now - origin) / intervalMs) + 1) * intervalMs;
}

/** One look under way. */
interface Run {
  readonly abort: AbortController;
  /** Settles when its result was reported, its timeout at the latest; never rejects. */
  readonly reported: Promise<void>;
  /** Settles when observe() does; never rejects. */
  done: Promise<void>;
}

interface Slot {
  readonly check: Check;
  /** Begun and not ended: only a live slot looks and reports. */
  live: boolean;
  origin: number;
  fast: boolean;
  lastStart: number;
  lastPassed: boolean;
  run: Run | undefined;
  /** The timeout has passed and been reported, but observe() has not come back yet. */
  overdue: boolean;
  cancelTimer: (() => void) | undefined;
  unwatch: (() => void) | undefined;
}

export class Scheduler {
  #slots: ReadonlyMap<string, Slot>;
  readonly #options: SchedulerOptions;
  readonly #setTimer: SetTimer;
  #running = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#setTimer = options.setTimer ?? systemTimer;
    this.#slots = new Map(options.checks.map((check) => [check.name, slotFor(check)]));
    if (this.#slots.size !== options.checks.length) throw new Error('two checks have the same name');
  }

  /** Starts watching and looks once with every check. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    for (const slot of this.#slots.values()) this.#begin(slot);
  }

  /** Goes on with these checks: those that ran already (the same objects) notice nothing. */
  replace(checks: readonly Check[]): void {
    const before = this.#slots;
    this.#slots = new Map(
      checks.map((check) => {
        const known = before.get(check.name);
        return [check.name, known?.check === check ? known : slotFor(check)];
      }),
    );
    for (const slot of before.values()) if (this.#slots.get(slot.check.name) !== slot) void this.#end(slot);
    if (this.#running) for (const slot of this.#slots.values()) if (!slot.live) this.#begin(slot);
  }

  /** The pace of a check: fast while it rises or falls. Names that do not exist are ignored. */
  setFast(name: string, fast: boolean): void {
    const slot = this.#slots.get(name);
    if (slot === undefined || slot.fast === fast) return;
    slot.fast = fast;
    if (slot.run === undefined) this.#arm(slot);
  }

  /**
   * Looks now instead of at the next interval, with one check or with all. A look under way is enough. Resolves
   * when each has said what it saw, or has run out of time.
   */
  async runNow(name?: string): Promise<void> {
    const chosen = [...this.#slots.values()].filter(({ check }) => name === undefined || check.name === name);
    for (const slot of chosen) this.#urge(slot);
    await Promise.all(chosen.flatMap(({ run }) => (run === undefined ? [] : [run.reported])));
  }

  /** Ends everything; no result comes after the call, no timer is left after the promise. */
  async stop(): Promise<void> {
    this.#running = false;
    const pending = [...this.#slots.values()].flatMap((slot) => this.#end(slot) ?? []);
    if (pending.length === 0) return;
    let cancel: (() => void) | undefined;
    const grace = new Promise<void>((resolve) => {
      cancel = this.#setTimer(STOP_GRACE_MS, resolve);
    });
    await Promise.race([Promise.all(pending), grace]);
    cancel?.();
  }

  #begin(slot: Slot): void {
    const { check } = slot;
    slot.live = true;
    const [leader] = check.dependsOn;
    const after = leader === undefined ? 0 : AFTER_MS;
    slot.origin = splay(leader ?? check.name, check.pace.intervalMs) + after;
    slot.unwatch = check.watch?.(
      (judgement) => {
        if (slot.live) this.#report(slot, judgement, this.#options.now(), { durationMs: 0, lagMs: 0 });
      },
      () => {
        this.#look(slot);
      },
    );
    this.#look(slot);
  }

  /** Resolves when a look under way is over; undefined when there is nothing worth waiting for. */
  #end(slot: Slot): Promise<void> | undefined {
    slot.live = false;
    slot.unwatch?.();
    slot.unwatch = undefined;
    slot.cancelTimer?.();
    slot.cancelTimer = undefined;
    const { run, overdue } = slot;
    run?.abort.abort(new Error('the scheduler stops'));
    // A look that ignored its timeout will ignore this too: do not wait for it.
    return overdue ? undefined : run?.done;
  }

  #arm(slot: Slot, notBefore = 0): void {
    slot.cancelTimer?.();
    slot.cancelTimer = undefined;
    if (!slot.live) return;
    const now = this.#options.now();
    const { intervalMs, fastMs } = slot.check.pace;
    const grid = nextOnGrid(slot.origin, intervalMs, now);
    const due = Math.max(slot.fast ? Math.min(grid, slot.lastStart + fastMs) : grid, notBefore);
    slot.cancelTimer = this.#setTimer(Math.max(0, Math.ceil(due - now)), () => {
      slot.cancelTimer = undefined;
      this.#look(slot);
    });
  }

  #look(slot: Slot): void {
    if (!slot.live) return;
    if (slot.run === undefined) {
      this.#observe(slot);
      return;
    }
    if (!slot.overdue) return;
    const at = this.#options.now();
    const value = 'the look before this one has still not come back';
    this.#report(slot, { verdict: 'unknown', reason: 'check-timed-out', value }, at, {
      durationMs: 0,
      lagMs: 0,
    });
    this.#arm(slot, at + slot.check.pace.fastMs);
  }

  /** A look out of turn; whoever looks on its behalf elsewhere is told, too. */
  #urge(slot: Slot): void {
    if (slot.live) slot.check.urge?.();
    this.#look(slot);
  }

  #observe(slot: Slot): void {
    const { check } = slot;
    const { timeoutMs } = check.pace;
    slot.cancelTimer?.();
    slot.cancelTimer = undefined;
    const at = this.#options.now();
    slot.lastStart = at;
    const abort = new AbortController();
    const beat = startBeat(this.#options.now, this.#setTimer);
    let reported = false;
    const told = Promise.withResolvers<void>();
    const finish = (judgement: Judgement): void => {
      const lagMs = beat.stop();
      told.resolve();
      if (reported || !slot.live) return;
      reported = true;
      const durationMs = this.#options.now() - at;
      this.#report(slot, discountLag(judgement, lagMs, timeoutMs), at, { durationMs, lagMs });
    };
    const cancelTimeout = this.#setTimer(timeoutMs, () => {
      slot.overdue = true;
      abort.abort(new Error(`${check.name} did not come back within ${String(timeoutMs)} ms`));
      finish({ verdict: 'unknown', reason: 'check-timed-out', value: `after ${String(timeoutMs)} ms` });
      this.#arm(slot);
    });
    const run: Run = { abort, reported: told.promise, done: Promise.resolve() };
    slot.run = run;
    run.done = this.#ask(check, abort.signal).then((judgement) => {
      cancelTimeout();
      slot.run = undefined;
      slot.overdue = false;
      finish(judgement);
      // onResult may have asked for another look already.
      if (slot.run === undefined) this.#arm(slot);
    });
  }

  /** observe(), with a rejection turned into a result: one broken check must not stop the others. */
  async #ask(check: Check, signal: AbortSignal): Promise<Judgement> {
    try {
      return await check.observe(signal);
    } catch (error) {
      // A look that was told to end may end by rejecting; its timeout has been reported already.
      if (!signal.aborted) this.#options.log.error({ check: check.name, err: error }, 'check crashed');
      const value = error instanceof Error ? error.message : String(error);
      return { verdict: 'unknown', reason: 'check-crashed', value };
    }
  }

  #report(slot: Slot, judgement: Judgement, at: number, timing: Timing): void {
    const passed = judgement.verdict === 'pass';
    const turned = slot.lastPassed !== passed;
    slot.lastPassed = passed;
    this.#options.onResult({ ...judgement, check: slot.check.name, at }, timing);
    if (!turned) return;
    for (const other of this.#slots.values()) {
      // What knew nothing while this one failed has gone stale, and must not wait for its interval to know again.
      if (passed) {
        if (!other.lastPassed && other.check.dependsOn.includes(slot.check.name)) this.#look(other);
      } else if (other !== slot && other.check.triggeredBy?.includes(slot.check.name) === true)
        this.#urge(other);
    }
  }
}

const slotFor = (check: Check): Slot => ({
  check,
  live: false,
  origin: 0,
  fast: false,
  lastStart: -Infinity,
  lastPassed: true,
  run: undefined,
  overdue: false,
  cancelTimer: undefined,
  unwatch: undefined,
});
