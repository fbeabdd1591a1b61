import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { jsonSchema } from '../../../sidecar/config/json-schema.ts';
import { plainConfig } from '../../../sidecar/config/print.ts';
import { referenceRows, referenceTable } from '../../../sidecar/config/reference.ts';
import { EXAMPLE, fixtures, fixtureText, MINIMAL, parse, problemsOf } from './fixture.ts';
import { schemaErrors } from './schema-errors.ts';

const example = readFileSync(EXAMPLE, 'utf8');
/** A key with its default is a line "#key: value"; those without one end in "# example"; "# instead" excludes the one above. */
const uncommented = (which: 'defaults' | 'all' | 'every key'): string =>
  example
    .split('\n')
    .filter((line) => which === 'every key' || !line.endsWith('# instead'))
    .map((line) =>
      which !== 'defaults' || !line.endsWith('# example')
        ? line.replace(/^( *)#(?=[a-z]|- \{)/u, '$1')
        : line,
    )
    .join('\n');

/** "bgp.neighbors[].port": every key that a document gives, limits with the type of their check. */
function* keysIn(value: unknown, path: string, type = ''): Generator<string> {
  if (Array.isArray(value)) {
    yield `${path}[]${type}`;
    for (const element of value) {
      if (typeof element === 'object' && element !== null) yield* keysIn(element, `${path}[]`, type);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const below = path === '' ? key : `${path}.${key}`;
      const kind = key === 'limits' ? ` (${String((value as { type?: unknown }).type)})` : type;
      if (typeof inner === 'object' && inner !== null) yield* keysIn(inner, below, kind);
      yield `${below}${type}`;
    }
  }
}

describe('the example', () => {
  it('loads as it is, with the defaults, and with everything in it', () => {
    expect([example, uncommented('defaults'), uncommented('all')].map((text) => problemsOf(text))).toEqual([
      [],
      [],
      [],
    ]);
  });

  it('shows the real defaults: giving them changes nothing', () => {
    expect(parse(uncommented('defaults'))).toEqual(parse(example));
  });

  it('holds every key, and no other', () => {
    const known = referenceRows().map(({ key }) => key);
    const given = new Set(keysIn(parseYaml(uncommented('every key')), ''));
    expect(known.filter((key) => !given.has(key))).toEqual([]);
  });
});

describe('the JSON Schema', () => {
  const schema = jsonSchema();
  const errors = (text: string): string[] => schemaErrors(schema, parseYaml(text));

  it.each(fixtures('valid'))('takes %s', (name) => {
    expect(errors(fixtureText(name))).toEqual([]);
  });

  it('takes the example, as it is and with everything in it', () => {
    expect([errors(example), errors(uncommented('all'))]).toEqual([[], []]);
  });

  it.each([
    ['port-179x', '/bgp/neighbors/0/port: type'],
    ['hold-time-9s', '/bgp/neighbors/0/hold_time_seconds: type'],
    ['hold-time-2', '/bgp/neighbors/0/hold_time_seconds: minimum'],
    ['supervise-maybe', '/bgp/supervise: type'],
    ['unknown-key', '/log: additionalProperties'],
    ['unknown-section', ': additionalProperties'],
    ['missing', ': required'],
    ['no-prefixes', '/prefixes: minItems'],
    ['level', '/log/level: enum'],
    ['check-type-unknown', '/checks/0/type: enum'],
    ['limits-missing', '/checks/1: required'],
    ['limits-of-another-type', '/checks/0/limits: additionalProperties'],
    ['limits-range', '/checks/1/limits/ike_sas_minimum: minimum'],
    ['community-number', '/prefixes/0/announced/communities/0: type'],
    ['community-twice', '/prefixes/0/announced/communities: uniqueItems'],
    ['socket-relative', '/control/socket: pattern'],
  ])('refuses invalid-%s.yaml', (name, error) => {
    expect(errors(fixtureText(`invalid-${name}.yaml`))).toContain(error);
  });

  it('describes every key that the table has, and has no other', () => {
    const described = new Set<string>();
    const walk = (node: Record<string, unknown>, path: string, type = ''): void => {
      for (const [key, inner] of Object.entries(
        (node['properties'] ?? {}) as Record<string, Record<string, unknown>>,
      )) {
        const below = path === '' ? key : `${path}.${key}`;
        const { items } = inner as { items?: Record<string, unknown> };
        expect([below, typeof inner['description']]).toEqual([below, 'string']);
        if (items?.['properties'] !== undefined) {
          described.add(`${below}[]${type}`);
          walk(items, `${below}[]`, type);
        } else if (inner['properties'] === undefined && key !== 'limits') described.add(`${below}${type}`);
        else walk(inner, below, type);
      }
      for (const rule of (node['allOf'] ?? []) as { if: unknown; then: Record<string, unknown> }[]) {
        const { properties } = rule.if as { properties: { type: { const: string } } };
        walk(rule.then, path, ` (${properties.type.const})`);
      }
    };
    walk(schema, '');
    expect([...described].sort()).toEqual(
      referenceRows()
        .map(({ key }) => key)
        .sort(),
    );
  });
});

describe('what is in effect, printed', () => {
  it.each([
    ['the example', example],
    ['everything', uncommented('all')],
    ...fixtures('valid').map((name) => [name, fixtureText(name)]),
  ])('gives the same configuration again: %s', (_, text = '') => {
    const config = parse(text);
    const again = parse(JSON.stringify(plainConfig(config)));
    expect(again).toEqual(config);
  });

  it('fits the JSON Schema', () => {
    expect(schemaErrors(jsonSchema(), plainConfig(parse(example)))).toEqual([]);
  });
});

describe('the table of keys', () => {
  it('has one row a key, and no cell that breaks it', () => {
    const [head, rule, ...rows] = referenceTable().split('\n');
    expect([head, rule]).toEqual(['| key | default | meaning |', '|---|---|---|']);
    expect(rows).toHaveLength(referenceRows().length);
    expect(rows.filter((row) => row.split(/(?<!\\)\|/u).length !== 5)).toEqual([]);
    expect(rows).toContain(
      '| `bgp.neighbors[].passive` | `false` | true: wait for the router to connect to `local_address` and `port`, instead of connecting to it. For a port below 1024 ExaBGP needs CAP_NET_BIND_SERVICE. |',
    );
  });

  it('says a default or what happens without', () => {
    expect(
      referenceRows().filter(({ default: value, meaning }) => value === 'unset' || meaning === ''),
    ).toEqual([]);
  });
});

it('the minimal fixture is minimal: without any of its keys it is refused', () => {
  const lines = MINIMAL.split('\n').filter((line) => line.startsWith(' '));
  expect(lines.filter((line) => problemsOf(MINIMAL.replace(`${line}\n`, '')).length === 0)).toEqual([]);
});
