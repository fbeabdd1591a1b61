import { readFileSync } from 'node:fs';
import { LabError } from '../lab-error.ts';
import type { SessionsReport } from './report.ts';

export type MeasuredReport = SessionsReport & { readonly dataplane: string };

/** What `exercise --json` wrote. @throws LabError if this file is none of it */
export function readReport(file: string): MeasuredReport {
  let report: unknown;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LabError('LAB_ARGUMENT', `${file} cannot be read: ${why}`);
  }
  if (isReport(report)) return report;
  throw new LabError(
    'LAB_ARGUMENT',
    `${file} is no report of \`exercise\`: it has no "summary" with the "bounds" of each exercise, and no "runs"`,
  );
}

function isReport(report: unknown): report is MeasuredReport {
  if (typeof report !== 'object' || report === null) return false;
  const { runs, summary } = report as Record<string, unknown>;
  return (
    Array.isArray(runs) &&
    Array.isArray(summary) &&
    summary.every((row: unknown) => typeof row === 'object' && row !== null && 'bounds' in row)
  );
}
