/**
 * The client against a real charon-systemd, alone in a network namespace: what it answers, and what its
 * death, its freezing and its silence look like.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Message, openReader, type ReadClient, ViciError } from '../../health/vici/index.ts';

const CHARON = '/usr/sbin/charon-systemd';
const SWANCTL = '/usr/sbin/swanctl';
const NAMESPACE = `swcvici${process.pid}`;
/** No kernel-libipsec: nothing here needs a CHILD_SA. */
const PLUGINS =
  'random nonce aes sha1 sha2 hmac kdf gmp curve25519 drbg x509 pem pkcs1 pubkey constraints kernel-netlink socket-default vici counters';

const missing = whatIsMissing();
if (missing !== undefined) process.stderr.write(`SKIPPED: test/integration/vici.test.ts: ${missing}\n`);

describe.skipIf(missing !== undefined)(`a real charon${missing === undefined ? '' : ` (${missing})`}`, () => {
  let directory = '';
  let path = '';
  let charon: ChildProcess | undefined;

  beforeAll(async () => {
    execFileSync('ip', ['netns', 'add', NAMESPACE]);
    execFileSync('ip', ['-n', NAMESPACE, 'link', 'set', 'lo', 'up']);
    directory = await mkdtemp(join(tmpdir(), 'swancast-charon-'));
    path = join(directory, 'vici.sock');
    await writeFile(
      join(directory, 'strongswan.conf'),
      `charon-systemd {
  load = ${PLUGINS}
  plugins { vici { socket = unix://${path} } }
  journal { default = -1 }
}
swanctl { load = random x509 pem pkcs1 pubkey }
`,
    );
    await writeFile(
      join(directory, 'swanctl.conf'),
      `connections {
  ra { local { auth = psk }
       remote { auth = psk }
       children { net { local_ts = 10.10.0.0/24 } } }
  __proto__ { local { auth = psk }
              remote { auth = psk } }
}
`,
    );
    charon = await startCharon();
  });

  afterAll(async () => {
    try {
      await kill(charon);
    } finally {
      execFileSync('ip', ['netns', 'del', NAMESPACE]);
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('answers what the checks ask', async () => {
    const client = await openReader(path);
    const version = await client.request('version');
    expect(version['daemon']).toBe('charon-systemd');
    expect(version['version']).toMatch(/^[56]\.\d+\.\d+/);
    const stats = await client.request('stats');
    expect(stats['ikesas']).toMatchObject({ total: '0', 'half-open': '0' });
    expect(stats['workers']).toMatchObject({ total: '16' });
    expect(stats['plugins']).toContain('counters');
    const { counters } = await client.request('get-counters');
    expect(counters).toMatchObject({ '': { 'ike-rekey-init': '0', 'invalid-spi': '0' } });
    expect(await all(client.stream('list-sas', 'list-sa', { noblock: 'yes' }))).toEqual([]);
    client.close();
  });

  it('lists connections, one of them called __proto__', async () => {
    execFileSync(
      SWANCTL,
      ['--load-conns', '--uri', `unix://${path}`, '--file', join(directory, 'swanctl.conf')],
      {
        env: { ...process.env, STRONGSWAN_CONF: join(directory, 'strongswan.conf') },
        stdio: 'pipe',
      },
    );
    const client = await openReader(path);
    expect((await client.request('get-conns'))['conns']).toEqual(['ra', '__proto__']);
    const connections = await all(client.stream('list-conns', 'list-conn'));
    expect(connections.flatMap((message) => Object.keys(message)).toSorted()).toEqual(['__proto__', 'ra']);
    expect(connections.find((message) => message['ra'] !== undefined)).toMatchObject({
      ra: { version: 'IKEv1/2', children: { net: { mode: 'TUNNEL', 'local-ts': ['10.10.0.0/24'] } } },
    });
    // Left early: what comes next is still ours.
    for await (const _ of client.stream('list-conns', 'list-conn')) break;
    expect((await client.request('version'))['daemon']).toBe('charon-systemd');
    client.close();
  });

  it('confirms the events it has, alert only from 6.0.3', async () => {
    const client = await openReader(path);
    const { version } = await client.request('version');
    const { unknown } = await client.subscribe(
      ['ike-updown', 'child-updown', 'ike-rekey', 'child-rekey', 'ike-update', 'alert'],
      () => undefined,
    );
    expect(unknown).toEqual(version === '5.9.8' ? ['alert'] : expect.any(Array));
    client.close();
  });

  it('is told apart when it is frozen: silent, then busy, then there again', async () => {
    const client = await openReader(path, { onlyCommands: true });
    charon?.kill('SIGSTOP');
    try {
      await stopped(charon);
      const silent = await failure(client.request('stats', {}, { deadlineMs: 50 }));
      expect(silent.code).toBe('VICI_TIMEOUT');
      expect(await client.closed).toBe(silent);
      const waiting: ReadClient[] = [];
      let busy: ViciError | undefined;
      for (let n = 0; n < 50 && busy === undefined; n += 1) {
        const next = await openReader(path, { onlyCommands: true }).catch((error: unknown) => error);
        if (next instanceof ViciError) busy = next;
        else waiting.push(next as ReadClient);
      }
      expect(busy?.code).toBe('VICI_BUSY');
      expect(busy?.message).toContain('backlog is full');
      for (const each of waiting) each.close();
    } finally {
      charon?.kill('SIGCONT');
    }
    await answering(charon);
    const again = await openReader(path);
    expect((await again.request('version'))['daemon']).toBe('charon-systemd');
    again.close();
  });

  it('closes on garbage, and serves others', async () => {
    const client = await openReader(path);
    const garbage = await openReader(path, {
      connector: (at) => {
        const socket = connectTo({ path: at });
        socket.on('connect', () => socket.write(Buffer.from('ffffffff', 'hex')));
        return socket;
      },
      onlyCommands: true,
    });
    expect((await garbage.closed).code).toBe('VICI_CLOSED');
    expect((await client.request('version'))['daemon']).toBe('charon-systemd');
    client.close();
  });

  it('is known to be dead at once, and refuses until it runs again', async () => {
    const client = await openReader(path);
    await client.subscribe(['ike-updown'], () => undefined);
    await kill(charon);
    const ended = await client.closed;
    expect(ended.code).toBe('VICI_CLOSED');
    expect(ended.message).toBe(`charon closed the VICI connection ${path}`);
    expect((await failure(openReader(path))).code).toBe('VICI_REFUSED');
    charon = await startCharon();
    const again = await openReader(path);
    expect((await again.request('get-conns'))['conns']).toEqual([]);
    again.close();
  });

  it('closes on SIGTERM as well, which leaves the socket behind', async () => {
    const client = await openReader(path);
    charon?.kill('SIGTERM');
    expect((await client.closed).code).toBe('VICI_CLOSED');
    await exited(charon);
    expect((await failure(openReader(path))).code).toBe('VICI_REFUSED');
  });

  async function startCharon(): Promise<ChildProcess> {
    const child = spawn('ip', ['netns', 'exec', NAMESPACE, CHARON], {
      env: { ...process.env, STRONGSWAN_CONF: join(directory, 'strongswan.conf') },
      stdio: 'ignore',
    });
    await answering(child);
    return child;
  }

  /** charon gives no sign when it listens (its socket is there before), nor when its backlog has room. */
  async function answering(child: ChildProcess | undefined): Promise<void> {
    while (child?.exitCode === null && child.signalCode === null) {
      const client = await openReader(path, { onlyCommands: true }).catch(() => undefined);
      if (client !== undefined) {
        await client.request('version');
        client.close();
        return;
      }
      await setTimeout(5);
    }
    throw new Error(`charon ended before it answered (exit status ${child?.exitCode})`);
  }
});

async function all(messages: AsyncIterable<Message>): Promise<Message[]> {
  const list: Message[] = [];
  for await (const message of messages) list.push(message);
  return list;
}

async function failure(promise: Promise<unknown>): Promise<ViciError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof ViciError) return error;
  throw error;
}

/** SIGSTOP reaches the threads one after the other; a worker may answer meanwhile. */
async function stopped(child: ChildProcess | undefined): Promise<void> {
  const tasks = `/proc/${child?.pid}/task`;
  const states = async (): Promise<string[]> => {
    const stats = (await readdir(tasks)).map((task) => readFile(join(tasks, task, 'stat'), 'utf8'));
    return (await Promise.all(stats)).map((stat) => stat.replace(/^.*\) /s, '').charAt(0));
  };
  while ((await states()).some((state) => state !== 'T')) await setTimeout(1);
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  child?.kill('SIGKILL');
  await exited(child);
}

async function exited(child: ChildProcess | undefined): Promise<void> {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function whatIsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, for a network namespace and charon';
  for (const program of [CHARON, SWANCTL]) {
    try {
      accessSync(program, constants.X_OK);
    } catch {
      return `${program} is not installed (apt-get install charon-systemd strongswan-swanctl)`;
    }
  }
  return undefined;
}
