/** Whether this gateway may drain: one at a time, and only where the others can do without it. Pure. */
import { isAnnounced, present, type FleetPolicy, type Present } from './better.ts';
import type { FleetView } from './view.ts';

export interface OwnPart {
  readonly prefixes: readonly { readonly prefix: string; readonly side: 'outside' | 'inside' }[];
  /** IKE_SAs that charon counts here; undefined = not known. */
  readonly ikeSas: number | undefined;
}

/** Why not, one sentence each, for a person; none: go ahead. */
export function mayDrain(
  view: FleetView | undefined,
  policy: FleetPolicy,
  own: OwnPart,
  now: number,
): { readonly ok: true } | { readonly ok: false; readonly reasons: readonly string[] } {
  if (view?.settled !== true) {
    return { ok: false, reasons: ['the other gateways were not all asked yet: try again in a moment'] };
  }
  const here = present(view, policy, now);
  const staying = here.filter(({ word }) => word.drain === null);
  const outside = own.prefixes.flatMap(({ prefix, side }) => (side === 'outside' ? [prefix] : []));
  const serving = staying.filter((each) => outside.some((prefix) => announcesWell(each, prefix)));
  const reasons = [
    ...here.flatMap(({ name, word: { drain } }) =>
      drain === null ? [] : [`${name} drains already, since ${drain.since} (${drain.who}: ${drain.reason})`],
    ),
    ...outside.flatMap((prefix) => tooFew(prefix, staying, policy)),
    ...tooSmall(serving, own.ikeSas),
  ];
  return reasons.length === 0 ? { ok: true } : { ok: false, reasons };
}

function tooFew(
  prefix: string,
  staying: readonly Present[],
  { minimumOthers, members }: FleetPolicy,
): string[] {
  const well = staying.filter((each) => announcesWell(each, prefix));
  if (well.length >= minimumOthers) return [];
  const who = well.length === 0 ? '' : ` (${well.map(({ name }) => name).join(', ')})`;
  const unheard = members.filter(({ name }) => !staying.some((each) => each.name === name));
  const rest = unheard.length === 0 ? '' : `; draining or not heard of: ${names(unheard)}`;
  const ill = staying.filter((each) => !well.includes(each)).map((each) => howIll(each, prefix));
  const why = ill.length === 0 ? '' : `; not well: ${ill.join(', ')}`;
  return [
    `${prefix}: ${well.length} of the other gateways announce it well${who}, and fleet.minimum_others asks for ${minimumOthers}${why}${rest}`,
  ];
}

function howIll({ name, word }: Present, prefix: string): string {
  const said = word.prefixes.find((each) => each.prefix === prefix);
  if (said === undefined) return `${name} (does not have it)`;
  const { state, class: level, acknowledged } = said;
  const silent = acknowledged || state === 'withdrawn' || state === 'cold' ? [] : ['not acknowledged'];
  return `${name} (${[state, ...(level === null ? [] : [level]), ...silent].join(', ')})`;
}

function announcesWell({ word }: Present, prefix: string): boolean {
  const said = word.prefixes.find((each) => each.prefix === prefix);
  if (said === undefined || !isAnnounced(said) || said.state === 'degraded') return false;
  return said.class === null || said.class === 'advisory';
}

const names = (members: readonly { readonly name: string }[]): string =>
  members.map(({ name }) => name).join(', ');

/** N-1. Where one that would take over has no capacity in the configuration, there is nothing to reckon with. */
function tooSmall(serving: readonly Present[], ours: number | undefined): string[] {
  const capacities = serving.flatMap(({ member: { capacity } }) =>
    capacity === undefined ? [] : [capacity],
  );
  if (serving.length === 0 || capacities.length < serving.length) return [];
  if (ours === undefined) return ['how many IKE_SAs would have to move is not known, as charon does not say'];
  const silent = serving.filter(({ word }) => word.load.ike_sas === null);
  if (silent.length > 0) return [`how many IKE_SAs ${names(silent)} carries is not known`];
  const room = sum(capacities);
  const load = sum(serving.map(({ word }) => word.load.ike_sas ?? 0)) + ours;
  if (load <= room) return [];
  return [
    `${names(serving)} can carry ${room} IKE_SAs together, and would have ${load} with the ${ours} of this gateway`,
  ];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
