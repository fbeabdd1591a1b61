/** `swancast render exabgp`: for the unit that runs ExaBGP when `bgp.supervise` is false. */
import { exabgpSettings } from '../../bgp/supervisor.ts';
import { loadConfig } from '../config/load.ts';
import { exabgpConf } from '../exabgp-input.ts';
import { EXIT } from './outcome.ts';
import type { Surroundings } from './program.ts';
import { reported } from './reported.ts';

export function renderExabgp(file: string, { output, env }: Surroundings): number {
  const rendered = reported(output, () => ({ text: exabgpConf(loadConfig(file, env)) }));
  if (typeof rendered === 'number') return rendered;
  const settings = Object.entries(exabgpSettings())
    .filter(([key]) => key !== 'exabgp.daemon.user')
    .map(([key, value]) => `#   ${key}=${value}`);
  const how = '# Run ExaBGP as the user of swancast, with this environment (`env NAME=VALUE … exabgp FILE`):';
  output.out(`${[how, ...settings].join('\n')}\n\n${rendered.text}`);
  return EXIT.ok;
}
