/**
 * Communities of the three kinds as a configuration writes them, checked so that ExaBGP takes each for what it says.
 *
 *   standard   65000:100             RFC 1997, two numbers of 16 bits
 *   large      65000:1:2             RFC 8092, three numbers of 32 bits
 *   extended   target:65000:100      RFC 4360 (AS of 16 bits, value of 32) and RFC 5668 (AS of 32, value of 16);
 *              origin:65000:100      ExaBGP 4.2 writes the IPv4 form with the wrong type, so it is refused
 */

/** A standard community, "65000:100". */
export type Community = string;
/** A large community, "65000:1:2". */
export type LargeCommunity = string;
/** An extended community, "target:65000:100" or "origin:65000:100". */
export type ExtendedCommunity = string;

/** Of each kind. */
export const COMMUNITIES_MAXIMUM = 64;

const UINT16 = 0xffff;
const UINT32 = 0xffffffff;

export interface CommunityLists {
  readonly communities?: readonly Community[];
  readonly largeCommunities?: readonly LargeCommunity[];
  readonly extendedCommunities?: readonly ExtendedCommunity[];
}

/** What is wrong with them, one sentence each. */
export const communityProblems = (lists: CommunityLists): string[] => [
  ...kindProblems('community', lists.communities ?? [], standardProblem),
  ...kindProblems('large community', lists.largeCommunities ?? [], largeProblem),
  ...kindProblems('extended community', lists.extendedCommunities ?? [], extendedProblem),
];

/** What is wrong with one value; undefined when it is well. */
type Judge = (value: string) => string | undefined;

function kindProblems(name: string, values: readonly string[], judge: Judge): string[] {
  const problems = values.flatMap((value) => {
    const problem = judge(value);
    return problem === undefined ? [] : [`${name} ${shown(value)}: ${problem}`];
  });
  if (values.length > COMMUNITIES_MAXIMUM) {
    problems.push(`${values.length} ${name} values: at most ${COMMUNITIES_MAXIMUM} expected`);
  }
  return problems;
}

const standardProblem: Judge = (value) =>
  areNumbers(value.split(':'), [UINT16, UINT16])
    ? undefined
    : `AS:VALUE expected, each a number from 0 to ${UINT16}`;

const largeProblem: Judge = (value) =>
  areNumbers(value.split(':'), [UINT32, UINT32, UINT32])
    ? undefined
    : `AS:VALUE:VALUE expected, each a number from 0 to ${UINT32}`;

function extendedProblem(value: string): string | undefined {
  const [kind, ...fields] = value.split(':');
  if ((kind !== 'target' && kind !== 'origin') || fields.length !== 2) {
    return 'target:AS:VALUE or origin:AS:VALUE expected';
  }
  if (!areNumbers(fields, [UINT32, UINT32])) {
    return `${kind}:AS:VALUE expected, each a number from 0 to ${UINT32}`;
  }
  if (Number(fields[0]) > UINT16 && Number(fields[1]) > UINT16) {
    return `a VALUE from 0 to ${UINT16} expected behind an AS above ${UINT16} (RFC 5668)`;
  }
  return undefined;
}

const areNumbers = (fields: readonly string[], maxima: readonly number[]): boolean =>
  fields.length === maxima.length &&
  fields.every((field, index) => /^\d{1,10}$/.test(field) && Number(field) <= (maxima[index] ?? 0));

const shown = (value: string): string => JSON.stringify(value).slice(0, 120);
