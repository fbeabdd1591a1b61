/** Whether work on the fleet may begin or go on: a yes or no for Ansible and for people. Pure. */
import type { FleetPolicy } from './better.ts';
import { mayDrain } from './drain-guard.ts';
import type { FleetReport, GatewayReport } from './report.ts';
import type { Member } from './view.ts';
import type { FleetPrefix, FleetWord } from './word.ts';

export type Gate = 'drain' | 'announced';

export interface GateQuestion {
  readonly gate: Gate;
  /** drain: this gateway without it; announced: all of them. */
  readonly gateway?: string | undefined;
  /** drain: fleet.minimum_others without it; announced: all gateways. */
  readonly minimum?: number | undefined;
}

export interface GateAnswer {
  /** 'unknown': asking again will not help. */
  readonly answer: 'open' | 'shut' | 'unknown';
  /** Why it is not open, one sentence each. */
  readonly reasons: readonly string[];
}

export function askGate(report: FleetReport, { gate, gateway, minimum }: GateQuestion): GateAnswer {
  const named = gateway ?? (gate === 'drain' ? report.gateway : undefined);
  const subject = report.gateways.find(({ name }) => name === named);
  if (named !== undefined && subject === undefined) {
    const known = report.gateways.map(({ name }) => name).join(', ');
    return {
      answer: 'unknown',
      reasons: [`no gateway is called ${JSON.stringify(named)}; there are: ${known}`],
    };
  }
  const reasons =
    gate === 'drain' && subject !== undefined
      ? drainObstacles(report, subject, minimum)
      : announcedObstacles(report, subject, minimum);
  return { answer: reasons.length === 0 ? 'open' : 'shut', reasons };
}

/** As the gateway itself would see it: everybody else, ourselves among them. */
function drainObstacles(report: FleetReport, subject: GatewayReport, minimum: number | undefined): string[] {
  if (!subject.here) return [unheard(subject)];
  const others = report.gateways.filter((each) => each !== subject);
  const policy: FleetPolicy = {
    maxAgeMs: 1,
    minimumOthers: minimum ?? report.minimum_others,
    members: others.map(({ name, capacity }) => ({ name, ...(capacity === null ? {} : { capacity }) })),
  };
  const members = new Map(others.map((each): [string, Member] => [each.name, memberOf(each)]));
  const own = {
    prefixes: subject.prefixes.map(({ prefix, side = 'outside' as const }) => ({ prefix, side })),
    ikeSas: subject.load.ike_sas ?? undefined,
  };
  const verdict = mayDrain({ members, settled: report.settled }, policy, own, 0);
  return verdict.ok ? [] : [...verdict.reasons];
}

/** The report has said who counts as there. */
const memberOf = (from: GatewayReport): Member =>
  from.here ? { name: from.name, heardAt: 0, word: wordOf(from) } : { name: from.name };

const wordOf = ({ name, version, state, prefixes, drain, load }: GatewayReport): FleetWord => ({
  gateway: name,
  version: version ?? '',
  state: state ?? 'unknown',
  prefixes,
  drain,
  load,
  set_up: {},
});

function announcedObstacles(
  { gateways }: FleetReport,
  subject: GatewayReport | undefined,
  minimum: number | undefined,
): string[] {
  const own = subject === undefined ? [] : announcesNotAll(subject);
  if (subject !== undefined && minimum === undefined) return own;
  const asked = minimum ?? gateways.length;
  const prefixes = new Set(
    (subject === undefined ? gateways : [subject]).flatMap((each) =>
      each.prefixes.flatMap(({ prefix, side }) => (side === 'inside' ? [] : [prefix])),
    ),
  );
  if (prefixes.size === 0 && subject === undefined) return ['no gateway says that it has any prefix'];
  const few = [...prefixes].flatMap((prefix) => {
    const missing = gateways.filter((each) => !announcesWell(each, prefix));
    const count = gateways.length - missing.length;
    if (count >= asked) return [];
    const who = missing.map((each) => `${each.name} ${whyNot(each, prefix)}`).join(', ');
    const rest = who === '' ? '; there are no more' : `: ${who}`;
    return [`${prefix}: ${count} gateways announce it well, ${asked} are asked for${rest}`];
  });
  return [...own, ...few];
}

function announcesNotAll(subject: GatewayReport): string[] {
  if (!subject.here) return [unheard(subject)];
  if (subject.prefixes.length === 0) return [`${subject.name} says that it has no prefix`];
  return subject.prefixes.flatMap(({ prefix }) =>
    announcesWell(subject, prefix) ? [] : [`${prefix}: ${subject.name} ${whyNot(subject, prefix)}`],
  );
}

const prefixOf = ({ prefixes }: GatewayReport, prefix: string): FleetPrefix | undefined =>
  prefixes.find((each) => each.prefix === prefix);

const announcesWell = (gateway: GatewayReport, prefix: string): boolean => whyNot(gateway, prefix) === '';

/** "" when it does. */
function whyNot(gateway: GatewayReport, prefix: string): string {
  if (!gateway.here) return 'is not heard of';
  if (gateway.drain !== null) return 'drains';
  const said = prefixOf(gateway, prefix);
  if (said === undefined) return 'does not have it';
  if (said.state !== 'announced') return `has it ${said.state}`;
  if (!said.acknowledged) return 'has not announced it yet';
  return said.class === null || said.class === 'advisory' ? '' : `has a check that fails (${said.class})`;
}

const unheard = ({ name, age_seconds: age, problem }: GatewayReport): string =>
  `${name} was not heard of ${age === null ? 'at all' : `for ${age} s`}${problem === undefined ? '' : `: ${problem}`}`;
