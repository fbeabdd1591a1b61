/**
 * The routers of the bench `routes`, in a process of its own for another network namespace: each argument is an
 * address and an AS, "10.99.0.1,65000", where one of them listens on port 179. Says on stdout what they hear, one
 * JSON line for each UPDATE, see Heard.
 */
import { BgpListener } from '../fake/bgp-listener.ts';

export interface Heard {
  /** Monotonic milliseconds at which it came out of the socket. */
  readonly at: number;
  readonly router: string;
  readonly announced: readonly string[];
  /** The sign by which the states of a prefix differ here: MED and path length. */
  readonly words: string;
  readonly withdrawn: readonly string[];
}

const routers = await Promise.all(
  process.argv.slice(2).map(async (argument) => {
    const [address = '', as = ''] = argument.split(',');
    return { address, listener: await BgpListener.listen(address, Number(as), { port: 179 }) };
  }),
);
process.stdout.write('"listening"\n');

for (const { address, listener } of routers) void follow(address, listener);

async function follow(router: string, listener: BgpListener): Promise<void> {
  for (let seen = 0; ; seen = listener.updates.length) {
    await listener.until(() => listener.updates.length > seen);
    const lines = listener.updates.slice(seen).map(({ at, announced, withdrawn }): Heard => {
      const words = `med ${announced[0]?.med ?? '-'} path ${announced[0]?.asPath.join(' ') ?? '-'}`;
      return { at, router, announced: announced.map(({ prefix }) => prefix), words, withdrawn };
    });
    process.stdout.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
}
