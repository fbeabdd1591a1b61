/** An ExaBGP that does not do what it is told has to die: its closed sessions are the withdrawal. */
import { describe, expect, it } from 'vitest';
import { processStat } from '../../bgp/procfs.ts';
import type { FakeExabgp } from '../fake/exabgp.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { announced, guardOf, withdrawn } from './guard.fixture.ts';

describe('the guard', () => {
  it.each<[string, (fake: FakeExabgp) => void]>([
    ['does not answer a withdrawal', (fake) => fake.hang()],
    [
      'refuses a withdrawal',
      (fake) => (fake.answer = (command) => [command === 'version' ? 'exabgp 4.2.21' : 'error']),
    ],
  ])('kills an ExaBGP that %s', async (_, spoil) => {
    const { fake, lease } = await announced();
    spoil(fake);
    lease.send({ type: 'set', generation: 2, evidence: monotonic(), announcements: [] });
    await fake.until(() => !fake.alive);
    await lease.until(() => lease.closed);
    expect(withdrawn(fake)).toBe(true);
  });

  it('kills an ExaBGP that went silent, with nothing to withdraw in sight', async () => {
    const { fake, lease } = await announced();
    fake.hang();
    await fake.until(() => !fake.alive);
    await lease.until(() => lease.closed);
    expect(fake.stderr).toContain('no answer to `version` for 2');
  });

  it('kills an ExaBGP that froze, also when the launcher between them is gone', async () => {
    const { fake, lease } = await announced();
    const launcher = processStat(guardOf(lease).pid)?.parent ?? 0;
    process.kill(fake.identity?.pid ?? 0, 'SIGSTOP');
    process.kill(launcher, 'SIGKILL');
    await fake.until(() => !fake.alive);
    expect(fake.stderr).not.toContain('cannot be killed');
  });

  it('kills an ExaBGP that does not read: a full pipe does not stop the guard', async () => {
    const { fake, lease } = await announced();
    if (fake.identity === undefined) throw new Error('no identity');
    process.kill(fake.identity.pid, 'SIGSTOP');
    const announcements = Array.from({ length: 4000 }, (__, n) => ({
      prefix: `10.${n >> 8}.${n & 255}.0/24`,
      nextHop: 'self',
      communities: Array.from({ length: 16 }, (___, value) => `65001:${10_000 + value}`),
    }));
    lease.send({ type: 'set', generation: 2, evidence: monotonic(), announcements });
    await fake.until(() => !fake.alive);
    expect(fake.alive).toBe(false);
  });
});
