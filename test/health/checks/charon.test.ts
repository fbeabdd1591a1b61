/** What the check says of a charon: that answers, hangs, crashes, comes back; and how it ends. */
import { describe, expect, it } from 'vitest';
import type { Look } from '../../../health/charon-link.ts';
import { judge } from '../../../health/checks/charon.ts';
import { snapshot } from '../fixture.ts';
import { LIMITS, PASS, socketPath, startCharon, watch } from './charon.fixture.ts';

describe('what a look is worth', () => {
  const answered = (connections: readonly string[], total = 12): Look => ({
    kind: 'answered',
    snapshot: snapshot({ total }, { connections }),
  });

  it.each([
    [answered(['ra', 'site', '__proto__']), 'pass', undefined, '5.9.8, 12 IKE_SAs, 3 connections'],
    [answered(['ra'], 1), 'pass', undefined, '5.9.8, 1 IKE_SA, 1 connection'],
    [answered(['ra'], 0), 'pass', undefined, '5.9.8, 0 IKE_SAs, 1 connection'],
    [answered([]), 'fail', 'no-connections', '5.9.8, 0 connections'],
    [{ kind: 'gone', detail: 'x' }, 'fail', 'charon-gone', 'x'],
    [{ kind: 'silent', detail: 'x' }, 'fail', 'vici-silent', 'x'],
    [{ kind: 'denied', detail: 'x' }, 'fail', 'vici-denied', 'x'],
    [{ kind: 'stranger', detail: 'x' }, 'fail', 'not-charon', 'x'],
    [{ kind: 'stopped', detail: 'x' }, 'unknown', 'check-timed-out', 'x'],
  ] as const)('%j is %s %s', (look, verdict, reason, value) => {
    expect(judge(look, LIMITS)).toEqual({ verdict, ...(reason === undefined ? {} : { reason }), value });
  });

  it('0 connections may be allowed', () => {
    expect(judge(answered([]), { connectionsMinimum: 0 }).verdict).toBe('pass');
  });
});

describe('a charon', () => {
  it('that answers passes; what is asked is stats each time, and get-conns when it was some time ago', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const clock = { time: 1000 };
    const { observe } = watch(path, 2000, () => clock.time);
    expect(await observe()).toBe(PASS);
    charon.requests.length = 0;
    for (const at of [1100, 1549, 1550, 1560, 2099, 2100]) {
      clock.time = at;
      charon.requests.push(String(at));
      expect(await observe()).toBe(PASS);
    }
    const both = ['stats', 'get-conns'];
    expect(charon.requests).toEqual([
      '1100',
      'stats',
      '1549',
      'stats',
      '1550',
      ...both,
      '1560',
      'stats',
      '2099',
      'stats',
      '2100',
      ...both,
    ]);
  });

  it('without connections fails, and passes once they are loaded', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    charon.on('get-conns', () => ({ conns: [] }));
    const { observe } = watch(path);
    expect(await observe()).toBe('fail no-connections');
    charon.on('get-conns', () => ({ conns: ['ra'] }));
    expect(await observe()).toBe(PASS);
  });

  it('that hangs is silent, and passes once it goes on', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const { observe, emitted } = watch(path, 100);
    expect(await observe()).toBe(PASS);
    charon.hang();
    for (let look = 0; look < 4; look += 1) expect(await observe()).toBe('fail vici-silent');
    charon.resume();
    expect(await observe()).toBe(PASS);
    expect(emitted).toEqual([]); // silence is no fact, it has to be observed
  });

  it('that crashes is gone at once, without a look', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const { observe, emits, emitted } = watch(path);
    expect(await observe()).toBe(PASS);
    const news = emits();
    await charon.crash();
    expect(await news).toMatchObject({ verdict: 'fail', reason: 'charon-gone' });
    expect(await observe()).toBe('fail charon-gone');
    expect(emitted).toHaveLength(1);
  });

  it('that crashes while it is being asked is gone, not silent', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const { observe } = watch(path);
    expect(await observe()).toBe(PASS);
    charon.on('stats', () => undefined);
    charon.requests.length = 0;
    const look = observe();
    await charon.until(() => charon.requests.includes('stats'));
    await charon.crash();
    expect(await look).toBe('fail charon-gone');
  });

  it('that crashes while the link is being opened is gone, though it had accepted', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    charon.on('version', async () => {
      await charon.crash();
      return undefined;
    });
    expect(await watch(path).observe()).toBe('fail charon-gone');
  });

  it('that only dropped the connection is asked on a new one within the same look', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const { observe, emitted, link } = watch(path);
    expect(await observe()).toBe(PASS);
    charon.closeAll();
    await charon.until(() => charon.connections === 0);
    expect(await observe()).toBe(PASS);
    expect(emitted).toEqual([]);
    expect(link.reconnects).toBe(1);
  });

  it('that comes back passes: subscribed again, and a look is asked for', async () => {
    const path = await socketPath();
    const first = await startCharon(path);
    const watched = watch(path);
    expect(await watched.observe()).toBe(PASS);
    const before = watched.looks;
    const news = watched.emits();
    await first.crash();
    await news;
    const second = await startCharon(path);
    await second.until(() => second.requests.includes('+alert'));
    expect(await watched.observe()).toBe(PASS);
    expect(watched.looks).toBe(before + 1);
    expect(second.requests.filter((name) => name.startsWith('+'))).toEqual([
      '+ike-updown',
      '+child-updown',
      '+ike-rekey',
      '+child-rekey',
      '+ike-update',
      '+alert',
    ]);
    const again = watched.emits();
    await second.crash();
    expect(await again).toMatchObject({ reason: 'charon-gone' });
    expect(watched.emitted).toHaveLength(2);
  });

  it('that is not there yet is gone; the link finds it when it comes', async () => {
    const path = await socketPath();
    const watched = watch(path);
    expect(await watched.observe()).toBe('fail charon-gone');
    const charon = await startCharon(path);
    await charon.until(() => charon.requests.includes('+ike-update')); // by the backoff alone
    expect(await watched.observe()).toBe(PASS);
  });
});

describe('the end', () => {
  it('a look that is told to end is unknown, not a failure of charon', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    charon.on('version', () => undefined);
    const { check } = watch(path);
    const abort = new AbortController();
    const look = check.observe(abort.signal);
    await charon.until(() => charon.requests.includes('version'));
    abort.abort(new Error('timeout'));
    expect(await look).toMatchObject({ verdict: 'unknown', reason: 'check-timed-out' });
  });

  it('after close the link connects no more', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    const { link, observe } = watch(path);
    expect(await observe()).toBe(PASS);
    link.close();
    await charon.until(() => charon.connections === 0);
    charon.requests.length = 0;
    expect(await observe()).toBe('unknown check-timed-out');
    expect(charon.requests).toEqual([]);
  });
});
