/**
 * `page.ts REPORT...`: writes the measured table of README.md, "What your clients see", from the JSON reports of
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
const PICTURE_LINE = `![the outage of each client, on a logarithmic scale; the figures are in the table below](${PICTURE})`;
const PLACE = /(<!-- measured: clients -->\n)[^]*?(<!-- end -->)/u;

/** README with the table of these reports. @throws RangeError if it has no place for it */
export function withPage(readme: string, reports: readonly MeasuredReport[]): string {
  if (!PLACE.test(readme)) throw new RangeError('README.md has no place for "measured: clients"');
  const page =
    reports.length === 0 ? [] : [PICTURE_LINE, '', ...tableOf(reports), '', ...commandsOf(reports)];
  return readme.replace(PLACE, (_, start: string, end: string) => `${start}\n${page.join('\n')}\n\n${end}`);
}

const HEAD = [
  'what happens',
  'clients',
  'outage: median / p99 / longest',
  'packets lost: the same',
  'session',
  'promised',
] as const;

interface Measured {
  readonly report: MeasuredReport;
  readonly row: SummaryRow;
}

/** Of what stands in several reports, the one with the most runs; beside each other what differs in its clients alone. */
function tableOf(reports: readonly MeasuredReport[]): string[] {
  const all = reports.flatMap((report) => report.summary.map((row): Measured => ({ report, row })));
  const best = new Map<string, Measured>();
  for (const each of all) {
    const key = `${titleOf({ name: each.row.exercise, variant: each.row.variant })}, ${whoOf(each.report)}`;
    const known = best.get(key);
    if (known === undefined || known.row.runs < each.row.runs) best.set(key, each);
  }
  const byTitle = Map.groupBy(best.values(), ({ row }) =>
    titleOf({ name: row.exercise, variant: row.variant }),
  );
  const rows = [...byTitle.values()].flat();
  return [line(HEAD), `|${'---|'.repeat(HEAD.length)}`, ...rows.map((each) => line(cellsOf(each)))];
}

function commandsOf(reports: readonly MeasuredReport[]): string[] {
  const commands = reports.map((report) => {
    const { dataplane, router, clients, talkers, versions } = report;
    const name = /[ +]/u.test(report.exercise) ? `"${report.exercise}"` : report.exercise;
    const count =
      clients === 20 ? '' : ` --clients ${clients}${talkers === clients ? '' : ` --talkers ${talkers}`}`;
    const esp = dataplane === 'kernel' ? 'kernel ESP, in an emulated machine' : 'ESP by kernel-libipsec';
    const where = dataplane === 'kernel' ? ' --dataplane kernel' : '';
    return `- \`npm run -s lab -- exercise ${name} --runs ${runsOf(report)}${count}${where}\`: ${esp}, strongSwan ${versions['strongswan'] ?? '?'}, ${router}`;
  });
  return [
    'Measured by these; of what several of them did, the one with the most runs is shown:',
    '',
    ...commands,
  ];
}

const runsOf = ({ summary }: MeasuredReport): number => Math.max(...summary.map(({ runs }) => runs));

const whoOf = ({ clients, talkers }: MeasuredReport): string =>
  talkers === clients ? String(clients) : `${clients}, ${talkers} of them with traffic`;

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function cellsOf({ report, row }: Measured): string[] {
  const { client_gap_ms: gap, lost } = row;
  const name = titleOf({ name: row.exercise, variant: row.variant });
  return [
    `**${name}**: ${row.shows}`,
    `${whoOf(report)}; ${row.runs} ${row.runs === 1 ? 'run' : 'runs'}`,
    gap === undefined ? '-' : timesText([gap.p50, gap.p99, gap.max]),
    lost === undefined ? '-' : [lost.p50, lost.p99, lost.max].map(figureText).join(' / '),
    sessionShare(row),
    promise(row),
  ];
}

/** In one unit. null is what JSON makes of an outage without an end. */
function timesText(times: readonly (number | null)[]): string {
  const inSeconds = times.some((ms) => ms !== null && Number.isFinite(ms) && ms >= 1000);
  const text = (ms: number | null): string => {
    if (ms === null || !Number.isFinite(ms)) return 'no end';
    return inSeconds ? (ms / 1000).toFixed(1) : figureText(ms);
  };
  return `${times.map(text).join(' / ')} ${inSeconds ? 's' : 'ms'}`;
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
      const what = metric === 'lost' ? `${atMost} packet each` : timesText([atMost]);
      return `${of === 'max' ? '' : `${of} `}≤ ${what}${met ? '' : ' (**missed**)'}`;
    })
    .join(', ');
}

if (import.meta.main) {
  const reports = process.argv.slice(2).map(readReport);
  writeFileSync(join(ROOT, PICTURE), await plotOf(reports.slice(0, 1)));
  writeFileSync(README, withPage(readFileSync(README, 'utf8'), reports));
}
