/** How V8 is to run the daemon; it reads both flags while it runs. For the guard see GUARD_NODE_FLAGS in bgp/. */
import { setFlagsFromString } from 'node:v8';

/**
 * The space for young objects stays as it is: V8 would let it grow with every burst, up to 128 MiB on a large
 * host, and give none of it back. What clients that come and go leave behind is short-lived: more and shorter
 * collections, and memory that no storm moves.
 *
 * Code that has not run for long is kept: what withdraws runs once in months, and must not be compiled then.
 */
export function tuneEngine(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-flush-bytecode');
}
