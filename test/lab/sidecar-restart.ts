import { setTimeout as delay } from 'node:timers/promises';
import { strike, type Scene } from './fault.ts';
import { LabError } from './lab-error.ts';
import { hasEnded } from './process-identity.ts';
import { HANDOVER_SECONDS } from './sidecar-config.ts';

/** SIGUSR2, and a new sidecar as soon as the old one has ended, as `systemctl restart` does it. */
export async function restartSidecar(scene: Scene): Promise<void> {
  const { gateway } = scene;
  const sidecar = gateway.part('sidecar');
  strike(scene, 'sidecar', 'SIGUSR2');
  if (!(await hasEnded(sidecar, HANDOVER_SECONDS * 1000)))
    throw new LabError('LAB_DEADLINE', `expected: ${gateway.plan.name}'s swancast ends after SIGUSR2`);
  scene.lab.timeline.act(`starts ${gateway.plan.name}'s swancast again`);
  gateway.startSidecar();
}

/** Resolves when the lease is the new sidecar's: no longer that of the hand-over. */
export async function takenOver({ gateway, signal }: Scene): Promise<void> {
  const deadline = performance.now() + HANDOVER_SECONDS * 1000 + 1000;
  for (;;) {
    const status = await gateway.status(signal);
    if (status?.state === 'announced' && status.bgp.lease === 'held') return;
    if (performance.now() > deadline)
      throw new LabError(
        'LAB_DEADLINE',
        `expected within the hand-over: ${gateway.plan.name}'s new swancast holds the lease; seen: ${JSON.stringify(status?.bgp) ?? 'no answer'}`,
      );
    await delay(20, undefined, { signal });
  }
}
