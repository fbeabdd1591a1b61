import { LabError, reasonOf } from './lab-error.ts';
import { monotonic } from './clock.ts';
import { patient } from './dataplane.ts';
import type { GatewayName } from './topology.ts';
import type { RouteOnWire } from './wire/bgp-wire.ts';

/** Who saw it, where that is not the first router. */
export interface Where {
  readonly where?: 'router2' | 'backend';
}

/** What was seen or done in the lab. `at` is CLOCK_MONOTONIC ms, of the kernel or of `ip` where they saw it. */
export type LabEvent =
  | ({ readonly kind: 'action'; readonly at: number; readonly text: string } & Where)
  | ({
      readonly kind: 'announce';
      readonly at: number;
      readonly gateway: GatewayName;
      readonly prefix: string;
      readonly detail: string;
      /** Every attribute of it, for who judges them exactly. */
      readonly route?: RouteOnWire;
    } & Where)
  | ({
      readonly kind: 'withdraw';
      readonly at: number;
      readonly gateway: GatewayName;
      readonly prefix: string;
    } & Where)
  | ({
      readonly kind: 'session';
      readonly at: number;
      readonly gateway: GatewayName;
      readonly family: 4 | 6;
      readonly state: 'open' | 'closed';
      readonly how: string;
    } & Where)
  | ({
      readonly kind: 'route';
      readonly at: number;
      readonly prefix: string;
      readonly gateway: GatewayName | undefined;
    } & Where)
  | {
      readonly kind: 'traffic';
      readonly at: number;
      readonly client: number;
      readonly state: 'answered' | 'silent';
      readonly sequence: number;
    };

export type EventOf<K extends LabEvent['kind']> = Extract<LabEvent, { kind: K }>;

export interface Expectation<T> {
  /** Completes "expected …": who does what. */
  readonly what: string;
  readonly withinMs: number;
  /** Looks at all events so far; called anew after each one. */
  readonly find: (events: readonly LabEvent[]) => T | undefined;
}

/** How much a failed wait shows of what came before, in ms from its start. */
const SHOWN_EVENTS = 15;

/** All events of a lab in the order they arrived, and the waits on them. */
export class Timeline {
  readonly #events: LabEvent[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #logs: string;

  /** @param logs where a failed wait sends its reader */
  constructor(logs: string) {
    this.#logs = logs;
  }

  get events(): readonly LabEvent[] {
    return this.#events;
  }

  add(event: LabEvent): void {
    this.#events.push(event);
    for (const look of this.#waiting) look();
  }

  act(text: string): number {
    const at = monotonic();
    this.add({ kind: 'action', at, text });
    return at;
  }

  /** @throws LabError LAB_DEADLINE with what was expected and what was seen; the signal's reason when aborted */
  async expect<T>(expectation: Expectation<T>, signal: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const startedAt = monotonic();
    const withinMs = patient(expectation.withinMs);
    const look = (): void => {
      const found = expectation.find(this.#events);
      if (found !== undefined) resolve(found);
    };
    const abort = (): void => reject(reasonOf(signal));
    const timer = setTimeout(() => {
      const seen = this.#events.slice(-SHOWN_EVENTS).map((event) => `\n    ${formatEvent(event, startedAt)}`);
      reject(
        new LabError(
          'LAB_DEADLINE',
          `expected within ${withinMs} ms: ${expectation.what}\n  seen last:${seen.length === 0 ? ' nothing' : seen.join('')}\n  logs: ${this.#logs}`,
        ),
      );
    }, withinMs);
    this.#waiting.add(look);
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (signal.aborted) abort();
      look();
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
      signal.removeEventListener('abort', abort);
    }
  }
}

/** Which gateways announce this prefix after these events: a withdrawal and the end of the family's session both take it away. */
export function announcersOf(
  events: readonly LabEvent[],
  prefix: string,
  where?: Where['where'],
): ReadonlySet<GatewayName> {
  const family = prefix.includes(':') ? 6 : 4;
  const announcing = new Set<GatewayName>();
  for (const event of events) {
    if (event.kind === 'traffic' || event.where !== where) continue;
    if (event.kind === 'announce' && event.prefix === prefix) announcing.add(event.gateway);
    else if (event.kind === 'withdraw' && event.prefix === prefix) announcing.delete(event.gateway);
    else if (event.kind === 'session' && event.family === family) announcing.delete(event.gateway);
  }
  return announcing;
}

/** Whether each client's traffic is answered after these events, in the order of the clients. */
export function answeredClients(events: readonly LabEvent[], clients: number): boolean[] {
  const answered = Array.from({ length: clients }, () => false);
  for (const event of events)
    if (event.kind === 'traffic') answered[event.client] = event.state === 'answered';
  return answered;
}

/** "   +12.34 ms  router    route 192.0.2.1/32 via gw2" */
export function formatEvent(event: LabEvent, zero: number): string {
  const ms = event.at - zero;
  const time = `${ms < 0 ? '' : '+'}${ms.toFixed(2)} ms`.padStart(14);
  const [who, what] = describe(event);
  const where = event.kind === 'traffic' || event.where === undefined ? '' : ` [${event.where}]`;
  return `${time}  ${who.padEnd(9)} ${what}${where}`;
}

function describe(event: LabEvent): [string, string] {
  switch (event.kind) {
    case 'action':
      return ['lab', event.text];
    case 'announce':
      return [event.gateway, `announces ${event.prefix}${event.detail === '' ? '' : ` (${event.detail})`}`];
    case 'withdraw':
      return [event.gateway, `withdraws ${event.prefix}`];
    case 'session':
      return [event.gateway, `BGP session IPv${event.family} ${event.state} (${event.how})`];
    case 'route':
      return [
        'router',
        `kernel route ${event.prefix} ${event.gateway === undefined ? 'gone' : `via ${event.gateway}`}`,
      ];
    case 'traffic':
      return [
        `client ${event.client + 1}`,
        event.state === 'answered'
          ? `packet ${event.sequence} answered`
          : `first lost packet ${event.sequence}`,
      ];
    default: {
      const unknown: never = event;
      return unknown;
    }
  }
}
