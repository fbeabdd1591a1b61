/** `swancast run`: the configuration is checked before anything is started. */
import { loadConfig, requireCredentials } from '../config/load.ts';
import { checkExabgpConf } from '../exabgp-input.ts';
import { EXIT } from './outcome.ts';
import { tuneEngine } from '../engine.ts';
import type { Surroundings } from './program.ts';
import { reported } from './reported.ts';

/** Resolves when the daemon has ended, with its exit code. */
export async function run(file: string, { output, env }: Surroundings): Promise<number> {
  tuneEngine();
  const config = reported(output, () => {
    const loaded = loadConfig(file, env);
    requireCredentials(loaded, file, env);
    checkExabgpConf(loaded, env);
    return loaded;
  });
  if (typeof config === 'number') return config;
  const [{ runDaemon }, { HttpError }, { SpeakerError }] = await Promise.all([
    import('../run.ts'),
    import('../http.ts'),
    import('../../bgp/problem.ts'),
  ]);
  try {
    return await runDaemon(config, () => loadConfig(file, env));
  } catch (error) {
    // A listener or run directory that cannot be had: another swancast runs, or the port is taken.
    if (!(error instanceof HttpError) && !(error instanceof SpeakerError)) throw error;
    output.err(`${error.message}\n`);
    return EXIT.problem;
  }
}
