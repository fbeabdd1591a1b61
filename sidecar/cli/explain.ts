/** `swancast explain`: why each prefix is in its state, what to do, what would change it. For 3 a.m. */
import { duration } from '../duration.ts';
import type { PrefixStatus } from '../prefix-status.ts';
import type { Status } from '../status.ts';
import type { Trouble } from '../trouble.ts';
import { askStatus } from './fetch-status.ts';
import { BEATEN } from './force.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import { routeWord, stateWord } from './status.ts';

export async function explain(options: SocketOptions, surroundings: Surroundings): Promise<number> {
  const answer = await askStatus(options, surroundings);
  if (typeof answer === 'number') return answer;
  if (options.json === true) printJson(surroundings.output, explanation(answer));
  else surroundings.output.out(explainText(answer));
  return EXIT.ok;
}

const HISTORY = 3;

/** What `--json` prints: the part of the status that says why. Pure. */
export const explanation = ({ gateway, state, prefixes, bgp, journal }: Status): object => ({
  gateway,
  state,
  prefixes: prefixes.map((each) => ({
    ...each,
    hints: hints(each, bgp),
    history: journal.filter(({ prefix }) => prefix === each.prefix).slice(-HISTORY),
  })),
});

/** Pure. */
export function explainText({ gateway, state, prefixes, bgp, journal }: Status): string {
  const blocks = prefixes.map((each) => {
    const rows: [label: string, text: string][] = [
      ['why', `${each.sentence} (${each.reason}${each.check === undefined ? '' : `, check ${each.check}`})`],
      ...forcedRows(each),
      ...(each.entered_by === undefined || each.entered_by.reason === each.reason
        ? []
        : [['began', `${each.entered_by.sentence} (${each.entered_by.reason})`] as [string, string]]),
      ...causeRows(each),
      ...(each.value === undefined || each.forced?.in_effect === true
        ? []
        : [['seen', each.value] as [string, string]]),
      ...each.consequences.map((trouble): [string, string] => ['so', troubleText(trouble)]),
      ...each.also.map((trouble): [string, string] => ['also', troubleText(trouble)]),
      ...flapRows(each),
      ...(each.way_out === '' ? [] : [['do', each.way_out] as [string, string]]),
      ...hints(each, bgp).map((text): [string, string] => ['note', text]),
      ...each.next.map((text): [string, string] => ['next', text]),
      ...journal
        .filter(({ prefix }) => prefix === each.prefix)
        .slice(-HISTORY)
        .map(({ time, from, to, reason }): [string, string] => ['was', `${time} ${from} → ${to}: ${reason}`]),
    ];
    const lines = rows.map(([label, text], index) => {
      const shown = rows[index - 1]?.[0] === label ? '' : label;
      return `  ${shown.padEnd(5)} ${text}`;
    });
    const head = `${each.prefix} is ${stateWord(each)} since ${duration(each.since_seconds)}, route ${routeWord(each)}`;
    return [head, ...lines].join('\n');
  });
  return `${[`${gateway} is ${state}`, ...blocks].join('\n\n')}\n`;
}

/** One check under the cause, or beside it: never as loud as the cause itself. */
function troubleText({ check, reason, class: level, sentence, value, depends_on: on }: Trouble): string {
  // Of a check that knows nothing because of another one the sentence says no more than the token.
  if (on !== undefined && reason === 'cause-unknown') return `${check} knows nothing, it depends on ${on}`;
  const seen = value === undefined ? '' : `: ${value}`;
  const standing = on === undefined ? `${reason}, ${level}` : `${reason}, depends on ${on}`;
  return `${check}: ${sentence} (${standing})${seen}`;
}

/** What really fails, where the state has a reason of its own; and who is better off. */
function causeRows({ cause, better }: PrefixStatus): [label: string, text: string][] {
  const rows: [string, string][] = [];
  if (cause !== undefined) {
    const { sentence, reason, class: level, check } = cause;
    const where = check === undefined ? '' : `, check ${check}`;
    rows.push(['cause', `${sentence} (${reason}, ${level}${where})`]);
    if (cause.way_out !== '') rows.push(['mend', cause.way_out]);
  }
  if (better !== undefined) rows.push(['fleet', `${better} announces it and is better off`]);
  return rows;
}

/** How often it stepped down of late, and what that costs it now. */
function flapRows(each: PrefixStatus): [label: string, text: string][] {
  const { step_downs: downs, flap_limit: limit, hold_down_seconds: left, flap_hold_seconds: held } = each;
  const rows: [string, string][] = [];
  if (downs > 1 || held > 0) {
    const of = limit === 0 ? '' : ` of ${limit} that begin a flap hold`;
    const wait = left > 0 ? `; hold-down: ${duration(left)} left` : '';
    rows.push(['flaps', `${downs} steps down of late${of}${wait}`]);
  }
  if (held > 0) {
    rows.push([
      'hold',
      `at best degraded for ${duration(held)}, or until \`swancast release ${each.prefix}\``,
    ]);
  }
  return rows;
}

/** The order, and what the checks would do without it. */
function forcedRows({ forced }: PrefixStatus): [label: string, text: string][] {
  if (forced === undefined) return [];
  const { verb, who, reason, until, remaining_seconds: left, checks } = forced;
  return [
    ['force', `${verb}, by ${who}, ${duration(left)} left (until ${until}): ${reason}`],
    forced.in_effect
      ? ['else', `the checks would have it ${checks.state}: ${checks.sentence} (${checks.reason})`]
      : ['force', BEATEN],
  ];
}

/** What an operator is to know about it. See also the warning in the log. */
const GRACEFUL_RESTART =
  'graceful restart is in force, so this router keeps our routes when ExaBGP dies: switch it off on the router';

/** What stands between our wish and the routers; never the reason of the state itself. */
function hints({ desired, acknowledged }: PrefixStatus, bgp: Status['bgp']): string[] {
  const sessions = Object.entries(bgp.neighbors);
  const found: string[] = [];
  if (!bgp.guard_connected)
    found.push(bgp.guard_problem ?? 'no guard answers on the lease socket: is ExaBGP running? see the log');
  else if (desired !== acknowledged) found.push('ExaBGP has not acknowledged this yet');
  if (desired && sessions.length > 0 && sessions.every(([, session]) => session !== 'up')) {
    found.push('no BGP session is up, so no router hears of it: check addresses, AS numbers and port 179');
  }
  if (desired) {
    for (const [address, seen] of Object.entries(bgp.neighbor_reasons)) {
      const state = bgp.neighbors[address] ?? 'down';
      // Advice names its neighbor itself.
      found.push(seen.includes(address) ? seen : `the session with ${address} is ${state}: ${seen}`);
    }
    for (const address of bgp.graceful_restart) found.push(`${address}: ${GRACEFUL_RESTART}`);
  }
  return found;
}
