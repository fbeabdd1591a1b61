/**
 * `page.ts REPORT...`: writes the measured tables of README.md, "What your clients see", from the JSON reports of
 * `lab exercise`, and the picture of the first of them. Between the marks there is nothing that a person wrote.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { titleOf } from './exercise.ts';
import { plotOf } from './plot.ts';
import { readReport, type MeasuredReport } from './read-report.ts';
import { figureText, sessionText, type SummaryRow } from './report.ts';

const ROOT = join(import.meta.dirname, '../../..');
const README = join(ROOT, 'README.md');
const PICTURE = 'test/lab/sessions/what-your-clients-see.svg';
const PLACE = /(<!-- measured: clients -->\n)[^]*?(<!-- end -->)/u;

/** README with the tables of these reports. @throws RangeError if it has no place for them */
export function withPage(readme: string, reports: readonly MeasuredReport[]): string {
  if (!PLACE.test(readme)) throw new RangeError('README.md has no place for "measured: clients"');
  const picture = `![the outage of each client, on a logarithmic scale; the figures are in the table below](${PICTURE})`;
  const page = [...(reports.length > 0 ? [picture] : []), ...reports.map(tableOf)].join('\n\n');
  return readme.replace(PLACE, (_, start: string, end: string) => `${start}\n${page}\n\n${end}`);
}

const HEAD = ['what happens', 'outage: median (p99, longest)', 'lost', 'session', 'promised'] as const;

function tableOf(report: MeasuredReport): string {
  const { dataplane, router, clients, talkers, versions, summary } = report;
  const runs = Math.max(...summary.map((each) => each.runs));
  const who =
    talkers === clients ? `${clients} clients` : `${clients} clients, ${talkers} of them with traffic`;
  const esp = dataplane === 'kernel' ? 'kernel ESP, in an emulated machine' : 'ESP by kernel-libipsec';
  const where = dataplane === 'kernel' ? ' --dataplane kernel' : '';
  const count =
    clients === 20 ? '' : ` --clients ${clients}${talkers === clients ? '' : ` --talkers ${talkers}`}`;
  const name = /[ +]/u.test(report.exercise) ? `"${report.exercise}"` : report.exercise;
  return [
    `\`npm run -s lab -- exercise ${name} --runs ${runs}${count}${where}\`: ${who}, ${esp}, strongSwan ${versions['strongswan'] ?? '?'}, ${router}.`,
    '',
    line(HEAD),
    `|${'---|'.repeat(HEAD.length)}`,
    ...summary.map((row) => line(cellsOf(row))),
  ].join('\n');
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function cellsOf(row: SummaryRow): string[] {
  const { client_gap_ms: gap, lost } = row;
  const name = titleOf({ name: row.exercise, variant: row.variant });
  return [
    `**${name}**: ${row.shows}`,
    gap === undefined ? '-' : `${timeText(gap.p50)} (${timeText(gap.p99)}, ${timeText(gap.max)})`,
    lost === undefined ? '-' : `${figureText(lost.p50)} (${figureText(lost.p99)}, ${figureText(lost.max)})`,
    sessionShare(row),
    promise(row),
  ];
}

/** null is what JSON makes of an outage without an end. */
function timeText(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return 'no end';
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${figureText(ms)} ms`;
}

function sessionShare(row: SummaryRow): string {
  const { session, clients, tcp_kept: tcp = 0 } = row;
  if (session === undefined) return '-';
  const kept = session.kept + session['make-before-break'];
  const stream =
    tcp === clients ? ', TCP goes on' : tcp === 0 ? '' : `, TCP goes on for ${tcp} of ${clients}`;
  if (kept === clients) return `kept${stream}`;
  if (session.new === clients) return `new${stream}`;
  return `${sessionText(row)}${stream}`;
}

function promise({ bounds }: SummaryRow): string {
  const asked = bounds.filter(({ metric }) => metric !== 'session');
  if (asked.length === 0) return '-';
  return asked
    .map(({ metric, of, at_most: atMost, met }) => {
      const what = metric === 'lost' ? `${atMost} packet each` : timeText(atMost);
      return `${of === 'max' ? '' : `${of} `}≤ ${what}${met ? '' : ' (**missed**)'}`;
    })
    .join(', ');
}

if (import.meta.main) {
  const reports = process.argv.slice(2).map(readReport);
  writeFileSync(join(ROOT, PICTURE), await plotOf(reports.slice(0, 1)));
  writeFileSync(README, withPage(readFileSync(README, 'utf8'), reports));
}
