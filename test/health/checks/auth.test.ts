import { describe, expect, it } from 'vitest';
import { judge, type AuthLimits, type AuthMemory } from '../../../health/checks/auth.ts';
import type { FailedLogin } from '../../../health/login-tally.ts';
import type { Message } from '../../../health/vici/index.ts';
import { limitsOf, scripted } from './scripted.ts';

interface Seen {
  readonly at: number;
  readonly halfOpen?: number;
  readonly requests?: number;
  readonly established?: number;
  /** Failed logins, seconds:address. */
  readonly failed?: readonly string[];
  readonly since?: number;
  readonly down?: true;
}

function walk(own: Partial<AuthLimits>, ...looks: readonly Seen[]): string[] {
  const limit = limitsOf('auth', own) as AuthLimits;
  let memory: AuthMemory = [];
  return looks.map(({ at, halfOpen = 0, requests, established = 0, failed = [], since = 0, down }) => {
    const failures = failed.map((text): FailedLogin => {
      const [then, from = ''] = text.split(':');
      return { at: Number(then) * 1000, from };
    });
    const sample = { at: at * 1000, startedAt: since, halfOpen, requests, established };
    const observation =
      down === true
        ? ({ kind: 'silent', detail: 'x' } as const)
        : ({ kind: 'seen', sample, failed: failures } as const);
    const judged = judge(observation, limit, memory);
    memory = judged.memory;
    return judged.judgement.verdict === 'pass' ? 'pass' : judged.judgement.reason;
  });
}

const FIVE = ['5:a', '6:a', '7:b', '8:c', '9:c'];

describe('logins that fail', () => {
  it.each([
    ['all of them', { at: 10, failed: FIVE }, {}, 'logins-failing'],
    [
      'four of five',
      { at: 10, failed: [...FIVE, '9:d', '9:e', '9:f'], established: 2 },
      {},
      'logins-failing',
    ],
    ['less than the share', { at: 10, failed: FIVE, established: 2 }, {}, 'pass'],
    ['too few to mean anything', { at: 10, failed: FIVE.slice(1) }, {}, 'pass'],
    [
      'of two clients that try for ever',
      { at: 10, failed: Array(90).fill('5:a').concat('6:b') as string[] },
      {},
      'pass',
    ],
    ['longer ago than the window', { at: 80, failed: FIVE }, {}, 'pass'],
    ['that do not matter', { at: 10, failed: FIVE }, { failedPercent: 0 }, 'pass'],
  ] as const)('%s', (_, seen, own, expected) => {
    expect(walk(own, { at: 0 }, seen).at(-1)).toBe(expected);
  });

  it('are over when clients get in again', () => {
    const looks = [{ at: 0 }, { at: 10, failed: FIVE }, { at: 20, failed: FIVE, established: 9 }];
    expect(walk({}, ...looks)).toEqual(['pass', 'logins-failing', 'pass']);
  });
});

describe('logins that get stuck', () => {
  const stuck = [0, 5, 10, 15].map((at) => ({ at, halfOpen: 30, requests: at * 10 }));

  it.each([
    ['nobody gets in', stuck, {}, 'logins-stuck'],
    ['not for long enough', stuck.slice(0, 3), {}, 'pass'],
    ['a few get in', stuck.map((seen) => ({ ...seen, established: seen.at / 3 })), {}, 'logins-stuck'],
    ['many get in: a rush', stuck.map((seen) => ({ ...seen, established: seen.at * 2 })), {}, 'pass'],
    [
      'none were half-open in between',
      stuck.map((seen) => ({ ...seen, halfOpen: seen.at === 5 ? 0 : 30 })),
      {},
      'pass',
    ],
    [
      'without IKE_AUTH: a flood of IKE_SA_INIT, or a miscount',
      stuck.map((seen) => ({ ...seen, requests: 7 })),
      {},
      'pass',
    ],
    [
      'nobody gets in, and only as many IKE_AUTH are taken up as there are workers to get stuck',
      stuck.map((seen) => ({ ...seen, requests: seen.at > 0 ? 7 : 0 })),
      {},
      'logins-stuck',
    ],
    [
      'a flood of IKE_SA_INIT, and a few logins that get in',
      stuck.map((seen) => ({ ...seen, requests: seen.at, established: seen.at / 5 })),
      {},
      'pass',
    ],
    ['without the plugin counters', stuck.map(({ at, halfOpen }) => ({ at, halfOpen })), {}, 'logins-stuck'],
    ['switched off', stuck, { stuckPercent: 0 }, 'pass'],
    ['fewer than matter', stuck.map((seen) => ({ ...seen, halfOpen: 4 })), {}, 'pass'],
  ] as const)('%s', (_, looks, own, expected) => {
    expect(walk(own, ...looks).at(-1)).toBe(expected);
  });

  it('are over when they got in, and forgotten with a new charon', () => {
    expect(walk({}, ...stuck, { at: 16, requests: 300, established: 30 }).at(-1)).toBe('pass');
    expect(walk({}, ...stuck, { at: 16, halfOpen: 30, requests: 300, since: 99_000 }).at(-1)).toBe('pass');
  });

  it('are unknown while charon does not answer, and remembered', () => {
    expect(
      walk({}, ...stuck.slice(0, 3), { at: 12, down: true }, { at: 15, halfOpen: 30, requests: 150 }).slice(
        3,
      ),
    ).toEqual(['cause-unknown', 'logins-stuck']);
  });
});

const login = (uniqueid: number, state: string, from: string, connection = 'ra'): Message => ({
  [connection]: { uniqueid: String(uniqueid), state, 'remote-host': from },
});

it('observe: clients are turned away, then let in', async () => {
  const scene = await scripted('auth', { clientsMinimum: 3 });
  const { charon } = scene;
  expect(await scene.said()).toBe('pass');
  for (let n = 0; n < 9; n += 1) {
    charon.emit('ike-updown', login(n, 'CONNECTING', '203.0.113.9', '(unnamed)'));
  }
  scene.time = 5000;
  expect(await scene.said()).toBe('pass');
  for (let n = 0; n < 6; n += 1) {
    charon.emit('ike-updown', login(n, 'CONNECTING', `203.0.113.${String(n % 3)}`));
  }
  scene.time = 10_000;
  expect(await scene.look()).toEqual({
    verdict: 'fail',
    reason: 'logins-failing',
    value: '6 logins from 3 addresses failed, 0 got in',
  });
  for (let n = 10; n < 20; n += 1) {
    charon.emit('ike-updown', { up: 'yes', ...login(n, 'ESTABLISHED', '203.0.113.1') });
  }
  scene.time = 15_000;
  expect(await scene.said()).toBe('pass');
});

it('observe: clients hang, then get in', async () => {
  const scene = await scripted('auth');
  for (; scene.time < 15_000; scene.time += 5000) {
    scene.stats = { ikesas: { total: '30', 'half-open': '30' } };
    scene.counters = { 'ike-auth-in-req': scene.time };
    expect(await scene.said()).toBe('pass');
  }
  expect(await scene.said()).toBe('logins-stuck');
  scene.stats = { ikesas: { total: '30', 'half-open': '0' } };
  scene.time += 1000;
  expect(await scene.said()).toBe('pass');
});
