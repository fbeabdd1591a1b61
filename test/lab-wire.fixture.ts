/** Bytes as they were captured in the lab, and segments of TCP that carry them. */
import type { TcpSegment } from './lab/wire/pcap.ts';

export const MARKER = 'ff'.repeat(16);
export const bytes = (...hex: string[]): Buffer => Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');

// Captured from ExaBGP 4.2.21.
export const OPEN = bytes(
  MARKER,
  '0031 01 04 fde9 0009 0a010202 14',
  '0206 0104 00010001',
  '0206 4104 0000fde9',
  '0202 0600',
);
export const KEEPALIVE = bytes(MARKER, '0013 04');
export const ANNOUNCE4 = bytes(
  MARKER,
  '003e 02 0000 0022',
  '40 01 01 00', // ORIGIN IGP
  '40 02 06 02 01 0000fde9', // AS_PATH 65001
  '40 03 04 0a010202', // NEXT_HOP 10.1.2.2
  '80 04 04 00000064', // MED 100
  'c0 08 04 fde90064', // COMMUNITIES 65001:100
  '20 c0000201', // 192.0.2.1/32
);
export const WITHDRAW4 = bytes(MARKER, '001c 02 0005 20c0000201 0000');
export const ANNOUNCE6 = bytes(
  MARKER,
  '005b 02 0000 0044',
  '40 01 01 00',
  '40 02 06 02 01 0000fde9',
  '80 04 04 00000064',
  'c0 08 04 fde90064',
  '80 0e 26 0002 01 10 fd000001000200000000000000000002 00 80 20010db8005300000000000000000001', // MP_REACH_NLRI
);
export const WITHDRAW6 = bytes(
  MARKER,
  '003b 02 0000 0024',
  '40 01 01 00',
  '40 02 06 02 01 0000fde9',
  '80 0f 14 0002 01 80 20010db8005300000000000000000001', // MP_UNREACH_NLRI
);
export const END_OF_RIB6 = bytes(MARKER, '001e 02 0000 0007', '90 0f 0003 0002 01');
export const NOTIFICATION = bytes(MARKER, '0015 03 06 02');

export function segmentOf(sequence: number, payload: Buffer, flags: Partial<TcpSegment> = {}): TcpSegment {
  return {
    at: 0,
    source: bytes('0a010102'),
    destination: bytes('0a010101'),
    sourcePort: 40_000,
    destinationPort: 179,
    sequence: sequence >>> 0,
    syn: false,
    fin: false,
    rst: false,
    payload,
    ...flags,
  };
}
