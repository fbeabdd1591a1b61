/** One trial: configure its check, let it pass, bring about the cause, see what follows, take it away again. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { CheckStatus, Status } from '../../../sidecar/status.ts';
import { servingGateway } from '../fib.ts';
import type { Gateway } from '../gateway.ts';
import type { Lab } from '../lab.ts';
import { expectAnnounced } from '../steady.ts';
import { LabError } from '../lab-error.ts';
import { round } from '../report.ts';
import { untilStatus } from '../status-watch.ts';
import { attempt } from '../trial-labs.ts';
import { ANYCAST4, ANYCAST6, PREFIX4, PREFIX6 } from '../topology.ts';
import type { Decision, HealthRow, Stage, Trial, TrialCheck } from './trial.ts';

/** The configuration was taken over, and what it asks for passes. */
const READY_WITHIN_MS = 30_000;
/** What must not be told to the router would have been told by then: fall at the slowest pace of the lab's checks. */
const QUIET_MS = 3000;
const STEADY_WITHIN_MS = 60_000;
const ALL_PREFIXES: readonly string[] = [PREFIX4, PREFIX6];

/**
 * The lab's own checks. Clients that left a withdrawn gateway are missed there once it has announced again: what
 * one trial does to the crowd shall not fail the next.
 */
const LAB_CHECKS: readonly TrialCheck[] = [
  { name: 'charon', type: 'charon' },
  { name: 'sa-count', type: 'sa-count', limits: { collapse_percent: 0 } },
  { name: 'ike-v4', type: 'ike-probe', limits: { address: ANYCAST4 } },
  { name: 'ike-v6', type: 'ike-probe', limits: { address: ANYCAST6 } },
];

/** `spoilt`: the lab did not come back to a steady state. @throws what is no LabError, and the signal's reason */
export async function runTrial(
  lab: Lab,
  trial: Trial,
  signal: AbortSignal,
): Promise<{ readonly row: HealthRow; readonly spoilt: boolean }> {
  let row: HealthRow = { check: trial.check, cause: trial.cause, ok: false };
  const { error, spoilt } = await attempt(
    async (defer) => {
      await trial.arrange?.(lab, signal);
      await expectAnnounced(lab, signal);
      const gateway = lab.gateway(await servingGateway(lab.topology, signal));
      row = { ...row, gateway: gateway.plan.name };
      lab.clock.calibrate();
      const stage: Stage = { lab, gateway, signal, defer };
      await trial.prepare?.(stage);
      const before = readFileSync(gateway.configFile, 'utf8');
      defer(() => reload(gateway, before));
      await reload(gateway, withChecks(before, trial.checks?.(stage) ?? []));
      await until(stage, `check ${trial.check} passes and all is announced`, READY_WITHIN_MS, (status) =>
        isWell(status, trial.check),
      );
      await judged(stage, trial, (measured) => {
        row = { ...row, ...measured };
      });
    },
    async () => {
      if (trial.spoils !== true) await expectAnnounced(lab, signal, STEADY_WITHIN_MS);
    },
    signal,
  );
  row = error === undefined ? { ...row, ok: true } : { ...row, error };
  return { row, spoilt: spoilt || trial.spoils === true };
}

/** @param note takes what is known so far: a row that failed says how far it got */
async function judged(
  stage: Stage,
  trial: Trial,
  note: (measured: Partial<HealthRow>) => void,
): Promise<void> {
  const { lab, gateway, signal } = stage;
  const { name } = gateway.plan;
  const concerned = trial.prefixes ?? ALL_PREFIXES;
  const from = lab.timeline.events.length;
  const struckAt = lab.timeline.act(`${trial.check}: ${trial.cause}`);
  await trial.strike(stage);
  const seen = await until(
    stage,
    `check ${trial.check} fails, ${trial.reason}`,
    trial.seenWithinMs,
    (status) => {
      const check = named(status, trial.check);
      return check?.verdict === 'fail' && check.reason === trial.reason;
    },
    struckAt,
  );
  note({ seen_ms: round(seen - struckAt), reason: trial.reason });
  if (trial.decision === 'announced') {
    await until(stage, `check ${trial.check} is down`, trial.seenWithinMs, (status) => {
      const check = named(status, trial.check);
      return check !== undefined && !check.up;
    });
    await delay(QUIET_MS, undefined, { signal });
  } else {
    const told = await Promise.all(
      concerned.map(async (prefix) =>
        lab.timeline.expect(
          {
            what: `${name} has ${prefix} ${trial.decision}`,
            withinMs: trial.seenWithinMs,
            find: (events) =>
              events.slice(from).find((event) => decisionOf(event, name, prefix) === trial.decision),
          },
          signal,
        ),
      ),
    );
    note({ decided_ms: round(Math.max(...told.map(({ at }) => at)) - struckAt) });
  }
  const strangers = ALL_PREFIXES.filter(
    (prefix) => trial.decision === 'announced' || !concerned.includes(prefix),
  );
  for (const prefix of strangers) {
    const touched = lab.timeline.events
      .slice(from)
      .map((event) => decisionOf(event, name, prefix))
      .find((decision) => decision !== undefined);
    if (touched !== undefined)
      throw new LabError('LAB_DEADLINE', `expected: ${name} leaves ${prefix} alone; it was ${touched}`);
  }
  note({ decision: trial.decision });
  const mendedAt = lab.timeline.act(`${trial.check}: mended`);
  await trial.mend(stage);
  const well = await until(
    stage,
    `check ${trial.check} passes and all is announced again`,
    trial.recoveredWithinMs,
    (status) => isWell(status, trial.check),
    mendedAt,
  );
  note({ recovered_ms: round(well - mendedAt) });
}

/** What this event says the gateway decided on this prefix. */
function decisionOf(
  event: Lab['timeline']['events'][number],
  gateway: string,
  prefix: string,
): Decision | undefined {
  if (event.kind === 'withdraw') {
    return event.gateway === gateway && event.prefix === prefix ? 'withdrawn' : undefined;
  }
  if (event.kind !== 'announce' || event.gateway !== gateway || event.prefix !== prefix) return undefined;
  return /\bMED 1000\b/u.test(event.detail) ? 'degraded' : 'announced';
}

const named = ({ checks }: Status, name: string): CheckStatus | undefined =>
  checks.find((check) => check.name === name);

/** The check is up and passes, every prefix is announced in full, and ExaBGP has said so. */
function isWell(status: Status, name: string): boolean {
  const check = named(status, name);
  return (
    check?.up === true &&
    check.verdict === 'pass' &&
    status.prefixes.every((prefix) => prefix.state === 'announced' && prefix.acknowledged)
  );
}

async function until(
  { gateway, signal }: Stage,
  what: string,
  withinMs: number,
  isSo: (status: Status) => boolean,
  from?: number,
): Promise<number> {
  return untilStatus(gateway, what, withinMs, isSo, signal, from);
}

/** The configuration with these checks besides the lab's, or instead of those of the same name. */
function withChecks(text: string, checks: readonly TrialCheck[]): string {
  const all = [...LAB_CHECKS.filter(({ name }) => !checks.some((check) => check.name === name)), ...checks];
  const lines = all.map((check) => `  - ${JSON.stringify(check)}\n`).join('');
  return text.replace(/^checks:\n(?: {2}- .*\n)+/mu, () => `checks:\n${lines}`);
}

/** What follows is waited for by what is expected of the new checks. */
async function reload(gateway: Gateway, text: string): Promise<void> {
  writeFileSync(gateway.configFile, text);
  gateway.signal(gateway.part('sidecar'), 'SIGHUP');
  return Promise.resolve();
}
