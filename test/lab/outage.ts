/**
 * One run of an outage exercise: kill something on the serving gateway, watch from outside until the clients'
 * traffic flows through the other one, start it again, and wait until the gateway announces again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from './clock.ts';
import { patient } from './dataplane.ts';
import { servingGateway } from './fib.ts';
import type { Gateway } from './gateway.ts';
import type { Lab } from './lab.ts';
import { expectClientsBack, expectSteady } from './steady.ts';
import { LabError } from './lab-error.ts';
import type { LabEvent } from './timeline.ts';
import { PREFIX4, PREFIX6, type GatewayName } from './topology.ts';
import { outageOf } from './traffic/gaps.ts';

export interface Fault {
  /** "charon", "swancast". */
  readonly victim: string;
  kill(gateway: Gateway): { readonly pid: number; readonly gone: Promise<void> };
  restart(gateway: Gateway, signal: AbortSignal): Promise<void>;
  /** A withdrawal later than this fails the run. */
  readonly withdrawBoundMs: number;
}

/** Milliseconds; the keys are those of the JSON report. */
export interface OutageResult {
  readonly gateway: GatewayName;
  /** Kill → withdraw UPDATE at the router, IPv4 prefix. */
  readonly withdraw_ms: number;
  /** The same of the IPv6 prefix. */
  readonly withdraw6_ms: number;
  /** Kill → the router's kernel route leads to the other gateway. */
  readonly fib_ms: number;
  /** First lost → first answered packet of the client that was worst off. */
  readonly client_gap_ms: number;
  /** Packets without an answer, of all clients together. */
  readonly lost: number;
  /** Start of what was killed → announce UPDATE at the router, IPv4 prefix. */
  readonly recover_ms: number;
  /** From just before the kill to the end of the run. */
  readonly events: readonly LabEvent[];
  readonly killedAt: number;
}

const ROUTE_WITHIN_MS = 10_000;
const RECOVERY_WITHIN_MS = 60_000;
/** Quiet time before the kill, and after the first answer: until every packet that will be answered has been. */
const SETTLE_MS = patient(200);
/** What was sent this long before the kill may be lost by it. */
const IN_FLIGHT_MS = 50;

/** @throws LabError when something expected did not come, came late, or came in the wrong order */
export async function runOutage(lab: Lab, fault: Fault, signal: AbortSignal): Promise<OutageResult> {
  await expectSteady(lab, signal);
  await delay(SETTLE_MS, undefined, { signal });
  await expectSteady(lab, signal);
  const serving = await servingGateway(lab.topology, signal);
  const gateway = lab.gateway(serving);
  const name = serving.name;
  lab.clock.calibrate();

  const from = lab.timeline.events.length;
  const since = (): readonly LabEvent[] => lab.timeline.events.slice(from);
  const killedAt = monotonic();
  const { pid, gone } = fault.kill(gateway);
  lab.timeline.add({
    kind: 'action',
    at: killedAt,
    text: `SIGKILL of ${name}'s ${fault.victim} (pid ${pid})`,
  });
  lab.progress(`SIGKILL of ${name}'s ${fault.victim}`);

  const expectUpdate = async (
    kind: 'announce' | 'withdraw',
    prefix: string,
    withinMs: number,
  ): Promise<number> => {
    const what = `${name} sends the router an UPDATE that ${kind}s ${prefix}`;
    const matches = (event: LabEvent): boolean =>
      event.kind === kind && event.gateway === name && event.prefix === prefix;
    return (await lab.timeline.expect({ what, withinMs, find: () => since().find(matches) }, signal)).at;
  };
  // The report of a late withdrawal is worth more than its absence: wait longer than the bound.
  const withdrawWithinMs = fault.withdrawBoundMs + 5000;
  const [withdrawnAt, withdrawn6At] = await Promise.all([
    expectUpdate('withdraw', PREFIX4, withdrawWithinMs),
    expectUpdate('withdraw', PREFIX6, withdrawWithinMs),
  ]);
  const movedAt = (
    await lab.timeline.expect(
      {
        what: `the router's kernel route to ${PREFIX4} leads to the gateway that is left`,
        withinMs: ROUTE_WITHIN_MS,
        find: () =>
          since().find(
            (event) =>
              event.kind === 'route' &&
              event.prefix === PREFIX4 &&
              event.gateway !== undefined &&
              event.gateway !== name,
          ),
      },
      signal,
    )
  ).at;
  await gone;
  lab.progress(
    `withdrawn after ${(withdrawnAt - killedAt).toFixed(2)} ms, route moved after ${(movedAt - killedAt).toFixed(2)} ms; the clients notice by dead peer detection`,
  );

  const recover = async (): Promise<number> => {
    const startedAt = lab.timeline.act(`starts ${name}'s ${fault.victim} again`);
    const fresh = lab.timeline.events.length;
    await fault.restart(gateway, signal);
    lab.timeline.act(`${name}'s ${fault.victim} is started`);
    const announced = await lab.timeline.expect(
      {
        what: `${name} announces ${PREFIX4} again`,
        withinMs: RECOVERY_WITHIN_MS,
        find: (events) =>
          events
            .slice(fresh)
            .find((event) => event.kind === 'announce' && event.gateway === name && event.prefix === PREFIX4),
      },
      signal,
    );
    return announced.at - startedAt;
  };
  const [recoverMs, answeredAt] = await Promise.all([recover(), expectClientsBack(lab, from, signal)]);
  await expectSteady(lab, signal);
  await delay(SETTLE_MS, undefined, { signal });

  const outages = (await lab.traffic.packetsSince(killedAt - IN_FLIGHT_MS, signal)).map((packets) =>
    outageOf(packets.filter((packet) => packet.sentAt < monotonic() - SETTLE_MS / 2)),
  );
  assertOrder([
    ['kill', killedAt],
    [`withdrawal of ${PREFIX4}`, withdrawnAt],
    ["router's kernel route", movedAt],
    ['first answered packet', answeredAt],
  ]);
  const withdrawMs = withdrawnAt - killedAt;
  if (withdrawMs > fault.withdrawBoundMs)
    throw new LabError(
      'LAB_DEADLINE',
      `expected within ${fault.withdrawBoundMs} ms: ${name} withdraws ${PREFIX4}; it took ${withdrawMs.toFixed(1)} ms; logs: ${lab.logs}`,
    );
  return {
    gateway: name,
    withdraw_ms: withdrawMs,
    withdraw6_ms: withdrawn6At - killedAt,
    fib_ms: movedAt - killedAt,
    client_gap_ms: Math.max(...outages.map((outage) => outage.gapMs)),
    lost: outages.reduce((sum, outage) => sum + outage.lost, 0),
    recover_ms: recoverMs,
    events: since(),
    killedAt,
  };
}

function assertOrder(steps: readonly (readonly [string, number])[]): void {
  steps.slice(1).forEach(([what, at], index) => {
    const [before, beforeAt] = steps[index] ?? ['', -Infinity];
    if (at < beforeAt)
      throw new LabError(
        'LAB_SPOILT',
        `${what} was seen ${(beforeAt - at).toFixed(2)} ms before ${before}: the clocks or the lab are wrong`,
      );
  });
}
