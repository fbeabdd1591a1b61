import { describe, expect, it } from 'vitest';
import { judge, NO_MEMORY, type WorkerLimits, type WorkerMemory } from '../../../health/checks/workers.ts';
import { snapshot } from '../fixture.ts';
import { limitsOf, scripted } from './scripted.ts';

interface Seen {
  readonly at: number;
  readonly idle?: number;
  readonly low?: number;
  readonly high?: number;
  readonly since?: number;
  readonly down?: true;
}

function walk(own: Partial<WorkerLimits>, ...looks: readonly Seen[]): string[] {
  const limit = limitsOf('workers', own) as WorkerLimits;
  let memory: WorkerMemory = NO_MEMORY;
  return looks.map(({ at, idle = 5, low = 0, high = 0, since, down }) => {
    const plain = snapshot({ total: 0 }, since === undefined ? {} : { startedAt: since });
    const { stats } = plain;
    const active = { critical: 4, high: 0, medium: 5, low: 7 };
    const queues = { critical: 0, high, medium: 0, low };
    const now = { ...stats, workers: { total: 16, idle, active }, queues };
    const look =
      down === true
        ? ({ kind: 'silent', detail: 'x' } as const)
        : ({ kind: 'answered', snapshot: { ...plain, stats: now } } as const);
    const judged = judge(at * 1000, look, limit, memory);
    memory = judged.memory;
    return judged.judgement.verdict === 'pass' ? 'pass' : judged.judgement.reason;
  });
}

const last = (...looks: readonly Seen[]): string | undefined => walk({}, ...looks).at(-1);

describe('workers', () => {
  it.each([
    [
      'none idle and jobs waiting, all the time',
      [0, 5, 10].map((at) => ({ at, idle: 0, low: 1 })),
      'workers-exhausted',
    ],
    ['not for long enough yet', [0, 5, 9].map((at) => ({ at, idle: 0, low: 1 })), 'pass'],
    [
      'one idle in between',
      [
        { at: 0, idle: 0, low: 1 },
        { at: 5, idle: 1, low: 1 },
        { at: 10, idle: 0, low: 1 },
      ],
      'pass',
    ],
    ['none idle, but nothing waits', [0, 5, 10].map((at) => ({ at, idle: 0 })), 'pass'],
    [
      'two looks with a long silence between (dead RADIUS without priority_threads)',
      [
        { at: 0, idle: 0, low: 78 },
        { at: 5, down: true as const },
        { at: 14, idle: 0, low: 106 },
      ],
      'workers-exhausted',
    ],
    [
      'idle, but the low priority stands and grows (dead RADIUS with priority_threads)',
      [
        { at: 0, low: 23 },
        { at: 5, low: 40 },
        { at: 10, low: 83 },
      ],
      'jobs-stuck',
    ],
    ['a queue that stands at its length', [0, 5, 10].map((at) => ({ at, high: 5 })), 'jobs-stuck'],
    [
      'a queue that is worked off',
      [
        { at: 0, low: 90 },
        { at: 5, low: 50 },
        { at: 10, low: 20 },
      ],
      'pass',
    ],
    [
      'a queue that was empty once',
      [
        { at: 0, low: 90 },
        { at: 5, low: 0 },
        { at: 10, low: 90 },
      ],
      'pass',
    ],
    ['a short queue', [0, 5, 10].map((at) => ({ at, low: 4 })), 'pass'],
    ['no answer', [{ at: 0, down: true as const }], 'cause-unknown'],
  ])('%s', (_, looks, expected) => {
    expect(last(...looks)).toBe(expected);
  });

  it('recover as soon as one is idle', () => {
    const stuck = [0, 5, 10].map((at) => ({ at, idle: 0, low: 9 }));
    expect(walk({}, ...stuck, { at: 11 })).toEqual(['pass', 'pass', 'workers-exhausted', 'pass']);
  });
});

describe('a restart', () => {
  const [before, after] = [1_800_000_000_000, 1_800_000_900_000];

  it('is told for a while', () => {
    const looks = [
      { at: 0, since: before },
      { at: 900, since: after },
      { at: 1199, since: after },
      { at: 1200, since: after },
    ];
    expect(walk({}, ...looks)).toEqual(['pass', 'charon-restarted', 'charon-restarted', 'pass']);
    expect(walk({ restartMs: 0 }, ...looks)).toEqual(['pass', 'pass', 'pass', 'pass']);
  });

  it('is not the second that the time of start jumps, nor one that nobody saw', () => {
    expect(walk({}, { at: 0, since: before }, { at: 1, since: before + 1000 })).toEqual(['pass', 'pass']);
  });

  it('begins the watch of the workers anew', () => {
    const stuck = [0, 5].map((at) => ({ at, idle: 0, low: 9, since: before }));
    expect(walk({}, ...stuck, { at: 10, idle: 0, low: 9, since: after }).at(-1)).toBe('charon-restarted');
  });
});

it('observe: a pool of workers that runs dry and recovers', async () => {
  const scene = await scripted('workers');
  const none = { critical: '0', high: '0', medium: '0', low: '0' };
  expect((await scene.look()).value).toBe('7 of 16 workers idle');
  scene.stats = {
    workers: { total: '16', idle: '0', active: { ...none, low: '11' } },
    queues: { ...none, low: '78' },
  };
  for (scene.time = 1000; scene.time < 11_000; scene.time += 1000) expect(await scene.said()).toBe('pass');
  expect(await scene.look()).toEqual({
    verdict: 'fail',
    reason: 'workers-exhausted',
    value: '0 of 16 workers idle, low priority: 11 active, 78 waiting',
  });
  scene.stats = {};
  scene.time += 1000;
  expect(await scene.said()).toBe('pass');
});
