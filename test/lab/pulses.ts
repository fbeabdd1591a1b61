import { setTimeout as delay } from 'node:timers/promises';
import { signalProcess, type ProcessIdentity } from './process-identity.ts';

export interface Pulse {
  readonly stopMs: number;
  readonly runMs: number;
}

/** Stops a process and lets it run in turns, until the time is over or the signal aborts; it runs afterwards. */
export async function pulse(
  target: ProcessIdentity,
  { stopMs, runMs }: Pulse,
  forMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + forMs;
  try {
    while (performance.now() < deadline && signalProcess(target, 'SIGSTOP')) {
      await delay(stopMs, undefined, { signal });
      signalProcess(target, 'SIGCONT');
      await delay(runMs, undefined, { signal });
    }
  } finally {
    signalProcess(target, 'SIGCONT');
  }
}
