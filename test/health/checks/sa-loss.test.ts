import { describe, expect, it } from 'vitest';
import { judge, NO_MEMORY, type LossLimits, type LossMemory } from '../../../health/checks/sa-loss.ts';
import { SaLosses } from '../../../health/sa-losses.ts';
import { readIkeSa, type IkeSa } from '../../../health/strongswan.ts';
import { section, type Message } from '../../../health/vici/index.ts';
import { snapshot } from '../fixture.ts';
import { limitsOf, scripted } from './scripted.ts';

const ike = (state: string, id: string, eap?: string): IkeSa => {
  const fields = {
    uniqueid: '1',
    state,
    'remote-id': id,
    ...(eap === undefined ? {} : { 'remote-eap-id': eap }),
  };
  return readIkeSa('ra', Object.assign(section(), fields));
};

describe('what is lost', () => {
  const after = (...steps: readonly (readonly ['up' | 'down', string, string?, string?])[]): number => {
    const losses = new SaLosses(300_000);
    for (const [index, [way, state, id = 'a', eap]] of steps.entries()) {
      losses.apply({ kind: way === 'up' ? 'ike-up' : 'ike-down', ikeSa: ike(state, id, eap) }, index);
    }
    return losses.count;
  };

  it.each([
    ['given up while established', [['down', 'ESTABLISHED']], 1],
    ['given up while it was rekeyed', [['down', 'REKEYING']], 1],
    ['ended by a DELETE', [['down', 'DELETING']], 0],
    ['a login that failed', [['down', 'CONNECTING']], 0],
    [
      'a client that came back',
      [
        ['down', 'ESTABLISHED'],
        ['up', 'ESTABLISHED'],
      ],
      0,
    ],
    [
      'another client that came',
      [
        ['down', 'ESTABLISHED'],
        ['up', 'ESTABLISHED', 'b'],
      ],
      1,
    ],
    [
      'one of two of one identity',
      [
        ['down', 'ESTABLISHED'],
        ['down', 'ESTABLISHED'],
        ['up', 'ESTABLISHED'],
      ],
      1,
    ],
    [
      'told apart by their EAP identity',
      [
        ['down', 'ESTABLISHED', '%any', 'joe'],
        ['up', 'ESTABLISHED', '%any', 'ann'],
      ],
      1,
    ],
  ] as const)('%s', (_, steps, expected) => {
    expect(after(...steps)).toBe(expected);
  });

  describe('after a withdrawal', () => {
    const of = (uniqueId: number, state = 'ESTABLISHED'): IkeSa => ({
      ...ike(state, String(uniqueId)),
      uniqueId,
    });
    const withdrawnAt = (at: number): SaLosses => {
      const losses = new SaLosses(300_000);
      losses.apply({ kind: 'ike-up', ikeSa: of(1) }, at - 1);
      losses.withdrawn(at);
      return losses;
    };

    it('is not a client from before it: that may have moved away', () => {
      const losses = withdrawnAt(1000);
      losses.apply({ kind: 'ike-down', ikeSa: of(1) }, 15_000);
      losses.apply({ kind: 'ike-down', ikeSa: of(2, 'REKEYING') }, 301_000);
      expect(losses.count).toBe(0);
      losses.apply({ kind: 'ike-down', ikeSa: of(3) }, 301_001);
      expect(losses.count).toBe(1);
    });

    it('is a client that came since, or was heard', () => {
      const losses = withdrawnAt(1000);
      losses.apply({ kind: 'ike-up', ikeSa: of(2) }, 2000);
      losses.apply({ kind: 'ike-rekeyed', old: of(1), new: of(3) }, 2000);
      losses.apply({ kind: 'ike-down', ikeSa: of(2) }, 15_000);
      losses.apply({ kind: 'ike-down', ikeSa: of(3) }, 15_000);
      expect(losses.count).toBe(2);
    });
  });

  it('is forgotten with time, and bounded', () => {
    const losses = new SaLosses(300_000);
    for (let n = 0; n < 25_000; n += 1)
      losses.apply({ kind: 'ike-down', ikeSa: ike('ESTABLISHED', String(n)) }, n);
    expect(losses.count).toBe(20_000);
    losses.forget(24_989);
    expect(losses.count).toBe(10);
  });
});

interface Seen {
  readonly at: number;
  readonly total: number;
  readonly lost?: number;
  readonly announced?: boolean;
  readonly since?: number;
  readonly down?: true;
}

function walk(own: Partial<LossLimits>, ...looks: readonly Seen[]): string[] {
  let memory: LossMemory = NO_MEMORY;
  return looks.map(({ at, total, lost = 0, announced = true, since, down }) => {
    const seen = snapshot({ total }, since === undefined ? {} : { startedAt: since });
    const look =
      down === true
        ? ({ kind: 'silent', detail: 'x' } as const)
        : ({ kind: 'answered', snapshot: seen } as const);
    const judged = judge(
      { at: at * 1000, look, lost, announced },
      limitsOf('sa-loss', own) as LossLimits,
      memory,
    );
    memory = judged.memory;
    return judged.judgement.verdict === 'pass' ? 'pass' : judged.judgement.reason;
  });
}

describe('a share of the peak', () => {
  it.each([
    [
      'is too much',
      [
        { at: 0, total: 100 },
        { at: 5, total: 80, lost: 20 },
      ],
      'sas-lost',
    ],
    [
      'is just not',
      [
        { at: 0, total: 100 },
        { at: 5, total: 81, lost: 19 },
      ],
      'pass',
    ],
    [
      'of a few clients is no matter',
      [
        { at: 0, total: 9 },
        { at: 5, total: 0, lost: 9 },
      ],
      'pass',
    ],
    [
      'is held against what there was before',
      [
        { at: 0, total: 900 },
        { at: 5, total: 20, lost: 20 },
      ],
      'pass',
    ],
    [
      'is held against a recent peak only',
      [
        { at: 0, total: 900 },
        { at: 301, total: 50, lost: 20 },
        { at: 602, total: 50, lost: 20 },
      ],
      'sas-lost',
    ],
    [
      'while withdrawn is no loss: they went elsewhere',
      [
        { at: 0, total: 100 },
        { at: 5, total: 9, lost: 90, announced: false },
      ],
      'pass',
    ],
    ['is not known without charon', [{ at: 0, total: 100, down: true }], 'cause-unknown'],
  ] as const)('%s', (_, looks, expected) => {
    expect(walk({}, ...looks).at(-1)).toBe(expected);
  });
});

it('observe: clients vanish, and come back', async () => {
  const scene = await scripted('sa-loss', { lossMinimum: 2 });
  const { charon } = scene;
  const client = (id: string, state: string): Message => ({
    ra: { uniqueid: id, state, 'remote-id': id },
  });
  scene.stats = { ikesas: { total: '6', 'half-open': '0' } };
  expect(await scene.said()).toBe('pass');
  charon.emit('ike-updown', client('1', 'DELETING'));
  charon.emit('ike-updown', client('2', 'ESTABLISHED'));
  charon.emit('ike-updown', client('3', 'ESTABLISHED'));
  scene.time = 5000;
  expect(await scene.look()).toEqual({ verdict: 'fail', reason: 'sas-lost', value: '2 of 6 IKE_SAs lost' });
  charon.emit('ike-updown', { up: 'yes', ...client('3', 'ESTABLISHED') });
  scene.time = 10_000;
  expect(await scene.said()).toBe('pass');
  charon.emit('ike-updown', client('4', 'ESTABLISHED'));
  scene.time = 15_000;
  expect(await scene.said()).toBe('sas-lost');
  scene.announced = false;
  scene.time = 20_000;
  expect(await scene.said()).toBe('pass');
  scene.announced = true;
  scene.time = 25_000;
  expect(await scene.said()).toBe('pass');
});
