/** What the control socket is asked about sessions: refused, guarded, kept, carried out. */
import { describe, expect, it } from 'vitest';
import { IntentFileError } from '../../../sidecar/intent-file.ts';
import {
  keptDrain,
  resumedDrain,
  type ResumedDrain,
  type DrainIntent,
} from '../../../sidecar/sessions/drain-intent.ts';
import { parseDrainOrder } from '../../../sidecar/sessions/drain-order.ts';
import { DrainDesk, type DrainDeskOptions } from '../../../sidecar/sessions/orders.ts';
import { Crowd } from './crowd.ts';
import { GW2, policyOf } from './crowd-place.ts';

const ORDER = { who: 'alice', reason: 'reboot', move: 'auto' };

function desk(change: Partial<DrainDeskOptions> = {}) {
  const crowd = new Crowd({ policy: { addresses: 'identity' } }).start();
  const kept: (DrainIntent | undefined)[] = [];
  const logged: string[] = [];
  const options: DrainDeskOptions = {
    policy: () => policyOf({ addresses: 'identity' }),
    state: () => crowd.state,
    members: () => [GW2, { name: 'gw3' }],
    targets: () => [GW2],
    mayDrain: () => ({ ok: true }),
    forced: () => [],
    probe: async () => undefined,
    keep: async (intent) => {
      kept.push(intent);
    },
    dispatch: (event) => crowd.send(event),
    clock: () => ({ now: crowd.now, time: 1_700_000_000_000 }),
    log: (_, text) => logged.push(text),
    ...change,
  };
  const made = new DrainDesk(options);
  made.open();
  return { crowd, kept, logged, options, desk: made };
}

describe('POST /drain', () => {
  it('is refused, as undrain is, until what was ordered before a restart is taken up', async () => {
    const { kept, options } = desk();
    const one = new DrainDesk(options);
    const unavailable = { refused: 'unavailable', why: expect.stringContaining('starting') as string };
    expect(await one.drain(ORDER)).toEqual(unavailable);
    expect(await one.undrain({ who: 'bob' })).toEqual(unavailable);
    expect(kept).toEqual([]);
  });

  it('is kept first, then in effect, and shown', async () => {
    const { crowd, kept, desk: one } = desk();
    const outcome = await one.drain({ ...ORDER, seconds: 60, rate: 7, deadline_seconds: 30 });
    expect(outcome).toMatchObject({
      done: {
        drain: {
          who: 'alice',
          reason: 'reboot',
          method: 'redirect',
          rate_per_second: 7,
          remaining_seconds: 60,
        },
      },
    });
    expect(kept).toEqual([crowd.state.drain?.intent]);
    expect(await one.undrain({ who: 'bob' })).toMatchObject({ done: { drain: null } });
    expect(kept.at(-1)).toBeUndefined();
  });

  it('leaves the drain of somebody else alone, where it is told to', async () => {
    const { crowd, kept, desk: one } = desk();
    const unit = { ...ORDER, who: 'strongswan.service', only_own: true };
    expect(await one.drain(unit)).toMatchObject({ done: { drain: { who: 'strongswan.service' } } });
    expect(await one.undrain({ who: 'strongswan.service', only_own: true })).toMatchObject({
      done: { drain: null },
    });
    await one.drain(ORDER);
    expect(await one.drain(unit)).toMatchObject({ done: { drain: { who: 'alice' } } });
    expect(await one.undrain({ who: unit.who, only_own: true })).toMatchObject({
      done: { drain: { who: 'alice' } },
    });
    expect([crowd.state.drain?.intent.who, kept.length]).toEqual(['alice', 3]);
    expect(await one.undrain({ who: unit.who, only_own: 'yes' })).toMatchObject({ refused: 'bad-order' });
  });

  it.each([
    [{}, /who/],
    [{ ...ORDER, only_own: 1 }, /only_own/],
    [{ ...ORDER, move: 'push' }, /move/],
    [{ ...ORDER, rate: 0 }, /rate/],
    [{ ...ORDER, rate: 1.5 }, /rate/],
    [{ ...ORDER, seconds: -1 }, /seconds/],
    [{ ...ORDER, deadline_seconds: '9' }, /deadline_seconds/],
    [{ ...ORDER, reason: 'a\nb' }, /reason/],
    [{ ...ORDER, force: 'yes' }, /force/],
    [{ ...ORDER, color: 'red' }, /color/],
    [{ ...ORDER, to: 'nowhere' }, /known: gw2, gw3/],
    [{ ...ORDER, to: 'gw1' }, /itself/],
    [{ ...ORDER, move: 'terminate', to: 'gw2' }, /redirect/],
    [[], /object/],
  ])('refuses %j', async (body, why) => {
    const { crowd, kept, desk: one } = desk();
    const outcome = await one.drain(body);
    expect(outcome).toMatchObject({ refused: 'bad-order', why: expect.stringMatching(why) });
    expect(kept).toEqual([]);
    expect(crowd.state.drain).toBeUndefined();
  });

  const guarded: [string, Partial<DrainDeskOptions>, object, RegExp][] = [
    [
      'the last one',
      { mayDrain: () => ({ ok: false, reasons: ['192.0.2.1/32: 0 of the others'] }) },
      {},
      /0 of the others/,
    ],
    [
      'a target where the routers choose',
      { policy: () => policyOf({ addresses: 'pool' }) },
      { to: 'gw2' },
      /nobody would be redirected/,
    ],
    [
      'a prefix that is forced to be announced',
      { forced: () => ['192.0.2.1/32 announce by bob until 12:00: test'] },
      {},
      /what is forced stands above a drain and would hold it on every prefix: 192.0.2.1\/32 announce by bob/,
    ],
    ['a target that is draining, degraded or stale', {}, { to: 'gw3' }, /gw3 is no target now/],
    [
      'a target that does not answer IKE',
      { probe: async () => 'silent' },
      { to: 'gw2' },
      /gw2 does not answer IKE on 10.1.2.2: silent/,
    ],
    ['no target at all', { targets: () => [] }, { move: 'redirect' }, /no healthy gateway/],
    [
      'redirect where addresses do not follow',
      { policy: () => policyOf() },
      { move: 'redirect' },
      /sessions.addresses says pool/,
    ],
  ];
  it.each(guarded)('refuses %s, unless forced or going down', async (_, options, change, why) => {
    const { kept, desk: one } = desk(options);
    expect(await one.drain({ ...ORDER, ...change })).toMatchObject({
      refused: 'guarded',
      why: expect.stringMatching(why),
    });
    expect(kept).toEqual([]);
    expect(await one.drain({ ...ORDER, ...change, force: true })).toHaveProperty('done');
    expect(await one.drain({ ...ORDER, ...change, shutdown: true })).toHaveProperty('done');
  });

  it('changes nothing when it cannot be kept, or swancast is stopping', async () => {
    const full = new IntentFileError('INTENT_UNWRITABLE', 'the disk is full');
    const { crowd, desk: one } = desk({ keep: () => Promise.reject(full) });
    expect(await one.drain(ORDER)).toEqual({
      refused: 'not-kept',
      why: 'the disk is full; nothing was changed',
    });
    expect(crowd.state.drain).toBeUndefined();
    one.close();
    expect(await one.drain(ORDER)).toMatchObject({ refused: 'unavailable' });
  });

  it('says that it holds from the next start on, when swancast stops once it is on the disk', async () => {
    const {
      crowd,
      kept,
      desk: one,
    } = desk({
      keep: async (intent) => {
        kept.push(intent);
        one.close();
      },
    });
    expect(await one.drain(ORDER)).toMatchObject({
      refused: 'unavailable',
      why: expect.stringContaining('was kept'),
    });
    expect([kept.length, crowd.state.drain]).toEqual([1, undefined]);
  });

  it('carries out one order after the other: an undrain waits for what a drain still asks', async () => {
    const { crowd, kept, desk: one } = desk();
    const outcomes = [one.drain({ ...ORDER, to: 'gw2' }), one.undrain({ who: 'bob' })];
    expect(await Promise.all(outcomes)).toMatchObject([{ done: {} }, { done: { drain: null } }]);
    expect([crowd.state.drain, kept.length, kept.at(-1)]).toEqual([undefined, 2, undefined]);
  });

  it('takes a drain that is over out of the file, but not the one that has come meanwhile', async () => {
    const { kept, desk: one } = desk();
    await Promise.all([one.drain(ORDER), one.forget()]);
    expect(kept).toMatchObject([{ who: 'alice' }]);
    await one.undrain({ who: 'bob' });
    await one.forget();
    expect(kept.slice(1)).toEqual([undefined, undefined]);
  });

  it('undrain of what is not drained writes nothing', async () => {
    const { kept, desk: one } = desk();
    expect(await one.undrain({ who: 'bob' })).toHaveProperty('done');
    expect(await one.undrain({})).toMatchObject({ refused: 'bad-order' });
    expect(kept).toEqual([]);
  });
});

describe('a drain over a restart', () => {
  const moment = { now: 5000, time: Date.parse('2026-01-01T00:10:00Z') };
  const kept = {
    ...{
      who: 'alice',
      reason: 'reboot',
      since: '2026-01-01T00:00:00.000Z',
      until: '2026-01-01T01:00:00.000Z',
    },
    ...{ move: 'auto', to: 'gw2', rate_per_second: 100, deadline_seconds: 300 },
  };

  const resume = (raw: unknown, at = moment): ResumedDrain => resumedDrain(raw, at, policyOf());

  it('comes back with the time that is left', () => {
    const { intent, problems } = resume(kept);
    if (intent === undefined) throw new Error('no drain');
    expect(problems).toEqual([]);
    expect(intent).toMatchObject({
      who: 'alice',
      to: 'gw2',
      endsAt: 5000 + 50 * 60_000,
      deadlineMs: 300_000,
    });
    expect(keptDrain(intent)).toEqual(kept);
  });

  it('without an end stays; with its time over it is gone; with a clock set back it lasts no longer than ordered', () => {
    const { until, ...endless } = kept;
    expect(resume(endless)).toMatchObject({ intent: { until: undefined, endsAt: undefined } });
    expect(resume({ ...kept, until: '2026-01-01T00:10:00.000Z' })).toEqual({ problems: [] });
    const back = resume(kept, { now: 0, time: Date.parse('2025-01-01T00:00:00Z') });
    expect(back.intent?.endsAt).toBe(3_600_000);
    expect(until).toBeDefined();
  });

  it.each([
    [null, 'drain', 'null', /object/],
    [[kept], 'drain', 'a list of 1', /object/],
    [{ ...kept, since: 'x' }, 'drain.since', '"x"', /a time/],
    [{ ...kept, until: 'x' }, 'drain.until', '"x"', /a time/],
    [{ ...kept, who: '' }, 'drain.who', '""', /1 to 64/],
  ])('that nobody ordered, or nobody knows until when, is none: %j', (raw, key, value, expected) => {
    const { intent, problems } = resume(raw);
    expect([intent, problems]).toMatchObject([undefined, [{ key, value }]]);
    expect(problems[0]?.expected).toMatch(expected);
    expect(problems[0]?.instead).toBe('the drain is not in effect: order it again with `swancast drain`');
  });

  it.each([
    [{ move: 'x' }, { move: 'auto' }, '"x"', /one of auto, /],
    [{ rate_per_second: 0 }, { ratePerSecond: 100 }, '0', /a whole number from 1 to 10000/],
    [{ deadline_seconds: 'x' }, { deadlineMs: 300_000 }, '"x"', /a whole number from 1 to 86400/],
    [{ to: 7 }, { to: undefined }, '7', /the name of a gateway/],
    [{ reason: {} }, { reason: 'unknown' }, 'an object', /one printable line/],
  ])('holds with a slip in how it is done, which is named: %j', (change, instead, value, expected) => {
    const raw = { ...kept, ...change };
    const good = resume(kept).intent;
    const { intent, problems } = resume(raw);
    expect(intent).toEqual({ ...good, ...instead });
    expect(problems).toMatchObject([{ key: `drain.${Object.keys(change).join()}`, value }]);
    expect(problems[0]?.expected).toMatch(expected);
    expect(problems[0]?.instead).toMatch(
      /^the drain holds, with (auto|100|300|unknown|every healthy gateway) /u,
    );
  });
});

describe('parseDrainOrder', () => {
  it('trims, and leaves out what was not said', () => {
    expect(parseDrainOrder({ ...ORDER, who: ' alice ' })).toEqual(ORDER);
  });
});
