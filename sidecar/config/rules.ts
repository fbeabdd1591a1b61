/** What no single key can say: the rules between keys. Pure. */
import type { Config } from './config.ts';
import { checkRules } from './rules-checks.ts';
import { fleetRules } from './rules-fleet.ts';
import { neighborRules } from './rules-neighbors.ts';
import { ownAddressRules, prefixRules } from './rules-routes.ts';
import { httpRules } from './rules-secrets.ts';
import { sessionsRules } from './rules-sessions.ts';
import { atMost, seconds, type Violation } from './violation.ts';

export function* rules(config: Config): Generator<Violation> {
  // Those that others stand on first: their violations silence the others.
  yield* neighborRules(config);
  yield* checkRules(config);
  yield* prefixRules(config);
  yield* ownAddressRules(config);
  yield* fleetRules(config);
  yield* sessionsRules(config);
  yield* httpRules(config);
  yield* timeRules(config);
  yield* socketRules(config);
}

function* timeRules({ lease, decision }: Config): Generator<Violation> {
  if (lease.ttlMs >= lease.maxAgeMs) {
    yield {
      key: 'lease.ttl_seconds',
      value: lease.ttlMs / 1000,
      expected: 'less than lease.max_age_seconds',
      message: `${seconds(lease.ttlMs)} is not less than lease.max_age_seconds ${seconds(lease.maxAgeMs)}; evidence would be too old before the lease ends`,
      involves: ['lease.max_age_seconds'],
    };
  }
  const { holdDownMs, holdDownMaxMs } = decision;
  yield* atMost('decision.hold_down_seconds', holdDownMs, 'hold_down_max_seconds', holdDownMaxMs, [
    'decision.hold_down_max_seconds',
  ]);
}

/** What ExaBGP takes in the run line of its process, where the path of the lease socket stands. */
const RUN_LINE = /^[\w@%+=:./-]+$/u;

function* socketRules({ lease, control, strongswan }: Config): Generator<Violation> {
  if (!RUN_LINE.test(lease.socket)) {
    const expected = 'a path of letters, digits and @%+=:./_-';
    const message = `${JSON.stringify(lease.socket)} is not ${expected}, which is all that ExaBGP takes in its run line`;
    yield { key: 'lease.socket', value: lease.socket, expected, message };
  }
  const taken = new Map([[strongswan.viciSocket, 'strongswan.vici_socket']]);
  for (const [key, path] of [
    ['lease.socket', lease.socket],
    ['control.socket', control.socket],
  ] as const) {
    const other = taken.get(path);
    taken.set(path, key);
    if (other === undefined) continue;
    const message = `"${path}" is ${other} as well; give each socket a path of its own`;
    yield { key, value: path, expected: 'a path of its own', message, involves: [other] };
  }
}
