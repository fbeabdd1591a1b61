/** The control files of the package that are made and not copied. Pure. */
import type { Arch } from './node-binary.ts';
import { wrapped } from './wrapped.ts';

const PARAGRAPHS = [
  'swancast runs beside a strongSwan IKEv2 gateway and announces a shared anycast prefix through ExaBGP only while that gateway really serves. When strongSwan dies, the prefix is withdrawn within milliseconds, when it freezes or loses its configuration within 1.5 s, and new clients reach another gateway.',
  'Announcements are held under a lease by a guard inside ExaBGP: when swancast itself dies or hangs, they go too. A gateway can be drained, one prefix can be announced or withdrawn by hand for a limited time, and every decision is explained.',
  'The package brings a Node.js of its own.',
];

/** libc: what Node is built against. systemd: credentials, and RestartKillSignal=. */
const DEPENDS = [
  'exabgp (>= 4.2.21)',
  'init-system-helpers (>= 1.54~)',
  'libc6 (>= 2.28)',
  'libgcc-s1 (>= 3.4)',
  'libstdc++6 (>= 6)',
  'python3 (>= 3.9)',
  'systemd (>= 252)',
];

export interface ControlInput {
  readonly version: string;
  readonly arch: Arch;
  /** KiB. */
  readonly installedSize: number;
}

export const MAINTAINER = 'The swancast authors <swancast@packages.invalid>';

export const control = ({ version, arch, installedSize }: ControlInput): string =>
  [
    'Package: swancast',
    `Version: ${version}`,
    'Section: net',
    'Priority: optional',
    `Architecture: ${arch}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${installedSize}`,
    `Depends: ${DEPENDS.join(', ')}`,
    'Recommends: charon-systemd, strongswan-swanctl',
    'Suggests: bird2 | frr, nftables, prometheus',
    'Description: BGP announcements of an IKEv2 gateway, only while it serves',
    PARAGRAPHS.map((text) => wrapped(` ${text}`, ' ')).join('\n .\n'),
    '',
  ].join('\n');
