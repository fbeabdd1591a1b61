import { BgpSessions, type SentMessages } from './bgp-sessions.ts';
import type { RealtimeClock } from './clock.ts';
import { LabError } from './lab-error.ts';
import type { Daemon, Processes } from './processes.ts';
import type { Timeline, Where } from './timeline.ts';
import type { GatewayName, Topology } from './topology.ts';
import { PcapReader } from './wire/pcap.ts';

export interface Capture {
  readonly daemon: Daemon;
  /** BGP messages of this gateway that have reached the router so far. */
  sent(gateway: GatewayName): SentMessages;
}

// Each packet at once (immediate mode, -U), with nanoseconds, of all links (hence SLL2). The ring is divided into
// frames of the snapshot length: with the default of 262144 bytes it holds eight, and packets are lost.
const CAPTURE = ['--immediate-mode', '-U', '--time-stamp-precision=nano', '-s', '8192', '-B', '16384'];

/**
 * Watches BGP where a router receives it, by default the first one, and puts what the gateways send on the timeline with the kernel's
 * own times. Resolves once tcpdump listens.
 */
export async function startCapture(
  processes: Processes,
  topology: Topology,
  timeline: Timeline,
  clock: RealtimeClock,
  { namespace, where }: { readonly namespace: string } & Where = { namespace: topology.namespaces.router },
): Promise<Capture> {
  const daemon = processes.start({
    name: `${where ?? 'router'}-tcpdump`,
    namespace,
    argv: ['tcpdump', '-i', 'any', '-n', '-p', ...CAPTURE, '-y', 'LINUX_SLL2', '-w', '-', 'tcp port 179'],
    stdout: 'pipe',
  });
  const stdout = daemon.child.stdout;
  if (stdout === null) throw new LabError('LAB_COMMAND', 'tcpdump has no stdout');
  const sessions = new BgpSessions(topology, where);
  const reader = new PcapReader();
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  stdout.on('data', (chunk: Buffer) => {
    // The file header comes as soon as tcpdump listens.
    resolve();
    for (const segment of reader.push(chunk))
      for (const event of sessions.push(segment)) timeline.add({ ...event, at: clock.toMonotonic(event.at) });
  });
  await Promise.race([ready, daemon.exited]);
  return { daemon, sent: (gateway) => sessions.sent(gateway) };
}
