/** The rules of deploy/prometheus, read for tests: what stands in them, and which words of the product they use. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Metrics } from '../../sidecar/metrics.ts';

export const DIRECTORY = new URL('../../deploy/prometheus/', import.meta.url);
export const TEST_FILES = ['alerts_test.yml', 'alerts_long_test.yml'];

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[];
}

export const text = (name: string): string => readFileSync(new URL(name, DIRECTORY), 'utf8');

export const rulesIn = (yaml: string): readonly Rule[] =>
  (parse(yaml) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);

export const rules = (): readonly Rule[] =>
  ['recording.rules.yml', 'alerts.rules.yml'].flatMap((name) => rulesIn(text(name)));

export const alertTests = (): readonly AlertTest[] =>
  TEST_FILES.flatMap(
    (name) => (parse(text(name)) as { tests: { alert_rule_test: AlertTest[] }[] }).tests,
  ).flatMap(({ alert_rule_test: tests }) => tests);

/** Each metric that `/metrics` may show, with its labels. */
export function metricsOfTheProduct(): ReadonlyMap<string, readonly string[]> {
  const never = (): never => {
    throw new Error('not scraped here');
  };
  const { registry } = new Metrics({ status: never, lagMs: () => 0, sas: () => undefined });
  const registered = registry.getMetricsAsArray() as unknown as {
    readonly name: string;
    readonly type: string;
    readonly labelNames: readonly string[];
  }[];
  return new Map(
    registered.flatMap(({ name, type, labelNames }): [string, readonly string[]][] =>
      type === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((end) => [`${name}${end}`, [...labelNames, 'le']])
        : [[name, labelNames]],
    ),
  );
}

/** `swancast_check_reason{reason="charon-gone"}` → its name, and what it asks of each label. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[];
}

/** Of the product's own metrics. A pattern may only list whole words, `a|b`, so that each can be looked up. */
export const selectorsIn = (expr: string): readonly Selector[] =>
  [...expr.matchAll(/(?<![\w:])(swancast_\w+)(?![\w:])(?:\{([^}]*)\})?/gu)].map(
    ([, metric = '', matchers = '']) => ({
      metric,
      matchers: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/gu)].map(
        ([, label = '', values = '']) => ({
          label,
          values: values.split('|'),
        }),
      ),
    }),
  );

/** Runs a program in deploy/prometheus; `error` is set where there is none. */
export const run = (program: string, ...args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(program, args, { cwd: DIRECTORY, encoding: 'utf8' });

/** What the runbook advises for Alertmanager. */
export const alertmanagerConfig = (): string =>
  /^```yaml\n(?<yaml>route:\n[^`]*)```$/mu.exec(text('runbook.md'))?.groups?.['yaml'] ?? '';
