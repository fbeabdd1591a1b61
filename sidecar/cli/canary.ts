/** `swancast canary`: a real client at work against a gateway; see sidecar/canary/canary.ts. */
import type { CanaryReport } from '../../health/canary/report.ts';
import { loadCanaryConfig } from '../canary/config.ts';
import { printable } from '../printable.ts';
import { EXIT, printJson } from './outcome.ts';
import type { ConfigOption, JsonOption } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import { reported } from './reported.ts';
import { duration } from '../duration.ts';
import { table } from './table.ts';

export interface CanaryOptions extends ConfigOption, JsonOption {
  readonly once?: boolean;
}

/** Resolves when the daemon has ended, or with `--once` after one round. */
export async function canary(options: CanaryOptions, { output }: Surroundings): Promise<number> {
  const config = reported(output, () => loadCanaryConfig(options.config));
  if (typeof config === 'number') return config;
  const [{ runCanary, tryOnce }, { HttpError }] = await Promise.all([
    import('../canary/daemon.ts'),
    import('../http.ts'),
  ]);
  if (options.once === true || options.json === true) {
    const report = await tryOnce(config, new AbortController().signal);
    if (options.json === true) printJson(output, report);
    else output.out(canaryText(report));
    return report.tunnels.every(({ state }) => state === 'pass') ? EXIT.ok : EXIT.problem;
  }
  try {
    return await runCanary(config);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    output.err(`${error.message}\n`);
    return EXIT.problem;
  }
}

/** Pure. */
export const canaryText = ({ tunnels }: CanaryReport): string =>
  `${table(
    ['TUNNEL', 'STATE', 'TOOK', 'SEEN'],
    tunnels.map((tunnel) => [
      tunnel.name,
      tunnel.state === 'fail' ? tunnel.failed : tunnel.state,
      duration(tunnel.duration_ms / 1000),
      printable(
        tunnel.state === 'pass' && tunnel.address !== ''
          ? `${tunnel.detail}, from ${tunnel.address}`
          : tunnel.detail,
      ),
    ]),
  )}\n`;
