/**
 * When ExaBGP is told to connect to a router at once. Its own pause between two tries grows to a minute, and no
 * session that comes up in between shortens it again. Pure: probe outcomes in, decisions out.
 *
 * The rule: a router whose port accepts while no session comes up is worth a redial, at first after two seconds,
 * then less and less often; one that refused in between is new, and starts from the beginning.
 *
 * Some routers cannot be probed ("blind"). With TCP MD5 they drop our SYN while they are well, but refuse it while
 * no BGP runs: silence may be acceptance. With GTSM they may take our SYN and drop our FIN, and then wait for that
 * dead connection's OPEN for minutes, so those are not probed at all (`unasked`).
 */

/** `silent`: neither answer nor refusal in time; filtered, or no such host behind a router. */
export type ProbeOutcome = 'accepted' | 'refused' | 'silent' | 'unasked';

export interface RedialState {
  /** When ExaBGP was last told; -Infinity: never. */
  readonly lastAt: number;
  /** How long it is left alone after that. */
  readonly waitMs: number;
}

/** ExaBGP needs some 50 ms to take its order, and a second more when its first try collides with the probe. */
const FIRST_WAIT_MS = 2000;
const MAXIMUM_WAIT_MS = 30_000;
/** Blind, each redial is a guess, and the only way to be there in time. */
const BLIND_WAIT_MS = 10_000;

export const FIRST_REDIAL: RedialState = { lastAt: -Infinity, waitMs: 0 };

/** `redial` comes at most once in two seconds, whatever the router does. `blind`: silence may be acceptance. */
export function onProbe(
  { lastAt, waitMs }: RedialState,
  outcome: ProbeOutcome,
  blind: boolean,
  now: number,
): { readonly state: RedialState; readonly redial: boolean } {
  const guess = outcome === 'unasked' || (blind && outcome === 'silent');
  if (outcome !== 'accepted' && !guess) {
    return { state: { lastAt, waitMs: Math.min(waitMs, FIRST_WAIT_MS) }, redial: false };
  }
  if (now < lastAt + waitMs) return { state: { lastAt, waitMs }, redial: false };
  const most = guess ? BLIND_WAIT_MS : MAXIMUM_WAIT_MS;
  return {
    state: { lastAt: now, waitMs: Math.min(most, Math.max(FIRST_WAIT_MS, waitMs * 2)) },
    redial: true,
  };
}
