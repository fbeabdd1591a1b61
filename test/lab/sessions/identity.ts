/** Inner addresses that are bound to the identity: on every gateway a client gets the same one. Pure. */
import { clientIdentity } from '../topology.ts';

export const IDENTITY_NET = '10.20.0.0/16';

export function addressOf(client: number): string {
  return `10.20.${Math.floor(client / 250)}.${1 + (client % 250)}`;
}

/**
 * As an address of its own in a RADIUS server or a database would do it: for each client a copy of the connection
 * that is for all of them, with its identity and a pool of one address.
 * @param usual a gateway's swanctl.conf
 */
export function identitySwanctlConf(usual: string, clients: number): string {
  const found = CONNECTION.exec(usual);
  if (found === null) throw new RangeError('the usual swanctl.conf has no connection "clients" any more');
  const numbers = Array.from({ length: clients }, (_, client) => client);
  const connections = numbers.map((client) =>
    found[0]
      .replace('  clients {', `  client${client + 1} {`)
      .replace('pools = clients', `pools = client${client + 1}`)
      .replace(
        'remote { auth = pubkey }',
        `remote {\n      auth = pubkey\n      id = ${clientIdentity(client)}\n    }`,
      ),
  );
  const pools = numbers.map((client) => `  client${client + 1} { addrs = ${addressOf(client)}/32 }\n`);
  return usual
    .replace(CONNECTION, () => connections.join(''))
    .replace(/^pools \{\n[^}]*\}\n\}\n/mu, () => `pools {\n${pools.join('')}}\n`);
}

const CONNECTION = /^ {2}clients \{\n(?: {4,}.*\n)+ {2}\}\n/mu;
