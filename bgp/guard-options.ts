/** The guard's command line, as `guardCommand` of exabgp-conf.ts writes it. */
import { parseArgs } from 'node:util';
import { GUARD_TUNING, type GuardLimits } from './guard-state.ts';

export interface GuardOptions {
  /** The path of the lease socket. */
  readonly socket: string;
  /** What the launcher takes for ExaBGP: to be checked. */
  readonly exabgpPid: number;
  readonly limits: GuardLimits;
}

/** From the arguments of this process. Throws a TypeError that names the option. */
export function guardOptions(): GuardOptions {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string' },
      'local-as': { type: 'string' },
      'ttl-ms': { type: 'string' },
      'max-age-ms': { type: 'string' },
      'handover-ms': { type: 'string' },
      'exabgp-pid': { type: 'string' },
      // Counts the guards that this launcher started: a second one knows that ExaBGP is up already.
      start: { type: 'string', default: '1' },
    },
  });
  const whole = (name: Exclude<keyof typeof values, 'socket'>): number => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`--${name}: a whole number expected`);
    return value;
  };
  if (values.socket === undefined) throw new TypeError('--socket: the path of the lease socket expected');
  const again = whole('start') > 1;
  return {
    socket: values.socket,
    exabgpPid: whole('exabgp-pid'),
    limits: {
      ...GUARD_TUNING,
      ...(again ? { coldSilenceMs: GUARD_TUNING.silenceMs } : {}),
      localAs: whole('local-as'),
      ttlMs: whole('ttl-ms'),
      maxAgeMs: whole('max-age-ms'),
      handoverMs: whole('handover-ms'),
    },
  };
}
