/** The fleet as the daemon uses it: what we tell the others, what we hear of them, and what differs. */
import type { CharonLink } from '../../health/charon-link.ts';
import type { FleetConfig } from '../config/config.ts';
import type { Logger } from '../log.ts';
import type { Reread } from '../reread.ts';
import { DriftWatch } from './drift-watch.ts';
import type { SetUpDetails } from './drift.ts';
import { identityOf, withoutIdentity } from './identity.ts';
import type { Identity } from './member-client.ts';
import { FleetPoll } from './poll.ts';
import { fleetReport, type FleetReport } from './report.ts';
import type { FleetView } from './view.ts';
import { NO_LOAD, wordOf, type FleetDrain, type FleetLoad, type FleetWord, type WordSource } from './word.ts';

export interface FleetDeskOptions {
  readonly gateway: string;
  readonly link: Pick<CharonLink, 'ask' | 'snapshot'>;
  readonly now: () => number;
  readonly log: Logger;
  readonly status: () => Omit<WordSource, 'load' | 'set_up' | 'drain'> & {
    readonly sessions: { readonly drain: FleetDrain | null };
  };
  readonly onView: (view: FleetView) => void;
}

/** What is answered to those who ask. */
export interface FleetViews {
  /** JSON. */
  word(): string;
  details(): SetUpDetails;
  /** Undefined without a fleet. */
  report(): FleetReport | undefined;
}

/** In a large fleet somebody asks every few milliseconds, and to make a word takes longer than to send it. */
const WORD_MS = 200;

export class FleetDesk implements FleetViews {
  readonly #options: FleetDeskOptions;
  readonly #poll: FleetPoll;
  readonly #drift: DriftWatch;
  #fleet: FleetConfig | undefined;
  #identity: Reread<Identity> | undefined;
  #word: { readonly text: string; readonly at: number } | undefined;

  constructor(options: FleetDeskOptions) {
    this.#options = options;
    const { gateway, link, now, log, onView } = options;
    this.#poll = new FleetPoll({
      gateway,
      now,
      onView,
      onProblem: (member, problem) => {
        if (problem === undefined) log.info({ member }, `${member} is heard again`);
        else log.warn({ member }, `nothing is heard of ${member}: ${problem}`);
      },
    });
    this.#drift = new DriftWatch({
      gateway,
      view: () => this.#poll.view,
      askCharon: (question, deadlineMs, signal) => link.ask(question, deadlineMs, signal),
      askMember: (name, path, maximum) => this.#poll.ask(name, { path, maximum }),
    });
  }

  start(fleet: FleetConfig | undefined): void {
    this.follow(fleet);
    // Also without a fleet of ours: others may have us in theirs.
    this.#drift.start();
  }

  /** Goes on with these members; undefined: with none. */
  follow(fleet: FleetConfig | undefined): void {
    this.#fleet = fleet;
    this.#identity?.close();
    this.#identity = undefined;
    if (fleet === undefined) return this.#poll.follow(undefined);
    const { log } = this.#options;
    const identity = identityOf(
      fleet,
      (renewed) => {
        log.info('asking the fleet with the renewed files of fleet.tls and the token');
        this.#poll.follow(fleet, renewed);
      },
      (problem) => log.warn(`${problem}; asking the fleet with what was read before`),
    );
    if (identity.problem !== undefined) log.warn(`${identity.problem}; asking the fleet without it`);
    this.#identity = identity;
    identity.start();
    this.#poll.follow(fleet, identity.value ?? withoutIdentity());
  }

  close(): void {
    this.#identity?.close();
    this.#drift.close();
    this.#poll.close();
  }

  /** What we say has changed: whoever asks next hears of it. */
  changed(): void {
    this.#word = undefined;
  }

  /** We fail: whoever is asked from now on says whether he is better off, and hears of us what is true now. */
  askNow(): void {
    this.changed();
    this.#poll.askNow();
  }

  word(): string {
    const now = this.#options.now();
    if (this.#word === undefined || now >= this.#word.at + WORD_MS) {
      this.#word = { text: `${JSON.stringify(this.#ownWord())}\n`, at: now };
    }
    return this.#word.text;
  }

  details(): SetUpDetails {
    return this.#drift.details;
  }

  report(): FleetReport | undefined {
    if (this.#fleet === undefined) return undefined;
    return fleetReport(
      this.#fleet,
      this.#ownWord(),
      this.#poll.view,
      this.#poll.intervalMs,
      (name) => this.#drift.driftOf(name),
      this.#options.now(),
    );
  }

  #ownWord(): FleetWord {
    const status = this.#options.status();
    const { drain } = status.sessions;
    return wordOf({ ...status, drain, load: this.#load(), set_up: this.#drift.digests });
  }

  #load(): FleetLoad {
    const sas = this.#options.link.snapshot?.stats.ikeSas;
    return sas === undefined ? NO_LOAD : { ike_sas: sas.total, half_open: sas.halfOpen };
  }
}
