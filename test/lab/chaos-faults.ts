/** Does what a kind of fault says, tells the observer when it was done, and undoes it. */
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import type { FaultKind } from './chaos-kinds.ts';
import { setLimit, takeDescriptors } from './descriptors.ts';
import type { Gateway } from './gateway.ts';
import type { Lab } from './lab.ts';
import { LabError } from './lab-error.ts';
import type { Condition, ObservedPart } from './observer-bounds.ts';
import type { ObserverWatch } from './observer-watch.ts';
import { hasEnded, identify, signalProcess, type ProcessIdentity } from './process-identity.ts';
import { pulse } from './pulses.ts';
import { runCommand } from './run-command.ts';
import type { GatewayPlan } from './topology.ts';

export interface Stage {
  readonly lab: Lab;
  readonly watch: ObserverWatch;
  readonly supervise: boolean;
  readonly signal: AbortSignal;
}

/** What takes the fault back; what has come back by itself needs nothing. */
export type Undo = () => Promise<void> | void;

type Tell = (part: ObservedPart, condition: Condition, at?: number) => void;

const CONNECTION = 'clients';
const EXITS_WITHIN_MS = 10_000;
/** Less than in `faults`: other faults at the same time may add to it. */
const LATE = { stopMs: 200, runMs: 200 };
const NOTHING: Undo = () => undefined;

/** @throws LabError LAB_SPOILT when there is nothing now to do it to (an ExaBGP that is just being started) */
export async function beginFault(
  kind: FaultKind,
  plan: GatewayPlan | undefined,
  stage: Stage,
): Promise<Undo> {
  if (kind === 'router-restart') return restartRouter(stage);
  if (kind === 'cpu-hog') return hogCpus(stage);
  if (plan === undefined) throw new RangeError(`${kind}: of which gateway?`);
  const { lab, watch, signal, supervise } = stage;
  const gateway = lab.gateway(plan);
  // What ends is told after it was done, what begins with the time before: both in favour of swancast.
  const tell: Tell = (part, condition, at) => watch.tellPart(plan.name, part, condition, at);
  const { charon } = gateway;
  switch (kind) {
    case 'charon-kill':
    case 'charon-term':
    case 'charon-empty': {
      const gone = charon.daemon.end(kind === 'charon-term' ? 'SIGTERM' : 'SIGKILL');
      if (kind === 'charon-term') await gone;
      tell('charon', 'dead');
      await gone;
      if (kind === 'charon-empty') await charon.start(signal);
      return async () => {
        if (kind !== 'charon-empty') await charon.start(signal);
        tell('charon', 'well');
        await charon.load(signal);
      };
    }
    case 'charon-stop':
      return stopPart(gateway, 'charon', tell, watch);
    case 'connections-unload':
      await charon.unload([CONNECTION], signal);
      tell('charon', 'empty');
      return async () => {
        tell('charon', 'well');
        await charon.load(signal);
      };
    case 'vici-removed':
      renameSync(charon.viciSocket, `${charon.viciSocket}.away`);
      return () => renameSync(`${charon.viciSocket}.away`, charon.viciSocket);
    case 'charon-late':
      return answerLate(gateway, signal);
    case 'descriptors-out':
      return takeAllDescriptors(gateway, tell, signal);
    case 'disk-full':
      await gateway.disk.fill(signal);
      return async () => gateway.disk.free(signal);
    case 'sidecar-kill':
      gateway.killSidecar();
      tell('sidecar', 'dead');
      return () => startSidecar(gateway, tell);
    case 'sidecar-restart':
      await endSidecar(gateway, 'SIGTERM', () => tell('sidecar', 'dead'));
      return () => startSidecar(gateway, tell);
    case 'sidecar-handover':
      await endSidecar(gateway, 'SIGUSR2', () => tell('sidecar', 'handed-over'));
      startSidecar(gateway, tell);
      return NOTHING;
    case 'sidecar-abandon':
      await endSidecar(gateway, 'SIGUSR2', () => tell('sidecar', supervise ? 'dead' : 'handed-over'));
      return () => startSidecar(gateway, tell);
    case 'reload-good':
      return reload(gateway, () => gateway.writeConfig({ med: 200 }));
    case 'reload-bad':
      return reload(gateway, () => writeFileSync(gateway.configFile, 'prefixes: [ { prefix: 999.0.0.1/33'));
    case 'sidecar-stop':
      return stopPart(gateway, 'sidecar', tell, watch);
    case 'guard-stop':
      return stopPart(gateway, 'guard', tell, watch);
    case 'exabgp-stop':
      return stopPart(gateway, 'exabgp', tell, watch);
    case 'guard-kill':
      return killPart(gateway, 'guard', tell);
    case 'launcher-kill':
      return killPart(gateway, 'launcher', tell);
    case 'exabgp-kill':
      return killPart(gateway, 'exabgp', tell);
    case 'link-down':
      return cutLink(plan, stage, tell);
    default:
      return kind satisfies never;
  }
}

function killPart(gateway: Gateway, part: 'guard' | 'launcher' | 'exabgp', tell: Tell): Undo {
  gateway.signal(present(gateway.part(part)), 'SIGKILL');
  tell(part, 'dead');
  return NOTHING;
}

function stopPart(
  gateway: Gateway,
  part: 'charon' | 'sidecar' | 'guard' | 'exabgp',
  tell: Tell,
  watch: ObserverWatch,
): Undo {
  const target = present(gateway.part(part));
  const probes = part === 'charon' ? watch.probe(gateway.plan.name) : undefined;
  // What connects to a stopped charon fills its backlog of three, and others are refused then.
  probes?.pause();
  gateway.signal(target, 'SIGSTOP');
  tell(part, 'frozen');
  return () => {
    // Killed meanwhile by whoever noticed: the next one of its kind is told of when it is seen.
    const at = watch.now();
    if (gateway.signal(target, 'SIGCONT')) tell(part, 'well', at);
    probes?.resume();
  };
}

function present(target: ProcessIdentity): ProcessIdentity {
  if (identify(target.pid)?.startTime === target.startTime) return target;
  throw new LabError('LAB_SPOILT', `process ${target.pid} has just ended`);
}

function startSidecar(gateway: Gateway, tell: Tell): void {
  tell('sidecar', 'well');
  gateway.startSidecar();
}

async function endSidecar(gateway: Gateway, how: NodeJS.Signals, told: () => void): Promise<void> {
  const { sidecar } = gateway;
  const identity = identify(sidecar.pid);
  if (identity === undefined) throw new LabError('LAB_SPOILT', `${gateway.plan.name} has no swancast now`);
  gateway.signal(identity, how);
  told();
  if (await hasEnded(identity, EXITS_WITHIN_MS)) return;
  const log = sidecar.logFile;
  throw new LabError(
    'LAB_DEADLINE',
    `expected within ${EXITS_WITHIN_MS} ms: ${sidecar.name} ends after ${how}; log: ${log}`,
  );
}

function reload(gateway: Gateway, write: () => void): Undo {
  const target = present(gateway.part('sidecar'));
  write();
  gateway.signal(target, 'SIGHUP');
  return () => {
    gateway.writeConfig({});
    gateway.signal(target, 'SIGHUP');
  };
}

/** Without a word to the observer: charon counts as well all the time. */
function answerLate(gateway: Gateway, signal: AbortSignal): Undo {
  const over = new AbortController();
  const target = present(gateway.part('charon'));
  const pulses = pulse(target, LATE, Infinity, AbortSignal.any([signal, over.signal])).catch(() => undefined);
  return async () => {
    over.abort();
    await pulses;
  };
}

async function takeAllDescriptors(gateway: Gateway, tell: Tell, signal: AbortSignal): Promise<Undo> {
  const target = present(gateway.part('sidecar'));
  tell('sidecar', 'blind');
  const limit = await takeDescriptors(target.pid, signal);
  return async () => {
    await setLimit(target.pid, limit, signal);
    tell('sidecar', 'well');
  };
}

/** On the router's side, so that the gateway keeps its addresses: it only loses the carrier. */
async function cutLink(plan: GatewayPlan, { lab, signal }: Stage, tell: Tell): Promise<Undo> {
  const { router } = lab.topology.namespaces;
  const ip = async (...lines: readonly string[]): Promise<string> =>
    runCommand(['ip', '-n', router, '-batch', '-'], signal, { input: `${lines.join('\n')}\n` });
  tell('link', 'dead');
  await ip(`link set ${plan.name} down`);
  return async () => {
    tell('link', 'well');
    // The kernel takes the IPv6 addresses away with the link.
    await ip(
      `link set ${plan.name} up`,
      `addr replace ${plan.router6}/64 dev ${plan.name} nodad`,
      `addr replace fe80::1/64 dev ${plan.name} nodad`,
    );
  };
}

async function restartRouter({ lab, signal }: Stage): Promise<Undo> {
  await lab.router.kill();
  return async () => lab.router.start(signal);
}

/** As many busy loops as the machine has for two CPUs, at ordinary priority. */
function hogCpus({ lab, watch }: Stage): Undo {
  const { client } = lab.topology.namespaces;
  watch.tell({ kind: 'strain', at: watch.now(), active: true });
  const hogs = [1, 2].map(() =>
    spawn('ip', ['netns', 'exec', client, process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  return () => {
    for (const hog of hogs) {
      const identity = hog.pid === undefined ? undefined : identify(hog.pid);
      if (identity !== undefined) signalProcess(identity, 'SIGKILL');
    }
    watch.tell({ kind: 'strain', at: watch.now(), active: false });
  };
}
