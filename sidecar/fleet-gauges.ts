/** What is known of the other gateways, as metrics. */
import type { MemberStatus } from './fleet-status.ts';
import type { MakeGauge } from './gauge.ts';

export function fleetGauges(gauge: MakeGauge, members: () => readonly MemberStatus[]): void {
  gauge(
    'fleet_member_here',
    'Whether the other gateway was heard of within fleet.max_age_seconds; otherwise it counts as not there.',
    ['member'],
    (g) => {
      for (const { name, here } of members()) g.set({ member: name }, Number(here));
    },
  );
  gauge(
    'fleet_member_age_seconds',
    'Time since the other gateway was last heard of; absent before the first time.',
    ['member'],
    (g) => {
      for (const { name, age_seconds: age } of members()) {
        if (age !== null) g.set({ member: name }, age);
      }
    },
  );
  gauge(
    'fleet_member_announced',
    'Whether the other gateway is here and announces the prefix.',
    ['member', 'prefix'],
    (g) => {
      for (const { name, prefixes } of members()) {
        for (const { prefix, announced } of prefixes) g.set({ member: name, prefix }, Number(announced));
      }
    },
  );
  gauge(
    'fleet_member_better',
    'Whether the other gateway announces the prefix and is better off, so that this one may step down for it.',
    ['member', 'prefix'],
    (g) => {
      for (const { name, prefixes } of members()) {
        for (const { prefix, better } of prefixes) g.set({ member: name, prefix }, Number(better));
      }
    },
  );
}
