import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  create,
  judge,
  type KernelIpsecLimits,
  type Observation,
} from '../../../health/checks/kernel-ipsec.ts';
import type { Answer } from '../../../health/question.ts';
import { Tree } from '../host/tree.ts';

const limit: KernelIpsecLimits = { inErrorsPerSecond: 10, outErrorsPerSecond: 10, noStatesPerSecond: 10 };
const off: KernelIpsecLimits = { inErrorsPerSecond: 0, outErrorsPerSecond: 0, noStatesPerSecond: 0 };
const seen = (rates: Record<string, number> | undefined, invalidSpis?: number): Observation => ({
  rates,
  invalidSpis,
});

describe('what the counters are worth', () => {
  it.each([
    [seen(undefined), limit, 'pass', 'counting begins'],
    [seen({ XfrmInError: 0, XfrmOutError: 0 }), limit, 'pass', 'dropped: 0.0/s in, 0.0/s out'],
    [seen({ XfrmInNoStates: 10, XfrmInError: 10 }), limit, 'pass', 'dropped: 20/s in, 0.0/s out'],
    [
      seen({ XfrmInNoStates: 11 }, 4),
      limit,
      'clients-without-state',
      '11/s packets for CHILD_SAs that are not here, 4 IKE messages for unknown IKE_SAs',
    ],
    [
      seen({ XfrmInNoStates: 11 }, 0),
      limit,
      'ipsec-errors-in',
      '11/s packets for CHILD_SAs that are not here',
    ],
    [
      seen({ XfrmInNoStates: 11 }, undefined),
      limit,
      'ipsec-errors-in',
      '11/s packets for CHILD_SAs that are not here',
    ],
    [
      seen({ XfrmInStateSeqError: 8, XfrmFwdHdrError: 0.5, XfrmInTmplMismatch: 2.5 }),
      limit,
      'ipsec-errors-in',
      'XfrmInStateSeqError 8.0/s, XfrmInTmplMismatch 2.5/s, XfrmFwdHdrError 0.5/s',
    ],
    [seen({ XfrmOutNoStates: 12, XfrmOutError: 0 }), limit, 'ipsec-errors-out', 'XfrmOutNoStates 12/s'],
    [seen({ XfrmInNoStates: 999, XfrmInError: 999, XfrmOutError: 999 }, 9), off, 'pass', undefined],
  ] as const)('%j: %s', (observation, limits, expected, value) => {
    const judgement = judge(observation, limits);
    expect(judgement.verdict === 'pass' ? 'pass' : judgement.reason).toBe(expected);
    expect(judgement.verdict).toBe(expected === 'pass' ? 'pass' : 'fail');
    if (value !== undefined) expect(judgement.value).toBe(value);
  });

  it('nothing is known of a kernel that does not count', () => {
    expect(judge(undefined, limit)).toEqual({
      verdict: 'unknown',
      reason: 'kernel-without-xfrm-statistics',
      value: '/proc/net/xfrm_stat is not there',
    });
  });
});

describe('a file of the kernel', () => {
  let proc: Tree;
  let time = 0;
  let invalidSpi = 100;
  const link = {
    ask: async <T>(): Promise<Answer<T>> =>
      Promise.resolve({ kind: 'answered', answer: new Map([['invalid-spi', invalidSpi]]) as T }),
  };
  beforeAll(() => {
    proc = new Tree();
  });
  afterAll(() => {
    proc.remove();
  });

  it('is read twice; clients without state are seen, and gone again; the counters begin anew', async () => {
    const check = create(
      {
        name: 'ipsec',
        dependsOn: [],
        triggeredBy: [],
        pace: { intervalMs: 5000, fastMs: 2000, timeoutMs: 1000 },
        limits: limit,
      },
      { link, now: () => time },
      proc.path,
    );
    const look = async (noStates?: number): Promise<string> => {
      if (noStates !== undefined) {
        const text = `XfrmInError             \t3\nXfrmInNoStates          \t${String(noStates)}\nXfrmOutError            \t0`;
        proc.write({ 'net/xfrm_stat': text });
      }
      const judgement = await check.observe(new AbortController().signal);
      time += 5000;
      return judgement.verdict === 'pass' ? 'pass' : judgement.reason;
    };
    expect(await look()).toBe('kernel-without-xfrm-statistics');
    expect(await look(500)).toBe('pass');
    expect(await look(500)).toBe('pass');
    expect(await look(600)).toBe('ipsec-errors-in');
    invalidSpi += 4;
    expect(await look(700)).toBe('clients-without-state');
    expect(await look(701)).toBe('pass');
    invalidSpi = 1; // charon was restarted
    expect(await look(801)).toBe('ipsec-errors-in');
    expect(await look(5)).toBe('pass');
    expect(await look(6)).toBe('pass');
  });
});
