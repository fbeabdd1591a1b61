/** The rows of `lab health` as a table, and which checks they leave out. Pure. */
import { CHECK_TYPES, type CheckTypeName } from '../../../health/registry.ts';
import { columns } from '../columns.ts';
import type { HealthRow } from './trial.ts';

const HEAD = ['check', 'cause', 'reason', 'seen_ms', 'decision', 'decided_ms', 'recovered_ms', 'ok'] as const;

export function formatRows(rows: readonly HealthRow[]): string {
  const cells = rows.map((row) => [
    row.check,
    row.cause,
    row.reason ?? '-',
    ms(row.seen_ms),
    row.decision ?? '-',
    ms(row.decided_ms),
    ms(row.recovered_ms),
    row.skipped === undefined ? (row.ok ? 'ok' : 'FAILED') : 'skipped',
  ]);
  const said = rows.flatMap(({ check, cause, skipped, error }) => {
    if (skipped !== undefined) return [`skipped: ${check}, ${cause}: ${skipped}`];
    return error === undefined ? [] : [`FAILED: ${check}, ${cause}: ${error}`];
  });
  return [columns([HEAD, ...cells]), ...said].join('\n');
}

const ms = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(0));

/** Types of checks without a row: a check that is never seen to fail is a defect. */
export function untried(tried: readonly { readonly type: CheckTypeName }[]): CheckTypeName[] {
  const types = new Set(tried.map(({ type }) => type));
  return (Object.keys(CHECK_TYPES) as CheckTypeName[]).filter((type) => !types.has(type));
}
