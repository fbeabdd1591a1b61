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
import { neighborsWithPaths } from './config/carriers.ts';
import type { Config, NeighborConfig } from './config/config.ts';
import { ConfigError } from './config/problem.ts';
import { hasCredentials, readPassword } from './config/secret.ts';
import { GUARD, GUARD_LAUNCHER } from './installation.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The text of exabgp.conf, passwords included. Throws ConfigError when ExaBGP would not take the settings. */
export const exabgpConf = (config: Config, env: Env = process.env): string =>
  renderExabgpConf(checkedSettings(config, (neighbor) => passwordOf(neighbor, env)));

/**
 * The same check for somebody who cannot have the credentials, since systemd gives them to the unit alone: what
 * is missing of them is left out. Throws ConfigError.
 */
export function checkExabgpConf(config: Config, env: Env): void {
  const isMissing = (neighbor: NeighborConfig): boolean =>
    neighbor.passwordCredential !== undefined && !hasCredentials(env);
  checkedSettings(config, (neighbor) => (isMissing(neighbor) ? undefined : passwordOf(neighbor, env)));
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

type PasswordOf = (neighbor: NeighborConfig) => string | undefined;

function checkedSettings({ bgp, lease, prefixes }: Config, password: PasswordOf): ExabgpSettings {
  const severalPaths = neighborsWithPaths(prefixes, bgp.neighbors);
  const settings: ExabgpSettings = {
    routerId: bgp.routerId,
    neighbors: bgp.neighbors.map((neighbor) =>
      neighborSettings(neighbor, password(neighbor), severalPaths.has(neighbor.address)),
    ),
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
  };
  const problems = exabgpProblems(settings);
  if (problems.length > 0) throw new ConfigError(problems.map((message) => refused('exabgp.conf', message)));
  return settings;
}

const neighborSettings = (
  neighbor: NeighborConfig,
  md5Password: string | undefined,
  addPath: boolean,
): NeighborSettings => ({
  address: neighbor.address,
  localAddress: neighbor.localAddress,
  peerAs: neighbor.peerAs,
  localAs: neighbor.localAs,
  holdSeconds: neighbor.holdSeconds,
  port: neighbor.port,
  families: neighbor.families,
  ...(md5Password === undefined ? {} : { md5Password }),
  ...(neighbor.outgoingTtl === undefined ? {} : { outgoingTtl: neighbor.outgoingTtl }),
  ...(neighbor.passive ? { passive: true } : {}),
  ...(addPath ? { addPath } : {}),
});

function passwordOf(neighbor: NeighborConfig, env: Env): string | undefined {
  const secret = readPassword(neighbor, env);
  if (secret?.problem === undefined) return secret?.value;
  const source = neighbor.passwordFile ?? neighbor.passwordCredential ?? '';
  throw new ConfigError([refused(source, secret.problem)]);
}

const refused = (file: string, message: string) => ({
  file,
  line: 0,
  key: '',
  value: undefined,
  expected: '',
  message,
});
