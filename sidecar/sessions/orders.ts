/**
 * `POST /drain` and `POST /undrain`: what an operator orders, checked, guarded, written to the disk, and only then in
 * effect. What cannot be kept is refused, since a restart would silently announce again.
 */
import type { Moment } from '../intent.ts';
import { IntentFileError } from '../intent-file.ts';
import { drainIntentOf, drainSentence, type DrainIntent } from './drain-intent.ts';
import { parseDrainOrder, parseUndrainOrder, type DrainOrder, type UndrainOrder } from './drain-order.ts';
import type { SessionsEvent, SessionsState } from './state.ts';
import type { SessionsPolicy, Target } from './policy.ts';
import { sessionsStatus, type SessionsStatus } from './progress.ts';

export type DrainOutcome =
  | { readonly done: SessionsStatus }
  | { readonly refused: 'bad-order' | 'guarded' | 'unavailable' | 'not-kept'; readonly why: string };

/** As fleet/drain-guard.ts and fleet/better.ts answer. */
export type Permission = { readonly ok: true } | { readonly ok: false; readonly reasons: readonly string[] };

export interface DrainDeskOptions {
  readonly policy: () => SessionsPolicy;
  readonly state: () => SessionsState;
  /** The other gateways by name, whatever state they are in; the healthy ones, best first. */
  readonly members: () => readonly Target[];
  readonly targets: () => readonly Target[];
  /** Whether this gateway may go at all: not the last one, enough capacity elsewhere. */
  readonly mayDrain: () => Permission;
  /** What is forced to be announced, each order in words. */
  readonly forced: () => readonly string[];
  /** undefined: IKE is answered there. A text says what happened instead. Rejects when the signal ends it. */
  readonly probe: (address: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Resolves when it is on the disk; rejects with IntentFileError. */
  readonly keep: (intent: DrainIntent | undefined) => Promise<void>;
  readonly dispatch: (event: SessionsEvent) => void;
  readonly clock: () => Moment;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: object) => void;
}

const PROBE_MS = 1500;

export class DrainDesk {
  readonly #options: DrainDeskOptions;
  #isOpen = false;
  /** One after the other: each is judged by what the one before has made of the state and of the file. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DrainDeskOptions) {
    this.#options = options;
  }

  /** From now on: what was ordered before a restart has been taken up, so that no order writes over it. */
  open(): void {
    this.#isOpen = true;
  }

  close(): void {
    this.#isOpen = false;
  }

  /** `body`: anything; see DrainOrder. */
  drain(body: unknown): Promise<DrainOutcome> {
    return this.#after(() => this.#drain(body));
  }

  /** `body`: anything; `{ who }` expected. Nothing happens when nothing is drained. */
  undrain(body: unknown): Promise<DrainOutcome> {
    return this.#after(() => this.#undrain(body));
  }

  /** Takes a drain that is over out of the file, unless another one has come meanwhile. Rejects with IntentFileError. */
  forget(): Promise<void> {
    const { keep, state } = this.#options;
    return this.#after(async () => {
      if (state().drain === undefined) await keep(undefined);
    });
  }

  #after<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #drain(body: unknown): Promise<DrainOutcome> {
    const order = parseDrainOrder(body);
    if (typeof order === 'string') return { refused: 'bad-order', why: order };
    if (!this.#isOpen) return UNAVAILABLE;
    const { log, policy, clock, state } = this.#options;
    if (this.#isOthers(order)) return { done: sessionsStatus(state(), clock().now) };
    const wrong = this.#strange(order);
    if (wrong !== undefined) return { refused: 'bad-order', why: wrong };
    const against = order.shutdown === true ? [] : await this.#against(order);
    if (against.length > 0) {
      const why = against.join('; ');
      if (order.force !== true) return { refused: 'guarded', why: `${why}; --force overrides` };
      log('warn', `drain is forced although: ${why}`, { who: order.who });
    }
    const intent = drainIntentOf(
      {
        who: order.who,
        reason: order.reason,
        seconds: order.seconds,
        move: order.move,
        to: order.to,
        ratePerSecond: order.rate ?? policy().ratePerSecond,
        deadlineMs:
          order.deadline_seconds === undefined ? policy().drain.deadlineMs : order.deadline_seconds * 1000,
      },
      clock(),
    );
    return await this.#carryOut(intent, `drain ${drainSentence(intent)}`);
  }

  async #undrain(body: unknown): Promise<DrainOutcome> {
    const order = parseUndrainOrder(body);
    if ('wrong' in order) return { refused: 'bad-order', why: order.wrong };
    if (!this.#isOpen) return UNAVAILABLE;
    const { state, clock } = this.#options;
    if (state().drain === undefined || this.#isOthers(order))
      return { done: sessionsStatus(state(), clock().now) };
    return await this.#carryOut(undefined, `${order.who} undrains`);
  }

  /** Somebody else's, and the order is not to touch that. */
  #isOthers({ who, only_own: onlyOwn = false }: UndrainOrder): boolean {
    const by = this.#options.state().drain?.intent.who;
    if (!onlyOwn || by === undefined || by === who) return false;
    this.#options.log('info', `${who} leaves the drain of ${by} as it is`);
    return true;
  }

  async #carryOut(intent: DrainIntent | undefined, what: string): Promise<DrainOutcome> {
    const { keep, dispatch, state, clock, log } = this.#options;
    if (!this.#isOpen) return UNAVAILABLE;
    try {
      await keep(intent);
    } catch (error) {
      if (!(error instanceof IntentFileError)) throw error;
      log('error', `the order is refused: ${error.message}`, { code: error.code });
      return { refused: 'not-kept', why: `${error.message}; nothing was changed` };
    }
    if (!this.#stillOpen()) return KEPT;
    log('warn', what);
    dispatch({ type: 'drain', intent, resumed: false });
    return { done: sessionsStatus(state(), clock().now) };
  }

  /** Read anew, as it changes while a file is written. */
  #stillOpen(): boolean {
    return this.#isOpen;
  }

  /** What no --force makes possible. */
  #strange({ to, move }: DrainOrder): string | undefined {
    const { members, policy } = this.#options;
    if (to === undefined) return undefined;
    const names = members().map(({ name }) => name);
    if (to === policy().own.name) return `to: ${to} is this gateway itself`;
    if (!names.includes(to)) {
      const known =
        names.length === 0 ? 'no other gateway is in fleet.gateways' : `known: ${names.join(', ')}`;
      return `to: ${JSON.stringify(to)} is not known; ${known}`;
    }
    if (move === 'terminate' || move === 'none') {
      return `to: with --move ${move} the routers choose where clients go; only redirect names a gateway`;
    }
    return undefined;
  }

  async #against(order: DrainOrder): Promise<readonly string[]> {
    const { mayDrain, policy, forced } = this.#options;
    const permission = mayDrain();
    const reasons = permission.ok ? [] : [...permission.reasons];
    reasons.push(
      ...forced().map(
        (each) => `what is forced stands above a drain and would hold it on every prefix: ${each}`,
      ),
    );
    const isRedirect =
      order.move === 'redirect' || (order.move === 'auto' && policy().addresses === 'identity');
    if (!isRedirect && order.to !== undefined) {
      reasons.push(
        'nobody would be redirected to that gateway: sessions.addresses is pool, so the routers choose where clients log in anew (leave out --to)',
      );
    }
    if (isRedirect) {
      if (policy().addresses !== 'identity') {
        reasons.push(
          'redirect moves a client only where it gets the same inner address, and sessions.addresses says pool: clients of strongSwan 6.0.2 and later come up without any CHILD_SA (use --move terminate)',
        );
      }
      // With auto and nobody to go to it terminates, which needs no target.
      if (order.to !== undefined || order.move === 'redirect')
        reasons.push(...(await this.#targetReasons(order.to)));
    }
    return reasons;
  }

  async #targetReasons(to: string | undefined): Promise<readonly string[]> {
    const { targets, probe } = this.#options;
    const chosen = targets().filter(({ name }) => to === undefined || name === to);
    if (chosen.length === 0) {
      return [
        to === undefined
          ? 'the fleet has no healthy gateway to redirect to'
          : `${to} is no target now: the fleet view has it draining, degraded, withdrawn, or has not heard from it of late`,
      ];
    }
    const addresses = chosen.flatMap(({ name, address, address6 }) =>
      [address, address6].flatMap((each) => (each === undefined ? [] : [{ name, address: each }])),
    );
    if (addresses.length === 0) return [`${to ?? 'no target'} has no unicast address in fleet.gateways`];
    const signal = AbortSignal.timeout(PROBE_MS);
    const answers = await Promise.all(
      addresses.map(async ({ name, address }) => {
        const wrong = await probe(address, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
          return 'no answer';
        });
        return wrong === undefined ? undefined : `${name} does not answer IKE on ${address}: ${wrong}`;
      }),
    );
    return answers.flatMap((each) => each ?? []);
  }
}

const KEPT: DrainOutcome = {
  refused: 'unavailable',
  why: 'swancast is stopping; the order was kept, and holds from its next start on',
};

const UNAVAILABLE: DrainOutcome = {
  refused: 'unavailable',
  why: 'swancast is starting or stopping: order it again when it runs',
};
