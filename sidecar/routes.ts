/**
 * What is answered to whom. Reading is allowed to everybody who reaches a listener; orders are taken only where
 * `orders` is given, which is on the unix socket.
 *
 *   /healthz  200 while the process runs     /metrics  Prometheus text
 *   /readyz   200 while announced, else 503  /status   the whole state as JSON
 *   /checks   the checks as set up and as they stand
 *   /sessions how a drain goes, with the clients that are left by name: on the unix socket alone
 *   /fleet    all gateways, as heard here    /status?view=fleet, /status?view=drift   what other gateways ask for
 *
 *   POST /force, /release   a small JSON body (order.ts); the answer is the status of the prefixes concerned
 *   POST /drain, /undrain   as well (sessions/orders.ts); the answer is that of /sessions
 *   POST /checks/run        looks now; the answer is the checks that looked, once they have
 */
import type { IncomingMessage } from 'node:http';
import type { Registry } from 'prom-client';
import type { BreakGlass, Outcome } from './break-glass.ts';
import type { CheckDesk } from './check-desk.ts';
import type { DrainDesk, DrainOutcome } from './sessions/orders.ts';
import type { SessionsStatus } from './sessions/progress.ts';
import type { FleetViews } from './fleet/desk.ts';
import type { Status } from './status.ts';

export interface Views {
  status(): Status;
  readonly registry: Registry;
  readonly checks: Pick<CheckDesk, 'list' | 'run'>;
  readonly fleet: FleetViews;
  /** Absent where nothing may be changed. */
  readonly orders?: Pick<BreakGlass, 'force' | 'release'>;
  readonly drains?: Pick<DrainDesk, 'drain' | 'undrain'>;
  readonly sessions?: () => SessionsStatus;
}

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** The methods that are allowed, when this one is not. */
  readonly allow?: string;
  /** How to show who one is, when that was not done. */
  readonly challenge?: string;
}

/** Far more than an order can be long. */
const BODY_MAXIMUM = 4096;

/** Never rejects but for a defect. */
export async function answer(request: IncomingMessage, views: Views): Promise<Reply> {
  const path = request.url?.split('?')[0];
  if (isOrderPath(path)) {
    return await order(request, path, views);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed(request, 'GET, HEAD');
  switch (path) {
    case '/healthz':
      return text(200, 'ok\n');
    case '/readyz': {
      const status = views.status();
      const ready = status.state === 'announced';
      const why = status.prefixes.map((each) => `${each.prefix} ${each.state}: ${each.reason}\n`).join('');
      return text(ready ? 200 : 503, `${status.state}\n${why}`);
    }
    case '/status':
      return statusView(request, views);
    case '/fleet': {
      const report = views.fleet.report();
      return report === undefined ? text(404, NO_FLEET) : json(200, report);
    }
    case '/checks':
      return json(200, views.checks.list());
    case '/sessions':
      return views.sessions === undefined ? text(403, CLIENTS_ELSEWHERE) : json(200, views.sessions());
    case '/metrics':
      return { status: 200, type: views.registry.contentType, body: await views.registry.metrics() };
    default:
      return text(404, 'not here: try /status, /checks, /fleet, /metrics, /healthz or /readyz\n');
  }
}

const ORDER_PATHS = ['/force', '/release', '/checks/run', '/drain', '/undrain'] as const;
type OrderPath = (typeof ORDER_PATHS)[number];

const isOrderPath = (path: string | undefined): path is OrderPath =>
  ORDER_PATHS.some((each) => each === path);

/** Other parameters mean nothing, and do no harm. */
function statusView({ url = '' }: IncomingMessage, views: Views): Reply {
  const view = url.includes('?') ? new URLSearchParams(url.slice(url.indexOf('?'))).get('view') : null;
  switch (view) {
    case null:
      return json(200, views.status());
    case 'fleet':
      return { status: 200, type: 'application/json', body: views.fleet.word() };
    case 'drift':
      return json(200, views.fleet.details());
    default:
      return text(400, 'there is no such view: fleet and drift are, and without one the whole status\n');
  }
}

const CLIENTS_ELSEWHERE =
  'this listener names no clients: ask on the control socket (control.socket), or see the part sessions of /status\n';

/** The command line shows it as it is. */
const NO_FLEET = 'no fleet is configured here: the section fleet of the configuration names the gateways\n';

async function order(request: IncomingMessage, path: OrderPath, views: Views): Promise<Reply> {
  const { orders } = views;
  if (orders === undefined) {
    return text(403, 'this listener is read-only: orders are taken on the control socket (control.socket)\n');
  }
  if (request.method !== 'POST') return notAllowed(request, 'POST');
  const body = await readBody(request);
  if (body === undefined) return text(413, `at most ${BODY_MAXIMUM} bytes expected\n`);
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    return text(400, 'a JSON object expected\n');
  }
  if (path === '/checks/run') {
    const ran = await views.checks.run(raw);
    return 'refused' in ran ? text(400, `${ran.refused}\n`) : json(200, ran);
  }
  if (path === '/drain' || path === '/undrain') {
    if (views.drains === undefined) return text(404, 'nobody moves sessions here\n');
    const drained = path === '/drain' ? await views.drains.drain(raw) : await views.drains.undrain(raw);
    if ('refused' in drained) return text(STATUS_OF[drained.refused], `${drained.why}\n`);
    return json(200, drained.done);
  }
  const outcome = path === '/force' ? await orders.force(raw) : await orders.release(raw);
  if ('refused' in outcome) return text(STATUS_OF[outcome.refused], `${outcome.why}\n`);
  return json(200, {
    prefixes: views.status().prefixes.filter(({ prefix }) => outcome.done.includes(prefix)),
  });
}

type Refusal = Extract<Outcome | DrainOutcome, { refused: unknown }>['refused'];
const STATUS_OF: Readonly<Record<Refusal, number>> = {
  'bad-order': 400,
  guarded: 409,
  unavailable: 503,
  'not-kept': 507,
};

/** undefined: it is too long, or the client went away in the middle of it. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // The connection is still needed, for the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > BODY_MAXIMUM) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

const notAllowed = ({ method }: IncomingMessage, allow: string): Reply => ({
  ...text(405, `${method ?? '?'} is not allowed here: use ${allow.split(',')[0]}\n`),
  allow,
});

const text = (status: number, body: string): Reply => ({ status, type: 'text/plain; charset=utf-8', body });

const json = (status: number, body: unknown): Reply => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(body)}\n`,
});
