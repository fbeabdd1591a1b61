import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectedProblems, EXAMPLE, fixtures, fixtureText, MINIMAL, parse, problemsOf } from './fixture.ts';
import { readFileSync } from 'node:fs';
import { SESSIONS_DEFAULTS } from '../../../sidecar/sessions/policy.ts';

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

/** What a route has when nobody says anything of it. */
const PLAIN = { nextHop: 'self', communities: [], largeCommunities: [], extendedCommunities: [] };

describe('good configurations', () => {
  it.each(fixtures('valid'))('%s', (name) => {
    expect(problemsOf(fixtureText(name))).toEqual([]);
  });

  it('fills in the defaults', () => {
    expect(parse(MINIMAL)).toEqual({
      profile: 'default',
      gateway: { name: 'gw.example' },
      strongswan: { viciSocket: '/run/charon.vici', restartGraceMs: 0 },
      sessions: SESSIONS_DEFAULTS,
      prefixes: [
        {
          prefix: '192.0.2.1/32',
          family: 4,
          side: 'outside',
          neighbors: undefined,
          preference: undefined,
          preempt: true,
          nextHop: 'self',
          checks: undefined,
          announced: { med: 100, prepend: 0, ...PLAIN },
          yielding: { med: 500, prepend: 2, ...PLAIN },
          degraded: { med: 1000, prepend: 3, ...PLAIN },
          draining: { med: 10_000, prepend: 10, localPreference: 0, ...PLAIN, communities: ['65535:0'] },
        },
      ],
      bgp: {
        supervise: true,
        exabgp: '/usr/sbin/exabgp',
        localAs: 65001,
        routerId: '10.1.1.2',
        runDirectory: '/run/swancast',
        neighbors: [
          {
            address: '10.1.1.1',
            family: 4,
            side: 'outside',
            peerAs: 65000,
            localAs: 65001,
            localAddress: '10.1.1.2',
            holdSeconds: 9,
            port: 179,
            passive: false,
            gtsm: false,
            families: ['ipv4'],
          },
        ],
      },
      lease: { socket: '/run/swancast/lease.sock', ttlMs: 1000, maxAgeMs: 3000, handoverMs: 5000 },
      decision: {
        holdDownMs: 2000,
        holdDownMaxMs: 300_000,
        quietMs: 600_000,
        flapLimit: 5,
        flapWindowMs: 600_000,
        flapHoldMs: 1_800_000,
      },
      checks: [
        {
          name: 'charon',
          type: 'charon',
          intervalMs: 500,
          fastMs: 200,
          timeoutMs: 450,
          rise: 2,
          fall: 2,
          maxAgeMs: 3000,
          dependsOn: [],
          limits: { connectionsMinimum: 1 },
        },
      ],
      http: { listen: { host: '127.0.0.1', port: 9179 } },
      control: { socket: '/run/swancast/control.sock', stateDirectory: '/var/lib/swancast' },
      log: { level: 'info' },
    });
  });

  it('converts units once, without the noise of floating point', () => {
    const { lease } = parse(`${MINIMAL}lease: { ttl_seconds: 0.3, max_age_seconds: 2.9 }\n`);
    expect([lease.ttlMs, lease.maxAgeMs]).toEqual([300, 2900]);
  });

  it('writes addresses and communities in one way', () => {
    const { prefixes } = parse(fixtureText('valid-unusual.yaml'));
    expect(prefixes[0]).toMatchObject({ prefix: '2001:db8::/48', nextHop: '2001:db8:1::2', family: 6 });
    expect(parse(fixtureText('valid-ibgp.yaml')).prefixes[0]?.announced.communities).toEqual(['65535:65281']);
  });

  it('inherits for degraded what must not get lost: communities such as no-export', () => {
    expect(parse(fixtureText('valid-ibgp.yaml')).prefixes[0]?.degraded).toEqual({
      med: 1000,
      localPreference: 50,
      prepend: 0,
      ...PLAIN,
      communities: ['65535:65281'],
    });
  });

  it('lets a shorter interval pull the defaults of the others along', () => {
    const [check] = parse(fixtureText('valid-unusual.yaml')).checks;
    expect(check).toMatchObject({ intervalMs: 100, fastMs: 100, timeoutMs: 100, class: 'not-serving' });
  });

  it('takes the defaults of the checks from the profile; what a check says itself goes before it', () => {
    const text = (profile: string): string => `${MINIMAL}profile: ${profile}
checks:
  - { name: charon, type: charon, fall: 3 }
  - { name: slow, type: charon, interval_seconds: 2 }
  - { name: patient, type: charon, timeout_seconds: 0.8 }
  - { name: probe, type: ike-probe, timeout_seconds: 0.05, limits: { address: 192.0.2.1 } }
  - { name: sas, type: sa-count }
`;
    const paces = (profile: string): unknown[] =>
      parse(text(profile)).checks.map(({ intervalMs, fastMs, timeoutMs, fall, maxAgeMs }) =>
        [intervalMs, fastMs, timeoutMs, fall, maxAgeMs].join(' '),
      );
    expect(paces('default')).toEqual([
      '500 200 450 3 3000',
      '2000 200 450 2 6000',
      '800 200 800 2 3000',
      '5000 500 50 2 20000',
      '1000 1000 1000 3 10000',
    ]);
    expect(paces('fast')).toEqual([
      '100 50 90 3 3000',
      '2000 50 90 2 6000',
      '800 50 800 2 3000',
      '1000 100 50 2 20000',
      '1000 1000 1000 3 10000',
    ]);
  });

  it('adds what a type depends on by its nature, under the name it has here', () => {
    expect(parse(fixtureText('valid-unusual.yaml')).checks[1]).toMatchObject({
      dependsOn: ['alive'],
      limits: {
        listIntervalMs: 120_000,
        connectionMinimums: [{ name: 'site a', minimum: 2, initiated: false }],
      },
    });
  });

  it('freezes all of it', () => {
    const isFrozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(parse(readFileSync(EXAMPLE, 'utf8')))).toBe(true);
  });
});

describe('the environment', () => {
  it('overrides scalars outside of the lists', () => {
    const config = parse(MINIMAL, {
      SWANCAST_LOG_LEVEL: 'debug',
      SWANCAST_BGP_SUPERVISE: 'false',
      SWANCAST_BGP_LOCAL_AS: '65009',
      SWANCAST_LEASE_TTL_SECONDS: '0.5',
      SWANCAST_HTTP_LISTEN: 'off',
      SWANCAST_GATEWAY_NAME: 'gw7',
      SWANCAST_PROFILE: 'fast',
    });
    expect(config.profile).toBe('fast');
    expect(config.checks[0]?.intervalMs).toBe(100);
    expect(config.log.level).toBe('debug');
    expect(config.bgp).toMatchObject({ supervise: false, localAs: 65009 });
    expect(config.lease.ttlMs).toBe(500);
    expect(config.http.listen).toBeUndefined();
    expect(config.gateway.name).toBe('gw7');
  });

  it('can give what the file leaves out', () => {
    expect(
      parse(MINIMAL.replace('  local_as: 65001\n', ''), { SWANCAST_BGP_LOCAL_AS: '7' }).bgp.localAs,
    ).toBe(7);
  });

  it.each([
    ['SWANCAST_LEASE_TTL_SECONDS', '9s', '"9s" is not a number of seconds from 0.2 to 10'],
    ['SWANCAST_LEASE_TTL_SECONDS', '', '"" is not a number of seconds from 0.2 to 10'],
    ['SWANCAST_LEASE_TTL_SECONDS', '0x1', '"0x1" is not a number of seconds from 0.2 to 10'],
    ['SWANCAST_LEASE_TTL_SECONDS', '30', '30 is not a number of seconds from 0.2 to 10'],
    ['SWANCAST_BGP_SUPERVISE', 'maybe', '"maybe" is not true or false'],
    ['SWANCAST_BGP_SUPERVISE', 'TRUE', '"TRUE" is not true or false'],
    ['SWANCAST_BGP_LOCAL_AS', '65001.5', '65001.5 is not an AS number from 1 to 4294967294'],
    ['SWANCAST_CONTROL_SOCKET', 'x.sock', '"x.sock" is not an absolute path of at most 107 bytes'],
  ])('is read as strictly as the file: %s=%s', (name, value, message) => {
    expect(problemsOf(MINIMAL, { [name]: value })).toEqual([`environment: ${name}: ${message}`]);
  });

  it('is named when a rule between keys is broken by it', () => {
    expect(problemsOf(MINIMAL, { SWANCAST_LEASE_TTL_SECONDS: '4' })[0]).toMatch(
      /^environment: SWANCAST_LEASE_TTL_SECONDS: 4 is not less than lease\.max_age_seconds 3/u,
    );
  });

  it.each([
    ['SWANCAST_LOG_LEVL', 'did you mean SWANCAST_LOG_LEVEL?'],
    ['SWANCAST_LEASE_TTL', 'did you mean SWANCAST_LEASE_TTL_SECONDS?'],
    ['SWANCAST_PROFIL', 'did you mean SWANCAST_PROFILE?'],
    ['SWANCAST_CHECKS', 'only keys outside of lists can be; unset it'],
    ['SWANCAST_BGP_NEIGHBORS', 'only keys outside of lists can be; unset it'],
    ['SWANCAST_PREFIXES[0]_PREFIX', 'only keys outside of lists can be; unset it'],
    ['SWANCAST_', 'only keys outside of lists can be; unset it'],
  ])('with a variable of ours that would mean nothing is refused: %s', (name, wayOut) => {
    expect(problemsOf(MINIMAL, { [name]: 'x' })).toEqual([
      `environment: ${name}: is no key that the environment can override; ${wayOut}`,
    ]);
  });

  it('of a Kubernetes Service that has our name means nothing', () => {
    const env = {
      SWANCAST_SERVICE_HOST: '10.0.0.1',
      SWANCAST_SERVICE_PORT: '9179',
      SWANCAST_SERVICE_PORT_METRICS: '9179',
      SWANCAST_PORT: 'tcp://10.0.0.1:9179',
      SWANCAST_GW1_PORT_9179_TCP: 'tcp://10.0.0.1:9179',
      SWANCAST_GW1_PORT_9179_TCP_ADDR: '10.0.0.1',
    };
    expect(parse(MINIMAL, env)).toEqual(parse(MINIMAL));
    expect(problemsOf(MINIMAL, { SWANCAST_HTTP_PORT: '9179' })).toHaveLength(1);
  });

  it('of others means nothing', () => {
    const env = { PATH: '/', swancast_log_level: 'x', SWANCASTLE: 'x', LOG_LEVEL: 'x' };
    expect(parse(MINIMAL, env)).toEqual(parse(MINIMAL));
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
