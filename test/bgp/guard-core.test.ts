import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Announcement } from '../../bgp/announcement.ts';
import { step } from '../../bgp/guard-core.ts';
import {
  coldGuard,
  GUARD_TUNING,
  leaseReport,
  type GuardEffect,
  type GuardEvent,
  type GuardState,
} from '../../bgp/guard-state.ts';
import type { LeaseMessage } from '../../bgp/lease.ts';
import { parseReply } from '../../bgp/reply.ts';

// Round numbers: a probe a second.
const limits = {
  ...GUARD_TUNING,
  probeEveryMs: 1000,
  localAs: 65001,
  ttlMs: 1000,
  maxAgeMs: 3000,
  handoverMs: 5000,
};
const one: Announcement = { prefix: '192.0.2.1/32', nextHop: 'self' };
const two: Announcement = { prefix: '192.0.2.2/32', nextHop: 'self', med: 5 };

/** A guard on a fake clock, with everything it did in order. */
class Bench {
  now = 100_000;
  state: GuardState = coldGuard(this.now);
  wakeAt: number | undefined;
  did: string[] = [];

  constructor() {
    this.event({ type: 'tick' });
  }

  /** Past the cold start, its doings forgotten, client 1 connected. */
  static open(): Bench {
    const bench = new Bench();
    bench.pass(GUARD_TUNING.quietMs);
    bench.says('exabgp 4.2.21', 'done');
    bench.says('done');
    bench.says('exabgp 4.2.21', 'done');
    // The listing of all neighbors.
    bench.says('done');
    bench.event({ type: 'connected', client: 1 });
    bench.did = [];
    return bench;
  }

  event(event: GuardEvent): this {
    const next = step(this.state, event, this.now, limits);
    this.state = next.state;
    this.wakeAt = next.wakeAt;
    this.did.push(...next.effects.flatMap(describeEffect));
    return this;
  }

  says(...lines: string[]): this {
    return this.event({ type: 'replies', replies: lines.map(parseReply) });
  }

  message(message: LeaseMessage | string, client = 1): this {
    return this.event({ type: 'message', client, message });
  }

  set(generation: number, announcements: readonly Announcement[], evidence = this.now, client = 1): this {
    return this.message({ type: 'set', generation, evidence, announcements }, client);
  }

  renew(generation: number, evidence = this.now, client = 1): this {
    return this.message({ type: 'renew', generation, evidence }, client);
  }

  /** Lets time go by, waking the guard whenever it asked to be. */
  pass(ms: number): this {
    const end = this.now + ms;
    for (let ticks = 0; this.wakeAt !== undefined && this.wakeAt <= end; ticks += 1) {
      if (ticks > 1000) throw new Error('the guard asks to be woken for ever and does nothing then');
      this.now = Math.max(this.now, this.wakeAt);
      this.event({ type: 'tick' });
    }
    this.now = end;
    return this;
  }

  /** What it did since the last look. */
  take(): string[] {
    return this.did.splice(0);
  }
}

function describeEffect(effect: GuardEffect): string[] {
  switch (effect.type) {
    case 'write':
      return effect.lines.map((line) => `> ${line}`);
    case 'send': {
      const { message, client } = effect;
      if (message.type === 'refused') return [`${client}: refused ${message.code}`];
      if (message.type === 'renewed') return [`${client}: renewed ${message.generation}`];
      return [
        `${client}: ${message.type} ${message.lease} ${message.desired.length}/${message.acknowledged.length}`,
      ];
    }
    case 'log':
      return [];
    case 'kill-exabgp':
      return [`kill: ${effect.why}`];
    case 'watch-vici':
      return [`watch ${effect.path}`];
    case 'close-client':
      return [`close ${effect.client}`];
    case 'open-lease':
    case 'unwatch-vici':
      return [effect.type];
    default:
      return effect satisfies never;
  }
}

describe('a cold guard', () => {
  it('drains, syncs, clears, confirms, and only then opens the lease socket', () => {
    const bench = new Bench();
    expect(bench.pass(29).take()).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['> version']);
    expect(bench.says('exabgp 4.2.21', 'done').take()).toEqual(['> clear adj-rib out']);
    expect(bench.says('done').take()).toEqual(['> version']);
    expect(bench.says('exabgp 4.2.21').take()).toEqual([]);
    expect(bench.says('done').take()).toEqual(['> show neighbor extensive', 'open-lease']);
  });

  it('takes no answer to a dead guard for its own', () => {
    const bench = new Bench();
    bench.pass(20).says('done', 'error');
    expect(bench.pass(20).take()).toEqual([]);
    expect(bench.pass(10).take()).toEqual(['> version']);
    // Late ones, before the version line: still not ours.
    expect(bench.says('done', 'done').take()).toEqual([]);
    expect(bench.says('exabgp 4.2.21', 'done').take()).toEqual(['> clear adj-rib out']);
  });

  it('does not wait for ever for a quiet moment', () => {
    const bench = new Bench();
    for (let n = 0; n < 30; n += 1) bench.pass(10).says('some text');
    expect(bench.take()).toEqual(['> version']);
  });

  it('asks again after a second when ExaBGP has no neighbor for it', () => {
    const bench = new Bench();
    bench.pass(30).says('exabgp 4.2.21', 'done').take();
    expect(bench.says('error').take()).toEqual([]);
    expect(bench.pass(900).take()).toEqual([]);
    expect(bench.pass(130).take()).toEqual(['> version']);
  });

  it('kills nobody when acknowledgements are switched off, and opens nothing', () => {
    const bench = new Bench();
    bench.pass(30).says('exabgp 4.2.21').take();
    expect(bench.pass(4999).take()).toEqual([]);
    bench.pass(1100);
    expect(bench.take()).toEqual(['> version']);
    expect(bench.state.phase).toBe('syncing');
  });

  it('kills an ExaBGP that never says a word', () => {
    const bench = new Bench();
    bench.pass(30);
    expect(bench.pass(5000).take()).toEqual(['> version', 'kill: no answer to `version` for 5000 ms']);
    expect(bench.wakeAt).toBeUndefined();
  });
});

describe('the lease', () => {
  it('announces under a set, holds it by renewals, and lapses without', () => {
    const bench = Bench.open();
    expect(bench.set(1, [one]).take()).toEqual([
      '> announce route 192.0.2.1/32 next-hop self',
      '1: renewed 1',
      '1: report held 1/0',
    ]);
    expect(bench.says('done').take()).toEqual(['1: report held 1/1']);
    for (let n = 0; n < 5; n += 1) {
      bench.pass(900);
      bench.says('exabgp 4.2.21', 'done');
      expect(bench.renew(1).take()).toContain('1: renewed 1');
    }
    bench.pass(999);
    expect(bench.take().filter((line) => line !== '> version')).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['> clear adj-rib out', '1: report lapsed 0/1']);
    expect(bench.says('exabgp 4.2.21', 'done', 'done').take()).toEqual(['1: report lapsed 0/0']);
  });

  it('withdraws in the same step as the set that asks for it', () => {
    const bench = Bench.open();
    bench.set(1, [one, two]).says('done', 'done').take();
    expect(bench.set(2, [one]).take()).toEqual([
      '> withdraw route 192.0.2.2/32 next-hop self',
      '1: renewed 2',
      '1: report held 1/2',
    ]);
    expect(bench.set(3, []).take()).toEqual(['> clear adj-rib out', '1: renewed 3', '1: report none 0/2']);
  });

  it('takes an empty set without any evidence, and has nothing to lapse then', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.set(2, [], 0).take()).toContain('> clear adj-rib out');
    bench.says('done').take();
    bench.pass(500);
    expect(bench.renew(2, 0).take()).toEqual(['1: renewed 2']);
    bench.pass(500);
    expect(bench.state.lease.kind).toBe('none');
  });

  it.each([
    ['too old', -3001, 'evidence-too-old'],
    ['from the future', 2, 'bad-message'],
  ])('refuses evidence that is %s', (_, offset, code) => {
    const bench = Bench.open();
    expect(bench.set(1, [one], bench.now + offset).take()).toEqual([`1: refused ${code}`]);
    bench.set(1, [one]).take();
    expect(bench.renew(1, bench.now + offset).take()).toEqual([`1: refused ${code}`]);
    bench.says('done').take();
    expect(bench.pass(1000).take()).toContain('> clear adj-rib out');
  });

  it('takes evidence exactly as old as allowed', () => {
    const bench = Bench.open();
    expect(bench.set(1, [one], bench.now - 3000).take()).toContain('1: renewed 1');
  });

  it('obeys the removals of a set whose evidence is too old, and nothing else of it', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.set(2, [two], bench.now - 4000).take()).toEqual([
      '> clear adj-rib out',
      '1: refused evidence-too-old',
      '1: report held 0/1',
    ]);
    expect(bench.state.lease.generation).toBe(1);
  });

  it('refuses to renew what it does not hold', () => {
    const bench = Bench.open();
    expect(bench.renew(1).take()).toEqual(['1: refused generation-unknown']);
    bench.set(1, [one]).says('done').take();
    expect(bench.renew(2).take()).toEqual(['1: refused generation-unknown']);
    bench.pass(1000).says('done').take();
    expect(bench.renew(1).take()).toEqual(['1: refused lapsed']);
    expect(bench.set(2, [one]).take()).toContain('> announce route 192.0.2.1/32 next-hop self');
  });

  it('announces nothing on evidence from before a lapse, whoever brings it', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').event({ type: 'connected', client: 2 });
    const before = bench.now + 999;
    bench.pass(1000).says('done').take();
    expect(bench.state.lease.kind).toBe('lapsed');
    expect(bench.set(1, [one], before).take()).toEqual(['1: refused evidence-too-old']);
    expect(bench.set(5, [one], before, 2).take()).toEqual(['2: refused evidence-too-old']);
    // Not even when the lapse was answered with a withdrawal in between.
    bench.set(2, [], bench.now).take();
    expect(bench.set(3, [one], before).take()).toEqual(['1: refused evidence-too-old']);
    expect(bench.set(3, [one]).take()).toContain('1: renewed 3');
  });

  it('has one holder at a time', () => {
    const bench = Bench.open();
    bench.set(1, [one]).event({ type: 'connected', client: 2 }).take();
    for (const message of [
      { type: 'set', generation: 9, evidence: bench.now, announcements: [] },
      { type: 'renew', generation: 1, evidence: bench.now },
      { type: 'release' },
      { type: 'handover', ms: 5000, viciSocket: '/x' },
    ] as const) {
      expect(bench.message(message, 2).take()).toEqual(['2: refused held-by-another']);
    }
    expect(bench.state.desired).toEqual([one]);
  });

  it('runs on when the holder is gone, so that a successor adopts it', () => {
    const bench = Bench.open();
    bench.set(4, [one]).says('done').take();
    expect(bench.event({ type: 'disconnected', client: 1 }).take()).toEqual([]);
    bench.pass(900).says('exabgp 4.2.21', 'done');
    bench.take();
    expect(bench.event({ type: 'connected', client: 2 }).take()).toEqual(['2: hello held 1/1']);
    expect(bench.renew(4, bench.now, 2).take()).toEqual(['2: renewed 4']);
    expect(
      bench
        .pass(900)
        .take()
        .filter((line) => line.includes('withdraw')),
    ).toEqual([]);
  });

  it('lets another one in after a holder that hangs let it lapse', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').event({ type: 'connected', client: 2 });
    bench.pass(1000).says('done').take();
    expect(bench.set(2, [one], bench.now, 2).take()).toContain('2: renewed 2');
    expect(bench.renew(1).take()).toEqual(['1: refused held-by-another']);
  });

  it('withdraws on release, and is free then', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.message({ type: 'release' }).take()).toEqual(['> clear adj-rib out', '1: report none 0/1']);
    bench.event({ type: 'connected', client: 2 });
    expect(bench.set(1, [one], bench.now, 2).take()).toContain('2: renewed 1');
  });

  it('says what is wrong with a line and keeps everything', () => {
    const bench = Bench.open();
    bench.set(1, [one]).take();
    expect(bench.message('no JSON').take()).toEqual(['1: refused bad-message']);
    expect(bench.state.desired).toEqual([one]);
  });

  it('closes connections beyond four', () => {
    const bench = Bench.open();
    for (const client of [2, 3, 4]) bench.event({ type: 'connected', client });
    bench.take();
    expect(bench.event({ type: 'connected', client: 5 }).take()).toEqual(['close 5']);
  });
});

describe('a hand-over', () => {
  const handover = (): Bench => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.message({ type: 'handover', ms: 60_000, viciSocket: '/run/charon.vici' }).take()).toEqual([
      'watch /run/charon.vici',
      '1: report handover 1/1',
    ]);
    bench.event({ type: 'disconnected', client: 1 });
    return bench;
  };

  it('is needed in time by a successor, and puts nothing on the wire then', () => {
    const bench = handover();
    bench.pass(1900).says('exabgp 4.2.21', 'done').take();
    bench.event({ type: 'connected', client: 2 }).take();
    expect(bench.renew(1, bench.now, 2).take()).toEqual([
      'unwatch-vici',
      '2: renewed 1',
      '2: report held 1/1',
    ]);
  });

  it('ends after the longest time allowed, whatever was asked', () => {
    const bench = handover();
    for (let n = 0; n < 4; n += 1) bench.pass(1100).says('exabgp 4.2.21', 'done');
    bench.take();
    expect(bench.pass(600).take()).toEqual(['> clear adj-rib out', 'unwatch-vici']);
  });

  it('ends at once when charon closes its socket', () => {
    const bench = handover();
    expect(bench.event({ type: 'vici-closed' }).take()).toEqual(['> clear adj-rib out', 'unwatch-vici']);
  });

  it('needs a lease to hand over', () => {
    const bench = Bench.open();
    expect(bench.message({ type: 'handover', ms: 1, viciSocket: '/x' }).take()).toEqual([
      '1: refused lapsed',
    ]);
  });

  it('does not mind charon closing its socket at any other time', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').take();
    expect(bench.event({ type: 'vici-closed' }).take()).toEqual([]);
  });
});

describe('an ExaBGP that does not answer', () => {
  it('is killed 250 ms after a withdrawal', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').set(2, []).take();
    expect(bench.pass(249).take()).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['kill: no answer to the clear command for 250 ms']);
  });

  it('is not killed when the acknowledgement came while the guard itself was late', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').set(2, []).take();
    bench.now += 5000;
    expect(bench.says('done').take()).toEqual(['1: report none 0/0']);
    expect(bench.event({ type: 'tick' }).take()).toEqual([]);
  });

  it('is killed when it refuses a withdrawal', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done').set(2, []).take();
    expect(bench.says('error').take()[0]).toBe('kill: ExaBGP refused to withdraw everything');
  });

  it('is killed for good, and once, whatever was read behind the refusal', () => {
    const bench = Bench.open();
    bench.set(1, [one, two]).says('done', 'done').set(2, [one]).set(3, []).take();
    const wire = bench.says('error', 'error', 'done').take();
    expect(wire).toEqual(['kill: ExaBGP refused to withdraw 192.0.2.2/32']);
    expect([bench.state.phase, bench.wakeAt]).toEqual(['killing', undefined]);
    expect(bench.pass(60_000).take()).toEqual([]);
  });

  it('is noticed within two and a half seconds while nothing is due', () => {
    expect(GUARD_TUNING.probeEveryMs + GUARD_TUNING.silenceMs).toBeLessThanOrEqual(2450);
  });

  it('is probed when idle, and killed after two seconds without an answer', () => {
    const bench = Bench.open();
    expect(bench.pass(999).take()).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['> version']);
    expect(bench.pass(1999).take()).toEqual([]);
    expect(bench.pass(1).take()).toEqual(['kill: no answer to `version` for 2000 ms']);
  });

  it('is killed when an announcement stays unanswered', () => {
    const bench = Bench.open();
    bench.set(1, [one]).take();
    for (let n = 0; n < 5; n += 1) bench.pass(399).renew(1);
    bench.take();
    expect(bench.pass(10).take()).toEqual(['kill: no answer to the announce command for 2000 ms']);
  });

  it('is tried again a second after it refused an announcement', () => {
    const bench = Bench.open();
    bench.set(1, [one]).take();
    expect(bench.says('error').take()).toEqual([]);
    bench.pass(900).renew(1).take();
    expect(bench.pass(100).take()).toEqual(['> announce route 192.0.2.1/32 next-hop self']);
  });
});

it('a guard with all announcements unanswered does not spin on one that was refused before', () => {
  const bench = Bench.open();
  const nine = Array.from({ length: 9 }, (_, n) => ({ prefix: `10.0.0.${n}/32`, nextHop: 'self' }));
  bench.set(1, nine).says('error').pass(500).renew(1).pass(500).renew(1);
  expect(bench.wakeAt).toBeGreaterThan(bench.now);
});

describe('events', () => {
  const state = (name: string, reason = ''): string =>
    JSON.stringify({ type: 'state', neighbor: { address: { peer: '10.0.0.2' }, state: name, reason } });

  it('become reports about neighbors', () => {
    const bench = Bench.open();
    bench.says(state('connected'));
    expect(bench.take()).toEqual(['1: report none 0/0']);
    bench.says(state('down', 'peer reset'));
    expect(leaseReport(bench.state)).toMatchObject({
      neighbors: { '10.0.0.2': 'down' },
      reasons: { '10.0.0.2': 'peer reset' },
    });
  });

  it('of a router that is not there are one line, however often ExaBGP tries', () => {
    const bench = Bench.open();
    const broken = 'peer reset, message (closing connection) error(Broken TCP connection)';
    bench.take();
    const logged: string[] = [];
    for (let tries = 0; tries < 3; tries += 1) {
      for (const line of [state('connected'), state('down', broken)]) {
        const { state: next, effects } = step(
          bench.state,
          { type: 'replies', replies: [parseReply(line)] },
          bench.now,
          limits,
        );
        bench.state = next;
        for (const effect of effects) {
          if (effect.type === 'log' && effect.level !== 'debug')
            logged.push(`${effect.level} ${effect.text}`);
        }
      }
    }
    expect(logged).toEqual(['warn neighbor 10.0.0.2 is down: the TCP connection failed or broke']);
    expect(leaseReport(bench.state).reasons).toEqual({ '10.0.0.2': 'the TCP connection failed or broke' });
  });

  const listing = (address: string, name: string, theirs: string): string[] => [
    `Neighbor ${address}`,
    '',
    `   state                       ${name}                                `,
    '   asn4:                       enabled         enabled                ',
    `   graceful-restart:           enabled         ${theirs}                `,
    '',
  ];

  it('of a session that comes up lead to a question about graceful restart, asked when idle', () => {
    const bench = Bench.open();
    bench.set(1, [one]).take();
    bench.says(state('up'));
    expect(bench.take()).toEqual(['1: report held 1/0']);
    bench.says('done');
    expect(bench.take()).toEqual(['> show neighbor 10.0.0.2 extensive', '1: report held 1/1']);
    bench.says(...listing('10.0.0.2', 'ESTABLISHED', 'enabled'));
    expect(bench.take()).toEqual(['1: report held 1/1']);
    expect(leaseReport(bench.state).gracefulRestart).toEqual(['10.0.0.2']);
    bench.says('done', state('down'));
    expect(leaseReport(bench.state).gracefulRestart).toEqual([]);
    bench.says(state('up'), ...listing('10.0.0.2', 'ESTABLISHED', 'disabled'), 'done');
    expect(leaseReport(bench.state).gracefulRestart).toEqual([]);
  });

  it('missed by a guard that was started anew are made up for by a listing', () => {
    const bench = new Bench();
    bench.pass(GUARD_TUNING.quietMs).says('exabgp 4.2.21', 'done', 'done', 'exabgp 4.2.21', 'done').take();
    bench.says(
      ...listing('10.0.0.2', 'ESTABLISHED', 'enabled'),
      ...listing('10.0.0.3', 'ACTIVE', 'n/a'),
      ...listing('2001:db8::1', 'established', 'disabled'),
      'done',
    );
    expect(leaseReport(bench.state)).toMatchObject({
      neighbors: { '10.0.0.2': 'up', '10.0.0.3': 'down', '2001:db8::1': 'up' },
      gracefulRestart: ['10.0.0.2'],
    });
  });

  it('and a listing in the middle of it do not hold up a withdrawal', () => {
    const bench = Bench.open();
    bench.set(1, [one]).says('done', state('up')).take();
    bench.says(...listing('10.0.0.2', 'ESTABLISHED', 'enabled').slice(0, 3));
    expect(bench.set(2, []).take()[0]).toBe('> clear adj-rib out');
    bench.says('   graceful-restart:  enabled enabled', 'done', 'done');
    expect(leaseReport(bench.state)).toMatchObject({ acknowledged: [], gracefulRestart: ['10.0.0.2'] });
  });

  it('of an ExaBGP that knows no listing are not asked about again', () => {
    const bench = Bench.open();
    bench.says(state('up')).take();
    expect(bench.says('error').take()).toEqual([]);
    expect(bench.pass(999).take()).toEqual([]);
  });

  it('between answers do not disturb their order', () => {
    const bench = Bench.open();
    bench.set(1, [one, two]).take();
    bench.says(state('up'), 'done', state('down'), 'noise {', 'done');
    expect(bench.take().at(-1)).toBe('1: report held 2/2');
  });

  it('cannot fill the memory with neighbors that do not exist', () => {
    const bench = Bench.open();
    for (let n = 0; n < 1000; n += 1)
      bench.says(state('up').replace('10.0.0.2', `10.1.${n >> 8}.${n & 255}`));
    expect(bench.state.neighbors.size).toBe(256);
  });
});

describe('whatever happens', () => {
  type Action = (bench: Bench) => void;
  const routes = Array.from({ length: 12 }, (_, n): Announcement => ({
    prefix: `192.0.2.${n}/32`,
    nextHop: 'self',
  }));
  const pick = fc.subarray(routes);
  const client = fc.integer({ min: 1, max: 3 });
  const age = fc.constantFrom(0, 0, 0, 100, 2999, 3001, -50);
  const actions: fc.Arbitrary<Action> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.integer({ min: 0, max: 700 }).map(
        (ms): Action =>
          (bench) =>
            bench.pass(ms),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(pick, age, client).map(
        ([set, old, by]): Action =>
          (bench) =>
            bench.set(bench.state.lease.generation + 1, set, bench.now - old, by),
      ),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(age, client).map(
        ([old, by]): Action =>
          (bench) =>
            bench.renew(Math.max(1, bench.state.lease.generation), bench.now - old, by),
      ),
    },
    {
      weight: 6,
      arbitrary: fc.constantFrom<Action>(
        (bench) => bench.says('done'),
        (bench) => answerAll(bench),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Action>(
        (bench) => bench.says('error'),
        (bench) => bench.says('exabgp 4.2.21', 'done'),
        (bench) => bench.message({ type: 'release' }),
        (bench) => bench.message({ type: 'handover', ms: 3000, viciSocket: '/x' }),
        (bench) => bench.event({ type: 'vici-closed' }),
        (bench) => bench.event({ type: 'disconnected', client: 1 }).event({ type: 'connected', client: 1 }),
      ),
    },
  );

  function answerAll(bench: Bench): void {
    while (bench.state.phase !== 'killing' && bench.state.ledger.pending.length > 0) {
      if (bench.state.ledger.pending[0]?.kind === 'probe') bench.says('exabgp 4.2.21');
      bench.says('done');
    }
  }

  /** Plays the actions and looks at every effect as it comes. */
  function play(
    list: readonly Action[],
    check: (bench: Bench, did: readonly string[], before: GuardState) => void,
  ): void {
    const bench = Bench.open();
    bench.event({ type: 'connected', client: 2 }).event({ type: 'connected', client: 3 }).take();
    const event = bench.event.bind(bench);
    bench.event = (next) => {
      const before = bench.state;
      const from = bench.did.length;
      event(next);
      check(bench, bench.did.slice(from), before);
      return bench;
    };
    for (const action of list) action(bench);
  }

  const runs = { numRuns: 300 };
  const list = fc.array(actions, { maxLength: 60 });

  it('nothing is desired without a live lease, and it lapses by itself', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench) => {
          const { lease, desired } = bench.state;
          if (desired.length > 0) {
            expect(['held', 'handover']).toContain(lease.kind);
            expect(lease.until).toBeLessThanOrEqual(
              bench.now + (lease.kind === 'held' ? limits.ttlMs : limits.handoverMs),
            );
            expect(bench.state.phase === 'killing' || (bench.wakeAt ?? Infinity) <= (lease.until ?? 0)).toBe(
              true,
            );
          }
        });
      }),
      runs,
    );
  });

  it('nothing is announced that is not desired, and withdrawals are written first', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench, did) => {
          const written = did.filter((line) => line.startsWith('> '));
          const kinds = written.map((line) => line.split(' ')[1]);
          expect(kinds.join(' ')).not.toMatch(/announce.* withdraw/);
          const wanted = new Set(bench.state.desired.map(({ prefix }) => prefix));
          for (const line of written) {
            if (line.startsWith('> announce')) expect(wanted).toContain(line.split(' ')[3]);
            if (line.startsWith('> withdraw')) expect(wanted).not.toContain(line.split(' ')[3]);
          }
          // What goes on the wire goes before what is said.
          expect(did.slice(0, written.length)).toEqual(
            did.some((line) => line.startsWith('kill')) ? did.slice(0, written.length) : written,
          );
        });
      }),
      runs,
    );
  });

  it('a prefix that is not desired any more is withdrawn in that very step', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench) => {
          if (bench.state.phase === 'killing') return;
          const wanted = new Set(bench.state.desired.map(({ prefix }) => prefix));
          for (const [prefix, { state }] of bench.state.ledger.routes) {
            expect(wanted.has(prefix) || state === 'withdrawing').toBe(true);
          }
        });
      }),
      runs,
    );
  });

  it('unanswered announcements stay below their bound', () => {
    fc.assert(
      fc.property(list, (acts) => {
        play(acts, (bench) => {
          const announces = bench.state.ledger.pending.filter(({ kind }) => kind === 'announce');
          expect(announces.length).toBeLessThanOrEqual(limits.unackedMaximum);
        });
      }),
      runs,
    );
  });

  it('no evidence outside its age ever adds or renews anything', () => {
    const stale = fc.tuple(pick, fc.constantFrom(3001, 10_000, -5)).map(([set, old]): Action => (bench) => {
      const before = bench.state;
      if (set.length > 0) bench.set(before.lease.generation + 1, set, bench.now - old);
      const had = new Set(before.desired.map(({ prefix }) => prefix));
      expect(bench.state.desired.every(({ prefix }) => had.has(prefix))).toBe(true);
      expect(bench.state.lease.until).toBe(before.lease.until);
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(actions, stale), { maxLength: 40 }), (acts) =>
        play(acts, () => undefined),
      ),
      runs,
    );
  });

  it('a set with fresh evidence is announced in full once ExaBGP answers', () => {
    fc.assert(
      fc.property(list, pick, (acts, set) => {
        const bench = Bench.open();
        for (const action of acts) action(bench);
        if (bench.state.phase === 'killing') return;
        for (const id of [1, 2, 3]) bench.event({ type: 'disconnected', client: id });
        bench.event({ type: 'connected', client: 9 });
        // Long enough for a refused announcement to be tried again.
        for (let n = 0; n < 10; n += 1) {
          answerAll(bench);
          bench.pass(100);
        }
        for (let n = 0; n < 8; n += 1) {
          bench.set(bench.state.lease.generation + 1, set, bench.now, 9);
          answerAll(bench);
        }
        const standing = [...bench.state.ledger.routes].filter(([, { state }]) => state === 'announced');
        expect(standing.map(([prefix]) => prefix).toSorted()).toEqual(
          set.map(({ prefix }) => prefix).toSorted(),
        );
      }),
      runs,
    );
  });
});
