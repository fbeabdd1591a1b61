/**
 * What systemd is told of a service (sd_notify(3)), without a library: node has no datagram sockets, so `notify-exec`
 * connects one and hands it to us as a descriptor. Without one nothing is said.
 *
 * A message that does not arrive (systemd is busy or gone) is nobody's trouble: the next ping is soon.
 */
import { writeSync } from 'node:fs';

type Environment = Record<string, string | undefined>;

/** Longer ones are cut: it is one line for a person. */
const STATUS_MAXIMUM = 400;
/** Within the time that systemd waits: one that was lost is not missed. */
const PINGS = 4;

export class SdNotify {
  readonly #fd: number | undefined;
  /** How long systemd waits for a ping before it kills us; undefined: it does not. */
  readonly watchdogMs: number | undefined;
  #status = '';
  #pingedAt = -Infinity;

  constructor(fd?: number, watchdogMs?: number) {
    this.#fd = fd;
    this.watchdogMs = fd === undefined ? undefined : watchdogMs;
  }

  /**
   * Takes from the environment what is meant for us, so that no child takes it for its own. WATCHDOG_PID is not
   * looked at: it names the unit's main process, which the guard is not.
   */
  static take(environment: Environment = process.env): SdNotify {
    const fd = wholeNumber(environment['SWANCAST_NOTIFY_FD']);
    const watchdogUs = wholeNumber(environment['WATCHDOG_USEC']);
    for (const name of OURS) delete environment[name];
    // 0 to 2 are taken, whatever somebody says.
    if (fd === undefined || fd < 3) return new SdNotify();
    return new SdNotify(fd, watchdogUs === undefined || watchdogUs === 0 ? undefined : watchdogUs / 1000);
  }

  /** False: nobody listens, so that nothing needs to be put together for it. */
  get isHeard(): boolean {
    return this.#fd !== undefined;
  }

  /** Started, or done with a reload. */
  ready(): void {
    this.#send('READY=1');
  }

  /** One line for people; the same again is not sent. */
  status(text: string): void {
    const line = text.replaceAll(/\s+/g, ' ').trim().slice(0, STATUS_MAXIMUM);
    if (line === this.#status) return;
    if (this.#send(`STATUS=${line}`)) this.#status = line;
  }

  /** Whoever calls it lives and works: often enough, and a ping goes out when it is time for one. */
  alive(nowMs: number): void {
    if (this.watchdogMs === undefined || nowMs - this.#pingedAt < this.watchdogMs / PINGS) return;
    this.#pingedAt = nowMs;
    this.#send('WATCHDOG=1');
  }

  /** Reads its configuration again; `ready` ends it. `monotonicMs`: CLOCK_MONOTONIC, which is how systemd orders it. */
  reloading(monotonicMs: number): void {
    this.#send('RELOADING=1', `MONOTONIC_USEC=${Math.round(monotonicMs * 1000)}`);
  }

  /** On its way out, which may take so long from now on. */
  stopping(timeoutMs: number): void {
    this.#send('STOPPING=1', `EXTEND_TIMEOUT_USEC=${Math.round(timeoutMs * 1000)}`);
  }

  /** In front of a line of log: what journald takes its priority from (sd-daemon(3)). */
  priority(level: keyof typeof PRIORITIES): string {
    return this.isHeard ? PRIORITIES[level] : '';
  }

  /** One datagram, all or nothing; tells whether it is on its way. */
  #send(...lines: readonly string[]): boolean {
    if (this.#fd === undefined) return false;
    try {
      writeSync(this.#fd, lines.join('\n'));
      return true;
    } catch {
      // EAGAIN: its queue is full. ECONNREFUSED, EPIPE, ENOTCONN: it is gone.
      return false;
    }
  }
}

const PRIORITIES = { debug: '<7>', info: '<6>', warn: '<4>', error: '<3>' } as const;

const OURS = ['SWANCAST_NOTIFY_FD', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
