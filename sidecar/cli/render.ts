/** `swancast render`: files for other programs. */
import { exabgpSettings } from '../../bgp/supervisor.ts';
import { loadConfig } from '../config/load.ts';
import { exabgpConf } from '../exabgp-input.ts';
import { gtsmRules } from './gtsm.ts';
import { EXIT } from './outcome.ts';
import type { Surroundings } from './program.ts';
import { reported } from './reported.ts';

/** For the unit that runs ExaBGP when `bgp.supervise` is false. */
export function renderExabgp(file: string, { output, env }: Surroundings): number {
  const rendered = reported(output, () => ({ text: exabgpConf(loadConfig(file, env), env) }));
  if (typeof rendered === 'number') return rendered;
  const settings = Object.entries(exabgpSettings())
    .filter(([key]) => key !== 'exabgp.daemon.user')
    .map(([key, value]) => `#   ${key}=${value}`);
  const how = '# Run ExaBGP as the user of swancast, with this environment (`env NAME=VALUE … exabgp FILE`):';
  output.out(`${[how, ...settings].join('\n')}\n\n${rendered.text}`);
  return EXIT.ok;
}

/** For nftables: ExaBGP does not look at the TTL of what it receives. */
export function renderGtsm(file: string, { output, env }: Surroundings): number {
  const rendered = reported(output, () => loadConfig(file, env).bgp.neighbors);
  if (typeof rendered === 'number') return rendered;
  output.out(gtsmRules(rendered));
  if (!rendered.some(({ gtsm }) => gtsm))
    output.err('no neighbor has gtsm: true, so there is no rule in it\n');
  return EXIT.ok;
}
