/** The host below: its interfaces and routes, its processors, its kernel's IPsec. */
import { runCommand } from '../run-command.ts';
import type { Daemon } from '../processes.ts';
import type { Stage, Trial } from './trial.ts';

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
    ...SHORT,
    strike: async (stage) => atGateway(stage, '-4', 'route', 'del', 'default'),
    mend: async (stage) =>
      atGateway(stage, '-4', 'route', 'add', 'default', 'via', stage.gateway.plan.router4),
  },
];

/** Twice as many as there may be processors, so that something always waits. */
const HOGS = 8;

function cpuTrial(): Trial {
  let hogs: readonly Daemon[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(hogs.map(async (hog) => hog.end('SIGKILL')));
  };
  return {
    check: 'host',
    cause: `${String(HOGS)} programs that take all the CPU there is`,
    setting: 'crowd',
    checks: () => [
      { name: 'host', type: 'host', ...QUICK, limits: { cpu_pressure_percent: 60, clock: 'any' } },
    ],
    reason: 'cpu-pressure',
    decision: 'announced',
    // Both are averages over a minute.
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

export const HOST_TRIALS: readonly Trial[] = [...INTERFACES, clearTextTrial(), cpuTrial()];

async function atGateway({ gateway, signal }: Stage, ...words: readonly string[]): Promise<void> {
  await runCommand(['ip', '-n', gateway.plan.namespace, ...words], signal);
}

async function atBackend({ lab, signal }: Stage, ...words: readonly string[]): Promise<void> {
  await runCommand(['ip', '-n', lab.topology.namespaces.backend, ...words], signal);
}
