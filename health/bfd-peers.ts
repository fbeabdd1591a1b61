/** BFD sessions as FRR's bfdd tells them (`show bfd peers json`; FRR documentation, "BFD"). Pure. */

/** RFC 5880 section 6.8.1, bfd.SessionState, in FRR's words; `shutdown` is AdminDown. */
export const BFD_STATES = ['up', 'init', 'down', 'shutdown'] as const;
export type BfdState = (typeof BFD_STATES)[number];

export interface BfdPeer {
  /** The router's address. */
  readonly peer: string;
  readonly state: BfdState;
}

/** More than this is not read: nobody has so many routers, and the output is somebody else's. */
const PEERS_MAXIMUM = 256;
const ADDRESS = /^[0-9a-fA-F:.]{2,45}(?:%[\w.-]{1,15})?$/;

/** Undefined: not what bfdd prints. A peer with several sessions (interfaces, VRFs) is as well as its worst one. */
export function parseBfdPeers(text: string): readonly BfdPeer[] | undefined {
  const listed = parsed(text);
  if (!Array.isArray(listed)) return undefined;
  const peers = new Map<string, BfdState>();
  for (const each of listed.slice(0, PEERS_MAXIMUM) as unknown[]) {
    const entry = readPeer(each);
    if (entry === undefined) return undefined;
    const known = peers.get(entry.peer);
    peers.set(entry.peer, known === undefined ? entry.state : worse(known, entry.state));
  }
  return [...peers].map(([peer, state]) => ({ peer, state }));
}

function readPeer(value: unknown): BfdPeer | undefined {
  if (typeof value !== 'object' || value === null || !('peer' in value) || !('status' in value))
    return undefined;
  const { peer, status } = value;
  if (typeof peer !== 'string' || !ADDRESS.test(peer) || !isBfdState(status)) return undefined;
  return { peer, state: status };
}

const isBfdState = (value: unknown): value is BfdState => (BFD_STATES as readonly unknown[]).includes(value);

const worse = (a: BfdState, b: BfdState): BfdState => (BFD_STATES.indexOf(a) > BFD_STATES.indexOf(b) ? a : b);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
