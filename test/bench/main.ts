/**
 * DOC: benches, one at a time by name: `npm run -s bench -- NAME [--json FILE]`.
 *   vici   decoding a list-sas of 10,000 IKE_SAs      vici.ts, vici-charon.ts (the other process)
 *   storm  5,000 IKE_SAs a second come or go          storm.ts, crowd-charon.ts (the other process)
 *   sas    10,000 clients at rest                     sas.ts, crowd-net.ts (two real charons), crowd-probe.ts
 *   routes 100 prefixes to 4 routers, with ExaBGP     routes.ts, routes-net.ts, routes-listeners.ts (the routers)
 *   drain  1,000 clients that are moved               drain.ts, drain-charons.ts (both charons, and the clients)
 *   fleet  asking 50 gateways                         fleet.ts, fleet-peers.ts (the others)
 * Storm and sas run a sidecar (gateway.ts) with a witness on its lease socket (lease-witness.ts), and print their
 * figures against the targets (target.ts); one that is missed fails no test. For drain it is exit code 1: the bounds
 * are of the pace and of timers, with room for a busy machine.
 * Each prints a small table, gives its runs as JSON with --json, and exits 1 when a round failed.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchDrain } from './drain.ts';
import { benchRoutes } from './routes.ts';
import { benchFleet } from './fleet.ts';
import { benchSas } from './sas.ts';
import { benchStorm } from './storm.ts';
import { benchVici } from './vici.ts';

/** A bench writes its table to stdout and resolves with what --json writes; it rejects when a round fails. */
type Bench = () => Promise<object>;

const BENCHES: Readonly<Record<string, Bench>> = {
  drain: benchDrain,
  routes: benchRoutes,
  fleet: benchFleet,
  sas: benchSas,
  storm: benchStorm,
  vici: benchVici,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const name = positionals[0] ?? '';
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  process.stderr.write(`bench: "${name}" is none of ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  try {
    const report = await bench();
    if (values.json !== undefined) {
      await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
    }
  } catch (error) {
    process.stderr.write(
      `bench ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}
