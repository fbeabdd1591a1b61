/**
 * DOC: fleet/ is what the gateways of a fleet know of each other.
 *
 *   word.ts (P)    what one gateway publishes        view.ts (P)   what is known of the others
 *   poll.ts (here) asks the others, over member-client.ts; answer.ts and ask-problem.ts (P) judge what comes
 *   better.ts, drain-guard.ts (P)   what follows from it: stepping down, draining, moving sessions
 *   set-up.ts, drift.ts (P), drift-watch.ts   what should be the same everywhere, and is not
 *   desk.ts        all of it as the daemon uses it; gate.ts (P) the yes or no for whoever works on the fleet
 *
 * Every gateway asks every other one for itself; nobody is elected, and nobody hands on what he heard of others.
 * What that costs are wake-ups more than questions. So a large fleet asks less often, a few at a time, and all its
 * gateways at the same moments of the wall clock: whoever asks a few is asked by a few then. Where clocks differ it
 * only costs more. In a small fleet everybody asks at moments of his own.
 */
import type { FleetConfig, FleetMemberConfig } from '../config/config.ts';
import { judgeAnswer } from './answer.ts';
import { MemberClient, type Brought, type Identity, type Question } from './member-client.ts';
import { absorb, isNews, viewOf, type FleetView, type Heard } from './view.ts';
import type { FleetWord } from './word.ts';

export interface FleetPollOptions {
  /** Our own name: the member of that name is not asked. */
  readonly gateway: string;
  readonly now: () => number;
  /** All that is known: at once when it is news, else once a poll interval. */
  readonly onView: (view: FleetView) => void;
  /** A member begins or ceases to be a problem. */
  readonly onProblem: (member: string, problem: string | undefined) => void;
}

interface Link {
  config: FleetMemberConfig;
  readonly client: MemberClient;
  isAsking: boolean;
  /** Once more, at once: what it was asked before does not count any more. */
  isDue: boolean;
  /** So often in a row no answer. */
  failures: number;
  /** The last good answer: the next one is the same, as a rule. */
  last: { readonly body: Buffer; readonly word: FleetWord } | undefined;
}

/** Shows nothing. */
const NOBODY: Identity = { mark: '' };

const WORD_PATH = '/status?view=fleet';
export const WORD_MAXIMUM = 64 * 1024;

/** So many are asked at a time: one burst of this costs far less than as many single wake-ups, and is over soon. */
export const BURST = 8;
/** What each member adds to the interval of a large fleet. */
const MS_A_MEMBER = 60;

/**
 * How often each member is asked: fleet.poll_seconds, less often in a large fleet, but so that one answer may
 * fail and be asked for again before the one before it is too old.
 */
export function intervalOf(
  { pollMs, timeoutMs, maxAgeMs }: Pick<FleetConfig, 'pollMs' | 'timeoutMs' | 'maxAgeMs'>,
  members: number,
): number {
  return Math.max(pollMs, Math.min(members * MS_A_MEMBER, (maxAgeMs - timeoutMs) * 0.75));
}

/** From `time` on to a moment of the wall clock that can be divided by `ms`, but not to one that is just now. */
export function untilNext(ms: number, time: number): number {
  const rest = ms - (time % ms);
  return rest < ms / 2 ? rest + ms : rest;
}

export class FleetPoll {
  readonly #options: FleetPollOptions;
  readonly #stop = new AbortController();
  #fleet: FleetConfig | undefined;
  #identity: Identity = NOBODY;
  #links: readonly Link[] = [];
  #view = viewOf([]);
  #toldAt = -Infinity;
  /** Not the same one for all gateways: else one of them would be asked by all at a time. */
  #turn = Math.floor(Math.random() * 1000);
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FleetPollOptions) {
    this.#options = options;
  }

  get view(): FleetView {
    return this.#view;
  }

  /** Who is asked, in the order of the configuration. */
  get members(): readonly FleetMemberConfig[] {
    return this.#links.map(({ config }) => config);
  }

  get intervalMs(): number {
    return this.#fleet === undefined ? 0 : intervalOf(this.#fleet, this.#links.length);
  }

  /** Asks these from now on, in place of those before; what is known of the members that stay is kept. */
  follow(fleet: FleetConfig | undefined, identity: Identity = NOBODY): void {
    const before = new Map(this.#links.map((link) => [link.config.name, link]));
    const isSame = identity.mark === this.#identity.mark;
    this.#fleet = fleet;
    this.#identity = identity;
    this.#links = (fleet?.gateways ?? [])
      .filter(({ name }) => name !== this.#options.gateway)
      .map((config) => {
        const known = before.get(config.name);
        if (known !== undefined && isSame && known.config.url === config.url) {
          before.delete(config.name);
          // The very object: a question of it may be under way.
          known.config = config;
          return known;
        }
        return {
          config,
          client: new MemberClient(config, identity),
          isAsking: false,
          isDue: false,
          failures: 0,
          last: undefined,
        };
      });
    for (const { client } of before.values()) client.close();
    this.#view = viewOf(
      this.#links.map(({ config }) => config.name),
      this.#view,
    );
    this.#tell();
    clearTimeout(this.#timer);
    if (this.#links.length > 0) this.#tick();
  }

  /** Asks everybody now, beside the usual turns; what they answer is told whether it is news or not. */
  askNow(): void {
    const fleet = this.#fleet;
    if (fleet === undefined) return;
    for (const link of this.#links) {
      link.isDue = true;
      void this.#askOne(link, fleet.timeoutMs);
    }
  }

  /** One more question to a member; undefined when nobody of that name is asked. Never rejects. */
  async ask(name: string, question: Pick<Question, 'path' | 'maximum'>): Promise<Brought | undefined> {
    const link = this.#links.find(({ config }) => config.name === name);
    if (link === undefined || this.#fleet === undefined) return undefined;
    return await link.client.ask({ ...question, timeoutMs: this.#fleet.timeoutMs }, this.#stop.signal);
  }

  close(): void {
    this.#stop.abort(new Error('the poll of the fleet was closed'));
    clearTimeout(this.#timer);
    for (const { client } of this.#links) client.close();
    this.#links = [];
  }

  #tick(): void {
    const fleet = this.#fleet;
    if (fleet === undefined || this.#stop.signal.aborted) return;
    const turns = Math.ceil(this.#links.length / BURST);
    const turn = this.#turn % turns;
    this.#turn = turn + 1;
    for (const [index, link] of this.#links.entries()) {
      // Whoever failed once is asked again soon; whoever fails on and on has its turn like everybody.
      if (index % turns === turn || link.failures === 1) void this.#askOne(link, fleet.timeoutMs);
    }
    // Nobody is known before the first round is over.
    const interval = this.#view.settled ? this.intervalMs : fleet.pollMs;
    const wait =
      turns === 1 ? interval * (0.9 + 0.2 * Math.random()) : untilNext(interval / turns, Date.now());
    this.#timer = setTimeout(() => this.#tick(), wait);
  }

  async #askOne(link: Link, timeoutMs: number): Promise<void> {
    if (link.isAsking) return;
    link.isAsking = true;
    const isDue = link.isDue;
    link.isDue = false;
    // What is answered was true after this moment, whenever it arrives.
    const askedAt = this.#options.now();
    const question = { path: WORD_PATH, maximum: WORD_MAXIMUM, timeoutMs };
    const brought = await link.client.ask(question, this.#stop.signal);
    link.isAsking = false;
    // A reload may have put another one in its place meanwhile.
    if (this.#stop.signal.aborted || !this.#links.includes(link)) return;
    const heard = 'problem' in brought ? brought : this.#judge(link, brought.body);
    const isProblem = 'problem' in heard;
    if (isProblem !== link.failures > 0) {
      this.#options.onProblem(link.config.name, isProblem ? heard.problem : undefined);
    }
    link.failures = isProblem ? link.failures + 1 : 0;
    const before = this.#view;
    this.#view = absorb(before, link.config.name, heard, askedAt);
    const { pollMs } = this.#fleet ?? { pollMs: 0 };
    const isOverdue = this.#options.now() >= this.#toldAt + 0.9 * pollMs;
    if (isDue || isOverdue || isNews(before, this.#view, link.config.name)) this.#tell();
    if (link.isDue) void this.#askOne(link, timeoutMs);
  }

  #judge(link: Link, body: Buffer): Heard {
    if (link.last?.body.equals(body) === true) return { word: link.last.word };
    const heard = judgeAnswer(body, link.config, this.#options.gateway);
    link.last = 'word' in heard ? { body, word: heard.word } : undefined;
    return heard;
  }

  #tell(): void {
    this.#toldAt = this.#options.now();
    this.#options.onView(this.#view);
  }
}
