/** What ExaBGP tells the guard about its sessions. */
import { describe, expect, it } from 'vitest';
import { step } from '../../bgp/guard-core.ts';
import { GUARD_TUNING, leaseReport } from '../../bgp/guard-state.ts';
import { parseReply } from '../../bgp/reply.ts';
import { Bench, limits, one, two } from './guard-bench.ts';

it('answers to several announcements become one report, when the last one is there', () => {
  const bench = Bench.open();
  bench.set(1, [one, two]).take();
  expect(bench.says('done').take()).toEqual([]);
  expect(bench.says('done').take()).toEqual(['1: report held 2/2']);
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

  it('of a neighbor that a reload brought have it told what stands, once', () => {
    const bench = Bench.open();
    bench.says(state('up')).says('done').set(1, [one]).says('done').take();
    expect(leaseReport(bench.state).acknowledged).toEqual([one.prefix]);
    bench.says(state('up').replaceAll('10.0.0.2', '10.0.0.3'));
    expect(bench.take()[0]).toBe('> announce route 192.0.2.1/32 next-hop self');
    // It stands all the while.
    expect(leaseReport(bench.state).acknowledged).toEqual([one.prefix]);
    bench.says('done').says('done').says(state('down'), state('up'));
    expect(bench.take().filter((line) => line.startsWith('> announce'))).toEqual([]);
  });

  it('and a listing in the middle of it do not hold up a withdrawal', () => {
    const bench = Bench.open();
    bench.says(state('down')).set(1, [one]).says('done', state('up')).take();
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
