/** Something behind the gateways that can be reached, and ended. */
import { once } from 'node:events';
import type { Daemon } from '../processes.ts';
import type { Stage } from './trial.ts';

/** In SERVICE_NET, in nobody's block: on the backend all of it is local. */
export const SERVICE_HOST = '10.10.250.4';

const TCP = (port: number): string =>
  `require('node:net').createServer((s) => s.on('error', () => {}).end()).listen(${port}, '${SERVICE_HOST}', () => console.log('up'))`;
const HTTP = (port: number): string =>
  `require('node:http').createServer((q, r) => r.end('all is well')).listen(${port}, '${SERVICE_HOST}', () => console.log('up'))`;

const PROGRAMS = { tcp: TCP, http: HTTP } as const;

/** What it needs to know of a stage. */
export interface ServiceStage extends Pick<Stage, 'signal' | 'defer'> {
  readonly lab: Pick<Stage['lab'], 'processes' | 'topology'>;
}

/** Resolves once it listens. */
export async function startService(
  { lab, signal, defer }: ServiceStage,
  kind: keyof typeof PROGRAMS,
  port: number,
): Promise<Daemon> {
  const daemon = lab.processes.start({
    name: `backend-${kind}-${String(port)}`,
    namespace: lab.topology.namespaces.backend,
    argv: [process.execPath, '-e', PROGRAMS[kind](port)],
    stdout: 'pipe',
  });
  defer(async () => daemon.end('SIGKILL'));
  if (daemon.child.stdout !== null) await once(daemon.child.stdout, 'data', { signal });
  daemon.child.stdout?.destroy();
  return daemon;
}
