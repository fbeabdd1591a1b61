import type { Endpoint } from '../../../health/limits.ts';

/** An endpoint of TCP on this host, with the defaults of the configuration and no port, but for what is said otherwise. */
export const endpoint = (more: Partial<Endpoint>): Endpoint => ({
  type: 'tcp',
  target: '127.0.0.1',
  port: undefined,
  name: '',
  path: '/',
  status: 200,
  record: 'A',
  expect: '',
  verify: true,
  source: '',
  ...more,
});
