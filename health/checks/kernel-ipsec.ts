/** The check `kernel-ipsec`: the kernel drops few IPsec packets, and few clients land here without state. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import { askCounters } from '../counters.ts';
import { readXfrmStatistics, type XfrmStatistics } from '../host/xfrm-statistics.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { rateOf, type Counted } from '../rate.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  in_errors_per_second: {
    doc: 'More dropped inbound packets per second than this (XfrmIn…, XfrmFwd…, without XfrmInNoStates) are too many. Anybody can send such packets, so give this check no class that withdraws. 0: any.',
    format: 'nat',
    default: 10,
  },
  out_errors_per_second: {
    doc: 'More dropped outbound packets per second than this (XfrmOut…) are too many. 0: any.',
    format: 'nat',
    default: 10,
  },
  no_states_per_second: {
    doc: 'More inbound packets per second than this for which no CHILD_SA is here (XfrmInNoStates) are too many; with a growing count of IKE messages for unknown IKE_SAs they are clients of another gateway. 0: any.',
    format: 'nat',
    default: 10,
  },
} as const satisfies LimitSchema;

export type KernelIpsecLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export interface Observation {
  /** Per second and counter. Undefined: the first look, or the counters began anew. */
  readonly rates: XfrmStatistics | undefined;
  /** Growth of charon's counter `invalid-spi` since the look before; undefined: not known. */
  readonly invalidSpis: number | undefined;
}

const NO_STATES = 'XfrmInNoStates';

/** Undefined: the kernel has no such counters. */
export function judge(observation: Observation | undefined, limit: KernelIpsecLimits): Judgement {
  if (observation === undefined) {
    const value = '/proc/net/xfrm_stat is not there';
    return { verdict: 'unknown', reason: 'kernel-without-xfrm-statistics', value };
  }
  const { rates, invalidSpis } = observation;
  if (rates === undefined) return { verdict: 'pass', value: 'counting begins' };
  const noStates = rates[NO_STATES] ?? 0;
  const inbound = growing(rates, (name) => /^Xfrm(In|Fwd)/.test(name) && name !== NO_STATES);
  const outbound = growing(rates, (name) => name.startsWith('XfrmOut'));
  if (above(noStates, limit.noStatesPerSecond)) {
    const value = `${perSecond(noStates)} packets for CHILD_SAs that are not here`;
    return invalidSpis !== undefined && invalidSpis > 0
      ? {
          verdict: 'fail',
          reason: 'clients-without-state',
          value: `${value}, ${String(invalidSpis)} IKE messages for unknown IKE_SAs`,
        }
      : { verdict: 'fail', reason: 'ipsec-errors-in', value };
  }
  if (above(inbound.sum, limit.inErrorsPerSecond)) {
    return { verdict: 'fail', reason: 'ipsec-errors-in', value: inbound.text };
  }
  if (above(outbound.sum, limit.outErrorsPerSecond)) {
    return { verdict: 'fail', reason: 'ipsec-errors-out', value: outbound.text };
  }
  const value = `dropped: ${perSecond(inbound.sum + noStates)} in, ${perSecond(outbound.sum)} out`;
  return { verdict: 'pass', value };
}

/** The counters of a kind together, and those that grow by name, the fastest first. */
function growing(
  rates: XfrmStatistics,
  isOfKind: (name: string) => boolean,
): { readonly sum: number; readonly text: string } {
  const found = Object.entries(rates)
    .filter(([name, rate]) => isOfKind(name) && rate > 0)
    .sort(([, a], [, b]) => b - a);
  return {
    sum: found.reduce((sum, [, rate]) => sum + rate, 0),
    text: found.map(([name, rate]) => `${name} ${perSecond(rate)}`).join(', '),
  };
}

const above = (rate: number, maximum: number): boolean => maximum > 0 && rate > maximum;

const perSecond = (rate: number): string => `${rate.toFixed(rate < 10 ? 1 : 0)}/s`;

// --------------------------------------------------------------------------------------------- observe

/** `proc`: where procfs is; a test has a tree of its own. */
export function create(
  options: CheckOptions<KernelIpsecLimits>,
  { link, now }: { readonly link: Pick<World['link'], 'ask'>; readonly now: () => number },
  proc?: string,
): Check {
  const { limits: own, ...check } = options;
  let before: Counted<string> | undefined;
  let spisBefore: number | undefined;
  return {
    ...check,
    async observe(signal) {
      // Without charon's word the kernel's own still counts.
      const asked = await link.ask(askCounters, check.pace.timeoutMs / 2, signal);
      const spis = asked.kind === 'answered' ? asked.answer?.get('invalid-spi') : undefined;
      const counters = readXfrmStatistics(proc);
      const invalidSpis =
        spis !== undefined && spisBefore !== undefined && spis >= spisBefore ? spis - spisBefore : undefined;
      spisBefore = spis;
      if (counters === undefined) return judge(undefined, own);
      const counted = { at: now(), counters };
      const rates = before === undefined ? undefined : rateOf(before, counted);
      before = counted;
      return judge({ rates, invalidSpis }, own);
    },
  };
}
