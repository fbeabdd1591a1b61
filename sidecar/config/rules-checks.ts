/** Rules between the keys of checks, and from there to the lease. Pure. */
import { PROVING_TYPE } from './check-types.ts';
import type { CheckConfig, Config } from './config.ts';
import { cycleIn } from './cycle.ts';
import { fieldName } from './key-spec.ts';
import { endpointRules } from './rules-endpoints.ts';
import { atMost, duplicates, namesOf, seconds, unknownNames, type Violation } from './violation.ts';

export function* checkRules({ checks, lease }: Config): Generator<Violation> {
  yield* duplicates(checks, 'checks', 'name', ({ name }) => name);
  if (!checks.some(({ type }) => type === PROVING_TYPE)) {
    const message = `holds no check of type ${PROVING_TYPE}, so nothing would prove charon alive; add - { name: ${PROVING_TYPE}, type: ${PROVING_TYPE} }`;
    yield { key: 'checks', expected: `a check of type ${PROVING_TYPE}`, message };
  }
  for (const [index, check] of checks.entries()) {
    const path = `checks[${index}]`;
    const interval = `${path}.interval_seconds`;
    yield* unknownNames(check.dependsOn, `${path}.depends_on`, checks);
    yield* atMost(`${path}.fast_interval_seconds`, check.fastMs, 'interval_seconds', check.intervalMs, [
      interval,
    ]);
    yield* atMost(`${path}.timeout_seconds`, check.timeoutMs, 'interval_seconds', check.intervalMs, [
      interval,
    ]);
    if (check.maxAgeMs < check.intervalMs) {
      const key = `${path}.max_age_seconds`;
      const message = `${seconds(check.maxAgeMs)} is less than interval_seconds ${seconds(check.intervalMs)}; write at least that`;
      const expected = 'at least interval_seconds';
      yield { key, value: check.maxAgeMs / 1000, expected, message, involves: [interval] };
    }
    yield* limitRules(check, `${path}.limits`);
    yield* endpointRules(check, `${path}.limits`);
    if (check.type === PROVING_TYPE && check.intervalMs + check.timeoutMs >= lease.maxAgeMs) {
      yield {
        key: interval,
        value: check.intervalMs / 1000,
        expected: 'interval plus timeout below lease.max_age_seconds',
        message: `${seconds(check.intervalMs)} and timeout_seconds ${seconds(check.timeoutMs)} together are not below lease.max_age_seconds ${seconds(lease.maxAgeMs)}, so the lease would lapse between two good looks; shorten them or raise lease.max_age_seconds`,
        involves: [`${path}.timeout_seconds`, 'lease.max_age_seconds'],
      };
    }
  }
  const cycle = cycleIn(new Map(checks.map(({ name, dependsOn }) => [name, dependsOn])));
  if (cycle !== undefined) {
    const index = checks.findIndex(({ name }) => name === cycle[0]);
    yield {
      key: `checks[${index}].depends_on`,
      value: checks[index]?.dependsOn,
      expected: 'no cycle',
      message: `goes round in a circle: ${cycle.join(' → ')}; remove one of these`,
      involves: namesOf(checks),
    };
  }
}

/** x_maximum of 0 means no maximum; connections stand in their list once. */
function* limitRules({ limits }: CheckConfig, path: string): Generator<Violation> {
  for (const what of ['ike_sas', 'child_sas']) {
    const [minimum, maximum] = [limits[fieldName(`${what}_minimum`)], limits[fieldName(`${what}_maximum`)]];
    if (typeof minimum !== 'number' || typeof maximum !== 'number') continue;
    if (maximum === 0 || minimum <= maximum) continue;
    const message = `${minimum} is more than ${what}_maximum ${maximum}; write at most that`;
    const involves = [`${path}.${what}_maximum`];
    yield {
      key: `${path}.${what}_minimum`,
      value: minimum,
      expected: `at most ${what}_maximum`,
      message,
      involves,
    };
  }
  const connections = limits[fieldName('connection_minimums')];
  if (Array.isArray(connections)) {
    const list = connections as readonly { readonly name: string }[];
    yield* duplicates(list, `${path}.connection_minimums`, 'name', ({ name }) => name);
  }
}
