/** The host below: its interfaces and routes, its processors, its kernel's IPsec. */
import { processDescriptors, readPressure } from '../../../health/host/vitals.ts';
import { readXfrmStatistics } from '../../../health/host/xfrm-statistics.ts';
import { LabError } from '../lab-error.ts';
import type { Daemon } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import type { Stage, Trial, TrialCheck } from './trial.ts';
import { PREFIX4 } from '../topology.ts';

const SHORT = { seenWithinMs: 20_000, recoveredWithinMs: 30_000 } as const;
const QUICK = { interval_seconds: 0.5, fast_interval_seconds: 0.5, timeout_seconds: 0.4 } as const;

const INTERFACES: readonly Trial[] = [
  {
    check: 'interface',
    cause: 'the cable to the inside pulled: no carrier',
    setting: 'crowd',
    checks: () => [{ name: 'interface', type: 'interface', ...QUICK, limits: { device: 'eth1' } }],
    reason: 'interface-down',
    decision: 'withdrawn',
    ...SHORT,
    strike: async (stage) => atBackend(stage, 'link', 'set', stage.gateway.plan.name, 'down'),
    mend: async (stage) => {
      const { name, pool, link } = stage.gateway.plan;
      await atBackend(stage, 'link', 'set', name, 'up');
      await atBackend(stage, 'route', 'replace', pool, 'via', link);
    },
  },
  {
    check: 'interface',
    cause: 'the IPv4 default route deleted',
    setting: 'crowd',
    checks: () => [
      { name: 'interface', type: 'interface', ...QUICK, limits: { device: 'eth0', default_route: 'ipv4' } },
    ],
    reason: 'default-route-missing',
    decision: 'withdrawn',
    prefixes: [PREFIX4],
    ...SHORT,
    strike: async (stage) => atGateway(stage, '-4', 'route', 'del', 'default'),
    mend: async (stage) =>
      atGateway(stage, '-4', 'route', 'add', 'default', 'via', stage.gateway.plan.router4),
  },
];

/** What it says of the whole host is whatever runs here besides the lab: only what is asked for counts. */
const hostCheck = (limits: Readonly<Record<string, unknown>>): TrialCheck => ({
  name: 'host',
  type: 'host',
  ...QUICK,
  limits: {
    cpu_pressure_percent: 0,
    memory_pressure_percent: 0,
    io_pressure_percent: 0,
    memory_available_percent: 0,
    charon_growth_percent: 0,
    clock: 'any',
    ...limits,
  },
});

/** charon may open few files more than it has open. */
function descriptorTrial(): Trial {
  let before = 0;
  return {
    check: 'host',
    cause: "charon's limit of file descriptors lowered to just above what it uses",
    setting: 'crowd',
    checks: () => [hostCheck({ file_descriptors_percent: 80 })],
    reason: 'file-descriptors-low',
    decision: 'announced',
    ...SHORT,
    strike: async (stage) => {
      const { pid } = stage.gateway.part('charon');
      const use = processDescriptors(pid);
      if (use === undefined)
        throw new LabError('LAB_SPOILT', `the descriptors of pid ${String(pid)} are gone`);
      before = use.limit;
      stage.defer(async () => limitDescriptors(stage, before));
      await limitDescriptors(stage, Math.ceil(use.used / 0.9));
    },
    mend: async (stage) => limitDescriptors(stage, before),
  };
}

/** The soft limit. */
async function limitDescriptors({ gateway, signal }: Stage, limit: number): Promise<void> {
  const pid = String(gateway.part('charon').pid);
  await runCommand(['prlimit', '--pid', pid, `--nofile=${String(limit)}:`], signal);
}

/** Twice as many as there may be processors, so that something always waits. */
const HOGS = 8;

/** What runs here besides the lab presses too, and may come and go: so much more than there was must be our own. */
const MORE_PRESSURE_PERCENT = 25;
/** With more than this from others, ours would neither stand out nor be seen to end. */
const BUSY_PERCENT = 60;

function withoutPressure(): string | undefined {
  const { cpu } = readPressure();
  if (cpu === undefined) return 'this kernel has no PSI (/proc/pressure)';
  return cpu > BUSY_PERCENT
    ? `the CPUs are busy with other things already: pressure ${cpu.toFixed(0)} %`
    : undefined;
}

function cpuTrial(): Trial {
  let hogs: readonly Daemon[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(hogs.map(async (hog) => hog.end('SIGKILL')));
  };
  return {
    check: 'host',
    cause: `${String(HOGS)} programs that take all the CPU there is`,
    setting: 'crowd',
    skip: withoutPressure,
    checks: () => [
      hostCheck({ cpu_pressure_percent: Math.ceil(readPressure().cpu ?? 0) + MORE_PRESSURE_PERCENT }),
    ],
    reason: 'cpu-pressure',
    decision: 'announced',
    // It is an average over a minute.
    seenWithinMs: 120_000,
    recoveredWithinMs: 120_000,
    strike: async ({ lab, gateway, defer }) => {
      defer(end);
      hogs = Array.from({ length: HOGS }, (_, index) =>
        lab.processes.start({
          name: `hog-${String(index + 1)}`,
          namespace: gateway.plan.namespace,
          argv: ['nice', '-n', '19', process.execPath, '-e', 'for (;;);'],
        }),
      );
      return Promise.resolve();
    },
    mend: end,
  };
}

/** The kernel has no ESP here, but it has policies: what comes in clear where they want ESP is dropped and counted. */
function clearTextTrial(): Trial {
  let sender: Daemon | undefined;
  const policy = (stage: Stage, verb: 'add' | 'del'): readonly string[] => {
    const { backendSide, link } = stage.gateway.plan;
    const selector = ['src', `${backendSide}/32`, 'dst', `${link}/32`, 'dir', 'in'];
    const template = ['tmpl', 'src', backendSide, 'dst', link, 'proto', 'esp', 'mode', 'tunnel'];
    return ['xfrm', 'policy', verb, ...selector, ...(verb === 'add' ? template : [])];
  };
  return {
    check: 'kernel-ipsec',
    cause: 'packets in clear where a policy wants ESP',
    setting: 'crowd',
    skip: () =>
      readXfrmStatistics() === undefined
        ? 'this kernel counts no IPsec errors (/proc/net/xfrm_stat, CONFIG_XFRM_STATISTICS)'
        : undefined,
    checks: () => [
      { name: 'kernel-ipsec', type: 'kernel-ipsec', ...QUICK, limits: { in_errors_per_second: 5 } },
    ],
    reason: 'ipsec-errors-in',
    decision: 'announced',
    ...SHORT,
    strike: async (stage) => {
      const { lab, gateway, defer } = stage;
      await atGateway(stage, ...policy(stage, 'add'));
      const daemon = lab.processes.start({
        name: 'backend-ping',
        namespace: lab.topology.namespaces.backend,
        argv: ['ping', '-q', '-i', '0.02', gateway.plan.link],
      });
      sender = daemon;
      defer(async () => daemon.end('SIGKILL'));
    },
    mend: async (stage) => {
      await sender?.end('SIGKILL');
      await atGateway(stage, ...policy(stage, 'del'));
    },
  };
}

export const HOST_TRIALS: readonly Trial[] = [...INTERFACES, clearTextTrial(), descriptorTrial(), cpuTrial()];

async function atGateway({ gateway, signal }: Stage, ...words: readonly string[]): Promise<void> {
  await runCommand(['ip', '-n', gateway.plan.namespace, ...words], signal);
}

async function atBackend({ lab, signal }: Stage, ...words: readonly string[]): Promise<void> {
  await runCommand(['ip', '-n', lab.topology.namespaces.backend, ...words], signal);
}
