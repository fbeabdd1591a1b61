/**
 * Fills the generated tables of the pages (README.md here and there) from the code they describe. A test holds
 * the two together, so that no key, reason, check, metric or alert can be undocumented, or documented and gone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Pace } from '../health/check.ts';
import { defaultsOf } from '../health/profile.ts';
import type { CheckType } from '../health/check-type.ts';
import { CHECK_TYPES, type CheckTypeName } from '../health/registry.ts';
import { referenceTable, type ReferenceRow } from '../sidecar/config/reference.ts';
import { Metrics } from '../sidecar/metrics.ts';
import { REASONS } from '../sidecar/reason.ts';
import { checkLimits, configSections, sectionDoc } from './config-sections.ts';

const ROOT = join(import.meta.dirname, '..');
const ALERTS = join(import.meta.dirname, 'prometheus/alerts.rules.yml');

const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(...head), `|${'---|'.repeat(head.length)}`, ...rows.map((cells) => row(...cells))].join('\n');

/** By name, as they are looked up; each row can be linked to: `#charon-gone`. */
function reasons(): string {
  const rows = Object.entries(REASONS)
    .map(([token, { class: how, sentence, wayOut }]) => [
      `\`${token}\``,
      `<a id="${token}"></a>${how}`,
      sentence,
      wayOut,
    ])
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return table(['reason', 'class', 'what is the case', 'what to do'], rows);
}

const pace = ({ intervalMs, timeoutMs }: Pace): string =>
  `${intervalMs / 1000} s, timeout ${timeoutMs / 1000} s`;

function checks(): string {
  const names = Object.keys(CHECK_TYPES) as CheckTypeName[];
  const rows = names.map((name) => {
    const type: CheckType = CHECK_TYPES[name];
    const { rise, fall } = type.defaults;
    const [normal, fast] = [pace(type.defaults), pace(defaultsOf(name, 'fast'))];
    return [
      `\`${name}\``,
      type.doc,
      normal,
      fast === normal ? 'the same' : fast,
      `${rise} / ${fall}`,
      type.required ? 'yes' : 'no',
    ];
  });
  return table(
    [
      'type',
      'passes when',
      'runs every',
      'with `profile: fast`',
      'rise / fall',
      'required before announcing',
    ],
    rows,
  );
}

async function metrics(): Promise<string> {
  const never = (): never => {
    throw new Error('not scraped here');
  };
  const { registry } = new Metrics({ status: never, lagMs: () => 0, sas: () => undefined });
  const registered = registry.getMetricsAsArray() as unknown as MetricShape[];
  const rows = registered.map(({ name, help, type, labelNames }) => [
    `\`${name}\``,
    type,
    labelNames.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return Promise.resolve(table(['metric', 'type', 'labels', 'meaning'], rows));
}

function alerts(): string {
  const { groups } = parse(readFileSync(ALERTS, 'utf8')) as {
    groups: readonly { rules: readonly Alert[] }[];
  };
  const rows = groups.flatMap(({ rules }) =>
    rules.map(({ alert, labels, for: after = '', annotations }) => [
      `[${alert}](${annotations.runbook_url})`,
      labels.severity,
      after,
      annotations.summary,
    ]),
  );
  return table(['alert', 'severity', 'after', 'what is the case'], rows);
}

/** What a rule file has of an alert. */
interface Alert {
  readonly alert: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

/** What prom-client's own types leave out of a registered metric. */
interface MetricShape {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** Keys without what the heading says: `poll_seconds` below "fleet". A list itself keeps its name. */
const below = (name: string, rows: readonly ReferenceRow[]): ReferenceRow[] =>
  rows.map((row) => {
    const key = row.key.slice(name.length).replace(/^(?:\[\])?\./u, '');
    return { ...row, key: key === '[]' ? row.key : key };
  });

/** A heading and a table for each section, since nobody reads one of 200 rows; then the limits of each check. */
function configuration(): string {
  const names = [...configSections().keys()].filter((name) => name !== '');
  const types = checkLimits().map(({ type }) => `[${type}](#check-${type})`);
  return [
    names.map((name) => `[${name}](#${name})`).join(' · '),
    `[Limits of the checks](#limits-of-the-checks): ${types.join(' · ')}`,
    ...[...configSections()].flatMap(([name, rows]) => [
      ...(name === '' ? [] : [`## ${name}`, sectionDoc(name) ?? []].flat()),
      referenceTable(name === '' ? rows : below(name, rows)),
    ]),
    '## Limits of the checks',
    'What a check of each type says, and the keys below its `limits`.',
    ...checkLimits().flatMap(({ type, doc, rows }) => [
      `### Check ${type}`,
      doc,
      ...(rows.length === 0 ? [] : [referenceTable(rows)]),
    ]),
  ].join('\n\n');
}

/** Place (`<!-- generated: NAME -->`) → the page it is on, and what belongs there. */
export const PLACES: Readonly<Record<string, { page: string; content: () => string | Promise<string> }>> = {
  reasons: { page: 'health/README.md', content: reasons },
  checks: { page: 'health/README.md', content: checks },
  configuration: { page: 'sidecar/config/README.md', content: configuration },
  metrics: { page: 'deploy/prometheus/README.md', content: metrics },
  alerts: { page: 'deploy/prometheus/README.md', content: alerts },
};

/** The pages that have something generated, without repetition. */
export const PAGES = [...new Set(Object.values(PLACES).map(({ page }) => page))];

/** `page`, whose text this is, with its generated tables as they should be. @throws RangeError without a place for one */
export async function documented(page: string, text: string): Promise<string> {
  let result = text;
  for (const [name, place] of Object.entries(PLACES)) {
    if (place.page !== page) continue;
    const marks = new RegExp(`(<!-- generated: ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!marks.test(result)) throw new RangeError(`${page} has no place for the table "${name}"`);
    const content = await place.content();
    result = result.replace(marks, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`);
  }
  return result;
}

if (import.meta.main)
  for (const page of PAGES) {
    const file = join(ROOT, page);
    writeFileSync(file, await documented(page, readFileSync(file, 'utf8')));
  }
