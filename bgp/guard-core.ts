/**
 * The guard without its sockets: one pure step per event. What it promises:
 *
 *   - nothing is announced but under a lease: it lapses, everything is withdrawn, nobody has to say so
 *   - ExaBGP is cleared before the first lease, as the guard before this one may have left routes behind
 *   - an ExaBGP that does not answer is killed: its closed TCP sessions are the withdrawal
 *
 *   draining → syncing → clearing → confirming → open (the lease socket is there) → killing
 *
 * `draining` lets stale answers to a dead guard's commands go by; `syncing` and `confirming` ask for the
 * version, whose text line cannot be mistaken for a stale `done`.
 */
import { reconcile } from './reconcile.ts';
import { drainedAt, latePending, wakeAt } from './guard-deadlines.ts';
import { onLeaseMessage } from './guard-lease.ts';
import { onReply, rest } from './guard-replies.ts';
import {
  enter,
  kill,
  lapse,
  leaseReport,
  log,
  write,
  type GuardEffect,
  type GuardEvent,
  type GuardLimits,
  type GuardState,
  type Hello,
  type Turn,
} from './guard-state.ts';

/** `wakeAt`: when a `tick` is due at the latest; undefined once ExaBGP is being killed. */
export function step(
  state: GuardState,
  event: GuardEvent,
  now: number,
  limits: GuardLimits,
): {
  readonly state: GuardState;
  readonly effects: readonly GuardEffect[];
  readonly wakeAt: number | undefined;
} {
  if (state.phase === 'killing') return { state, effects: [], wakeAt: undefined };
  const turn: Turn = { state, effects: [], now, limits };
  switch (event.type) {
    case 'tick':
      break;
    case 'replies':
      for (const reply of event.replies) onReply(turn, reply);
      break;
    case 'connected':
      onConnected(turn, event.client);
      break;
    case 'disconnected': {
      const { clients, holder } = turn.state;
      turn.state = {
        ...turn.state,
        clients: clients.filter((client) => client !== event.client),
        // The lease runs on: a successor may take it over until it lapses.
        holder: holder === event.client ? undefined : holder,
      };
      break;
    }
    case 'message':
      onLeaseMessage(turn, event.client, event.message);
      break;
    case 'vici-closed':
      if (turn.state.lease.kind === 'handover') lapse(turn, "charon's socket closed during the hand-over");
      break;
    default:
      event satisfies never;
  }
  onTime(turn, event.type === 'tick');
  if (turn.state.phase === 'open') command(turn);
  report(turn, state);
  // What reaches the wire goes before what is said about it.
  const first = turn.effects.filter(({ type }) => type === 'write' || type === 'kill-exabgp');
  const then = turn.effects.filter(({ type }) => type !== 'write' && type !== 'kill-exabgp');
  return { state: turn.state, effects: [...first, ...then], wakeAt: wakeAt(turn.state, limits) };
}

function onConnected(turn: Turn, client: number): void {
  const { clients } = turn.state;
  if (clients.length >= turn.limits.clientsMaximum) {
    turn.effects.push({ type: 'close-client', client });
    return;
  }
  const said = leaseReport(turn.state);
  const hello: Hello = { type: 'hello', exabgpVersion: turn.state.version, ...said };
  // It may know more than the others, for whom a report waits until more answers came: that one is for all then.
  const reported = JSON.stringify(said) === turn.state.reported ? turn.state.reported : '';
  turn.state = { ...turn.state, clients: [...clients, client], reported };
  turn.effects.push({ type: 'send', client, message: hello });
}

/** Everything that happens because time passed. The lease lapses on ticks only: see `guard.ts` on own lag. */
function onTime(turn: Turn, tick: boolean): void {
  const { now, limits } = turn;
  const { phase, lease } = turn.state;
  if (phase === 'draining' && now >= drainedAt(turn.state, limits)) {
    enter(turn, 'syncing', { kind: 'probe', at: now });
  }
  if (!tick) return;
  if (lease.until !== undefined && now >= lease.until) {
    lapse(turn, lease.kind === 'handover' ? 'no successor came in time' : 'it was not renewed in time');
  }
  const late = latePending(turn.state, now, limits);
  if (late?.kind === 'probe' && turn.state.versionSeen && phase !== 'open') {
    log(turn, 'error', 'ExaBGP talks but acknowledges nothing: set exabgp.api.ack=true in its environment');
    rest(turn);
  } else if (late !== undefined) {
    const what = late.kind === 'probe' ? '`version`' : `the ${late.kind} command`;
    kill(turn, `no answer to ${what} for ${Math.round(now - late.at)} ms`);
  }
}

/** Sends what reconcile asks for; in an idle turn, a question about a neighbor, or a probe when it is time. */
function command(turn: Turn): void {
  const { now, limits } = turn;
  const { ledger, commands } = reconcile(turn.state.ledger, turn.state.desired, now, limits);
  turn.state = { ...turn.state, ledger };
  write(turn, commands);
  if (ledger.pending.length > 0) return;
  const [neighbor, ...unlisted] = turn.state.unlisted;
  if (neighbor !== undefined) {
    turn.state = { ...turn.state, unlisted };
    enter(turn, 'open', { kind: 'show', at: now, neighbor });
  } else if (now >= turn.state.replyAt + limits.probeEveryMs) {
    enter(turn, 'open', { kind: 'probe', at: now });
  }
}

function report(turn: Turn, before: GuardState): void {
  const { clients, lease, desired, ledger, neighbors } = turn.state;
  // A renewal moves the end of the lease, which is no news to anybody.
  const unchanged =
    before.lease.kind === lease.kind &&
    before.lease.generation === lease.generation &&
    before.desired === desired &&
    before.ledger.routes === ledger.routes &&
    before.neighbors === neighbors;
  // With more answers to come soon, one report is enough: a hundred announcements would be as many long ones.
  const isMoreToCome = ledger.pending.some(({ kind }) => kind === 'announce');
  const isSlight = before.lease === lease && before.neighbors === neighbors && before.desired === desired;
  if (unchanged || (isSlight && isMoreToCome)) return;
  const said = leaseReport(turn.state);
  const reported = JSON.stringify(said);
  if (reported === turn.state.reported) return;
  turn.state = { ...turn.state, reported };
  for (const client of clients) {
    turn.effects.push({ type: 'send', client, message: { type: 'report', ...said } });
  }
}
