import { describe, expect, it } from 'vitest';
import {
  judge,
  remember,
  type RekeyLimits,
  type RekeyMemory,
  type RekeySample,
} from '../../../health/checks/rekey.ts';
import { NONE, tally, type Overdue } from '../../../health/overdue.ts';
import { RekeyTally } from '../../../health/rekey-tally.ts';
import { readChildSa, readIkeSa, type IkeSa } from '../../../health/strongswan.ts';
import { section, type Message } from '../../../health/vici/index.ts';
import { limitsOf, scripted } from './scripted.ts';

const sample = (at: number, exchanges = 0, done = 0, alerts = 0): RekeySample => ({
  at: at * 1000,
  exchanges,
  done,
  alerts,
});
const late = (overdue: number, installed = 100): Overdue => ({ installed, overdue, connections: ['ra'] });

function said(
  own: Partial<RekeyLimits>,
  overdue: Overdue | undefined,
  ...samples: readonly RekeySample[]
): string {
  const limit = limitsOf('rekey', own) as RekeyLimits;
  const memory = samples.reduce<RekeyMemory>((all, each) => remember(all, each, limit.windowMs), []);
  const judgement = judge({ kind: 'seen', sample: samples.at(-1) ?? sample(0), overdue }, limit, memory);
  return judgement.verdict === 'pass' ? 'pass' : judgement.reason;
}

describe('rekeys', () => {
  const quiet = [sample(0), sample(10)];

  it.each([
    ['none due', late(0), quiet, 'pass'],
    ['not listed yet', undefined, quiet, 'pass'],
    ['a tenth overdue', late(10), quiet, 'rekeys-overdue'],
    ['less than a tenth', late(9), quiet, 'pass'],
    ['of two CHILD_SAs both', late(2, 2), quiet, 'pass'],
    ['of three CHILD_SAs all', late(3, 3), quiet, 'rekeys-overdue'],
    ['exchanges that lead to nothing', late(0), [sample(0, 10, 9), sample(10, 15, 9)], 'rekeys-failing'],
    ['exchanges that lead to rekeys', late(0), [sample(0, 10, 9), sample(10, 90, 89)], 'pass'],
    ['two exchanges for each rekey (INVALID_KE_PAYLOAD)', late(0), [sample(0), sample(10, 40, 20)], 'pass'],
    ['few exchanges', late(0), [sample(0), sample(10, 4, 0)], 'pass'],
    ['exchanges of before the window', late(0), [sample(0), sample(10, 9, 0), sample(350, 9, 0)], 'pass'],
    ['counters that began anew', late(0), [sample(0, 99, 99), sample(10, 4, 0)], 'pass'],
    ['both', late(50), [sample(0), sample(10, 50, 0)], 'rekeys-overdue'],
  ] as const)('%s', (_, overdue, samples, expected) => {
    expect(said({}, overdue, ...samples)).toBe(expected);
  });

  it('say how many alerts came along', () => {
    const limit = limitsOf('rekey') as RekeyLimits;
    const memory = [sample(0), sample(10, 5, 0, 5)];
    const judged = judge({ kind: 'seen', sample: sample(10, 5, 0, 5), overdue: late(0) }, limit, memory);
    expect(judged.value).toBe('5 of 5 CREATE_CHILD_SA exchanges led to nothing, 5 alerts');
  });

  it('are unknown while charon does not answer', () => {
    const judged = judge({ kind: 'silent', detail: 'x' }, limitsOf('rekey') as RekeyLimits, []);
    expect(judged).toEqual({ verdict: 'unknown', reason: 'cause-unknown', value: 'x' });
  });
});

const ike = (connection: string, ...children: readonly (readonly [string, number?])[]): IkeSa => ({
  ...readIkeSa(connection, Object.assign(section(), { uniqueid: '7', state: 'ESTABLISHED' })),
  childSas: children.map(([state, rekeyIn], index) =>
    readChildSa(
      'net',
      Object.assign(section(), {
        uniqueid: String(index),
        state,
        ...(rekeyIn === undefined ? {} : { 'rekey-time': String(rekeyIn) }),
      }),
    ),
  ),
});

it('a listing counts CHILD_SAs that carry traffic and are late by more than is allowed', () => {
  const listed = [
    ike('ra', ['INSTALLED', -31], ['INSTALLED', -30], ['REKEYING', -99], ['REKEYED', -99], ['INSTALLED']),
    ike('ra', ['INSTALLED', 900]),
    ike('site', ['UPDATING', -40]),
  ];
  expect(listed.reduce((found, each) => tally(found, each, 30), NONE)).toEqual({
    installed: 5,
    overdue: 3,
    connections: ['ra', 'site'],
  });
});

it('exchanges count against rekeys of either kind, and against further CHILD_SAs of an IKE_SA', () => {
  const counted = new RekeyTally();
  counted.apply({ kind: 'ike-up', ikeSa: ike('ra') });
  counted.apply({ kind: 'child-up', ikeSa: ike('ra', ['INSTALLED', 9]) });
  counted.apply({ kind: 'child-up', ikeSa: ike('ra', ['INSTALLED', 9]) });
  for (const type of ['ts-mismatch', 'unique-replace', 'install-child-sa-failed'])
    counted.apply({ kind: 'alert', type });
  const counters = new Map([
    ['create-child-in-req', 4],
    ['create-child-out-req', 3],
    ['child-rekey', 2],
    ['ike-rekey-init', 1],
    ['ike-rekey-resp', 1],
  ]);
  expect(counted.with(counters)).toEqual({ exchanges: 7, done: 5, alerts: 2 });
  expect(counted.with(undefined)).toEqual({ exchanges: 0, done: 0, alerts: 2 });
});

it('observe: counters make it list early, and what is listed decides', async () => {
  const scene = await scripted('rekey', { overdueMinimum: 2 });
  const listings = (): number => scene.charon.requests.filter((name) => name === 'list-sas').length;
  const child = (id: number, rekey: string): Message => ({
    [`net-${String(id)}`]: { uniqueid: String(id), state: 'INSTALLED', 'rekey-time': rekey },
  });
  const list = (rekey: string): void => {
    scene.charon.on('list-sas', () => [
      {
        ra: { uniqueid: '1', state: 'ESTABLISHED', 'child-sas': { ...child(1, rekey), ...child(2, rekey) } },
      },
    ]);
  };
  list('100');
  expect(await scene.look()).toEqual({ verdict: 'pass', value: '0 of 2 CHILD_SAs overdue' });
  list('-50');
  scene.time = 10_000;
  expect(await scene.said()).toBe('pass');
  expect(listings()).toBe(1);
  scene.counters = { 'create-child-out-req': 2, 'child-rekey': 0 };
  scene.time = 20_000;
  expect(await scene.look()).toEqual({
    verdict: 'fail',
    reason: 'rekeys-overdue',
    value: '2 of 2 CHILD_SAs overdue (ra)',
  });
  list('3000');
  scene.counters = { 'create-child-out-req': 4, 'child-rekey': 2 };
  scene.time = 30_000;
  expect(await scene.said()).toBe('pass');
  expect(listings()).toBe(3);
  scene.time = 40_000;
  expect(await scene.said()).toBe('pass');
  expect(listings()).toBe(3);
});

it('an IKE_SA without a CHILD_SA yet is still known as fresh under its new number', () => {
  const counted = new RekeyTally();
  const old = { ...ike('ra'), uniqueId: 1 };
  const renewed = { ...ike('ra', ['INSTALLED', 9]), uniqueId: 2 };
  counted.apply({ kind: 'ike-up', ikeSa: old });
  counted.apply({ kind: 'ike-rekeyed', old, new: renewed });
  counted.apply({ kind: 'child-up', ikeSa: renewed });
  expect(counted.with(new Map()).done).toBe(0);
});
