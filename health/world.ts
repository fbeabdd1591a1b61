/** What a check is given of the world. Everything else it has to bring along itself. */
import type { BfdPeer } from './bfd-peers.ts';
import type { CharonLink } from './charon-link.ts';
import type { SaCount } from './sa-book.ts';
import type { HealthLog } from './seams.ts';

export interface World {
  readonly link: CharonLink;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
  /** Whether this gateway announces a prefix just now (degraded counts): minimums arm only then. */
  readonly announced: () => boolean;
  readonly log: HealthLog;
  /** Told each count of IKE_SAs and CHILD_SAs, for the metrics; undefined when it is not known. */
  readonly onSaCount?: (count: SaCount | undefined) => void;
  /** Told what each check `bfd` saw, for the status; undefined when it is not known. */
  readonly onBfd?: (check: string, peers: readonly BfdPeer[] | undefined) => void;
}
