/**
 * Fills the generated tables of README.md from the code they describe; `--check` only compares. A test holds
 * the two together, so that no key, reason, check, metric or alert can be undocumented, or documented and gone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Pace } from '../health/check.ts';
import { defaultsOf } from '../health/profile.ts';
import type { CheckType } from '../health/check-type.ts';
import { CHECK_TYPES, type CheckTypeName } from '../health/registry.ts';
import { referenceTable } from '../sidecar/config/reference.ts';
import { Metrics } from '../sidecar/metrics.ts';
import { REASONS } from '../sidecar/reason.ts';

const README = join(import.meta.dirname, '../README.md');
const ALERTS = join(import.meta.dirname, 'prometheus/alerts.rules.yml');

const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(...head), `|${'---|'.repeat(head.length)}`, ...rows.map((cells) => row(...cells))].join('\n');

function reasons(): string {
  const rows = Object.entries(REASONS).map(([token, { class: how, sentence, wayOut }]) => [
    `\`${token}\``,
    how,
    sentence,
    wayOut,
  ]);
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
      `[${alert}](deploy/prometheus/${annotations.runbook_url})`,
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

/** README with its generated tables as they should be. */
export async function documented(readme: string): Promise<string> {
  const tables: Record<string, string> = {
    reasons: reasons(),
    checks: checks(),
    configuration: referenceTable(),
    metrics: await metrics(),
    alerts: alerts(),
  };
  return Object.entries(tables).reduce((text, [name, content]) => {
    const place = new RegExp(`(<!-- generated: ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`README.md has no place for the table "${name}"`);
    return text.replace(place, (_, start: string, end: string) => `${start}${content}\n${end}`);
  }, readme);
}

if (import.meta.main) writeFileSync(README, await documented(readFileSync(README, 'utf8')));
