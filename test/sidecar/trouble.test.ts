/** One cause per prefix, what stands under it, what stands beside it, and what would change it. */
import { HEALTH_REASONS } from '../../health/reason.ts';
import { describe, expect, it } from 'vitest';
import { explainText, explanation } from '../../sidecar/cli/explain.ts';
import type { Policy } from '../../sidecar/decision.ts';
import { Journal } from '../../sidecar/journal.ts';
import type { PrefixStatus } from '../../sidecar/prefix-status.ts';
import { statusOf, type Status } from '../../sidecar/status.ts';
import type { CheckPolicy } from '../../sidecar/verdict.ts';
import { POLICY, Scenario, V4, V6 } from './scenario.ts';

const rule = (...dependsOn: string[]): CheckPolicy => ({
  rise: 1,
  fall: 2,
  required: false,
  proves: false,
  dependsOn,
  maxAgeMs: 10_000,
});

/** sa-count stands on charon, logins on sa-count, the rest on nothing. */
const CHECKS: Policy = {
  ...POLICY,
  checks: new Map<string, CheckPolicy>([
    ['charon', { ...rule(), rise: 2, required: true, proves: true, maxAgeMs: 60_000 }],
    ['ike-v4', { ...rule(), required: true, proves: true, maxAgeMs: 60_000 }],
    ['sa-count', rule('charon')],
    ['logins', rule('sa-count')],
    ['paths', rule()],
    ['host', { ...rule(), class: 'advisory' }],
  ]),
  prefixes: POLICY.prefixes.map((each) => ({
    ...each,
    checks: ['charon', 'ike-v4', 'sa-count', 'logins', 'paths', 'host'],
  })),
};

const ALL = [...CHECKS.checks.keys()];

function announced(policy = CHECKS): Scenario {
  const run = new Scenario(policy).guard({});
  for (let n = 0; n < 4; n += 1) run.pass(...ALL).wait(500);
  return run;
}

function statusAt(run: Scenario, policy = CHECKS): Status {
  const identity = { version: '0.0.0', gateway: 'gw1', startedAt: 1000, neighbors: [] };
  return statusOf(run.state, policy, identity, new Journal().entries, run.now);
}

function prefixAt(run: Scenario, policy = CHECKS): PrefixStatus {
  const shown = statusAt(run, policy).prefixes.find(({ prefix }) => prefix === V4);
  if (shown === undefined) throw new Error('no such prefix');
  return shown;
}

/** "cause | under it | beside it" */
function told({ reason, check, consequences, also }: PrefixStatus): string {
  const list = (all: PrefixStatus['also']): string =>
    all
      .map(({ check: name, reason: why, depends_on: on }) =>
        on === undefined ? `${name} ${why}` : `${name} ${why} < ${on}`,
      )
      .join(', ');
  return [`${reason}${check === undefined ? '' : ` ${check}`}`, list(consequences), list(also)].join(' | ');
}

describe('the one cause', () => {
  it.each<[string, (run: Scenario) => Scenario, string]>([
    ['all is well', (run) => run, 'all-pass |  | '],
    [
      'charon gone, what depends on it knows nothing, also at second hand',
      (run) =>
        run
          .fail('charon', 'charon-gone')
          .unknown('sa-count', 'cause-unknown')
          .unknown('logins', 'cause-unknown'),
      'charon-gone charon | sa-count cause-unknown < charon, logins cause-unknown < charon | ',
    ],
    [
      'a failure at second hand counts for nothing while the first is down',
      (run) =>
        run
          .fail('charon', 'vici-silent')
          .fail('charon', 'vici-silent')
          .fail('logins', 'half-open-high')
          .fail('logins', 'half-open-high'),
      'vici-silent charon | logins half-open-high < charon | ',
    ],
    [
      'the middle of the chain is the cause when its own cause is well',
      (run) =>
        run
          .fail('sa-count', 'sa-collapse')
          .fail('sa-count', 'sa-collapse')
          .unknown('logins', 'cause-unknown'),
      'sa-collapse sa-count | logins cause-unknown < sa-count | ',
    ],
    [
      'what fails for itself stands beside it',
      (run) =>
        run.fail('charon', 'charon-gone').fail('paths', 'check-crashed').fail('paths', 'check-crashed'),
      'charon-gone charon |  | paths check-crashed',
    ],
    [
      'the worst is the cause, whichever came first',
      (run) =>
        run
          .fail('sa-count', 'sa-collapse')
          .fail('sa-count', 'sa-collapse')
          .fail('paths', 'ike-refused')
          .fail('paths', 'ike-refused'),
      'ike-refused paths |  | sa-count sa-collapse',
    ],
    [
      'what is advisory brings nothing down, and is shown all the same',
      (run) => run.fail('host', 'sa-collapse').fail('host', 'sa-collapse'),
      'all-pass |  | host sa-collapse',
    ],
    [
      'one failure of a check that bears two is no trouble yet',
      (run) => run.fail('sa-count', 'sa-collapse'),
      'all-pass |  | ',
    ],
    [
      'both planes are one cause, and its witnesses stand under it',
      (run) =>
        run
          .fail('charon', 'vici-silent')
          .fail('charon', 'vici-silent')
          .fail('ike-v4', 'ike-silent')
          .fail('ike-v4', 'ike-silent'),
      'both-planes-silent | charon vici-silent, ike-v4 ike-silent | ',
    ],
    [
      'a check that has known nothing for too long',
      (run) => {
        for (let n = 0; n < 24; n += 1) run.pass('charon', 'ike-v4', 'sa-count', 'logins', 'host').wait(500);
        return run;
      },
      'check-stale paths |  | ',
    ],
  ])('%s', (_, play, expected) => {
    expect(told(prefixAt(play(announced())))).toBe(expected);
  });

  it('is that of the checks while an operator forces the prefix', () => {
    const run = announced().force('announce').fail('sa-count', 'sa-collapse').fail('sa-count', 'sa-collapse');
    run.unknown('logins', 'cause-unknown');
    expect(told(prefixAt(run))).toBe('forced-announce | logins cause-unknown < sa-count | ');
  });

  it('of one prefix is not that of another, which does not stand on that check', () => {
    const run = new Scenario()
      .guard({})
      .healthy(2000)
      .fail('ike-v6', 'ike-refused')
      .fail('ike-v6', 'ike-refused');
    const shown = statusAt(run, POLICY).prefixes.map((each) => [each.prefix, told(each)]);
    expect(shown).toEqual([
      [V4, 'all-pass |  | '],
      [V6, 'ike-refused ike-v6 |  | '],
    ]);
  });
});

describe('what would change it', () => {
  it.each<[string, (run: Scenario) => Scenario, string[]]>([
    ['nothing, when all is well', (run) => run, []],
    [
      'the cause alone, not what depends on it',
      (run) =>
        run.fail('charon', 'charon-gone').fail('logins', 'half-open-high').fail('logins', 'half-open-high'),
      ['charon passes 2 times in a row', 'the hold-down ends in 2 s'],
    ],
    [
      'each that fails for itself',
      (run) =>
        run.fail('charon', 'charon-gone').fail('paths', 'check-crashed').fail('paths', 'check-crashed'),
      ['charon passes 2 times in a row', 'paths passes once more', 'the hold-down ends in 2 s'],
    ],
    [
      'one more failure, and what it would do',
      (run) => run.fail('sa-count', 'sa-collapse').fail('ike-v4', 'ike-refused').fail('host', 'sa-collapse'),
      [
        'withdrawn if ike-v4 fails once more (ike-refused)',
        'degraded if sa-count fails once more (sa-collapse)',
      ],
    ],
    [
      'nothing that would only make it as bad as it is',
      (run) =>
        run
          .fail('sa-count', 'sa-collapse')
          .fail('sa-count', 'sa-collapse')
          .fail('paths', 'sa-collapse')
          .wait(2000)
          .pass('charon'),
      ['sa-count passes once more'],
    ],
    [
      'the age at which a check that knows nothing counts as impaired',
      (run) => run.wait(500).unknown('paths'),
      ['degraded in 9 s unless paths comes to an answer before (check-timed-out)'],
    ],
    [
      'a proof of life, when nothing that proves it has failed in words',
      (run) => run.wait(1500).unknown('charon').unknown('ike-v4').wait(2000),
      ['charon is proved alive by a pass of charon or ike-v4', 'the hold-down ends in 1 s'],
    ],
    ['nothing, when it stops', (run) => run.stop(), []],
    [
      'the guard, also when it had been announced before',
      (run) => run.fail('charon', 'charon-gone').guard(undefined).pass('charon').pass('charon').wait(2500),
      ['the guard answers on the lease socket'],
    ],
  ])('%s', (_, play, expected) => {
    expect(prefixAt(play(announced())).next).toEqual(expected);
  });

  it('a first result, before the first announcement', () => {
    const run = new Scenario(CHECKS).guard({}).pass('charon').pass('charon', 'ike-v4', 'sa-count', 'host');
    expect(prefixAt(run).next).toEqual(['logins gives its first result', 'paths gives its first result']);
  });

  it('an answer, once a check has gone stale', () => {
    const run = announced();
    for (let n = 0; n < 24; n += 1) run.pass('charon', 'ike-v4', 'sa-count', 'logins', 'host').wait(500);
    expect(prefixAt(run).next).toEqual(['paths comes to an answer again']);
  });
});

describe('swancast explain', () => {
  const run = announced().fail('charon', 'charon-gone').unknown('sa-count', 'cause-unknown');
  run.fail('logins', 'half-open-high').fail('logins', 'half-open-high');
  run.fail('paths', 'sa-collapse').fail('paths', 'sa-collapse');

  it('lists consequences under the cause, what stands beside it below, and what would change it last', () => {
    const [block] = explainText(statusAt(run)).split('\n\n').slice(1);
    expect(block).toBe(`\
${V4} is withdrawn since 0 s, route withdrawn
  why   ${HEALTH_REASONS['charon-gone'].sentence} (charon-gone, check charon)
  so    sa-count knows nothing, it depends on charon
        logins: too many IKE_SAs are half-open: clients start a login and do not finish it (half-open-high, depends on charon)
  also  paths: a large share of the IKE_SAs of the recent peak is gone (sa-collapse, impaired)
  do    ${HEALTH_REASONS['charon-gone'].wayOut}
  next  charon passes 2 times in a row
        paths passes once more
        the hold-down ends in 2 s`);
  });

  it('says the same as JSON', () => {
    expect(JSON.parse(JSON.stringify(explanation(statusAt(run))))).toMatchObject({
      prefixes: [
        {
          prefix: V4,
          reason: 'charon-gone',
          check: 'charon',
          consequences: [
            { check: 'sa-count', reason: 'cause-unknown', depends_on: 'charon' },
            { check: 'logins', reason: 'half-open-high', depends_on: 'charon' },
          ],
          also: [{ check: 'paths', reason: 'sa-collapse', class: 'impaired' }],
          next: ['charon passes 2 times in a row', 'paths passes once more', 'the hold-down ends in 2 s'],
        },
        { prefix: V6 },
      ],
    });
  });
});

it('gives a consequence the class that the operator gave the check', () => {
  const checks = new Map(CHECKS.checks).set('sa-count', { ...rule('charon'), class: 'advisory' as const });
  const policy = { ...CHECKS, checks };
  const run = announced(policy).fail('charon', 'charon-gone').fail('sa-count', 'sa-collapse');
  expect(prefixAt(run, policy).consequences).toMatchObject([{ check: 'sa-count', class: 'advisory' }]);
});
