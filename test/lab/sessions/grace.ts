/**
 * charon is killed and comes back, soon, late or never, while the prefix is withdrawn at once or after a grace. With
 * kernel ESP the SAs of a dead charon go on forwarding; with kernel-libipsec they end with it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../clock.ts';
import type { SessionExercise, Stage } from './exercise.ts';

const BACK_AFTER_MS: readonly (number | undefined)[] = [200, 2000, undefined];
const GRACE_MS: readonly number[] = [0, 3000];
/** Longer than a client asks and gives up, with what comes before it. */
const NOTICED_MS = 10_000;

const dieFor =
  (backAfterMs: number | undefined) =>
  async ({ lab, first, signal, note }: Stage): Promise<number> => {
    const { name } = first.plan;
    const at = lab.timeline.act(`SIGKILL of ${name}'s charon`);
    await first.charon.kill().gone;
    if (backAfterMs === undefined) return at;
    await delay(backAfterMs, undefined, { signal });
    await first.startCharon(signal);
    note({ charon_back_ms: Math.round(monotonic() - at) });
    return monotonic();
  };

const backText = (backAfterMs: number | undefined): string =>
  backAfterMs === undefined ? 'never' : `after ${backAfterMs / 1000} s`;

export const GRACES: readonly SessionExercise[] = BACK_AFTER_MS.flatMap((backAfterMs) =>
  [false, true].flatMap((pinned) =>
    GRACE_MS.map((graceMs): SessionExercise => {
      const back = backText(backAfterMs);
      const where = pinned ? 'pinned' : 'on anycast';
      return {
        name: 'crash-grace',
        variant: `back ${back}, ${where}, grace ${graceMs / 1000} s`,
        shows: `SIGKILL of charon, back ${back}; ${where}, restart_grace_ms: ${graceMs}`,
        setup: { addresses: 'identity', pinned, graceMs },
        act: dieFor(backAfterMs),
        noticedMs: NOTICED_MS,
      };
    }),
  ),
);
