/**
 * How this gateway is set up, as far as VICI shows it and as far as it should be the same on all gateways, since
 * clients that move find the next one as they left the last. What belongs to one gateway by its nature (its
 * addresses, its own certificates, who is connected) is left out.
 *
 * Proposals are not among it: no command of VICI lists those that are configured, and those that were negotiated
 * depend on the clients. What can be compared are the algorithms that charon has. Secrets, EAP users and RADIUS
 * servers are not shown either.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readCertificate } from '../../health/credentials.ts';
import type { Question } from '../../health/question.ts';
import { list, optional, readVersion, sections, text } from '../../health/strongswan.ts';
import type { Message, Section } from '../../health/vici/message.ts';
import { printable } from '../printable.ts';

export const TOPICS = [
  'strongswan',
  'algorithms',
  'connections',
  'children',
  'authentication',
  'authorities',
  'pools',
] as const;
export type Topic = (typeof TOPICS)[number];

/** Topic → what there is of it → how it is set up, in words that are equal only if the settings are. */
export type SetUp = ReadonlyMap<Topic, ReadonlyMap<string, string>>;

/** Asks charon for all of it, read-only and without touching any IKE_SA. */
export const askSetUp: Question<SetUp> = async (client, call) => {
  const found = new Map(TOPICS.map((topic) => [topic, new Map<string, string>()] as const));
  const add: Add = (topic, rawItem, rawSetting) => {
    const items = found.get(topic);
    // Names come from files that people wrote, and go to terminals in the end.
    const [item, setting] = [printable(rawItem), printable(rawSetting)];
    const before = items?.get(item);
    items?.set(item, before === undefined ? setting : [before, setting].toSorted().join('; '));
  };
  add('strongswan', 'version', readVersion(await client.request('version', {}, call)).version);
  for (const [kind, names] of sections(await client.request('get-algorithms', {}, call))) {
    add('algorithms', kind, Object.keys(names).toSorted().join(' '));
  }
  for (const [pool, from] of sections(await client.request('get-pools', {}, call))) {
    add('pools', pool, `${text(from, 'base', '?')} size ${text(from, 'size', '?')}`);
  }
  for await (const message of client.stream('list-conns', 'list-conn', {}, call))
    addConnections(message, add);
  for await (const message of client.stream('list-authorities', 'list-authority', {}, call)) {
    for (const [name, from] of sections(message)) add('authorities', `authority ${name}`, settings(from, []));
  }
  const authorities = { type: 'X509', flag: 'CA' };
  for await (const message of client.stream('list-certs', 'list-cert', authorities, call)) {
    addAuthority(message, add);
  }
  return found;
};

type Add = (topic: Topic, item: string, setting: string) => void;

/** Addresses and devices of this host. */
const OWN_OF_CONNECTION = ['local_addrs', 'local_port'];
const OWN_OF_CHILD = ['interface'];
/** Each gateway may have a certificate of its own, as long as its identity is the same. */
const OWN_OF_LOCAL = ['certs'];

function addConnections(message: Message, add: Add): void {
  for (const [name, from] of sections(message)) {
    add('connections', name, settings(from, OWN_OF_CONNECTION));
    for (const [round, how] of sections(from)) {
      if (!/^(?:local|remote)-\d+$/u.test(round)) continue;
      add('authentication', `${name} ${round}`, settings(how, round.startsWith('local') ? OWN_OF_LOCAL : []));
    }
    for (const [child, how] of sections(optional(from, 'children') ?? {})) {
      add('children', `${name}/${child}`, settings(how, OWN_OF_CHILD));
    }
  }
}

/** Only those that vouch for themselves: charon also lists what clients sent along. */
function addAuthority(message: Message, add: Add): void {
  const { der } = readCertificate(message);
  try {
    const { subject, issuer, fingerprint256 } = new X509Certificate(der);
    if (subject !== issuer) return;
    add(
      'authorities',
      subject.replaceAll('\n', ', '),
      `SHA-256 ${fingerprint256.replaceAll(':', '').slice(0, 16)}`,
    );
  } catch {
    // charon took it for a certificate: another reader may differ in what it allows.
    add('authorities', 'certificate that cannot be read', hash(der.toString('latin1')));
  }
}

/** "dpd_delay=30 remote_addrs=%any": texts and lists of a section, in one order, without what is empty. */
function settings(from: Section, own: readonly string[]): string {
  const found = Object.keys(from).flatMap((key) => {
    if (own.includes(key)) return [];
    const value = from[key];
    if (typeof value === 'string') return value === '' ? [] : [`${key}=${value}`];
    const values = Array.isArray(value) ? list(from, key) : [];
    return values.length === 0 ? [] : [`${key}=${values.toSorted().join(',')}`];
  });
  return found.toSorted().join(' ');
}

/** Topic → digest: what the others compare with theirs. */
export function digestsOf(setUp: SetUp): Readonly<Record<string, string>> {
  const digests = Object.create(null) as Record<string, string>;
  for (const [topic, items] of setUp) {
    const sorted = [...items].toSorted(([a], [b]) => (a < b ? -1 : 1));
    digests[topic] = hash(JSON.stringify(sorted));
  }
  return digests;
}

/** 64 bits: enough for what nobody tries to forge. */
export const hash = (of: string): string => createHash('sha256').update(of).digest('hex').slice(0, 16);
