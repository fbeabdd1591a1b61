/** What scenarios work with, on hosts that have just been raised. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ansible } from './ansible.ts';
import { credentialsOf, hostConfig } from './host-config.ts';
import { Alerts } from './prometheus.ts';
import { brokenSwancast, buildSwancast, debFields, strongswanRelease, writeIndex } from './releases.ts';
import type { Operator, Releases, Stage } from './scenario.ts';
import { targetsFile } from './scenarios-rolling.ts';
import type { HostsSite } from './site.ts';
import { Watch } from './watch.ts';

const FIRST_MED = 100;

/** Builds the packages, and starts to watch. */
export async function setStage(site: HostsSite, signal: AbortSignal): Promise<Omit<Stage, 'note'>> {
  const { releases, first } = await makeReleases(site, signal);
  const operator: Operator = {
    variant: { addresses: 'identity', med: FIRST_MED },
    package: first,
    version: releases.version,
  };
  const watch = await Watch.start(site, signal);
  const vars = (): Readonly<Record<string, unknown>> => {
    writeInventory(site, operator);
    return { swancast_package: operator.package };
  };
  const ansible = new Ansible(site.control, site.logs);
  return { site, watch, ansible, releases, operator, alerts: new Alerts(site), signal, vars };
}

/** What differs from host to host is in the inventory, as everywhere. */
function writeInventory(site: HostsSite, { variant }: Operator): void {
  const { hosts } = site.plan;
  const own = hosts.map(
    (host) =>
      [
        host.name,
        {
          swancast_config: hostConfig(host, hosts, variant),
          swancast_credentials: credentialsOf(host, variant),
        },
      ] as const,
  );
  site.control.writeInventory(Object.fromEntries(own), {
    swancast_prometheus_targets_file: targetsFile({ site }),
  });
}

async function makeReleases(
  site: HostsSite,
  signal: AbortSignal,
): Promise<{ readonly releases: Releases; readonly first: string }> {
  const directory = join(site.directory, 'releases');
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const [major = '0', minor = '0', patch = '0'] = version.split(/[.-]/u);
  const later = (more: number): string => `${major}.${minor}.${Number(patch) + more}`;
  const [nextVersion, badVersion] = [later(1), later(2)];
  const first = await buildSwancast(version, directory, signal);
  site.progress(`built ${first}`);
  let next: Promise<string> | undefined;
  const { repository } = site.control;
  return {
    first,
    releases: {
      ...{ first, version, nextVersion, badVersion },
      next: async () => (next ??= buildSwancast(nextVersion, directory, signal)),
      bad: async () => brokenSwancast(first, directory, { version: badVersion, ends: 7 }, signal),
      strongswan: async (suffix) => {
        await strongswanRelease(site.image.strongswan, repository, suffix, signal);
        await writeIndex(repository, signal);
        const [deb = ''] = site.image.strongswan;
        return `${(await debFields(deb, signal)).version}${suffix}`;
      },
    },
  };
}
