import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { RouterKind } from './router.ts';
import { runCommand } from './run-command.ts';

/** Versions of all parts that had a share in the numbers. */
export async function versionsOf(router: RouterKind, signal: AbortSignal): Promise<Record<string, string>> {
  const routerPackage = router === 'bird' ? 'bird2' : 'frr';
  const installed = await runCommand(
    ['dpkg-query', '-W', '-f', '${Package} ${Version}\\n', 'charon-systemd', 'exabgp', routerPackage],
    signal,
  );
  const version = (name: string): string => {
    const line = installed.split('\n').find((each) => each.startsWith(`${name} `));
    return line?.slice(name.length + 1) ?? 'unknown';
  };
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return {
    node: process.version,
    strongswan: version('charon-systemd'),
    exabgp: version('exabgp'),
    [router]: version(routerPackage),
    kernel: release(),
    swancast: (JSON.parse(manifest) as { version: string }).version,
  };
}
