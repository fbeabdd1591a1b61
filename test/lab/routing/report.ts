/** The rows of `lab routing` as a table. Pure. */
import { columns } from '../columns.ts';
import type { RoutingRow } from './trial.ts';

const HEAD = ['trial', 'ok', 'figures'] as const;

export function formatRows(rows: readonly RoutingRow[]): string {
  const cells = rows.map(({ trial, figures, ok, skipped }) => [
    trial,
    skipped === undefined ? (ok ? 'ok' : 'FAILED') : 'skipped',
    Object.entries(figures)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  ]);
  const said = rows.flatMap(({ trial, shows, skipped, error }) => {
    if (skipped !== undefined) return [`skipped: ${trial}: ${skipped}`];
    return error === undefined ? [] : [`FAILED: ${trial} (${shows}): ${error}`];
  });
  return [columns([HEAD, ...cells]), ...said].join('\n');
}
