/** Gets the report of a canary, from its unix socket or by HTTP. */
import { request, type IncomingMessage } from 'node:http';
import { readReport, type CanaryReport } from './report.ts';

/** The report, or in a few words why there is none. */
export type Fetched = CanaryReport | { readonly absent: string };

/** Far more than 256 tunnels need. */
const SIZE_MAXIMUM = 1024 * 1024;

/** `source`: an absolute path, or "http://HOST:PORT". Rejects only when the signal ends it, with its reason. */
export async function fetchReport(source: string, deadlineMs: number, signal: AbortSignal): Promise<Fetched> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(Math.max(1, Math.round(deadlineMs)));
  try {
    const response = await ask(source, AbortSignal.any([signal, deadline]));
    const body = await bodyOf(response);
    if (response.statusCode !== 200) {
      return { absent: `${source} answered with HTTP status ${String(response.statusCode)}` };
    }
    return readReport(JSON.parse(body)) ?? { absent: `${source} answered, but is no canary of swancast` };
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return { absent: `${source}: no answer in time` };
    if (error instanceof SyntaxError) return { absent: `${source} answered, but is no canary of swancast` };
    return { absent: `${source}: ${codeOf(error)}` };
  }
}

/** Asks a canary for a round out of turn. A canary that is not there is told of by its silence, not here. */
export async function urgeCanary(source: string, deadlineMs: number): Promise<void> {
  try {
    const response = await ask(source, AbortSignal.timeout(deadlineMs), { method: 'POST', path: '/round' });
    response.resume();
  } catch {
    // See above.
  }
}

function ask(
  source: string,
  signal: AbortSignal,
  options: { readonly method?: string; readonly path?: string } = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const given = { path: '/', ...options, signal, agent: false as const };
    const call = source.startsWith('/')
      ? request({ socketPath: source, ...given })
      : request(new URL(given.path, source), given);
    call.once('response', resolve);
    // Stays: what goes wrong after the response has begun is told by the response.
    call.on('error', reject);
    call.end();
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > SIZE_MAXIMUM) throw new Error(`more than ${String(SIZE_MAXIMUM)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};
