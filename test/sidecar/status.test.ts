import { describe, expect, it } from 'vitest';
import { Journal } from '../../sidecar/journal.ts';
import { transitionLine } from '../../sidecar/transition.ts';
import { Scenario, V4 } from './scenario.ts';
import { statusFor } from './status.fixture.ts';

describe('status', () => {
  it('names one cause for a withdrawn prefix, with its words and its way out', () => {
    const status = statusFor(new Scenario().guard({}).healthy(1000).fail('charon', 'charon-gone').wait(500));
    expect(status.state).toBe('withdrawn');
    expect(status.prefixes[0]).toMatchObject({
      prefix: V4,
      state: 'withdrawn',
      since_seconds: 0.5,
      reason: 'charon-gone',
      class: 'gone',
      check: 'charon',
      sentence: expect.stringContaining('its VICI socket is closed or missing') as string,
      way_out: expect.stringContaining('systemctl status strongswan') as string,
      hold_down_seconds: 1.5,
      desired: false,
      next: ['charon passes 2 times in a row', 'the hold-down ends in 1.5 s'],
    });
  });

  it('keeps what brought it there apart from what keeps it there', () => {
    const run = new Scenario()
      .guard({})
      .healthy(1000)
      .fail('charon', 'charon-gone')
      .pass('charon')
      .wait(100)
      .pass('charon');
    expect(statusFor(run).prefixes[0]).toMatchObject({
      reason: 'hold-down',
      entered_by: { reason: 'charon-gone' },
    });
  });

  it('tells desired, acknowledged and each neighbor, also those that never said a word', () => {
    const run = new Scenario().guard({}).healthy(1000);
    run.guard({ lease: 'held', generation: 3, acknowledged: [V4], neighbors: { '10.1.1.1': 'up' } });
    const status = statusFor(run);
    expect(status.prefixes.map(({ desired, acknowledged }) => [desired, acknowledged])).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(status.bgp).toMatchObject({
      guard_connected: true,
      lease: 'held',
      neighbors: { '10.1.1.1': 'up', 'fd00:1:1::1': 'down' },
    });
  });

  it.each([
    ['starting', new Scenario()],
    ['announced', new Scenario().guard({}).healthy(1000)],
    ['degraded', new Scenario().guard({}).healthy(1000).fail('sa-count', 'sa-collapse')],
    ['withdrawn', new Scenario().guard({}).healthy(1000).fail('charon', 'no-connections')],
    ['stopping', new Scenario().guard({}).healthy(1000).stop()],
  ])('the gateway is %s', (state, run) => {
    expect(statusFor(run).state).toBe(state);
  });

  it('shows an order with who, why, until when, and what the checks would do', () => {
    const run = new Scenario().guard({}).healthy(1000).force('withdraw').healthy(1000);
    expect(statusFor(run).prefixes[0]).toMatchObject({
      state: 'withdrawn',
      since_seconds: 1,
      reason: 'forced-withdraw',
      value: 'alice: new kernel',
      desired: false,
      next: ['the order ends in 9 min 59 s, or with `swancast release`'],
      forced: {
        verb: 'withdraw',
        who: 'alice',
        reason: 'new kernel',
        remaining_seconds: 599,
        in_effect: true,
        checks: {
          state: 'announced',
          reason: 'all-pass',
          sentence: 'every check that bears on the announcement passes',
        },
      },
    });
    expect(statusFor(run).prefixes[1]).not.toHaveProperty('forced');
  });

  it('shows an order that something beats, with what must change', () => {
    const run = new Scenario().guard({}).healthy(1000).fail('charon', 'charon-gone').force('announce');
    expect(statusFor(run).prefixes[0]).toMatchObject({
      state: 'withdrawn',
      reason: 'charon-gone',
      forced: { in_effect: false, checks: { state: 'withdrawn', reason: 'charon-gone' } },
      next: [
        'the order ends in 10 min, or with `swancast release`',
        'charon passes 2 times in a row',
        'the hold-down ends in 2 s',
      ],
    });
  });

  it('shows why a neighbor is down, cleaned, and forgets it when it is up', () => {
    const run = new Scenario().guard({
      neighbors: { '10.1.1.1': 'down', 'fd00:1:1::1': 'up' },
      reasons: { '10.1.1.1': `Cease\u001b[2J ${'x'.repeat(500)}`, 'fd00:1:1::1': 'was reset', stranger: 'x' },
    });
    const { bgp } = statusFor(run);
    expect(Object.keys(bgp.neighbor_reasons)).toEqual(['10.1.1.1']);
    expect(bgp.neighbor_reasons['10.1.1.1']).toMatch(/^Cease\?\[2J x+…$/);
    expect(bgp.neighbor_reasons['10.1.1.1']?.length).toBe(200);
  });

  it('names the configured neighbors that keep our routes', () => {
    const run = new Scenario().guard({ gracefulRestart: ['fd00:1:1::1', '10.66.66.66'] });
    expect(statusFor(run).bgp.graceful_restart).toEqual(['fd00:1:1::1']);
    // A guard older than the field says nothing.
    expect(statusFor(new Scenario().guard({})).bgp.graceful_restart).toEqual([]);
  });

  it('a check that never ran is "none", and has no age', () => {
    const [charon] = statusFor(new Scenario()).checks;
    expect(charon).toEqual({
      name: 'charon',
      verdict: 'none',
      up: false,
      level: 0,
      rise: 2,
      fall: 1,
      required: true,
    });
  });
});

describe('the log line of a transition', () => {
  it.each([
    ['withdraw', 'warn', 'announced', 'withdrawn', 'forced-withdraw'],
    ['announce', 'warn', 'announced', 'announced', 'forced-announce'],
  ] as const)('forced to %s is a warning', (verb, level, from, to, reason) => {
    const run = new Scenario().guard({}).healthy(1000).force(verb);
    const { effect } = run.effects.at(-1) ?? {};
    if (effect?.type !== 'journal') throw new Error('no transition');
    const line = transitionLine(effect.transition);
    expect(line).toMatchObject({ level, fields: { from, to, reason, value: 'alice: new kernel' } });
  });
});

it('the log line of an adoption does not say that checks pass', () => {
  const held = [{ prefix: V4, nextHop: 'self' }];
  const [first] = new Scenario().guard({ lease: 'held', generation: 7, desired: held }).effects;
  if (first?.effect.type !== 'journal') throw new Error('no transition');
  expect(transitionLine(first.effect.transition)).toMatchObject({
    level: 'info',
    fields: { from: 'cold', to: 'adopted', reason: 'adopted' },
  });
});

describe('journal', () => {
  it('keeps the last 100 transitions, newest last', () => {
    const journal = new Journal();
    for (let at = 0; at < 250; at += 1) {
      journal.add(
        { prefix: `192.0.2.${at}/32`, from: 'cold', to: 'announced', cause: undefined, at },
        new Date(0),
      );
    }
    expect(journal.entries.length).toBe(100);
    expect(journal.entries.at(0)?.prefix).toBe('192.0.2.150/32');
    expect(journal.entries.at(-1)).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      prefix: '192.0.2.249/32',
      from: 'cold',
      to: 'announced',
      reason: 'all-pass',
    });
  });
});
