/** A desk for the checks of the scenarios; what it was asked to look at is kept. */
import { CheckDesk } from '../../sidecar/check-desk.ts';
import type { CheckConfig } from '../../sidecar/config/config.ts';
import type { Status } from '../../sidecar/status.ts';

export const CONFIGURED: readonly CheckConfig[] = [
  { name: 'charon', type: 'charon', timeoutMs: 450 },
  { name: 'ike-v4', type: 'ike-probe', timeoutMs: 500, class: 'advisory' as const },
  { name: 'ike-v6', type: 'ike-probe', timeoutMs: 500 },
  { name: 'sa-count', type: 'sa-count', timeoutMs: 1000, dependsOn: ['charon'] },
].map((check) => ({
  intervalMs: 1000,
  fastMs: 200,
  rise: 1,
  fall: 1,
  maxAgeMs: 10_000,
  dependsOn: [],
  limits: {},
  ...check,
}));

export function deskFor(status: () => Status, looked: (string | undefined)[] = []): CheckDesk {
  return new CheckDesk({
    configured: () => CONFIGURED,
    status,
    look: async (name) => {
      looked.push(name);
      return Promise.resolve();
    },
  });
}
