/**
 * The guard withdraws once in a blue moon, and then every millisecond counts. A first run costs several times
 * what a later one does (code not compiled, caches cold), so the guard rehearses before its lease socket opens:
 * lines in, steps on a scratch state, commands out to a pipe that leads nowhere.
 */
import { step } from './guard-core.ts';
import { coldGuard, type GuardEvent, type GuardLimits } from './guard-state.ts';
import { leaseLine, parseGuardMessage, parseLeaseMessage, type LeaseMessage } from './lease.ts';
import { LineReader } from './line-reader.ts';
import { parseReply } from './reply.ts';

/** The guard runs without optimizing compilers (GUARD_NODE_FLAGS): a few rounds fill all caches, more cost memory. */
const ROUNDS = 3;
const ROUTES = [
  { prefix: '192.0.2.1/32', nextHop: 'self', med: 100, communities: ['65000:1'] },
  {
    prefix: '2001:db8::1/128',
    nextHop: 'self',
    pathId: 1,
    neighbors: ['192.0.2.9'],
    prepend: 2,
    largeCommunities: ['65000:1:2'],
    extendedCommunities: ['target:65000:1'],
  },
] as const;

/** `write` gets the commands that ExaBGP would have got. Touches nothing else. */
export function rehearseGuard(limits: GuardLimits, write: (lines: readonly string[]) => void): void {
  for (let round = 0; round < ROUNDS; round += 1) rehearseOnce(limits, write);
}

function rehearseOnce(limits: GuardLimits, write: (lines: readonly string[]) => void): void {
  const fromSidecar = new LineReader(64 * 1024);
  const fromExabgp = new LineReader(64 * 1024);
  let now = 1000;
  let state = coldGuard(now);
  const hear = (event: GuardEvent): void => {
    const next = step(state, event, now, limits);
    state = next.state;
    for (const effect of next.effects) {
      if (effect.type === 'write') write(effect.lines);
      // A hello without its pids.
      if (effect.type === 'send' && effect.message.type !== 'hello') {
        parseGuardMessage(leaseLine(effect.message).trimEnd());
      }
    }
  };
  const says = (...lines: string[]): void =>
    hear({
      type: 'replies',
      replies: fromExabgp.push(Buffer.from(lines.map((line) => `${line}\n`).join(''))).map(parseReply),
    });
  const tell = (message: LeaseMessage): void => {
    for (const line of fromSidecar.push(Buffer.from(leaseLine(message)))) {
      hear({ type: 'message', client: 1, message: parseLeaseMessage(line ?? '') });
    }
  };
  hear({ type: 'tick' });
  now += limits.quietMs;
  hear({ type: 'tick' });
  says('exabgp 4.2.21', 'done');
  says('done');
  says('exabgp 4.2.21', 'done', '{"type":"state","neighbor":{"address":{"peer":"192.0.2.9"},"state":"up"}}');
  says('Neighbor 192.0.2.9', '   state  ESTABLISHED', '   graceful-restart:  disabled  enabled', 'done');
  hear({ type: 'connected', client: 1 });
  tell({ type: 'set', generation: 1, evidence: now, announcements: ROUTES });
  says('done', 'done', 'done');
  now += limits.ttlMs / 4;
  tell({ type: 'renew', generation: 1, evidence: now });
  tell({ type: 'set', generation: 2, evidence: now, announcements: ROUTES.slice(0, 1) });
  says('done');
  tell({ type: 'set', generation: 3, evidence: now, announcements: [] });
  says('done');
  tell({ type: 'set', generation: 4, evidence: now, announcements: ROUTES });
  says('done', 'done');
  // The other ways to a withdrawal: a hand-over that charon's end cuts short, and a lease that lapses.
  tell({ type: 'handover', ms: limits.handoverMs, viciSocket: '/rehearsal' });
  hear({ type: 'vici-closed' });
  says('done');
  tell({ type: 'set', generation: 5, evidence: now, announcements: ROUTES });
  says('done', 'done');
  now += limits.ttlMs;
  hear({ type: 'tick' });
  says('done');
}
