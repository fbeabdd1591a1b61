/**
 * Looks now and then how this gateway is set up, publishes it as digests, and asks a member whose digests are
 * others what exactly differs. Nothing is decided by it: people mend it.
 */
import type { Question } from '../../health/question.ts';
import type { Down } from '../../health/down.ts';
import { differingTopics, driftLines, parseDetails, type SetUpDetails } from './drift.ts';
import type { Brought } from './member-client.ts';
import { askSetUp, digestsOf, type SetUp } from './set-up.ts';
import type { FleetView } from './view.ts';

export interface DriftWatchOptions {
  readonly gateway: string;
  readonly view: () => FleetView;
  /** Asks charon, on a connection of its own. */
  readonly askCharon: <T>(
    question: Question<T>,
    deadlineMs: number,
    signal: AbortSignal,
  ) => Promise<{ readonly kind: 'answered'; readonly answer: T } | Down>;
  /** Asks a member; undefined when there is none of that name any more. */
  readonly askMember: (name: string, path: string, maximum: number) => Promise<Brought | undefined>;
}

/** What differs on one member. */
export interface Drift {
  readonly topics: readonly string[];
  /** One line each, for people. */
  readonly lines: readonly string[];
}

interface Compared {
  /** Of which digests, ours and theirs. */
  readonly key: string;
  readonly lines: readonly string[];
}

const FIRST_MS = 3000;
const EVERY_MS = 60_000;
/** A gateway with thousands of connections takes its time, and nobody waits. */
const CHARON_DEADLINE_MS = 20_000;
const DETAILS_PATH = '/status?view=drift';
const DETAILS_MAXIMUM = 4 * 1024 * 1024;

export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #stop = new AbortController();
  readonly #compared = new Map<string, Compared>();
  #setUp: SetUp = new Map();
  #digests: Readonly<Record<string, string>> = {};
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#round(), FIRST_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error('the comparison of gateways was closed'));
  }

  /** Topic → digest; empty until charon was asked. */
  get digests(): Readonly<Record<string, string>> {
    return this.#digests;
  }

  get details(): SetUpDetails {
    const topics = [...this.#setUp].map(([topic, items]) => [topic, Object.fromEntries(items)] as const);
    return { gateway: this.#options.gateway, set_up: Object.fromEntries(topics) };
  }

  /** What differs between us and that member, as far as is known. */
  driftOf(name: string): Drift {
    const topics = this.#topicsOf(name);
    const { key, lines } = this.#compared.get(name) ?? { key: '', lines: [] };
    if (topics.length === 0) return { topics, lines: [] };
    return { topics, lines: key === this.#keyOf(name, topics) ? lines : [] };
  }

  /** Looks at charon and at those members that differ; never rejects but for a defect. */
  async look(): Promise<void> {
    const { signal } = this.#stop;
    const { askCharon, view } = this.#options;
    const asked = await askCharon(askSetUp, CHARON_DEADLINE_MS, signal);
    // Without an answer it is as it was: a charon that is gone is shown by others.
    if (asked.kind === 'answered') {
      this.#setUp = asked.answer;
      this.#digests = digestsOf(asked.answer);
    }
    for (const name of this.#compared.keys()) if (!view().members.has(name)) this.#compared.delete(name);
    for (const name of view().members.keys()) {
      if (signal.aborted) return;
      await this.#compare(name);
    }
  }

  async #round(): Promise<void> {
    await this.look();
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#round(), EVERY_MS * (0.9 + 0.2 * Math.random()));
  }

  async #compare(name: string): Promise<void> {
    const topics = this.#topicsOf(name);
    const key = this.#keyOf(name, topics);
    if (topics.length === 0 || this.#compared.get(name)?.key === key) return;
    const brought = await this.#options.askMember(name, DETAILS_PATH, DETAILS_MAXIMUM);
    if (brought === undefined) return;
    const theirs = 'problem' in brought ? brought.problem : parseBody(brought.body);
    if (typeof theirs === 'string') {
      // No key: the next round asks again.
      this.#compared.set(name, { key: '', lines: [] });
      return;
    }
    const lines = topics.flatMap((topic) => {
      const ours = [...this.#setUp].find(([each]) => each === topic)?.[1] ?? new Map<string, string>();
      return driftLines(topic, ours, theirs.get(topic) ?? new Map<string, string>(), name);
    });
    this.#compared.set(name, { key, lines });
  }

  #topicsOf(name: string): string[] {
    const theirs = this.#options.view().members.get(name)?.word?.set_up;
    return theirs === undefined ? [] : differingTopics(this.#digests, theirs);
  }

  #keyOf(name: string, topics: readonly string[]): string {
    const theirs = this.#options.view().members.get(name)?.word?.set_up ?? {};
    return topics.map((topic) => `${topic}:${this.#digests[topic]}:${theirs[topic]}`).join(' ');
  }
}

function parseBody(body: Buffer): ReturnType<typeof parseDetails> {
  try {
    return parseDetails(JSON.parse(body.toString('utf8')));
  } catch {
    return 'no JSON';
  }
}
