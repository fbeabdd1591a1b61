import { describe, expect, it } from 'vitest';
import type { SpeakerReport } from '../../bgp/speaker.ts';
import { Obstacles } from '../../sidecar/obstacles.ts';
import { statusOf, type Status } from '../../sidecar/status.ts';
import { POLICY, Scenario } from './scenario.ts';

const report = (
  neighbors: Record<string, 'up' | 'down'>,
  type: 'hello' | 'report' = 'report',
): SpeakerReport => ({ type, neighbors }) as unknown as SpeakerReport;
const lost: SpeakerReport = { type: 'disconnected', code: 'EXABGP_MISSING', detail: 'there is no exabgp' };
const advice: SpeakerReport = {
  type: 'neighbor-advice',
  neighbor: '10.1.1.1',
  detail: '10.1.1.1: no such address',
};

const bgp = (obstacles: Obstacles, reasons: Record<string, string> = {}, guard = true): Status['bgp'] => {
  const run = new Scenario();
  if (guard) run.guard({ neighbors: { '10.1.1.1': 'down' }, reasons });
  const identity = { version: '0', gateway: 'gw1', startedAt: 0, neighbors: ['10.1.1.1'], ...obstacles.all };
  return statusOf(run.state, POLICY, identity, [], run.now).bgp;
};

describe('what stands between us and the routers', () => {
  it('is why no guard answers, until one does', () => {
    const obstacles = new Obstacles();
    expect(bgp(obstacles, {}, false).guard_problem).toBeUndefined();
    obstacles.hear(lost);
    expect(bgp(obstacles, {}, false).guard_problem).toBe('there is no exabgp');
    obstacles.hear(report({}, 'hello'));
    expect(bgp(obstacles, {}, false).guard_problem).toBeUndefined();
  });

  it('is the advice on a neighbor, with what was heard since, until it is up', () => {
    const obstacles = new Obstacles();
    const seen = (heard?: string): string | undefined =>
      bgp(obstacles, heard === undefined ? {} : { '10.1.1.1': heard }).neighbor_reasons['10.1.1.1'];
    expect([seen(), seen('refused')]).toEqual([undefined, 'refused']);
    obstacles.hear(advice);
    obstacles.hear(report({ '10.1.1.1': 'down' }));
    expect([seen(), seen('no such address')]).toEqual([advice.detail, advice.detail]);
    expect(seen('refused')).toBe('10.1.1.1: no such address; last heard: refused');
    obstacles.hear(report({ '10.1.1.1': 'up' }));
    expect(seen('refused')).toBe('refused');
  });

  it('is why ExaBGP cannot be told to connect, while that is so', () => {
    const obstacles = new Obstacles();
    obstacles.hear({ type: 'redial-obstacle', detail: 'not ours' });
    expect(bgp(obstacles).redial_obstacle).toBe('not ours');
    obstacles.hear({ type: 'redial-obstacle', detail: undefined });
    expect(bgp(obstacles).redial_obstacle).toBeUndefined();
  });
});
