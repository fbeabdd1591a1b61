import { describe, expect, it } from 'vitest';
import { Journal } from '../../sidecar/journal.ts';
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
      sentence: expect.stringContaining('VICI socket closed') as string,
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
