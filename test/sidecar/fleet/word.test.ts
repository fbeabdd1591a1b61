import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeaseReport } from '../../../bgp/lease.ts';
import { parseWord, wordOf, type FleetWord } from '../../../sidecar/fleet/word.ts';
import { statusFor } from '../status.fixture.ts';
import { Scenario, V4, V6 } from '../scenario.ts';
import { prefixWord, wordFrom } from './peers.ts';

const LOAD = { ike_sas: 12, half_open: 1 };
const JSON_WORD = {
  ...wordFrom('gw2', { load: LOAD, set_up: { pools: 'abc' } }),
  drain: { who: 'kim', reason: 'kernel', since: '2026-01-01T00:00:00Z', until: '2026-01-01T01:00:00Z' },
};
const changed = (more: object): unknown => ({ ...JSON_WORD, ...more });
const withPrefix = (more: object): unknown => changed({ prefixes: [{ ...prefixWord(), ...more }] });

describe('what a gateway tells', () => {
  it('is its state, prefix by prefix, with the class that fails', () => {
    const run = new Scenario().guard({}).healthy(1000).fail('sa-count', 'sa-collapse');
    const word = wordOf({ ...statusFor(run), load: LOAD, set_up: { pools: 'abc' } });
    expect(word).toMatchObject({ gateway: 'gw1', version: '0.0.0', drain: null, load: LOAD });
    expect(word.prefixes.map(({ prefix, class: level }) => [prefix, level])).toEqual([
      [V4, 'impaired'],
      [V6, 'impaired'],
    ]);
  });

  it('has a route only where a router can hear of it: ExaBGP acknowledges without any session', () => {
    const said = (neighbors: LeaseReport['neighbors']): (string | boolean)[][] => {
      const run = new Scenario().guard({ lease: 'held', acknowledged: [V4, V6], neighbors });
      const { prefixes } = wordOf({ ...statusFor(run), load: LOAD, set_up: {} });
      return prefixes.map(({ prefix, acknowledged }) => [prefix, acknowledged]);
    };
    expect(said({ '10.1.1.1': 'up', 'fd00:1:1::1': 'down' })).toEqual([
      [V4, true],
      [V6, false],
    ]);
    expect(said({ '10.1.1.1': 'connected', '10.1.1.9': 'up' })).toEqual([
      [V4, false],
      [V6, false],
    ]);
  });

  it('comes back as it was from JSON', () => {
    const run = new Scenario().guard({}).healthy(1000);
    const word = wordOf({ ...statusFor(run), load: LOAD, set_up: { pools: 'abc' } });
    expect(parseWord(JSON.parse(JSON.stringify(word)))).toEqual(word);
  });
});

describe('a word from elsewhere', () => {
  it('may have keys that are not known here', () => {
    const raw = {
      ...JSON_WORD,
      mood: 'fine',
      load: { ...LOAD, child_sas: 3 },
      prefixes: [{ ...prefixWord(), x: 1 }],
    };
    expect(parseWord(raw)).toEqual({ ...JSON_WORD, prefixes: [prefixWord()] });
  });

  it.each([
    ['a phase', { state: 'sleeping' }],
    ['a class', { class: 'puzzled' }],
    ['the name of what every object has', { state: 'constructor' }],
  ])('says nothing about a prefix with %s that is not known here', (_, more) => {
    const raw = changed({ prefixes: [{ ...prefixWord(), ...more }, prefixWord({ prefix: V6 })] });
    expect(parseWord(raw)).toMatchObject({ prefixes: [{ prefix: V6 }] });
  });

  it('may be in a state that is not known here', () => {
    expect(parseWord(changed({ state: 'asleep' }))).toMatchObject({ state: 'unknown' });
  });

  it.each([
    ['null', null],
    ['a list', []],
    ['a text', 'gw2'],
  ])('is no %s', (_, raw) => {
    expect(parseWord(raw)).toBe('a JSON object expected');
  });

  it.each([
    ['gateway', changed({ gateway: undefined }), 'gateway: a text of at most 128 characters expected'],
    ['an empty gateway', changed({ gateway: '' }), 'gateway: a printable text expected'],
    [
      'a gateway that talks to the terminal',
      changed({ gateway: 'a\u001b[2J' }),
      'gateway: a printable text expected',
    ],
    [
      'a long gateway',
      changed({ gateway: 'a'.repeat(129) }),
      'gateway: a text of at most 128 characters expected',
    ],
    ['version', changed({ version: 1 }), 'version: a text'],
    ['prefixes', changed({ prefixes: {} }), 'prefixes: a list of at most 2048 expected'],
    [
      'too many prefixes',
      changed({ prefixes: new Array(2049).fill(prefixWord()) }),
      'prefixes: a list of at most',
    ],
    ['a prefix', changed({ prefixes: [prefixWord(), 7] }), 'prefixes[1]: a JSON object expected'],
    ['acknowledged', withPrefix({ acknowledged: 'yes' }), 'prefixes[0].acknowledged: true or false expected'],
    ['yielding', withPrefix({ yielding: undefined }), 'prefixes[0].yielding: true or false expected'],
    ['class', withPrefix({ class: undefined }), 'prefixes[0].class: a text'],
    ['preference', withPrefix({ preference: 1.5 }), 'prefixes[0].preference: a whole number expected'],
    ['drain', changed({ drain: undefined }), 'drain: a JSON object expected'],
    ['drain.who', changed({ drain: { ...JSON_WORD.drain, who: 1 } }), 'drain.who: a text'],
    ['load', changed({ load: null }), 'load: a JSON object expected'],
    [
      'load.ike_sas',
      changed({ load: { ike_sas: -1, half_open: 0 } }),
      'load.ike_sas: a whole number expected',
    ],
    ['set_up', changed({ set_up: { pools: 1 } }), 'set_up: a text'],
    [
      'too many topics',
      changed({ set_up: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`t${n}`, 'x'])) }),
      'set_up: at most 32 topics expected',
    ],
  ])('is refused for %s', (_, raw, expected) => {
    expect(parseWord(raw)).toContain(expected);
  });

  it('keeps the text of people short and printable', () => {
    const drain = { ...JSON_WORD.drain, reason: `\u001b]0;${'x'.repeat(1000)}` };
    const word = parseWord(changed({ drain })) as FleetWord;
    expect(word.drain?.reason).toMatch(/^\?\]0;x+…$/u);
    expect(word.drain?.reason).toHaveLength(200);
  });

  it('cannot reach the prototype', () => {
    const raw: unknown = JSON.parse(JSON.stringify(JSON_WORD).replace('"pools"', '"__proto__"'));
    const word = parseWord(raw) as FleetWord;
    expect(Object.getPrototypeOf(word.set_up)).toBeNull();
    expect(Object.keys(word.set_up)).toEqual(['__proto__']);
  });

  it('is never more than a word or a sentence, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(JSON_WORD)), (value, key) => {
        for (const raw of [value, changed({ [key]: value }), withPrefix({ [key]: value })]) {
          const word = parseWord(raw);
          expect(typeof word === 'string' ? word : word.gateway).not.toBe('');
        }
      }),
    );
  });
});
