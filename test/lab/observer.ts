/**
 * The judge at the router. It hears, in the order of the clock, what came over the wire, what the kernel's routes
 * are, when charon answered, and what the lab did to which part; it says when an invariant is broken. Pure.
 *
 *   I1  announced ⇒ charon alive, or dead for no longer than it takes to find out
 *   I2  sidecar, guard, ExaBGP dead or frozen ⇒ withdrawn, or the session closed, within their bounds
 *   I3  withdrawn for a reason ⇒ not announced again while the reason holds
 *   I4  all faults undone ⇒ all announced again within RECOVERY_MS
 *   hitless  no withdrawal without a fault
 *   router   the kernel routes to nobody that does not announce
 */
import {
  BOUNDS,
  OBSERVED_PARTS,
  PROBE_SILENT,
  silentFrom,
  SLACK_MS,
  STRAIN_MS,
  throughExabgp,
  type Condition,
  type Invariant,
  type Limit,
  type ObservedPart,
  type Parts,
} from './observer-bounds.ts';
import type { Breach, ObserverEvent, Reaction } from './observer-event.ts';
import { freshGateway, isCharonsFault, owe, type GatewayView, type PrefixView } from './observer-gateway.ts';

/**
 * The lab's hold-down ends after 1 s. Launcher and supervisor, whose parts were killed again and again, wait up to
 * 15 s before the next start; starting takes up to 5 s under load, and the session 2 s.
 */
export const RECOVERY_MS = 1000 + 15_000 + 5000 + 2000;
/** What a fault leaves behind (timers, a check that is late) may still come so long after its end. */
const AFTERMATH_MS = 3000;
/** The router's own way from UPDATE or interface to kernel table; its restart prunes what the last one left. */
const ROUTER_MS = 2000;
/** TCP's least time until it sends a segment again (Linux: 200 ms), and one more in case that is lost too. */
const FLUSH_MS = 600;

export class Observer {
  readonly recoveries: number[] = [];
  readonly reactions: Reaction[] = [];
  readonly #gateways: ReadonlyMap<string, GatewayView>;
  readonly #routes = new Map<string, { readonly gateway: string | undefined; readonly since: number }>();
  #strainUntil = -Infinity;
  #stalls: { readonly at: number; readonly ms: number }[] = [];

  /** From here on everything is announced and well. */
  constructor(gateways: readonly string[], prefixes: readonly string[], at: number) {
    this.#gateways = new Map(gateways.map((name) => [name, freshGateway(name, prefixes, at)]));
  }

  /** @param event not older than the one before */
  hear(event: ObserverEvent): Breach[] {
    const breaches = [...this.#gateways.values()].flatMap((gateway) => this.#overdue(gateway, event.at));
    switch (event.kind) {
      case 'announce':
        breaches.push(...this.#announced(this.#gateway(event.gateway), event.prefix, event.at));
        break;
      case 'withdraw':
        breaches.push(...this.#gone(this.#gateway(event.gateway), [event.prefix], event.at, 'withdrawn'));
        break;
      case 'session': {
        const gateway = this.#gateway(event.gateway);
        const lost = [...gateway.prefixes.keys()].filter((prefix) => familyOf(prefix) === event.family);
        gateway.sessions.set(event.family, event.at);
        breaches.push(...this.#gone(gateway, lost, event.at, `session ${event.state}`));
        break;
      }
      case 'route':
        this.#routes.set(event.prefix, { gateway: event.gateway, since: event.at });
        break;
      case 'proof': {
        const gateway = this.#gateway(event.gateway);
        gateway.aliveAt = Math.max(gateway.aliveAt, event.at);
        break;
      }
      case 'part':
        this.#part(this.#gateway(event.gateway), event.part, event.condition, event.at);
        break;
      case 'fault':
        for (const gateway of this.#gateways.values())
          if (event.gateway === undefined || event.gateway === gateway.name)
            if (!event.hitless) this.#fault(gateway, event.state, event.at);
        break;
      case 'strain':
        this.#strainUntil = event.active ? Infinity : event.at + AFTERMATH_MS;
        break;
      case 'stall':
        this.#stalls = [...this.#stalls.filter(({ at }) => at > event.at - 60_000), event];
        break;
      case 'tick':
        break;
      default:
        event satisfies never;
    }
    for (const gateway of this.#gateways.values()) this.#settle(gateway, event.at);
    return breaches;
  }

  /** Whether everything is announced and nothing is wrong. */
  get steady(): boolean {
    return [...this.#gateways.values()].every(({ steadySince }) => steadySince !== undefined);
  }

  /** For the report of a breach: what the observer believes, one line a gateway. */
  describe(now: number): string[] {
    return [...this.#gateways.values()].map(({ name, parts, prefixes, aliveAt }) => {
      const ago = (at: number): string => (at === -Infinity ? '' : ` for ${Math.round(now - at)} ms`);
      const routes = [...prefixes].map(
        ([prefix, { announced, since }]) =>
          `${prefix} ${announced ? 'announced' : 'not announced'}${ago(since)}`,
      );
      const states = OBSERVED_PARTS.map(
        (part) => `${part} ${parts[part].condition}${ago(parts[part].since)}`,
      );
      return `${name}: ${[...routes, ...states].join(', ')}; charon answered ${Math.round(now - aliveAt)} ms ago`;
    });
  }

  #gateway(name: string): GatewayView {
    const gateway = this.#gateways.get(name);
    if (gateway === undefined) throw new RangeError(`the observer knows no gateway ${name}`);
    return gateway;
  }

  /** What the machine may add between these two moments. */
  #slack(from: number, to: number): number {
    const stalled = this.#stalls.filter(({ at }) => at >= from && at <= to + SLACK_MS);
    const strain = from < this.#strainUntil ? STRAIN_MS : 0;
    return SLACK_MS + strain + stalled.reduce((sum, { ms }) => sum + ms, 0);
  }

  /** Time passed up to `now`: is something announced that must not be, or the other way round? */
  #overdue(gateway: GatewayView, now: number): Breach[] {
    const breaches: Breach[] = [];
    const { name, parts } = gateway;
    for (const [prefix, view] of gateway.prefixes) {
      const breach = (invariant: Invariant, text: string): void => {
        breaches.push({ invariant, at: now, gateway: name, prefix, text });
      };
      if (view.announced) {
        const limit = this.#limitOf(gateway, view);
        if (limit !== undefined) {
          const latest = limit.at + this.#slack(limit.from, limit.at);
          if (now > latest) breach(limit.invariant, `still announced, ${late(now, limit)}`);
        }
      } else if (gateway.faults === 0) {
        const since = gateway.recovering ? gateway.faultEndedAt : view.since;
        if (now > since + RECOVERY_MS)
          breach('I4', `not announced for ${Math.round(now - since)} ms although no fault is left`);
      }
      const route = this.#routes.get(prefix);
      const since = Math.max(route?.since ?? 0, view.since, parts.link.since, gateway.faultEndedAt);
      const isQuiet = gateway.faults === 0 && parts.link.condition === 'well';
      if (route?.gateway === name && !view.announced && isQuiet && now > since + ROUTER_MS)
        breach('router', 'the kernel still routes to this gateway, which does not announce');
    }
    return breaches;
  }

  /** The earlier of what holds now, and of what a dead guard or ExaBGP still owes. */
  #limitOf({ parts, aliveAt }: GatewayView, { due, oldUntil }: PrefixView): Limit | undefined {
    const now = silentFrom(parts, aliveAt);
    const owed = due && { ...due.limit, at: throughExabgp(parts, due.limit.at) };
    const earlier = now === undefined || (owed !== undefined && owed.at < now.at) ? owed : now;
    return earlier && { ...earlier, at: Math.max(earlier.at, oldUntil) };
  }

  /**
   * A session that outlived a dead link first delivers what TCP kept meanwhile: an announcement said in time may
   * arrive long after charon died, with its withdrawal right behind it. Only a second one would be a lie.
   */
  #flushUntil(
    { parts: { link }, sessions }: GatewayView,
    { oldUntil }: PrefixView,
    family: 4 | 6,
    at: number,
  ): number {
    const isOld = link.since > (sessions.get(family) ?? -Infinity) && at < link.since + BOUNDS.holdTimeMs;
    return isOld && oldUntil < link.since ? at + FLUSH_MS : oldUntil;
  }

  #announced(gateway: GatewayView, prefix: string, at: number): Breach[] {
    const view = gateway.prefixes.get(prefix);
    if (view === undefined) return [];
    const breaches: Breach[] = [];
    const breach = (text: string): void => {
      breaches.push({ invariant: 'I3', at, gateway: gateway.name, prefix, text });
    };
    const { parts } = gateway;
    const { charon } = parts;
    view.oldUntil = this.#flushUntil(gateway, view, familyOf(prefix), at);
    if (!view.announced && at < view.oldUntil) {
      view.announced = true;
      view.since = at;
    }
    const limit = silentFrom(parts, gateway.aliveAt);
    if (!view.announced) {
      if (limit !== undefined && at > limit.at + this.#slack(limit.from, limit.at))
        breach(`announced again, ${late(at, limit)}`);
      else if (this.#isKnownDead(parts, at))
        breach(`announced although charon has been dead for ${Math.round(at - charon.since)} ms`);
      else if (charon.condition !== 'well' && view.goneFor === charon.since)
        breach(`announced again although withdrawn for charon ${charon.condition}, which still holds`);
      view.announced = true;
      view.since = at;
    }
    return breaches;
  }

  /** A closed socket needs no second look, also not by a sidecar that was itself frozen when it closed. */
  #isKnownDead({ charon, sidecar }: Parts, at: number): boolean {
    if (charon.condition !== 'dead' || sidecar.condition !== 'well' || at < sidecar.since) return false;
    const { since } = charon;
    return at > since + BOUNDS.charonDeadMs + this.#slack(since, since + BOUNDS.charonDeadMs);
  }

  #gone(gateway: GatewayView, prefixes: readonly string[], at: number, how: string): Breach[] {
    const breaches: Breach[] = [];
    for (const prefix of prefixes) {
      const view = gateway.prefixes.get(prefix);
      if (view?.announced !== true) continue;
      const limit = this.#limitOf(gateway, view);
      if (limit !== undefined && limit.why !== PROBE_SILENT) {
        const { why, from } = limit;
        this.reactions.push({ why, tookMs: at - from, boundMs: limit.at - from });
      }
      const { steadySince, parts, name } = gateway;
      if (gateway.faults === 0 && steadySince !== undefined && at > steadySince + AFTERMATH_MS)
        breaches.push({ invariant: 'hitless', at, gateway: name, prefix, text: `${how} without any fault` });
      view.announced = false;
      view.since = at;
      view.due = undefined;
      view.goneFor = isCharonsFault(parts) ? parts.charon.since : undefined;
    }
    return breaches;
  }

  #part(gateway: GatewayView, part: ObservedPart, condition: Condition, at: number): void {
    const before = gateway.parts[part];
    if (before.condition === condition) return;
    // Killed, then started without connections: the same outage, whose first cause says most.
    if (part === 'charon' && condition === 'empty' && before.condition !== 'well') return;
    const starts = condition === 'well' && before.condition !== 'frozen' && before.condition !== 'blind';
    const since = starts ? at + startOf(part) : at;
    gateway.parts = { ...gateway.parts, [part]: { condition, since } };
    if (part === 'charon' && condition === 'well') gateway.aliveAt = Math.max(gateway.aliveAt, at);
    if (condition === 'dead') for (const view of gateway.prefixes.values()) owe(view, part, at, gateway);
    // Its guard lives on, but ExaBGP reads no longer what it writes, and it may not kill ExaBGP any more, whose
    // child it no longer is. What counts is the next one.
    if (part === 'launcher' && condition === 'dead') this.#part(gateway, 'guard', 'dead', at);
    // No packet of the gateway can be seen: what it says in between is not known, what comes after is said anew.
    // And the kernel drops its IPv4 routes through the link without telling anybody.
    if (part === 'link' && condition === 'dead') {
      for (const [prefix, route] of this.#routes)
        if (route.gateway === gateway.name) this.#routes.delete(prefix);
      for (const view of gateway.prefixes.values())
        Object.assign(view, { announced: false, since: at, due: undefined });
    }
  }

  #fault(gateway: GatewayView, state: 'begins' | 'ends', at: number): void {
    gateway.faults += state === 'begins' ? 1 : -1;
    gateway.steadySince = undefined;
    gateway.faultEndedAt = at;
    gateway.recovering = true;
  }

  #settle(gateway: GatewayView, at: number): void {
    const isWhole = [...gateway.prefixes.values()].every(({ announced }) => announced);
    if (gateway.faults > 0 || !isWhole) return;
    if (gateway.steadySince === undefined) {
      // What never went away is no recovery.
      const returnedAt = Math.max(...[...gateway.prefixes.values()].map(({ since }) => since));
      if (gateway.recovering && returnedAt > gateway.faultEndedAt)
        this.recoveries.push(returnedAt - gateway.faultEndedAt);
      gateway.recovering = false;
      gateway.steadySince = at;
    }
  }
}

/** How long one that was started, not continued, needs before it can act. */
function startOf(part: ObservedPart): number {
  if (part === 'sidecar') return BOUNDS.startMs;
  return part === 'guard' ? BOUNDS.guardStartMs : 0;
}

const familyOf = (prefix: string): 4 | 6 => (prefix.includes(':') ? 6 : 4);

const late = (now: number, { from, at, why }: Limit): string =>
  `${Math.round(now - from)} ms after the fact (bound ${Math.round(at - from)} ms): ${why}`;
