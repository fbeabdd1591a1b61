/** The check `tunnel-path`: enough of the endpoints behind the gateway can be reached from it. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { Endpoint, LimitSchema, LimitsOf } from '../limits.ts';
import { trusted } from '../reach/authorities.ts';
import type { Reached } from '../reach/outcome.ts';
import { reach as systemReach } from '../reach/reach.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  endpoints: {
    doc: 'What clients want to reach through this gateway. Better things that only this gateway may lose than things that all gateways lose together.',
    format: 'endpoints',
    default: null,
  },
  minimum: {
    doc: 'How many of them must be reached. 0: all.',
    format: 'nat',
    default: 0,
  },
  source: {
    doc: 'The address to go out from, for endpoints of its family: one of the addresses that clients get shows that the way back works too. Empty: the kernel chooses.',
    format: 'ip-or-empty',
    default: '',
  },
} as const satisfies LimitSchema;

export type TunnelPathLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export interface Tried {
  readonly endpoint: Endpoint;
  readonly reached: Reached;
}

/** Too few is only what is too few even if those that could not be tried would have been reached. */
export function judge(tried: readonly Tried[], minimum: number): Judgement {
  const count = (kind: Reached['kind']): number =>
    tried.filter(({ reached }) => reached.kind === kind).length;
  const needed = minimum === 0 ? tried.length : minimum;
  const [reached, untried] = [count('reached'), count('untried')];
  const value = summary(tried, reached, needed);
  if (reached >= needed) return { verdict: 'pass', value };
  if (reached + untried >= needed) return { verdict: 'unknown', reason: 'program-unusable', value };
  const reason = reached + untried === 0 ? 'inside-unreachable' : 'inside-below-minimum';
  return { verdict: 'fail', reason, value };
}

/** The rest is counted: thirty endpoints that time out need not all be read out. */
const SHOWN = 4;

function summary(tried: readonly Tried[], reached: number, needed: number): string {
  const missing = tried.filter(({ reached: { kind } }) => kind !== 'reached');
  const shown = missing.slice(0, SHOWN).map(({ endpoint, reached: { detail } }) => {
    return `${nameOf(endpoint)}: ${detail}`;
  });
  const more = missing.length - shown.length;
  return [
    `${String(reached)} of ${String(tried.length)} reached, ${String(needed)} needed`,
    ...shown,
    ...(more > 0 ? [`and ${String(more)} more`] : []),
  ].join('; ');
}

const nameOf = ({ type, target, port }: Endpoint): string => {
  const host = target.includes(':') && port !== undefined ? `[${target}]` : target;
  return `${type} ${host}${port === undefined ? '' : `:${String(port)}`}`;
};

// --------------------------------------------------------------------------------------------- observe

/** So many at once; the others wait, so that a long list neither floods the inside nor takes all our sockets. */
export const AT_ONCE = 8;

export function create(
  options: CheckOptions<TunnelPathLimits>,
  _world: unknown,
  reach: typeof systemReach = systemReach,
): Check {
  const { limits: own, ...check } = options;
  const { endpoints, minimum, source } = own;
  if (endpoints.some(({ type }) => type === 'tls' || type === 'https')) trusted();
  const rounds = Math.max(1, Math.ceil(endpoints.length / AT_ONCE));
  // Even if all of them are silent, every round fits into the timeout, with a tenth to spare.
  const deadlineMs = (check.pace.timeoutMs * 0.9) / rounds;
  return {
    ...check,
    async observe(signal) {
      const tried: Tried[] = [];
      const waiting = [...endpoints.entries()];
      const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const [index, endpoint] = next;
          tried[index] = { endpoint, reached: await reach(endpoint, source, deadlineMs, signal) };
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, endpoints.length) }, worker));
      return judge(tried, minimum);
    },
  };
}
