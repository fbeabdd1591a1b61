/** Checks that are answered by hand, and a scheduler of them on a clock that is turned by hand. */
import type { Check, Judgement, Result } from '../../health/check.ts';
import { Scheduler, type Timing } from '../../health/scheduler.ts';
import { KeptLog, type FakeClock } from './fixture.ts';

export const PASS: Judgement = { verdict: 'pass' };
export const SILENT: Judgement = { verdict: 'fail', reason: 'vici-silent' };
export const GONE: Judgement = { verdict: 'fail', reason: 'charon-gone' };

/** A check whose looks are answered by hand, or at once when `answer` is set. */
export class Puppet implements Check {
  readonly name: string;
  dependsOn: readonly string[] = [];
  readonly triggeredBy: readonly string[];
  readonly pace = { intervalMs: 1000, fastMs: 200, timeoutMs: 400 };
  readonly begun: number[] = [];
  answer: Judgement | undefined = PASS;
  emit: (judgement: Judgement) => void = () => undefined;
  look: () => void = () => undefined;
  watched = false;
  signal: AbortSignal | undefined;
  resolve: (judgement: Judgement) => void = () => undefined;
  reject: (error: Error) => void = () => undefined;
  readonly clock: FakeClock;

  constructor(clock: FakeClock, name = 'puppet', triggeredBy: readonly string[] = []) {
    this.clock = clock;
    this.name = name;
    this.triggeredBy = triggeredBy;
  }

  observe(signal: AbortSignal): Promise<Judgement> {
    this.begun.push(this.clock.time);
    this.signal = signal;
    if (this.answer !== undefined) return Promise.resolve(this.answer);
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  watch(emit: (judgement: Judgement) => void, look: () => void): () => void {
    this.emit = emit;
    this.look = look;
    this.watched = true;
    return () => {
      this.watched = false;
    };
  }
}

/** A scheduler of these checks on the clock of the first; `seen` are its verdicts, each with its reason. */
export function setup(
  first: Puppet,
  ...others: readonly Puppet[]
): {
  scheduler: Scheduler;
  results: Result[];
  timings: Timing[];
  log: KeptLog;
  seen: () => string[];
} {
  const results: Result[] = [];
  const timings: Timing[] = [];
  const log = new KeptLog();
  const scheduler = new Scheduler({
    checks: [first, ...others],
    now: first.clock.now,
    setTimer: first.clock.setTimer,
    log,
    onResult: (result, timing) => {
      results.push(result);
      timings.push(timing);
    },
  });
  const seen = (): string[] =>
    results.map((result) => (result.verdict === 'pass' ? 'pass' : `${result.verdict} ${result.reason}`));
  return { scheduler, results, timings, log, seen };
}
