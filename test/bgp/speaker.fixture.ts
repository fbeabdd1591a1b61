/** The sidecar's end of the lease, against the real guard under a scripted ExaBGP; all of it ends with the test. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Speaker, type SpeakerOptions, type SpeakerReport } from '../../bgp/speaker.ts';
import { FakeExabgp } from '../fake/exabgp.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { one } from './guard.fixture.ts';

export type Report = Extract<SpeakerReport, { type: 'report' }>;
export type Hello = Extract<SpeakerReport, { type: 'hello' }>;
export type Lost = Extract<SpeakerReport, { type: 'disconnected' }>;

export class Sidecar {
  readonly reports: SpeakerReport[] = [];
  readonly logged: string[] = [];
  readonly speaker: Speaker;
  readonly #heard = new Set<() => void>();

  constructor(fake: FakeExabgp, options: Partial<SpeakerOptions> = {}) {
    this.speaker = new Speaker({
      leaseSocket: fake.leaseSocket,
      ttlMs: 60_000,
      supervise: false,
      neighbors: [],
      now: monotonic,
      log: (level, message) => this.logged.push(`${level} ${message}`),
      onReport: (report) => {
        this.reports.push(report);
        for (const heard of this.#heard) heard();
        this.#heard.clear();
      },
      ...options,
    });
    onTestFinished(() => this.speaker.stop());
    this.speaker.start();
  }

  async until<T extends SpeakerReport>(
    type: T['type'],
    condition: (report: T) => boolean = () => true,
    from = 0,
  ): Promise<T> {
    for (;;) {
      const found = this.reports.slice(from).find((report) => report.type === type && condition(report as T));
      if (found !== undefined) return found as T;
      await new Promise<void>((resolve) => this.#heard.add(resolve));
    }
  }

  /** Announces the one prefix; resolves with what the guard reports once ExaBGP acknowledged it. */
  announces(generation = 1): Promise<Report> {
    this.speaker.set(generation, [one], monotonic());
    return this.until<Report>('report', ({ acknowledged }) => acknowledged.length === 1);
  }
}

export async function running(ttlMs = 60_000): Promise<FakeExabgp> {
  const fake = await FakeExabgp.start({ ttlMs });
  onTestFinished(() => fake.stop());
  return fake;
}

export async function prepared(): Promise<FakeExabgp> {
  const fake = await FakeExabgp.prepare({ ttlMs: 60_000 });
  onTestFinished(() => fake.stop());
  return fake;
}

export const supervise = (fake: FakeExabgp): { supervise: Exclude<SpeakerOptions['supervise'], false> } => ({
  supervise: { exabgp: fake.program, configText: fake.configText, runDirectory: join(fake.directory, 'run') },
});
