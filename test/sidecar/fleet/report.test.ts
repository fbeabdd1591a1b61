import { describe, expect, it } from 'vitest';
import type { GatewayReport } from '../../../sidecar/fleet/report.ts';
import { wordFrom } from './peers.ts';
import { ALL_WELL, FLEET, NOW, reportOf, type Told } from './report.fixture.ts';

function gateway(name: string, told: Told = ALL_WELL): GatewayReport {
  const found = reportOf(told).gateways.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

describe('the report of a fleet', () => {
  it('has everybody in the order of the configuration, ourselves as we are', () => {
    const report = reportOf(ALL_WELL);
    expect(report).toMatchObject({ gateway: 'gw1', settled: true, interval_seconds: 1, minimum_others: 1 });
    expect(report.gateways.map(({ name, own, here }) => [name, own, here])).toEqual([
      ['gw1', true, true],
      ['gw2', false, true],
      ['gw3', false, true],
    ]);
    expect(gateway('gw2')).toMatchObject({ age_seconds: 0.4, state: 'announced', capacity: 100 });
  });

  it('has ourselves also when the list does not', () => {
    const report = reportOf({ fleet: { gateways: FLEET.gateways.slice(1) } });
    expect(report.gateways.map(({ name }) => name)).toEqual(['gw1', 'gw2', 'gw3']);
  });

  it('knows nothing of whom nobody asked yet', () => {
    expect(reportOf({}).settled).toBe(false);
    expect(gateway('gw2', {})).toMatchObject({ here: false, age_seconds: null, state: null, prefixes: [] });
  });

  it('takes whoever was not heard for too long as not there, and still shows what it said', () => {
    const told = { ...ALL_WELL, at: NOW - 5000 };
    expect(gateway('gw2', told)).toMatchObject({ here: false, age_seconds: 5, state: 'announced' });
    expect(gateway('gw2', { ...ALL_WELL, at: NOW - 4999 }).here).toBe(true);
  });

  it('shows the problem and the drift', () => {
    const drift = { topics: ['pools'], lines: ['pools: vips is …'] };
    const told = { ...ALL_WELL, gw2: { problem: 'refuses' }, drift };
    expect(gateway('gw2', told)).toMatchObject({ problem: 'refuses', drift });
    expect(gateway('gw3', { ...told, gw3: { word: wordFrom('gw3') } }).problem).toBeUndefined();
  });
});
