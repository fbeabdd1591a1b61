/** What lies between the gateway and its routers: a router that tears a client's ports apart, BFD. */
import { join } from 'node:path';
import type { Daemon } from '../processes.ts';
import { Frr, withoutFrr } from '../routing/frr-daemons.ts';
import { enoughSplit, giveAddresses, hashPolicy, keepTrying, restartClients } from '../routing/split.ts';
import { runCommand } from '../run-command.ts';
import { PREFIX4 } from '../topology.ts';
import type { Stage, Trial } from './trial.ts';

const QUICK = { interval_seconds: 1, fast_interval_seconds: 1, timeout_seconds: 0.9 } as const;
const LASTING_SECONDS = 60;

/** Before that of the routing daemon, whatever that one has. */
async function ecmpRoute({ lab, signal }: Stage, verb: 'add' | 'del'): Promise<void> {
  const { namespaces, gateways } = lab.topology;
  const hops = gateways.flatMap(({ address4 }) => ['nexthop', 'via', address4]);
  await runCommand(['ip', '-n', namespaces.router, 'route', verb, PREFIX4, 'metric', '1', ...hops], signal);
}

const SPLIT: Trial = {
  check: 'ecmp-split',
  cause: 'the router has ECMP over the gateways, and hashes on ports',
  setting: 'crowd',
  checks: () => [
    { name: 'ecmp-split', type: 'ecmp-split', ...QUICK, limits: { lasting_seconds: LASTING_SECONDS } },
  ],
  reason: 'clients-split',
  decision: 'announced',
  seenWithinMs: 150_000,
  recoveredWithinMs: 60_000,
  // The clients have other addresses now.
  spoils: true,
  strike: async (stage) => {
    const { lab, signal, defer } = stage;
    await giveAddresses(lab.topology, lab.directory, signal);
    await hashPolicy(lab.topology, 1, signal);
    await ecmpRoute(stage, 'add');
    const split = await enoughSplit(lab, signal);
    await restartClients(lab, signal);
    defer(keepTrying(lab, () => split.map(({ client }) => client), signal));
  },
  mend: async (stage) => {
    await hashPolicy(stage.lab.topology, 0, stage.signal);
    await ecmpRoute(stage, 'del');
  },
};

/** Between the gateway and the backend, where no BGP session depends on it. */
const bfdConf = (peer: string, local: string, device: string): string => `bfd
 peer ${peer} local-address ${local} interface ${device}
  detect-multiplier 3
  receive-interval 50
  transmit-interval 50
 exit
exit
`;

function bfdTrial(): Trial {
  let far: Daemon | undefined;
  const startFar = async ({ lab, gateway, signal }: Stage): Promise<void> => {
    const { name, link, backendSide } = gateway.plan;
    const frr = new Frr(
      lab.processes,
      'backend-frr',
      lab.topology.namespaces.backend,
      join(lab.directory, 'far-frr'),
    );
    if (far === undefined) await frr.start('zebra', '', signal);
    far = await frr.start('bfdd', bfdConf(link, backendSide, name), signal);
  };
  return {
    check: 'bfd',
    cause: 'the far end of the BFD session died',
    setting: 'crowd',
    skip: withoutFrr,
    checks: ({ lab, gateway }) => [
      {
        ...{ name: 'bfd', type: 'bfd', ...QUICK },
        limits: { socket_directory: join(lab.directory, 'near-frr'), peers: [gateway.plan.backendSide] },
      },
    ],
    reason: 'bfd-session-down',
    decision: 'announced',
    seenWithinMs: 10_000,
    recoveredWithinMs: 20_000,
    prepare: async (stage) => {
      const { lab, gateway, signal } = stage;
      const { name, namespace, link, backendSide } = gateway.plan;
      const frr = new Frr(lab.processes, `${name}-frr`, namespace, join(lab.directory, 'near-frr'));
      await frr.start('zebra', '', signal);
      await frr.start('bfdd', bfdConf(backendSide, link, 'eth1'), signal);
      await startFar(stage);
    },
    strike: async () => far?.end('SIGKILL'),
    mend: startFar,
  };
}

// The one that spoils the lab is the last.
export const ROUTING_TRIALS: readonly Trial[] = [bfdTrial(), SPLIT];
