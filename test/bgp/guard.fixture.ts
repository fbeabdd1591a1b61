/** The real guard and its real launcher, as processes, under a scripted ExaBGP; all of it ends with the test. */
import { onTestFinished } from 'vitest';
import { processStat, type ProcessIdentity } from '../../bgp/procfs.ts';
import { FakeExabgp, type FakeExabgpOptions } from '../fake/exabgp.ts';
import { LeaseHolder, monotonic } from '../fake/lease-holder.ts';

export const one = { prefix: '192.0.2.1/32', nextHop: 'self' };

/** The newest clear is younger than the newest announcement. */
export const withdrawn = ({ commands }: FakeExabgp): boolean =>
  commands.lastIndexOf('clear adj-rib out') >
  commands.findLastIndex((command) => command.startsWith('announce route'));

export async function exabgp(options: FakeExabgpOptions = {}): Promise<FakeExabgp> {
  const fake = await FakeExabgp.start(options);
  onTestFinished(() => fake.stop());
  return fake;
}

export async function holder(fake: FakeExabgp): Promise<LeaseHolder> {
  const lease = await LeaseHolder.connect(fake.leaseSocket);
  onTestFinished(() => lease.close());
  return lease;
}

/** ExaBGP and a sidecar with one announced prefix. `ttlMs` long enough for a slow machine unless it is the matter. */
export async function announced(
  options: FakeExabgpOptions = { ttlMs: 60_000 },
): Promise<{ fake: FakeExabgp; lease: LeaseHolder }> {
  const fake = await exabgp(options);
  const lease = await holder(fake);
  lease.send({ type: 'set', generation: 1, evidence: monotonic(), announcements: [one] });
  await lease.until(() =>
    lease.messages.some((message) => message.type === 'report' && message.acknowledged.length === 1),
  );
  return { fake, lease };
}

export const guardOf = (lease: LeaseHolder): ProcessIdentity => {
  const hello = lease.messages[0];
  const stat = hello?.type === 'hello' ? processStat(hello.pid) : undefined;
  if (stat === undefined) throw new Error('no guard said hello');
  return stat;
};

/** Not started yet. */
export async function prepared(): Promise<FakeExabgp> {
  const fake = await FakeExabgp.prepare();
  onTestFinished(() => fake.stop());
  return fake;
}
