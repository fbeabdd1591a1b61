import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../health/check.ts';
import { CLASSES } from '../../health/reason.ts';
import { FORCE_VERBS } from '../../sidecar/intent.ts';
import type { Phase } from '../../sidecar/prefix.ts';
import { REASONS } from '../../sidecar/reason.ts';
import { NO_PINS } from '../../sidecar/sessions/pin.ts';
import { GATEWAY_STATES } from '../../sidecar/gateway-state.ts';
import {
  alertmanagerConfig,
  alertTests,
  metricsOfTheProduct,
  rules,
  run,
  selectorsIn,
  TEST_FILES,
  text,
} from './prometheus-rules.ts';

const alerts = rules().flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
const names = alerts.map(({ alert }) => alert);
const hasAmtool = run('amtool', '--version').error === undefined;
if (!hasAmtool)
  console.warn('SKIPPED: what amtool would say of the runbook (Debian package prometheus-alertmanager)');
const hasPromtool = run('promtool', '--version').error === undefined;
if (!hasPromtool)
  console.warn(
    'SKIPPED: what promtool would say of deploy/prometheus (Debian package prometheus: make setup)',
  );

const PHASES: Record<Phase, true> = {
  ...{ cold: true, adopted: true, announced: true, degraded: true, withdrawn: true },
  ...{ draining: true, drained: true },
};
const VERDICTS: Record<Verdict, true> = { pass: true, fail: true, unknown: true };

/** Labels whose words the product knows, each in one closed list. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  reason: Object.keys(REASONS),
  class: CLASSES,
  'gateway_state state': GATEWAY_STATES,
  'prefix_state state': Object.keys(PHASES),
  verdict: Object.keys(VERDICTS),
  verb: FORCE_VERBS,
  side: ['outside', 'inside'],
  outcome: Object.keys(NO_PINS.counts),
};
const wordsFor = (metric: string, label: string): readonly string[] | undefined =>
  WORDS[`${metric.replace('swancast_', '')} ${label}`] ?? WORDS[label];

describe.skipIf(!hasPromtool)('promtool', () => {
  it('takes the rules and the example for what they are meant to be', () => {
    const checked = run('promtool', 'check', 'rules', 'recording.rules.yml', 'alerts.rules.yml');
    expect(checked.stderr).toBe('');
    expect(checked.stdout).toContain(`SUCCESS: ${alerts.length} rules found`);
    const example = run('promtool', 'check', 'config', '--syntax-only', 'scrape.example.yml');
    expect(`${example.stdout}${example.stderr}`).toContain('SUCCESS: scrape.example.yml is valid');
  });

  it.each(TEST_FILES)('sees each alert of %s fire and be silent as written down', (file) => {
    const { stdout, stderr, status } = run('promtool', 'test', 'rules', file);
    expect(`${stdout}${stderr}`).not.toContain('FAILED');
    expect(stdout).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

describe.skipIf(!hasAmtool)('amtool', () => {
  it('takes what the runbook advises for Alertmanager', () => {
    const directory = mkdtempSync(join(tmpdir(), 'swancast-amtool-'));
    const file = join(directory, 'alertmanager.yml');
    writeFileSync(file, alertmanagerConfig());
    const { stdout, status } = run('amtool', 'check-config', file);
    rmSync(directory, { recursive: true });
    expect(stdout).toMatch(/SUCCESS[^]* 9 inhibit rules/u);
    expect(status).toBe(0);
  });
});

describe('each alert', () => {
  it('has a name of its own', () => {
    expect(names.length).toBeGreaterThan(30);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(alerts)('$alert has a case in which it fires, and one in which it is silent', ({ alert }) => {
    const own = alertTests().filter(({ alertname }) => alertname === alert);
    expect(own.some(({ exp_alerts: expected }) => expected.length > 0)).toBe(true);
    expect(own.some(({ exp_alerts: expected }) => expected.length === 0)).toBe(true);
  });

  it.each(alerts)('$alert says how urgent it is, what is the case and where to read on', (rule) => {
    const { alert, labels, annotations } = rule;
    expect(labels?.['severity']).toMatch(/^(page|ticket)$/u);
    // The README shows it, where there is no gateway yet.
    expect(annotations?.['summary']).toMatch(/^[^{]+[^.{]$/u);
    if (alert !== 'SwancastNothingScraped') expect(annotations?.['description']).toContain('{{ $labels.');
    expect(annotations?.['runbook_url']).toBe(`runbook.md#${alert.toLowerCase()}`);
    expect(text('runbook.md').split('\n')).toContain(`## ${alert}`);
  });

  it('is all that the runbook has a section for', () => {
    const sections = [...text('runbook.md').matchAll(/^## (Swancast\w+)$/gmu)].map(([, name]) => name);
    expect(sections).toHaveLength(names.length);
    expect(sections.filter((name) => !names.includes(name ?? ''))).toEqual([]);
  });

  it('is all that Alertmanager is told of', () => {
    const patterns = [...alertmanagerConfig().matchAll(/alertname(?:=~|!=|=)"([^"]+)"/gu)];
    expect(patterns.length).toBeGreaterThan(10);
    const words = patterns.flatMap(([, pattern = '']) => pattern.split(/\|(?![^(]*\))/u));
    const isKnown = (word: string): boolean =>
      names.some((name) => new RegExp(`^(?:${word})$`, 'u').test(name));
    expect(words.filter((word) => !isKnown(word))).toEqual([]);
  });
});

describe('the rules', () => {
  const metrics = metricsOfTheProduct();
  const unknownIn = (expr: string): string[] =>
    selectorsIn(expr).flatMap(({ metric, matchers }) => {
      const labels = metrics.get(metric);
      if (labels === undefined) return [metric];
      return matchers.flatMap(({ label, values }) => {
        if (!labels.includes(label)) return [`${metric}{${label}}`];
        const words = wordsFor(metric, label) ?? [];
        return values
          .filter((value) => !words.includes(value))
          .map((value) => `${metric}{${label}="${value}"}`);
      });
    });

  it.each(rules().map((rule) => ({ name: rule.alert ?? rule.record ?? '', ...rule })))(
    '$name ask for metrics, labels and words that the product has',
    ({ expr }) => {
      expect(unknownIn(expr)).toEqual([]);
    },
  );

  it('would be told of a metric, a label and a word that nobody has', () => {
    const expr = `max by (job) (swancast_check_reason{reason=~"charon-gone|charon-went",class="gone"}) == 1
      and swancast_nothing > prefix:swancast_announced:sum and swancast_check_up{verb="announce"} == 0`;
    expect(unknownIn(expr)).toEqual([
      'swancast_check_reason{reason="charon-went"}',
      'swancast_nothing',
      'swancast_check_up{verb}',
    ]);
  });

  it('ask for what was recorded only under its name', () => {
    const recorded = rules().flatMap(({ record }) => record ?? []);
    const asked = rules().flatMap(({ expr }) => expr.match(/\w+:swancast_\w+:\w+/gu) ?? []);
    expect(asked.length).toBeGreaterThan(4);
    for (const name of asked) expect(recorded).toContain(name);
  });
});
