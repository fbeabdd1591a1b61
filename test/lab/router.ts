import { chownSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LabError } from './lab-error.ts';
import type { Daemon, Processes } from './processes.ts';
import { runCommand } from './run-command.ts';
import type { Topology } from './topology.ts';

export type RouterKind = 'bird' | 'frr';
export const ROUTER_KINDS: readonly RouterKind[] = ['bird', 'frr'];

const TEMPLATES = fileURLToPath(new URL('../../deploy/routers/', import.meta.url));
const LISTENS_WITHIN_MS = 5000;
/** ":00B3" is port 179 and state 0A is LISTEN in /proc/net/tcp (Documentation/networking/proc_net_tcp). */
const LISTENING_ON_BGP = /^\s*\d+: [0-9A-F]+:00B3 [0-9A-F]+:0000 0A /m;

/** Starts the router's BGP daemon with the very file a user would take, and waits until it listens in both families. */
export async function startRouter(
  kind: RouterKind,
  processes: Processes,
  topology: Topology,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const namespace = topology.namespaces.router;
  mkdirSync(directory);
  switch (kind) {
    case 'bird': {
      const control = ['-s', join(directory, 'bird.ctl'), '-P', join(directory, 'bird.pid')];
      const argv = ['bird', '-f', '-c', join(TEMPLATES, 'bird.conf'), ...control] as const;
      await listens(processes.start({ name: 'router-bird', namespace, argv: [...argv] }), signal);
      return;
    }
    case 'frr': {
      // The daemons give up root, and make their sockets here as their own user.
      const user = Number((await runCommand(['id', '-u', 'frr'], signal)).trim());
      chownSync(directory, user, Number((await runCommand(['id', '-g', 'frr'], signal)).trim()));
      const zserv = join(directory, 'zserv.api');
      const common = (name: string): string[] => [
        ...['-z', zserv, '-i', join(directory, `${name}.pid`), '--vty_socket', directory],
        ...['--log', 'stdout', '--log-level', 'informational'],
      ];
      const zebra = processes.start({
        name: 'router-zebra',
        namespace,
        argv: ['/usr/lib/frr/zebra', '-f', '/dev/null', ...common('zebra')],
      });
      await until(zebra, `zebra makes ${zserv}`, () => hasSocket(zebra.pid, zserv), signal);
      const argv = [
        '/usr/lib/frr/bgpd',
        '-f',
        join(TEMPLATES, 'frr.conf'),
        '-p',
        '179',
        ...common('bgpd'),
      ] as const;
      await listens(processes.start({ name: 'router-bgpd', namespace, argv: [...argv] }), signal);
      return;
    }
    default: {
      const unknown: never = kind;
      return unknown;
    }
  }
}

/** /proc/PID/net shows the sockets of the process's own namespace. */
async function listens(daemon: Daemon, signal: AbortSignal): Promise<void> {
  const files = ['tcp', 'tcp6'].map((file) => `/proc/${daemon.pid}/net/${file}`);
  const listening = (): boolean => files.every((file) => LISTENING_ON_BGP.test(readFileSync(file, 'utf8')));
  await until(daemon, 'it listens on TCP port 179 in both families', listening, signal);
}

function hasSocket(pid: number, path: string): boolean {
  return readFileSync(`/proc/${pid}/net/unix`, 'utf8').includes(path);
}

/**
 * False while `ip netns exec` has not yet gone into the namespace: /proc/PID/net would still show the machine's
 * own sockets. False too once the process has ended, which is reported elsewhere.
 */
function isInside(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net');
  } catch {
    return false;
  }
}

async function until(
  daemon: Daemon,
  what: string,
  condition: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + LISTENS_WITHIN_MS;
  while (!isInside(daemon.pid) || !condition()) {
    signal.throwIfAborted();
    if (performance.now() > deadline)
      throw new LabError(
        'LAB_DEADLINE',
        `${daemon.name}: expected within ${LISTENS_WITHIN_MS} ms: ${what}; log: ${daemon.logFile}`,
      );
    await delay(5);
  }
}
