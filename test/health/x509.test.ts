import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readX509 } from '../../health/x509.ts';

describe('the subject as an identity', () => {
  const subject = '/C=CH/O=Example, Inc./OU=Müller/serialNumber=4711/CN=gw1';
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];
  const der = execFileSync(
    'openssl',
    ['req', '-x509', '-utf8', ...key, '-outform', 'der', '-days', '30', '-subj', subject],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const own = readX509(der, true, false);

  it.each([
    // As charon 5.9.8 prints it.
    ['C=CH, O=Example, Inc., OU=M??ller, serialNumber=4711, CN=gw1', true],
    ['C=CH, O=Example, Inc., OU=M??ller, SN=4711, CN=gw1', true],
    ['C=CH, O=Example, Inc., OU=M??ller, serialNumber=4711, CN=gw2', false],
    ['C=CH, O=Example, Inc., CN=gw1', false],
    ['gw1', false],
  ])('%s: %s', (identity, covered) => {
    expect(own?.covers(identity)).toBe(covered);
  });
});
