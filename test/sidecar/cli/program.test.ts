import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { manpage } from '../../../deploy/manpage.ts';
import { EXIT, EXIT_TEXTS } from '../../../sidecar/cli/outcome.ts';
import { EXAMPLE, fixturePath } from '../config/fixture.ts';
import { swancast, swancastWith } from './command.ts';

/** This host may have none. */
const HAS_EXABGP = { SWANCAST_BGP_EXABGP: process.execPath };
const BAD = fixturePath('invalid-hold-time-9s.yaml');

describe('swancast', () => {
  it.each([
    [[]],
    [['config']],
    [['bogus']],
    [['status', '--bogus']],
    [['config', 'check', 'extra']],
    [['run', '-c']],
  ])('%j is a mistake in its use', async (words) => {
    const { code, out, err } = await swancast(...words);
    expect([code, out]).toEqual([EXIT.usage, '']);
    expect(err).not.toBe('');
  });

  it('suggests the command that was meant', async () => {
    expect((await swancast('stauts')).err).toContain('Did you mean status?');
  });

  it('helps, with every exit code', async () => {
    const { code, out } = await swancast('--help');
    expect(code).toBe(EXIT.ok);
    for (const text of Object.values(EXIT_TEXTS)) expect(out).toContain(text);
  });

  it('shows how to drain and how to end that', async () => {
    const { code, out } = await swancast('drain', '--help');
    expect(code).toBe(EXIT.ok);
    expect(out).toMatch(/^ {2}swancast drain --reason "[^"]+" --wait\n/mu);
    expect(out).toMatch(/^ {2}swancast undrain\n/mu);
  });

  it('says its version', async () => {
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'),
    ) as {
      version: string;
    };
    expect(await swancast('version')).toEqual({ code: 0, out: `swancast ${version}\n`, err: '' });
    expect(JSON.parse((await swancast('version', '--json')).out)).toMatchObject({ swancast: version });
  });

  it('has a manual page that is the generated one', () => {
    const committed = readFileSync(join(import.meta.dirname, '../../../deploy/swancast.8'), 'utf8');
    expect(committed, 'run: node deploy/manpage.ts > deploy/swancast.8').toBe(manpage());
  });
});

describe('swancast config check', () => {
  it('prints one line when all is well', async () => {
    expect(await swancastWith(HAS_EXABGP, 'config', 'check', '-c', EXAMPLE)).toEqual({
      code: EXIT.ok,
      out: `ok: ${EXAMPLE}: 2 prefixes, 2 neighbors, 4 checks\n`,
      err: '',
    });
  });

  it('prints every problem, one a line', async () => {
    const { code, out, err } = await swancast('config', 'check', '-c', fixturePath('invalid-missing.yaml'));
    expect([code, out, err.trimEnd().split('\n').length]).toEqual([EXIT.problem, '', 4]);
    expect(err).toMatch(/^\/.*invalid-missing\.yaml:\d+: bgp\.local_as: is missing; expected an AS number/u);
  });

  it('prints JSON, with the same keys for each problem', async () => {
    const good = await swancastWith(HAS_EXABGP, 'config', 'check', '--json', '-c', EXAMPLE);
    expect(JSON.parse(good.out)).toEqual({ ok: true, problems: [], warnings: [] });
    const { code, out, err } = await swancast('config', 'check', '--json', '-c', BAD);
    expect([code, err]).toEqual([EXIT.problem, '']);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      problems: [
        {
          file: BAD,
          line: 8,
          key: 'bgp.neighbors[0].hold_time_seconds',
          value: '9s',
          expected: 'a whole number of seconds from 3 to 65535',
          message:
            '"9s" is not a whole number of seconds from 3 to 65535; write it without quotes or unit, e.g. 9',
        },
      ],
      warnings: [],
    });
  });

  it('warns of what is allowed and hardly meant, and finds the file good', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'swancast-check-')), 'swancast.yaml');
    onTestFinished(() => rmSync(dirname(file), { recursive: true }));
    const text = readFileSync(EXAMPLE, 'utf8').replace('address: 192.0.2.1\n', 'address: 192.0.2.9\n');
    const own = '\nchecks:\n  - { name: own, type: exec, limits: { command: ["/nowhere/own -x"] } }\n';
    writeFileSync(file, text.replace('\nchecks:\n', own));
    const env = { SWANCAST_BGP_EXABGP: '/nowhere/exabgp' };
    const { code, out, err } = await swancastWith(env, 'config', 'check', '-c', file);
    expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/^ok: /)]);
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(
        /^warning: .*: bgp\.exabgp: "\/nowhere\/exabgp" is no program on this host; install/,
      ),
      expect.stringMatching(
        /^warning: .*: checks\[0\]\.limits\.command\[0\]: "\/nowhere\/own -x" is no program/,
      ),
      expect.stringMatching(/^warning: .*: checks\[\d\]\.limits\.address: "192\.0\.2\.9" lies in none/),
    ]);
    const { out: json } = await swancastWith(env, 'config', 'check', '--json', '-c', file);
    expect(JSON.parse(json)).toMatchObject({ ok: true, warnings: [{ key: 'bgp.exabgp' }, {}, {}] });
  });

  it('looks into /etc without -c', async () => {
    const { out, err } = await swancast('config', 'check');
    expect(out + err).toContain('/etc/swancast/swancast.yaml:');
  });
});

describe('swancast config print and schema', () => {
  it('print what is in effect, the environment included', async () => {
    const { code, out } = await swancastWith(
      { SWANCAST_LOG_LEVEL: 'debug' },
      'config',
      'print',
      '-c',
      EXAMPLE,
    );
    expect(code).toBe(EXIT.ok);
    expect(parse(out)).toMatchObject({ log: { level: 'debug' }, bgp: { supervise: true } });
    const json = await swancast('config', 'print', '--json', '-c', EXAMPLE);
    expect(JSON.parse(json.out)).toEqual(parse((await swancast('config', 'print', '-c', EXAMPLE)).out));
  });

  it('print the problems instead, when there are any', async () => {
    const { code, out, err } = await swancast('config', 'print', '-c', BAD);
    expect([code, out]).toEqual([EXIT.problem, '']);
    expect(err).toContain('hold_time_seconds');
  });

  it('print a JSON Schema', async () => {
    expect(JSON.parse((await swancast('config', 'schema')).out)).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      required: ['bgp', 'prefixes'],
    });
  });
});

describe('swancast render exabgp and run', () => {
  it('renders the neighbors, and no route', async () => {
    const { code, out } = await swancast('render', 'exabgp', '-c', EXAMPLE);
    expect(code).toBe(EXIT.ok);
    expect(out).toContain('neighbor 10.1.1.1 {');
    expect(out).toContain('hold-time 9;');
    expect(out).not.toContain('192.0.2.1');
  });

  it.each([['render', 'exabgp'], ['run']])(
    '%s %s prints the problems of a bad configuration and does nothing',
    async (...words) => {
      const { code, out, err } = await swancast(...words, '-c', BAD);
      expect([code, out]).toEqual([EXIT.problem, '']);
      expect(err).toContain('hold_time_seconds: "9s" is not');
    },
  );
});
