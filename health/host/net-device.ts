/** One network interface as the kernel shows it: /sys/class/net, its addresses, and the default routes. */
import { networkInterfaces } from 'node:os';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { kernelNumber, kernelText } from './kernel-file.ts';

/** Errors and drops since the interface was made. */
export interface DeviceCounters {
  readonly errors: number;
  readonly drops: number;
}

export type Device =
  | { readonly present: false }
  | {
      readonly present: true;
      /** Another number under the same name: another interface, whose counters began anew. */
      readonly index: number;
      /** Whether it is set up (IFF_UP): somebody's will, while the rest is what came of it. */
      readonly up: boolean;
      /** RFC 2863: up, down, lowerlayerdown, dormant, testing, notpresent, unknown. */
      readonly operstate: string;
      /** Undefined while it is set down: the kernel does not say then. */
      readonly carrier: boolean | undefined;
      readonly mtu: number;
      readonly counters: DeviceCounters;
    };

/** IFF_UP and the like are in `flags`; linux/if.h. */
const IFF_UP = 0x1;

/** `sys`: where sysfs is mounted. */
export function readDevice(name: string, sys = '/sys'): Device {
  const folder = join(sys, 'class/net', name);
  const index = kernelNumber(join(folder, 'ifindex'));
  if (index === undefined) return { present: false };
  const statistic = (counter: string): number => kernelNumber(join(folder, 'statistics', counter)) ?? 0;
  const carrier = kernelNumber(join(folder, 'carrier'));
  const up = ((kernelNumber(join(folder, 'flags')) ?? 0) & IFF_UP) !== 0;
  return {
    present: true,
    index,
    up,
    operstate: kernelText(join(folder, 'operstate')) ?? 'unknown',
    carrier: carrier === undefined ? undefined : carrier === 1,
    mtu: kernelNumber(join(folder, 'mtu')) ?? 0,
    counters: {
      errors: statistic('rx_errors') + statistic('tx_errors'),
      drops: statistic('rx_dropped') + statistic('tx_dropped'),
    },
  };
}

/** Families with a usable default route in the main table, over whatever interface. `proc`: where procfs is. */
export function defaultRoutes(proc = '/proc'): { readonly ipv4: boolean; readonly ipv6: boolean } {
  return {
    ipv4: hasDefault4(kernelText(join(proc, 'net/route')) ?? ''),
    ipv6: hasDefault6(kernelText(join(proc, 'net/ipv6_route')) ?? ''),
  };
}

/** linux/route.h, linux/ipv6_route.h */
const RTF_UP = 0x1;
const RTF_REJECT = 0x200;

const usable = (flags: number): boolean => (flags & RTF_UP) !== 0 && (flags & RTF_REJECT) === 0;

/** Lines of "Iface Destination Gateway Flags RefCnt Use Metric Mask …", addresses in hex. Pure. */
export const hasDefault4 = (routes: string): boolean =>
  routes
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .some(([, destination, , flags, , , , mask]) => {
      return destination === '00000000' && mask === '00000000' && usable(Number.parseInt(flags ?? '', 16));
    });

/** Lines of "destination length source length gateway metric refcount use flags device". Pure. */
export const hasDefault6 = (routes: string): boolean =>
  routes
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([destination = '', length, , , , , , , flags, device]) => {
      const isDefault = /^0{32}$/.test(destination) && length === '00' && device !== 'lo';
      return isDefault && usable(Number.parseInt(flags ?? '', 16));
    });

export interface Placed {
  /** The interfaces that carry it. */
  readonly devices: readonly string[];
  /** IPv6: the kernel has not yet shown, or has disproved, that it is ours alone (DAD, RFC 4862). */
  readonly tentative: boolean;
}

/** Where an address is. An interface that is down shows none. */
export function placeOf(address: string, proc = '/proc', own = networkInterfaces): Placed {
  const wanted = canonical(address);
  const devices = Object.entries(own())
    .filter(([, list]) => (list ?? []).some((each) => canonical(each.address) === wanted))
    // "lo:anycast" is a label for addresses on lo.
    .map(([name]) => name.split(':')[0] ?? name);
  const tentative = isIPv6(address) && isTentative(kernelText(join(proc, 'net/if_inet6')) ?? '', wanted);
  return { devices: [...new Set(devices)], tentative };
}

/** linux/if_addr.h */
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;

/** Lines of "address index length scope flags device", all in hex but the last. Pure. */
export const isTentative = (addresses: string, wanted: string): boolean =>
  addresses
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([hex = '', , , , flags]) => {
      const address = canonical((hex.match(/.{4}/g) ?? []).join(':'));
      return (
        address === wanted && (Number.parseInt(flags ?? '', 16) & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0
      );
    });

/** One spelling for one address. */
const canonical = (address: string): string =>
  isIPv6(address) ? new URL(`http://[${address.split('%')[0] ?? ''}]`).hostname.slice(1, -1) : address;
