/** The keys of the configuration as people read about them: by section, and the limits of checks by their type. Pure. */
import { CHECK_TYPES, type CheckTypeName } from '../health/registry.ts';
import { referenceRows, type ReferenceRow } from '../sidecar/config/reference.ts';
import { SCHEMA } from '../sidecar/config/schema.ts';

const LIMITS = 'checks[].limits';

/** Top-level key → its rows, in the order of the schema; "" for keys outside of all sections. */
export function configSections(): Map<string, ReferenceRow[]> {
  const found = new Map<string, ReferenceRow[]>();
  for (const row of referenceRows()) {
    if (row.key.startsWith(`${LIMITS}.`)) continue;
    const name = /^([^.[]+)[.[]/u.exec(row.key)?.[1] ?? '';
    found.set(name, [...(found.get(name) ?? []), row]);
  }
  return found;
}

/** What a section is for; undefined for "". */
export function sectionDoc(name: string): string | undefined {
  const all: Readonly<Record<string, { readonly doc: string }>> = { ...SCHEMA.sections, ...SCHEMA.lists };
  return all[name]?.doc;
}

export interface CheckLimits {
  readonly type: CheckTypeName;
  /** "Passes when …." */
  readonly doc: string;
  /** Their keys without what all of them begin with. */
  readonly rows: readonly ReferenceRow[];
}

export const checkLimits = (): CheckLimits[] =>
  Object.entries(CHECK_TYPES).map(([type, { doc }]) => ({
    type: type as CheckTypeName,
    doc: `Passes when ${inSentence(doc)}.`.replace(/\.\.$/u, '.'),
    rows: limitsOf(type),
  }));

/** "IKE_SAs" and "CPU" stay as they are. */
const inSentence = (doc: string): string =>
  doc.replace(/^\p{Lu}(?=\p{Ll}|\s)/u, (first) => first.toLowerCase());

const limitsOf = (type: string): ReferenceRow[] =>
  referenceRows()
    .filter(({ key }) => key.startsWith(`${LIMITS}.`) && key.endsWith(` (${type})`))
    .map((row) => ({ ...row, key: row.key.slice(LIMITS.length + 1, -` (${type})`.length) }));
