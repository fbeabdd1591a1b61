/**
 * Holds "One fault, five files" in CONTRIBUTING.md to the truth: quoted code must stand in the file it names,
 * quoted output must be what the code says. `UPDATE=1 npx vitest run test/one-fault.test.ts` writes the outputs anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { step } from '../bgp/guard-core.ts';
import { coldGuard, GUARD_TUNING, type GuardEvent } from '../bgp/guard-state.ts';
import { parseReply } from '../bgp/reply.ts';
import { explainText } from '../sidecar/cli/explain.ts';
import { Metrics } from '../sidecar/metrics.ts';
import { transitionLine } from '../sidecar/transition.ts';
import { formatTimeline } from './lab/report.ts';
import type { LabEvent } from './lab/timeline.ts';
import { Scenario, V4 } from './sidecar/scenario.ts';
import { statusFor } from './sidecar/status.fixture.ts';

const root = join(import.meta.dirname, '..');
const guide = join(root, 'CONTRIBUTING.md');
const page = (): string =>
  readFileSync(guide, 'utf8').split('## One fault, five files')[1]?.split('\n## ')[0] ?? '';

interface Block {
  readonly kind: string;
  readonly file: string | undefined;
  readonly text: string;
}

const blocks = (): Block[] =>
  [...page().matchAll(/^```(\S+)(?: (\S+))?\n([^]*?)^```$/gm)].map(([, kind = '', file, text = '']) => ({
    kind,
    file,
    text,
  }));

/** charon was announced and healthy, then its socket closed and a new connection was refused. */
const fault = new Scenario().guard({}).healthy(1000);
fault.send({
  type: 'result',
  result: {
    check: 'charon',
    verdict: 'fail',
    reason: 'charon-gone',
    value:
      'VICI socket /run/charon.vici is there, but nobody listens on it: charon is not running (ECONNREFUSED)',
    at: fault.now,
  },
});

// Half a second later somebody asks.
fault.wait(500);

function logLine(): string {
  const last = fault.effects.flatMap(({ effect }) => (effect.type === 'journal' ? [effect.transition] : []));
  const transition = last.find(({ prefix, to }) => prefix === V4 && to === 'withdrawn');
  if (transition === undefined) throw new Error('the fault withdrew nothing');
  const { level, fields, text } = transitionLine(transition);
  return JSON.stringify({ level, gateway: 'gw1', ...fields, msg: text });
}

async function metricLine(): Promise<string> {
  const metrics = new Metrics({ status: () => statusFor(fault), lagMs: () => 0, sas: () => undefined });
  const text = await metrics.registry.metrics();
  return text.split('\n').find((line) => line.startsWith('swancast_prefix_state') && line.includes(V4)) ?? '';
}

const explained = (): string =>
  explainText(statusFor(fault))
    .split('\n\n')
    .find((block) => block.startsWith(V4)) ?? '';

/** What the guard writes to ExaBGP when the sidecar, which announced V4, sends the set that this fault leaves. */
function guardCommands(): string {
  const limits = { ...GUARD_TUNING, localAs: 65001, ttlMs: 1000, maxAgeMs: 3000, handoverMs: 5000 };
  let guard = coldGuard(0);
  const hear = (event: GuardEvent, now: number): string[] => {
    const next = step(guard, event, now, limits);
    guard = next.state;
    return next.effects.flatMap((effect) => (effect.type === 'write' ? effect.lines : []));
  };
  const says = (...lines: string[]): string[] =>
    hear({ type: 'replies', replies: lines.map(parseReply) }, 100);
  const set = (generation: number, announcements: readonly { prefix: string; nextHop: string }[]) =>
    hear(
      { type: 'message', client: 1, message: { type: 'set', generation, evidence: 100, announcements } },
      100,
    );
  hear({ type: 'tick' }, 100);
  says('exabgp 4.2.21', 'done', 'done', 'exabgp 4.2.21', 'done', 'done');
  hear({ type: 'connected', client: 1 }, 100);
  set(1, [{ prefix: V4, nextHop: 'self' }]);
  says('done');
  return set(2, []).join('\n');
}

/** As one run was seen; the renderer is the lab's own. */
const SEEN: readonly LabEvent[] = [
  { kind: 'action', at: 0, text: "SIGKILL of gw1's charon (pid 4711)" },
  { kind: 'withdraw', at: 2.93, gateway: 'gw1', prefix: V4 },
  { kind: 'route', at: 3.2, prefix: V4, gateway: 'gw2' },
  { kind: 'traffic', at: 5790.5, client: 1, state: 'answered', sequence: 657 },
];

const OUTPUTS: Record<string, () => string | Promise<string>> = {
  commands: guardCommands,
  json: logLine,
  metrics: metricLine,
  explain: explained,
  timeline: () => formatTimeline(SEEN, 0),
};

if (process.env['UPDATE'] === '1') {
  let text = readFileSync(guide, 'utf8');
  for (const [kind, output] of Object.entries(OUTPUTS)) {
    const real = (await output()).trimEnd();
    text = text.replace(
      new RegExp(`^\`\`\`${kind}\n[^]*?^\`\`\`$`, 'm'),
      () => `\`\`\`${kind}\n${real}\n\`\`\``,
    );
  }
  writeFileSync(guide, text);
}

describe('one fault, five files', () => {
  const code = blocks().filter(({ kind }) => kind === 'ts');

  it('quotes eight pieces of code from at least five files', () => {
    expect(code.length).toBeGreaterThanOrEqual(8);
    expect(new Set(code.map(({ file }) => file)).size).toBeGreaterThanOrEqual(5);
  });

  it.each(code)('the code of $file stands there to the letter', ({ file = '', text }) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(text);
  });

  it.each(Object.entries(OUTPUTS))('the %s are the real ones', async (kind, output) => {
    const block = blocks().find((each) => each.kind === kind);
    expect(block?.text.trimEnd()).toBe((await output()).trimEnd());
  });

  it('the five files together stay under 900 lines', () => {
    const files = [...page().matchAll(/^\*\*\d\. `([^`]+)`/gm)].map(([, file = '']) => file);
    expect(files.length).toBe(5);
    const lines = files.map((file) => readFileSync(join(root, file), 'utf8').split('\n').length - 1);
    expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThan(900);
  });
});
