/**
 * `page.ts REPORT...`: writes the measured table of README.md, "What your clients see", from the JSON reports of
 * `lab exercise`, and their picture. Between the marks there is nothing that a person wrote.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bestOf, clientsOf, type Measured } from './measured.ts';
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
  const page = [PICTURE_LINE, '', ...tableOf(bestOf(reports)), '', ...commandsOf(reports)];
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

function tableOf(all: readonly Measured[]): string[] {
  return [line(HEAD), `|${'---|'.repeat(HEAD.length)}`, ...all.map((each) => line(cellsOf(each, all)))];
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

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function cellsOf(measured: Measured, all: readonly Measured[]): string[] {
  const { row, title } = measured;
  const { client_gap_ms: gap, lost } = row;
  return [
    `**${title}**: ${row.shows}`,
    `${clientsOf(measured, all)}; ${row.runs} ${row.runs === 1 ? 'run' : 'runs'}`,
    gap === undefined ? '-' : timesText([gap.p50, gap.p99, gap.max]),
    lost === undefined ? '-' : [lost.p50, lost.p99, lost.max].map(figureText).join(' / '),
    sessionShare(row),
    promise(row),
  ];
}

/** "0 / 14 / 17 ms"; each with its unit where they differ. null is what JSON makes of an outage without an end. */
function timesText(times: readonly (number | null)[]): string {
  const texts = times.map((ms) => {
    if (ms === null || !Number.isFinite(ms)) return ['no end', ''] as const;
    return ms >= 1000 ? ([(ms / 1000).toFixed(1), ' s'] as const) : ([figureText(ms), ' ms'] as const);
  });
  const [unit = '', ...others] = new Set(texts.map((text) => text[1]));
  return others.length > 0
    ? texts.map((text) => text.join('')).join(' / ')
    : `${texts.map(([figure]) => figure).join(' / ')}${unit}`;
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
  if (reports.length === 0)
    throw new RangeError('page.ts REPORT...: without a report the page would be empty');
  writeFileSync(join(ROOT, PICTURE), await plotOf(bestOf(reports)));
  writeFileSync(README, withPage(readFileSync(README, 'utf8'), reports));
}
