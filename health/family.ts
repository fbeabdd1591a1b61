/**
 * Which address family a check speaks for, read off its limits: a broken IPv6 path must not touch the IPv4
 * prefixes, nor the other way round. What names no address, or addresses of both families, speaks for both.
 */
export type Family = 4 | 6;

/** How a type of check tells its family; see CheckType.family. The limits are those that the check gets. */
export type FamilyOf<Limits> = (limits: Limits) => Family | undefined;

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Of a literal address, IPv6 with or without brackets; undefined for a name and for ''. */
export function familyOfHost(host: string): Family | undefined {
  if (host.includes(':')) return 6;
  return IPV4.test(host) ? 4 : undefined;
}

/** Of the host in a URL. */
export const familyOfUrl = (url: string): Family | undefined =>
  URL.canParse(url) ? familyOfHost(new URL(url).hostname) : undefined;

/** What all of them agree on; one that is of no family speaks for both, and so does none at all. */
export function commonFamily(families: readonly (Family | undefined)[]): Family | undefined {
  const [first] = families;
  return families.every((family) => family === first) ? first : undefined;
}
