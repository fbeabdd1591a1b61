import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LabError } from './lab/lab-error.ts';
import { announcersOf, answeredClients, Timeline, type LabEvent } from './lab/timeline.ts';

const announce = (gateway: 'gw1' | 'gw2', prefix = '192.0.2.1/32'): LabEvent => ({
  kind: 'announce',
  at: 0,
  gateway,
  prefix,
  detail: '',
});
const withdraw = (gateway: 'gw1' | 'gw2'): LabEvent => ({
  kind: 'withdraw',
  at: 0,
  gateway,
  prefix: '192.0.2.1/32',
});
const session = (gateway: 'gw1' | 'gw2', family: 4 | 6): LabEvent => ({
  kind: 'session',
  at: 0,
  gateway,
  family,
  state: 'closed',
  how: 'FIN',
});

describe('announcersOf', () => {
  it.each([
    ['nothing', [], []],
    ['two announcements', [announce('gw1'), announce('gw2')], ['gw1', 'gw2']],
    ['a withdrawal', [announce('gw1'), announce('gw2'), withdraw('gw1')], ['gw2']],
    ['an announcement after a withdrawal', [announce('gw1'), withdraw('gw1'), announce('gw1')], ['gw1']],
    ['a session of the family that ended', [announce('gw1'), session('gw1', 4)], []],
    ['a session of the other family that ended', [announce('gw1'), session('gw1', 6)], ['gw1']],
    ['another prefix', [announce('gw1', '192.0.2.2/32')], []],
  ])('%s', (_, events, gateways) => {
    expect([...announcersOf(events, '192.0.2.1/32')]).toEqual(gateways);
  });
});

describe('answeredClients', () => {
  it('goes by the last word on each client', () => {
    const traffic = (client: number, state: 'answered' | 'silent'): LabEvent => ({
      kind: 'traffic',
      at: 0,
      client,
      state,
      sequence: 1,
    });
    const events = [traffic(0, 'answered'), traffic(1, 'answered'), traffic(1, 'silent')];
    expect(answeredClients(events, 3)).toEqual([true, false, false]);
  });
});

describe('Timeline.expect', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const expectation = {
    what: 'gw1 withdraws 192.0.2.1/32',
    withinMs: 5000,
    find: (events: readonly LabEvent[]) => events.find((event) => event.kind === 'withdraw'),
  };

  it('finds what came before and what comes later', async () => {
    const timeline = new Timeline('/logs');
    const later = timeline.expect(expectation, new AbortController().signal);
    timeline.add(announce('gw1'));
    timeline.add(withdraw('gw1'));
    await expect(later).resolves.toEqual(withdraw('gw1'));
    await expect(timeline.expect(expectation, new AbortController().signal)).resolves.toEqual(
      withdraw('gw1'),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says at its deadline what was expected, what was seen and where the logs are', async () => {
    const timeline = new Timeline('/logs');
    const failed = timeline
      .expect(expectation, new AbortController().signal)
      .catch((error: unknown) => error);
    timeline.add(announce('gw1'));
    await vi.advanceTimersByTimeAsync(5000);
    const error = await failed;
    expect(error).toBeInstanceOf(LabError);
    expect((error as LabError).code).toBe('LAB_DEADLINE');
    expect((error as LabError).message).toMatch(
      /^expected within 5000 ms: gw1 withdraws 192\.0\.2\.1\/32\n {2}seen last:\n.*gw1 +announces 192\.0\.2\.1\/32\n {2}logs: \/logs$/,
    );
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const waiting = new Timeline('/logs').expect(expectation, controller.signal);
    const reason = new LabError('LAB_DAEMON_DIED', 'gw1-charon ended by itself');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(new Timeline('/logs').expect(expectation, controller.signal)).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });
});
