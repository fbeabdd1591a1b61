/**
 * Orders of operators, one at a time: checked, written to the disk, and only then in effect. What cannot be
 * kept is refused, as a restart would silently take it back.
 */
import { prefixText } from './config/address.ts';
import type { Event } from './decision.ts';
import { intentOf, intentSentence, type Ended, type Intent, type Intents, type Moment } from './intent.ts';
import { IntentFileError, type IntentFile } from './intent-file.ts';
import { problemSentence, type IntentProblem } from './intent-problem.ts';
import { parseForceOrder, parseReleaseOrder } from './order.ts';

/** What became of an order: the prefixes that it concerned, or why it was refused and changed nothing. */
export type Outcome =
  | { readonly done: readonly string[] }
  | { readonly refused: 'bad-order' | 'unavailable' | 'not-kept'; readonly why: string };

export interface BreakGlassOptions {
  readonly file: Pick<IntentFile, 'look' | 'read' | 'copyAside' | 'write' | 'path'>;
  /** The configured prefixes, in their canonical text. */
  readonly prefixes: () => readonly string[];
  /** What is ordered now. */
  readonly intents: () => Intents;
  /** What the file says of a drain, at the start; anything. Gives what of it holds, and what is wrong with the rest. */
  readonly onDrain?: (kept: unknown) => HeldDrain;
  /** The prefixes that have flapped: held down now, or on their way to it. */
  readonly flapped: () => readonly string[];
  readonly dispatch: (event: Event) => void;
  readonly clock: () => Moment;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: object) => void;
}

export interface HeldDrain {
  /** It goes on being kept; undefined: none. */
  readonly kept: object | undefined;
  readonly problems: readonly IntentProblem[];
}

/** The lines about what is broken in a file that may be as long as it likes. */
const PROBLEMS_MAXIMUM = 20;

/** What an order would make of what was ordered before. */
interface Change {
  readonly intents: readonly Intent[];
  readonly concerned: readonly Intent[];
  /** Prefixes whose flaps are forgotten. */
  readonly forgiven?: readonly string[];
  readonly who?: string;
  /** For the log. */
  readonly what: string;
}

export class BreakGlass {
  readonly #options: BreakGlassOptions;
  #state: 'starting' | 'open' | 'closed' = 'starting';
  /** The work that was begun last; the next waits for it. */
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #obstacle: string | undefined;
  /**
   * The drain as it was written last. Not as it is in effect: an order that was queued behind a drain has its turn
   * before that drain is in effect, and would write it out of the file.
   */
  #drain: object | undefined;

  constructor(options: BreakGlassOptions) {
    this.#options = options;
  }

  /** Takes up what was ordered before a restart. Before the first word of the guard, which may adopt routes. */
  async start(): Promise<void> {
    // Whatever writes meanwhile waits: what is broken is kept aside before.
    await this.#after(async () => {
      try {
        await this.#takeUp();
      } catch (error) {
        if (!(error instanceof IntentFileError)) throw error;
        this.#options.log('error', error.message, { code: error.code });
      }
      if (this.#state === 'starting') this.#state = 'open';
    });
  }

  /** What can be taken of the file is in effect, the rest is said and kept aside. */
  async #takeUp(): Promise<void> {
    const { file, dispatch, onDrain, clock, log } = this.#options;
    const { intents, corrected, drain, problems } = await file.read(clock());
    for (const intent of intents) log('warn', `still ordered: ${intentSentence(intent)}`, fields(intent));
    if (intents.length > 0) dispatch({ type: 'intent', intents });
    const held = drain === undefined ? undefined : onDrain?.(drain);
    this.#drain = held?.kept;
    const wrong = [...problems, ...(held?.problems ?? [])];
    if (wrong.length > 0) await this.#complain(wrong);
    if (corrected || wrong.length > 0) this.#keep();
  }

  async #complain(wrong: readonly IntentProblem[]): Promise<void> {
    const { file, log } = this.#options;
    for (const each of wrong.slice(0, PROBLEMS_MAXIMUM)) {
      const { key, value, expected } = each;
      log('error', problemSentence(file.path, each), { code: 'INTENT_BROKEN', key, value, expected });
    }
    const more = wrong.length - PROBLEMS_MAXIMUM;
    if (more > 0)
      log('error', `${file.path}: ${more} more of its orders are broken`, { code: 'INTENT_BROKEN' });
    const aside = await file.copyAside();
    log('warn', `${file.path}: as it was it is kept in ${aside}`, { aside });
  }

  /** Says now what would refuse an order later: in the night nobody wants to learn of a missing directory. */
  async look(): Promise<void> {
    const { file, log } = this.#options;
    this.#pending += 1;
    try {
      await file.look();
    } catch (error) {
      if (!(error instanceof IntentFileError)) throw error;
      this.#obstacle = error.message;
      log('warn', error.message, { code: error.code });
    } finally {
      this.#pending -= 1;
    }
  }

  /** Why no order can be kept, by the last look or try. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** The disk has not answered yet. */
  get isBusy(): boolean {
    return this.#pending > 0;
  }

  /** From now on nothing is changed any more: the state is handed over, or everything is withdrawn. */
  close(): void {
    this.#state = 'closed';
  }

  /** `body`: anything; see ForceOrder. */
  async force(body: unknown): Promise<Outcome> {
    const order = parseForceOrder(body);
    if (typeof order === 'string') return { refused: 'bad-order', why: order };
    const prefix = this.#known(order.prefix);
    if (typeof prefix !== 'string') return prefix;
    return await this.#inTurn((ordered) => {
      const intent = intentOf({ ...order, prefix }, this.#options.clock());
      const others = ordered.filter((each) => each.prefix !== prefix);
      return { intents: [...others, intent], concerned: [intent], what: 'ordered' };
    });
  }

  /** `body`: anything; see ReleaseOrder. `done` is empty when nothing was forced or held down. */
  async release(body: unknown): Promise<Outcome> {
    const order = parseReleaseOrder(body);
    if (typeof order === 'string') return { refused: 'bad-order', why: order };
    const prefix = order.prefix === undefined ? undefined : this.#known(order.prefix);
    if (typeof prefix === 'object') return prefix;
    return await this.#inTurn((ordered) => {
      const concerned = ordered.filter((each) => prefix === undefined || each.prefix === prefix);
      const intents = ordered.filter((each) => !concerned.includes(each));
      const flapped = this.#options.flapped();
      const forgiven = flapped.filter((each) => prefix === undefined || each === prefix);
      return { intents, concerned, forgiven, who: order.who, what: `${order.who} released what was ordered` };
    });
  }

  /** Writes that drain (undefined: none) beside what is forced. Rejects with IntentFileError. */
  async keepDrain(drain: object | undefined): Promise<void> {
    const { file, intents } = this.#options;
    await this.#after(async () => {
      await file.write([...intents().values()], drain);
      this.#drain = drain;
    });
  }

  /** The state has dropped an order by itself: the file must not bring it back, should the clock be set back. */
  forceEnded({ intent, why }: Ended): void {
    const how = why === 'expired' ? 'its time is over' : 'its prefix is not configured (any more)';
    this.#options.log('warn', `${how}: ${intentSentence(intent)}`, fields(intent));
    this.#keep();
  }

  #known(text: string): string | Extract<Outcome, { refused: unknown }> {
    const prefixes = this.#options.prefixes();
    const prefix = prefixText(text);
    if (prefixes.includes(prefix)) return prefix;
    const why = `prefix: ${JSON.stringify(text)} is not configured here; configured: ${prefixes.join(', ')}`;
    return { refused: 'bad-order', why };
  }

  async #inTurn(change: (ordered: readonly Intent[]) => Change): Promise<Outcome> {
    const { file, dispatch, intents: current, log } = this.#options;
    return await this.#after(async () => {
      if (this.#state !== 'open') return unavailable('order it again in a moment');
      const { intents, concerned, forgiven = [], who = '', what } = change([...current().values()]);
      // No file keeps flaps: a restart forgets them anyhow.
      const forgive = (): void => {
        if (forgiven.length === 0) return;
        log('warn', `${who} released what flapped: ${forgiven.join(', ')}`, { prefixes: forgiven });
        dispatch({ type: 'release', prefixes: forgiven });
      };
      if (concerned.length === 0) {
        forgive();
        return { done: forgiven };
      }
      try {
        await file.write(intents, this.#drain);
        this.#obstacle = undefined;
      } catch (error) {
        if (!(error instanceof IntentFileError)) throw error;
        this.#obstacle = error.message;
        log('error', `the order is refused: ${error.message}`, { code: error.code });
        return { refused: 'not-kept', why: `${error.message}; nothing was changed` };
      }
      if (this.#isClosed()) return unavailable('the order was kept, and holds from its next start on');
      for (const intent of concerned) log('warn', `${what}: ${intentSentence(intent)}`, fields(intent));
      dispatch({ type: 'intent', intents });
      forgive();
      return { done: [...new Set([...concerned.map(({ prefix }) => prefix), ...forgiven])] };
    });
  }

  /** Read anew, as it changes while a file is written. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Writes what holds now; a failure only costs the next start a line in the log. */
  #keep(): void {
    const { file, intents, log } = this.#options;
    void this.#after(() => file.write([...intents().values()], this.#drain)).catch((error: unknown) => {
      if (!(error instanceof IntentFileError)) throw error;
      log('warn', `the file still says what holds no longer: ${error.message}`, {
        code: error.code,
      });
    });
  }

  #after<T>(work: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    const result = this.#last.then(work);
    this.#last = result
      .catch(() => undefined)
      .finally(() => {
        this.#pending -= 1;
      });
    return result;
  }
}

const unavailable = (why: string): Outcome => ({
  refused: 'unavailable',
  why: `swancast is starting or stopping: ${why}`,
});

/** For the log, where `reason` is a token of ours. */
const fields = ({ prefix, verb, who, until, reason: why }: Intent): object => ({
  prefix,
  verb,
  who,
  until,
  why,
});
