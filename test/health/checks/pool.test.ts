import { describe, expect, it } from 'vitest';
import { judge, type PoolLimits } from '../../../health/checks/pool.ts';
import { readPools } from '../../../health/pools.ts';
import { firstRecorded } from '../fixture.ts';
import { limitsOf, scripted } from './scripted.ts';

const pool = (name: string, online: number, size = 10): ReturnType<typeof readPools>[0] => ({
  name,
  size,
  online,
  offline: 0,
});
const said = (pools: ReturnType<typeof readPools>, own: Partial<PoolLimits> = {}): string => {
  const judgement = judge({ kind: 'answered', answer: pools }, limitsOf('pool', own) as PoolLimits);
  return judgement.verdict === 'pass' ? 'pass' : judgement.reason;
};

describe('pools', () => {
  it.each([
    ['with room', [pool('a', 8)], {}, 'pass'],
    ['nearly full', [pool('a', 9)], {}, 'pool-filling'],
    ['full', [pool('a', 10)], {}, 'pool-exhausted'],
    ['one of two full', [pool('a', 1), pool('b', 10)], {}, 'pool-exhausted'],
    ['full, but not the one that matters', [pool('a', 1), pool('b', 10)], { pools: ['a'] }, 'pass'],
    ['not there', [pool('a', 1)], { pools: ['a', 'b'] }, 'pool-missing'],
    ['without a size (DHCP)', [pool('a', 5, 0)], {}, 'pass'],
    ['none at all', [], {}, 'pass'],
    ['said to be full early', [pool('a', 5)], { exhaustedPercent: 50 }, 'pool-exhausted'],
    ['full, not to be told', [pool('a', 10)], { exhaustedPercent: 0, fillingPercent: 0 }, 'pass'],
    ['nearly full, not to be told', [pool('a', 9)], { fillingPercent: 0 }, 'pass'],
    ['called __proto__', [pool('__proto__', 10)], { pools: ['__proto__'] }, 'pool-exhausted'],
  ] as const)('%s', (_, pools, own, expected) => {
    expect(said(pools, own)).toBe(expected);
  });

  it('are unknown while charon does not answer', () => {
    const judged = judge({ kind: 'silent', detail: 'x' }, limitsOf('pool') as PoolLimits);
    expect(judged).toEqual({ verdict: 'unknown', reason: 'cause-unknown', value: 'x' });
  });

  it('are read from what charon 5.9.8 says', () => {
    expect(readPools(firstRecorded('get-pools'))).toEqual([
      { name: 'vips', size: 254, online: 1, offline: 0 },
    ]);
  });
});

it('observe: a pool fills and empties again', async () => {
  const scene = await scripted('pool');
  expect(await scene.look()).toEqual({ verdict: 'pass', value: 'vips: 1 of 254 leased, 0 kept' });
  const fill = (online: string): void => {
    scene.charon.on('get-pools', () => ({ vips: { base: '10.3.1.0', size: '2', online, offline: '0' } }));
  };
  fill('2');
  expect(await scene.said()).toBe('pool-exhausted');
  fill('1');
  expect(await scene.said()).toBe('pass');
  await scene.charon.crash();
  expect(await scene.said()).toBe('cause-unknown');
});
