/** What the environment may say instead of the file, and how it is refused. */
import { describe, expect, it } from 'vitest';
import { MINIMAL, parse, problemsOf } from './fixture.ts';

describe('the environment', () => {
  it('overrides scalars outside of the lists', () => {
    const config = parse(MINIMAL, {
      SWANCAST_LOG_LEVEL: 'debug',
      SWANCAST_BGP_SUPERVISE: 'false',
      SWANCAST_BGP_LOCAL_AS: '65009',
      SWANCAST_LEASE_TTL_SECONDS: '0.5',
      SWANCAST_HTTP_LISTEN: 'off',
      SWANCAST_GATEWAY_NAME: 'gw7',
      SWANCAST_PROFILE: 'fast',
    });
    expect(config.profile).toBe('fast');
    expect(config.checks[0]?.intervalMs).toBe(100);
    expect(config.log.level).toBe('debug');
    expect(config.bgp).toMatchObject({ supervise: false, localAs: 65009 });
    expect(config.lease.ttlMs).toBe(500);
    expect(config.http.listen).toBeUndefined();
    expect(config.gateway.name).toBe('gw7');
  });

  it('can give what the file leaves out', () => {
    expect(
      parse(MINIMAL.replace('  local_as: 65001\n', ''), { SWANCAST_BGP_LOCAL_AS: '7' }).bgp.localAs,
    ).toBe(7);
  });

  it.each([
    ['SWANCAST_LEASE_TTL_SECONDS', '9s', '"9s" is not a number of seconds from 0.2 to 10; write 9'],
    ['SWANCAST_LEASE_TTL_SECONDS', '1m', '"1m" is not a number of seconds from 0.2 to 10'],
    ['SWANCAST_LEASE_TTL_SECONDS', '', '"" is not a number of seconds from 0.2 to 10'],
    ['SWANCAST_LEASE_TTL_SECONDS', '0x1', '"0x1" is not a number of seconds from 0.2 to 10'],
    ['SWANCAST_LEASE_TTL_SECONDS', '30', '30 is not a number of seconds from 0.2 to 10'],
    ['SWANCAST_BGP_SUPERVISE', 'maybe', '"maybe" is not true or false'],
    ['SWANCAST_BGP_SUPERVISE', 'TRUE', '"TRUE" is not true or false'],
    ['SWANCAST_BGP_LOCAL_AS', '65001.5', '65001.5 is not an AS number from 1 to 4294967294'],
    ['SWANCAST_CONTROL_SOCKET', 'x.sock', '"x.sock" is not an absolute path of at most 107 bytes'],
  ])('is read as strictly as the file: %s=%s', (name, value, message) => {
    expect(problemsOf(MINIMAL, { [name]: value })).toEqual([`environment: ${name}: ${message}`]);
  });

  it('is named when a rule between keys is broken by it', () => {
    expect(problemsOf(MINIMAL, { SWANCAST_LEASE_TTL_SECONDS: '4' })[0]).toMatch(
      /^environment: SWANCAST_LEASE_TTL_SECONDS: 4 is not less than lease\.max_age_seconds 3/u,
    );
  });

  it.each([
    ['SWANCAST_LOG_LEVL', 'did you mean SWANCAST_LOG_LEVEL?'],
    ['SWANCAST_LEASE_TTL', 'did you mean SWANCAST_LEASE_TTL_SECONDS?'],
    ['SWANCAST_PROFIL', 'did you mean SWANCAST_PROFILE?'],
    ['SWANCAST_CHECKS', 'only keys outside of lists can be; unset it'],
    ['SWANCAST_BGP_NEIGHBORS', 'only keys outside of lists can be; unset it'],
    ['SWANCAST_PREFIXES[0]_PREFIX', 'only keys outside of lists can be; unset it'],
    ['SWANCAST_', 'only keys outside of lists can be; unset it'],
  ])('with a variable of ours that would mean nothing is refused: %s', (name, wayOut) => {
    expect(problemsOf(MINIMAL, { [name]: 'x' })).toEqual([
      `environment: ${name}: is no key that the environment can override; ${wayOut}`,
    ]);
  });

  it('of a Kubernetes Service that has our name means nothing', () => {
    const env = {
      SWANCAST_SERVICE_HOST: '10.0.0.1',
      SWANCAST_SERVICE_PORT: '9179',
      SWANCAST_SERVICE_PORT_METRICS: '9179',
      SWANCAST_PORT: 'tcp://10.0.0.1:9179',
      SWANCAST_GW1_PORT_9179_TCP: 'tcp://10.0.0.1:9179',
      SWANCAST_GW1_PORT_9179_TCP_ADDR: '10.0.0.1',
    };
    expect(parse(MINIMAL, env)).toEqual(parse(MINIMAL));
    expect(problemsOf(MINIMAL, { SWANCAST_HTTP_PORT: '9179' })).toHaveLength(1);
  });

  it('of others means nothing', () => {
    const env = { PATH: '/', swancast_log_level: 'x', SWANCASTLE: 'x', LOG_LEVEL: 'x' };
    expect(parse(MINIMAL, env)).toEqual(parse(MINIMAL));
  });
});
