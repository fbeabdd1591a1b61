/** The part of JSON Schema draft-07 that our schema uses, checked: "/path: keyword" for each violation. */
type Schema = { readonly [keyword: string]: unknown };

const KEYWORDS: Readonly<Record<string, (value: unknown, rule: never, schema: Schema) => boolean>> = {
  type: (value, rule: string | readonly string[]) =>
    [rule]
      .flat()
      .some((type) => typeOf(value) === type || (type === 'number' && typeOf(value) === 'integer')),
  enum: (value, rule: readonly unknown[]) => rule.includes(value),
  const: (value, rule: unknown) => value === rule,
  minimum: (value, rule: number) => typeof value !== 'number' || value >= rule,
  maximum: (value, rule: number) => typeof value !== 'number' || value <= rule,
  minLength: (value, rule: number) => typeof value !== 'string' || value.length >= rule,
  maxLength: (value, rule: number) => typeof value !== 'string' || value.length <= rule,
  pattern: (value, rule: string) => typeof value !== 'string' || new RegExp(rule, 'u').test(value),
  minItems: (value, rule: number) => !Array.isArray(value) || value.length >= rule,
  maxItems: (value, rule: number) => !Array.isArray(value) || value.length <= rule,
  uniqueItems: (value) => !Array.isArray(value) || new Set(value).size === value.length,
  required: (value, rule: readonly string[]) =>
    !isObject(value) || rule.every((key) => Object.hasOwn(value, key)),
  additionalProperties: (value, _rule: false, { properties }) =>
    !isObject(value) || Object.keys(value).every((key) => Object.hasOwn(properties as object, key)),
};
const ANNOTATIONS = ['$schema', 'title', 'description', 'default', 'examples', 'format', 'then'];

export function schemaErrors(schema: Schema, value: unknown, path = ''): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]): string[] => {
    if (keyword === 'properties') {
      if (!isObject(value)) return [];
      return Object.entries(rule as Record<string, Schema>).flatMap(([key, inner]) =>
        Object.hasOwn(value, key) ? schemaErrors(inner, value[key], `${path}/${key}`) : [],
      );
    }
    if (keyword === 'items') {
      if (!Array.isArray(value)) return [];
      return value.flatMap((item, index) => schemaErrors(rule as Schema, item, `${path}/${index}`));
    }
    if (keyword === 'allOf') return (rule as Schema[]).flatMap((inner) => schemaErrors(inner, value, path));
    if (keyword === 'if') {
      if (schemaErrors(rule as Schema, value).length > 0) return [];
      return schemaErrors(schema['then'] as Schema, value, path);
    }
    if (ANNOTATIONS.includes(keyword)) return [];
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`this checker does not know the keyword ${keyword}`);
    return check(value, rule as never, schema) ? [] : [`${path}: ${keyword}`];
  });
}

const isObject = (value: unknown): value is Record<string, unknown> => typeOf(value) === 'object';

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
