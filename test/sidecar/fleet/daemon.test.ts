/** The daemon as a process in a fleet of scripted gateways: what it asks, answers, and does with SIGHUP. */
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseWord } from '../../../sidecar/fleet/word.ts';
import { DaemonHome } from '../daemon.fixture.ts';
import { Peers, wordFrom } from './peers.ts';

let home: DaemonHome;
let peers: Peers;
beforeEach(() => {
  home = new DaemonHome();
  peers = new Peers();
  onTestFinished(() => peers.close());
});

const write = (extra = ''): void => home.write(`gateway: { name: gw1 }\n${extra}`);
const fleet = (...members: readonly string[]): string =>
  `fleet: { poll_seconds: 0.1, token_file: ${home.at('token')}, gateways: [${members.join(', ')}] }`;

const get = (path: string): Promise<{ status: number | undefined; json: unknown }> =>
  new Promise((resolve, reject) => {
    request({ socketPath: home.at('control.sock'), path }, (response) => {
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
    writeFileSync(home.at('token'), 's3cret', { mode: 0o600 });
    write(
      fleet(
        `{ name: gw2, url: "${await gw2.url}" }`,
        `{ name: gw3, url: "${dead}" }`,
        '{ name: gw1, url: "http://127.0.0.1:9" }',
      ),
    );
    const daemon = home.start();
    expect(await gw2.asked).toBe('Bearer s3cret');
    await daemon.says(/nothing is heard of gw3: .*refuses connections/u);
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
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  it('follows another list on SIGHUP, and without one has no fleet', async () => {
    const [gw2, gw3] = [gateway('gw2'), gateway('gw3')];
    writeFileSync(home.at('token'), 's3cret', { mode: 0o600 });
    write(fleet(`{ name: gw2, url: "${await gw2.url}" }`));
    const daemon = home.start();
    await gw2.asked;
    await daemon.says(/"msg":"started"/u);
    write(fleet(`{ name: gw3, url: "${await gw3.url}" }`));
    daemon.child.kill('SIGHUP');
    await gw3.asked;
    expect((await get('/fleet')).json).toMatchObject({ gateways: [{ name: 'gw1' }, { name: 'gw3' }] });
    write();
    daemon.child.kill('SIGHUP');
    await vi.waitUntil(async () => (await get('/fleet')).status === 404, { timeout: 10_000 });
    expect((await get('/fleet')).json).toMatch(/^no fleet is configured here/u);
  });

  it('answers the others also without a fleet of its own', async () => {
    write();
    const daemon = home.start();
    await daemon.says(/"msg":"started"/u);
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
