import { writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openReader } from '../../../health/vici/index.ts';
import { rejection, startCharon, temporaryPath } from './fixture.ts';

describe('connecting', () => {
  it('finds no socket', async () => {
    const path = await temporaryPath();
    const error = await rejection(openReader(path));
    expect(error.code).toBe('VICI_ABSENT');
    expect(error.message).toBe(
      `VICI socket ${path} does not exist: start strongSwan, or give the path that \`vici.socket\` has in strongswan.conf (ENOENT)`,
    );
    expect(error.cause).toMatchObject({ code: 'ENOENT', syscall: 'connect' });
  });

  it('finds a file where a directory should be', async () => {
    const path = await temporaryPath();
    await writeFile(path, '');
    expect((await rejection(openReader(join(path, 'vici.sock')))).code).toBe('VICI_ABSENT');
  });

  it('finds a path that no socket can have', async () => {
    const path = join(dirname(await temporaryPath()), 'x'.repeat(200));
    expect((await rejection(openReader(path))).code).toBe('VICI_ABSENT');
  });

  it('is refused where charon was killed and left its socket', async () => {
    const charon = await startCharon();
    await charon.crash();
    const error = await rejection(openReader(charon.path));
    expect(error.code).toBe('VICI_REFUSED');
    expect(error.message).toContain(
      'is there, but nobody listens on it: charon is not running (ECONNREFUSED)',
    );
  });

  it.each([
    ['EACCES', 'VICI_DENIED'],
    ['EPERM', 'VICI_DENIED'],
    ['EAGAIN', 'VICI_BUSY'],
    ['EMFILE', 'VICI_BUSY'],
    ['EPROTOTYPE', 'VICI_PROTOCOL'],
    ['ENOTSOCK', 'VICI_PROTOCOL'],
    ['ELOOP', 'VICI_ABSENT'],
    ['ECONNRESET', 'VICI_CLOSED'],
    [undefined, 'VICI_BUSY'],
  ])('takes %s for %s', async (errno, code) => {
    const connector = (): Socket => {
      const socket = new Socket();
      socket.destroy(Object.assign(new Error('connect failed'), errno === undefined ? {} : { code: errno }));
      return socket;
    };
    const error = await rejection(openReader('/run/charon.vici', { connector }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`(${errno ?? 'connect failed'})`);
  });

  it('does not wait longer than its deadline', async () => {
    const socket = new Socket();
    const error = await rejection(openReader('/x', { connector: () => socket, deadlineMs: 5 }));
    expect(error).toMatchObject({ code: 'VICI_TIMEOUT', message: 'connecting to /x: not done within 5 ms' });
    expect(socket.destroyed).toBe(true);
  });

  it('can be given up, before and while it connects', async () => {
    const before = await rejection(openReader('/x', { signal: AbortSignal.abort('enough') }));
    expect(before).toMatchObject({ code: 'VICI_ABORTED', cause: 'enough' });
    const socket = new Socket();
    const caller = new AbortController();
    const opening = rejection(openReader('/x', { connector: () => socket, signal: caller.signal }));
    caller.abort('enough');
    expect(await opening).toMatchObject({ code: 'VICI_ABORTED', cause: 'enough' });
    expect(socket.destroyed).toBe(true);
  });

  it('leaves no connection behind when the second one fails', async () => {
    const charon = await startCharon();
    const sockets: Socket[] = [];
    const connector = (path: string): Socket => {
      const socket = new Socket();
      sockets.push(socket);
      return socket.connect(sockets.length === 1 ? path : `${path}.absent`);
    };
    expect((await rejection(openReader(charon.path, { connector }))).code).toBe('VICI_ABSENT');
    expect(sockets.map((socket) => socket.destroyed)).toEqual([true, true]);
  });
});
