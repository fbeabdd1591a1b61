/**
 * The attributes of a prefix in each of its states: what the file says, and else what follows from the
 * preference and from the states before it. Pure.
 *
 * Four signs say the same thing (MED, prepend, local preference, community), because some routers ignore some
 * of them. By each sign a state is worse than the one before it, so that no router takes a degraded gateway for
 * the better one.
 */
import { PREPEND_MAXIMUM } from '../../bgp/announcement.ts';
import { addressText } from './address.ts';
import { communityText, WELL_KNOWN } from './community.ts';
import type { Preference, RouteConfig, RouteState } from './config.ts';
import type { Values } from './key-spec.ts';
import type { PREFIX } from './schema-routes.ts';

/** What the file says of one state. */
type Given = Values<typeof PREFIX.sections.announced.keys>;

interface Circumstances {
  readonly preference: Preference | undefined;
  /** Ours, for the communities that show the preference. */
  readonly localAs: number;
  readonly nextHop: string;
  /** Whether any neighbor of the prefix takes a path with our AS in it more than once. */
  readonly canPrepend: boolean;
}

interface Signs {
  readonly med: number;
  readonly prepend: number;
  /** undefined: as in the state before. */
  readonly localPreference: number | undefined;
  /** The second half of the community that shows preference and state. */
  readonly marker: number | undefined;
}

const WITHOUT_PREFERENCE: Readonly<Record<RouteState, Signs>> = {
  announced: { med: 100, prepend: 0, localPreference: undefined, marker: undefined },
  yielding: { med: 500, prepend: 2, localPreference: undefined, marker: undefined },
  degraded: { med: 1000, prepend: 3, localPreference: undefined, marker: undefined },
  draining: { med: 10_000, prepend: 10, localPreference: 0, marker: undefined },
};

const signsOf = (preference: Preference): Readonly<Record<RouteState, Signs>> => ({
  announced: {
    med: 100 * preference,
    prepend: preference - 1,
    localPreference: 200 - 10 * preference,
    marker: 100 + preference,
  },
  // Behind every preference, whichever the gateway has that is there already.
  yielding: { med: 500, prepend: 4, localPreference: 150, marker: 105 },
  degraded: {
    med: 1000 + 100 * preference,
    prepend: 4 + preference,
    localPreference: 100 - 10 * preference,
    marker: 200 + preference,
  },
  draining: { med: 10_000, prepend: 10, localPreference: 0, marker: 300 },
});

/** The least distance of two states, where the file moves one of them. */
const MED_STEP = 100;
const UINT32 = 0xffffffff;

/** `given`: a state that the file leaves out has no key set. */
export function routesOf(
  given: Readonly<Record<RouteState, Given>>,
  circumstances: Circumstances,
): Readonly<Record<RouteState, RouteConfig>> {
  const { preference } = circumstances;
  const signs = preference === undefined ? WITHOUT_PREFERENCE : signsOf(preference);
  const route = (state: RouteState, before: RouteConfig | undefined): RouteConfig => ({
    nextHop: addressText(given[state].nextHop ?? '', 'any') ?? given[state].nextHop ?? circumstances.nextHop,
    ...ranks(given[state], signs[state], before, circumstances),
    ...communities(state, given, signs[state].marker, circumstances.localAs),
  });
  const announced = route('announced', undefined);
  const yielding = notBehind(route('yielding', announced), given, announced);
  const degraded = route('degraded', yielding);
  const draining = route('draining', degraded);
  return { announced, yielding, degraded, draining };
}

function ranks(
  given: Given,
  signs: Signs,
  before: RouteConfig | undefined,
  { preference, canPrepend }: Circumstances,
): Pick<RouteConfig, 'med' | 'prepend' | 'localPreference'> {
  const { med = -Infinity, prepend = -1, localPreference: earlier } = before ?? {};
  const step = preference === undefined ? 0 : 1;
  const bounded = Math.max(0, Math.min(signs.localPreference ?? Infinity, (earlier ?? Infinity) - step));
  const localPreference = given.localPreference ?? (Number.isFinite(bounded) ? bounded : undefined);
  return {
    med: given.med ?? Math.min(UINT32, Math.max(signs.med, med + MED_STEP)),
    ...(localPreference === undefined ? {} : { localPreference }),
    // A default must not make a configuration wrong: cannotPrepend() says why it may be impossible.
    prepend:
      given.prepend ?? (canPrepend ? Math.min(PREPEND_MAXIMUM, Math.max(signs.prepend, prepend + 1)) : 0),
  };
}

/** Nobody thinks of yielding who gives `degraded` attributes close to those of `announced`: it stays between them. */
function notBehind(
  yielding: RouteConfig,
  { yielding: own, degraded }: Readonly<Record<RouteState, Given>>,
  announced: RouteConfig,
): RouteConfig {
  const { med = 0, prepend = 0, localPreference } = yielding;
  const best = announced.localPreference ?? Infinity;
  return {
    ...yielding,
    med: own.med ?? Math.max(announced.med ?? 0, Math.min(med, degraded.med ?? med)),
    prepend: own.prepend ?? Math.min(prepend, Math.max(announced.prepend ?? 0, degraded.prepend ?? prepend)),
    ...(localPreference === undefined
      ? {}
      : {
          localPreference:
            own.localPreference ??
            Math.min(best, Math.max(localPreference, degraded.localPreference ?? localPreference)),
        }),
  };
}

/**
 * What the file gives for `announced` is inherited, because dropping no-export while degraded would leak the
 * route; the mark of the state comes on top of it.
 */
function communities(
  state: RouteState,
  given: Readonly<Record<RouteState, Given>>,
  marker: number | undefined,
  localAs: number,
): Pick<RouteConfig, 'communities' | 'largeCommunities' | 'extendedCommunities'> {
  const [own, inherited] = [given[state], given.announced];
  const isShort = localAs <= 0xffff;
  const mark = marker === undefined ? [] : [isShort ? `${localAs}:${marker}` : `${localAs}:0:${marker}`];
  const known = state === 'draining' ? [WELL_KNOWN['graceful-shutdown']] : [];
  const [short, large] = isShort ? [[...known, ...mark], []] : [known, mark];
  return {
    communities: unique((own.communities ?? [...(inherited.communities ?? []), ...short]).map(communityText)),
    largeCommunities: unique(own.largeCommunities ?? [...(inherited.largeCommunities ?? []), ...large]),
    extendedCommunities: own.extendedCommunities ?? inherited.extendedCommunities ?? [],
  };
}

const unique = (list: readonly string[]): readonly string[] => [...new Set(list)];
