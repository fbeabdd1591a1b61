/**
 * The observer's eyes: puts what the timeline, its own probe of each charon and /proc say into the order of the
 * clock, and hands it to the observer a little later, when everything older has arrived.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CharonProbe } from './observer-probe.ts';
import { monotonic } from './clock.ts';
import { partsIn, type PartName } from './gateway-parts.ts';
import type { Lab } from './lab.ts';
import { MemoryWatch } from './chaos-memory.ts';
import type { Condition, ObservedPart } from './observer-bounds.ts';
import type { Breach, ObserverEvent } from './observer-event.ts';
import { Observer } from './observer.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { LabEvent } from './timeline.ts';
import { PREFIX4, PREFIX6, type GatewayName } from './topology.ts';

const LOOK_MS = 50;
/** What tcpdump and `ip monitor` saw reaches us within this time, also from a loaded machine. */
const ARRIVAL_MS = 500;
/** A look that comes later than this was held up, and so was everybody. */
const LATE_MS = 20;
const SCAN_MS = 200;
const CALIBRATE_MS = 10_000;
/** These come and go without the lab's doing; charon and sidecar do not. */
const SCANNED: readonly (ObservedPart & PartName)[] = ['exabgp', 'launcher', 'guard'];

export class ObserverWatch {
  readonly observer: Observer;
  readonly memory = new MemoryWatch();
  /** Every process that was ever seen: none of them may be left in the end. */
  readonly seen = new Map<string, ProcessIdentity>();
  readonly #lab: Lab;
  readonly #onBreach: (breaches: readonly Breach[]) => void;
  readonly #probes: ReadonlyMap<GatewayName, CharonProbe>;
  readonly #waiting: ObserverEvent[] = [];
  readonly #newest = new Map<string, ProcessIdentity>();
  #read: number;

  /** Everything must be announced and well now. */
  constructor(lab: Lab, onBreach: (breaches: readonly Breach[]) => void) {
    this.#lab = lab;
    this.#onBreach = onBreach;
    this.#read = lab.timeline.events.length;
    const plans = lab.topology.gateways;
    this.observer = new Observer(
      plans.map(({ name }) => name),
      [PREFIX4, PREFIX6],
      monotonic(),
    );
    this.#probes = new Map(
      plans.map((plan) => [
        plan.name,
        new CharonProbe(lab.gateway(plan).charon.viciSocket, (at) =>
          this.tell({ kind: 'proof', at, gateway: plan.name }),
        ),
      ]),
    );
    this.#scan(false);
  }

  now(): number {
    return monotonic();
  }

  tell(event: ObserverEvent): void {
    const later = this.#waiting.findLastIndex(({ at }) => at <= event.at);
    this.#waiting.splice(later + 1, 0, event);
  }

  tellPart(gateway: GatewayName, part: ObservedPart, condition: Condition, at = monotonic()): void {
    this.tell({ kind: 'part', at, gateway, part, condition });
  }

  probe(gateway: GatewayName): CharonProbe {
    const probe = this.#probes.get(gateway);
    if (probe === undefined) throw new RangeError(`no probe of ${gateway}`);
    return probe;
  }

  /** Watches until the signal aborts. Never rejects for that reason. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#look(signal),
      ...[...this.#probes.values()].map(async (each) => each.run(signal)),
    ]);
  }

  async #look(signal: AbortSignal): Promise<void> {
    let scannedAt = monotonic();
    let calibratedAt = scannedAt;
    while (!signal.aborted) {
      const began = monotonic();
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      const now = monotonic();
      const late = now - began - LOOK_MS;
      if (late > LATE_MS) this.tell({ kind: 'stall', at: began + LOOK_MS, ms: late });
      const { events } = this.#lab.timeline;
      for (; this.#read < events.length; this.#read += 1) {
        const heard = observed(events[this.#read]);
        if (heard !== undefined) this.tell(heard);
      }
      if (now - scannedAt >= SCAN_MS) {
        this.#scan(true);
        scannedAt = now;
      }
      if (now - calibratedAt >= CALIBRATE_MS) {
        this.#lab.clock.calibrate();
        calibratedAt = now;
      }
      this.#hand(now - ARRIVAL_MS);
    }
  }

  #hand(until: number): void {
    const ready = this.#waiting.findLastIndex(({ at }) => at <= until) + 1;
    const events: ObserverEvent[] = [...this.#waiting.splice(0, ready), { kind: 'tick', at: until }];
    for (const event of events) {
      const breaches = this.observer.hear(event);
      if (breaches.length > 0) this.#onBreach(breaches);
    }
  }

  #scan(tell: boolean): void {
    for (const { name, namespace } of this.#lab.topology.gateways) {
      const parts = partsIn(namespace);
      const now = monotonic();
      for (const [part, processes] of parts)
        for (const process of processes) {
          this.seen.set(`${process.pid} ${process.startTime}`, process);
          this.memory.sample(`${name} ${part}`, process, now);
        }
      for (const part of SCANNED) {
        const key = `${name} ${part}`;
        const process = parts.get(part)?.at(-1);
        const before = this.#newest.get(key);
        if (process?.pid === before?.pid && process?.startTime === before?.startTime) continue;
        if (process === undefined) this.#newest.delete(key);
        else this.#newest.set(key, process);
        if (tell) this.tellPart(name, part, process === undefined ? 'dead' : 'well');
      }
    }
  }
}

function observed(event: LabEvent | undefined): ObserverEvent | undefined {
  switch (event?.kind) {
    case 'announce':
    case 'withdraw':
    case 'session':
    case 'route':
      return event;
    default:
      return undefined;
  }
}
