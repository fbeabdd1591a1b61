/**
 * Three hosts, the router in front of them, clients, the backend, and the machine from which all is managed: raised,
 * watched where that is wanted, left up or taken down.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Clients } from '../lab/client.ts';
import { monotonic } from '../lab/clock.ts';
import type { LabError } from '../lab/lab-error.ts';
import type { Ledger } from '../lab/ledger.ts';
import { createNamespaces } from '../lab/namespaces.ts';
import { Authority } from '../lab/pki.ts';
import { Processes } from '../lab/processes.ts';
import { Router, shippedConf } from '../lab/router.ts';
import { routerConf } from '../lab/router-conf.ts';
import { runCommand } from '../lab/run-command.ts';
import { identitySwanctlConf } from '../lab/sessions/identity.ts';
import { gatewaySwanctlConf } from '../lab/strongswan-conf.ts';
import { Control } from './control.ts';
import { Host } from './host.ts';
import { planHosts, planManagement, type HostPlan, type HostsPlan } from './plan.ts';
import { provision } from './provision.ts';
import { rootImage, type RootImage } from './root-image.ts';
import { takeDownHosts } from './take-down.ts';

export interface SiteOptions {
  /** Claimed by us. */
  readonly ledger: Ledger;
  readonly name: string;
  readonly clients: number;
  readonly progress: (line: string) => void;
  /** Called when something ends although nobody ended it; whoever calls should abort the signal with it. */
  readonly onDeath: (error: LabError) => void;
}

export interface HostsSite {
  readonly plan: HostsPlan;
  readonly topology: HostsPlan['topology'];
  readonly directory: string;
  readonly logs: string;
  readonly image: RootImage;
  readonly processes: Processes;
  readonly hosts: readonly Host[];
  readonly router: Router;
  readonly clients: Clients;
  readonly control: Control;
  readonly progress: (line: string) => void;
}

/** What fails on the way leaves what takeDownHosts(name) removes. Nobody announces yet: there is no swancast. */
export async function raiseSite(options: SiteOptions, signal: AbortSignal): Promise<HostsSite> {
  const startedAt = monotonic();
  const { ledger, name } = options;
  const progress = (line: string): void =>
    options.progress(`${((monotonic() - startedAt) / 1000).toFixed(2).padStart(6)} s  ${line}`);
  if (await takeDownHosts(name)) progress(`took down what earlier hosts "${name}" had left`);
  ledger.begin();
  const { directory } = ledger;
  const plan = planHosts(name, options.clients);
  const { topology } = plan;
  const processes = new Processes(ledger, options.onDeath);
  const [image, authority] = await Promise.all([
    rootImage(progress, signal),
    Authority.create(join(directory, 'pki'), signal),
    createNetwork(plan, signal),
  ]);
  const control = await Control.create(plan, join(directory, 'control'), processes, signal);
  const sshKey = readFileSync(control.publicKey, 'utf8');
  const makeHost = async (host: HostPlan): Promise<Host> => {
    const own = join(directory, host.name);
    mkdirSync(join(own, 'upper'), { recursive: true });
    const credentials = await authority.issueGateway(host.name, signal);
    const swanctlConf = identitySwanctlConf(gatewaySwanctlConf(host), options.clients);
    const id = provision(host, join(own, 'upper'), { plan, authority, credentials, swanctlConf, sshKey });
    return new Host(host, image.root, own, id, processes);
  };
  const hosts = await Promise.all(plan.hosts.map(makeHost));
  progress(`namespaces sc-${name}-…, root file system ${image.root}`);

  const [first] = topology.routers;
  if (first === undefined) throw new RangeError('there is a router');
  const router = new Router('bird', processes, {
    ...{ name: first.name, namespace: first.namespace, directory: join(directory, first.name) },
    conf: routerConf(shippedConf('bird'), topology, first),
  });
  const clients = new Clients(topology, directory, processes, { firstAnswerMs: 10 });
  // They log in when told to: not at whichever gateway announces first.
  const quiet = (usual: string): string => usual.replaceAll(/^ *start_action = start\n/gmu, '');
  await Promise.all([
    ...hosts.map(async (host) => host.powerOn(signal)),
    router.start(signal),
    clients.configure(authority, signal, quiet).then(async () => clients.charon.start(signal)),
  ]);
  await clients.charon.load(signal);
  progress('three hosts run, and the router, and the charon of the clients');
  return {
    ...{ plan, topology, directory, logs: join(directory, 'logs'), image, processes },
    ...{ hosts, router, clients, control, progress },
  };
}

async function createNetwork(plan: HostsPlan, signal: AbortSignal): Promise<void> {
  await createNamespaces(plan.topology, signal);
  const { links, inside } = planManagement(plan);
  await runCommand(['ip', '-batch', '-'], signal, { input: `${links.join('\n')}\n` });
  for (const [namespace, lines] of inside)
    await runCommand(['ip', '-n', namespace, '-batch', '-'], signal, { input: `${lines.join('\n')}\n` });
}
