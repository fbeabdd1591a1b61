import { describe, expect, it } from 'vitest';
import { OverdueWatch } from '../../health/overdue.ts';
import type { IkeSa } from '../../health/strongswan.ts';
import { ViciError } from '../../health/vici/index.ts';

const never = new AbortController().signal;

function setup(list: (signal: AbortSignal) => AsyncIterable<IkeSa>): {
  watch: OverdueWatch;
  at: (ms: number) => void;
} {
  let time = 0;
  const watch = new OverdueWatch({
    link: { listIkeSas: (_, signal) => list(signal) },
    now: () => time,
    allowedSeconds: 30,
    listIntervalMs: 300_000,
  });
  return { watch, at: (ms) => (time = ms) };
}

describe('listing what is overdue', () => {
  it('begins anew soon after it failed, not a whole interval later', async () => {
    let works = false;
    // eslint-disable-next-line require-yield -- there is none
    const { watch, at } = setup(async function* () {
      await Promise.resolve();
      if (!works) throw new ViciError('VICI_TIMEOUT', 'late');
    });
    await watch.list(false, never);
    expect(watch.found).toHaveProperty('kind');
    works = true;
    at(5000);
    await watch.list(false, never);
    expect(watch.found).toMatchObject({ overdue: 0 });
  });

  it('outlives the look that began it', async () => {
    const gate = Promise.withResolvers<void>();
    // eslint-disable-next-line require-yield -- there is none
    const { watch } = setup(async function* (signal) {
      await gate.promise;
      signal.throwIfAborted();
    });
    const look = new AbortController();
    const listed = watch.list(false, look.signal);
    look.abort(new Error('its time is up'));
    await listed;
    expect(watch.found).toBeUndefined();
    gate.resolve();
    await watch.list(false, never);
    expect(watch.found).toMatchObject({ overdue: 0 });
  });
});
