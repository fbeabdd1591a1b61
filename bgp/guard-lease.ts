/**
 * What a lease message does to the guard. Two rules stand above the others: removing a prefix needs no
 * evidence and is obeyed at once, and adding or keeping one needs evidence younger than the maximum age, and
 * than the last lapse: a sidecar that stood still and goes on would announce what it knew before.
 */
import { routeKey } from './announcement.ts';
import type { LeaseMessage, RefusalCode } from './lease.ts';
import type { Turn } from './guard-state.ts';

/** Both ends read the same clock: more than rounding means that the sender is not on this host. */
const CLOCK_ROUNDING_MS = 1;

/** `message` is a text when the line could not be read: it says why. */
export function onLeaseMessage(turn: Turn, client: number, message: LeaseMessage | string): void {
  if (typeof message === 'string') return refuse(turn, client, 'bad-message', message);
  const { holder, lease } = turn.state;
  // A holder that let its lease lapse is hung or gone: it does not stand in the way of another.
  if (holder !== undefined && holder !== client && lease.kind !== 'lapsed') {
    return refuse(
      turn,
      client,
      'held-by-another',
      'another sidecar is connected and holds the lease: stop it first',
    );
  }
  switch (message.type) {
    case 'set':
      return onSet(turn, client, message);
    case 'renew':
      return onRenew(turn, client, message);
    case 'release':
      endHandover(turn);
      turn.state = {
        ...turn.state,
        desired: [],
        holder: undefined,
        lease: { kind: 'none', generation: lease.generation, until: undefined },
      };
      return;
    case 'handover': {
      if (lease.kind !== 'held') return refuse(turn, client, 'lapsed', 'there is no live lease to hand over');
      const until = turn.now + Math.min(message.ms, turn.limits.handoverMs);
      turn.state = { ...turn.state, holder: undefined, lease: { ...lease, kind: 'handover', until } };
      turn.effects.push({ type: 'watch-vici', path: message.viciSocket });
      return;
    }
    default:
      message satisfies never;
  }
}

function onSet(turn: Turn, client: number, message: Extract<LeaseMessage, { type: 'set' }>): void {
  const { generation, announcements } = message;
  if (announcements.length > 0) {
    const bad = evidenceProblem(turn, message.evidence);
    if (bad !== undefined) {
      // What the sender no longer wants goes, however old its evidence is.
      const wanted = new Set(announcements.map(routeKey));
      const desired = turn.state.desired.filter((announcement) => wanted.has(routeKey(announcement)));
      turn.state = { ...turn.state, desired };
      return refuse(turn, client, ...bad);
    }
  }
  endHandover(turn);
  turn.state = {
    ...turn.state,
    desired: announcements,
    holder: client,
    lease:
      announcements.length === 0
        ? { kind: 'none', generation, until: undefined }
        : { kind: 'held', generation, until: turn.now + turn.limits.ttlMs },
  };
  turn.effects.push({ type: 'send', client, message: { type: 'renewed', generation, at: message.evidence } });
}

function onRenew(turn: Turn, client: number, message: Extract<LeaseMessage, { type: 'renew' }>): void {
  const { lease, desired } = turn.state;
  if (lease.generation !== message.generation) {
    const text = `generation ${lease.generation} is held, not ${message.generation}: send the set`;
    return refuse(turn, client, 'generation-unknown', text);
  }
  if (lease.kind === 'lapsed') {
    return refuse(turn, client, 'lapsed', 'the lease ran out and everything was withdrawn: send the set');
  }
  if (desired.length > 0) {
    const bad = evidenceProblem(turn, message.evidence);
    if (bad !== undefined) return refuse(turn, client, ...bad);
    endHandover(turn);
    turn.state = { ...turn.state, lease: { ...lease, kind: 'held', until: turn.now + turn.limits.ttlMs } };
  }
  turn.state = { ...turn.state, holder: client };
  const { generation, evidence } = message;
  turn.effects.push({ type: 'send', client, message: { type: 'renewed', generation, at: evidence } });
}

function evidenceProblem(
  { now, limits, state: { lapsedAt } }: Turn,
  evidence: number,
): readonly [RefusalCode, string] | undefined {
  const age = Math.round(now - evidence);
  if (now - evidence > limits.maxAgeMs) {
    return ['evidence-too-old', `the evidence is ${age} ms old, at most ${limits.maxAgeMs} ms are accepted`];
  }
  if (lapsedAt !== undefined && evidence < lapsedAt) {
    const text = `the evidence is ${age} ms old, and the lease lapsed since: a proof from after that is needed`;
    return ['evidence-too-old', text];
  }
  if (evidence - now > CLOCK_ROUNDING_MS) {
    return [
      'bad-message',
      `the evidence lies ${-age} ms in the future: is the sender on this host's monotonic clock?`,
    ];
  }
  return undefined;
}

function endHandover(turn: Turn): void {
  if (turn.state.lease.kind === 'handover') turn.effects.push({ type: 'unwatch-vici' });
}

function refuse(turn: Turn, client: number, code: RefusalCode, text: string): void {
  turn.effects.push({ type: 'send', client, message: { type: 'refused', code, text } });
}
