/** How a bad configuration is refused: what is said of it, and that nothing worse happens, whatever the text. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXAMPLE, expectedProblems, fixtures, fixtureText, MINIMAL, problemsOf } from './fixture.ts';

describe('bad configurations', () => {
  it('has a fixture for everything named in the issue', () => {
    const wanted = ['port-179x', 'hold-time-9s', 'supervise-maybe', 'empty', 'section-wrong-type'];
    wanted.push('duplicate-check-name', 'host-bits', 'control-character-community');
    expect(fixtures('invalid')).toEqual(expect.arrayContaining(wanted.map((name) => `invalid-${name}.yaml`)));
  });

  it.each(fixtures('invalid'))('%s', (name) => {
    const expected = expectedProblems(name);
    expect(expected).not.toEqual([]);
    expect(problemsOf(fixtureText(name))).toEqual(expected.map((line) => `file:${line}`));
  });

  it('reports every problem at once, in the order of the lines', () => {
    const problems = problemsOf(MINIMAL.replace('65001', '0').replace('192.0.2.1/32', '192.0.2.1'));
    expect(problems).toEqual([
      'file:3: prefixes[0].prefix: "192.0.2.1" is not a prefix; for this one address write "192.0.2.1/32"',
      'file:5: bgp.local_as: 0 is not an AS number from 1 to 4294967294',
    ]);
  });

  it('says nothing about rules that stand on a key which is wrong itself', () => {
    const problems = problemsOf(`${MINIMAL}lease: { ttl_seconds: 5, max_age_seconds: "3s" }\n`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('lease.max_age_seconds: "3s" is not');
  });

  it('shows long values cut short, and on one line', () => {
    const [problem = ''] = problemsOf(`${MINIMAL}log: { level: ${'x'.repeat(5000)} }\n`);
    expect(problem.length).toBeLessThan(300);
    expect(problem).toContain('…');
  });

  it('stops counting at a hundred', () => {
    const keys = Array.from({ length: 150 }, (_, index) => `xyz${index}: 1\n`).join('');
    const problems = problemsOf(MINIMAL + keys);
    expect([problems.length, problems.at(-1)]).toEqual([101, 'and 50 more']);
  });

  it('takes no list that is longer than any gateway needs', () => {
    const checks = Array.from({ length: 257 }, (_, index) => `  - { name: c${index}, type: charon }\n`).join(
      '',
    );
    expect(problemsOf(`${MINIMAL}checks:\n${checks}`)).toEqual([
      'file:9: checks: has 257 elements; expected at most 256',
    ]);
  });

  it('takes no more routes than the guard reads in one line', () => {
    const list = (of: (n: number) => string): string =>
      `[${Array.from({ length: 60 }, (_, n) => `'${of(n)}'`).join(', ')}]`;
    const many = `communities: ${list((n) => `65001:${10_000 + n}`)}, large_communities: ${list((n) => `4200000000:4200000000:${4_200_000_000 + n}`)}`;
    const config = (count: number): string => `bgp:
  local_as: 65001
  router_id: 10.1.1.2
  neighbors:
    - { address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2 }
    - { address: 10.1.1.3, peer_as: 65000, local_address: 10.1.1.2, local_as: 65009 }
    - { address: 10.1.1.4, peer_as: 65001, local_address: 10.1.1.2 }
prefixes:
${Array.from({ length: count }, (_, n) => `  - { prefix: 10.20.${n}.0/24, announced: { local_preference: 100, ${many} } }\n`).join('')}`;
    expect(problemsOf(config(150)).join()).toMatch(/^file:8: prefixes: come to \d+ bytes of routes, each/u);
    expect(problemsOf(config(100))).toEqual([]);
  });
});

describe('whatever the text', () => {
  const keys = [
    'prefixes',
    'bgp',
    'checks',
    'neighbors',
    'limits',
    'announced',
    '__proto__',
    'a.b',
    'lease',
    'type',
  ];
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), tie('map'), tie('list')),
    map: fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), tie('any'), { maxKeys: 6 }),
    list: fc.array(tie('any'), { maxLength: 5 }),
  })).any;

  it('never throws anything but a ConfigError: values', () => {
    fc.assert(
      fc.property(value, (any) => {
        expect(problemsOf(JSON.stringify(any)).length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws anything but a ConfigError: a real file with pieces cut out and put in', () => {
    const example = readFileSync(EXAMPLE, 'utf8').replaceAll(/^( *)#(?=[a-z])/gmu, '$1');
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('*a', '&a', '- ', ': ', '\n', '\t', '"', '{', '[', '!!', '---\n', '? '),
    );
    const lines = example.split('\n').length;
    fc.assert(
      fc.property(fc.nat(lines), fc.nat(4), fc.nat(40), piece, (line, removed, column, put) => {
        const text = example.split('\n');
        const kept = text[line] ?? '';
        text.splice(line, removed + 1, kept.slice(0, column) + put + kept.slice(column));
        expect(problemsOf(text.join('\n'))).toBeInstanceOf(Array);
      }),
      { numRuns: 500 },
    );
  });

  it('says so when it is nested deeper than the parser can follow', () => {
    const deep = 'is nested more than 16 levels deep';
    expect(problemsOf('['.repeat(100_000))).toEqual([`file:1: ${deep}`]);
    expect(problemsOf(`a: ${'['.repeat(20)}${']'.repeat(20)}`)).toEqual([
      `file:1: a${'[0]'.repeat(16)}: ${deep}`,
    ]);
  });

  it.each([
    ['braces', '{a: '.repeat(100_000)],
    ['sequences', '- '.repeat(100_000)],
    ['keys', Array.from({ length: 60_000 }, (_, index) => `k${index}: 1\n`).join('')],
    ['aliases', `a: &a 1\nb: [${'*a, '.repeat(100_000)}]`],
    ['quotes', '"'.repeat(100_000)],
  ])('is bounded: very many %s', (_, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0);
  });
});
