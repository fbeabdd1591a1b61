import { describe, expect, it } from 'vitest';
import { judge, type EcmpSplitLimits, type SplitMemory } from '../../../health/checks/ecmp-split.ts';
import { limitsOf, scripted } from './scripted.ts';

interface Seen {
  /** Seconds. */
  readonly at: number;
  readonly halfOpen?: number;
  readonly inits?: number;
  readonly auths?: number;
  readonly unknown?: number;
  readonly since?: number;
  readonly down?: true;
  readonly uncounted?: true;
}

/** What is said of each look. */
function walk(own: Partial<EcmpSplitLimits>, looks: readonly Seen[]): string[] {
  const limit = limitsOf('ecmp-split', own) as unknown as EcmpSplitLimits;
  let memory: SplitMemory = [];
  return looks.map(({ at, halfOpen = 0, inits = 0, auths = 0, unknown = 0, since = 0, down, uncounted }) => {
    const counts = uncounted === true ? undefined : { inits, auths, unknown };
    const sample = { at: at * 1000, startedAt: since, halfOpen, counts };
    const judged = judge(
      down === true ? { kind: 'silent', detail: 'x' } : { kind: 'seen', sample },
      limit,
      memory,
    );
    memory = judged.memory;
    return judged.judgement.verdict === 'pass' ? 'pass' : judged.judgement.reason;
  });
}

const looks = (seconds: number, seen: (at: number) => Omit<Seen, 'at'>): Seen[] =>
  Array.from({ length: seconds / 5 + 1 }, (_, n) => ({ at: n * 5, ...seen(n * 5) }));

/** Our own probe adds to the IKE_SA_INIT: four of them every five seconds. */
const probes = (at: number): number => (at / 5) * 4;

/** A dozen clients on a router that hashes on ports: half of them ask here, the other half is sent here for IKE_AUTH. */
const SPLIT = (at: number): Omit<Seen, 'at'> => ({
  halfOpen: 6,
  inits: probes(at) + Math.floor(at / 28) * 6,
  auths: 2,
  unknown: Math.floor(at / 12) * 6,
});

describe('clients that are split', () => {
  it('are seen after as long as it lasts, and not before', () => {
    const said = walk({}, looks(625, SPLIT));
    expect(said.slice(0, 120).every((word) => word === 'pass')).toBe(true);
    expect(said.slice(120)).toEqual(Array(6).fill('clients-split'));
  });

  it('are seen although all of them try at once, and are half-open for 30 s of 165', () => {
    const some = (at: number): Omit<Seen, 'at'> => {
      const [round, second] = [Math.floor(at / 165), at % 165];
      const sent = [0, 4, 11, 24, 47, 89].filter((when) => when <= second).length;
      return {
        halfOpen: second < 30 ? 4 : 0,
        inits: probes(at) + (round + 1) * 4,
        unknown: (round * 6 + sent) * 4,
      };
    };
    const said = walk({}, looks(2000, some));
    expect(new Set(said.slice(120))).toEqual(new Set(['clients-split']));
  });

  it('are over when the router hashes on addresses', () => {
    const mended = [630, 700, 900].map((at) => ({ at, halfOpen: 0, inits: 700, auths: 12, unknown: 320 }));
    const said = walk({}, [...looks(625, SPLIT), ...mended]);
    expect(said.at(-4)).toBe('clients-split');
    expect(said.at(-1)).toBe('pass');
  });

  it('are forgotten with a new charon', () => {
    expect(walk({}, [...looks(625, SPLIT), { ...SPLIT(630), at: 630, since: 99_000 }]).at(-1)).toBe('pass');
  });
});

/** Clients that lost their IKE_SAs at 700 s: they ask for them when their DPD is due, and again for 165 s. */
const lostAt700 = (at: number): number =>
  [0, 4, 11, 24, 47, 89, 165].filter((when) => at >= 700 + when).length * 20 +
  [0, 4, 11, 24, 47, 89, 165].filter((when) => at >= 730 + when).length * 20;

describe('what is no split', () => {
  it.each([
    ['a scanner that only sends IKE_SA_INIT', (at: number) => ({ halfOpen: 50, inits: at * 10 })],
    [
      'a scanner, and a stray message now and then',
      (at: number) => ({ halfOpen: 50, inits: at * 10, unknown: Math.floor(at / 150) }),
    ],
    [
      'a route that moved: clients ask for IKE_SAs that they lost, and log in again',
      (at: number) => ({
        halfOpen: at >= 700 && at < 760 ? 20 : 0,
        inits: probes(at) + Math.max(0, Math.min(at, 760) - 700) * 10,
        auths: Math.max(0, Math.min(at, 760) - 700) * 10,
        unknown: lostAt700(at),
      }),
    ],
    [
      'a route that moved, with a scanner all the time: it ends',
      (at: number) => ({ halfOpen: 20, inits: at * 10, unknown: lostAt700(at) }),
    ],
    [
      'many messages for unknown IKE_SAs, and many clients that log in',
      (at: number) => ({ halfOpen: 10, inits: probes(at) + at * 5, auths: at * 5, unknown: at }),
    ],
    ['nothing at all', (at: number) => ({ inits: probes(at) })],
  ] satisfies [string, (at: number) => Omit<Seen, 'at'>][])('%s', (_, seen) => {
    expect(new Set(walk({}, looks(2000, seen)))).toEqual(new Set(['pass']));
  });

  it.each([
    ['fewer half-open than matter', { halfOpenMinimum: 7 }],
    ['fewer messages than matter', { unknownMinimum: 200 }],
  ])('%s', (_, own) => {
    expect(new Set(walk(own, looks(2000, SPLIT)))).toEqual(new Set(['pass']));
  });
});

it('is unknown while charon does not answer, and remembered; and without its counters', () => {
  const all = looks(625, SPLIT);
  const gap = all.map((seen) => (seen.at === 100 ? { at: 100, down: true as const } : seen));
  const said = walk({}, gap);
  expect(said[20]).toBe('cause-unknown');
  expect(said.at(-1)).toBe('clients-split');
  expect(walk({}, [{ at: 0, uncounted: true }])).toEqual(['charon-without-counters']);
});

it('observe: the signs come and go', async () => {
  const scene = await scripted('ecmp-split', { lastingMs: 30_000 });
  for (; scene.time < 30_000; scene.time += 5000) {
    scene.stats = { ikesas: { total: '6', 'half-open': '6' } };
    scene.counters = {
      'ike-init-in-req': scene.time / 100,
      'ike-auth-in-req': 2,
      'invalid-spi': scene.time / 1000,
    };
    expect(await scene.said()).toBe('pass');
  }
  scene.counters = { 'ike-init-in-req': 300, 'ike-auth-in-req': 2, 'invalid-spi': 30 };
  expect(await scene.look()).toEqual({
    verdict: 'fail',
    reason: 'clients-split',
    value: '6 half-open, 30 messages for unknown IKE_SAs and 0 IKE_AUTH for known ones within 30 s',
  });
  scene.stats = { ikesas: { total: '0', 'half-open': '0' } };
  scene.time += 15_000;
  expect(await scene.said()).toBe('pass');
});
