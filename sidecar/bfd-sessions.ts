/** What the checks `bfd` saw last, for the status. */
import type { BfdPeer } from '../health/bfd-peers.ts';

export class BfdSessions {
  readonly #seen = new Map<string, readonly BfdPeer[]>();

  /** @param peers undefined: not known any more */
  readonly hear = (check: string, peers: readonly BfdPeer[] | undefined): void => {
    if (peers === undefined) this.#seen.delete(check);
    else this.#seen.set(check, peers);
  };

  /** By these checks; one that the configuration has lost knows nothing. Undefined: nothing is known. */
  by(checks: readonly { readonly name: string }[]): readonly BfdPeer[] | undefined {
    const seen = checks.flatMap(({ name }) => this.#seen.get(name) ?? []);
    return seen.length === 0 ? undefined : seen;
  }
}
