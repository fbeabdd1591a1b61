/** What charon itself counts, for metrics. Pure. */
import type { SaCount } from '../health/sa-book.ts';
import type { Snapshot } from '../health/charon.ts';
import type { MetricsSource } from './metrics.ts';

/** Undefined while charon does not answer. */
export function countedSas(
  snapshot: Snapshot | undefined,
  count: SaCount | undefined,
): ReturnType<MetricsSource['sas']> {
  const ikeSas = snapshot?.stats.ikeSas;
  return ikeSas && { ikeSas: ikeSas.total, halfOpen: ikeSas.halfOpen, childSas: count?.childSas };
}
