/** A link that goes silent without losing its carrier: what no interface counter and no netlink event tells. */
import type { GatewayPlan } from '../topology.ts';
import { runCommand } from '../run-command.ts';
import type { Stage } from './trial.ts';

const TABLE = 'inet silent_link';

/** Nothing comes in or goes out by that device of the gateway any more. @returns when, on the timeline, and how to end it */
export async function silence(
  { lab, signal, defer }: Stage,
  { name, namespace }: GatewayPlan,
  device = 'eth0',
): Promise<{ readonly at: number; readonly end: () => Promise<void> }> {
  const rules = `table ${TABLE} {
  chain in { type filter hook prerouting priority raw; iifname ${device} drop; }
  chain out { type filter hook postrouting priority 300; oifname ${device} drop; }
}
`;
  const nft = (argv: readonly string[], input = ''): Promise<string> =>
    runCommand(['ip', 'netns', 'exec', namespace, 'nft', ...argv], signal, { input });
  let silent = true;
  const end = async (): Promise<void> => {
    if (!silent) return;
    silent = false;
    await nft(['delete', 'table', ...TABLE.split(' ')]);
    lab.timeline.act(`${name}'s ${device} carries packets again`);
  };
  await nft(['-f', '-'], rules);
  defer(end);
  // Once it holds: starting nft takes longer than a few lost hellos.
  return { at: lab.timeline.act(`${name}'s ${device} is silent, with its carrier up`), end };
}
