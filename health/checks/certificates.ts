/** The check `certificates`: what the gateway shows its clients is valid, is its own, and carries its names. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import { readAuthentications, readCertificate } from '../credentials.ts';
import type { Authentication, ConnectionAuthentication } from '../credentials.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import type { Answer, Question } from '../question.ts';
import type { HealthReason } from '../reason.ts';
import type { World } from '../world.ts';
import { readX509, type Certificate } from '../x509.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  expiring_days: {
    doc: 'A certificate with fewer days left than this is reported.',
    format: 'nat',
    default: 14,
  },
  identities: {
    doc: 'Identities that a certificate of this gateway must carry in its subjectAltName, as a rule the name that clients connect to. Those that connections configure are checked anyway.',
    format: 'text-list',
    default: [],
  },
} as const satisfies LimitSchema;

export type CertificateLimits = LimitsOf<typeof limits>;

// ----------------------------------------------------------------------------------------------- judge

export interface Credentials {
  readonly certificates: readonly Certificate[];
  /** charon has a private key to a bare public key: such connections show no certificate. */
  readonly rawKey: boolean;
  readonly connections: readonly ConnectionAuthentication[];
}

/** `at` is wall clock, in milliseconds. */
export function judge(at: number, look: Answer<Credentials>, limit: CertificateLimits): Judgement {
  if (look.kind !== 'answered') {
    return { verdict: 'unknown', reason: 'cause-unknown', value: look.detail };
  }
  const found = [...findings(at, look.answer, limit)];
  const [worst] = found.sort((a, b) => ORDER.indexOf(a.reason) - ORDER.indexOf(b.reason));
  if (worst !== undefined) {
    const same = new Set(found.filter(({ reason }) => reason === worst.reason).map(({ value }) => value));
    return { verdict: 'fail', reason: worst.reason, value: [...same].join('; ') };
  }
  const days = look.answer.certificates
    .filter(({ hasKey }) => hasKey)
    .map(({ validTo }) => daysLeft(at, validTo))
    .filter((left) => left >= 0);
  if (days.length === 0) return { verdict: 'pass', value: 'no certificate in use' };
  return { verdict: 'pass', value: `${String(Math.min(...days))} days left` };
}

interface Finding {
  readonly reason: HealthReason;
  readonly value: string;
}

/** Which finding gives its name when there are several. */
const ORDER: readonly HealthReason[] = [
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-key-missing',
  'certificate-missing',
  'certificate-identity-missing',
  'certificate-expiring',
];

function* findings(at: number, credentials: Credentials, limit: CertificateLimits): Generator<Finding> {
  const { certificates, rawKey, connections } = credentials;
  for (const { name, local, remote } of connections) {
    for (const round of local.filter(byCertificate)) {
      const chosen = choose(certificates, round);
      if ('missing' in chosen) {
        const value = `connection ${name}${isSet(round.id) ? `, identity ${round.id}` : ''}`;
        if (!rawKey) yield { reason: chosen.missing, value };
        continue;
      }
      yield* validity(at, chosen.own, limit.expiringDays);
      yield* issuers(at, chosen.own, certificates, limit.expiringDays);
      const valid = chosen.own.filter((certificate) => isValid(at, certificate));
      if (isSet(round.id) && valid.length > 0 && !valid.some((certificate) => certificate.covers(round.id))) {
        yield { reason: 'certificate-identity-missing', value: `connection ${name}: ${round.id}` };
      }
    }
    for (const subject of remote.flatMap(({ authorities }) => authorities)) {
      yield* validity(at, bySubject(certificates, subject), limit.expiringDays);
    }
  }
  for (const identity of limit.identities) {
    const own = certificates.filter((certificate) => certificate.hasKey && certificate.covers(identity));
    if (own.length === 0) yield { reason: 'certificate-identity-missing', value: identity };
    yield* validity(at, own, limit.expiringDays);
  }
}

const byCertificate = (round: Authentication): boolean => round.class.startsWith('public key');
const isSet = (id: string): boolean => id !== '' && id !== '%any';
const isValid = (at: number, { validFrom, validTo }: Certificate): boolean =>
  validFrom <= at && at <= validTo;
const bySubject = (certificates: readonly Certificate[], subject: string): readonly Certificate[] =>
  certificates.filter((certificate) => certificate.subject === subject);

/** The certificates that charon may show in this round, or what it lacks to show any. */
function choose(
  certificates: readonly Certificate[],
  { id, certificates: named }: Authentication,
): { readonly own: readonly Certificate[] } | { readonly missing: HealthReason } {
  const own = certificates.filter(({ hasKey }) => hasKey);
  const loaded = certificates.filter(({ subject }) => named.includes(subject));
  if (loaded.length > 0) {
    const withKey = loaded.filter(({ hasKey }) => hasKey);
    return withKey.length > 0 ? { own: withKey } : { missing: 'certificate-key-missing' };
  }
  // No names, or names that charon writes in another way than we do: then the identity decides.
  const covering = certificates.filter((certificate) => isSet(id) && certificate.covers(id));
  const withKey = covering.filter(({ hasKey }) => hasKey);
  if (withKey.length > 0) return { own: withKey };
  if (covering.length > 0) return { missing: 'certificate-key-missing' };
  return own.length > 0 ? { own } : { missing: 'certificate-missing' };
}

/** Several certificates of one subject are a renewal under way: the one that lasts longest counts. */
function* validity(at: number, certificates: readonly Certificate[], days: number): Generator<Finding> {
  const valid = certificates.filter((certificate) => isValid(at, certificate));
  const [best] = (valid.length > 0 ? valid : certificates).toSorted((a, b) => b.validTo - a.validTo);
  if (best === undefined) return;
  const left = daysLeft(at, best.validTo);
  const until = new Date(best.validTo).toISOString().slice(0, 16);
  if (at > best.validTo) {
    yield { reason: 'certificate-expired', value: `${best.subject}: expired at ${until}Z` };
  } else if (at < best.validFrom) {
    const from = new Date(best.validFrom).toISOString().slice(0, 16);
    yield { reason: 'certificate-not-yet-valid', value: `${best.subject}: valid from ${from}Z` };
  } else if (left < days) {
    yield {
      reason: 'certificate-expiring',
      value: `${best.subject}: ${String(left)} days left, until ${until}Z`,
    };
  }
}

/** The chain above, as far as it is loaded: clients refuse a certificate whose issuer has expired. */
function* issuers(
  at: number,
  own: readonly Certificate[],
  certificates: readonly Certificate[],
  days: number,
): Generator<Finding> {
  const seen = new Set(own.map(({ subject }) => subject));
  for (let names = own.map(({ issuer }) => issuer); names.length > 0;) {
    const above = [...new Set(names)].filter((name) => !seen.has(name));
    names = [];
    for (const name of above) {
      seen.add(name);
      const authorities = bySubject(certificates, name).filter(({ authority }) => authority);
      yield* validity(at, authorities, days);
      names.push(...authorities.map(({ issuer }) => issuer));
    }
  }
}

const daysLeft = (at: number, validTo: number): number => Math.floor((validTo - at) / 86_400_000);

// --------------------------------------------------------------------------------------------- observe

/** Certificates that are neither an authority's nor have a key are read only to say that the key is missing. */
const OTHERS_READ = 200;

const askCredentials: Question<Credentials> = async (client, call) => {
  const certificates: Certificate[] = [];
  const connections: ConnectionAuthentication[] = [];
  let rawKey = false;
  let others = 0;
  for await (const message of client.stream('list-certs', 'list-cert', undefined, call)) {
    const { type, flag, hasKey, der } = readCertificate(message);
    if (type === 'PUBKEY' && hasKey) rawKey = true;
    if (type !== 'X509') continue;
    // charon keeps the certificates of its clients too, thousands of them: reading all would stop everything else.
    if (!hasKey && flag !== 'CA' && (others += 1) > OTHERS_READ) continue;
    const certificate = readX509(der, hasKey, flag === 'CA');
    if (certificate !== undefined) certificates.push(certificate);
  }
  for await (const message of client.stream('list-conns', 'list-conn', undefined, call)) {
    connections.push(...readAuthentications(message));
  }
  return { certificates, rawKey, connections };
};

export function create(options: CheckOptions<CertificateLimits>, { link }: World): Check {
  const { limits: own, ...check } = options;
  const deadlineMs = check.pace.timeoutMs * 0.9;
  return {
    ...check,
    async observe(signal) {
      // Validity is a matter of the wall clock.
      return judge(Date.now(), await link.ask(askCredentials, deadlineMs, signal), own);
    },
  };
}
