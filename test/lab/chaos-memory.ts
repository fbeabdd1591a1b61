import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from './process-identity.ts';

export interface Growth {
  /** "gw1 guard". */
  readonly name: string;
  readonly pid: number;
  readonly lived_s: number;
  readonly begin_mb: number;
  readonly end_mb: number;
}

/** By then a process has loaded what it is made of. */
const WARM_UP_MS = 5000;
const EVERY_MS = 1000;
/** Shorter lives say nothing about growth. */
const LIVED_MS = 20_000;
/** What V8 may take without any leak: half of its two young generations of 16 MB each. 5 MB in 100 s was seen. */
export const GROWTH_MB = 20;

interface Life {
  readonly name: string;
  readonly pid: number;
  readonly since: number;
  begin: number | undefined;
  end: number;
  sampledAt: number;
}

/** Resident memory of processes over their lives. */
export class MemoryWatch {
  readonly #lives = new Map<string, Life>();

  sample(name: string, { pid, startTime }: ProcessIdentity, now: number): void {
    const key = `${pid} ${startTime}`;
    const life = this.#lives.get(key) ?? {
      name,
      pid,
      since: now,
      begin: undefined,
      end: 0,
      sampledAt: -Infinity,
    };
    this.#lives.set(key, life);
    if (now - life.sampledAt < EVERY_MS || now - life.since < WARM_UP_MS) return;
    const resident = residentMb(pid);
    if (resident === undefined) return;
    life.begin ??= resident;
    life.end = resident;
    life.sampledAt = now;
  }

  /** Of those that lived long enough. */
  get growths(): Growth[] {
    return [...this.#lives.values()].flatMap(({ name, pid, since, begin, end, sampledAt }) =>
      begin === undefined || sampledAt - since < LIVED_MS
        ? []
        : [
            {
              name,
              pid,
              lived_s: Math.round((sampledAt - since) / 1000),
              begin_mb: begin,
              end_mb: end,
            },
          ],
    );
  }
}

/** VmRSS of proc(5), in MB with one decimal. */
function residentMb(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 102.4) / 10;
  } catch {
    return undefined;
  }
}
