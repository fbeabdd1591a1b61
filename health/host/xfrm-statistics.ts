/** The kernel's counters of IPsec errors (kernel documentation, networking/xfrm_proc). */
import { join } from 'node:path';
import { kernelText } from './kernel-file.ts';

/** Counter name as in the file ("XfrmInNoStates") → packets since boot, in this network namespace. */
export type XfrmStatistics = Readonly<Record<string, number>>;

/** Undefined when the kernel has none (CONFIG_XFRM_STATISTICS). */
export function readXfrmStatistics(proc = '/proc'): XfrmStatistics | undefined {
  const text = kernelText(join(proc, 'net/xfrm_stat'));
  const counters = text === undefined ? {} : parseXfrmStatistics(text);
  return Object.keys(counters).length === 0 ? undefined : counters;
}

/** Lines of "XfrmInNoStates <tab> 0". Pure. */
export const parseXfrmStatistics = (text: string): XfrmStatistics =>
  Object.fromEntries(
    [...text.matchAll(/^(Xfrm\w+)\s+(\d+)\s*$/gm)].map(([, name = '', count]) => [name, Number(count)]),
  );
