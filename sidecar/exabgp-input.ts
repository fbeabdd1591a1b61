/** Config → what bgp/ needs to start ExaBGP and to talk to its guard. Reads the password files. */
import {
  exabgpProblems,
  GUARD_NODE_FLAGS,
  guardCommand,
  renderExabgpConf,
  type ExabgpSettings,
  type NeighborSettings,
} from '../bgp/exabgp-conf.ts';
import type { SpeakerOptions } from '../bgp/speaker.ts';
import type { Config, NeighborConfig } from './config/config.ts';
import { ConfigError } from './config/problem.ts';
import { readSecret } from './config/secret.ts';
import { GUARD, GUARD_LAUNCHER } from './installation.ts';

/** The text of exabgp.conf, passwords included. Throws ConfigError when ExaBGP would not take the settings. */
export function exabgpConf(config: Config): string {
  const settings = exabgpSettings(config);
  const problems = exabgpProblems(settings);
  if (problems.length > 0) throw new ConfigError(problems.map((message) => refused('exabgp.conf', message)));
  return renderExabgpConf(settings);
}

/** The part of the speaker's options that comes from the configuration. */
export const speakerOptions = (
  config: Config,
): Pick<SpeakerOptions, 'leaseSocket' | 'ttlMs' | 'supervise' | 'neighbors'> => ({
  leaseSocket: config.lease.socket,
  ttlMs: config.lease.ttlMs,
  neighbors: config.bgp.neighbors,
  supervise: config.bgp.supervise && {
    exabgp: config.bgp.exabgp,
    configText: exabgpConf(config),
    runDirectory: config.bgp.runDirectory,
  },
});

const exabgpSettings = ({ bgp, lease }: Config): ExabgpSettings => ({
  routerId: bgp.routerId,
  neighbors: bgp.neighbors.map(neighborSettings),
  guard: guardCommand({
    launcher: GUARD_LAUNCHER,
    // The runtime that runs us: the one on PATH may be older, and ExaBGP has a PATH of its own.
    guard: [process.execPath, ...GUARD_NODE_FLAGS, GUARD],
    leaseSocket: lease.socket,
    localAs: bgp.localAs,
    ttlMs: lease.ttlMs,
    maxAgeMs: lease.maxAgeMs,
    handoverMs: lease.handoverMs,
  }),
});

function neighborSettings({ passwordFile, ...neighbor }: NeighborConfig): NeighborSettings {
  if (passwordFile === undefined) return neighbor;
  const secret = readSecret(passwordFile);
  if (secret.problem !== undefined) throw new ConfigError([refused(passwordFile, secret.problem)]);
  return { ...neighbor, md5Password: secret.value };
}

const refused = (file: string, message: string) => ({
  file,
  line: 0,
  key: '',
  value: undefined,
  expected: '',
  message,
});
