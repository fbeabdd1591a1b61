import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RECORD_BYTES, RecordReader, watchErrorNotify } from '../../health/error-notify.ts';
import { FakeClock, KeptLog } from './fixture.ts';

function record(type: number): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.writeInt32BE(type);
  bytes.write('whatever it says', 4);
  return bytes;
}

describe('records', () => {
  it.each([
    ['one', [record(9)], ['proposal-mismatch-child']],
    ['in pieces', [record(10).subarray(0, 3), record(10).subarray(3)], ['ts-mismatch']],
    [
      'two and a half',
      [Buffer.concat([record(1), record(11), record(9).subarray(0, 300)])],
      ['radius-not-responding', 'install-child-sa-failed'],
    ],
    ['of types nobody knows', [Buffer.concat([record(0), record(-1), record(4000)])], []],
  ])('%s', (_, chunks, expected) => {
    const reader = new RecordReader();
    expect(chunks.flatMap((chunk) => reader.push(chunk))).toEqual(expected);
  });
});

it('is connected to again after charon went away, and warns once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-enfy-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'charon.enfy');
  const [clock, log] = [new FakeClock(), new KeptLog()];
  const heard: string[] = [];
  let wake: (() => void) | undefined;
  const stop = watchErrorNotify(
    path,
    (type) => {
      heard.push(type);
      wake?.();
    },
    log,
    clock.setTimer,
  );
  onTestFinished(stop);
  await expect.poll(() => clock.timers.size).toBe(1);
  await clock.pass(5000);
  await expect.poll(() => clock.timers.size).toBe(1);
  expect(log.lines).toEqual(['warn no connection to the socket of error-notify; trying on']);
  const server = createServer().listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const connected = once(server, 'connection') as Promise<[Socket]>;
  await clock.pass(5000);
  const [socket] = await connected;
  const told = new Promise<void>((resolve) => {
    wake = resolve;
  });
  socket.write(record(12));
  await told;
  expect(heard).toEqual(['install-child-policy-failed']);
});
