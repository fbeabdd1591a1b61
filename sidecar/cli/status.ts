/** `swancast status`: what is, as tables. */
import type { Status } from '../status.ts';
import { askDaemon } from './fetch-status.ts';
import { EXIT, printJson } from './outcome.ts';
import type { SocketOptions, Surroundings } from './program.ts';
import { duration, table } from './table.ts';

export async function status(options: SocketOptions, surroundings: Surroundings): Promise<number> {
  const answer = await askDaemon(options, surroundings);
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
}: Status): string {
  const alive =
    evidence === null ? 'charon not proved alive yet' : `charon proved alive ${duration(evidence)} ago`;
  const guard = bgp.guard_connected
    ? `guard: connected, lease ${bgp.lease}, generation ${bgp.generation}`
    : 'guard: not connected';
  return [
    `${gateway}: ${state} (swancast ${version}, up ${duration(uptime)}, ${alive})`,
    table(
      ['PREFIX', 'STATE', 'SINCE', 'ROUTE', 'REASON'],
      prefixes.map((each) => [
        each.prefix,
        each.state,
        duration(each.since_seconds),
        routeWord(each),
        each.reason,
      ]),
    ),
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
    table(['NEIGHBOR', 'SESSION'], Object.entries(bgp.neighbors)),
    `${guard}\n`,
  ].join('\n\n');
}

/** What we want of the route, and whether ExaBGP said done. */
export function routeWord({ desired, acknowledged }: { desired: boolean; acknowledged: boolean }): string {
  if (desired) return acknowledged ? 'announced' : 'to announce';
  return acknowledged ? 'to withdraw' : 'withdrawn';
}
