/** What is said of a wrong command line, and of a file that is none of ours. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../../sidecar/cli/outcome.ts';
import { MINIMAL, parse } from '../config/fixture.ts';
import { swancast } from './command.ts';

describe('a wrong command line', () => {
  it.each([
    [['stauts'], 'swancast'],
    [['--bogus'], 'swancast'],
    [['status', '--bogus'], 'swancast status'],
    [['config', 'bogus'], 'swancast config'],
    [['config', 'check', '--bogus'], 'swancast config check'],
    [['check', 'run', 'a', 'b'], 'swancast check run'],
    [['force', 'announce', '192.0.2.1/32'], 'swancast force'],
    [['drain', '--rate', 'x'], 'swancast drain'],
    [['undrain', 'now'], 'swancast undrain'],
  ])('%j is answered with the help of that command', async (words, path) => {
    const { code, out, err } = await swancast(...words);
    expect([code, out]).toEqual([EXIT.usage, '']);
    expect(err).toContain(`\n(see ${path} --help)\n`);
  });

  it.each([
    [['config', 'check']],
    [['config', 'print']],
    [['render', 'exabgp']],
    [['render', 'gtsm']],
    [['run']],
    [['canary']],
  ])('%j FILE says where the file goes', async (words) => {
    expect(await swancast(...words, '/nowhere/a.yaml')).toEqual({
      code: EXIT.usage,
      out: '',
      err: `error: the file goes behind -c: write -c /nowhere/a.yaml\n(see swancast ${words.join(' ')} --help)\n`,
    });
  });
});

describe('a file that is no configuration at all', () => {
  const check = async (text: string, ...more: string[]) => {
    const file = join(mkdtempSync(join(tmpdir(), 'swancast-usage-')), 'file');
    onTestFinished(() => rmSync(dirname(file), { recursive: true }));
    writeFileSync(file, text);
    const { code, out, err } = await swancast('config', 'check', '-c', file, ...more);
    return { code, out, lines: err.trimEnd().split('\n') };
  };
  const users = Array.from({ length: 30 }, (_, index) => `user${index}:*:20228:0:99999:7:::\n`).join('');

  it('is answered with ten lines, and how many more there are', async () => {
    const { code, lines } = await check(users);
    expect([code, lines.length]).toEqual([EXIT.problem, 11]);
    expect(lines.at(-1)).toBe(
      'and 24 more: none of its keys is known, so this is hardly a configuration of swancast; check the path',
    );
  });

  it('is answered in full as JSON, and where a single section is ours', async () => {
    const { out } = await check(users, '--json');
    expect((JSON.parse(out) as { problems: unknown[] }).problems).toHaveLength(34);
    const { lines } = await check(`${MINIMAL}${users.replaceAll(/:.*/gu, ': 1')}`);
    expect(lines).toHaveLength(30);
  });
});

describe('swancast drain --help', () => {
  it('shows the defaults that the configuration has', async () => {
    const { sessions } = parse(MINIMAL);
    const out = (await swancast('drain', '--help')).out.replaceAll(/\s+/gu, ' ');
    expect(out).toContain(
      `(default: sessions.rate_per_second, ${sessions.ratePerSecond} where it is not set)`,
    );
    expect(out).toContain(
      `(default: sessions.drain.deadline_seconds, ${sessions.drain.deadlineMs / 1000}s where it is not set)`,
    );
  });

  it('says what --force overrides, each by its name', async () => {
    const out = (await swancast('drain', '--help')).out.replaceAll(/\s+/gu, ' ');
    for (const words of ['nobody else could take the clients', 'does not answer', '`swancast force`'])
      expect(out).toContain(words);
  });
});
