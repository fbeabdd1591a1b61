/** `swancast run`: the configuration is checked before anything is started. */
import { setTimeout as delay } from 'node:timers/promises';
import { SdNotify } from '../../bgp/sd-notify.ts';
import { loadConfig, requireCredentials } from '../config/load.ts';
import { checkExabgpConf } from '../exabgp-input.ts';
import { EXIT } from './outcome.ts';
import { tuneEngine } from '../engine.ts';
import type { Surroundings } from './surroundings.ts';
import { reported } from './reported.ts';

/** Resolves when the daemon has ended, with its exit code. */
export async function run(file: string, surroundings: Surroundings): Promise<number> {
  tuneEngine();
  const notify = SdNotify.take();
  const refuse = (text: string): void => {
    surroundings.output.err(text);
    notify.status(`not started: ${text}`);
  };
  const code = await started(
    file,
    { ...surroundings, output: { ...surroundings.output, err: refuse } },
    notify,
  );
  // A unit starts what was killed again at once, and must not do so with what cannot start.
  if (code === EXIT.problem && notify.isHeard) await delay(REFUSED_MS);
  return code;
}

const REFUSED_MS = 2000;

async function started(file: string, { output, env }: Surroundings, notify: SdNotify): Promise<number> {
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
    return await runDaemon(config, () => loadConfig(file, env), notify);
  } catch (error) {
    // A listener or run directory that cannot be had: another swancast runs, or the port is taken.
    if (!(error instanceof HttpError) && !(error instanceof SpeakerError)) throw error;
    output.err(`${error.message}\n`);
    return EXIT.problem;
  }
}
