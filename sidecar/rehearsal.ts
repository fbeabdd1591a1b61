/**
 * The path from a dead charon to the withdrawal is run once in a blue moon, and then every millisecond counts.
 * A first run costs three times as much as a later one (code not compiled, caches cold), so the daemon
 * rehearses when it starts: the pure decision on a scratch state, and a link to a charon that is not there.
 */
import { CharonLink } from '../health/charon-link.ts';
import { initialState, type Event, type Policy, type State } from './decision.ts';
import { statusOf } from './status.ts';
import { stepAll } from './step-all.ts';
import { transitionLine } from './transition.ts';

/** Enough for the engine to compile what is worth it; the whole rehearsal takes some ten milliseconds. */
const ROUNDS = 60;

/** Announces and loses charon again and again on a state that nobody sees. Pure. */
export function rehearseDecision(policy: Policy): void {
  for (let round = 0; round < ROUNDS; round += 1) {
    let state: State = initialState(policy, 0);
    let now = 0;
    const hear = (event: Event): void => {
      const next = stepAll(state, event, policy, now);
      state = next.state;
      for (const effect of next.effects) if (effect.type === 'journal') transitionLine(effect.transition);
    };
    const report = {
      generation: 0,
      lease: 'none',
      desired: [],
      acknowledged: [],
      neighbors: {},
      reasons: {},
    } as const;
    hear({ type: 'lease', report });
    for (; now < 1000; now += 200) {
      for (const check of policy.checks.keys())
        hear({ type: 'result', result: { check, verdict: 'pass', at: now } });
    }
    for (const check of policy.checks.keys()) {
      hear({ type: 'result', result: { check, verdict: 'fail', reason: 'charon-gone', at: now } });
    }
    statusOf(state, policy, { version: '', gateway: '', startedAt: 0, neighbors: [] }, [], now);
  }
}

/** Connects to a socket that does not exist, the way the real link does after charon's end. */
export async function rehearseLink(viciSocket: string, now: () => number): Promise<void> {
  const quiet = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const link = new CharonLink({ path: `${viciSocket}.rehearsal`, now, log: quiet });
    await link.look(100, new AbortController().signal);
    link.close();
  }
}
