/** `swancast fleet`: all gateways as this one hears them, and gates for those who work on them. */
import { duration } from '../duration.ts';
import { askGate, type Gate } from '../fleet/gate.ts';
import type { FleetReport, GatewayReport } from '../fleet/report.ts';
import type { FleetPrefix } from '../fleet/word.ts';
import { askDaemon, exchange } from './exchange.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import { table } from './table.ts';

export interface FleetOptions extends SocketOptions {
  readonly gate?: Gate;
  readonly gateway?: string;
  readonly minimum?: number;
}

/** Exit codes of a gate: GATE_EXITS in outcome.ts. */
export async function fleet(options: FleetOptions, surroundings: Surroundings): Promise<number> {
  const { output } = surroundings;
  const { gate, gateway, minimum, json } = options;
  if (gate === undefined && (gateway !== undefined || minimum !== undefined)) {
    output.err('--gateway and --minimum are for --gate drain or --gate announced\n');
    return EXIT.usage;
  }
  const report = await askDaemon(options, surroundings, (socket, signal) =>
    exchange(socket, { path: '/fleet' }, isReport, signal),
  );
  if (typeof report === 'number') {
    return gate !== undefined && report === EXIT.problem ? CANNOT_TELL : report;
  }
  if (gate === undefined) {
    if (json === true) printJson(output, report);
    else output.out(fleetText(report));
    return EXIT.ok;
  }
  const { answer, reasons } = askGate(report, { gate, gateway, minimum });
  if (json === true) printJson(output, { gate, answer, reasons });
  else for (const reason of reasons) output.err(`${reason}\n`);
  return { open: EXIT.ok, shut: EXIT.problem, unknown: CANNOT_TELL }[answer];
}

const CANNOT_TELL = 2;

/** Pure. */
export function fleetText({ gateway, settled, interval_seconds: interval, gateways }: FleetReport): string {
  const here = gateways.filter((each) => each.here).length;
  const heard = settled ? '' : ', not all of them asked yet';
  return `${[
    `${gateway} hears ${here} of ${gateways.length} gateways (itself included${heard}), asking each every ${duration(interval)}`,
    table(
      ['GATEWAY', 'STATE', 'HEARD', 'DRAIN', 'IKE_SAS', 'HALF-OPEN', 'CAPACITY', 'VERSION', 'DRIFT'],
      gateways.map((each) => [
        each.own ? `${each.name} *` : each.name,
        stateWord(each),
        heardWord(each),
        each.drain === null ? '-' : `${each.drain.who}: ${each.drain.reason}`,
        numberWord(each.load.ike_sas),
        numberWord(each.load.half_open),
        numberWord(each.capacity),
        each.version ?? '-',
        each.drift.topics.length === 0 ? '-' : each.drift.topics.join(','),
      ]),
    ),
    table(['PREFIX', 'GATEWAY', 'STATE', 'CLASS', 'PREFERENCE', 'ROUTE'], prefixRows(gateways)),
    ...notes(gateways),
  ].join('\n\n')}\n`;
}

const stateWord = ({ here, state }: GatewayReport): string =>
  here ? (state ?? '-') : state === null ? 'not heard' : `lost (${state})`;

const heardWord = ({ own, age_seconds: age }: GatewayReport): string =>
  own ? 'itself' : age === null ? 'never' : `${duration(age)} ago`;

const numberWord = (value: number | null): string => (value === null ? '-' : String(value));

/** By prefix, so that one look tells who has it. What a lost gateway said last is not worth a row. */
function prefixRows(gateways: readonly GatewayReport[]): string[][] {
  const heard = gateways.filter(({ here }) => here);
  const prefixes = new Set(heard.flatMap((each) => each.prefixes.map(({ prefix }) => prefix)));
  return [...prefixes].flatMap((prefix) =>
    heard
      .flatMap(({ name, prefixes: said }) => {
        const found = said.find((each) => each.prefix === prefix);
        return found === undefined ? [] : [{ name, found }];
      })
      .map(({ name, found }, index) => [
        index === 0 ? prefix : '',
        name,
        found.state,
        found.class ?? '-',
        preferenceWord(found),
        found.acknowledged ? 'announced' : 'withdrawn',
      ]),
  );
}

const preferenceWord = ({ preference, yielding }: FleetPrefix): string =>
  [preference === null ? '-' : String(preference), ...(yielding ? ['yielding'] : [])].join(' ');

function notes(gateways: readonly GatewayReport[]): string[] {
  const lines = gateways.flatMap(({ name, problem, drift }) => [
    ...(problem === undefined ? [] : [`${name}: ${problem}`]),
    ...drift.lines.map((line) => `drift: ${line}`),
  ]);
  return lines.length === 0 ? [] : [lines.join('\n')];
}

/** What the renderers stand on; the daemon is of another version now and then. */
function isReport(value: unknown): value is FleetReport {
  if (typeof value !== 'object' || value === null || !('gateways' in value)) return false;
  const { gateways } = value;
  return Array.isArray(gateways) && gateways.every(isGateway);
}

function isGateway(value: unknown): value is GatewayReport {
  if (typeof value !== 'object' || value === null) return false;
  const { name, prefixes, drift, load, drain } = value as Partial<Record<string, unknown>>;
  return (
    typeof name === 'string' &&
    Array.isArray(prefixes) &&
    typeof load === 'object' &&
    load !== null &&
    drain !== undefined &&
    typeof drift === 'object' &&
    drift !== null &&
    'topics' in drift &&
    'lines' in drift
  );
}
