/** The commands against the daemon's own handler, on a unix socket. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { orderedBy } from '../../../sidecar/cli/force.ts';
import { EXIT } from '../../../sidecar/cli/outcome.ts';
import { serve } from '../../../sidecar/http.ts';
import { OrderDesk } from '../order-desk.ts';
import { V4, V6 } from '../scenario.ts';
import { swancast, swancastWith } from './command.ts';

const me = userInfo().username;
const UNTIL = '2026-01-01T00:10:02.000Z';

let folder: string;
let socket: string;
let server: Server;
let desk: OrderDesk;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-cli-'));
  socket = join(folder, 'control.sock');
  desk = new OrderDesk(folder);
  await desk.breakGlass.start();
  server = await serve({ path: socket }, desk.views);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const force = (verb: string, prefix: string, ...more: string[]) =>
  swancast('force', verb, prefix, '--for', '10m', '--reason', 'new kernel', '-s', socket, ...more);

describe('swancast force', () => {
  it('withdraws, and says until when and how to end it', async () => {
    expect(await force('withdraw', V4)).toEqual({
      code: EXIT.ok,
      out: `\
${V4} is forced: withdraw, by ${me}, for 10 min (until ${UNTIL}), whatever the checks say
  to end it before: swancast release ${V4}
`,
      err: '',
    });
    expect(desk.run.routes).toEqual([`${V6} 100`]);
  });

  it('says when a forced announcement is not in effect, and why', async () => {
    desk.run.fail('charon', 'charon-gone');
    const { code, out } = await force('announce', V4);
    expect([code, desk.run.routes]).toEqual([EXIT.ok, []]);
    expect(out).toContain(`\
  not in effect now: it is withdrawn: charon is not there: its VICI socket is closed or missing, and a new connection is refused (charon-gone)
  a forced announcement waits while charon is gone`);
  });

  it('prints the status of the prefix as JSON', async () => {
    const { out } = await force('withdraw', V4, '--json');
    expect(JSON.parse(out)).toMatchObject({
      prefixes: [
        {
          prefix: V4,
          state: 'withdrawn',
          reason: 'forced-withdraw',
          forced: { verb: 'withdraw', who: me, reason: 'new kernel', until: UNTIL, remaining_seconds: 600 },
        },
      ],
    });
  });

  it('shows up in status and explain', async () => {
    await force('withdraw', V4);
    expect((await swancast('status', '-s', socket)).out).toContain(
      `${V4}  withdraw  yes        10 min  ${me}`,
    );
    expect((await swancast('explain', '-s', socket)).out).toContain(
      `force withdraw, by ${me}, 10 min left (until ${UNTIL}): new kernel`,
    );
  });

  it.each([
    [
      'another prefix',
      ['announce', '192.0.2.9/32'],
      `"192.0.2.9/32" is not configured here; configured: ${V4}, ${V6}`,
    ],
    ['two lines', ['announce', V4, '--reason', 'a\nb'], 'reason: one line of 1 to 200 printable characters'],
  ])('is refused for %s, with what was expected', async (_, words, message) => {
    const { code, out, err } = await swancast(
      'force',
      '--for',
      '1h',
      '--reason',
      'x',
      '-s',
      socket,
      ...words,
    );
    expect([code, out]).toEqual([EXIT.problem, '']);
    expect(err).toMatch(/^refused: .*\n$/);
    expect(err).toContain(message);
  });

  it('is refused when it cannot be kept', async () => {
    symlinkSync('/dev/full', join(folder, 'intent.json.new'));
    const { code, err } = await force('withdraw', V4);
    expect([code, err]).toEqual([
      EXIT.problem,
      `refused: ${join(folder, 'intent.json')} cannot be written: the disk is full; free some space; nothing was changed\n`,
    ]);
    expect(desk.run.routes).toEqual([`${V4} 100`, `${V6} 100`]);
  });

  it.each([
    ['no duration', ['announce', V4, '--reason', 'x'], '--for <duration>'],
    ['no reason', ['announce', V4, '--for', '1m'], '--reason <text>'],
    ['no prefix', ['announce', '--for', '1m', '--reason', 'x'], "missing required argument 'prefix'"],
    ['another verb', ['drain', V4, '--for', '1m', '--reason', 'x'], 'Allowed choices are announce, withdraw'],
    ['no unit', ['announce', V4, '--for', '10', '--reason', 'x'], 'From 1s to 24h expected'],
    ['too long', ['announce', V4, '--for', '25h', '--reason', 'x'], 'From 1s to 24h expected'],
    ['no time at all', ['announce', V4, '--for', '0s', '--reason', 'x'], 'From 1s to 24h expected'],
  ])('is a mistake in its use with %s', async (_, words, message) => {
    const { code, err } = await swancast('force', '-s', socket, ...words);
    expect([code, desk.run.state.intents.size]).toEqual([EXIT.usage, 0]);
    expect(err).toContain(message);
  });

  it('says that no daemon runs', async () => {
    const { code, err } = await force('withdraw', V4, '-s', join(folder, 'none.sock'));
    expect([code, err]).toEqual([EXIT.noDaemon, expect.stringContaining('swancast does not run here')]);
  });

  it('names the person behind sudo', async () => {
    await swancastWith(
      { SUDO_USER: 'bob' },
      'force',
      'withdraw',
      V4,
      '--for',
      '1m',
      '--reason',
      'x',
      '-s',
      socket,
    );
    expect(desk.run.state.intents.get(V4)?.who).toBe(me === 'bob' ? 'bob' : 'bob (sudo)');
    expect(orderedBy({}, () => 'root')).toBe('root');
    expect(orderedBy({ SUDO_USER: `e\u001b[2J${'x'.repeat(80)}` }, () => 'root')).toMatch(/^e\?\[2Jx{58}…$/);
  });
});

describe('swancast release', () => {
  it('lets the checks decide again, for one or for all', async () => {
    await force('withdraw', V4);
    await force('withdraw', V6);
    expect(await swancast('release', V4, '-s', socket)).toEqual({
      code: EXIT.ok,
      out: `${V4} is released: the checks have it announced: every check that bears on the announcement passes (all-pass)\n`,
      err: '',
    });
    const { out } = await swancast('release', '-s', socket, '--json');
    expect(JSON.parse(out)).toMatchObject({ prefixes: [{ prefix: V6, state: 'announced' }] });
    expect(desk.run.routes).toEqual([`${V4} 100`, `${V6} 100`]);
  });

  it('says when there is nothing to release', async () => {
    expect((await swancast('release', '-s', socket)).out).toBe('no prefix is forced, and none has flapped\n');
    expect((await swancast('release', V4, '-s', socket)).out).toBe(
      `${V4} was not forced, and has not flapped\n`,
    );
  });

  it('refuses a prefix that is not configured', async () => {
    const { code, err } = await swancast('release', '192.0.2.9/32', '-s', socket);
    expect([code, err]).toEqual([EXIT.problem, expect.stringContaining('is not configured here')]);
  });
});
