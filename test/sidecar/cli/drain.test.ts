/** swancast drain and undrain against a control socket that answers from a script. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drain } from '../../../sidecar/cli/drain.ts';
import { drainBar, drainText } from '../../../sidecar/cli/drain-text.ts';
import { EXIT } from '../../../sidecar/cli/outcome.ts';
import { main } from '../../../sidecar/cli/program.ts';
import type { DrainStatus, SessionsStatus } from '../../../sidecar/sessions/progress.ts';

const STATUS: DrainStatus = {
  ...{
    who: 'alice',
    reason: 'reboot',
    since: '2026-01-01T00:00:00.000Z',
    until: null,
    remaining_seconds: null,
  },
  ...{ move: 'auto', to: null, rate_per_second: 100, method: 'redirect', phase: 'moving', phase_seconds: 1 },
  ...{ seconds: 2.1, deadline_seconds: 290, timed_out: false, left: [], held_by: [] },
  sessions: { most: 36, here: 12, redirected: 24, terminated: 0, ignored: 0 },
};
const DONE: DrainStatus = { ...STATUS, phase: 'done', sessions: { ...STATUS.sessions, here: 0 } };
const LATE: DrainStatus = {
  ...{ ...STATUS, phase: 'done', timed_out: true, left: ['bob', 'carol'] },
  sessions: { ...STATUS.sessions, here: 2, ignored: 2 },
};

const HELD: DrainStatus = {
  ...STATUS,
  phase: 'withdrawing',
  held_by: ['192.0.2.1/32 announce by bob until 12:00: test'],
};

const sessions = (one: DrainStatus | null): SessionsStatus => ({
  ...{
    anycast: 1,
    pinned: 2,
    other: 0,
    swept: 0,
    redirected: 0,
    terminated: 0,
    drain: one,
    evacuation: null,
  },
  pin: { redirected: 0, moved: 0, ignored: 0, limited: 0, unable: 0, waiting: 0 },
});

describe('swancast drain', () => {
  let directory: string;
  let socket: string;
  let server: Server;
  let asked: { path: string; body: unknown }[];
  let answers: { status: number; body: unknown }[];
  let printed: { out: string; err: string };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'swancast-drain-'));
    socket = join(directory, 'control.sock');
    asked = [];
    printed = { out: '', err: '' };
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        asked.push({ path: request.url ?? '', body: text === '' ? undefined : JSON.parse(text) });
        const { status, body } = answers.shift() ?? { status: 500, body: 'no more answers' };
        response.writeHead(status);
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(socket, resolve);
    });
  });

  afterEach(() => {
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true });
  });

  const surroundings = {
    output: {
      out: (text: string) => void (printed.out += text),
      err: (text: string) => void (printed.err += text),
    },
    env: {},
  };
  const seams = { isGoingDown: async () => false, terminal: undefined, everyMs: 1 };
  const run = (options: Partial<Parameters<typeof drain>[0]>, more = {}) =>
    drain({ socket, reason: 'reboot', move: 'auto', ...options }, surroundings, { ...seams, ...more });

  it('is modest in a unit, and has nothing to do after a crash', async () => {
    answers = [{ status: 200, body: sessions(STATUS) }];
    await run({ as: 'strongswan.service' });
    expect(asked[0]?.body).toMatchObject({ who: 'strongswan.service', only_own: true });
    const unit = { as: 'strongswan.service', socket, reason: 'stops', move: 'auto' as const };
    for (const env of [{ SERVICE_RESULT: 'signal', MAINPID: '7' }, { SERVICE_RESULT: 'success' }]) {
      expect(await drain(unit, { ...surroundings, env }, seams)).toBe(EXIT.ok);
    }
    expect(asked).toHaveLength(1);
    answers = [{ status: 200, body: sessions(STATUS) }];
    await drain(unit, { ...surroundings, env: { SERVICE_RESULT: 'success', MAINPID: '7' } }, seams);
    expect(asked).toHaveLength(2);
  });

  it('orders, and says how it stands', async () => {
    answers = [{ status: 200, body: sessions(STATUS) }];
    expect(await run({ for: 600, to: 'gw2', move: 'redirect', rate: 5, deadline: 60, force: true })).toBe(
      EXIT.ok,
    );
    expect(asked[0]).toMatchObject({
      path: '/drain',
      body: {
        reason: 'reboot',
        seconds: 600,
        to: 'gw2',
        move: 'redirect',
        rate: 5,
        deadline_seconds: 60,
        force: true,
      },
    });
    expect(asked[0]?.body).not.toHaveProperty('shutdown');
    expect(printed.out).toContain('12 of 36 sessions left');
  });

  it('says when the host goes down', async () => {
    answers = [{ status: 200, body: sessions(STATUS) }];
    await run({}, { isGoingDown: async () => true });
    expect(asked[0]?.body).toMatchObject({ shutdown: true });
  });

  it('--wait waits until it is done, drawing a bar, and fails when the deadline passed', async () => {
    answers = [STATUS, STATUS, DONE].map((each) => ({ status: 200, body: sessions(each) }));
    let drawn = '';
    const terminal = (text: string): void => void (drawn += text);
    expect(await run({ wait: true }, { terminal })).toBe(EXIT.ok);
    expect(asked.map(({ path }) => path)).toEqual(['/drain', '/sessions', '/sessions']);
    expect(drawn).toContain('66%');
    expect(printed.out).toContain('drained after 2.1 s');
    answers = [STATUS, LATE].map((each) => ({ status: 200, body: sessions(each) }));
    expect(await run({ wait: true, json: true }, { terminal })).toBe(EXIT.problem);
    expect(printed.out).toContain('"carol"');
  });

  it('--wait does not wait for what somebody else forces, and says it', async () => {
    answers = [STATUS, HELD].map((each) => ({ status: 200, body: sessions(each) }));
    expect(await run({ wait: true })).toBe(EXIT.problem);
    expect(printed.out).toContain(
      'waits for the end of what is forced, or for `swancast release`: 192.0.2.1/32 announce by bob until 12:00: test',
    );
  });

  it('--wait ends when somebody else ends the drain', async () => {
    answers = [STATUS, null].map((each) => ({ status: 200, body: sessions(each) }));
    expect(await run({ wait: true })).toBe(EXIT.problem);
    expect(printed.err).toContain('ended by somebody else');
    const over = { ...STATUS, until: '2001-01-01T00:00:00.000Z' };
    answers = [over, null].map((each) => ({ status: 200, body: sessions(each) }));
    expect(await run({ wait: true, for: 60 })).toBe(EXIT.problem);
    expect(printed.err).toContain('its time (--for) is over');
  });

  it('prints why it was refused', async () => {
    answers = [{ status: 409, body: 'gw2 drains already; --force overrides\n' }];
    expect(await run({})).toBe(EXIT.problem);
    expect(printed.err).toBe('refused: gw2 drains already; --force overrides\n');
  });

  it('is told apart from an answer of something else, and from nobody', async () => {
    answers = [{ status: 200, body: { hello: 1 } }];
    expect(await run({})).toBe(EXIT.problem);
    expect(await run({ socket: join(directory, 'none') })).toBe(EXIT.noDaemon);
  });

  it('undrain by the command line', async () => {
    answers = [{ status: 200, body: sessions(null) }];
    const code = await main(['node', 'swancast', 'undrain', '-s', socket], surroundings);
    expect(code).toBe(EXIT.ok);
    expect(printed.out).toContain('3 sessions are here');
  });

  it.each([
    [['--move', 'push'], /Allowed choices are auto, redirect, terminate, none/],
    [['--rate', '0'], /whole number from 1 to 10000/],
    [['--for', '1'], /From 1s to 720h/],
    [['--deadline', '25h'], /From 1s to 24h/],
  ])('refuses %j', async (args, why) => {
    expect(await main(['node', 'swancast', 'drain', ...args], surroundings)).toBe(EXIT.usage);
    expect(printed.err).toMatch(why);
  });
});

describe('a drain in words', () => {
  it('one line, over and over', () => {
    expect(drainBar(STATUS)).toBe(
      '[####################..........] 66%  12 of 36 sessions left  redirecting clients  2.1 s',
    );
    const empty = { ...STATUS, sessions: { ...STATUS.sessions, most: 0, here: 0 } };
    expect(drainBar(empty)).toContain(' 0% ');
    expect(drainBar({ ...empty, phase: 'done' })).toContain('100%');
  });

  it('names who is left', () => {
    expect(drainText(LATE)).toContain('still here: bob, carol');
    const many = { ...LATE, left: Array.from({ length: 12 }, (_, index) => `c${index}`) };
    expect(drainText(many)).toContain('and 2 more');
    expect(drainText({ ...DONE, until: '2026-01-02' })).toContain('until 2026-01-02');
  });
});
