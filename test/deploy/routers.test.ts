import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { quickBfd } from '../lab/routing/frr-daemons.ts';

const DIRECTORY = new URL('../../deploy/routers/', import.meta.url);
const files = readdirSync(DIRECTORY).filter((name) => name !== 'README.md');
const text = (name: string): string => readFileSync(new URL(name, DIRECTORY), 'utf8');
const README = text('README.md');

/** Without comments, which may differ. */
const lines = (name: string): string[] =>
  text(name)
    .split('\n')
    .filter((line) => !/^\s*[!#]|^\s*$/u.test(line));

describe('router recipes', () => {
  it.each(files)('%s is in the README, and says whether it runs', (name) => {
    const row = README.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${name}\``)) ?? '';
    const runs = row.includes('npm run lab') || row.includes('--only');
    expect(row).not.toBe('');
    expect(row.includes('not run here')).toBe(!runs);
    expect(text(name).includes('NOT RUN HERE')).toBe(!runs);
  });

  it.each([
    ['bird', ['merge paths'], []],
    ['frr', ['maximum-paths 8', 'multipath-relax'], ['maximum-paths 1']],
  ])('the one of %s for several gateways differs in that alone', (kind, added, removed) => {
    const [one, several] = [lines(`${kind}.conf`), lines(`${kind}-ecmp.conf`)];
    const strangers = several.filter((line) => !one.includes(line));
    expect(strangers.length).toBeGreaterThan(0);
    for (const line of strangers) expect(added.some((word) => line.includes(word))).toBe(true);
    for (const line of one.filter((each) => !several.includes(each)))
      expect([...removed, 'protocol kernel'].some((word) => line.includes(word))).toBe(true);
  });

  it.each(files.filter((name) => /^(?!local|gateway|frr-bfdd)/u.test(name)))('%s has each point', (name) => {
    for (const point of [
      /192\.0\.2\.1\/32/u,
      /maximum.prefix|import limit|accepted-prefix-limit|maximum-routes/u,
      /graceful.restart/u,
      /65535[:,] ?0|GSHUT|graceful-shutdown/u,
      /bfd/iu,
      /ttl/iu,
      /passive/u,
    ])
      expect(text(name)).toMatch(point);
  });

  it.each(['bird.conf', 'frr-bfdd.conf', 'gateway-bfdd.conf'])(
    '%s has its BFD turned to 50 ms by the lab',
    (name) => {
      expect(text(name)).toMatch(/300/u);
      expect(quickBfd(text(name))).toMatch(/= 50;|interval 50$/mu);
    },
  );
});
