/**
 * Who encrypts in this lab: the kernel, or charon itself by its plugin kernel-libipsec, for kernels without ESP. The
 * virtual machine (vm/main.ts) has the first and says so by the environment, which the whole lab process shares.
 */
export type Dataplane = 'kernel' | 'libipsec';
export const DATAPLANES: readonly Dataplane[] = ['libipsec', 'kernel'];

export const DATAPLANE_VARIABLE = 'LAB_DATAPLANE';
export const PATIENCE_VARIABLE = 'LAB_PATIENCE';

/** @param env of the process */
export function dataplaneOf(env: Readonly<Record<string, string | undefined>> = process.env): Dataplane {
  return env[DATAPLANE_VARIABLE] === 'kernel' ? 'kernel' : 'libipsec';
}

/**
 * How long to wait for something before it counts as not having come, on this machine: an emulated one is slow. Only for the lab's own waits; a bound that is judged or reported is never stretched.
 */
export function patient(ms: number, env: Readonly<Record<string, string | undefined>> = process.env): number {
  const factor = Number(env[PATIENCE_VARIABLE] ?? 1);
  return Number.isFinite(factor) && factor >= 1 ? ms * factor : ms;
}
