/** `swancast version`. */
import { VERSION } from '../installation.ts';
import { EXIT, printJson } from './outcome.ts';
import type { JsonOption, Surroundings } from './program.ts';

export function version({ json }: JsonOption, { output }: Surroundings): number {
  if (json === true) printJson(output, { swancast: VERSION, node: process.versions.node });
  else output.out(`swancast ${VERSION}\n`);
  return EXIT.ok;
}
