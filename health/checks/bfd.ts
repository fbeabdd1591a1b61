/**
 * The check `bfd`: the BFD sessions of FRR's bfdd with the routers are up. Advisory by nature: a router whose
 * session is down has dropped our routes already, and the others still have theirs.
 */
import { parseBfdPeers, type BfdPeer } from '../bfd-peers.ts';
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { OUTPUT_BYTES, runProgram, type RunOutcome } from '../run-program.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  peers: {
    doc: 'Addresses of the routers that must have a session. Empty: all that bfdd has, and at least one.',
    format: 'text-list',
    default: [],
  },
  vtysh: {
    doc: "FRR's vtysh, an absolute path.",
    format: 'String',
    default: '/usr/bin/vtysh',
  },
  socket_directory: {
    doc: "Where FRR's daemons have their sockets; the user of swancast must be in the group frrvty.",
    format: 'String',
    default: '/run/frr',
  },
} as const satisfies LimitSchema;

export type BfdLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

/** Undefined: bfdd did not say; `detail`: why. */
export type BfdObservation =
  | { readonly kind: 'seen'; readonly peers: readonly BfdPeer[] }
  | { readonly kind: 'silent' | 'unstartable'; readonly detail: string };

export function read(outcome: RunOutcome): BfdObservation {
  switch (outcome.kind) {
    case 'exited': {
      const peers = outcome.code === 0 ? parseBfdPeers(outcome.stdout) : undefined;
      if (peers !== undefined) return { kind: 'seen', peers };
      const said = lineOf(`${outcome.stderr}\n${outcome.stdout}`);
      return {
        kind: 'silent',
        detail: `vtysh: exit code ${String(outcome.code)}${said === '' ? '' : `, ${said}`}`,
      };
    }
    case 'signalled':
      return { kind: 'silent', detail: `vtysh was ended by ${outcome.signal}` };
    case 'timed-out':
      return { kind: 'silent', detail: 'vtysh did not come back in time' };
    case 'flooded':
      return { kind: 'silent', detail: `vtysh wrote more than ${String(OUTPUT_BYTES / 1024)} KiB` };
    case 'unstartable':
      return { kind: 'unstartable', detail: `vtysh cannot be started: ${outcome.detail}` };
    default:
      return never(outcome);
  }
}

export function judge(observation: BfdObservation, { peers }: Pick<BfdLimits, 'peers'>): Judgement {
  switch (observation.kind) {
    case 'unstartable':
      return { verdict: 'unknown', reason: 'program-unusable', value: observation.detail };
    case 'silent':
      return { verdict: 'unknown', reason: 'bfd-not-known', value: observation.detail };
    case 'seen':
      return judgePeers(observation.peers, peers);
    default:
      return never(observation);
  }
}

function judgePeers(seen: readonly BfdPeer[], named: readonly string[]): Judgement {
  // As FRR prints them.
  const wanted = named.map((peer) => peer.toLowerCase());
  const states = new Map(seen.map(({ peer, state }) => [peer, state]));
  const missing = wanted.filter((peer) => !states.has(peer));
  if (missing.length > 0 || seen.length === 0) {
    const value = missing.length === 0 ? 'bfdd has no session at all' : `not there: ${missing.join(', ')}`;
    return { verdict: 'fail', reason: 'bfd-session-missing', value };
  }
  const concerned = wanted.length === 0 ? seen : seen.filter(({ peer }) => wanted.includes(peer));
  const down = concerned.filter(({ state }) => state !== 'up');
  if (down.length > 0) {
    const value = down.map(({ peer, state }) => `${peer} ${state}`).join(', ');
    return { verdict: 'fail', reason: 'bfd-session-down', value };
  }
  return { verdict: 'pass', value: `up: ${concerned.map(({ peer }) => peer).join(', ')}` };
}

const LINE_LENGTH = 200;

/** The first line that says something. */
function lineOf(text: string): string {
  const line = text.split('\n').find((each) => each.trim() !== '') ?? '';
  return line.trim().slice(0, LINE_LENGTH);
}

const never = (value: never): never => {
  throw new Error(`no such case: ${String(value)}`);
};

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<BfdLimits>, { onBfd }: Pick<World, 'onBfd'>): Check {
  const { limits: own, ...check } = options;
  const argv = [own.vtysh, '--vty_socket', own.socketDirectory, '-d', 'bfdd', '-c', 'show bfd peers json'];
  const deadlineMs = check.pace.timeoutMs * 0.9;
  return {
    ...check,
    async observe(signal) {
      const observation = read(await runProgram(argv, { deadlineMs }, signal));
      onBfd?.(check.name, observation.kind === 'seen' ? observation.peers : undefined);
      return judge(observation, own);
    },
  };
}
