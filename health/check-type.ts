/** What a type of check is: the shape of an entry of registry.ts, and how a typed factory fits into it. */
import type { Check, CheckOptions, Pace } from './check.ts';
import type { FamilyOf } from './family.ts';
import type { LimitSchema, LimitsOf } from './limits.ts';
import type { Class } from './reason.ts';
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
  /** How bad its failures are, and that it knows nothing, unless the configuration says it; absent: by the reason. */
  readonly class?: Class;
  /** A pass proves charon alive, and so keeps the announcement. */
  readonly proves: boolean;
  /** Types whose failure makes this one meaningless. */
  readonly dependsOn: readonly string[];
  /** Types whose failure makes this one look at once. */
  readonly triggeredBy: readonly string[];
  /**
   * The address family that a check with these limits speaks for: by default it counts for the prefixes of that
   * family alone. Absent, or undefined: for all. Pure.
   */
  readonly family?: FamilyOf<Readonly<Record<string, unknown>>>;
  /** Makes one. The limits must have been checked against the schema. */
  readonly create: (options: CheckOptions<Readonly<Record<string, unknown>>>, world: World) => Check;
}

/** Fits a typed factory into the table. The configuration has checked the values against the same schema. */
export const untyped =
  <Schema extends LimitSchema>(
    _schema: Schema,
    create: (options: CheckOptions<LimitsOf<Schema>>, world: World) => Check,
  ): CheckType['create'] =>
  (options, world) =>
    create({ ...options, limits: options.limits as LimitsOf<Schema> }, world);

/** The same for the family. */
export const untypedFamily =
  <Schema extends LimitSchema>(
    _schema: Schema,
    familyOf: FamilyOf<LimitsOf<Schema>>,
  ): FamilyOf<Readonly<Record<string, unknown>>> =>
  (limits) =>
    familyOf(limits as LimitsOf<Schema>);
