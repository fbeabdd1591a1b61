import { describe, expect, it } from 'vitest';
import { CONFIGURED, deskFor } from './check-desk.fixture.ts';
import { Scenario } from './scenario.ts';
import { statusFor } from './status.fixture.ts';

const failing = new Scenario().guard({}).healthy(1000).fail('sa-count', 'sa-collapse');
const status = () => statusFor(failing);

describe('the list of checks', () => {
  it('has each as it is configured and as it stands', () => {
    const { gateway, checks } = deskFor(status).list();
    expect(gateway).toBe('gw1');
    expect(checks.map(({ name }) => name)).toEqual(CONFIGURED.map(({ name }) => name));
    expect(checks[0]).toMatchObject({
      type: 'charon',
      verdict: 'pass',
      up: true,
      configured_class: null,
      interval_seconds: 1,
      fast_interval_seconds: 0.2,
      timeout_seconds: 0.45,
      max_age_seconds: 10,
      depends_on: [],
    });
    expect(checks[1]).toMatchObject({ configured_class: 'advisory' });
    expect(checks[3]).toMatchObject({ reason: 'sa-collapse', class: 'impaired', depends_on: ['charon'] });
  });
});

describe('looking now', () => {
  it('with one check: the answer is that one', async () => {
    const looked: (string | undefined)[] = [];
    const answer = await deskFor(status, looked).run({ name: 'sa-count' });
    expect(looked).toEqual(['sa-count']);
    expect(answer).toMatchObject({ checks: [{ name: 'sa-count', verdict: 'fail' }] });
  });

  it('with all', async () => {
    const looked: (string | undefined)[] = [];
    const answer = await deskFor(status, looked).run({});
    expect(looked).toEqual([undefined]);
    expect('checks' in answer && answer.checks).toHaveLength(4);
  });

  it.each<[unknown, string]>([
    [{ name: 'nobody' }, 'no check is called "nobody"; there are: charon, ike-v4, ike-v6, sa-count'],
    [{ name: '' }, 'name: one line of 1 to 63 printable characters expected'],
    [{ name: 7 }, 'name: one line of 1 to 63 printable characters expected'],
    [{ check: 'charon' }, '"check" is not known here; expected: name'],
    [[], 'a JSON object expected'],
  ])('%j is refused, and nothing looks', async (order, why) => {
    const looked: (string | undefined)[] = [];
    expect(await deskFor(status, looked).run(order)).toEqual({ refused: why });
    expect(looked).toEqual([]);
  });
});
