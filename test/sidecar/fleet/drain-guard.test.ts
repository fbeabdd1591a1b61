import { describe, expect, it } from 'vitest';
import type { FleetPolicy } from '../../../sidecar/fleet/better.ts';
import { mayDrain } from '../../../sidecar/fleet/drain-guard.ts';
import { V4, V6 } from '../scenario.ts';
import { DRAIN, viewOf, type Said } from './member.fixture.ts';

const FLEET: FleetPolicy = { maxAgeMs: 5000, minimumOthers: 1, members: [{ name: 'gw2' }, { name: 'gw3' }] };
const OWN = {
  prefixes: [
    { prefix: V4, side: 'outside' as const },
    { prefix: '10.9.0.0/16', side: 'inside' as const },
  ],
  ikeSas: 60,
};
const ask = (members: Record<string, Said | undefined>, policy = FLEET, own: Partial<typeof OWN> = {}) => {
  const answer = mayDrain(viewOf(members), policy, { ...OWN, ...own }, 2000);
  return answer.ok ? 'ok' : answer.reasons.join('\n');
};

describe('the drain guard', () => {
  it('lets one drain while another announces every outside prefix well', () => {
    expect(ask({ gw2: {}, gw3: undefined })).toBe('ok');
    expect(ask({ gw2: { yielding: true } })).toBe('ok');
  });

  it('one at a time', () => {
    expect(ask({ gw2: {}, gw3: { drain: DRAIN } })).toBe(
      'gw3 drains already, since 2026-01-01T00:00:00Z (alice: new kernel)',
    );
  });

  it.each<[string, Said | undefined]>([
    ['degraded', { state: 'degraded' }],
    ['impaired', { class: 'impaired' }],
    ['withdrawn', { state: 'withdrawn' }],
    ['not acknowledged', { acknowledged: false }],
    ['not heard of lately', { heardAt: -9000 }],
    ['never heard of', undefined],
  ])('not where the only other one is %s', (_, said) => {
    expect(ask({ gw2: said })).toContain(
      `${V4}: 0 of the other gateways announce it well, and fleet.minimum_others asks for 1`,
    );
  });

  it('says what those have that are there and not well', () => {
    const gw2 = { state: 'degraded', class: 'impaired' } as const;
    expect(ask({ gw2, gw3: { state: 'announced', acknowledged: false } })).toContain(
      '; not well: gw2 (degraded, impaired), gw3 (announced, not acknowledged)',
    );
  });

  it('names the prefixes and those that are missing', () => {
    const prefixes = [V4, V6].map((prefix) => ({ prefix, side: 'outside' as const }));
    expect(ask({ gw2: {} }, { ...FLEET, minimumOthers: 2 }, { prefixes })).toBe(
      [V4, V6]
        .map(
          (prefix) =>
            `${prefix}: 1 of the other gateways announce it well (gw2), and fleet.minimum_others asks for 2; draining or not heard of: gw3`,
        )
        .join('\n'),
    );
  });

  it('not before all were asked', () => {
    expect(mayDrain(viewOf({ gw2: {} }, false), FLEET, OWN, 2000)).toMatchObject({ ok: false });
    expect(mayDrain(undefined, FLEET, OWN, 2000)).toMatchObject({ ok: false });
  });

  describe('with capacities', () => {
    const sized = { ...FLEET, members: FLEET.members.map((each) => ({ ...each, capacity: 100 })) };

    it('the others must be able to carry what they have and what we have', () => {
      expect(ask({ gw2: { ikeSas: 70 }, gw3: { ikeSas: 70 } }, sized)).toBe('ok');
      expect(ask({ gw2: { ikeSas: 70 }, gw3: { ikeSas: 71 } }, sized)).toBe(
        'gw2, gw3 can carry 200 IKE_SAs together, and would have 201 with the 60 of this gateway',
      );
    });

    it('one that is not heard of, or not well, carries nothing', () => {
      expect(ask({ gw2: { ikeSas: 70 }, gw3: undefined }, sized)).toContain('gw2 can carry 100');
      expect(ask({ gw2: { ikeSas: 70 }, gw3: { class: 'impaired' } }, sized)).toContain('gw2 can carry 100');
    });

    it('what is not known is not taken for nothing', () => {
      expect(ask({ gw2: { ikeSas: null } }, sized)).toBe('how many IKE_SAs gw2 carries is not known');
      expect(mayDrain(viewOf({ gw2: {} }), sized, { ...OWN, ikeSas: undefined }, 2000)).toMatchObject({
        ok: false,
      });
    });
  });
});
