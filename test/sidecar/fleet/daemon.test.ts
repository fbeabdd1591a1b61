/** The daemon as a process in a fleet of scripted gateways: what it asks, answers, and does with SIGHUP. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseWord } from '../../../sidecar/fleet/word.ts';
import { Peers, wordFrom } from './peers.ts';

vi.setConfig({ testTimeout: 30_000 });
const MAIN = join(import.meta.dirname, '../../../sidecar/main.ts');

let directory: string;
let peers: Peers;
let daemon: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-fleet-'));
  peers = new Peers();
});
afterEach(async () => {
  if (daemon?.exitCode === null && daemon.signalCode === null) {
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  }
  peers.close();
  rmSync(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);
const write = (extra: string): void =>
  writeFileSync(
    at('swancast.yaml'),
    `
gateway: { name: gw1 }
strongswan: { vici_socket: ${at('charon.vici')} }
prefixes: [{ prefix: 192.0.2.1/32 }]
bgp:
  supervise: false
  local_as: 65001
  router_id: 10.1.1.2
  run_directory: ${directory}
  neighbors: [{ address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }]
lease: { socket: ${at('lease.sock')} }
control: { socket: ${at('control.sock')}, state_directory: ${directory} }
http: { listen: "off" }
${extra}
`,
  );
const fleet = (...members: readonly string[]): string =>
  `fleet: { poll_seconds: 0.1, token_file: ${at('token')}, gateways: [${members.join(', ')}] }`;

/** Resolves once it logged all of these, in any order. */
function start(): { says: (...what: readonly RegExp[]) => Promise<void> } {
  const child = spawn(process.execPath, [MAIN, 'run', '-c', at('swancast.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  daemon = child;
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return {
    says: async (...what) => {
      const isDone = (): boolean => what.every((each) => lines.some((line) => each.test(line)));
      while (!isDone()) await once(reader, 'line');
    },
  };
}

const get = (path: string): Promise<{ status: number | undefined; json: unknown }> =>
  new Promise((resolve, reject) => {
    request({ socketPath: at('control.sock'), path }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        const isJson = response.headers['content-type'] === 'application/json';
        resolve({ status: response.statusCode, json: isJson ? JSON.parse(body) : body });
      });
    })
      .on('error', reject)
      .end();
  });

/** Resolves when somebody asked it with that token. */
function gateway(name: string): { url: Promise<string>; asked: Promise<string> } {
  let tell: (token: string) => void = () => undefined;
  const asked = new Promise<string>((resolve) => (tell = resolve));
  const url = peers.http((question, response) => {
    response.end(JSON.stringify(wordFrom(name)), () => tell(String(question.headers.authorization)));
  });
  return { url, asked };
}

describe('swancast run in a fleet', () => {
  it('asks the others with its token, and shows them', async () => {
    const [gw2, dead] = [gateway('gw2'), await peers.nobody()];
    writeFileSync(at('token'), 's3cret', { mode: 0o600 });
    write(
      fleet(
        `{ name: gw2, url: "${await gw2.url}" }`,
        `{ name: gw3, url: "${dead}" }`,
        '{ name: gw1, url: "http://127.0.0.1:9" }',
      ),
    );
    const { says } = start();
    expect(await gw2.asked).toBe('Bearer s3cret');
    await says(/nothing is heard of gw3: .*refuses connections/u);
    const { json } = await get('/fleet');
    expect(json).toMatchObject({
      gateway: 'gw1',
      gateways: [
        { name: 'gw2', here: true, state: 'announced' },
        { name: 'gw3', here: false, problem: expect.stringContaining('refuses') as string },
        { name: 'gw1', own: true },
      ],
    });
    const status = (await get('/status')).json;
    expect(status).toMatchObject({
      fleet: {
        members: [
          { name: 'gw2', here: true },
          { name: 'gw3', here: false },
        ],
      },
    });
    daemon?.kill('SIGTERM');
    if (daemon?.exitCode === null) await once(daemon, 'exit');
    expect(daemon?.exitCode).toBe(0);
  });

  it('follows another list on SIGHUP, and without one has no fleet', async () => {
    const [gw2, gw3] = [gateway('gw2'), gateway('gw3')];
    writeFileSync(at('token'), 's3cret', { mode: 0o600 });
    write(fleet(`{ name: gw2, url: "${await gw2.url}" }`));
    const { says } = start();
    await gw2.asked;
    await says(/"msg":"started"/u);
    write(fleet(`{ name: gw3, url: "${await gw3.url}" }`));
    daemon?.kill('SIGHUP');
    await gw3.asked;
    expect((await get('/fleet')).json).toMatchObject({ gateways: [{ name: 'gw1' }, { name: 'gw3' }] });
    write('');
    daemon?.kill('SIGHUP');
    await vi.waitUntil(async () => (await get('/fleet')).status === 404, { timeout: 10_000 });
    expect((await get('/fleet')).json).toMatch(/^no fleet is configured here/u);
  });

  it('answers the others also without a fleet of its own', async () => {
    write('');
    const { says } = start();
    await says(/"msg":"started"/u);
    const word = parseWord((await get('/status?view=fleet')).json);
    expect(word).toMatchObject({
      gateway: 'gw1',
      prefixes: [{ prefix: '192.0.2.1/32', acknowledged: false }],
    });
    expect((await get('/status?view=drift')).json).toEqual({ gateway: 'gw1', set_up: {} });
    expect((await get('/status?view=mood')).status).toBe(400);
    expect((await get('/status?at=now')).json).toHaveProperty('journal');
  });
});
