/** How V8 is to run the daemon; it reads these flags while it runs. For the guard see GUARD_NODE_FLAGS in bgp/. */
import { setFlagsFromString } from 'node:v8';

/**
 * Set from within, since whoever starts `swancast` would forget a flag.
 *
 *   no-opt, no-maglev         The daemon looks and renews a few times a second for months: nothing is hot, yet the
 *                             optimizing compilers would in time take up every function. Their code and zones cost
 *                             8 MB. The price: a listing of 10,000 IKE_SAs takes 0.3 instead of 0.1 s of CPU time.
 *   semi-space-growth-factor  The space for young objects stays as it is: V8 would let it grow with every burst, up
 *                             to 128 MiB on a large host, and give none of it back.
 *   no-flush-bytecode         What withdraws runs once in months, and must not be compiled then.
 */
const FLAGS = ['--no-opt', '--no-maglev', '--semi-space-growth-factor=1', '--no-flush-bytecode'] as const;

export function tuneEngine(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
