/** Every key, and keys as a Markdown table, for README.md beside this; a test holds the two together. Pure. */
import { CHECK_TYPE_NAMES, limitsSpec } from './check-types.ts';
import type { KeySpec, MapSpec } from './key-spec.ts';
import { join } from './problem.ts';
import { SCHEMA } from './schema.ts';

export interface ReferenceRow {
  /** "bgp.neighbors[].hold_time_seconds"; below limits with the type in brackets behind it. */
  readonly key: string;
  readonly default: string;
  readonly meaning: string;
}

export function referenceRows(): ReferenceRow[] {
  const limits = CHECK_TYPE_NAMES.flatMap((type) =>
    rowsOf(limitsSpec(type), 'checks[].limits').map((row) => ({ ...row, key: `${row.key} (${type})` })),
  );
  return [...rowsOf(SCHEMA, ''), ...limits];
}

/** | key | default | meaning | */
export function referenceTable(of: readonly ReferenceRow[] = referenceRows()): string {
  const rows = of.map(({ key, default: value, meaning }) => {
    const [path = '', type = ''] = key.split(' ');
    return [`\`${path}\`${type === '' ? '' : ` ${type}`}`, value, meaning];
  });
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(['key', 'default', 'meaning']), '|---|---|---|', ...rows.map(line)].join('\n');
}

function rowsOf({ keys, sections = {}, lists = {} }: MapSpec, path: string): ReferenceRow[] {
  return [
    ...Object.entries(keys).map(([key, spec]) => keyRow(join(path, key), spec)),
    ...Object.entries(sections).flatMap(([key, spec]) => rowsOf(spec, join(path, key))),
    ...Object.entries(lists).flatMap(([key, spec]) => [
      { key: `${join(path, key)}[]`, default: spec.unset ?? 'required', meaning: spec.doc },
      ...rowsOf(spec, `${join(path, key)}[]`),
    ]),
  ];
}

const keyRow = (key: string, { doc, default: value, unset }: KeySpec): ReferenceRow => ({
  key,
  default:
    value === undefined ? 'required' : value === null ? (unset ?? 'unset') : `\`${JSON.stringify(value)}\``,
  meaning: doc,
});
