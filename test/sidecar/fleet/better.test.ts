import { describe, expect, it } from 'vitest';
import {
  activeOther,
  betterThan,
  companyOf,
  expiries,
  IN_COMPANY,
  targets,
  type FleetPolicy,
} from '../../../sidecar/fleet/better.ts';
import type { Class } from '../../../health/reason.ts';
import type { FleetWord } from '../../../sidecar/fleet/word.ts';
import { prefixRule, V4, V6 } from '../scenario.ts';
import { DRAIN, memberFor, viewOf, type Said } from './member.fixture.ts';

const FLEET: FleetPolicy = {
  maxAgeMs: 5000,
  minimumOthers: 1,
  members: [{ name: 'gw2', address: '10.0.0.2', capacity: 100 }, { name: 'gw3' }],
};
const failing = (level: Class | undefined, since = 0) => ({ class: level, since });
const better = (said: Said | undefined, ours: Class | undefined, now = 2000, since = 0) =>
  betterThan(viewOf({ gw2: said }), V4, failing(ours, since), FLEET, now);

describe('who is better off', () => {
  it.each<[string, Said | undefined, Class, string | undefined]>([
    ['announced and well', {}, 'impaired', 'gw2'],
    ['adopted', { state: 'adopted' }, 'impaired', 'gw2'],
    ['degraded, as in its hold-down', { state: 'degraded' }, 'impaired', 'gw2'],
    ['less badly off', { class: 'impaired' }, 'not-serving', 'gw2'],
    ['with only something advisory', { class: 'advisory' }, 'impaired', 'gw2'],
    ['as badly off', { class: 'impaired' }, 'impaired', undefined],
    ['worse off', { class: 'not-serving' }, 'impaired', undefined],
    ['withdrawn', { state: 'withdrawn' }, 'not-serving', undefined],
    ['not acknowledged by its ExaBGP', { acknowledged: false }, 'not-serving', undefined],
    ['drained', { drain: DRAIN }, 'not-serving', undefined],
    ['not heard of', undefined, 'not-serving', undefined],
  ])('one that is %s', (_, said, ours, expected) => {
    expect(better(said, ours)).toBe(expected);
  });

  it('counts for as long as its word does, and not a millisecond more', () => {
    expect([better({}, 'impaired', 5999), better({}, 'impaired', 6000)]).toEqual(['gw2', undefined]);
    expect(expiries(viewOf({ gw2: {} }), FLEET, 5999)).toEqual([6000]);
  });

  it('not by what was said before we began to fail, nor in that very moment', () => {
    expect([999, 1000, 1001].map((since) => better({}, 'impaired', 2000, since))).toEqual([
      'gw2',
      undefined,
      undefined,
    ]);
  });

  it('nobody who is not in the configuration, whatever the view has', () => {
    expect(betterThan(viewOf({ gw9: {} }), V4, failing('not-serving'), FLEET, 2000)).toBeUndefined();
  });

  it('is judged for each prefix', () => {
    const member = memberFor('gw2', {});
    const word = member.word && {
      ...member.word,
      prefixes: member.word.prefixes.filter(({ prefix }) => prefix === V6),
    };
    const view = { settled: true, members: new Map([['gw2', { ...member, ...(word && { word }) }]]) };
    expect(betterThan(view, V4, failing('not-serving'), FLEET, 2000)).toBeUndefined();
    expect(betterThan(view, V6, failing('not-serving'), FLEET, 2000)).toBe('gw2');
  });
});

describe('the company of a prefix', () => {
  const [outside, other] = [prefixRule(V4, []), prefixRule(V6, [])];
  const inside = { ...prefixRule('10.9.0.0/16', []), side: 'inside' as const };
  const company = (own: typeof inside | typeof outside, view = viewOf({ gw2: {} }), since = 0) =>
    companyOf(own, [outside, other, inside], failing('not-serving', since), view, FLEET, 2000);

  it('without a fleet there is somebody better, and nobody is asked', () => {
    expect(companyOf(outside, [outside], failing('impaired'), undefined, undefined, 0)).toEqual(IN_COMPANY);
  });

  it('of a fleet of one is nobody, and need not be asked', () => {
    const one = { ...FLEET, members: [] };
    expect(companyOf(outside, [outside], failing('impaired'), undefined, one, 0)).toEqual({
      hasBetter: false,
      isAsking: false,
      isLast: true,
      isTaken: false,
    });
  });

  it('of an inside prefix is who is better off for the outside', () => {
    expect(company(inside)).toMatchObject({ hasBetter: true, isLast: false });
    expect(company(inside, viewOf({ gw2: { class: 'not-serving' } }))).toMatchObject({ isLast: true });
  });

  it('of an inside prefix is nobody while one outside prefix has nobody better: its clients need the way back', () => {
    const { prefixes = [], ...word } = memberFor('gw2', {}).word ?? {};
    const onlyV4 = { ...word, prefixes: prefixes.filter(({ prefix }) => prefix === V4) } as FleetWord;
    const view = { settled: true, members: new Map([['gw2', { name: 'gw2', heardAt: 1000, word: onlyV4 }]]) };
    expect(company(outside, view)).toMatchObject({ hasBetter: true });
    expect(company(inside, view)).toMatchObject({ hasBetter: false, isLast: true });
  });

  it('is asked anew when we fail: till then there is neither somebody better nor nobody', () => {
    expect(company(outside, viewOf({ gw2: {} }), 1000)).toMatchObject({
      hasBetter: false,
      isAsking: true,
      isLast: false,
    });
    expect(company(outside, viewOf({ gw2: { class: 'not-serving' } }), 1000)).toMatchObject({
      isAsking: false,
      isLast: true,
    });
  });

  it('before all were asked nobody is better, and nobody is the last', () => {
    const unsettled = viewOf({ gw3: undefined }, false);
    expect(company(outside, unsettled)).toEqual({
      hasBetter: false,
      isAsking: false,
      isLast: false,
      isTaken: true,
    });
  });

  it('has it: neither one that yields nor one that is degraded', () => {
    const has = (said: Said) => activeOther(viewOf({ gw2: said }), V4, FLEET, 2000);
    expect([has({}), has({ class: 'not-serving' }), has({ state: 'adopted' })]).toEqual([
      'gw2',
      'gw2',
      'gw2',
    ]);
    expect([has({ yielding: true }), has({ state: 'degraded' }), has({ state: 'cold' })]).toEqual(
      Array.from({ length: 3 }),
    );
  });
});

describe('targets for moved sessions', () => {
  const names = (view: ReturnType<typeof viewOf>) => targets(view, FLEET, 2000).map(({ name }) => name);

  it('are those that serve well and have room, the emptiest first', () => {
    expect(names(viewOf({ gw2: { ikeSas: 99 }, gw3: { ikeSas: 3 } }))).toEqual(['gw3', 'gw2']);
    expect(targets(viewOf({ gw2: { ikeSas: 3 } }), FLEET, 2000)).toEqual([
      { name: 'gw2', address: '10.0.0.2', capacity: 100, ikeSas: 3 },
    ]);
  });

  it.each<[string, Said]>([
    ['full', { ikeSas: 100 }],
    ['drained', { drain: DRAIN }],
    ['impaired', { class: 'impaired' }],
    ['degraded', { state: 'degraded' }],
    ['not heard of lately', { heardAt: -9000 }],
  ])('is none that is %s', (_, said) => {
    expect(names(viewOf({ gw2: said }))).toEqual([]);
  });
});
