import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isLocal, probePort, type ProbeOutcome, type ProbeTarget } from '../../../health/ike/probe.ts';
import { IkeResponder, type IkeRequest } from '../../fake/ike-responder.ts';
import { FakeClock } from '../fixture.ts';

const never = new AbortController().signal;

async function responder(address = '127.0.0.1'): Promise<IkeResponder> {
  const ike = await IkeResponder.listen(address);
  onTestFinished(() => {
    ike.close();
  });
  return ike;
}

/** Probes; tries follow each other as soon as the request before has come (time passes by hand). */
async function probe(
  ike: IkeResponder,
  target: Partial<ProbeTarget> = {},
): Promise<{ outcome: ProbeOutcome; clock: FakeClock }> {
  const clock = new FakeClock();
  const full = { address: '127.0.0.1', port: ike.port, marker: false, ...target };
  const outcome = probePort(full, { tryMs: 300, now: clock.now, setTimer: clock.setTimer }, never);
  let done = false;
  void outcome.finally(() => {
    done = true;
  });
  for (let request = 1; request <= 4 && !done; request += 1) {
    await Promise.race([ike.until(request), outcome]);
    // What was answered is on its way back: real time, since the sockets are real.
    for (let turn = 0; turn < 10 && !done; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (!done) await clock.pass(300);
  }
  return { outcome: await outcome, clock };
}

describe('a worker answers', () => {
  it.each([
    ['127.0.0.1', false],
    ['127.0.0.1', true],
    ['::1', false],
    ['::1', true],
  ])('on %s, non-ESP marker: %s', async (address, marker) => {
    const ike = await responder(address);
    ike.marker = marker;
    const { outcome, clock } = await probe(ike, { address, marker });
    expect(outcome).toMatchObject({ kind: 'worker', answer: 'NO_PROPOSAL_CHOSEN' });
    expect(ike.requests).toHaveLength(1);
    expect(ike.requests[0]?.bytes).toHaveLength(148);
    expect(clock.timers.size).toBe(0);
  });

  it('from the given source address', async () => {
    const ike = await responder();
    expect((await probe(ike, { source: '127.0.0.1' })).outcome.kind).toBe('worker');
  });

  it('each probe has an SPI of its own', async () => {
    const ike = await responder();
    for (let i = 0; i < 5; i += 1) await probe(ike);
    const spis = new Set(ike.requests.map(({ spi }) => spi.toString('hex')));
    expect(spis.size).toBe(5);
    expect(spis.has('0000000000000000')).toBe(false);
  });

  it('to the second try, which is the same bytes again', async () => {
    const ike = await responder();
    ike.answer = (request) => (ike.requests.length < 2 ? undefined : ike.healthy(request));
    expect((await probe(ike)).outcome.kind).toBe('worker');
    expect(ike.requests).toHaveLength(2);
    expect(ike.requests[1]?.bytes).toEqual(ike.requests[0]?.bytes);
  });

  it('after all, while the receiver is being asked', async () => {
    const ike = await responder();
    ike.answer = () => {
      const [first] = ike.requests;
      return ike.requests.length < 3 || first === undefined ? undefined : ike.healthy(first);
    };
    expect((await probe(ike)).outcome.kind).toBe('worker');
  });
});

describe('a cookie is demanded', () => {
  const COOKIE = Buffer.from('c0ffee', 'hex');

  it('and sent back', async () => {
    const ike = await responder();
    ike.answer = (request) =>
      request.cookie?.equals(COOKIE) === true ? ike.healthy(request) : ike.cookie(request, COOKIE);
    expect((await probe(ike)).outcome).toMatchObject({ kind: 'worker', answer: 'NO_PROPOSAL_CHOSEN' });
    expect(ike.requests.map(({ cookie }) => cookie?.toString('hex'))).toEqual([undefined, 'c0ffee']);
    expect(ike.requests[1]?.spi).toEqual(ike.requests[0]?.spi);
  });

  it('again and again, whatever was sent back: no worker has answered', async () => {
    const ike = await responder();
    ike.answer = (request) => ike.cookie(request, COOKIE);
    expect((await probe(ike)).outcome).toEqual({ kind: 'overloaded' });
    expect(ike.requests.map(({ cookie }) => cookie?.toString('hex'))).toEqual([
      undefined,
      'c0ffee',
      'c0ffee',
    ]);
  });

  it('a second time because the secret has changed, and then a worker answers', async () => {
    const ike = await responder();
    const fresh = Buffer.from('f00d', 'hex');
    ike.answer = (request) => {
      if (request.cookie?.equals(fresh) === true) return ike.healthy(request);
      return ike.cookie(request, request.cookie === undefined ? COOKIE : fresh);
    };
    expect((await probe(ike)).outcome.kind).toBe('worker');
  });

  it.each([
    ['the receiver goes on answering', (ike: IkeResponder, request: IkeRequest) => ike.stuck(request)],
    ['nothing more is answered', () => undefined],
  ])('and sent back, but no worker takes it up: %s', async (_, then) => {
    const ike = await responder();
    ike.answer = (request) =>
      request.majorVersion === 2 && request.cookie === undefined
        ? ike.cookie(request, COOKIE)
        : then(ike, request);
    expect((await probe(ike)).outcome).toEqual({ kind: 'overloaded' });
    // First without, then with the cookie, the second try with it as well, and the receiver probe.
    expect(ike.requests.map(({ majorVersion, cookie }) => cookie?.toString('hex') ?? majorVersion)).toEqual([
      2,
      'c0ffee',
      'c0ffee',
      3,
    ]);
  });
});

describe('no worker answers', () => {
  it('but the receiver thread does, once it is asked: two worker probes come first', async () => {
    const ike = await responder();
    ike.answer = (request) => ike.stuck(request);
    expect((await probe(ike)).outcome).toEqual({ kind: 'receiver' });
    expect(ike.requests.map(({ majorVersion }) => majorVersion)).toEqual([2, 2, 3]);
  });

  it('and nothing else either', async () => {
    const ike = await responder();
    ike.answer = () => undefined;
    const { outcome, clock } = await probe(ike);
    expect(outcome).toEqual({ kind: 'silent' });
    expect(clock.time).toBe(900);
    expect(clock.timers.size).toBe(0);
  });

  it.each([
    ['garbage', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['an empty datagram', () => Buffer.alloc(0)],
  ])('%s is no answer', async (_, answer) => {
    const ike = await responder();
    ike.answer = answer;
    expect((await probe(ike)).outcome.kind).toBe('silent');
  });

  it('an answer to somebody else (another SPI) is no answer', async () => {
    const ike = await responder();
    ike.answer = (request) => ike.notify({ ...request, spi: Buffer.alloc(8, 7) }, 14);
    expect((await probe(ike)).outcome.kind).toBe('silent');
  });

  it('an answer without the marker on the port that has it is no answer', async () => {
    const ike = await responder();
    expect((await probe(ike, { marker: true })).outcome.kind).toBe('silent');
  });
});

describe('it cannot be asked', () => {
  it('nobody listens', async () => {
    const free = createSocket('udp4').bind(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address();
    free.close();
    await once(free, 'close');
    const target = { address: '127.0.0.1', port, marker: false };
    const clock = new FakeClock();
    const times = { tryMs: 300, now: clock.now, setTimer: clock.setTimer };
    expect(await probePort(target, times, never)).toEqual({ kind: 'refused' });
  });

  it('the source address is not on this host', async () => {
    const ike = await responder();
    expect((await probe(ike, { source: '192.0.2.77' })).outcome).toEqual({
      kind: 'no-address',
      detail: 'EADDRNOTAVAIL',
    });
  });

  it('an abort ends it with its reason, and leaves no timer', async () => {
    const ike = await responder();
    ike.answer = () => undefined;
    const clock = new FakeClock();
    const abort = new AbortController();
    const target = { address: '127.0.0.1', port: ike.port, marker: false };
    const outcome = probePort(target, { tryMs: 300, now: clock.now, setTimer: clock.setTimer }, abort.signal);
    await ike.until(1);
    abort.abort(new Error('too late'));
    await expect(outcome).rejects.toThrow('too late');
    expect(clock.timers.size).toBe(0);
  });
});

describe('a host without a descriptor', () => {
  it('says that it could not ask, and not what it would have heard', async () => {
    const probe = new URL('../../../health/ike/probe.ts', import.meta.url).href;
    // A process of its own, as no number is left to it, not even one that is given back.
    const script = `
      import { isLocal, probePort } from ${JSON.stringify(probe)};
      import { execFileSync } from 'node:child_process';
      execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=8:']);
      const signal = new AbortController().signal;
      const target = { address: '127.0.0.1', port: 500, marker: false };
      const outcome = await probePort(target, { tryMs: 50, now: () => performance.now() }, signal);
      console.log(JSON.stringify([String(await isLocal('127.0.0.1', signal)), outcome]));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(JSON.parse(stdout)).toEqual(['undefined', { kind: 'exhausted', detail: 'EMFILE' }]);
  });
});

describe('whether an address is on this host', () => {
  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['203.0.113.77', false],
    ['2001:db8:77::1', false],
  ])('%s: %s', async (address, expected) => {
    expect(await isLocal(address, never)).toBe(expected);
  });
});
