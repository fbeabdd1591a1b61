import { request } from 'node:http';

/** The part of GET /status that the lab waits for; what is judged is seen from outside. */
export interface SidecarStatus {
  /** "announced", "degraded"… */
  readonly state: string;
  readonly bgp: { readonly lease: string };
}

/** @returns undefined while nobody answers on the control socket */
export async function sidecarStatus(
  controlSocket: string,
  signal: AbortSignal,
): Promise<SidecarStatus | undefined> {
  const { promise, resolve } = Promise.withResolvers<SidecarStatus | undefined>();
  const asked = request({ socketPath: controlSocket, path: '/status', signal }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('end', () => resolve(JSON.parse(text) as SidecarStatus));
    response.on('error', () => resolve(undefined));
  });
  asked.on('error', () => resolve(undefined)).end();
  return promise;
}
