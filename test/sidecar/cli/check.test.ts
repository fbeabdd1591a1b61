import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../../sidecar/cli/outcome.ts';
import { deskFor } from '../check-desk.fixture.ts';
import { Scenario } from '../scenario.ts';
import { statusFor } from '../status.fixture.ts';
import { swancast } from './command.ts';

const healthy = new Scenario().guard({}).healthy(1000);
const failing = new Scenario().guard({}).healthy(1000).fail('sa-count', 'sa-collapse');

let folder: string;
let socket: string;
let server: Server;
let asked: string[];
/** What POST /checks/run is answered with. */
let ran: { readonly status: number; readonly body: string };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-check-'));
  socket = join(folder, 'control.sock');
  asked = [];
  ran = { status: 200, body: JSON.stringify(deskFor(() => statusFor(healthy)).list()) };
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      asked.push(`${request.method ?? '?'} ${request.url ?? '?'} ${body}`.trim());
      const isRun = request.url === '/checks/run';
      const list = JSON.stringify(deskFor(() => statusFor(failing)).list());
      response.writeHead(isRun ? ran.status : 200).end(isRun ? ran.body : list);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

describe('swancast check list', () => {
  it('shows class, interval, state and age of each', async () => {
    const { code, out } = await swancast('check', 'list', '-s', socket);
    expect(code).toBe(EXIT.ok);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^CHECK +TYPE +CLASS +EVERY +TIMEOUT +STATE +LAST +AGE +REASON$/u);
    expect(lines[1]).toMatch(/^charon +charon +by reason +1 s +0.5 s +up +pass +\S+ s +-$/u);
    expect(lines[2]).toMatch(/^ike-v4 +ike-probe +advisory +1 s/u);
    expect(lines[4]).toMatch(/^sa-count +sa-count +impaired +1 s +1 s +down +fail +\S+ s +sa-collapse$/u);
  });

  it('hands the JSON through', async () => {
    const { out } = await swancast('check', 'list', '--json', '-s', socket);
    expect(JSON.parse(out)).toEqual(deskFor(() => statusFor(failing)).list());
  });
});

describe('swancast check run', () => {
  it('without a name: all of them; 0 when they pass', async () => {
    const { code, out } = await swancast('check', 'run', '-s', socket);
    expect(code).toBe(EXIT.ok);
    expect(asked).toEqual(['GET /checks', 'POST /checks/run {}']);
    expect(out).toMatch(/^charon +pass +- +-/mu);
  });

  it('by name: 1 when it does not pass', async () => {
    const desk = deskFor(() => statusFor(failing));
    ran = { status: 200, body: JSON.stringify(desk.list('sa-count')) };
    const { code, out } = await swancast('check', 'run', 'sa-count', '-s', socket);
    expect(code).toBe(EXIT.problem);
    expect(asked).toContain('POST /checks/run {"name":"sa-count"}');
    expect(out).toMatch(/^sa-count +fail +impaired +sa-collapse/mu);
  });

  it('a name that is none is said in the words of the daemon', async () => {
    ran = { status: 400, body: 'no check is called "nobody"; there are: charon\n' };
    const { code, err } = await swancast('check', 'run', 'nobody', '-s', socket);
    expect(code).toBe(EXIT.problem);
    expect(err).toBe('refused: no check is called "nobody"; there are: charon\n');
  });

  it('something else than checks is no answer', async () => {
    ran = { status: 200, body: '{"checks":[{}]}' };
    const { code, err } = await swancast('check', 'run', '-s', socket);
    expect(code).toBe(EXIT.problem);
    expect(err).toContain('answered with something else than checks');
  });

  it('nobody there', async () => {
    expect((await swancast('check', 'run', '-s', join(folder, 'nobody.sock'))).code).toBe(EXIT.noDaemon);
  });
});
