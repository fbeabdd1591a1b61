/** A fake charon in a directory of its own, and clients of it; all of it ends with the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type MoverClient, type OpenOptions, openMover, ViciError } from '../../../health/vici/index.ts';
import { FakeCharon } from '../../fake/charon.ts';

export async function temporaryPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-vici-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'vici.sock');
}

export async function startCharon(): Promise<FakeCharon> {
  const charon = await FakeCharon.listen(await temporaryPath());
  onTestFinished(() => charon.stop());
  return charon.on('version', () => ({ daemon: 'charon', version: '5.9.8' }));
}

export async function connect(charon: FakeCharon, options: OpenOptions = {}): Promise<MoverClient> {
  const client = await openMover(charon.path, options);
  onTestFinished(() => {
    client.close();
  });
  return client;
}

/** The ViciError that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<ViciError> {
  const error = await promise.then(
    () => new Error('it did not reject'),
    (reason: unknown) => reason,
  );
  if (error instanceof ViciError) return error;
  throw error;
}

/** Everything that is yielded. */
export async function all<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const message of messages) list.push(message);
  return list;
}
