/** `swancast render`: files for other programs. */
import { readFile } from 'node:fs/promises';
import { writeAtomically } from '../../bgp/atomic-file.ts';
import { keepTurned, neighborsIn, processPart } from '../../bgp/exabgp-conf.ts';
import { exabgpSettings } from '../../bgp/supervisor.ts';
import { loadConfig } from '../config/load.ts';
import { exabgpConf } from '../exabgp-input.ts';
import { gtsmRules } from './gtsm.ts';
import { EXIT } from './outcome.ts';
import type { Surroundings } from './surroundings.ts';
import { reported } from './reported.ts';

/**
 * For the unit that runs ExaBGP when `bgp.supervise` is false. With `output` into that file, which is there whole or
 * not at all, for our user alone; with `reload` only if an ExaBGP that runs from it can take it over.
 */
export async function renderExabgp(
  { config, output: file, reload = false }: RenderExabgpOptions,
  { output, env }: Surroundings,
): Promise<number> {
  if (reload && file === undefined) {
    output.err('--reload: needs --output FILE, the file that ExaBGP runs from\n');
    return EXIT.usage;
  }
  const rendered = reported(output, () => ({ text: exabgpConf(loadConfig(config, env), env) }));
  if (typeof rendered === 'number') return rendered;
  const settings = Object.entries(exabgpSettings())
    .filter(([key]) => key !== 'exabgp.daemon.user')
    .map(([key, value]) => `#   ${key}=${value}`);
  const how = '# Run ExaBGP as the user of swancast, with this environment (`env NAME=VALUE … exabgp FILE`):';
  const text = `${[how, ...settings].join('\n')}\n\n${rendered.text}`;
  if (file === undefined) {
    output.out(text);
    return EXIT.ok;
  }
  try {
    const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && !reload) return '';
      throw error;
    });
    const obstacle = reload ? reloadObstacle(before, text) : undefined;
    if (obstacle !== undefined) {
      output.err(`${file}: left as it is: ${obstacle}; ${ONLY_A_RESTART}\n`);
      return EXIT.problem;
    }
    await writeAtomically(file, keepTurned(text, before));
    return EXIT.ok;
  } catch (error) {
    output.err(`${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.problem;
  }
}

export interface RenderExabgpOptions {
  readonly config: string;
  readonly output?: string;
  readonly reload?: boolean;
}

/** What a running ExaBGP would not take over, or take amiss. */
function reloadObstacle(before: string, after: string): string | undefined {
  if (processPart(before) !== processPart(after)) {
    return 'how the guard is started has changed (the section lease, bgp.local_as, or where swancast is installed)';
  }
  const kept = new Set(neighborsIn(after));
  const gone = neighborsIn(before).filter((address) => !kept.has(address));
  // The guard would withdraw from it what was announced to it alone, and take the refusal for a broken ExaBGP.
  return gone.length === 0 ? undefined : `neighbor ${gone.join(', ')} is not in the configuration any more`;
}

const ONLY_A_RESTART =
  'only a restart of ExaBGP can change that, which ends its sessions: drain, then restart swancast-bgp and swancast';

/** For nftables: ExaBGP does not look at the TTL of what it receives. */
export function renderGtsm(file: string, { output, env }: Surroundings): number {
  const rendered = reported(output, () => loadConfig(file, env).bgp.neighbors);
  if (typeof rendered === 'number') return rendered;
  output.out(gtsmRules(rendered));
  if (!rendered.some(({ gtsm }) => gtsm))
    output.err('no neighbor has gtsm: true, so there is no rule in it\n');
  return EXIT.ok;
}
