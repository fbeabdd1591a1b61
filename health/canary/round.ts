/**
 * One round of a canary: a real IKEv2 client (a charon of its own) brings up a whole tunnel, traffic goes
 * through it, and it is taken down again, whatever happened. Says how far it got.
 */
import { readSaEvent } from '../sa-event.ts';
import { readIkeSas, StrongswanError, type IkeSa } from '../strongswan.ts';
import { openInitiator, ViciError, type InitiatorClient } from '../vici/index.ts';
import type { Outcome, Stage } from './report.ts';
import { named, sendTraffic, type TrafficTarget } from './traffic.ts';

export interface TunnelPlan {
  readonly name: string;
  /** Names in swanctl.conf of the canary's charon. */
  readonly connection: string;
  readonly child: string;
  /** For IKE_SA and CHILD_SA together. */
  readonly timeoutMs: number;
  readonly traffic: TrafficTarget;
  readonly trafficTimeoutMs: number;
}

/** A charon that has nothing else to do answers at once. */
const CALL_MS = 2000;
/** Longer than charon itself is told to wait, so that it is charon that says so. */
const GRACE_MS = 1000;
/** How long the gateway may take to answer the DELETE, before the IKE_SA is forgotten without. */
const DELETE_MS = 2000;

export async function runRound(plan: TunnelPlan, viciSocket: string, signal: AbortSignal): Promise<Outcome> {
  try {
    // What an earlier canary left would be used instead of a new tunnel.
    await endTunnel(plan.connection, viciSocket);
    return await withClient(viciSocket, signal, (client) => tryTunnel(plan, client, signal));
  } catch (error) {
    if (signal.aborted) return { state: 'broken', detail: 'the canary was told to stop' };
    if (!(error instanceof ViciError) && !(error instanceof StrongswanError)) throw error;
    return { state: 'broken', detail: `the canary's own charon: ${error.message}` };
  } finally {
    await endTunnel(plan.connection, viciSocket).catch(expected);
  }
}

async function tryTunnel(
  { connection, child, timeoutMs, traffic, trafficTimeoutMs }: TunnelPlan,
  client: InitiatorClient,
  signal: AbortSignal,
): Promise<Outcome> {
  const seen = new Progress(connection);
  await client.subscribe(
    ['ike-updown'],
    (_, message) => {
      for (const event of readSaEvent('ike-updown', message)) {
        if (event.kind === 'ike-up' || event.kind === 'ike-down') seen.saw(event.ikeSa, event.kind);
      }
    },
    { deadlineMs: CALL_MS, signal },
  );
  const args = { ike: connection, child, timeout: String(Math.ceil(timeoutMs)) };
  try {
    await client.request('initiate', args, { deadlineMs: timeoutMs + GRACE_MS, signal });
  } catch (error) {
    if (!(error instanceof ViciError) || error.code !== 'VICI_FAILED') throw error;
    if (/ not found|not valid|missing/u.test(error.message)) throw error;
    for (const ikeSa of await listed(client, connection, signal)) seen.saw(ikeSa, undefined);
    return { state: 'fail', failed: seen.stage, detail: `${seen.text}: ${error.message}` };
  }
  const [before] = await listed(client, connection, signal);
  const address = before?.localVips[0] ?? '';
  const reached = await sendTraffic(traffic, address === '' ? undefined : address, trafficTimeoutMs, signal);
  const detail = `${named(traffic)}: ${reached.detail}`;
  if (reached.kind === 'untried') return { state: 'broken', detail };
  if (reached.kind === 'failed') {
    const up = `tunnel up${address === '' ? '' : `, address ${address}`}`;
    return { state: 'fail', failed: 'no-traffic', detail: `${up}, but ${detail}` };
  }
  const after = await listed(client, connection, signal);
  const isThrough = after.some(({ childSas }) => childSas.some(({ packetsIn }) => packetsIn > 0));
  if (!isThrough) {
    const beside = 'an answer, but not through the tunnel: no packet came in by the CHILD_SA';
    return { state: 'fail', failed: 'no-traffic', detail: `${named(traffic)}: ${beside}` };
  }
  return { state: 'pass', detail: `tunnel to ${before?.remote.host ?? '?'}, ${detail}`, address };
}

/** How far the login got, by what charon said of its IKE_SAs. */
class Progress {
  readonly #connection: string;
  #answered = false;
  #up = false;

  constructor(connection: string) {
    this.#connection = connection;
  }

  saw({ connection, responderSpi, state }: IkeSa, event: 'ike-up' | 'ike-down' | undefined): void {
    if (connection !== this.#connection) return;
    this.#answered ||= /[1-9a-f]/u.test(responderSpi);
    this.#up ||= event === 'ike-up' || state === 'ESTABLISHED';
  }

  get stage(): Stage {
    if (this.#up) return 'no-address';
    return this.#answered ? 'no-auth' : 'no-answer';
  }

  get text(): string {
    switch (this.stage) {
      case 'no-address':
        return 'the login was accepted, but no CHILD_SA came of it';
      case 'no-auth':
        return 'the gateway answered, but the login failed';
      default:
        return 'nothing answered IKE_SA_INIT';
    }
  }
}

async function listed(client: InitiatorClient, ike: string, signal: AbortSignal): Promise<IkeSa[]> {
  const found: IkeSa[] = [];
  const args = { ike, noblock: 'yes' };
  for await (const message of client.stream('list-sas', 'list-sa', args, { deadlineMs: CALL_MS, signal })) {
    found.push(...readIkeSas(message).filter(({ connection }) => connection === ike));
  }
  return found;
}

/**
 * Ends every IKE_SA of that connection, with a DELETE while the gateway answers it. On a connection of its own,
 * and whatever the caller's signal says: a tunnel left up would count as a client.
 */
export async function endTunnel(ike: string, viciSocket: string): Promise<void> {
  const never = new AbortController().signal;
  await withClient(viciSocket, never, async (client) => {
    const args = { ike, force: 'yes', timeout: String(DELETE_MS) };
    await client.request('terminate', args, { deadlineMs: DELETE_MS + GRACE_MS }).catch((error: unknown) => {
      // None is there to end.
      if (!(error instanceof ViciError) || error.code !== 'VICI_FAILED') throw error;
    });
  });
}

async function withClient<T>(
  viciSocket: string,
  signal: AbortSignal,
  use: (client: InitiatorClient) => Promise<T>,
): Promise<T> {
  const client = await openInitiator(viciSocket, { deadlineMs: CALL_MS, signal });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

function expected(error: unknown): void {
  if (!(error instanceof ViciError)) throw error;
}
