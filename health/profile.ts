/**
 * How soon a frozen charon is found: the defaults of a profile, for the checks that tell. Pure.
 *
 * A frozen charon fails on both planes, and is withdrawn when the first of them has fallen (`fall` looks) and the
 * last look at the other was silent as well. The worst case is a freeze right after a pass:
 *
 *     interval      until the check charon looks again
 *   + deadline      until that look is silent (0.9 · timeout, checks/charon.ts): its second look begins at once,
 *                   since a moving check looks every fast interval, and so does the IKE probe, which it triggers
 *   + the longer of the second look's deadline and the probe's three tries (0.9 · timeout, checks/ike-probe.ts)
 *   + some 10 ms    for the timers, the guard, ExaBGP and the wire
 *
 *   default  500 + 405 + max(405, 450)  = 1355 ms   charon is silent for 855 ms before it is blamed
 *   fast     100 +  81 + max( 81,  81)  =  262 ms                       162 ms
 *
 * What is gained in one is lost in the other: whatever keeps both planes of a living charon from answering for
 * so long (a host short of CPU, a stopped virtual machine) counts as frozen. And one plane that is silent for two
 * looks degrades. Our own lateness does not count (lag.ts).
 */
import type { CheckDefaults } from './check-type.ts';
import { CHECK_TYPES, type CheckTypeName } from './registry.ts';

export const PROFILES = ['default', 'fast'] as const;
export type Profile = (typeof PROFILES)[number];

const FAST: Partial<Record<CheckTypeName, Partial<CheckDefaults>>> = {
  // A fast interval below the deadline: the second look follows the first one's silence at once.
  charon: { intervalMs: 100, fastMs: 50, timeoutMs: 90 },
  // Triggered by charon's silence; the interval is for the faults that VICI does not see.
  'ike-probe': { intervalMs: 1000, fastMs: 100, timeoutMs: 90 },
};

/** What a check of this type does where its own keys say nothing. */
export const defaultsOf = (type: CheckTypeName, profile: Profile): CheckDefaults => ({
  ...CHECK_TYPES[type].defaults,
  ...(profile === 'fast' ? FAST[type] : {}),
});
