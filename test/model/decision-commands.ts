/** What may happen to a sidecar, one command each. Their names are what a counterexample is read from. */
import fc from 'fast-check';
import type { Announcement } from '../../bgp/announcement.ts';
import type { LeaseReport } from '../../bgp/lease.ts';
import type { Judgement } from '../../health/check.ts';
import type { HealthReason } from '../../health/reason.ts';
import type { Intent } from '../../sidecar/intent.ts';
import { act, type Act } from './decision-act.ts';
import type { Driver } from './decision-driver.ts';
import { ANYCAST, OWN } from './decision-charon.ts';
import { fleet, othersAnnounce } from './decision-fleet.ts';
import type { History } from './decision-history.ts';
import { drains, sessions } from './decision-sessions.ts';
import {
  changedChecks,
  CHECKS,
  FAILURES,
  knobs,
  policyFor,
  PREFIXES,
  STRANGER,
  UNKNOWNS,
  type Knobs,
} from './decision-policy.ts';

const QUIET: LeaseReport = {
  generation: 0,
  lease: 'none',
  desired: [],
  acknowledged: [],
  neighbors: {},
  reasons: {},
};

/** How long before its arrival a look began. */
const lag = fc.constantFrom(0, 0, 0, 0, 100, 900, 3500);

const look = (check: string, judgement: Judgement, lagMs: number): Act => {
  const { verdict } = judgement;
  const why = verdict === 'pass' ? '' : ` ${judgement.reason}${judgement.provesAlive ? ' but alive' : ''}`;
  const late = lagMs === 0 ? '' : `, begun ${lagMs} ms ago`;
  return act(
    `${check} ${verdict}${why}${late}`,
    (driver) => driver.result({ check, at: driver.now - lagMs, ...judgement }),
    ({ policy }) => policy.checks.has(check),
  );
};

const alive = (isAlive: boolean): { provesAlive: true } | object => (isAlive ? { provesAlive: true } : {});

const passes = fc
  .tuple(fc.constantFrom(...CHECKS), lag)
  .map(([check, lagMs]) => look(check, { verdict: 'pass' }, lagMs));

const failures = fc
  .constantFrom(...CHECKS)
  .chain((check) =>
    fc
      .tuple(fc.constantFrom<HealthReason>(...FAILURES[check]), fc.boolean(), lag)
      .map(([reason, isAlive, lagMs]) => look(check, { verdict: 'fail', reason, ...alive(isAlive) }, lagMs)),
  );

/** The two planes of charon, each of which may be silent without the other. */
const silences = fc.constantFrom(
  look('charon', { verdict: 'fail', reason: 'vici-silent' }, 0),
  look('ike-v4', { verdict: 'fail', reason: 'ike-silent' }, 0),
);

const unknowns = fc
  .tuple(fc.constantFrom(...CHECKS), fc.constantFrom(...UNKNOWNS), fc.boolean(), lag)
  .map(([check, reason, isAlive, lagMs]) =>
    look(check, { verdict: 'unknown', reason, ...alive(isAlive) }, lagMs),
  );

const waits = fc
  .tuple(fc.integer({ min: 1, max: 4000 }), fc.constantFrom(0, 0, 0, 1, 150))
  .map(([ms, lateMs]) =>
    act(`${ms} ms pass${lateMs === 0 ? '' : `, every wake-up ${lateMs} ms late`}`, (driver) =>
      driver.wait(ms, lateMs),
    ),
  );

/** Every check passes every 500 ms. */
export function stayHealthy(driver: Driver, ms: number): void {
  for (let passed = 0; passed < ms; passed += 500) {
    for (const check of driver.policy.checks.keys()) {
      driver.result({ check, verdict: 'pass', at: driver.now });
    }
    driver.wait(500);
  }
}

const health = fc
  .integer({ min: 1, max: 16 })
  .map((n) => act(`${n * 500} ms of health`, (driver) => stayHealthy(driver, n * 500)));

const report = (
  name: string,
  part: (story: History) => Partial<LeaseReport> | undefined,
  check?: (story: Readonly<History>) => boolean,
): Act =>
  act(
    name,
    (driver, story) => {
      const said = part(story);
      driver.send({ type: 'lease', report: said && { ...QUIET, ...said } });
    },
    check,
  );

function lapse(name: string, age: number): Act {
  return act(name, (driver, { generation, hadOrders }) => {
    if (hadOrders) driver.forgetUnordered();
    driver.send({
      type: 'lease',
      report: { ...QUIET, lease: 'lapsed', generation: Math.max(0, generation - age) },
    });
  });
}

const GUARD_SAYS = [
  report('the guard goes', () => undefined),
  report('the guard has nothing', () => ({})),
  report('the guard holds what was asked', ({ generation, asked }) => ({
    lease: 'held',
    generation,
    desired: asked,
    acknowledged: asked.map(({ prefix }) => prefix),
  })),
  lapse('the guard let the lease lapse', 0),
  lapse('the guard let an older lease lapse', 1),
];

/** What the guard of a predecessor holds; news only to a sidecar that has not heard it before. */
const findings = fc
  .tuple(
    fc.constantFrom('held' as const, 'handover' as const),
    fc.subarray([...PREFIXES, STRANGER], { minLength: 1 }),
    fc.constantFrom<Partial<Announcement>>({ med: 100 }, { med: 7 }, { med: 500, prepend: 2 }),
    fc.integer({ min: 1, max: 9 }),
  )
  .map(([lease, prefixes, attributes, generation]) => {
    const desired = prefixes.map((prefix): Announcement => ({ prefix, nextHop: 'self', ...attributes }));
    const name = `the guard is found with ${lease} ${generation}: ${prefixes.join(' ')} med ${attributes.med}`;
    return act(name, (driver, { greeted, hadOrders }) => {
      // What was ordered once is not taken over any more, also when the order has ended.
      if (!greeted && hadOrders) driver.forgetUnordered();
      driver.send({
        type: 'lease',
        report: { ...QUIET, lease, generation, desired, acknowledged: prefixes },
      });
    });
  });

/** `touched`: checks whose limits changed, which no policy shows. */
const reload = (to: Knobs, touched: readonly string[]): Act => {
  const policy = policyFor(to);
  return act(`reload ${JSON.stringify(to)} touching [${touched.join(' ')}]`, (driver) =>
    driver.reload(policy, new Set([...changedChecks(driver.policy, policy), ...touched])),
  );
};

/** An order takes the place of an older one for its prefix; the other orders stand. */
const orders = fc
  .tuple(
    fc.constantFrom(...PREFIXES),
    fc.constantFrom('announce' as const, 'withdraw' as const),
    fc.constantFrom(1000, 3000, 10_000, 60_000),
  )
  .map(([prefix, verb, ms]) =>
    act(
      `an operator orders ${verb} ${prefix} for ${ms} ms`,
      (driver, { orders: standing }) => {
        const others = [...standing.values()].filter((each) => each.prefix !== prefix);
        const told = { reason: 'test', who: 'somebody', since: '', until: '' };
        const order: Intent = { prefix, verb, ...told, endsAt: driver.now + ms };
        driver.send({ type: 'intent', intents: [...others, order] });
      },
      ({ stopped }) => !stopped,
    ),
  );

const forgive = fc.subarray([...PREFIXES], { minLength: 1 }).map((prefixes) =>
  act(
    `an operator forgives the flaps of ${prefixes.join(' ')}`,
    (driver) => driver.send({ type: 'release', prefixes }),
    ({ stopped }) => !stopped,
  ),
);

const release = fc.constantFrom(...PREFIXES).map((prefix) =>
  act(
    `an operator releases ${prefix}`,
    (driver, { orders: ordered }) => {
      const intents = [...ordered.values()].filter((each) => each.prefix !== prefix);
      driver.send({ type: 'intent', intents });
    },
    ({ orders: ordered }) => ordered.has(prefix),
  ),
);

/** What is withdrawn at once, with a charon that can still tell its clients, while the others are there. */
const unloaded = fc.constantFrom(200, 1000, 4000).map((ms) =>
  act(`no connections are loaded for ${ms} ms, and the others are there`, (driver, story) => {
    othersAnnounce.run(story, driver);
    driver.result({ check: 'charon', verdict: 'fail', reason: 'no-connections', at: driver.now });
    driver.wait(ms);
  }),
);

/** Workers stuck on a dead RADIUS server: VICI is silent, and only the receiver answers the probe. */
const stuck = fc.constantFrom(1, 1, 2, 2, 3, 35).map((n) =>
  act(`${n * 2} s of stuck workers`, (driver) => {
    for (let passed = 0; passed < n; passed += 1) {
      const at = driver.now;
      driver.result({ check: 'charon', verdict: 'fail', reason: 'vici-silent', at });
      driver.result({ check: 'ike-v4', verdict: 'fail', reason: 'ike-workers-stuck', at, provesAlive: true });
      driver.wait(2000);
    }
  }),
);

const stop = act(
  'stop',
  (driver) => driver.send({ type: 'stop' }),
  ({ stopped }) => !stopped,
);

export const decisionCommands = fc.commands(
  [
    ...[passes, failures, failures, silences, unknowns, stuck, unloaded],
    ...[waits, waits, health, health],
    ...[fc.constantFrom(...GUARD_SAYS), fc.constantFrom(...GUARD_SAYS), findings],
    ...[orders, release],
    ...[fleet, fleet, fleet, forgive],
    ...[...sessions, ...drains],
    fc.tuple(knobs, fc.subarray([...CHECKS], { maxLength: 2 })).map(([to, touched]) => reload(to, touched)),
    fc.constant(stop),
  ],
  { maxCommands: 40, size: 'max' },
);

/** An empty guard, clients on each address, and all well for a while. */
const atWork = act('a gateway at work', (driver, story) => {
  GUARD_SAYS[1]?.run(story, driver);
  driver.charon.link(true);
  for (const local of [...ANYCAST, ...OWN]) driver.charon.come(2, local);
  stayHealthy(driver, 3000);
  othersAnnounce.run(story, driver);
});

/** How a story begins: with nobody there, an empty guard, one that holds what a predecessor announced, or at work. */
export const beginnings: fc.Arbitrary<Act | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.constant(GUARD_SAYS[1]),
  findings,
  fc.constant(atWork),
  fc.constant(atWork),
);
