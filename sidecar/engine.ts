/**
 * How V8 runs this process; imported before everything else. It looks and renews a few times a second for months,
 * so nothing is hot, yet the optimizing compilers would in time take up every function that it has.
 *
 *   no-opt, no-maglev  their code and zones cost 8 MB of memory and as much CPU time as they save while idle.
 *                      The price: a listing of 10,000 IKE_SAs takes 0.3 instead of 0.1 s of CPU time, once a minute.
 *
 * Set from within, since whoever starts `swancast` would forget a flag. The guard has more (GUARD_NODE_FLAGS).
 */
import { setFlagsFromString } from 'node:v8';

for (const flag of ['--no-opt', '--no-maglev']) setFlagsFromString(flag);
