/**
 * DOC: health/ answers one question: what is true on this gateway?
 *
 *   registry.ts     every type of check, by name: its limits, its defaults, how to make one (this file)
 *   check.ts        what a check is, what it says; reason.ts: why it failed, one closed table
 *   checks/         one file a type: limits (plain data), judge() (pure), observe() (I/O)
 *   limits.ts       the shape of those limits, and the formats they may use
 *   profile.ts      how soon a frozen charon is found: other defaults; lag.ts: our own lateness
 *   scheduler.ts    runs the checks; hysteresis.ts: rise and fall, for whoever decides
 *   charon-link.ts  the one link to charon: keeps it open, tells when it breaks; world.ts: what checks get
 *   charon.ts       one connection to charon, on vici/ (a client of its own): opening, asking, listing
 *   down.ts         what an error of VICI says about charon
 *   strongswan.ts   VICI messages as typed values; sa-event.ts: charon's events
 *   sa-book.ts      counts IKE_SAs and CHILD_SAs by events; sa-census.ts: reconciles it with listings
 *   ike/            the IKE_SA_INIT probe: sa-init.ts (codec), probe.ts (UDP)
 *
 * Data flow: charon → vici/ → charon-link → check.observe → judge → Result → scheduler.onResult → decision.
 * Nothing here imports from sidecar/ or bgp/.
 */
import type { Check, CheckOptions, Pace } from './check.ts';
import * as charon from './checks/charon.ts';
import * as ikeProbe from './checks/ike-probe.ts';
import * as saCount from './checks/sa-count.ts';
import type { LimitSchema, LimitsOf } from './limits.ts';
import type { World } from './world.ts';

export interface CheckDefaults extends Pace {
  readonly rise: number;
  readonly fall: number;
  /** A result older than this says nothing any more. */
  readonly maxAgeMs: number;
}

export interface CheckType {
  /** One sentence for the README and the JSON Schema. */
  readonly doc: string;
  readonly limits: LimitSchema;
  readonly defaults: CheckDefaults;
  /** Must have passed before the first announcement. */
  readonly required: boolean;
  /** A pass proves charon alive, and so keeps the announcement. */
  readonly proves: boolean;
  /** Types whose failure makes this one meaningless. */
  readonly dependsOn: readonly string[];
  /** Types whose failure makes this one look at once. */
  readonly triggeredBy: readonly string[];
  /** Makes one. The limits must have been checked against the schema. */
  readonly create: (options: CheckOptions<Readonly<Record<string, unknown>>>, world: World) => Check;
}

/** Fits a typed factory into the table. The configuration has checked the values against the same schema. */
const untyped =
  <Schema extends LimitSchema>(
    _schema: Schema,
    create: (options: CheckOptions<LimitsOf<Schema>>, world: World) => Check,
  ): CheckType['create'] =>
  (options, world) =>
    create({ ...options, limits: options.limits as LimitsOf<Schema> }, world);

export const CHECK_TYPES = {
  charon: {
    doc: 'charon answers on VICI within the deadline and has connections loaded; the end of its socket is news at once.',
    limits: charon.limits,
    defaults: { intervalMs: 500, fastMs: 200, timeoutMs: 450, rise: 2, fall: 2, maxAgeMs: 3000 },
    required: true,
    proves: true,
    dependsOn: [],
    triggeredBy: [],
    create: untyped(charon.limits, charon.create),
  },
  'sa-count': {
    doc: 'IKE_SAs and CHILD_SAs lie within limits, in total and for each connection, and did not collapse.',
    limits: saCount.limits,
    defaults: { intervalMs: 1000, fastMs: 1000, timeoutMs: 1000, rise: 1, fall: 3, maxAgeMs: 10_000 },
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(saCount.limits, saCount.create),
  },
  'ike-probe': {
    doc: 'a worker of charon answers an IKE_SA_INIT on UDP 500 and 4500 of an address of this host.',
    limits: ikeProbe.limits,
    defaults: { intervalMs: 5000, fastMs: 500, timeoutMs: 500, rise: 1, fall: 2, maxAgeMs: 20_000 },
    required: true,
    proves: true,
    dependsOn: [],
    triggeredBy: ['charon'],
    create: untyped(ikeProbe.limits, ikeProbe.create),
  },
} as const satisfies Readonly<Record<string, CheckType>>;

export type CheckTypeName = keyof typeof CHECK_TYPES;

export const isCheckType = (type: string): type is CheckTypeName => Object.hasOwn(CHECK_TYPES, type);

/** One check as configured; the configuration's CheckConfig fits. */
export interface CheckPlan {
  readonly name: string;
  readonly type: string;
  readonly intervalMs: number;
  readonly fastMs: number;
  readonly timeoutMs: number;
  /** What its type depends on included: the configuration has added it. */
  readonly dependsOn: readonly string[];
  readonly limits: Readonly<Record<string, unknown>>;
}

/** The checks of a configuration. Throws for a type that is not in the table: the configuration refuses it. */
export function createChecks(plans: readonly CheckPlan[], world: World): Check[] {
  const named = (types: readonly string[]): string[] =>
    plans.filter((plan) => types.includes(plan.type)).map((plan) => plan.name);
  return plans.map(({ name, type, intervalMs, fastMs, timeoutMs, dependsOn, limits }) => {
    if (!isCheckType(type)) throw new Error(`check ${name}: there is no type "${type}"`);
    const entry: CheckType = CHECK_TYPES[type];
    return entry.create(
      {
        name,
        dependsOn,
        triggeredBy: named(entry.triggeredBy),
        pace: { intervalMs, fastMs, timeoutMs },
        limits,
      },
      world,
    );
  });
}
