/** `swancast version`. */
import { VERSION } from '../installation.ts';
import { EXIT, printJson } from './outcome.ts';
import type { JsonOption } from './options.ts';
import type { Surroundings } from './surroundings.ts';

export function version({ json }: JsonOption, { output }: Surroundings): number {
  if (json === true) printJson(output, { swancast: VERSION, node: process.versions.node });
  else output.out(`swancast ${VERSION}\n`);
  return EXIT.ok;
}
