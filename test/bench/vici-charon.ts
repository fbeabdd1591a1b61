/**
 * The charon of the bench, in its own process so that its cost is not counted: answers list-sas with
 * 10,000 IKE_SAs, built from a recorded one with other names, addresses and SPIs.
 * Arguments: socket path, number of IKE_SAs. Prints a line once it listens; ends when stdin does.
 */
import { FakeCharon } from '../fake/charon.ts';
import { listing } from './recorded.ts';

const [path = '', count = '0'] = process.argv.slice(2);
const raw = listing(Array.from({ length: Number(count) }, (_, n) => n + 1));

const charon = await FakeCharon.listen(path);
charon.on('list-sas', () => ({ raw }));
process.stdout.write(`${raw.length}\n`);
process.stdin.resume();
process.stdin.on('end', () => void charon.stop());
