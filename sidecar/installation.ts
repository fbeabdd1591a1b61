/** Where the parts of this installation lie: in the source tree, or beside the bundle in dist/. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Put in by deploy/build.ts; in the source tree there is no such thing. */
declare const SWANCAST_VERSION: string;

const here = import.meta.dirname;
const isBundle = typeof SWANCAST_VERSION !== 'undefined';

export const VERSION: string = isBundle
  ? SWANCAST_VERSION
  : (JSON.parse(readFileSync(join(here, '../package.json'), 'utf8')) as { version: string }).version;

/** The guard's own bundle, or its source. */
export const GUARD = isBundle ? join(here, 'guard.cjs') : join(here, '../bgp/guard.ts');

const besideUs = join(here, 'launch-guard.sh');

/** What ExaBGP runs: starts the guard, and clears the announcements should it die. A system's package has it beside us. */
export const GUARD_LAUNCHER = existsSync(besideUs) ? besideUs : join(here, '../deploy/launch-guard.sh');
