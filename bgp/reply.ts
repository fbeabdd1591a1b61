/**
 * What ExaBGP writes to its API process: answers and events mixed on one pipe, one line each.
 *
 * Answers are `done` or `error` in command order (JSON `{"answer": "done"}` from 5.x, if asked for); `version`
 * has a text line before its `done`. Events are JSON (`encoder json`). Some strings in them come from the far
 * end of the BGP session and are not escaped by 4.2.x, so every line is taken as hostile: what is not clean
 * becomes `unreadable`, and nothing here throws.
 */
import type { NeighborState } from './lease.ts';

export type Reply =
  | { readonly kind: 'done' }
  | { readonly kind: 'error' }
  /** The line in front of the `done` of `version`. */
  | { readonly kind: 'version'; readonly version: string }
  | {
      readonly kind: 'neighbor';
      readonly address: string;
      readonly state: NeighborState;
      readonly reason: string | undefined;
    }
  | {
      readonly kind: 'negotiated';
      readonly address: string;
      readonly holdSeconds: number | undefined;
      /** Such as "ipv4 unicast". */
      readonly families: readonly string[];
    }
  /** ExaBGP says goodbye to its processes. */
  | { readonly kind: 'shutdown' }
  /** A NOTIFICATION of a neighbor (RFC 4271 section 6). */
  | {
      readonly kind: 'notification';
      readonly address: string;
      readonly code: number | undefined;
      readonly subcode: number | undefined;
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly why: string; readonly text: string };

/** Events of a session with all capabilities stay below 4 KB. */
export const REPLY_LINE_MAXIMUM = 64 * 1024;

/** As much of a foreign text as we show or keep. */
const SHOWN = 200;

/** `line` is undefined where the reader dropped an overlong one. */
export function parseReply(line: string | undefined): Reply {
  if (line === undefined) return unreadable('longer than a line may be', '');
  const text = line.trim();
  if (text === 'done') return { kind: 'done' };
  if (text === 'error') return { kind: 'error' };
  if (text.startsWith('{')) return parseEvent(text);
  const version = /^exabgp (\d+\.\d[\w.+-]{0,40})$/i.exec(text)?.[1];
  if (version !== undefined) return { kind: 'version', version };
  return { kind: 'text', text: clean(text) };
}

type Json = Readonly<Record<string, unknown>>;

function parseEvent(text: string): Reply {
  const event = parseObject(text);
  if (event === undefined) return unreadable('not clean JSON', text);
  if (event['answer'] === 'done') return { kind: 'done' };
  if (event['answer'] === 'error' || event['answer'] === 'failed') return { kind: 'error' };
  if (event['answer'] === 'shutdown') return { kind: 'shutdown' };
  const { type, version, application } = event;
  if (application === 'exabgp' && typeof version === 'string')
    return { kind: 'version', version: clean(version) };
  if (type === 'notification' && event['notification'] === 'shutdown') return { kind: 'shutdown' };
  const neighbor = asObject(event['neighbor']);
  const address = asObject(neighbor?.['address'])?.['peer'];
  // Only an address may become a key of ours.
  if (neighbor === undefined || typeof address !== 'string' || !/^[0-9a-f:.]{2,45}$/i.test(address)) {
    return unreadable('an event without a neighbor address', text);
  }
  switch (type) {
    case 'state': {
      const { state, reason } = neighbor;
      if (state !== 'up' && state !== 'down' && state !== 'connected') {
        return unreadable('a state that is none of up, down, connected', text);
      }
      return {
        kind: 'neighbor',
        address,
        state,
        reason: typeof reason === 'string' ? plain(clean(reason)) : undefined,
      };
    }
    case 'negotiated': {
      const negotiated = asObject(neighbor['negotiated']);
      const families = negotiated?.['families'];
      return {
        kind: 'negotiated',
        address,
        holdSeconds: asNumber(negotiated?.['hold_time']),
        families: Array.isArray(families)
          ? families.filter((family) => typeof family === 'string').map(clean)
          : [],
      };
    }
    case 'notification': {
      const notification = asObject(neighbor['notification']);
      return {
        kind: 'notification',
        address,
        code: asNumber(notification?.['code']),
        subcode: asNumber(notification?.['subcode']),
      };
    }
    default:
      return { kind: 'text', text: clean(text) };
  }
}

/** ExaBGP 4.2 says it of every failed try to connect, right after it said `connected`, and of a session that broke. */
export const TCP_FAILED = 'the TCP connection failed or broke';

const plain = (reason: string): string =>
  /^peer reset, message \(.*\) error\(Broken TCP connection\)$/.test(reason) ? TCP_FAILED : reason;

const unreadable = (why: string, text: string): Reply => ({ kind: 'unreadable', why, text: clean(text) });

/** Printable and short: control characters and the escapes of terminals are replaced. */
const clean = (text: string): string => text.slice(0, SHOWN).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');

const asNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

const asObject = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

function parseObject(text: string): Json | undefined {
  try {
    return asObject(JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
