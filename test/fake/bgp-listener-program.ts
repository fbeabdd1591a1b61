/**
 * A BGP neighbor in a process of its own, for another network namespace: listens on HOST PORT as AS, and says on
 * stdout what happens, one JSON line each with the monotonic time `at`: {"listening":true}, {"sessions":n},
 * {"closes":n}, {"announced":[…],"withdrawn":[…]}.
 */
import { BgpListener } from './bgp-listener.ts';
import { monotonic } from './lease-holder.ts';

const [host = '', port = '179', as = '65000'] = process.argv.slice(2);
const listener = await BgpListener.listen(host, Number(as), { port: Number(port) });
const say = (line: object): boolean =>
  process.stdout.write(`${JSON.stringify({ at: monotonic(), ...line })}\n`);
say({ listening: true });
let [updates, sessions, closes] = [0, 0, 0];
for (;;) {
  await listener.until(
    () =>
      listener.updates.length > updates || listener.sessions > sessions || listener.closes.length > closes,
  );
  if (listener.sessions > sessions) say({ sessions: (sessions = listener.sessions) });
  if (listener.closes.length > closes) say({ closes: (closes = listener.closes.length) });
  for (const { at, announced, withdrawn } of listener.updates.slice(updates)) {
    say({ at, announced: announced.map(({ prefix }) => prefix), withdrawn });
  }
  updates = listener.updates.length;
}
