/** Counts CREATE_CHILD_SA exchanges, and what came of them, by counters and events. No I/O and no clock. */
import type { SaEvent } from './sa-event.ts';
import type { Counters } from './strongswan.ts';

export interface RekeyCount {
  /** CREATE_CHILD_SA requests, in either direction. */
  readonly exchanges: number;
  /** Rekeyed IKE_SAs and CHILD_SAs, and further CHILD_SAs: what such exchanges are for. */
  readonly done: number;
  /** What charon told by itself about CHILD_SAs that could not be made. */
  readonly alerts: number;
}

/** Types of `alert` (strongSwan, vici/README.md) that a failed CREATE_CHILD_SA raises. */
const ALERTS: ReadonlySet<string> = new Set([
  'proposal-mismatch-child',
  'ts-mismatch',
  'install-child-sa-failed',
  'install-child-policy-failed',
  'keep-on-child-sa-failure',
]);

const EXCHANGES = ['create-child-in-req', 'create-child-out-req'] as const;
const DONE = ['child-rekey', 'ike-rekey-init', 'ike-rekey-resp'] as const;

export class RekeyTally {
  /** CHILD_SAs beyond the one that comes with each IKE_SA. */
  #further = 0;
  #alerts = 0;
  /** IKE_SAs that came up, whose first CHILD_SA comes by IKE_AUTH; oldest first. */
  readonly #fresh = new Set<number>();

  apply(event: SaEvent): void {
    switch (event.kind) {
      case 'alert':
        this.alert(event.type);
        return;
      case 'ike-up':
        this.#fresh.add(event.ikeSa.uniqueId);
        return;
      case 'ike-down':
        this.#fresh.delete(event.ikeSa.uniqueId);
        return;
      case 'ike-rekeyed':
        if (this.#fresh.delete(event.old.uniqueId)) this.#fresh.add(event.new.uniqueId);
        return;
      case 'child-up':
        if (!this.#fresh.delete(event.ikeSa.uniqueId)) this.#further += 1;
        return;
      default:
    }
  }

  /** Events were lost, or it is another charon: what was fresh is not known any more. */
  forget(): void {
    this.#fresh.clear();
  }

  alert(type: string): void {
    if (ALERTS.has(type)) this.#alerts += 1;
  }

  /** Without the plugin `counters` only alerts are left. */
  with(counters: Counters | undefined): RekeyCount {
    const sum = (names: readonly string[]): number =>
      names.reduce((total, name) => total + (counters?.get(name) ?? 0), 0);
    return {
      exchanges: sum(EXCHANGES),
      done: counters === undefined ? 0 : sum(DONE) + this.#further,
      alerts: this.#alerts,
    };
  }
}
