/** What is known of each prefix, as metrics. */
import { FORCE_VERBS } from './intent.ts';
import type { MakeGauge } from './gauge.ts';
import type { PrefixStatus } from './prefix-status.ts';

export function prefixGauges(gauge: MakeGauge, prefixes: () => readonly PrefixStatus[]): void {
  gauge('prefix_desired', 'Whether this gateway wants the prefix announced.', ['prefix'], (g) => {
    for (const { prefix, desired } of prefixes()) g.set({ prefix }, Number(desired));
  });
  gauge('prefix_acknowledged', 'Whether ExaBGP has acknowledged the announcement.', ['prefix'], (g) => {
    for (const { prefix, acknowledged } of prefixes()) g.set({ prefix }, Number(acknowledged));
  });
  gauge(
    'prefix_announced',
    'Whether routers hear of the prefix: ExaBGP acknowledged it, and a session with one of its neighbors is up.',
    ['prefix', 'side'],
    (g) => {
      for (const { prefix, side, acknowledged, has_session: isCarried } of prefixes())
        g.set({ prefix, side }, Number(acknowledged && isCarried));
    },
  );
  gauge(
    'prefix_state',
    'The phase of each prefix, with the reason for it: 1 for the one that holds.',
    ['prefix', 'state', 'reason'],
    (g) => {
      for (const { prefix, state, reason } of prefixes()) g.set({ prefix, state, reason }, 1);
    },
  );
  gauge(
    'prefix_forced',
    'Whether an operator forced the prefix (`swancast force`), whether or not that is in effect.',
    ['prefix', 'verb'],
    (g) => {
      for (const { prefix, forced } of prefixes()) {
        for (const verb of FORCE_VERBS) g.set({ prefix, verb }, Number(forced?.verb === verb));
      }
    },
  );
  gauge(
    'prefix_forced_remaining_seconds',
    'Time until the order of an operator on the prefix ends; absent without one.',
    ['prefix'],
    (g) => {
      for (const { prefix, forced } of prefixes()) {
        if (forced !== undefined) g.set({ prefix }, forced.remaining_seconds);
      }
    },
  );
  gauge(
    'prefix_yielding',
    'Whether the prefix is announced behind another gateway that has it (preempt: false).',
    ['prefix'],
    (g) => {
      for (const { prefix, yielding } of prefixes()) g.set({ prefix }, Number(yielding));
    },
  );
  gauge(
    'prefix_preference',
    'Which choice this gateway is for the prefix, 1 the first; absent without one.',
    ['prefix'],
    (g) => {
      for (const { prefix, preference } of prefixes()) {
        if (preference !== null) g.set({ prefix }, preference);
      }
    },
  );
  gauge(
    'prefix_flaps',
    'Steps down within decision.flap_window_seconds, for whatever cause.',
    ['prefix'],
    (g) => {
      for (const { prefix, step_downs: downs } of prefixes()) g.set({ prefix }, downs);
    },
  );
  gauge(
    'prefix_hold_down_remaining_seconds',
    'Time until the prefix may step up again; 0 without a hold-down.',
    ['prefix'],
    (g) => {
      for (const { prefix, hold_down_seconds: left } of prefixes()) g.set({ prefix }, left);
    },
  );
  gauge(
    'prefix_flap_hold_remaining_seconds',
    'Time for which the prefix is held degraded for its flaps; 0 without a flap hold.',
    ['prefix'],
    (g) => {
      for (const { prefix, flap_hold_seconds: left } of prefixes()) g.set({ prefix }, left);
    },
  );
}
