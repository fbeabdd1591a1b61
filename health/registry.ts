/**
 * DOC: health/ answers one question: what is true on this gateway?
 *
 *   registry.ts     every type of check, by name: its limits, its defaults, how to make one (this file)
 *   check.ts        what a check is, what it says; check-type.ts: what a type of check is
 *   reason.ts       why a check failed: one closed table, whose entries are in reasons/
 *   checks/         one file a type: limits (plain data), judge() (pure), observe() (I/O)
 *   limits.ts       the shape of those limits, and the formats they may use; family.ts: IPv4, IPv6 or both
 *   profile.ts      how soon a frozen charon is found: other defaults; lag.ts: our own lateness
 *   scheduler.ts    runs the checks; hysteresis.ts: rise and fall, for whoever decides
 *   charon-link.ts  the one link to charon: keeps it open, tells when it breaks; world.ts: what checks get
 *   charon.ts       one connection to charon, on vici/ (a client of its own): opening, asking, listing
 *   down.ts         what an error of VICI says about charon
 *   strongswan.ts   VICI messages as typed values; sa-event.ts: charon's events
 *   sa-book.ts      counts IKE_SAs and CHILD_SAs by events; sa-census.ts: reconciles it with listings
 *   question.ts     any other question to charon, on a connection of its own; counters.ts, pools.ts,
 *                   credentials.ts, x509.ts: what is asked so; error-notify.ts: charon's other way to tell of failures
 *   window.ts       samples of the recent past; stale.ts: what is from before a withdrawal; login-tally.ts, sa-losses.ts, rekey-tally.ts: events counted;
 *                   overdue.ts: CHILD_SAs past their time, by listing at the pace its cost allows
 *   ike/            the IKE_SA_INIT probe: sa-init.ts (codec), probe.ts (UDP)
 *   reach/          one endpoint tried: TCP, TLS, HTTP, DNS, ping; run-program.ts: a program on a short lead
 *   host/           what this host says of itself in /proc and /sys; rate.ts: counters as rates
 *   bfd-peers.ts    what FRR's bfdd prints
 *   canary/         a real client at work: a round (round.ts, traffic.ts), its report (report.ts, fetch.ts)
 *
 * Data flow: charon → vici/ → charon-link → check.observe → judge → Result → scheduler.onResult → decision.
 * Nothing here imports from sidecar/ or bgp/.
 */
import type { Check } from './check.ts';
import { untyped, untypedFamily, type CheckType } from './check-type.ts';
import * as auth from './checks/auth.ts';
import * as bfd from './checks/bfd.ts';
import * as canary from './checks/canary.ts';
import * as certificates from './checks/certificates.ts';
import * as charon from './checks/charon.ts';
import * as ecmpSplit from './checks/ecmp-split.ts';
import * as exec from './checks/exec.ts';
import * as host from './checks/host.ts';
import * as http from './checks/http.ts';
import * as ikeProbe from './checks/ike-probe.ts';
import * as networkInterface from './checks/interface.ts';
import * as kernelIpsec from './checks/kernel-ipsec.ts';
import * as pool from './checks/pool.ts';
import * as rekey from './checks/rekey.ts';
import * as saCount from './checks/sa-count.ts';
import * as saLoss from './checks/sa-loss.ts';
import * as tunnelPath from './checks/tunnel-path.ts';
import { familyOfHost, type Family } from './family.ts';
import * as workers from './checks/workers.ts';
import type { World } from './world.ts';

export const CHECK_TYPES = {
  charon: {
    doc: 'charon answers on VICI within the deadline and has connections loaded; the end of its socket is news at once.',
    limits: charon.limits,
    defaults: { intervalMs: 500, fastMs: 200, timeoutMs: 450, rise: 2, fall: 2, maxAgeMs: 3000 },
    required: true,
    proves: true,
    dependsOn: [],
    triggeredBy: [],
    create: untyped(charon.limits, charon.create),
  },
  'sa-count': {
    doc: 'IKE_SAs and CHILD_SAs lie within limits, in total and for each connection, and did not collapse.',
    limits: saCount.limits,
    defaults: { intervalMs: 1000, fastMs: 1000, timeoutMs: 1000, rise: 1, fall: 3, maxAgeMs: 10_000 },
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(saCount.limits, saCount.create),
  },
  'ike-probe': {
    doc: 'a worker of charon answers an IKE_SA_INIT on UDP 500 and 4500 of an address of this host.',
    limits: ikeProbe.limits,
    defaults: { intervalMs: 5000, fastMs: 500, timeoutMs: 500, rise: 1, fall: 2, maxAgeMs: 20_000 },
    required: true,
    proves: true,
    dependsOn: [],
    triggeredBy: ['charon', 'sa-count', 'sa-loss'],
    family: untypedFamily(ikeProbe.limits, ({ address }) => familyOfHost(address)),
    create: untyped(ikeProbe.limits, ikeProbe.create),
  },
  'sa-loss': {
    doc: 'no large share of the IKE_SAs was lost of late, that is, ended without a DELETE from either side.',
    limits: saLoss.limits,
    defaults: { intervalMs: 5000, fastMs: 1000, timeoutMs: 1000, rise: 1, fall: 2, maxAgeMs: 30_000 },
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(saLoss.limits, saLoss.create),
  },
  rekey: {
    doc: 'CHILD_SAs are rekeyed when they are due.',
    limits: rekey.limits,
    defaults: { intervalMs: 10_000, fastMs: 5000, timeoutMs: 5000, rise: 1, fall: 2, maxAgeMs: 60_000 },
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(rekey.limits, rekey.create),
  },
  workers: {
    doc: "charon's worker threads get through their jobs: one is idle now and then, and no queue stands.",
    limits: workers.limits,
    defaults: { intervalMs: 1000, fastMs: 500, timeoutMs: 500, rise: 2, fall: 2, maxAgeMs: 10_000 },
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(workers.limits, workers.create),
  },
  auth: {
    doc: 'clients that begin to log in get in: few are turned away, and few stay half-open.',
    limits: auth.limits,
    defaults: { intervalMs: 5000, fastMs: 1000, timeoutMs: 1000, rise: 1, fall: 2, maxAgeMs: 30_000 },
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(auth.limits, auth.create),
  },
  certificates: {
    doc: 'the certificates that connections show are valid, have their private key, and carry the identities.',
    limits: certificates.limits,
    defaults: { intervalMs: 60_000, fastMs: 5000, timeoutMs: 5000, rise: 1, fall: 1, maxAgeMs: 300_000 },
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(certificates.limits, certificates.create),
  },
  pool: {
    doc: 'pools of virtual addresses are loaded and have an address left for the next client.',
    limits: pool.limits,
    defaults: { intervalMs: 10_000, fastMs: 2000, timeoutMs: 1000, rise: 1, fall: 2, maxAgeMs: 60_000 },
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(pool.limits, pool.create),
  },
  canary: {
    doc: 'a real client (`swancast canary`) logs in, gets an address, and gets traffic through its tunnel.',
    limits: canary.limits,
    defaults: { intervalMs: 5000, fastMs: 5000, timeoutMs: 2000, rise: 1, fall: 1, maxAgeMs: 300_000 },
    required: false,
    proves: false,
    // A witness of its own: what it sees counts although VICI is silent.
    dependsOn: [],
    triggeredBy: ['charon', 'sa-count'],
    family: untypedFamily(canary.limits, ({ address }) => familyOfHost(address)),
    create: untyped(canary.limits, canary.create),
  },
  interface: {
    doc: 'a network interface is up and has its address, the default route and the MTU are there, errors are few.',
    limits: networkInterface.limits,
    defaults: { intervalMs: 2000, fastMs: 500, timeoutMs: 1000, rise: 1, fall: 2, maxAgeMs: 10_000 },
    required: false,
    proves: false,
    dependsOn: [],
    triggeredBy: [],
    family: untypedFamily(networkInterface.limits, networkInterface.familyOf),
    create: untyped(networkInterface.limits, networkInterface.create),
  },
  host: {
    doc: 'CPU, memory, disks, file descriptors, the memory of charon and the clock are in order.',
    limits: host.limits,
    defaults: { intervalMs: 10_000, fastMs: 5000, timeoutMs: 1000, rise: 1, fall: 2, maxAgeMs: 60_000 },
    class: 'advisory',
    required: false,
    proves: false,
    dependsOn: [],
    triggeredBy: [],
    create: untyped(host.limits, host.create),
  },
  'kernel-ipsec': {
    doc: 'the kernel drops few IPsec packets, and few clients land here whose state is elsewhere.',
    limits: kernelIpsec.limits,
    defaults: { intervalMs: 5000, fastMs: 2000, timeoutMs: 1000, rise: 1, fall: 2, maxAgeMs: 30_000 },
    class: 'advisory',
    required: false,
    proves: false,
    dependsOn: [],
    triggeredBy: [],
    create: untyped(kernelIpsec.limits, kernelIpsec.create),
  },
  'ecmp-split': {
    doc: 'no router sends UDP 500 of a client here and its UDP 4500 to another gateway.',
    limits: ecmpSplit.limits,
    defaults: { intervalMs: 5000, fastMs: 2000, timeoutMs: 1000, rise: 1, fall: 2, maxAgeMs: 30_000 },
    class: 'advisory',
    required: false,
    proves: false,
    dependsOn: ['charon'],
    triggeredBy: [],
    create: untyped(ecmpSplit.limits, ecmpSplit.create),
  },
  bfd: {
    doc: "the BFD sessions with the routers are up (FRR's bfdd beside ExaBGP, which has no BFD).",
    limits: bfd.limits,
    defaults: { intervalMs: 5000, fastMs: 1000, timeoutMs: 1000, rise: 1, fall: 2, maxAgeMs: 30_000 },
    class: 'advisory',
    required: false,
    proves: false,
    dependsOn: [],
    triggeredBy: [],
    create: untyped(bfd.limits, bfd.create),
  },
  // Of no family: clients of either outer family may have inner addresses of the other.
  'tunnel-path': {
    doc: 'enough of the named endpoints behind the gateway can be reached: TCP, HTTP, TLS, DNS, ping.',
    limits: tunnelPath.limits,
    defaults: { intervalMs: 5000, fastMs: 1000, timeoutMs: 2000, rise: 1, fall: 2, maxAgeMs: 30_000 },
    required: false,
    proves: false,
    dependsOn: [],
    triggeredBy: [],
    create: untyped(tunnelPath.limits, tunnelPath.create),
  },
  exec: {
    doc: "a program of the operator's own ends with exit code 0 (or 1, a warning).",
    limits: exec.limits,
    defaults: { intervalMs: 10_000, fastMs: 2000, timeoutMs: 5000, rise: 1, fall: 2, maxAgeMs: 60_000 },
    required: false,
    proves: false,
    dependsOn: [],
    triggeredBy: [],
    create: untyped(exec.limits, exec.create),
  },
  http: {
    doc: "a page of the operator's own answers with the expected status and text.",
    limits: http.limits,
    defaults: { intervalMs: 5000, fastMs: 1000, timeoutMs: 2000, rise: 1, fall: 2, maxAgeMs: 30_000 },
    required: false,
    proves: false,
    dependsOn: [],
    triggeredBy: [],
    family: untypedFamily(http.limits, http.familyOf),
    create: untyped(http.limits, http.create),
  },
} as const satisfies Readonly<Record<string, CheckType>>;

export type CheckTypeName = keyof typeof CHECK_TYPES;

/** See CheckType.family; for a type that does not exist: undefined. */
export function checkFamily({ type, limits }: Pick<CheckPlan, 'type' | 'limits'>): Family | undefined {
  if (!isCheckType(type)) return undefined;
  const entry: CheckType = CHECK_TYPES[type];
  return entry.family?.(limits);
}

export const isCheckType = (type: string): type is CheckTypeName => Object.hasOwn(CHECK_TYPES, type);

/** One check as configured; the configuration's CheckConfig fits. */
export interface CheckPlan {
  readonly name: string;
  readonly type: string;
  readonly intervalMs: number;
  readonly fastMs: number;
  readonly timeoutMs: number;
  /** What its type depends on included: the configuration has added it. */
  readonly dependsOn: readonly string[];
  readonly limits: Readonly<Record<string, unknown>>;
}

/** The checks of a configuration. Throws for a type that is not in the table: the configuration refuses it. */
export function createChecks(plans: readonly CheckPlan[], world: World): Check[] {
  const named = (types: readonly string[]): string[] =>
    plans.filter((plan) => types.includes(plan.type)).map((plan) => plan.name);
  return plans.map(({ name, type, intervalMs, fastMs, timeoutMs, dependsOn, limits }) => {
    if (!isCheckType(type)) throw new Error(`check ${name}: there is no type "${type}"`);
    const entry: CheckType = CHECK_TYPES[type];
    return entry.create(
      {
        name,
        dependsOn,
        triggeredBy: named(entry.triggeredBy),
        pace: { intervalMs, fastMs, timeoutMs },
        limits,
      },
      world,
    );
  });
}
