import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { turnNeighborOver } from '../../../bgp/exabgp-conf.ts';
import { EXIT } from '../../../sidecar/cli/outcome.ts';
import { swancast, type Ran } from './command.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swancast-render-'));
  file = join(directory, 'exabgp.conf');
  write();
});
afterEach(() => rmSync(directory, { recursive: true }));

const R1 = '{ address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }';
const R2 = '{ address: 10.1.2.1, peer_as: 65000, local_address: 10.1.2.2 }';

const write = ({ neighbors = [R1, R2], more = '' } = {}): void =>
  writeFileSync(
    join(directory, 'swancast.yaml'),
    `
prefixes: [{ prefix: 192.0.2.1/32 }]
bgp:
  supervise: false
  local_as: 65001
  router_id: 10.1.1.2
  neighbors: [${neighbors.join(', ')}]
${more}
`,
  );

const render = (...more: string[]): Promise<Ran> =>
  swancast('render', 'exabgp', '-c', join(directory, 'swancast.yaml'), ...more);
const toFile = (...more: string[]): Promise<Ran> => render('--output', file, ...more);
const rendered = (): string => readFileSync(file, 'utf8');

/** As swancast does it, for ExaBGP to connect at once. */
const turnOver = (address: string): void =>
  writeFileSync(file, turnNeighborOver(rendered(), address) ?? 'no such neighbor');

describe('swancast render exabgp --output', () => {
  it('writes what it prints else, for its owner alone, and leaves nothing beside it', async () => {
    const { out } = await render();
    expect(await toFile()).toEqual({ code: EXIT.ok, out: '', err: '' });
    expect(rendered()).toBe(out);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).toSorted()).toEqual(['exabgp.conf', 'swancast.yaml']);
  });

  it('leaves the file as it is when the configuration does not pass', async () => {
    await toFile();
    const before = rendered();
    write({ more: 'leese: {}' });
    const { code, err } = await toFile();
    expect([code, rendered()]).toEqual([EXIT.problem, before]);
    expect(err).toContain('leese: is not a known key');
  });

  it('says what keeps it from writing', async () => {
    const { code, err } = await render('--output', join(directory, 'nowhere/exabgp.conf'));
    expect(code).toBe(EXIT.problem);
    expect(err).toContain('nowhere/exabgp.conf: ENOENT');
  });

  it('keeps turned over who is so, whatever else becomes of it, and those alone', async () => {
    await toFile();
    turnOver('10.1.2.1');
    await toFile();
    expect(rendered().match(/auto-flush \w+/g)).toEqual(['auto-flush true', 'auto-flush false']);
    write({ neighbors: [R1, R2.replace('}', ', hold_time_seconds: 30 }')] });
    await toFile();
    expect(rendered()).toMatch(/hold-time 30;\n\tauto-flush false;/);
    write({ neighbors: [R1] });
    await toFile();
    expect(rendered().match(/auto-flush \w+/g)).toEqual(['auto-flush true']);
  });
});

describe('swancast render exabgp --reload', () => {
  it.each<[string, Parameters<typeof write>[0]]>([
    ['nothing', {}],
    ['a neighbor more', { neighbors: [R1, R2, R1.replaceAll('10.1.1.', '10.1.3.')] }],
    [
      'a neighbor that is set up otherwise',
      { neighbors: [R1, R2.replace('}', ', hold_time_seconds: 30 }')] },
    ],
    ['what ExaBGP is not told of', { more: 'http: { listen: "off" }' }],
  ])('takes over: %s', async (_, change) => {
    await toFile();
    write(change);
    expect(await toFile('--reload')).toEqual({ code: EXIT.ok, out: '', err: '' });
    expect(rendered()).toBe((await render()).out);
  });

  it.each<[string, Parameters<typeof write>[0], string]>([
    ['the lease', { more: 'lease: { ttl_seconds: 2 }' }, 'how the guard is started has changed'],
    ['a neighbor less', { neighbors: [R1] }, 'neighbor 10.1.2.1 is not in the configuration any more'],
  ])('refuses %s, and changes nothing', async (_, change, why) => {
    await toFile();
    const before = rendered();
    write(change);
    const { code, err } = await toFile('--reload');
    expect([code, rendered()]).toEqual([EXIT.problem, before]);
    expect(err).toContain(`${file}: left as it is: ${why}`);
    expect(err).toContain('only a restart of ExaBGP');
  });

  it('needs the file that ExaBGP runs from', async () => {
    expect((await render('--reload')).code).toBe(EXIT.usage);
    const { code, err } = await toFile('--reload');
    expect(code).toBe(EXIT.problem);
    expect(err).toContain('exabgp.conf: ENOENT');
  });
});
