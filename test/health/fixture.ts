/** Recorded messages of charon 5.9.8, a clock turned by hand, and plain values to begin a test with. */
import { readFileSync } from 'node:fs';
import type { Snapshot } from '../../health/charon.ts';
import { Deframer, decodePacket, type Message } from '../../health/vici/index.ts';
import type { HealthLog, SetTimer } from '../../health/seams.ts';

/** What charon sent on this recording: the messages of its responses and events, in order. */
export function recorded(name: string): Message[] {
  const bytes = readFileSync(new URL(`vici/samples/${name}.bin`, import.meta.url));
  return new Deframer().push(bytes).flatMap((body) => {
    const packet = decodePacket(body);
    return packet.type === 'event' || packet.type === 'command-response' ? [packet.message] : [];
  });
}

/** The first message of a recording. */
export function firstRecorded(name: string): Message {
  const [message] = recorded(name);
  if (message === undefined) throw new Error(`no message in ${name}`);
  return message;
}

/** Log lines, kept. */
export class KeptLog implements HealthLog {
  readonly lines: string[] = [];
  readonly debug = (): void => undefined;
  readonly info = (_: object, text: string): void => void this.lines.push(`info ${text}`);
  readonly warn = (_: object, text: string): void => void this.lines.push(`warn ${text}`);
  readonly error = (_: object, text: string): void => void this.lines.push(`error ${text}`);
}

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** Time that passes only when told to. */
export class FakeClock {
  time = 0;
  readonly timers = new Set<Timer>();
  readonly now = (): number => this.time;
  readonly setTimer: SetTimer = (ms, fire) => {
    const timer = { at: this.time + ms, fire };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  };

  /** Goes on by `ms`, firing what is due in order; lets promises run in between. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    await settled();
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.time = Math.max(this.time, next.at);
      this.timers.delete(next);
      next.fire();
      await settled();
    }
    this.time = end;
  }

  /** The event loop is blocked: time goes on, timers fire late, all at the end. */
  async block(ms: number): Promise<void> {
    this.time += ms;
    await this.pass(0);
  }
}

/** Lets everything that waits for no timer run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export function snapshot(
  ikeSas: { total: number; halfOpen?: number },
  more: { connections?: readonly string[]; startedAt?: number } = {},
): Snapshot {
  const none = { critical: 0, high: 0, medium: 0, low: 0 };
  return {
    at: 0,
    version: { daemon: 'charon-systemd', version: '5.9.8' },
    stats: {
      startedAt: more.startedAt ?? 1_800_000_000_000,
      workers: { total: 16, idle: 7, active: none },
      queues: none,
      scheduled: 0,
      ikeSas: { total: ikeSas.total, halfOpen: ikeSas.halfOpen ?? 0 },
    },
    connections: more.connections ?? ['ra'],
  };
}
