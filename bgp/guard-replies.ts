/** What ExaBGP's lines do to the guard: answers move the phases and the ledger, events the neighbors. */
import { routeKey } from './announcement.ts';
import { parseListingLine } from './neighbor-listing.ts';
import { answer, isRefusedInVain, tellAgain, type Pending } from './reconcile.ts';
import type { Reply } from './reply.ts';
import { enter, kill, log, type Neighbor, type Turn } from './guard-state.ts';

/** ExaBGP only names neighbors of its configuration; the cap is for a stream that somebody tampers with. */
const NEIGHBORS_MAXIMUM = 256;

export function onReply(turn: Turn, reply: Reply): void {
  // Killing is final: what was read behind the answer that led to it moves nothing any more.
  if (turn.state.phase === 'killing') return;
  turn.state = { ...turn.state, replyAt: turn.now };
  switch (reply.kind) {
    case 'done':
    case 'error':
      onAnswer(turn, reply.kind);
      return;
    case 'version':
      turn.state = {
        ...turn.state,
        version: reply.version,
        versionSeen: turn.state.versionSeen || turn.state.ledger.pending[0]?.kind === 'probe',
      };
      return;
    case 'neighbor': {
      const { address, state } = reply;
      const before = turn.state.neighbors.get(address);
      // A try to connect is no answer to why the last one failed.
      const reason = state === 'connected' ? before?.reason : reply.reason;
      if (!setNeighbor(turn, address, { state, reason, gracefulRestart: false })) return;
      if (before === undefined) turn.state = { ...turn.state, ledger: tellAgain(turn.state.ledger) };
      const unlisted = turn.state.unlisted.filter((each) => each !== address);
      turn.state = { ...turn.state, unlisted: state === 'up' ? [...unlisted, address] : unlisted };
      const isNews = before === undefined || before.state === 'up' || before.reason !== reason;
      if (state === 'up') log(turn, 'info', `neighbor ${address} is up`);
      // 4.2 says `connected` before it knows whether anybody answered.
      else if (state === 'connected') log(turn, 'debug', `neighbor ${address}: trying to connect`);
      else
        log(turn, isNews ? 'warn' : 'debug', `neighbor ${address} is down: ${reason ?? 'no reason given'}`);
      return;
    }
    case 'negotiated': {
      const hold = reply.holdSeconds === undefined ? '?' : String(reply.holdSeconds);
      const text = `neighbor ${reply.address} negotiated: hold time ${hold} s, ${reply.families.join(', ')}`;
      log(turn, 'info', text);
      return;
    }
    case 'notification': {
      const codes = `${reply.code ?? '?'}/${reply.subcode ?? '?'}`;
      const text = `neighbor ${reply.address} sent NOTIFICATION ${codes} (RFC 4271 section 6)`;
      log(turn, 'warn', text);
      return;
    }
    case 'shutdown':
      log(turn, 'info', 'ExaBGP is shutting down');
      return;
    case 'text':
      if (turn.state.ledger.pending[0]?.kind === 'show') {
        onListing(turn, reply.text);
        return;
      }
      log(turn, 'debug', `ExaBGP says: ${reply.text}`);
      return;
    case 'unreadable':
      log(turn, 'warn', `line of ExaBGP dropped, ${reply.why}: ${reply.text}`);
      return;
    default:
      reply satisfies never;
  }
}

/** Tells whether there was room for it. */
function setNeighbor(turn: Turn, address: string, neighbor: Neighbor): boolean {
  if (turn.state.neighbors.size >= NEIGHBORS_MAXIMUM && !turn.state.neighbors.has(address)) return false;
  turn.state = { ...turn.state, neighbors: new Map(turn.state.neighbors).set(address, neighbor) };
  return true;
}

/** A line of what a `show` prints. Events overtake nothing on this pipe: what it says is the newest. */
function onListing(turn: Turn, said: string): void {
  const line = parseListingLine(said);
  const { listing } = turn.state;
  const neighbor = turn.state.neighbors.get(listing);
  switch (line?.kind) {
    case undefined:
      return;
    case 'neighbor':
      turn.state = { ...turn.state, listing: line.address };
      return;
    case 'state':
      // An event knows more than a listing, but for a session that came up before we did.
      if (listing === '' || (neighbor !== undefined && line.state !== 'up')) return;
      if (neighbor?.state === 'up') return;
      setNeighbor(turn, listing, { state: line.state, reason: undefined, gracefulRestart: false });
      return;
    case 'graceful-restart':
      if (neighbor?.state !== 'up' || neighbor.gracefulRestart === line.negotiated) return;
      setNeighbor(turn, listing, { ...neighbor, gracefulRestart: line.negotiated });
      if (line.negotiated) {
        const text = `neighbor ${listing} keeps our routes when ExaBGP dies: graceful restart is negotiated, switch it off at one end`;
        log(turn, 'warn', text);
      }
      return;
    default:
      line satisfies never;
  }
}

function onAnswer(turn: Turn, verdict: 'done' | 'error'): void {
  const { ledger, versionSeen, phase } = turn.state;
  const head = ledger.pending[0];
  const taken =
    head?.kind === 'probe' && !versionSeen ? undefined : answer(ledger, verdict, turn.now, turn.limits);
  if (taken === undefined) {
    log(turn, 'debug', `stray answer "${verdict}": a command of an earlier guard`);
    return;
  }
  const { answered } = taken;
  const inVain =
    answered.kind === 'withdraw' &&
    isRefusedInVain(answered, ledger.routes.get(routeKey(answered.announcement)));
  turn.state = { ...turn.state, ledger: taken.ledger };
  if (answered.kind === 'probe') {
    turn.state = { ...turn.state, versionSeen: false };
    if (phase === 'syncing') enter(turn, 'clearing', { kind: 'clear', at: turn.now });
    if (phase === 'confirming') open(turn);
  } else if (answered.kind === 'show') {
    turn.state = { ...turn.state, listing: '' };
  } else if (verdict === 'error') {
    onError(turn, answered, inVain);
  } else if (phase === 'clearing') {
    enter(turn, 'confirming', { kind: 'probe', at: turn.now });
  }
}

function onError(turn: Turn, refused: Exclude<Pending, { kind: 'probe' | 'show' }>, inVain: boolean): void {
  switch (refused.kind) {
    case 'announce': {
      const { prefix, neighbors } = refused.announcement;
      const question =
        neighbors === undefined
          ? 'does a neighbor list this process in its api block?'
          : `does it have ${neighbors.join(' or ')} in its configuration?`;
      log(turn, 'error', `ExaBGP refused to announce ${prefix}: see its log; ${question}`);
      return;
    }
    case 'withdraw': {
      const { prefix } = refused.announcement;
      if (inVain) log(turn, 'info', `${prefix} needed no withdrawal: ExaBGP never took its announcement`);
      else kill(turn, `ExaBGP refused to withdraw ${prefix}`);
      return;
    }
    case 'clear': {
      if (turn.state.phase === 'open') {
        kill(turn, 'ExaBGP refused to withdraw everything');
        return;
      }
      const text = 'ExaBGP refused `clear adj-rib out`: no neighbor lists this process in its api block';
      log(turn, 'error', text);
      // Asked again, as long as it takes: without a neighbor there is no route to worry about.
      rest(turn);
      return;
    }
    default:
      refused satisfies never;
  }
}

/** Starts over after a while: what is wrong is in the configuration, and asking faster will not mend it. */
export function rest(turn: Turn): void {
  const later = turn.now + turn.limits.refusalRetryMs;
  turn.state = { ...turn.state, ledger: { ...turn.state.ledger, pending: [] }, versionSeen: false };
  enter(turn, 'draining');
  turn.state = { ...turn.state, phaseAt: later, replyAt: later };
}

function open(turn: Turn): void {
  enter(turn, 'open');
  // The sessions that came up before we did.
  turn.state = { ...turn.state, unlisted: ['all'] };
  turn.effects.push({ type: 'open-lease' });
  log(turn, 'info', `ExaBGP ${turn.state.version} cleared, the lease socket opens`);
}
