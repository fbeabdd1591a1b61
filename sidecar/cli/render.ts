/** `swancast render exabgp`: for the unit that runs ExaBGP when `bgp.supervise` is false. */
import { loadConfig } from '../config/load.ts';
import { exabgpConf } from '../exabgp-input.ts';
import { EXIT } from './outcome.ts';
import type { Surroundings } from './program.ts';
import { reported } from './reported.ts';

export function renderExabgp(file: string, { output, env }: Surroundings): number {
  const rendered = reported(output, () => ({ text: exabgpConf(loadConfig(file, env)) }));
  if (typeof rendered === 'number') return rendered;
  output.out(rendered.text);
  return EXIT.ok;
}
