/** The check `pool`: pools of virtual addresses are loaded and have an address left for the next client. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { readPools, type Pool } from '../pools.ts';
import type { Answer } from '../question.ts';
import type { HealthReason } from '../reason.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  pools: {
    doc: 'Names of the pools that must be loaded and have room. Where one pool takes over from another, name the last. Empty: every pool that is loaded.',
    format: 'text-list',
    default: [],
  },
  exhausted_percent: {
    doc: 'A pool with this share of its addresses leased to connected clients is exhausted. 0: never.',
    format: 'percent',
    default: 100,
  },
  filling_percent: {
    doc: 'A pool with this share of its addresses leased to connected clients is reported before it is exhausted. 0: not.',
    format: 'percent',
    default: 90,
  },
} as const satisfies LimitSchema;

export type PoolLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export function judge(look: Answer<readonly Pool[]>, limit: PoolLimits): Judgement {
  if (look.kind !== 'answered') {
    return { verdict: 'unknown', reason: 'cause-unknown', value: look.detail };
  }
  const loaded = new Map(look.answer.map((pool) => [pool.name, pool]));
  const missing = limit.pools.filter((name) => !loaded.has(name));
  if (missing.length > 0) return fail('pool-missing', `not loaded: ${missing.join(', ')}`);
  // A pool without a size leaves the addresses to others (DHCP): charon knows no fill.
  const pools = look.answer
    .filter(({ name, size }) => size > 0 && (limit.pools.length === 0 || limit.pools.includes(name)))
    .sort((a, b) => b.online / b.size - a.online / a.size);
  const value = pools.map(said).join(', ');
  const [fullest] = pools;
  if (fullest === undefined) return { verdict: 'pass', value: 'no pools' };
  if (limit.exhaustedPercent > 0 && filled(fullest, limit.exhaustedPercent))
    return fail('pool-exhausted', value);
  if (limit.fillingPercent > 0 && filled(fullest, limit.fillingPercent)) return fail('pool-filling', value);
  return { verdict: 'pass', value };
}

const fail = (reason: HealthReason, value: string): Judgement => ({ verdict: 'fail', reason, value });

const filled = ({ online, size }: Pool, percent: number): boolean => online * 100 >= size * percent;

const said = ({ name, online, offline, size }: Pool): string =>
  `${name}: ${String(online)} of ${String(size)} leased, ${String(offline)} kept`;

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<PoolLimits>, { link }: World): Check {
  const { limits: own, ...check } = options;
  const deadlineMs = check.pace.timeoutMs * 0.9;
  return {
    ...check,
    async observe(signal) {
      const look = await link.ask(
        async (client, call) => readPools(await client.request('get-pools', undefined, call)),
        deadlineMs,
        signal,
      );
      return judge(look, own);
    },
  };
}
