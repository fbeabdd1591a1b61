/**
 * The schema as JSON Schema (draft-07, which every editor reads), for completion and checking while writing:
 *
 *     # yaml-language-server: $schema=./swancast.schema.json
 *
 * It says what single keys may hold. The rules between keys are left to `swancast config check`. Pure.
 */
import { CHECK_TYPE_NAMES, limitsSpec } from './check-types.ts';
import type { JsonSchema } from './formats.ts';
import type { KeySpec, MapSpec } from './key-spec.ts';
import { CHECK_TYPES } from '../../health/registry.ts';
import { SCHEMA } from './schema.ts';
import { formatOf } from './value.ts';

export function jsonSchema(): JsonSchema {
  const root = mapSchema(SCHEMA);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'swancast',
    ...root,
    properties: {
      ...(root['properties'] as JsonSchema),
      checks: listSchema(SCHEMA.lists.checks, checkSchema()),
    },
  };
}

function mapSchema(spec: MapSpec): JsonSchema {
  const { doc, keys, sections = {}, lists = {} } = spec;
  const required = requiredOf(spec);
  return {
    description: doc,
    type: 'object',
    additionalProperties: false,
    properties: {
      ...mapValues(keys, keySchema),
      ...mapValues(sections, sectionSchema),
      ...mapValues(lists, (list) => listSchema(list, mapSchema(list))),
    },
    ...(required.length === 0 ? {} : { required }),
  };
}

/** A section in which nothing is required may be empty: its keys are all commented out. */
const sectionSchema = (spec: MapSpec): JsonSchema => ({
  ...mapSchema(spec),
  ...(requiredOf(spec).length === 0 ? { type: ['object', 'null'] } : {}),
});

const listSchema = ({ doc, unset }: MapSpec, items: JsonSchema): JsonSchema => ({
  description: unset === undefined ? doc : `${doc} Left out: ${unset}.`,
  type: 'array',
  items,
  // A list that need not be there may as well be empty, except that of the checks.
  ...(unset === 'none' ? {} : { minItems: 1 }),
});

function keySchema(spec: KeySpec): JsonSchema {
  const { doc, unset, default: value, example } = spec;
  return {
    description: unset === undefined ? doc : `${doc} Left out: ${unset}.`,
    ...formatOf(spec).schema(spec),
    ...(value === undefined || value === null ? {} : { default: value }),
    ...(example === undefined ? {} : { examples: [example] }),
  };
}

/** One element of checks: its type decides what may stand below limits. */
function checkSchema(): JsonSchema {
  const base = mapSchema(SCHEMA.lists.checks);
  return {
    ...base,
    properties: {
      ...(base['properties'] as JsonSchema),
      limits: { description: 'By type.' },
    },
    allOf: CHECK_TYPE_NAMES.map((type) => {
      const limits = limitsSpec(type);
      return {
        if: { properties: { type: { const: type } }, required: ['type'] },
        // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
        then: {
          description: CHECK_TYPES[type].doc,
          properties: { limits: sectionSchema(limits) },
          ...(requiredOf(limits).length === 0 ? {} : { required: ['limits'] }),
        },
      };
    }),
  };
}

/** Keys that must be given: those without a default, and those that hold such a key. */
export const requiredOf = ({ keys, sections = {}, lists = {} }: MapSpec): string[] => [
  ...Object.keys(keys).filter((key) => keys[key]?.default === undefined),
  ...Object.entries(sections).flatMap(([key, spec]) => (requiredOf(spec).length > 0 ? [key] : [])),
  ...Object.entries(lists).flatMap(([key, { unset }]) => (unset === undefined ? [key] : [])),
];

const mapValues = <T>(
  object: { readonly [key: string]: T },
  change: (value: T) => JsonSchema,
): Record<string, JsonSchema> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
