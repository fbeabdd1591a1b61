/**
 * A drain of 1,000 IKE_SAs, by redirect and by terminate: how long it takes, and how many logins the target sees in
 * its worst second, against `--rate`. Of swancast it is the link to charon, the dispatch and all of the sessions, with
 * their VICI connections; scripted are both charons and the clients between them (drain-charons.ts), whose round trips
 * differ, the guard, the router, and the fleet's word about the target.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { CharonLink } from '../../health/charon-link.ts';
import { openReader } from '../../health/vici/index.ts';
import type { Policy } from '../../sidecar/decision.ts';
import { monotonic } from '../../sidecar/monotonic.ts';
import { SessionsDesk } from '../../sidecar/sessions/desk.ts';
import { Sidecar } from '../../sidecar/sidecar.ts';
import { viewOf } from '../sidecar/fleet/member.fixture.ts';
import { POLICY } from '../sidecar/scenario.ts';
import type { Order, Word } from './drain-charons.ts';
import { atMost, targetLines, type Target } from './target.ts';

const IKE_SAS = 1000;
/** What the order says, and what the target has to be spared of. */
const RATE = 100;
const ORDERED_RATE = RATE;
const SECONDS = 15;
const GIVE_UP_MS = 60_000;
const LOOK_MS = 20;
/** From the set to the guard's report, and until the routers have changed their tables: about as in the lab. */
const ACKNOWLEDGED_MS = 15;
const ROUTED_MS = 65;
/** Traffic before anything happens. */
const BEFORE_MS = 2000;
const EVIDENCE_MS = 200;

type Move = 'redirect' | 'terminate';

interface Run {
  readonly move: Move;
  /** What of it happened in which order, seconds after the order. */
  readonly phases: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly logins: number;
  readonly most_logins_in_a_second: number;
  /** Logins that came back to the gateway that is drained. */
  readonly looped: number;
}

export interface DrainReport {
  readonly bench: 'drain';
  readonly ike_sas: number;
  readonly rate_per_second: number;
  readonly runs: readonly Run[];
  readonly targets: readonly Target[];
}

export async function benchDrain(): Promise<DrainReport> {
  const runs = [await drained('redirect'), await drained('terminate')];
  const targets = runs.flatMap(({ move, seconds, logins, most_logins_in_a_second: most, looped }) => [
    atMost(`${move}: the whole drain`, seconds, SECONDS, 's'),
    atMost(`${move}: logins at the target in its worst second`, most, RATE, ''),
    atMost(`${move}: clients that never came, or came twice`, Math.abs(IKE_SAS - logins), 0, ''),
    atMost(`${move}: clients that came back here`, looped, 0, ''),
  ]);
  process.stdout.write(
    `drain of ${IKE_SAS} IKE_SAs at --rate ${RATE}, scripted charons and clients\n` +
      runs.map(({ move, phases }) => `${move}: ${told(phases)}\n`).join('') +
      `\n${targetLines(targets)}`,
  );
  if (!targets.every(({ met }) => met)) process.exitCode = 1;
  return { bench: 'drain', ike_sas: IKE_SAS, rate_per_second: RATE, runs, targets };
}

const told = (phases: Run['phases']): string =>
  Object.entries(phases)
    .map(([phase, at]) => `${phase} ${at.toFixed(2)} s`)
    .join(', ');

async function drained(move: Move): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-bench-'));
  const world = new World(join(directory, 'gw1.vici'), join(directory, 'target.vici'));
  let gateway: Gateway | undefined;
  try {
    await world.hear('listening');
    const target = await openReader(world.target);
    let logins = 0;
    await target.subscribe(['ike-updown'], (_, { up }) => {
      if (up === 'yes') logins += 1;
    });
    gateway = new Gateway(world);
    await delay(BEFORE_MS);
    const { phases, seconds } = await gateway.drain(move);
    // The last ones are still on their way.
    await delay(1000);
    const { looped, arrivals } = await world.route(true);
    target.close();
    return { move, phases, seconds, logins, most_logins_in_a_second: mostInASecond(arrivals), looped };
  } finally {
    gateway?.close();
    await world.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function mostInASecond(times: readonly number[]): number {
  return times.reduce((most, from) => {
    const inIt = times.filter((at) => at >= from && at < from + 1000).length;
    return Math.max(most, inIt);
  }, 0);
}

/** The part of the daemon that has to do with sessions: no ExaBGP, checks that pass, a guard that acknowledges. */
class Gateway {
  readonly #link: CharonLink;
  readonly #sidecar: Sidecar;
  readonly #desk: SessionsDesk;
  readonly #evidence: NodeJS.Timeout;

  constructor(world: World) {
    const log = pino({ level: 'silent' });
    const { sessions } = POLICY;
    const anycast = POLICY.prefixes.map(({ prefix }) => prefix);
    const policy: Policy = {
      ...POLICY,
      sessions: { ...sessions, addresses: 'identity', anycast },
      fleet: { maxAgeMs: 60_000, minimumOthers: 1, members: [{ name: 'gw2', address: '10.1.2.2' }] },
    };
    const nothing = (): void => undefined;
    this.#link = new CharonLink({ path: world.first, now: monotonic, log });
    this.#sidecar = new Sidecar(
      policy,
      {
        set: (_, announcements) => this.#announce(world, announcements.length > 0),
        renew: nothing,
        pace: nothing,
        journal: nothing,
        forceEnded: nothing,
        askFleet: nothing,
        sessions: (effect) => this.#desk.run(effect),
      },
      monotonic,
    );
    this.#desk = new SessionsDesk({
      path: world.first,
      link: this.#link,
      sidecar: this.#sidecar,
      dispatch: (event) => this.#sidecar.dispatch(event),
      keepDrain: async () => Promise.resolve(),
      onChange: nothing,
      clock: () => ({ now: monotonic(), time: Date.now() }),
      log,
    });
    this.#desk.start();
    this.#link.start();
    this.#sidecar.dispatch({ type: 'fleet', view: viewOf({ gw2: { heardAt: monotonic() } }) });
    this.#report();
    this.#evidence = setInterval(() => {
      for (const check of policy.checks.keys())
        this.#sidecar.dispatch({ type: 'result', result: { check, verdict: 'pass', at: monotonic() } });
    }, EVIDENCE_MS);
  }

  async drain(move: Move): Promise<Pick<Run, 'phases' | 'seconds'>> {
    const from = monotonic();
    const phases: Record<string, number> = {};
    // As in a shutdown of the host: nobody probes a target that is not there.
    const order = { who: 'bench', reason: 'bench', move, rate: ORDERED_RATE, shutdown: true };
    const outcome = await this.#desk.drain(order);
    if ('refused' in outcome) throw new Error(`the drain is refused: ${outcome.why}`);
    for (;;) {
      const { drain } = this.#desk.status();
      if (drain === null) throw new Error('the drain ended by itself');
      const seconds = (monotonic() - from) / 1000;
      phases[drain.phase] ??= Math.round(seconds * 100) / 100;
      if (drain.phase === 'done') {
        if (drain.timed_out) throw new Error(`${drain.left.length} were left`);
        return { phases, seconds };
      }
      if (seconds * 1000 > GIVE_UP_MS) {
        throw new Error(`not done after ${GIVE_UP_MS} ms: ${drain.phase}, ${drain.sessions.here} are here`);
      }
      await delay(LOOK_MS);
    }
  }

  close(): void {
    clearInterval(this.#evidence);
    this.#desk.close();
    this.#sidecar.close();
    this.#link.close();
  }

  #announce(world: World, isAnnounced: boolean): void {
    setTimeout(() => this.#report(), ACKNOWLEDGED_MS);
    setTimeout(() => void world.route(!isAnnounced), ROUTED_MS);
  }

  #report(): void {
    const { generation, announcements: desired } = this.#sidecar.state;
    const acknowledged = desired.map(({ prefix }) => prefix);
    const lease = desired.length === 0 ? 'none' : 'held';
    const report = { generation, lease, desired, acknowledged, neighbors: {}, reasons: {} } as const;
    this.#sidecar.dispatch({ type: 'lease', report });
  }
}

/** The process of drain-charons.ts. */
class World {
  readonly first: string;
  readonly target: string;
  readonly #child: ChildProcess;

  constructor(first: string, target: string) {
    this.first = first;
    this.target = target;
    const program = fileURLToPath(new URL('drain-charons.ts', import.meta.url));
    this.#child = fork(program, [first, target, String(IKE_SAS)], { execArgv: [] });
  }

  /** The anycast route leads elsewhere, or here. */
  route(away: boolean): Promise<Extract<Word, { said: 'routed' }>> {
    const heard = this.hear('routed');
    const order: Order = { do: 'route', away };
    this.#child.send(order);
    return heard;
  }

  async hear<S extends Word['said']>(said: S): Promise<Extract<Word, { said: S }>> {
    return new Promise((resolve, reject) => {
      const hear = (word: unknown): void => {
        if ((word as Word).said !== said) return;
        this.#child.off('message', hear).off('exit', ended);
        resolve(word as Extract<Word, { said: S }>);
      };
      const ended = (): void => reject(new Error('the charons of the bench ended by themselves'));
      this.#child.on('message', hear).on('exit', ended);
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }
}
