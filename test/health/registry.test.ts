import { describe, expect, it } from 'vitest';
import { CharonLink } from '../../health/charon-link.ts';
import { HEALTH_REASONS, CLASSES } from '../../health/reason.ts';
import { CHECK_TYPES, createChecks, isCheckType, type CheckPlan } from '../../health/registry.ts';
import { KeptLog } from './fixture.ts';

const now = (): number => 0;
const log = new KeptLog();
const world = { link: new CharonLink({ path: '/nowhere', now, log }), now, announced: () => false, log };

const plan = (name: string, type: string, dependsOn: string[] = []): CheckPlan => ({
  name,
  type,
  intervalMs: 1000,
  fastMs: 200,
  timeoutMs: 500,
  dependsOn,
  limits: { address: '192.0.2.1', ports: [500], source: '' },
});

describe('the table of check types', () => {
  it.each(Object.entries(CHECK_TYPES))('%s has sensible defaults', (_, { defaults, limits, doc }) => {
    expect(defaults.fastMs).toBeLessThanOrEqual(defaults.intervalMs);
    expect(defaults.maxAgeMs).toBeGreaterThan(2 * defaults.intervalMs);
    expect(doc).toMatch(/\.$/);
    for (const [key, spec] of Object.entries(limits)) {
      expect(key).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(spec.doc).toMatch(/\.$/);
      expect(spec).toHaveProperty('default');
    }
  });

  it.each(['__proto__', 'constructor', 'Charon', ''])('%j is no type', (type) => {
    expect(isCheckType(type)).toBe(false);
    expect(() => createChecks([plan('x', type)], world)).toThrow(`there is no type "${type}"`);
  });
});

describe('checks of a configuration', () => {
  it('know each other by name', () => {
    const checks = createChecks(
      [
        plan('vici', 'charon'),
        plan('count', 'sa-count', ['probe-4']),
        plan('probe-4', 'ike-probe'),
        plan('probe-6', 'ike-probe'),
      ],
      world,
    );
    expect(checks.map(({ name, dependsOn, triggeredBy }) => ({ name, dependsOn, triggeredBy }))).toEqual([
      { name: 'vici', dependsOn: [], triggeredBy: [] },
      { name: 'count', dependsOn: ['probe-4'], triggeredBy: [] },
      { name: 'probe-4', dependsOn: [], triggeredBy: ['vici', 'count'] },
      { name: 'probe-6', dependsOn: [], triggeredBy: ['vici', 'count'] },
    ]);
    expect(checks[0]?.pace).toEqual({ intervalMs: 1000, fastMs: 200, timeoutMs: 500 });
  });
});

it.each(Object.entries(HEALTH_REASONS))(
  'reason %s is a token with a class, a sentence and a way out',
  (token, entry) => {
    expect(token).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(CLASSES).toContain(entry.class);
    expect(entry.sentence).not.toMatch(/^[A-Z]|\.$/);
    expect(entry.wayOut.length).toBeGreaterThan(10);
  },
);
