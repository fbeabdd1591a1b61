/**
 * How many may go now, so that no second ever sees more than the rate where they arrive. Pure.
 *
 * Not a plain token bucket: its burst comes on top of the rate. Here two windows bound it: in any 1.25 s at most
 * `rate`, in any 100 ms at most a quarter of that, so that few clients wait for nothing and many do not come as
 * one blow. A quarter of a second more than the second that is promised: clients take different times for their way,
 * and who was sent late and is near arrives with those who were sent early and are far.
 */
export interface Sent {
  readonly at: number;
  readonly count: number;
}

const WINDOW_MS = 1250;
const SHORT_MS = 100;
const SHORT_SHARE = 4;

export interface Allowance {
  readonly count: number;
  /** When more may go; undefined: as many as one likes may go now. */
  readonly nextAt: number | undefined;
}

export function allowance(sent: readonly Sent[], rate: number, now: number): Allowance {
  const whole = Math.max(1, Math.floor(rate));
  const burst = Math.max(1, Math.floor(whole / SHORT_SHARE));
  const inWindow = within(sent, now - WINDOW_MS);
  const inShort = within(sent, now - SHORT_MS);
  const count = Math.max(0, Math.min(whole - total(inWindow), burst - total(inShort)));
  const oldest = total(inWindow) + count >= whole ? inWindow[0] : undefined;
  const until = oldest === undefined ? now + SHORT_MS : oldest.at + WINDOW_MS;
  return { count, nextAt: Math.max(until, now + 1) };
}

/** With `count` more, and without what no window sees any more. */
export const record = (sent: readonly Sent[], count: number, now: number): readonly Sent[] =>
  count === 0 ? sent : [...within(sent, now - WINDOW_MS), { at: now, count }];

export const total = (sent: readonly Sent[]): number => sent.reduce((sum, { count }) => sum + count, 0);

/** What was sent after `since`, which itself is outside: a window of 1 s may hold one edge only. */
export const within = (sent: readonly Sent[], since: number): readonly Sent[] =>
  sent.filter(({ at }) => at > since);
