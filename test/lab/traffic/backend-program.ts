/** One program of this directory in the backend's namespace, on the service address of every client. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Processes } from '../processes.ts';
import type { Topology } from '../topology.ts';

/** Resolves once it has said on stdout that it listens. */
export async function startBackend(
  processes: Processes,
  { namespaces, clients }: Pick<Topology, 'namespaces' | 'clients'>,
  { file, port }: { readonly file: 'echo' | 'peer'; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  const program = fileURLToPath(new URL(`${file}.ts`, import.meta.url));
  const daemon = processes.start({
    name: `backend-${file}`,
    namespace: namespaces.backend,
    argv: [process.execPath, program, String(port), ...clients.map(({ service }) => service)],
    stdout: 'pipe',
  });
  if (daemon.child.stdout !== null) await once(daemon.child.stdout, 'data', { signal });
  daemon.child.stdout?.destroy();
}
