/**
 * The daemon as a unit of systemd: what it says of itself, and the proof that it lives. A ping only goes out while the
 * check that looks most often does so in time, and its results get through the decision: a bare timer would go on
 * pinging beside a scheduler that has stopped.
 */
import type { SdNotify } from '../bgp/sd-notify.ts';
import type { CheckConfig } from './config/config.ts';

export interface UnitOptions {
  readonly notify: Pick<SdNotify, 'isHeard' | 'watchdogMs' | 'ready' | 'status' | 'alive'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Those that look now. */
  readonly checks: () => readonly Pick<CheckConfig, 'name' | 'intervalMs' | 'timeoutMs'>[];
  /** One line; only put together if anybody listens. */
  readonly text: () => string;
}

/** By so much a look may be late, on a busy host. */
const SLACK_MS = 1000;
/** Looks at the checks within the time that systemd waits for a ping. */
const LOOKS = 10;

export class Unit {
  readonly #options: UnitOptions;
  readonly #heardAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UnitOptions) {
    this.#options = options;
  }

  /** It listens and decides; whether anything is announced is another matter. */
  started(): void {
    const { notify, text } = this.#options;
    if (!notify.isHeard) return;
    notify.ready();
    notify.status(text());
    if (notify.watchdogMs === undefined) return;
    this.#timer = setInterval(() => this.#look(), notify.watchdogMs / LOOKS);
    this.#look();
  }

  /** A result of that check was dispatched. */
  heard(check: string): void {
    const { notify, now, text } = this.#options;
    if (!notify.isHeard) return;
    this.#heardAt.set(check, now());
    notify.status(text());
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { notify, now, checks } = this.#options;
    const configured = checks();
    const [quickest] = configured.toSorted((a, b) => dueWithin(a) - dueWithin(b));
    for (const name of this.#heardAt.keys()) {
      if (!configured.some((check) => check.name === name)) this.#heardAt.delete(name);
    }
    if (quickest === undefined) return;
    // One that a reload brought has just begun.
    const heardAt = this.#heardAt.get(quickest.name) ?? now();
    this.#heardAt.set(quickest.name, heardAt);
    if (now() - heardAt <= dueWithin(quickest) + SLACK_MS) notify.alive(now());
  }
}

/** From one result to the next. */
const dueWithin = ({ intervalMs, timeoutMs }: { intervalMs: number; timeoutMs: number }): number =>
  intervalMs + timeoutMs;
