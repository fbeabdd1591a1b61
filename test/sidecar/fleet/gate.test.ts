import { describe, expect, it } from 'vitest';
import { askGate, type GateAnswer, type GateQuestion } from '../../../sidecar/fleet/gate.ts';
import { prefixWord, V4, wordFrom } from './peers.ts';
import { ALL_WELL, NOW, reportOf, type Told } from './report.fixture.ts';

const DRAIN = { who: 'kim', reason: 'kernel', since: '2026-01-01T00:00:00Z', until: '2026-01-01T01:00:00Z' };
const ask = (told: Told, question: GateQuestion): GateAnswer => askGate(reportOf(told), question);
const said = (text: string): object => ({
  answer: 'shut',
  reasons: [expect.stringContaining(text) as string],
});
const only = (name: 'gw2' | 'gw3', more: Parameters<typeof wordFrom>[1]): Told => ({
  ...ALL_WELL,
  [name]: { word: wordFrom(name, more) },
});
const impaired = { prefixes: [prefixWord({ class: 'impaired' })] };
const withdrawn = {
  state: 'withdrawn',
  prefixes: [prefixWord({ state: 'withdrawn', acknowledged: false })],
} as const;

describe('the gate drain', () => {
  const gate = 'drain';

  it('is open while enough others announce every prefix well', () => {
    expect(ask(ALL_WELL, { gate })).toEqual({ answer: 'open', reasons: [] });
    expect(ask(only('gw2', withdrawn), { gate })).toEqual({ answer: 'open', reasons: [] });
  });

  it('is shut while another one drains', () => {
    expect(ask(only('gw2', { drain: DRAIN }), { gate })).toEqual(said('gw2 drains already'));
  });

  it('is shut when too few are left, or are asked for', () => {
    expect(ask({ gw2: { problem: 'x' }, gw3: { problem: 'x' } }, { gate })).toEqual(
      said(`${V4}: 0 of the other`),
    );
    expect(ask(only('gw2', impaired), { gate, minimum: 2 })).toEqual(said('asks for 2'));
    expect(ask(ALL_WELL, { gate, minimum: 2 })).toMatchObject({ answer: 'open' });
  });

  it('is shut before everybody was asked', () => {
    expect(ask({ gw2: { word: wordFrom('gw2') } }, { gate })).toEqual(said('not all asked yet'));
  });

  it('can be asked for another gateway, and we are one of the others then', () => {
    const ill = { ...ALL_WELL, own: impaired, gw3: { word: wordFrom('gw3', withdrawn) } };
    expect(ask(ill, { gate, gateway: 'gw2' })).toEqual(said(`${V4}: 0 of the other gateways`));
    expect(ask({ ...ill, own: {} }, { gate, gateway: 'gw2' })).toMatchObject({ answer: 'open' });
    expect(ask({ ...ALL_WELL, own: { drain: DRAIN } }, { gate, gateway: 'gw2' })).toEqual(
      said('gw1 drains already'),
    );
  });

  it('is shut for a gateway of which nothing is heard', () => {
    expect(ask({ ...ALL_WELL, at: NOW - 7000 }, { gate, gateway: 'gw2' })).toEqual(
      said('gw2 was not heard of for 7 s'),
    );
  });

  it('does not ask for others with our pools', () => {
    const pool = prefixWord({ prefix: '10.3.1.0/24', side: 'inside' });
    expect(ask({ ...ALL_WELL, own: { prefixes: [prefixWord(), pool] } }, { gate })).toMatchObject({
      answer: 'open',
    });
  });

  it('is shut when the others cannot carry what is here', () => {
    const load = (ikeSas: number): object => ({ load: { ike_sas: ikeSas, half_open: 0 } });
    const told = {
      own: load(60),
      gw2: { word: wordFrom('gw2', load(50)) },
      gw3: { word: wordFrom('gw3', withdrawn) },
    };
    expect(ask(told, { gate })).toEqual(said('can carry 100 IKE_SAs'));
    expect(ask({ ...told, own: load(50) }, { gate })).toMatchObject({ answer: 'open' });
  });
});

describe('the gate announced', () => {
  const gate = 'announced';

  it('is open for one that announces everything, with nothing failing', () => {
    expect(ask(ALL_WELL, { gate, gateway: 'gw2' })).toEqual({ answer: 'open', reasons: [] });
    expect(ask(ALL_WELL, { gate, gateway: 'gw1' })).toEqual({ answer: 'open', reasons: [] });
  });

  it.each<[string, Parameters<typeof wordFrom>[1], string]>([
    ['withdraws', withdrawn, 'gw2 has it withdrawn'],
    ['waits for its router', { prefixes: [prefixWord({ acknowledged: false })] }, 'has not announced it yet'],
    ['has a check that fails', impaired, 'has a check that fails (impaired)'],
    ['drains', { drain: DRAIN }, 'gw2 drains'],
    ['has no prefix', { prefixes: [] }, 'gw2 says that it has no prefix'],
  ])('is shut for one that %s', (_, more, expected) => {
    expect(ask(only('gw2', more), { gate, gateway: 'gw2' })).toEqual(said(expected));
  });

  it('does not mind what is for people alone', () => {
    const advisory = { prefixes: [prefixWord({ class: 'advisory', yielding: true })] };
    expect(ask(only('gw2', advisory), { gate, gateway: 'gw2' })).toMatchObject({ answer: 'open' });
  });

  it('of all gateways is open when all announce, or as many as are asked for', () => {
    expect(ask(ALL_WELL, { gate })).toMatchObject({ answer: 'open' });
    expect(ask(only('gw3', withdrawn), { gate })).toEqual(
      said('2 gateways announce it well, 3 are asked for: gw3'),
    );
    expect(ask(only('gw3', withdrawn), { gate, minimum: 2 })).toMatchObject({ answer: 'open' });
    expect(ask(ALL_WELL, { gate, minimum: 9 })).toEqual(said('9 are asked for; there are no more'));
  });

  it('of one and of as many as are asked for wants both', () => {
    const told = only('gw3', withdrawn);
    expect(ask(told, { gate, gateway: 'gw2', minimum: 2 })).toMatchObject({ answer: 'open' });
    expect(ask(told, { gate, gateway: 'gw2', minimum: 3 })).toEqual(said('3 are asked for'));
    expect(ask(told, { gate, gateway: 'gw3', minimum: 2 })).toEqual(said('gw3 has it withdrawn'));
  });
});

it('a gateway that nobody knows can not be told of', () => {
  expect(ask(ALL_WELL, { gate: 'drain', gateway: 'gw9' })).toEqual({
    answer: 'unknown',
    reasons: ['no gateway is called "gw9"; there are: gw1, gw2, gw3'],
  });
});
