/** Rules between the keys of the endpoints of a check of type tunnel-path. Pure. */
import type { Endpoint } from '../../health/limits.ts';
import { familyOf } from './address.ts';
import type { CheckConfig } from './config.ts';
import type { Violation } from './violation.ts';

/** `path`: that of the check's limits. */
export function* endpointRules({ limits }: CheckConfig, path: string): Generator<Violation> {
  const { endpoints, minimum } = limits;
  if (!Array.isArray(endpoints)) return;
  const list = endpoints as readonly Endpoint[];
  const key = `${path}.endpoints`;
  if (list.length === 0) {
    const expected = 'at least one endpoint';
    const message = `holds no endpoint; add one, such as - { type: tcp, target: 10.10.0.10, port: 443 }`;
    yield { key, expected, message };
    return;
  }
  if (typeof minimum === 'number' && minimum > list.length) {
    const expected = `at most ${list.length}`;
    const message = `${minimum} is more than there are endpoints (${list.length}), so it could never pass; write at most that`;
    yield { key: `${path}.minimum`, value: minimum, expected, message, involves: [key] };
  }
  for (const [index, endpoint] of list.entries()) yield* oneEndpoint(endpoint, `${key}[${index}]`);
}

function* oneEndpoint({ type, target, port, name, source }: Endpoint, path: string): Generator<Violation> {
  if (type === 'tcp' && port === undefined) {
    const message = 'is missing; an endpoint of type tcp needs one, e.g. 443';
    yield { key: `${path}.port`, expected: 'a port', message, involves: [`${path}.type`] };
  }
  if (type === 'dns' && name === '') {
    const message = 'is missing; an endpoint of type dns needs the name to ask for, e.g. intranet.example';
    yield { key: `${path}.name`, expected: 'a name', message, involves: [`${path}.type`] };
  }
  if (source !== '' && familyOf(source) !== familyOf(target)) {
    const message = `"${source}" is not of the family of target ${target}; write an IPv${familyOf(target)} address`;
    const expected = `an IPv${familyOf(target)} address`;
    yield { key: `${path}.source`, value: source, expected, message, involves: [`${path}.target`] };
  }
}
