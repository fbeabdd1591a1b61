/** What is allowed of fleets, and hardly ever meant. Pure. */
import type { Config } from './config.ts';
import type { Warning } from './warnings.ts';

export function fleetWarnings({ fleet, gateway, prefixes }: Config): Warning[] {
  const found: Warning[] = [];
  for (const [index, { preempt }] of prefixes.entries()) {
    if (preempt || fleet !== undefined) continue;
    const message =
      'false means nothing without a fleet: nobody is asked who has the prefix, so it is announced at once; add fleet.gateways';
    found.push({ key: `prefixes[${index}].preempt`, message });
  }
  if (fleet === undefined) return found;
  const others = fleet.gateways.filter(({ name }) => name !== gateway.name);
  if (others.length === 0) {
    const message = `names ${gateway.name} alone, which is this gateway: with nobody better in sight it never steps down for anything but charon gone, and is never drained; name the others, or remove the section`;
    found.push({ key: 'fleet.gateways', message });
  } else if (others.length === fleet.gateways.length) {
    const message = `does not name this gateway (${gateway.name}); if one of them is this one, give it that name, or it takes itself for another`;
    found.push({ key: 'fleet.gateways', message });
  }
  if (others.length > 0 && fleet.minimumOthers > others.length) {
    const message = `${fleet.minimumOthers} is more than there are others (${others.length}), so this gateway can never be drained; write at most that`;
    found.push({ key: 'fleet.minimum_others', message });
  }
  const hasToken = fleet.tokenFile !== undefined || fleet.tokenCredential !== undefined;
  for (const [index, { name, url }] of fleet.gateways.entries()) {
    if (!hasToken || name === gateway.name || url.startsWith('https:')) continue;
    const message =
      'the token goes there in the clear, for everybody on the way to read; use https://, or a network that is ours alone';
    found.push({ key: `fleet.gateways[${index}].url`, message });
  }
  if (fleet.tls !== undefined && others.every(({ url }) => url.startsWith('http:'))) {
    const message = 'means nothing where every url begins with http://; write https://, or remove it';
    found.push({ key: 'fleet.tls', message });
  }
  return found;
}
