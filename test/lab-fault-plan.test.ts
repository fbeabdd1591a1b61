import { describe, expect, it } from 'vitest';
import type { CalmFault, Fault, SkippedFault } from './lab/fault.ts';
import { formatSeconds, planRuns, secondsLeft } from './lab/fault-plan.ts';

const calm = (name: string, more: Partial<CalmFault> = {}): CalmFault => ({
  name,
  summary: name,
  setting: 'supervised',
  expect: 'measured',
  burden: async () => Promise.resolve(),
  ...more,
});
const skipped: SkippedFault = {
  name: 's',
  summary: 's',
  setting: 'own-unit',
  expect: 'skipped',
  reason: 'no',
};
const planned = (faults: readonly Fault[], runs: number, lastingRuns = runs): string[] =>
  [...planRuns(faults, { runs, lastingRuns })].flatMap(([setting, own]) =>
    own.map(({ fault, number, of }) => `${setting} ${fault.name} ${number}/${of}`),
  );

describe('planRuns', () => {
  it('goes in rounds', () => {
    expect(planned([calm('a'), calm('b')], 2)).toEqual([
      'supervised a 1/2',
      'supervised b 1/2',
      'supervised a 2/2',
      'supervised b 2/2',
    ]);
  });

  it('takes what spoils the lab last, and setting by setting', () => {
    const faults = [
      calm('spoiler', { spoils: true }),
      calm('other', { setting: 'clock' }),
      calm('a'),
      calm('unit', { setting: 'own-unit' }),
    ];
    expect(planned(faults, 1)).toEqual([
      'supervised a 1/1',
      'supervised spoiler 1/1',
      'own-unit unit 1/1',
      'clock other 1/1',
    ]);
  });

  it('does what lasts less often, and what is skipped never', () => {
    expect(planned([calm('a'), calm('long', { lasting: true }), skipped], 3, 1)).toEqual([
      'supervised a 1/3',
      'supervised long 1/1',
      'supervised a 2/3',
      'supervised a 3/3',
    ]);
  });
});

describe('secondsLeft', () => {
  const runs = [...planRuns([calm('a'), calm('b', { spoils: true })], { runs: 2, lastingRuns: 2 }).values()];
  const pending = runs.flat();
  const row = (fault: string, took_s: number) => ({ fault, ok: true, expect: 'measured', took_s });

  it('knows nothing before anything was measured', () => {
    expect(secondsLeft(pending, [], 8)).toBeUndefined();
  });

  it('takes each fault at its own mean, an unknown one at the mean of all, and adds the labs', () => {
    // Two of each; one lab, and another one after each that spoils it.
    expect(secondsLeft(pending, [row('a', 2), row('a', 4)], 8)).toBe(2 * 3 + 2 * 3 + 3 * 8);
    expect(secondsLeft(pending, [row('a', 2), row('b', 10)], 8)).toBe(2 * 2 + 2 * 10 + 3 * 8);
    expect(secondsLeft([], [row('a', 2)], 8)).toBe(0);
  });

  it.each([
    [0.4, '0 s'],
    [89, '89 s'],
    [150, '3 min'],
    [3900, '1 h 5 min'],
  ])('%d: %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});
