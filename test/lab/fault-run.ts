/** One run of one fault: from a steady lab, through the fault, back to a steady lab; judged by the timeline. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CalmFault, ReturnFault, RunnableFault, Scene, WithdrawFault } from './fault.ts';
import type { FaultRow } from './fault-report.ts';
import { announcementsIn, takesAway, withdrawalsIn, type Window } from './fault-window.ts';
import { servingGateway } from './fib.ts';
import { PART_NAMES } from './gateway-parts.ts';
import type { Gateway } from './gateway.ts';
import type { Lab } from './lab.ts';
import { expectAnnounced, expectSteady } from './steady.ts';
import { LabError, thrownUnder } from './lab-error.ts';
import { monotonic } from './clock.ts';
import { round } from './report.ts';
import type { LabEvent } from './timeline.ts';
import { PREFIX4, PREFIX6, type GatewayName } from './topology.ts';
import { outageOf } from './traffic/gaps.ts';

/** Quiet time before and after: until every packet that will be answered has been, and the capture has been read. */
const SETTLE_MS = 200;
/** The longest period of what swancast and guard do in turns: without chance, each run would meet it at the same point. */
const PHASE_MS = 1000;
/** A lease that nobody renewed would have lapsed by then. */
const AFTERMATH_MS = 1500;
/** The report of a late withdrawal is worth more than its absence: wait longer than the bound. */
const PATIENCE_MS = 5000;
/** What was sent this long before may be lost by the fault. */
const IN_FLIGHT_MS = 50;
const WHOLE_WITHIN_MS = 5000;

const PREFIXES = [PREFIX4, PREFIX6] as const;

/**
 * `spoilt`: the lab did not come back to a steady state, and is of no use for further runs.
 * @throws what is no LabError, and the signal's reason
 */
export async function runFault(
  lab: Lab,
  fault: RunnableFault,
  seconds: number,
  signal: AbortSignal,
): Promise<{ readonly row: FaultRow; readonly spoilt: boolean; readonly events: readonly LabEvent[] }> {
  const from = lab.timeline.events.length;
  const startedAt = monotonic();
  let row: FaultRow = { fault: fault.name, ok: false, expect: fault.expect };
  let spoilt = true;
  try {
    await ('burden' in fault ? expectSteady(lab, signal) : expectAnnounced(lab, signal));
    await delay(SETTLE_MS + Math.random() * PHASE_MS, undefined, { signal });
    const gateway = lab.gateway(await servingGateway(lab.topology, signal));
    row = { ...row, gateway: gateway.plan.name };
    lab.clock.calibrate();
    const scene: Scene = { lab, gateway, signal, seconds };
    row = { ...row, ...(await judged(scene, fault)) };
    await whole(gateway, signal);
    spoilt = fault.spoils ?? false;
  } catch (thrown) {
    const error = thrownUnder(signal, thrown);
    if (!(error instanceof LabError)) throw error;
    row = { ...row, ok: false, error: error.message };
  }
  const took_s = round((monotonic() - startedAt) / 1000);
  return { row: { ...row, took_s }, spoilt, events: lab.timeline.events.slice(from) };
}

async function judged(scene: Scene, fault: RunnableFault): Promise<Partial<FaultRow>> {
  switch (fault.expect) {
    case 'withdrawn':
      return runWithdraw(scene, fault);
    case 'no withdrawal':
    case 'measured':
      return runCalm(scene, fault);
    case 'announced':
      return runReturn(scene, fault);
    default: {
      const unknown: never = fault;
      return unknown;
    }
  }
}

async function runWithdraw(scene: Scene, fault: WithdrawFault): Promise<Partial<FaultRow>> {
  const { lab, gateway, signal } = scene;
  const { name } = gateway.plan;
  const from = lab.timeline.events.length;
  const { at, restore } = await fault.strike(scene);
  const gone = await Promise.all(
    PREFIXES.map(async (prefix) =>
      lab.timeline.expect(
        {
          what: `${name} withdraws ${prefix}, or ends its session`,
          withinMs: fault.boundMs + PATIENCE_MS,
          find: (events) => events.slice(from).find((event) => takesAway(event, name, prefix)),
        },
        signal,
      ),
    ),
  );
  const [first, last] = gone.toSorted((a, b) => a.at - b.at);
  const withdraw_ms = round((last?.at ?? NaN) - at);
  const restoredAt = monotonic();
  await restore();
  await expectAnnounced(lab, signal);
  const since = lab.timeline.events.slice(from);
  const announced = since.filter((event) => event.kind === 'announce' && event.gateway === name);
  const others = since.filter((event) => PREFIXES.some((prefix) => takesAway(event, other(name), prefix)));
  return {
    ok: others.length === 0 && withdraw_ms >= 0,
    withdraw_ms,
    first_ms: round((first?.at ?? NaN) - at),
    bound_ms: fault.boundMs,
    by: last?.kind === 'session' ? last.how : 'UPDATE',
    recover_ms: round(Math.max(...announced.map((event) => event.at)) - restoredAt),
    ...(others.length === 0 ? {} : { error: `${other(name)} withdrew too` }),
  };
}

async function runCalm(scene: Scene, fault: CalmFault): Promise<Partial<FaultRow>> {
  const { lab, signal } = scene;
  let note: string | undefined;
  const window = await watched(scene, async () => {
    note = await bear(scene, fault);
    await delay(AFTERMATH_MS, undefined, { signal });
  });
  await fault.restore?.(scene);
  const wrong = judgeCalm(fault, window);
  await expectAnnounced(lab, signal);
  const degrades = announcementsIn(window).filter((event) => event.detail.includes('MED 1000')).length;
  return {
    ok: wrong === undefined,
    withdrawals: withdrawalsIn(window),
    updates: window.updates,
    lost: window.lost,
    ...(degrades > 0 ? { degrades } : {}),
    ...(note === undefined ? {} : { note }),
    ...(wrong === undefined ? {} : { error: wrong }),
  };
}

/** What is only measured may go wrong: how, is a part of what was measured. */
async function bear(scene: Scene, fault: CalmFault): Promise<string | undefined> {
  try {
    return (await fault.burden(scene)) ?? undefined;
  } catch (thrown) {
    const error = thrownUnder(scene.signal, thrown);
    const isFinding =
      error instanceof LabError && (error.code === 'LAB_DEADLINE' || error.code === 'LAB_COMMAND');
    if (fault.expect !== 'measured' || !isFinding) throw error;
    return `broke off: ${error.message.split('\n')[0] ?? ''}`;
  }
}

/** What the router and the clients saw while this was done. */
export async function watched({ lab, gateway, signal }: Scene, done: () => Promise<void>): Promise<Window> {
  const from = lab.timeline.events.length;
  const sent = (type: 'update' | 'notification'): number =>
    lab.topology.gateways.reduce((sum, { name }) => sum + lab.bgpSent(name)[type], 0);
  const before = { updates: sent('update'), notifications: sent('notification') };
  const startedAt = monotonic();
  await done();
  await delay(SETTLE_MS, undefined, { signal });
  const endedAt = monotonic() - SETTLE_MS;
  const packets = await lab.traffic.packetsSince(startedAt - IN_FLIGHT_MS, signal);
  const lost = packets.map((each) => outageOf(each.filter((packet) => packet.sentAt < endedAt)).lost);
  return {
    gateway: gateway.plan.name,
    events: lab.timeline.events.slice(from),
    updates: sent('update') - before.updates,
    notifications: sent('notification') - before.notifications,
    lost: lost.reduce((sum, each) => sum + each, 0),
  };
}

function judgeCalm(fault: CalmFault, window: Window): string | undefined {
  if (fault.expect === 'measured') return undefined;
  const withdrawals = withdrawalsIn(window);
  return withdrawals > 0 ? `${withdrawals} withdrawal(s)` : fault.check?.(window);
}

async function runReturn(scene: Scene, fault: ReturnFault): Promise<Partial<FaultRow>> {
  const { lab, signal } = scene;
  const from = lab.timeline.events.length;
  const at = await fault.strike(scene);
  // Its sessions end with it: what is announced from here on was announced to the new one.
  await expectAnnounced(lab, signal);
  const announced = lab.timeline.events.slice(from).filter((event) => event.kind === 'announce');
  const announce_ms = round(Math.max(...announced.map((event) => event.at)) - at);
  return { ok: announced.length > 0, announce_ms, bound_ms: fault.boundMs };
}

function other(name: GatewayName): GatewayName {
  return name === 'gw1' ? 'gw2' : 'gw1';
}

/** Every part of the gateway runs, and each but once: no orphan is left. */
async function whole(gateway: Gateway, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + WHOLE_WITHIN_MS;
  for (;;) {
    const parts = gateway.parts();
    const wrong = PART_NAMES.map((name) => [name, parts.get(name)?.length ?? 0] as const).filter(
      ([, count]) => count !== 1,
    );
    if (wrong.length === 0) return;
    if (performance.now() > deadline) {
      const seen = wrong.map(([name, count]) => `${name} ${count} times`).join(', ');
      throw new LabError(
        'LAB_DEADLINE',
        `expected within ${WHOLE_WITHIN_MS} ms: ${gateway.plan.name} has each part once; seen: ${seen}`,
      );
    }
    await delay(50, undefined, { signal });
  }
}
