/** The sessions as the daemon uses them: charon's events go in, its clients are moved, operators are answered. */
import type { CharonLink } from '../../health/charon-link.ts';
import { probePort } from '../../health/ike/probe.ts';
import type { BreakGlass, HeldDrain } from '../break-glass.ts';
import type { Event, Policy, State } from '../decision.ts';
import { mayDrain } from '../fleet/drain-guard.ts';
import type { FleetView } from '../fleet/view.ts';
import type { Moment } from '../intent.ts';
import { IntentFileError } from '../intent-file.ts';
import type { Logger } from '../log.ts';
import { membersOf, routingOf, targetsOf } from '../routing.ts';
import { keptDrain, resumedDrain } from './drain-intent.ts';
import { SaFeed } from './feed.ts';
import type { SessionsEffect, SessionsEvent } from './state.ts';
import { Mover } from './mover.ts';
import { noticeLine } from './notice.ts';
import { DrainDesk, type DrainOutcome, type Permission } from './orders.ts';
import { pathNews } from './path-news.ts';
import { sessionsStatus, type SessionsStatus } from './progress.ts';

export interface SessionsDeskOptions {
  /** Path of the VICI socket. */
  readonly path: string;
  readonly link: Pick<CharonLink, 'onUp' | 'onDown' | 'onEvent' | 'snapshot'>;
  readonly sidecar: { readonly state: State; readonly policy: Policy };
  readonly dispatch: (event: Event) => void;
  readonly keepDrain: BreakGlass['keepDrain'];
  /** What others are told of us has changed. */
  readonly onChange: () => void;
  readonly clock: () => Moment;
  readonly log: Logger;
}

/** IKE on the unicast address of a target: one try, another, and then the receiver thread. */
const PROBE_TRY_MS = 400;
const IKE_PORT = 500;

export class SessionsDesk {
  readonly #options: SessionsDeskOptions;
  readonly #mover: Mover;
  readonly #feed: SaFeed;
  readonly #drains: DrainDesk;
  #isUp = false;

  constructor(options: SessionsDeskOptions) {
    this.#options = options;
    const { path, log, sidecar, clock } = options;
    this.#feed = new SaFeed((events) => this.#dispatch({ type: 'sas', events }));
    this.#mover = new Mover({
      path,
      now: () => clock().now,
      log,
      dispatch: (event) => this.#dispatch(event),
      flush: () => this.#feed.flush(),
    });
    this.#drains = new DrainDesk({
      policy: () => sidecar.policy.sessions,
      state: () => sidecar.state.sessions,
      members: () => membersOf(sidecar.policy),
      targets: () => targetsOf(sidecar.state, sidecar.policy, clock().now),
      mayDrain: () => this.#mayDrain(),
      forced: () =>
        [...routingOf(sidecar.state, sidecar.policy, clock().now).prefixes.values()].flatMap(
          ({ forced }) => forced ?? [],
        ),
      probe: (address, signal) => this.#probe(address, signal),
      keep: (intent) => options.keepDrain(intent === undefined ? undefined : keptDrain(intent)),
      dispatch: (event) => this.#dispatch(event),
      clock,
      log: (level, message, fields) => log[level](fields ?? {}, message),
    });
  }

  /** Before the link begins to connect, and after what was ordered before a restart was taken up. */
  start(): void {
    const { link } = this.#options;
    this.#drains.open();
    link.onEvent((event) => this.#feed.hear(event));
    link.onUp(() => {
      this.#isUp = true;
      this.#dispatch({ type: 'link', isUp: true });
      void this.#mover.connections();
    });
    link.onDown(() => {
      // Called for each try that fails.
      if (!this.#isUp) return;
      this.#isUp = false;
      this.#dispatch({ type: 'link', isUp: false });
    });
  }

  /** Takes up a drain that an operator ordered before a restart; `kept`: what the file has, anything. */
  resume(kept: unknown): HeldDrain {
    const { log, clock, sidecar } = this.#options;
    const { intent, problems } = resumedDrain(kept, clock(), sidecar.policy.sessions);
    if (intent === undefined) {
      // Broken is put right by whoever reads the file, and says so.
      if (problems.length === 0) this.#forget();
      return { kept: undefined, problems };
    }
    const { who, reason: why, until } = intent;
    log.warn(
      { who, why, until },
      `still drained, by ${who} ${until === undefined ? 'until undrained' : `until ${until}`}`,
    );
    this.#dispatch({ type: 'drain', intent, resumed: true });
    return { kept: keptDrain(intent), problems };
  }

  /** Carries out what was decided; never dispatches before it has returned. */
  run(effect: SessionsEffect): void {
    const { log, onChange } = this.#options;
    switch (effect.type) {
      case 'redirect':
      case 'terminate':
      case 'list':
        return this.#mover.run(effect);
      case 'notice': {
        onChange();
        const { level, text, fields } = noticeLine(effect.notice);
        log[level](fields, text);
        return;
      }
      case 'drain-ended':
        return this.#forget();
    }
  }

  /** After the decision has heard of it. */
  hearFleet(before: FleetView | undefined, after: FleetView): void {
    const { state, policy } = this.#options.sidecar;
    const own = policy.prefixes.flatMap(({ prefix, preference = null }) => {
      const at = state.prefixes.get(prefix);
      return at === undefined ? [] : [{ prefix, state: at.phase, preference, yielding: at.yielding }];
    });
    for (const { gateway, prefix } of pathNews(before, after, own)) {
      this.#dispatch({ type: 'better-path', gateway, prefix });
    }
  }

  drain(body: unknown): Promise<DrainOutcome> {
    return this.#drains.drain(body);
  }

  undrain(body: unknown): Promise<DrainOutcome> {
    return this.#drains.undrain(body);
  }

  status(): SessionsStatus {
    return sessionsStatus(this.#options.sidecar.state.sessions, this.#options.clock().now);
  }

  /** No orders any more, and nothing is moved: what is under way stays as it is. */
  close(): void {
    this.#drains.close();
    this.#feed.close();
    this.#mover.close();
  }

  /** A failure only costs the next start a line in the log, as it is over by then too. */
  #forget(): void {
    const { log } = this.#options;
    void this.#drains.forget().catch((error: unknown) => {
      if (!(error instanceof IntentFileError)) throw error;
      log.warn(
        { code: error.code },
        `a drain that is over could not be taken out of the file: ${error.message}`,
      );
    });
  }

  #dispatch(event: SessionsEvent): void {
    this.#options.dispatch({ type: 'sessions', event });
  }

  /** Without a fleet nobody is known who could say no. */
  #mayDrain(): Permission {
    const { sidecar, link, clock } = this.#options;
    const { fleet, prefixes } = sidecar.policy;
    if (fleet === undefined) return { ok: true };
    const own = { prefixes, ikeSas: link.snapshot?.stats.ikeSas.total };
    return mayDrain(sidecar.state.fleet, fleet, own, clock().now);
  }

  async #probe(address: string, signal: AbortSignal): Promise<string | undefined> {
    const times = { tryMs: PROBE_TRY_MS, now: () => this.#options.clock().now };
    const outcome = await probePort({ address, port: IKE_PORT, marker: false }, times, signal);
    switch (outcome.kind) {
      case 'worker':
        return undefined;
      case 'overloaded':
        return 'it is overloaded';
      case 'receiver':
        return 'its workers are stuck';
      case 'silent':
        return 'no answer';
      case 'refused':
        return 'nobody listens there';
      case 'no-address':
      case 'exhausted':
      case 'blocked':
        return outcome.detail;
    }
  }
}
