/** Several reports of `lab exercise` as one: what a table and a picture of all of them show. Pure. */
import { titleOf } from './exercise.ts';
import type { MeasuredReport } from './read-report.ts';
import type { SummaryRow } from './report.ts';

export interface Measured {
  readonly report: MeasuredReport;
  readonly row: SummaryRow;
  readonly title: string;
}

/**
 * Of what stands in several reports, the one with the most runs; what differs in clients, data plane or router stands
 * beside the other, in the order of the first of them.
 */
export function bestOf(reports: readonly MeasuredReport[]): Measured[] {
  const best = new Map<string, Measured>();
  for (const report of reports)
    for (const row of report.summary) {
      const title = titleOf({ name: row.exercise, variant: row.variant });
      const { clients, talkers, dataplane, router } = report;
      const key = JSON.stringify([title, clients, talkers, dataplane, router]);
      const known = best.get(key);
      if (known === undefined || known.row.runs < row.runs) best.set(key, { report, row, title });
    }
  return [...Map.groupBy(best.values(), ({ title }) => title).values()].flat();
}

/** "20", "300, 20 with traffic", and what else tells this one from the others that are shown. */
export function clientsOf({ report }: Measured, all: readonly Measured[]): string {
  const { clients, talkers, dataplane, router } = report;
  const who = talkers === clients ? String(clients) : `${clients}, ${talkers} with traffic`;
  const differs = (part: 'dataplane' | 'router'): boolean =>
    all.some((each) => each.report[part] !== report[part]);
  return [who, ...(differs('dataplane') ? [dataplane] : []), ...(differs('router') ? [router] : [])].join(
    ', ',
  );
}
