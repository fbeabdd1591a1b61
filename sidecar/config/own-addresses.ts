/** The unicast addresses of this gateway, where clients are pinned to. Pure. */
import type { Config } from './config.ts';

/** As the section sessions says, else our own entry in the fleet. */
export function ownAddresses({ sessions, fleet, gateway }: Pick<Config, 'sessions' | 'fleet' | 'gateway'>): {
  readonly address?: string;
  readonly address6?: string;
} {
  const member = fleet?.gateways.find(({ name }) => name === gateway.name);
  const address = sessions.ownAddress ?? member?.address;
  const address6 = sessions.ownAddress6 ?? member?.address6;
  return {
    ...(address === undefined ? {} : { address }),
    ...(address6 === undefined ? {} : { address6 }),
  };
}
