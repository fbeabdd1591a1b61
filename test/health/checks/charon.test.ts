import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CharonLink, type Look } from '../../../health/charon-link.ts';
import type { Check, Judgement } from '../../../health/check.ts';
import { create, judge } from '../../../health/checks/charon.ts';
import { FakeCharon } from '../../fake/charon.ts';
import { firstRecorded, KeptLog, snapshot } from '../fixture.ts';

const LIMITS = { connectionsMinimum: 1 };

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

/** Says what a charon with one connection says. */
function script(charon: FakeCharon): FakeCharon {
  return charon
    .on('version', () => firstRecorded('version'))
    .on('stats', () => firstRecorded('stats'))
    .on('get-conns', () => firstRecorded('get-conns'))
    .on('get-counters', () => firstRecorded('get-counters'));
}

async function socketPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-charon-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'vici.sock');
}

async function startCharon(path: string): Promise<FakeCharon> {
  const charon = script(await FakeCharon.listen(path));
  onTestFinished(() => charon.stop().catch(() => undefined));
  return charon;
}

interface Watched {
  readonly link: CharonLink;
  readonly check: Check;
  readonly emitted: Judgement[];
  /** How often the link asked for a look. */
  looks: number;
  /** Resolves with the next judgement that is emitted. */
  emits: () => Promise<Judgement>;
  observe: () => Promise<string>;
}

/** The check on a link of its own. `timeoutMs` is short where a test waits for it to run out. */
function watch(path: string, timeoutMs = 2000, now = (): number => performance.now()): Watched {
  const log = new KeptLog();
  const link = new CharonLink({ path, now, log, deadlineMs: timeoutMs * 0.9 });
  const check = create(
    {
      name: 'charon',
      dependsOn: [],
      triggeredBy: [],
      pace: { intervalMs: 1000, fastMs: 200, timeoutMs },
      limits: LIMITS,
    },
    { link, now, announced: () => false, log },
  );
  let wake: ((judgement: Judgement) => void) | undefined;
  const watched: Watched = {
    link,
    check,
    emitted: [],
    looks: 0,
    emits: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
    observe: async () => {
      const judgement = await check.observe(new AbortController().signal);
      return judgement.verdict === 'pass'
        ? `pass ${judgement.value ?? ''}`
        : `${judgement.verdict} ${judgement.reason}`;
    },
  };
  const unwatch = check.watch?.(
    (judgement) => {
      watched.emitted.push(judgement);
      wake?.(judgement);
    },
    () => {
      watched.looks += 1;
    },
  );
  onTestFinished(() => {
    unwatch?.();
    link.close();
  });
  return watched;
}

const PASS = 'pass 5.9.8, 1 IKE_SA, 1 connection';

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

describe('something else behind the socket', () => {
  async function listen(path: string, onSocket: (socket: Socket) => void): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    server.listen(path);
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
  }

  it.each([
    ['a web server', (socket: Socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a program that hangs up', (socket: Socket) => void socket.end()],
  ])('%s', async (_, onSocket) => {
    const path = await socketPath();
    await listen(path, onSocket);
    expect(await watch(path).observe()).toBe('fail not-charon');
  });

  it('a program that says nothing is silent', async () => {
    const path = await socketPath();
    await listen(path, () => undefined);
    expect(await watch(path, 100).observe()).toBe('fail vici-silent');
  });

  it.each([
    ['a VICI speaker of another name', 'version', { daemon: 'swanctl', version: '5.9.8' }],
    ['a VICI speaker without stats', 'stats', { hello: 'world' }],
  ])('%s', async (_, command, answer) => {
    const path = await socketPath();
    const charon = await startCharon(path);
    charon.on(command, () => answer);
    expect(await watch(path).observe()).toBe('fail not-charon');
  });

  it('a charon that knows no stats', async () => {
    const path = await socketPath();
    const charon = await FakeCharon.listen(path);
    onTestFinished(() => charon.stop());
    charon.on('version', () => firstRecorded('version'));
    expect(await watch(path).observe()).toBe('fail not-charon');
  });

  it('a charon that always hangs up is no charon, and is not asked thousands of times', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    charon.on('stats', (_, client) => {
      client.socket.destroy();
      return undefined;
    });
    const { observe } = watch(path);
    expect(await observe()).toBe('fail not-charon');
    expect(charon.requests.filter((name) => name === 'stats')).toHaveLength(2);
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
