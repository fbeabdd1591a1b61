/** A RADIUS server that hears everything and says nothing, on a gateway's side of the backend. */
import { once } from 'node:events';
import type { Daemon, Processes } from './processes.ts';
import type { GatewayPlan, Topology } from './topology.ts';

export async function startDeadRadius(
  processes: Processes,
  topology: Topology,
  { name, backendSide }: GatewayPlan,
  signal: AbortSignal,
): Promise<Daemon> {
  const program = `require('node:dgram').createSocket('udp4').bind(1812, '${backendSide}', () => console.log('ready'))`;
  const server = processes.start({
    name: `backend-radius-${name}`,
    namespace: topology.namespaces.backend,
    argv: [process.execPath, '-e', program],
    stdout: 'pipe',
  });
  if (server.child.stdout !== null) await once(server.child.stdout, 'data', { signal });
  server.child.stdout?.destroy();
  return server;
}
