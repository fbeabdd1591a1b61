/** Two views of the fleet, one after the other: where has a better path appeared in between? Pure. */

/** The part of the fleet's view that matters here; as in fleet/view.ts and fleet/word.ts. */
export interface PathView {
  readonly members: ReadonlyMap<string, { readonly word?: PathWord }>;
}
interface PathWord {
  readonly prefixes: readonly Path[];
}

/** One gateway's path to one prefix, ours as much as another's. */
export interface Path {
  readonly prefix: string;
  readonly state: string;
  readonly preference: number | null;
  readonly yielding: boolean;
}

export interface PathNews {
  readonly gateway: string;
  readonly prefix: string;
}

/**
 * A gateway that was not heard of before is no news: it may have announced all the while. One that fell silent and
 * is back is, as its word is kept until then. Nor is a path that the routers take only after ours: it leads nobody
 * away. `own`: our paths, as we announce them now.
 */
export function pathNews(before: PathView | undefined, after: PathView, own: readonly Path[]): PathNews[] {
  const news: PathNews[] = [];
  for (const [gateway, { word }] of after.members) {
    const known = before?.members.get(gateway)?.word;
    if (word === undefined || known === undefined) continue;
    for (const said of word.prefixes) {
      const past = known.prefixes.find(({ prefix }) => prefix === said.prefix);
      const ours = own.find(({ prefix }) => prefix === said.prefix);
      if (past === undefined || ours === undefined || rank(said) > rank(ours)) continue;
      if (rank(said) < rank(past)) news.push({ gateway, prefix: said.prefix });
    }
  }
  return news;
}

/** Lower is better for the routers. */
function rank({ state, preference, yielding }: Path): number {
  switch (state) {
    case 'announced':
    case 'adopted':
      return (yielding ? 100 : 0) + (preference ?? 0);
    case 'degraded':
      return 200;
    case 'draining':
      return 300;
    default:
      return 400;
  }
}
