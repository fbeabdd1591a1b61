/**
 * Why a prefix is not announced yet. A prefix that was announced before says so with its transition; one that never
 * was has none, and the log of such a gateway would say nothing at all.
 */
import type { State } from './decision.ts';
import type { PrefixState } from './prefix.ts';
import { REASONS } from './reason.ts';
import { explained, type Explained } from './explained.ts';

export interface SilenceLine {
  readonly fields: Explained & { readonly prefix: string; readonly state: 'cold' };
  readonly text: string;
}

/** What a start passes through anyhow is not worth a line. */
const SETTLED_MS = 3000;
/** Two reasons that take turns: each is said once in so long. */
const REPEAT_MS = 60_000;

interface Watched {
  readonly token: string;
  readonly since: number;
  readonly said: string | undefined;
  readonly saidAt: ReadonlyMap<string, number>;
}

export class Silence {
  readonly #watched = new Map<string, Watched>();

  /** A line for each prefix whose reason has settled and is another one than was said last. */
  look({ prefixes, checks, stopping }: State, now: number): SilenceLine[] {
    return [...prefixes].flatMap(([prefix, state]) => {
      if (state.phase !== 'cold' || state.force !== undefined || stopping) {
        this.#watched.delete(prefix);
        return [];
      }
      const why = reasonOf(state, checks);
      // Not its value, which changes with every look.
      const token = [why.reason, why.check, why.last].join(' ');
      const known = this.#watched.get(prefix);
      const watched: Watched =
        known?.token === token ? known : { said: undefined, saidAt: new Map(), ...known, token, since: now };
      const saidAt = watched.saidAt.get(token) ?? -Infinity;
      const isDue = now - watched.since >= SETTLED_MS && watched.said !== token && now - saidAt >= REPEAT_MS;
      const next = isDue
        ? { ...watched, said: token, saidAt: new Map(watched.saidAt).set(token, now) }
        : watched;
      this.#watched.set(prefix, next);
      if (!isDue) return [];
      const { last: _, ...fields } = why;
      return [{ fields: { prefix, state: 'cold', ...fields }, text: sentence(prefix, fields) }];
    });
  }
}

/** `starting` is no reason by itself: what the check that is waited for last said belongs to it. */
function reasonOf({ reason, cause }: PrefixState, checks: State['checks']): Explained & { last?: string } {
  const why = explained(reason, cause);
  const result = why.check === undefined ? undefined : checks.get(why.check)?.result;
  if (reason !== 'starting' || result === undefined || result.verdict === 'pass') return why;
  const value = result.value === undefined ? result.reason : `${result.reason}: ${result.value}`;
  return { ...why, value, way_out: REASONS[result.reason].wayOut, last: result.reason };
}

function sentence(prefix: string, { sentence: why, value, way_out: wayOut }: Explained): string {
  return `${prefix} is not announced: ${why}${value === undefined ? '' : ` (${value})`}; ${wayOut}`;
}
