/** The check `interface`: a network interface is up and as it should be, and so are an address and the default route. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import { commonFamily, familyOfHost, type FamilyOf } from '../family.ts';
import { defaultRoutes, placeOf, readDevice, type Device, type Placed } from '../host/net-device.ts';
import { isLocal } from '../ike/probe.ts';
import { EXHAUSTED } from './ike-probe.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { rateOf, type Counted } from '../rate.ts';
import type { HealthReason } from '../reason.ts';
import type { World } from '../world.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  device: {
    doc: 'The network interface: an uplink, the one to the inside, or lo for an anycast address.',
    format: 'device',
    default: null,
  },
  address: {
    doc: 'An address that must be on it; on lo a prefix that is routed to this host will do. With it the check counts for the prefixes of its family alone. Empty: none.',
    format: 'ip-or-empty',
    default: '',
  },
  default_route: {
    doc: 'The families that must have a default route, over whatever interface. With ipv4 or ipv6 the check counts for the prefixes of that family alone, with both a missing one touches all: better a check for each.',
    format: ['none', 'ipv4', 'ipv6', 'both'],
    default: 'none',
  },
  mtu_minimum: {
    doc: 'An MTU below this is too low. 0: any.',
    format: 'nat',
    default: 0,
  },
  errors_per_second: {
    doc: 'More receive and transmit errors per second than this are too many. 0: any.',
    format: 'nat',
    default: 10,
  },
  drops_per_second: {
    doc: 'More dropped packets per second than this are too many; packets of unknown protocols count among them. 0: any.',
    format: 'nat',
    default: 0,
  },
} as const satisfies LimitSchema;

export type InterfaceLimits = LimitsOf<typeof limits>;

/** A route of one family says nothing about the other; with both, it speaks for both. */
export const familyOf: FamilyOf<InterfaceLimits> = ({ address, defaultRoute }) => {
  const family = familyOfHost(address);
  if (defaultRoute === 'none') return family;
  const ofRoute = defaultRoute === 'both' ? undefined : defaultRoute === 'ipv4' ? 4 : 6;
  return address === '' ? ofRoute : commonFamily([family, ofRoute]);
};

// ----------------------------------------------------------------------------------------------- judge

export interface Observation {
  readonly device: Device;
  /** Undefined: no address was asked for. */
  readonly place: (Placed & { readonly routedHere: boolean }) | undefined;
  readonly routes: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** Per second; undefined on the first look, and after the counters began anew. */
  readonly rates: { readonly errors: number; readonly drops: number } | undefined;
}

/** Worst first: what is missing altogether names the failure before what is only bad. */
export function judge({ device, place, routes, rates }: Observation, limit: InterfaceLimits): Judgement {
  const { device: name, address, mtuMinimum } = limit;
  const fail = (reason: HealthReason, value: string): Judgement => ({ verdict: 'fail', reason, value });
  if (!device.present) return fail('interface-down', `there is no interface ${name}`);
  const { up, operstate, carrier, mtu } = device;
  if (!up) return fail('interface-down', `${name} is set down`);
  if (carrier === false) return fail('interface-down', `${name} has no carrier`);
  // lo and tun devices have no state of their own: "unknown" is as good as up.
  if (operstate !== 'up' && operstate !== 'unknown') return fail('interface-down', `${name} is ${operstate}`);
  if (place !== undefined && !isPlaced(place, name)) {
    return fail('address-missing', misplaced(place, address, name));
  }
  const missing = (['ipv4', 'ipv6'] as const).filter((family) => wants(limit, family) && !routes[family]);
  if (missing.length > 0) return fail('default-route-missing', `none for ${missing.join(' and ')}`);
  if (mtu < mtuMinimum) {
    return fail('mtu-low', `${name} has an MTU of ${String(mtu)}, at least ${String(mtuMinimum)} wanted`);
  }
  const seen =
    rates === undefined ? '' : `, ${perSecond(rates.errors, 'errors')}, ${perSecond(rates.drops, 'drops')}`;
  const value = `${name} is up, MTU ${String(mtu)}${seen}`;
  if (rates !== undefined) {
    if (above(rates.errors, limit.errorsPerSecond) || above(rates.drops, limit.dropsPerSecond)) {
      return fail('interface-errors', value);
    }
  }
  return { verdict: 'pass', value };
}

const isPlaced = (
  { devices, tentative, routedHere }: NonNullable<Observation['place']>,
  name: string,
): boolean => (devices.includes(name) && !tentative) || (devices.length === 0 && name === 'lo' && routedHere);

function misplaced({ devices, tentative }: Placed, address: string, name: string): string {
  if (devices.includes(name) && tentative)
    return `${address} is on ${name}, but tentative (duplicate address?)`;
  if (devices.length === 0) return `${address} is on no interface of this host`;
  return `${address} is on ${devices.join(', ')}, not on ${name}`;
}

const wants = ({ defaultRoute }: InterfaceLimits, family: 'ipv4' | 'ipv6'): boolean =>
  defaultRoute === 'both' || defaultRoute === family;

const above = (rate: number, maximum: number): boolean => maximum > 0 && rate > maximum;

const perSecond = (rate: number, noun: string): string => `${rate.toFixed(rate < 10 ? 1 : 0)} ${noun}/s`;

// --------------------------------------------------------------------------------------------- observe

/** Where the kernel shows itself; a test has trees of its own. */
export interface Roots {
  readonly sys?: string;
  readonly proc?: string;
}

export function create(
  options: CheckOptions<InterfaceLimits>,
  { now }: Pick<World, 'now'>,
  { sys, proc }: Roots = {},
): Check {
  const { limits: own, ...check } = options;
  const { device: name, address } = own;
  let before: (Counted<'errors' | 'drops'> & { readonly index: number }) | undefined;
  return {
    ...check,
    async observe(signal) {
      const device = readDevice(name, sys);
      // Every namespace has lo: sysfs itself cannot be read (no file descriptor left, not mounted).
      if (!device.present && !readDevice('lo', sys).present)
        return { ...EXHAUSTED, value: 'sysfs cannot be read' };
      let rates: Observation['rates'];
      if (device.present) {
        const counted = { at: now(), counters: { ...device.counters }, index: device.index };
        rates = before?.index === device.index ? rateOf(before, counted) : undefined;
        before = counted;
      }
      const placed = address === '' ? undefined : placeOf(address, proc);
      const routedHere = placed?.devices.length === 0 && name === 'lo' && (await isLocal(address, signal));
      if (routedHere === undefined) return EXHAUSTED;
      const place = placed === undefined ? undefined : { ...placed, routedHere };
      return judge({ device, place, routes: defaultRoutes(proc), rates }, own);
    },
  };
}
