import { describe, expect, it } from 'vitest';
import { judge, type CertificateLimits, type Credentials } from '../../../health/checks/certificates.ts';
import type { Authentication } from '../../../health/credentials.ts';
import { readAuthentications, readCertificate } from '../../../health/credentials.ts';
import { readX509, type Certificate } from '../../../health/x509.ts';
import { recorded } from '../fixture.ts';
import { limitsOf, scripted } from './scripted.ts';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;

/** "subject<issuer", valid from and to in days from now; what it covers. */
function certificate(
  names: string,
  [from, to]: readonly [number, number],
  more: { hasKey?: boolean; authority?: boolean; covers?: readonly string[] } = {},
): Certificate {
  const [subject = '', issuer = 'CN=CA'] = names.split('<');
  return {
    subject,
    issuer,
    validFrom: NOW + from * DAY,
    validTo: NOW + to * DAY,
    hasKey: more.hasKey ?? true,
    authority: more.authority ?? false,
    covers: (identity) => identity === subject || (more.covers ?? ['vpn.example']).includes(identity),
  };
}

const CA = certificate('CN=CA', [-9, 900], { hasKey: false, authority: true, covers: [] });
const local = (round: Partial<Authentication> = {}): Credentials['connections'] => [
  {
    name: 'ra',
    local: [{ class: 'public key', id: 'vpn.example', certificates: ['CN=gw'], authorities: [], ...round }],
    remote: [{ class: 'public key', id: '', certificates: [], authorities: [] }],
  },
];

function said(
  certificates: readonly Certificate[],
  more: { round?: Partial<Authentication>; rawKey?: boolean; authorities?: readonly string[] } = {},
  own: Partial<CertificateLimits> = {},
): string {
  const connections = local(more.round).map((connection) => ({
    ...connection,
    remote: connection.remote.map((round) => ({ ...round, authorities: more.authorities ?? [] })),
  }));
  const answer = { certificates, rawKey: more.rawKey ?? false, connections };
  const judgement = judge(
    NOW,
    { kind: 'answered', answer },
    limitsOf('certificates', own) as CertificateLimits,
  );
  return judgement.verdict === 'pass' ? 'pass' : judgement.reason;
}

const good = certificate('CN=gw', [-9, 90]);
const expired = certificate('CN=gw', [-99, -1]);
const chosen = { certificates: [] };

describe('the certificate of a connection', () => {
  it.each([
    ['valid', [good, CA], {}, 'pass'],
    ['expired', [expired, CA], {}, 'certificate-expired'],
    ['expired, and its successor loaded beside it', [expired, good, CA], {}, 'pass'],
    ['not valid yet', [certificate('CN=gw', [1, 90]), CA], {}, 'certificate-not-yet-valid'],
    ['about to expire', [certificate('CN=gw', [-9, 13]), CA], {}, 'certificate-expiring'],
    ['two weeks from it', [certificate('CN=gw', [-9, 14.5]), CA], {}, 'pass'],
    [
      'without its key',
      [certificate('CN=gw', [-9, 90], { hasKey: false }), CA],
      {},
      'certificate-key-missing',
    ],
    ['chosen by identity', [good, CA], { round: chosen }, 'pass'],
    [
      'chosen by identity, without its key',
      [certificate('CN=gw', [-9, 90], { hasKey: false })],
      { round: chosen },
      'certificate-key-missing',
    ],
    ['not there', [CA], { round: chosen }, 'certificate-missing'],
    ['not there, but a raw public key', [CA], { round: chosen, rawKey: true }, 'pass'],
    [
      'without the identity',
      [certificate('CN=gw', [-9, 90], { covers: [] })],
      {},
      'certificate-identity-missing',
    ],
    ['without any identity asked for', [good], { round: { id: '%any' } }, 'pass'],
    ['its subject as the identity', [good], { round: { id: 'CN=gw' } }, 'pass'],
    ['named in words that are not ours', [good], { round: { certificates: ['CN=gw, XY=1'] } }, 'pass'],
    [
      'expired, of another connection than this one',
      [good, certificate('CN=old', [-99, -1]), CA],
      {},
      'pass',
    ],
    ['expired, of a client', [good, certificate('CN=joe', [-99, -1], { hasKey: false }), CA], {}, 'pass'],
    ['not used: pre-shared key', [expired], { round: { class: 'pre-shared key' } }, 'pass'],
  ] as const)('%s', (_, certificates, more, expected) => {
    expect(said(certificates, more)).toBe(expected);
  });
});

describe('authorities', () => {
  const old = certificate('CN=CA', [-99, -1], { hasKey: false, authority: true });
  const root = (days: number): Certificate =>
    certificate('CN=root<CN=root', [-9, days], { hasKey: false, authority: true });
  const between = certificate('CN=CA<CN=root', [-9, 90], { hasKey: false, authority: true });

  it.each([
    ['the issuer has expired', [good, old], {}, 'certificate-expired'],
    ['the issuer was renewed', [good, old, CA], {}, 'pass'],
    ['the root above it has expired', [good, between, root(-1)], {}, 'certificate-expired'],
    ['the chain is whole', [good, between, root(90)], {}, 'pass'],
    [
      'that of the clients has expired',
      [good, CA, root(-1)],
      { authorities: ['CN=root'] },
      'certificate-expired',
    ],
    ['one that nobody names has expired', [good, CA, root(-1)], {}, 'pass'],
  ] as const)('%s', (_, certificates, more, expected) => {
    expect(said(certificates, more)).toBe(expected);
  });
});

describe('identities that the operator names', () => {
  it.each([
    [['vpn.example'], [good], 'pass'],
    [['other.example'], [good], 'certificate-identity-missing'],
    [['vpn.example'], [expired], 'certificate-expired'],
  ] as const)('%j', (identities, certificates, expected) => {
    expect(said(certificates, { round: { class: 'EAP' } }, { identities })).toBe(expected);
  });
});

describe('what charon 5.9.8 lists', () => {
  it('is read: whose key is there, and what each covers', () => {
    const read = recorded('list-certs').filter((message) => message['type'] !== undefined);
    const own = read.map(readCertificate).filter(({ hasKey }) => hasKey);
    expect(own).toHaveLength(1);
    const x509 = readX509(own[0]?.der ?? Buffer.alloc(0), true, false);
    expect(x509).toMatchObject({
      subject: 'C=CH, O=swlab, CN=gw1.example.org',
      issuer: 'C=CH, O=swlab, CN=swlab CA',
      hasKey: true,
    });
    const names = [
      'vpn.example.org',
      'gw1.example.org',
      'C=CH, O=swlab, CN=gw1.example.org',
      'swlab',
      'x@vpn.example.org',
      '192.0.2.1',
    ];
    expect(names.filter((name) => x509?.covers(name))).toEqual(names.slice(0, 3));
    expect(readX509(Buffer.from('no certificate'), true, false)).toBeUndefined();
  });

  it('connections and how they authenticate', () => {
    expect(recorded('list-conns').flatMap(readAuthentications)).toEqual([
      {
        name: 'ra',
        local: [
          {
            class: 'public key',
            id: 'vpn.example.org',
            certificates: ['C=CH, O=swlab, CN=gw1.example.org'],
            authorities: [],
          },
        ],
        remote: [{ class: 'public key', id: '', certificates: [], authorities: [] }],
      },
    ]);
  });
});

it('observe: a certificate whose key is gone, and back', async () => {
  const scene = await scripted('certificates', { identities: ['vpn.example.org'], expiringDays: 0 });
  const listed = recorded('list-certs').filter((message) => message['type'] !== undefined);
  const before = await scene.said();
  // The recorded certificates live for a year: which of the two it is depends on when this runs.
  expect(['pass', 'certificate-expired']).toContain(before);
  scene.charon.on('list-certs', () => listed.map((message) => ({ ...message, has_privkey: 'no' })));
  expect(await scene.said()).toBe('certificate-key-missing');
  scene.charon.on('list-certs', () => listed);
  expect(await scene.said()).toBe(before);
});
