/** The check types of health/registry.ts as the configuration needs them: defaults, and limits as a MapSpec. */
import { CHECK_TYPES, type CheckTypeName } from '../../health/registry.ts';
import type { LimitFormat, LimitSchema, LimitSpec } from '../../health/limits.ts';
import type { FormatName } from './formats.ts';
import type { KeySpec, MapSpec } from './key-spec.ts';
import { ENDPOINT } from './schema-endpoints.ts';

/** The type without which nothing proves charon alive. */
export const PROVING_TYPE = 'charon';

export const CHECK_TYPE_NAMES = Object.keys(CHECK_TYPES) as readonly CheckTypeName[];

/** Formats that are lists of mappings. */
type ListFormat = 'connection-minimums' | 'endpoints';

const FORMAT_NAMES: Readonly<Record<Exclude<LimitFormat, readonly string[] | ListFormat>, FormatName>> = {
  nat: 'nat',
  percent: 'percent',
  Boolean: 'boolean',
  String: 'text-or-empty',
  ip: 'address',
  'ip-or-empty': 'address-or-empty',
  'port-list': 'list-of-ports',
  argv: 'argv',
  url: 'url',
  'http-status': 'http-status',
  device: 'device',
  'text-list': 'list-of-texts',
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

const LISTS: Readonly<Record<ListFormat, MapSpec>> = {
  'connection-minimums': CONNECTION,
  endpoints: ENDPOINT,
};

const isListFormat = (format: LimitFormat): format is ListFormat =>
  typeof format === 'string' && Object.hasOwn(LISTS, format);

/** The mapping below `limits` for a check of this type. */
export function limitsSpec(type: CheckTypeName): MapSpec {
  const limits: LimitSchema = CHECK_TYPES[type].limits;
  const keys: Record<string, KeySpec> = {};
  const lists: Record<string, MapSpec> = {};
  for (const [key, spec] of Object.entries(limits)) {
    const { format } = spec;
    if (isListFormat(format)) lists[key] = { ...LISTS[format], doc: spec.doc };
    else keys[key] = keySpec(spec, format);
  }
  return { doc: `Limits of the type ${type}.`, keys, lists };
}

/** health says null for "must be given"; here that is the absence of a default. */
const keySpec = ({ doc, default: value }: LimitSpec, format: Exclude<LimitFormat, ListFormat>): KeySpec => ({
  doc,
  format: typeof format === 'string' ? FORMAT_NAMES[format] : format,
  ...(value === null ? {} : { default: value }),
});
