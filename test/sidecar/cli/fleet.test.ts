import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prefixWord, wordFrom } from '../fleet/peers.ts';
import { ALL_WELL, NOW, reportOf } from '../fleet/report.fixture.ts';
import { swancast, type Ran } from './command.ts';

let folder: string;
let socket: string;
let server: Server;
/** What /fleet is answered with. */
let answer: { readonly status: number; readonly body: string };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-fleet-'));
  socket = join(folder, 'control.sock');
  answer = { status: 200, body: JSON.stringify(reportOf(ALL_WELL)) };
  server = createServer((request, response) => {
    response.writeHead(request.url === '/fleet' ? answer.status : 500).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const fleet = (...words: readonly string[]): Promise<Ran> => swancast('fleet', '-s', socket, ...words);
const given = (report: object): void => {
  answer = { status: 200, body: JSON.stringify(report) };
};

describe('swancast fleet', () => {
  it('shows who is there, who has what, and what is wrong', async () => {
    const drain = { who: 'kim', reason: 'kernel', since: 'x', until: 'y' };
    const load = { ike_sas: 12, half_open: 1 };
    const prefixes = [prefixWord({ class: 'impaired', preference: 2, yielding: true })];
    given({
      ...reportOf({
        gw2: { word: wordFrom('gw2', { drain, load, prefixes }) },
        gw3: { problem: 'http://10.0.0.3:9179 refuses connections' },
        drift: { topics: ['pools'], lines: ['pools: vips is 10.3.0.0 here and 10.4.0.0 on gw2'] },
      }),
    });
    const { code, out } = await fleet();
    expect(code).toBe(0);
    expect(out).toMatch(/^gw1 hears 2 of 3 gateways \(itself included\), asking each every 1 s$/mu);
    expect(out).toMatch(/^GATEWAY +STATE +HEARD +DRAIN +IKE_SAS +HALF-OPEN +CAPACITY +VERSION +DRIFT$/mu);
    expect(out).toMatch(/^gw1 \* +announced +itself +- +- +- +- +0\.1\.0 +-$/mu);
    expect(out).toMatch(/^gw2 +announced +0\.4 s ago +kim: kernel +12 +1 +100 +0\.1\.0 +pools$/mu);
    expect(out).toMatch(/^gw3 +not heard +never +- +- +- +- +- +-$/mu);
    expect(out).toMatch(/^192\.0\.2\.1\/32 +gw1 +announced +- +- +announced$/mu);
    expect(out).toMatch(/^ +gw2 +announced +impaired +2 yielding +announced$/mu);
    expect(out).toContain('gw3: http://10.0.0.3:9179 refuses connections\n');
    expect(out).toContain('drift: pools: vips is 10.3.0.0 here and 10.4.0.0 on gw2\n');
  });

  it('shows no prefix of a gateway that is lost', async () => {
    given(reportOf({ ...ALL_WELL, at: NOW - 9000 }));
    const { out } = await fleet();
    expect(out).toMatch(/^gw2 +lost \(announced\) +9 s ago /mu);
    expect(out).not.toMatch(/^ +gw2 /mu);
  });

  it('hands the JSON through', async () => {
    const { code, out } = await fleet('--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(reportOf(ALL_WELL));
  });

  it('says so where no fleet is configured', async () => {
    answer = { status: 404, body: 'no fleet is configured here: …\n' };
    expect(await fleet()).toEqual({ code: 1, out: '', err: 'no fleet is configured here: …\n' });
    expect(await fleet('--gate', 'drain')).toMatchObject({
      code: 2,
      err: 'no fleet is configured here: …\n',
    });
  });

  it.each([
    ['garbage', 'garbage'],
    ['no gateways', '{}'],
    ['gateways of another kind', '{"gateways":[{"name":"gw1"}]}'],
  ])('does not stumble over %s', async (_, body) => {
    answer = { status: 200, body };
    expect(await fleet()).toMatchObject({ code: 1, out: '' });
    expect(await fleet('--gate', 'announced')).toMatchObject({ code: 2, out: '' });
  });
});

describe('swancast fleet --gate', () => {
  it('ends with 0 when it is open, without a word', async () => {
    expect(await fleet('--gate', 'drain')).toEqual({ code: 0, out: '', err: '' });
    expect(await fleet('--gate', 'announced', '--gateway', 'gw2')).toEqual({ code: 0, out: '', err: '' });
  });

  it('ends with 1 and the reasons when it is shut', async () => {
    const { code, err } = await fleet('--gate', 'announced', '--minimum', '4');
    expect(code).toBe(1);
    expect(err).toContain('3 gateways announce it well, 4 are asked for');
  });

  it('ends with 2 when there is no such gateway', async () => {
    expect(await fleet('--gate', 'drain', '--gateway', 'gw9')).toMatchObject({ code: 2 });
  });

  it('ends with 3 when no daemon runs here', async () => {
    const { code } = await swancast('fleet', '-s', join(folder, 'nobody.sock'), '--gate', 'drain');
    expect(code).toBe(3);
  });

  it('answers in JSON', async () => {
    const { code, out } = await fleet('--gate', 'drain', '--json', '--minimum', '3');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ gate: 'drain', answer: 'shut' });
  });

  it.each([
    ['--gate', 'sideways'],
    ['--gateway', 'gw2'],
    ['--minimum', '2'],
    ['--gate', 'drain', '--minimum', '-1'],
    ['--gate', 'drain', '--minimum', 'two'],
  ])('ends with 2 for %s %s', async (...words) => {
    expect(await fleet(...words)).toMatchObject({ code: 2, out: '' });
  });
});
