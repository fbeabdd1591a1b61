/** What stands between our wish and the routers, as the speaker last put it: for `status` and `explain`. */
import type { SpeakerReport } from '../bgp/speaker.ts';

export interface BgpObstacles {
  /** Why no guard hears us. */
  readonly guardProblem?: string;
  /** Why ExaBGP cannot be told to connect at once to a router that comes back. */
  readonly redialObstacle?: string;
  /** By address: what to look at, for neighbors that have been down for long. */
  readonly neighborAdvice: Readonly<Record<string, string>>;
}

export class Obstacles {
  #guardProblem: string | undefined;
  #redialObstacle: string | undefined;
  readonly #advice = new Map<string, string>();

  hear(report: SpeakerReport): void {
    switch (report.type) {
      case 'hello':
        this.#guardProblem = undefined;
        return this.#forgetThoseUp(report.neighbors);
      case 'report':
        return this.#forgetThoseUp(report.neighbors);
      case 'disconnected':
        this.#guardProblem = report.detail;
        return undefined;
      case 'neighbor-advice':
        this.#advice.set(report.neighbor, report.detail);
        return undefined;
      case 'redial-obstacle':
        this.#redialObstacle = report.detail;
        return undefined;
      case 'refused':
        return undefined;
    }
  }

  get all(): BgpObstacles {
    return {
      neighborAdvice: Object.fromEntries(this.#advice),
      ...(this.#guardProblem === undefined ? {} : { guardProblem: this.#guardProblem }),
      ...(this.#redialObstacle === undefined ? {} : { redialObstacle: this.#redialObstacle }),
    };
  }

  #forgetThoseUp(neighbors: Readonly<Record<string, string>>): void {
    for (const [address, state] of Object.entries(neighbors)) {
      if (state === 'up') this.#advice.delete(address);
    }
  }
}
