/** Where the crowd of crowd.ts lives: the addresses of its gateway and of the other, and what is configured. */
import { SESSIONS_DEFAULTS, type SessionsPolicy, type Target } from '../../../sidecar/sessions/policy.ts';

export const ANYCAST = '192.0.2.1';
export const PREFIX = '192.0.2.1/32';
export const OWN: Target = { name: 'gw1', address: '10.1.1.2', address6: 'fd00:1:1::2' };
export const GW2: Target = { name: 'gw2', address: '10.1.2.2', address6: 'fd00:1:2::2' };

export const policyOf = (change: Partial<SessionsPolicy> = {}): SessionsPolicy => ({
  ...SESSIONS_DEFAULTS,
  sweep: { ...SESSIONS_DEFAULTS.sweep, enabled: true },
  own: OWN,
  anycast: [PREFIX],
  ...change,
});
