/** The check types of health/registry.ts as the configuration needs them: defaults, and limits as a MapSpec. */
import { CHECK_TYPES, type CheckTypeName } from '../../health/registry.ts';
import type { LimitFormat, LimitSchema, LimitSpec } from '../../health/limits.ts';
import type { FormatName } from './formats.ts';
import type { KeySpec, MapSpec } from './key-spec.ts';

/** The type without which nothing proves charon alive. */
export const PROVING_TYPE = 'charon';

export const CHECK_TYPE_NAMES = Object.keys(CHECK_TYPES) as readonly CheckTypeName[];

const FORMAT_NAMES: Readonly<
  Record<Exclude<LimitFormat, readonly string[] | 'connection-minimums'>, FormatName>
> = {
  nat: 'nat',
  percent: 'percent',
  Boolean: 'boolean',
  String: 'text-or-empty',
  ip: 'address',
  'ip-or-empty': 'address-or-empty',
  'port-list': 'list-of-ports',
};

const CONNECTION = {
  doc: '',
  unset: 'none',
  keys: {
    name: { doc: 'Name of the connection in swanctl.conf.', format: 'text', example: 'clients' },
    minimum: { doc: 'The least number of its IKE_SAs.', format: 'nat', example: 1 },
    initiated: {
      doc: 'This gateway initiates it: the minimum counts at once, not only after it was reached while announced.',
      format: 'boolean',
      default: false,
    },
  },
} as const satisfies MapSpec;

/** The mapping below `limits` for a check of this type. */
export function limitsSpec(type: CheckTypeName): MapSpec {
  const limits: LimitSchema = CHECK_TYPES[type].limits;
  const keys: Record<string, KeySpec> = {};
  const lists: Record<string, MapSpec> = {};
  for (const [key, spec] of Object.entries(limits)) {
    if (spec.format === 'connection-minimums') lists[key] = { ...CONNECTION, doc: spec.doc };
    else keys[key] = keySpec(spec, spec.format);
  }
  return { doc: `Limits of the type ${type}.`, keys, lists };
}

/** health says null for "must be given"; here that is the absence of a default. */
const keySpec = (
  { doc, default: value }: LimitSpec,
  format: Exclude<LimitFormat, 'connection-minimums'>,
): KeySpec => ({
  doc,
  format: typeof format === 'string' ? FORMAT_NAMES[format] : format,
  ...(value === null ? {} : { default: value }),
});
