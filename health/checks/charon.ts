/** The check `charon`: VICI answers `stats` within its deadline, and connections are loaded. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { Look } from '../charon-link.ts';
import type { Down } from '../down.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  connections_minimum: {
    doc: 'Fewer loaded connections than this mean "not configured". Below 1 a gateway that no client can log in to is announced.',
    format: 'nat',
    default: 1,
  },
} as const satisfies LimitSchema;

// ----------------------------------------------------------------------------------------------- judge

export function judge(look: Look, { connectionsMinimum }: LimitsOf<typeof limits>): Judgement {
  if (look.kind !== 'answered') return judgeDown(look);
  const { version, stats, connections } = look.snapshot;
  const loaded = counted(connections.length, 'connection');
  if (connections.length < connectionsMinimum) {
    return { verdict: 'fail', reason: 'no-connections', value: `${version.version}, ${loaded}` };
  }
  return {
    verdict: 'pass',
    value: `${version.version}, ${counted(stats.ikeSas.total, 'IKE_SA')}, ${loaded}`,
  };
}

function judgeDown({ kind, detail: value }: Down): Judgement {
  switch (kind) {
    case 'gone':
      return { verdict: 'fail', reason: 'charon-gone', value };
    case 'silent':
      return { verdict: 'fail', reason: 'vici-silent', value };
    case 'denied':
      return { verdict: 'fail', reason: 'vici-denied', value };
    case 'stranger':
      return { verdict: 'fail', reason: 'not-charon', value };
    case 'stopped':
      return { verdict: 'unknown', reason: 'check-timed-out', value };
    default:
      return never(kind);
  }
}

const counted = (count: number, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`;

const never = (kind: never): never => {
  throw new Error(`no such state of the link: ${String(kind)}`);
};

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<LimitsOf<typeof limits>>, { link }: World): Check {
  const { limits: own, ...check } = options;
  // A little under the timeout: silence must become a failure with a name, not an unknown.
  const deadlineMs = check.pace.timeoutMs * 0.9;
  return {
    ...check,
    async observe(signal) {
      return judge(await link.look(deadlineMs, signal), own);
    },
    watch(emit, look) {
      // Once per outage: the link goes on trying every few milliseconds, and each try would count as a failure.
      let told = false;
      const stops = [
        link.onDown((down) => {
          if (down.kind !== 'gone' || told) return;
          told = true;
          emit(judge(down, own));
        }),
        link.onUp(() => {
          told = false;
          look();
        }),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
