/** What is allowed, and hardly ever meant. It looks at this host, which may be another one than the file is for. */
import { accessSync, constants } from 'node:fs';
import { holds } from './address.ts';
import type { Config } from './config.ts';
import { missingCredentials } from './secrets.ts';
import type { Warning } from './warning.ts';
import { fleetWarnings } from './warnings-fleet.ts';
import { routeWarnings } from './warnings-routes.ts';
import { sessionsWarnings } from './warnings-sessions.ts';

export function warnings(
  config: Config,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Warning[] {
  return [
    ...programWarnings(config),
    ...routeWarnings(config),
    ...fleetWarnings(config),
    ...sessionsWarnings(config),
    ...missingCredentials(config, env).map(({ key, value }) => ({
      key,
      message: `the credential ${JSON.stringify(value)} cannot be looked at from here, since systemd shows it to the unit alone; check the file that LoadCredential= names`,
    })),
  ];
}

function programWarnings({ bgp, checks, prefixes }: Config): Warning[] {
  const found: Warning[] = [];
  if (bgp.supervise && !isProgram(bgp.exabgp)) {
    const message = `${JSON.stringify(bgp.exabgp)} is no program on this host; install ExaBGP (Debian: \`apt-get install exabgp\`), or correct the path`;
    found.push({ key: 'bgp.exabgp', message });
  }
  for (const [index, { type, limits }] of checks.entries()) {
    const program =
      type === 'exec' && Array.isArray(limits['command']) ? (limits['command'][0] as unknown) : undefined;
    if (typeof program === 'string' && !isProgram(program)) {
      const message = `${JSON.stringify(program)} is no program on this host; the first element of command is the path of the program alone`;
      found.push({ key: `checks[${index}].limits.command[0]`, message });
    }
    const address = limits['address'];
    if (type !== 'ike-probe' || typeof address !== 'string') continue;
    if (prefixes.some(({ prefix }) => holds(prefix, address))) continue;
    const message = `${JSON.stringify(address)} lies in none of the prefixes, so this probe says nothing about what clients reach; probe the anycast address itself`;
    found.push({ key: `checks[${index}].limits.address`, message });
  }
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
