/** `swancast status`: what is, as tables. */
import { duration } from '../duration.ts';
import type { Status } from '../status.ts';
import { leavingLines } from './drain-text.ts';
import { askStatus } from './fetch-status.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import { table } from './table.ts';

export async function status(options: SocketOptions, surroundings: Surroundings): Promise<number> {
  const answer = await askStatus(options, surroundings);
  if (typeof answer === 'number') return answer;
  if (options.json === true) printJson(surroundings.output, answer);
  else surroundings.output.out(statusText(answer));
  return EXIT.ok;
}

/** Pure. */
export function statusText({
  gateway,
  state,
  version,
  uptime_seconds: uptime,
  evidence_age_seconds: evidence,
  prefixes,
  checks,
  bgp,
  bfd,
  fleet,
  sessions,
  orders_obstacle: orders,
}: Status): string {
  const alive =
    evidence === null ? 'charon not proved alive yet' : `charon proved alive ${duration(evidence)} ago`;
  const guard = bgp.guard_connected
    ? `guard: connected, lease ${bgp.lease}, generation ${bgp.generation}`
    : `guard: not connected${bgp.guard_problem === undefined ? '' : `: ${bgp.guard_problem}`}`;
  return [
    `${gateway}: ${state} (swancast ${version}, up ${duration(uptime)}, ${alive})`,
    table(
      ['PREFIX', 'STATE', 'SINCE', 'ROUTE', 'REASON'],
      prefixes.map((each) => [
        each.prefix,
        stateWord(each),
        duration(each.since_seconds),
        routeWord(each),
        each.reason,
      ]),
    ),
    ...leavingLines(sessions),
    ...forcedTable(prefixes),
    ...flapTable(prefixes),
    table(
      ['CHECK', 'STATE', 'LAST', 'AGE', 'LEVEL', 'REASON', 'SEEN'],
      checks.map((each) => [
        each.name,
        each.up ? 'up' : 'down',
        each.verdict,
        each.age_seconds === undefined ? '-' : duration(each.age_seconds),
        `${each.level}/${each.rise + each.fall - 1}`,
        each.reason ?? '-',
        each.value ?? '-',
      ]),
    ),
    table(
      ['NEIGHBOR', 'SESSION', 'SEEN'],
      Object.entries(bgp.neighbors).map(([address, session]) => [
        address,
        session,
        bgp.neighbor_reasons[address] ?? (bgp.graceful_restart.includes(address) ? KEEPS_ROUTES : '-'),
      ]),
    ),
    ...(fleet === undefined ? [] : [fleetTable(fleet)]),
    ...(bfd === undefined ? [] : [table(['BFD PEER', 'SESSION'], Object.entries(bfd))]),
    ...(orders === undefined ? [] : [`WARNING: ${orders}`]),
    ...(bgp.redial_obstacle === undefined ? [] : [`WARNING: ${REDIAL_LATE}: ${bgp.redial_obstacle}`]),
    `${sessionsLine(sessions)}\n${guard}\n`,
  ].join('\n\n');
}

const sessionsLine = ({ anycast, pinned, other }: Status['sessions']): string =>
  `sessions: ${anycast} on anycast addresses, ${pinned} on our own, ${other} elsewhere`;

const REDIAL_LATE = 'a router that comes back may have to wait for up to a minute, as ExaBGP cannot be told';
const KEEPS_ROUTES = 'WARNING: graceful restart is on, it keeps our routes when ExaBGP dies';

/** Only while something is forced: nobody should have to look for it, or to look past it. */
function forcedTable(prefixes: Status['prefixes']): string[] {
  const rows = prefixes.flatMap(({ prefix, forced }) =>
    forced === undefined
      ? []
      : [
          [
            prefix,
            forced.verb,
            forced.in_effect ? 'yes' : 'no',
            duration(forced.remaining_seconds),
            forced.who,
            forced.reason,
          ],
        ],
  );
  return rows.length === 0 ? [] : [table(['FORCED', 'TO', 'IN EFFECT', 'LEFT', 'BY', 'REASON'], rows)];
}

/** Only those that are held down, or that have flapped more than once. */
function flapTable(prefixes: Status['prefixes']): string[] {
  const rows = prefixes.flatMap((each) => {
    const { prefix, step_downs: downs, flap_limit: limit, hold_down_seconds: left } = each;
    if (downs < 2 && each.flap_hold_seconds === 0) return [];
    const held = each.flap_hold_seconds === 0 ? '-' : duration(each.flap_hold_seconds);
    return [
      [prefix, limit === 0 ? `${downs}` : `${downs}/${limit}`, left === 0 ? '-' : duration(left), held],
    ];
  });
  return rows.length === 0 ? [] : [table(['FLAPPED', 'STEPS DOWN', 'HOLD-DOWN', 'FLAP HOLD'], rows)];
}

/** Who is heard; `swancast fleet` has the rest. */
const fleetTable = ({ members }: Exclude<Status['fleet'], undefined>): string =>
  table(
    ['OTHERS', 'STATE', 'HEARD', 'SEEN'],
    members.map(({ name, here, state, age_seconds: age, problem }) => [
      name,
      here ? (state ?? 'unknown') : 'not heard',
      age === null ? 'never' : `${duration(age)} ago`,
      problem ?? '-',
    ]),
  );

/** The state, and whether others come first in it. */
export const stateWord = ({ state, yielding }: { state: string; yielding: boolean }): string =>
  yielding ? `${state}, yielding` : state;

/** What we want of the route, and whether ExaBGP said done. */
export function routeWord({ desired, acknowledged }: { desired: boolean; acknowledged: boolean }): string {
  if (desired) return acknowledged ? 'announced' : 'to announce';
  return acknowledged ? 'to withdraw' : 'withdrawn';
}
