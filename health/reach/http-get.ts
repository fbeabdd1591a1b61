/** One HTTP GET, over TLS or not: its own connection, no proxy, no redirect followed, a bounded body. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { errorText } from './error-text.ts';
import { trusted } from './authorities.ts';

export interface GetTarget {
  readonly tls: boolean;
  readonly address: string;
  readonly port: number;
  /** The name for the Host header, for SNI and for the certificate. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  readonly source: string | undefined;
  readonly verify: boolean;
  /** Certification authorities instead of those of this system. */
  readonly ca?: readonly string[];
  /** How much of the body is wanted; 0: the head alone. */
  readonly bodyBytes: number;
}

export type GetOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** No answer in words: refused, reset, timed out, a certificate that does not hold. */
  | { readonly kind: 'failed'; readonly detail: string };

/** Expected failures are outcomes; rejects only when the signal ends it, with its reason. */
export async function httpGet(
  target: GetTarget,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<GetOutcome> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(Math.max(1, Math.round(deadlineMs)));
  const options = {
    host: target.address,
    port: target.port,
    path: target.path,
    headers: { host: hostHeader(target), 'user-agent': 'swancast', connection: 'close', accept: '*/*' },
    signal: AbortSignal.any([signal, deadline]),
    ...(target.source === undefined ? {} : { localAddress: target.source }),
  };
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = target.tls
        ? httpsRequest({
            ...options,
            agent: new HttpsAgent({ keepAlive: false, secureContext: trusted(target.ca) }),
            // RFC 6066 section 3: a literal address is no server name.
            servername: isIP(target.host) === 0 ? target.host : '',
            rejectUnauthorized: target.verify,
          })
        : httpRequest({ ...options, agent: new HttpAgent({ keepAlive: false }) });
      request.once('response', resolve);
      // Stays: what goes wrong after the response has begun is told by the response.
      request.on('error', reject);
      request.end();
    });
    const body = await bodyOf(response, target.bodyBytes);
    return { kind: 'answered', status: response.statusCode ?? 0, body };
  } catch (error) {
    signal.throwIfAborted();
    const detail = deadline.aborted ? `no answer within ${deadlineMs.toFixed(0)} ms` : errorText(error);
    return { kind: 'failed', detail };
  }
}

/** RFC 9110 section 7.2: the port is left out where it is the scheme's own. */
function hostHeader({ tls, host, port }: GetTarget): string {
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${String(port)}`;
}

/** The beginning of the body; the rest is not waited for. */
async function bodyOf(response: IncomingMessage, wanted: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    if (wanted > 0) {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= wanted) break;
      }
    }
  } finally {
    response.on('error', () => undefined).destroy();
  }
  return Buffer.concat(chunks).subarray(0, wanted).toString('utf8');
}
