/** A router that hashes on ports, and clients that can tell: each has an address of its own, as clients do. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { section } from '../../../health/vici/message.ts';
import { LabError } from '../lab-error.ts';
import type { Lab } from '../lab.ts';
import { runCommand } from '../run-command.ts';
import { ANYCAST4, gatewayAt, type GatewayName, type Topology } from '../topology.ts';
import { withVici } from '../vici-command.ts';

const addressOf = (client: number): string => `10.0.1.${String(100 + client)}`;

/** Takes effect when the clients' connections are loaded the next time. @param directory that of the lab */
export async function giveAddresses(
  topology: Topology,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const { client } = topology.namespaces;
  for (const n of topology.clients.keys())
    await runCommand(['ip', '-n', client, 'addr', 'replace', `${addressOf(n)}/24`, 'dev', 'eth0'], signal);
  const file = join(directory, 'client', 'swanctl', 'swanctl.conf');
  let n = 0;
  const text = readFileSync(file, 'utf8').replace(
    /^( *)(remote_addrs = .*)$/gmu,
    (_, indent: string, line: string) => `${indent}local_addrs = ${addressOf(n++)}\n${indent}${line}`,
  );
  writeFileSync(file, text);
}

/** 0: the kernel hashes on addresses; 1: on ports too (networking/ip-sysctl, fib_multipath_hash_policy). */
export async function hashPolicy(topology: Topology, policy: 0 | 1, signal: AbortSignal): Promise<void> {
  for (const family of ['ipv4', 'ipv6'])
    await setRouter(topology, `net.${family}.fib_multipath_hash_policy=${policy}`, signal);
}

async function setRouter({ namespaces }: Topology, value: string, signal: AbortSignal): Promise<void> {
  await runCommand(['ip', 'netns', 'exec', namespaces.router, 'sysctl', '-qw', value], signal);
}

export interface Split {
  readonly client: number;
  /** Where IKE_SA_INIT goes, and where IKE_AUTH and ESP go. */
  readonly to: readonly [GatewayName, GatewayName];
}

const EACH_WAY = 3;
const SEEDS = 50;

/**
 * The clients whose UDP 500 and 4500 the router sends to two gateways: not all, and so many in each direction that
 * both gateways must notice. Another seed is another hash (Linux 6.11).
 */
export async function enoughSplit({ topology }: Lab, signal: AbortSignal): Promise<readonly Split[]> {
  const clients = topology.clients.length;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const split = await splitClients(topology, signal);
    const from1 = split.filter(({ to: [init] }) => init === 'gw1').length;
    if (from1 >= EACH_WAY && split.length - from1 >= EACH_WAY && split.length < clients) return split;
    await setRouter(topology, `net.ipv4.fib_multipath_hash_seed=${seed}`, signal);
  }
  throw new LabError('LAB_SPOILT', `of ${clients} clients too few are split, whatever the seed of the hash`);
}

async function splitClients(topology: Topology, signal: AbortSignal): Promise<readonly Split[]> {
  const all: Split[] = [];
  for (const client of topology.clients.keys())
    all.push({
      client,
      to: [await hop(topology, client, 500, signal), await hop(topology, client, 4500, signal)],
    });
  return all.filter(({ to: [init, auth] }) => init !== auth);
}

/** Where the router would send this client's packets with this port at both ends. */
async function hop(
  topology: Topology,
  client: number,
  port: 500 | 4500,
  signal: AbortSignal,
): Promise<GatewayName> {
  const answer = await runCommand(
    [
      ...(['ip', '-n', topology.namespaces.router, 'route', 'get', ANYCAST4] as const),
      ...['from', addressOf(client), 'iif', 'clients', 'ipproto', 'udp'],
      ...['sport', String(port), 'dport', String(port)],
    ],
    signal,
  );
  const gateway = gatewayAt(topology, / via (\S+)/u.exec(answer)?.[1]);
  if (gateway === undefined) throw new LabError('LAB_SPOILT', `no gateway in "${answer.trim()}"`);
  return gateway.name;
}

/** As after a night: everybody logs in anew. */
export async function restartClients({ clients: { charon } }: Lab, signal: AbortSignal): Promise<void> {
  await charon.kill().gone;
  await charon.start(signal);
  await charon.load(signal);
}

/** Clients of the lab give up soon, and for good once charon wants cookies: they are told to try again this often. */
const AGAIN_MS = 8000;

/** These clients try for ever, as people do; `who` is asked each time. @returns how to end it */
export function keepTrying(
  { clients: { charon } }: Pick<Lab, 'clients'>,
  who: () => readonly number[],
  signal: AbortSignal,
): () => void {
  const initiate = async (): Promise<void> =>
    withVici(charon.viciSocket, signal, async (command) => {
      for (const client of who()) {
        const ike = `client${String(client + 1)}`;
        await command('initiate', Object.assign(section(), { ike, child: 'services', timeout: '-1' }));
      }
    });
  // What fails now is tried again in a moment.
  const timer = setInterval(() => void initiate().catch(() => undefined), AGAIN_MS);
  return () => clearInterval(timer);
}
