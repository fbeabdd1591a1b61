/** The gateway's state for people: the best of its prefixes. */
export const GATEWAY_STATES = [
  'starting',
  'announced',
  'degraded',
  'draining',
  'withdrawn',
  'drained',
  'stopping',
] as const;
export type GatewayState = (typeof GATEWAY_STATES)[number];
