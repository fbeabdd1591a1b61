/** The check `ike-probe`: a worker of charon answers an IKE_SA_INIT that is sent to an address of this host. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import { isLocal, probePort, type ProbeOutcome } from '../ike/probe.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import type { HealthReason } from '../reason.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  address: {
    doc: 'The address to probe, as a rule the anycast address itself. It must be on this host (on lo), so that no other gateway can answer in its place.',
    format: 'ip',
    default: null,
  },
  ports: {
    doc: 'UDP ports that must answer. Every port but 500 gets the four zero bytes that tell IKE from ESP, as on 4500.',
    format: 'port-list',
    default: [500, 4500],
  },
  source: {
    doc: 'The address to probe from; empty: the kernel chooses, which is the probed address itself.',
    format: 'ip-or-empty',
    default: '',
  },
} as const satisfies LimitSchema;

/** The port without the non-ESP marker (RFC 7296 section 2.23). */
const PLAIN_PORT = 500;

// ----------------------------------------------------------------------------------------------- judge

export type Observation =
  /** Undefined: this host has no descriptor left to find out. */
  | { readonly local: false | undefined; readonly address: string }
  | {
      readonly local: true;
      readonly ports: readonly { readonly port: number; readonly outcome: ProbeOutcome }[];
    };

/** Worst first: the first outcome that some port has names the failure. */
const FAILURES: readonly (readonly [ProbeOutcome['kind'], HealthReason])[] = [
  ['no-address', 'address-missing'],
  ['refused', 'ike-refused'],
  ['silent', 'ike-silent'],
  ['blocked', 'ike-silent'],
  ['receiver', 'ike-workers-stuck'],
  ['overloaded', 'ike-overloaded'],
];

/** Whoever answers is alive, however badly it serves. */
const ANSWERS: ReadonlySet<ProbeOutcome['kind']> = new Set(['worker', 'overloaded', 'receiver']);

export const EXHAUSTED = {
  verdict: 'unknown',
  reason: 'host-exhausted',
  value: 'the addresses of this host cannot be listed',
} as const satisfies Judgement;

/** Every port must do: clients start on 500 and go on on 4500. */
export function judge(observation: Observation): Judgement {
  if (observation.local === undefined) return EXHAUSTED;
  if (!observation.local) {
    const value = `${observation.address} is on no interface of this host`;
    return { verdict: 'fail', reason: 'address-missing', value };
  }
  const value = observation.ports.map(({ port, outcome }) => `${String(port)}: ${said(outcome)}`).join(', ');
  const answered = observation.ports.some(({ outcome }) => ANSWERS.has(outcome.kind));
  for (const [kind, reason] of FAILURES) {
    if (observation.ports.some(({ outcome }) => outcome.kind === kind)) {
      return { verdict: 'fail', reason, value, ...(answered ? { provesAlive: true } : {}) };
    }
  }
  const exhausted = observation.ports.some(({ outcome }) => outcome.kind === 'exhausted');
  return exhausted ? { ...EXHAUSTED, value } : { verdict: 'pass', value };
}

function said(outcome: ProbeOutcome): string {
  switch (outcome.kind) {
    case 'worker':
      return `${outcome.answer} in ${outcome.ms.toFixed(1)} ms`;
    case 'overloaded':
      return 'COOKIE, and then no answer from a worker';
    case 'receiver':
      return 'only the receiver thread answers';
    case 'silent':
      return 'no answer';
    case 'refused':
      return 'refused, nobody listens';
    case 'no-address':
      return `cannot be reached (${outcome.detail})`;
    case 'exhausted':
      return `not asked (${outcome.detail})`;
    case 'blocked':
      return `not let out of this host (${outcome.detail})`;
    default:
      return never(outcome);
  }
}

const never = (outcome: never): never => {
  throw new Error(`no such outcome: ${String(outcome)}`);
};

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<LimitsOf<typeof limits>>, { now }: World): Check {
  const { limits: own, ...check } = options;
  const { address, ports } = own;
  const source = own.source === '' ? undefined : own.source;
  // Three tries fit into the timeout, with a tenth to spare.
  const times = { tryMs: check.pace.timeoutMs * 0.3, now };
  return {
    ...check,
    async observe(signal) {
      const local = await isLocal(address, signal);
      if (local !== true) return judge({ local, address });
      const probed = ports.map(async (port) => {
        const target = { address, port, marker: port !== PLAIN_PORT, source };
        return { port, outcome: await probePort(target, times, signal) };
      });
      return judge({ local: true, ports: await Promise.all(probed) });
    },
  };
}
