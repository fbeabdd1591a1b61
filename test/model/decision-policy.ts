/** Configurations a gateway may run under and be reloaded to: few knobs, each of which matters to a decision. */
import fc from 'fast-check';
import { HEALTH_REASONS, type HealthReason } from '../../health/reason.ts';
import type { Policy } from '../../sidecar/decision.ts';
import { SESSIONS_DEFAULTS } from '../../sidecar/sessions/policy.ts';
import type { CheckPolicy } from '../../sidecar/verdict.ts';
import { OWN } from './decision-charon.ts';

export const PREFIXES = ['192.0.2.1/32', '2001:db8:53::1/128'] as const;
export const STRANGER = '198.51.100.0/24';
export const CHECKS = ['charon', 'ike-v4', 'ike-v6', 'sa-count', 'extra'] as const;
export type CheckName = (typeof CHECKS)[number];

const CHARON = ['charon-gone', 'no-connections', 'vici-silent', 'vici-denied', 'not-charon'] as const;
const PROBE = [
  'ike-silent',
  'ike-workers-stuck',
  'ike-overloaded',
  'ike-refused',
  'address-missing',
] as const;

const SA_COUNT = [
  'sa-collapse',
  'ike-sas-below-minimum',
  'ike-sas-above-maximum',
  'child-sas-below-minimum',
  'child-sas-above-maximum',
  'connection-below-minimum',
  'connection-incomplete',
  'half-open-high',
] as const;

export const UNKNOWNS = [
  'check-timed-out',
  'check-crashed',
  'lagging',
  'not-run-yet',
  'cause-unknown',
  'host-exhausted',
] as const satisfies readonly HealthReason[];

/** What every other check says: nothing of it has a rule of its own, so one check says it all. */
const isElsewhere = (reason: HealthReason): boolean =>
  ![...CHARON, ...PROBE, ...SA_COUNT, ...UNKNOWNS].some((other) => other === reason);

/** What each check may fail with; together, every reason of health/. */
export const FAILURES = {
  charon: CHARON,
  'ike-v4': PROBE,
  'ike-v6': PROBE,
  'sa-count': SA_COUNT,
  extra: ['check-crashed', ...(Object.keys(HEALTH_REASONS) as HealthReason[]).filter(isElsewhere)],
} as const satisfies Record<CheckName, readonly HealthReason[]>;

export interface Knobs {
  readonly charonRise: number;
  readonly charonFall: number;
  readonly probeFall: number;
  readonly countClass: 'not-serving' | 'advisory' | undefined;
  readonly probeClass: 'not-serving' | 'advisory' | undefined;
  readonly countMaxAgeMs: number;
  /** The IPv6 probe is configured. */
  readonly hasV6Probe: boolean;
  /** A check of the operator's own, required and proving nothing. */
  readonly hasExtra: boolean;
  readonly prefixes: readonly (typeof PREFIXES)[number][];
  readonly med: number;
  readonly holdDownMs: number;
  readonly flapLimit: number;
  readonly hasFleet: boolean;
  readonly preempt: boolean;
  readonly addresses: 'pool' | 'identity';
  readonly isPinning: boolean;
  readonly pinFirst: boolean;
  readonly isSweeping: boolean;
}

export const DEFAULT_KNOBS: Knobs = {
  charonRise: 2,
  charonFall: 1,
  probeFall: 2,
  countClass: undefined,
  probeClass: undefined,
  countMaxAgeMs: 60_000,
  hasV6Probe: true,
  hasExtra: false,
  prefixes: PREFIXES,
  med: 100,
  holdDownMs: 1000,
  flapLimit: 0,
  hasFleet: false,
  preempt: true,
  addresses: 'pool',
  isPinning: false,
  pinFirst: false,
  isSweeping: false,
};

/** Any subset of them turned, the others as in the default: a counterexample shows only what matters. */
export const knobs: fc.Arbitrary<Knobs> = fc
  .record(
    {
      charonRise: fc.integer({ min: 1, max: 3 }),
      charonFall: fc.integer({ min: 1, max: 3 }),
      probeFall: fc.integer({ min: 1, max: 2 }),
      countClass: fc.constantFrom('not-serving' as const, 'advisory' as const),
      probeClass: fc.constantFrom('not-serving' as const, 'advisory' as const),
      countMaxAgeMs: fc.constant(2000),
      hasV6Probe: fc.constant(false),
      hasExtra: fc.constant(true),
      prefixes: fc.subarray([...PREFIXES], { minLength: 1, maxLength: 1 }),
      med: fc.constant(50),
      holdDownMs: fc.constant(300),
      flapLimit: fc.constantFrom(1, 2, 3),
      hasFleet: fc.constant(true),
      preempt: fc.constant(false),
      addresses: fc.constant('identity' as const),
      isPinning: fc.constant(true),
      pinFirst: fc.constant(true),
      isSweeping: fc.constant(true),
    },
    { requiredKeys: [] },
  )
  .map((turned) => ({ ...DEFAULT_KNOBS, ...turned }));

export const OTHERS = ['gw2', 'gw3'] as const;
const FLEET = {
  maxAgeMs: 2500,
  minimumOthers: 1,
  members: OTHERS.map((name, index) => ({ name, address: `10.1.${index + 2}.2` })),
};

export function policyFor(turned: Knobs): Policy {
  const probe: CheckPolicy = {
    rise: 1,
    fall: turned.probeFall,
    required: true,
    proves: true,
    dependsOn: [],
    maxAgeMs: 20_000,
  };
  const worded = (klass: Knobs['probeClass']): Pick<CheckPolicy, 'class'> =>
    klass === undefined ? {} : { class: klass };
  const ike = { ...probe, ...worded(turned.probeClass) };
  const every: Readonly<Record<CheckName, CheckPolicy | undefined>> = {
    charon: { ...probe, rise: turned.charonRise, fall: turned.charonFall, maxAgeMs: 5000 },
    'ike-v4': ike,
    'ike-v6': turned.hasV6Probe ? ike : undefined,
    'sa-count': {
      rise: 1,
      fall: 1,
      required: false,
      proves: false,
      dependsOn: ['charon'],
      maxAgeMs: turned.countMaxAgeMs,
      ...worded(turned.countClass),
    },
    extra: turned.hasExtra
      ? { rise: 2, fall: 2, required: true, proves: false, dependsOn: [], maxAgeMs: 20_000 }
      : undefined,
  };
  const checks = new Map(CHECKS.flatMap((name) => (every[name] ? [[name, every[name]] as const] : [])));
  const family = (prefix: string): string => (prefix.includes(':') ? 'ike-v4' : 'ike-v6');
  return {
    checks,
    prefixes: turned.prefixes.map((prefix) => ({
      prefix,
      checks: [...checks.keys()].filter((name) => name !== family(prefix)),
      side: 'outside',
      preempt: turned.preempt,
      preference: undefined,
      carriers: [],
      routes: {
        announced: [{ prefix, nextHop: 'self', med: turned.med }],
        yielding: [{ prefix, nextHop: 'self', med: turned.med * 5, prepend: 2 }],
        degraded: [{ prefix, nextHop: 'self', med: turned.med * 10, prepend: 3 }],
        draining: [{ prefix, nextHop: 'self', med: turned.med * 100, prepend: 10 }],
      },
    })),
    hold: {
      holdDownMs: turned.holdDownMs,
      holdDownMaxMs: 3000,
      quietMs: 5000,
      flapLimit: turned.flapLimit,
      flapWindowMs: 20_000,
      flapHoldMs: 6000,
    },
    lease: { ttlMs: 1000, maxAgeMs: 3000, handoverMs: 5000 },
    sessions: {
      ...SESSIONS_DEFAULTS,
      addresses: turned.addresses,
      pin: { ...SESSIONS_DEFAULTS.pin, enabled: turned.isPinning },
      drain: { ...SESSIONS_DEFAULTS.drain, pinFirst: turned.pinFirst },
      sweep: { ...SESSIONS_DEFAULTS.sweep, enabled: turned.isSweeping },
      own: { name: 'gw1', address: OWN[0], address6: OWN[1] },
      anycast: turned.prefixes,
    },
    restartGraceMs: 0,
    ...(turned.hasFleet ? { fleet: FLEET } : {}),
  };
}

/** As reloadPlan does: the checks that are new or not what they were. */
export const changedChecks = (before: Policy, after: Policy): string[] =>
  [...after.checks]
    .filter(([name, rule]) => JSON.stringify(before.checks.get(name)) !== JSON.stringify(rule))
    .map(([name]) => name);
