import { describe, expect, it } from 'vitest';
import { create, judge, type Observation } from '../../../health/checks/ike-probe.ts';
import type { ProbeOutcome } from '../../../health/ike/probe.ts';
import { CharonLink } from '../../../health/charon-link.ts';
import { KeptLog } from '../fixture.ts';

const WORKER: ProbeOutcome = { kind: 'worker', answer: 'NO_PROPOSAL_CHOSEN', ms: 0.31 };
const both = (plain: ProbeOutcome, nat: ProbeOutcome = plain): Observation => ({
  local: true,
  ports: [
    { port: 500, outcome: plain },
    { port: 4500, outcome: nat },
  ],
});

describe('what the answers on both ports are worth', () => {
  it.each([
    [both(WORKER), 'pass', '500: NO_PROPOSAL_CHOSEN in 0.3 ms, 4500: NO_PROPOSAL_CHOSEN in 0.3 ms'],
    [
      both(WORKER, { kind: 'overloaded' }),
      'ike-overloaded',
      '500: NO_PROPOSAL_CHOSEN in 0.3 ms, 4500: COOKIE, and then no answer from a worker',
    ],
    [both({ kind: 'silent' }), 'ike-silent', '500: no answer, 4500: no answer'],
    [both(WORKER, { kind: 'silent' }), 'ike-silent', '500: NO_PROPOSAL_CHOSEN in 0.3 ms, 4500: no answer'],
    [both({ kind: 'silent' }, WORKER), 'ike-silent', '500: no answer, 4500: NO_PROPOSAL_CHOSEN in 0.3 ms'],
    [
      both({ kind: 'receiver' }),
      'ike-workers-stuck',
      '500: only the receiver thread answers, 4500: only the receiver thread answers',
    ],
    [
      both({ kind: 'receiver' }, { kind: 'silent' }),
      'ike-silent',
      '500: only the receiver thread answers, 4500: no answer',
    ],
    [both({ kind: 'refused' }), 'ike-refused', '500: refused, nobody listens, 4500: refused, nobody listens'],
    [
      both(WORKER, { kind: 'refused' }),
      'ike-refused',
      '500: NO_PROPOSAL_CHOSEN in 0.3 ms, 4500: refused, nobody listens',
    ],
    [
      both({ kind: 'no-address', detail: 'ENETUNREACH' }),
      'address-missing',
      '500: cannot be reached (ENETUNREACH), 4500: cannot be reached (ENETUNREACH)',
    ],
    [
      both({ kind: 'blocked', detail: 'EPERM' }, WORKER),
      'ike-silent',
      '500: not let out of this host (EPERM), 4500: NO_PROPOSAL_CHOSEN in 0.3 ms',
    ],
    [{ local: false, address: '192.0.2.1' }, 'address-missing', '192.0.2.1 is on no interface of this host'],
  ] as const)('%j: %s', (observation, expected, value) => {
    const judgement = judge(observation);
    expect(judgement.verdict === 'pass' ? 'pass' : judgement.reason).toBe(expected);
    expect(judgement.verdict).toBe(expected === 'pass' ? 'pass' : 'fail');
    expect(judgement.value).toBe(value);
  });
});

it.each([
  [{ local: undefined, address: '192.0.2.1' }, 'the addresses of this host cannot be listed'],
  [
    both(WORKER, { kind: 'exhausted', detail: 'EMFILE' }),
    '500: NO_PROPOSAL_CHOSEN in 0.3 ms, 4500: not asked (EMFILE)',
  ],
] as const)('what this host could not ask says nothing about charon: %j', (observation, value) => {
  expect(judge(observation)).toEqual({ verdict: 'unknown', reason: 'host-exhausted', value });
});

describe('a failure that still proves charon alive', () => {
  it.each([
    ['both ports silent', both({ kind: 'silent' }), false],
    ['nobody listens', both({ kind: 'refused' }), false],
    ['only the receiver answers', both({ kind: 'receiver' }), true],
    ['one port answers, the other is silent', both(WORKER, { kind: 'silent' }), true],
    ['only a cookie is demanded', both({ kind: 'overloaded' }), true],
    [
      'a cookie demanded on one, refused on the other',
      both({ kind: 'overloaded' }, { kind: 'refused' }),
      true,
    ],
    ['no address', both({ kind: 'no-address', detail: 'ENETUNREACH' }), false],
  ] as const)('%s', (_, observation, alive) => {
    const judgement = judge(observation);
    expect(judgement.verdict).toBe('fail');
    expect('provesAlive' in judgement).toBe(alive);
  });
});

describe('an address that is not on this host', () => {
  const now = (): number => performance.now();
  const log = new KeptLog();
  const world = {
    link: new CharonLink({ path: '/nowhere', now, log }),
    now,
    announced: () => false,
    log,
  };

  it.each(['203.0.113.77', '2001:db8:77::1'])('%s is missing, and nothing is sent to it', async (address) => {
    const check = create(
      {
        name: 'ike-probe',
        dependsOn: [],
        triggeredBy: ['charon'],
        pace: { intervalMs: 5000, fastMs: 500, timeoutMs: 1000 },
        limits: { address, ports: [500, 4500], source: '' },
      },
      world,
    );
    expect(await check.observe(new AbortController().signal)).toEqual({
      verdict: 'fail',
      reason: 'address-missing',
      value: `${address} is on no interface of this host`,
    });
  });
});
