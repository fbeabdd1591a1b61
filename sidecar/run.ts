/**
 * The daemon: makes the parts of a configuration, wires them once, and takes them apart in the order that
 * serves the clients: withdraw (or hand over), wait for the word of the guard, then everything else.
 *
 *   SIGTERM, SIGINT  withdraw, stop           SIGUSR2  hand over to a successor, stop (see signals.ts)
 *   SIGHUP           read the configuration again
 */
import { Speaker } from '../bgp/speaker.ts';
import { CharonLink } from '../health/charon-link.ts';
import type { Check } from '../health/check.ts';
import { createChecks } from '../health/registry.ts';
import type { SaCount } from '../health/sa-book.ts';
import { Scheduler } from '../health/scheduler.ts';
import type { World } from '../health/world.ts';
import { BfdSessions } from './bfd-sessions.ts';
import { BreakGlass } from './break-glass.ts';
import { CheckDesk } from './check-desk.ts';
import type { Config } from './config/config.ts';
import { speakerOptions } from './exabgp-input.ts';
import { endHardLater } from './hard-end.ts';
import { FleetDesk } from './fleet/desk.ts';
import { flappedPrefixes } from './hear.ts';
import { hearSpeaker } from './hear-speaker.ts';
import { VERSION } from './installation.ts';
import { IntentFile } from './intent-file.ts';
import { Journal } from './journal.ts';
import { Listeners } from './listeners.ts';
import { lockIfOurs } from './lock.ts';
import { createLog, type Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { monotonic } from './monotonic.ts';
import { Obstacles } from './obstacles.ts';
import { policyOf } from './policy.ts';
import { rehearseDecision, rehearseLink } from './rehearsal.ts';
import { reloadPlan } from './reload.ts';
import { Sidecar } from './sidecar.ts';
import { untilTold } from './signals.ts';
import { Silence } from './silence.ts';
import { statusOf, type Status } from './status.ts';
import { transitionLine } from './transition.ts';

/**
 * Runs until it is told to stop; `load` reads the configuration again. Resolves with the exit code once
 * everything is withdrawn or handed over, and ended. Rejects with HttpError when a listener cannot be had, with
 * SpeakerError when another one runs its ExaBGP in our run directory.
 */
export async function runDaemon(config: Config, load: () => Config): Promise<number> {
  const log = createLog(config.log.level, config.gateway.name);
  const daemon = new Daemon(config, log);
  const listeners = await daemon.listen();
  const unlock = await lockIfOurs(config, log).catch((error: unknown) => {
    // An open listener would keep this process alive.
    listeners.close();
    throw error;
  });
  await daemon.resume();
  rehearseDecision(policyOf(config));
  await rehearseLink(config.strongswan.viciSocket, monotonic);
  const told = untilTold(log, () => daemon.reload(load));
  daemon.start();
  const { code, handover } = await told;
  endHardLater(log, () => daemon.waitsFor);
  await daemon.stop(handover, unlock);
  listeners.end();
  return code;
}

class Daemon {
  #config: Config;
  #checks: ReadonlyMap<string, Check> = new Map();
  #saCount: SaCount | undefined;
  readonly #bfd = new BfdSessions();
  #lagMs = 0;
  #step = '';
  readonly #log: Logger;
  readonly #startedAt = monotonic();
  readonly #journal = new Journal();
  readonly #metrics: Metrics;
  readonly #link: CharonLink;
  readonly #scheduler: Scheduler;
  readonly #speaker: Speaker;
  readonly #sidecar: Sidecar;
  readonly #breakGlass: BreakGlass;
  readonly #fleet: FleetDesk;
  readonly #obstacles = new Obstacles();
  readonly #silence = new Silence();

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    const health = log.child({ part: 'health' });
    this.#metrics = new Metrics({
      status: () => this.#status(),
      lagMs: () => this.#lagMs,
      sas: () => {
        const ikeSas = this.#link.snapshot?.stats.ikeSas;
        return (
          ikeSas && { ikeSas: ikeSas.total, halfOpen: ikeSas.halfOpen, childSas: this.#saCount?.childSas }
        );
      },
    });
    this.#link = new CharonLink({ path: config.strongswan.viciSocket, now: monotonic, log: health });
    this.#sidecar = new Sidecar(
      policyOf(config),
      {
        set: (generation, announcements, evidence) => this.#speaker.set(generation, announcements, evidence),
        renew: (generation, evidence) => this.#speaker.renew(generation, evidence),
        pace: (check, fast) => this.#scheduler.setFast(check, fast),
        journal: (transition) => {
          this.#fleet.changed();
          this.#journal.add(transition, new Date());
          this.#metrics.transition(transition);
          const { level, fields, text } = transitionLine(transition);
          log[level](fields, text);
        },
        forceEnded: (order) => this.#breakGlass.forceEnded(order),
        askFleet: () => this.#fleet.askNow(),
      },
      monotonic,
    );
    this.#breakGlass = new BreakGlass({
      file: new IntentFile(config.control.stateDirectory),
      prefixes: () => this.#sidecar.policy.prefixes.map(({ prefix }) => prefix),
      intents: () => this.#sidecar.state.intents,
      flapped: () => flappedPrefixes(this.#sidecar.state, this.#sidecar.policy, monotonic()),
      dispatch: (event) => this.#sidecar.dispatch(event),
      clock: () => ({ now: monotonic(), time: Date.now() }),
      log: (level, message, fields) => log[level]({ part: 'force', ...fields }, message),
    });
    this.#fleet = new FleetDesk({
      gateway: config.gateway.name,
      link: this.#link,
      now: monotonic,
      log: log.child({ part: 'fleet' }),
      status: () => this.#status(),
      onView: (view) => this.#sidecar.dispatch({ type: 'fleet', view }),
    });
    this.#checks = this.#make(config, new Set());
    this.#scheduler = new Scheduler({
      checks: [...this.#checks.values()],
      now: monotonic,
      log: health,
      onResult: (result, { durationMs, lagMs }) => {
        this.#sidecar.dispatch({ type: 'result', result });
        this.#lagMs = lagMs;
        this.#metrics.checked(result, durationMs, new Date());
        log.trace({ result }, 'checked');
        for (const { fields, text } of this.#silence.look(this.#sidecar.state, monotonic()))
          log.warn(fields, text);
      },
    });
    this.#speaker = new Speaker({
      ...speakerOptions(config),
      now: monotonic,
      log: (level, message, fields) => log[level]({ part: 'bgp', ...fields }, message),
      onReport: (report) => {
        hearSpeaker(report, this.#sidecar, this.#obstacles, log);
        // Whether a route is acknowledged, and a session carries it, is part of what we say.
        this.#fleet.changed();
      },
    });
  }

  listen(): Promise<Listeners> {
    const checks = new CheckDesk({
      configured: () => this.#config.checks,
      status: () => this.#status(),
      look: (name) => this.#scheduler.runNow(name),
    });
    const registry = this.#metrics.registry;
    const views = { status: () => this.#status(), registry, checks, fleet: this.#fleet };
    const log = this.#log.child({ part: 'http' });
    return Listeners.open(this.#config, { ...views, orders: this.#breakGlass }, log);
  }

  /** What operators ordered before a restart; only now is it sure that no other swancast writes that file. */
  async resume(): Promise<void> {
    await this.#breakGlass.start();
  }

  start(): void {
    this.#link.start();
    this.#speaker.start();
    this.#scheduler.start();
    this.#fleet.start(this.#config.fleet);
    // Not waited for: nothing that is announced depends on it.
    void this.#breakGlass.look();
    const prefixes = this.#config.prefixes.map(({ prefix }) => prefix);
    this.#log.info({ version: VERSION, prefixes }, 'started');
  }

  /** Takes a new configuration over, or goes on with the one it has: never anything in between. */
  reload(load: () => Config): void {
    try {
      const config = load();
      const { changed, needRestart } = reloadPlan(this.#config, config);
      if (needRestart.length > 0) {
        throw new Error(`only a restart of swancast can change ${needRestart.join(', ')}`);
      }
      this.#checks = this.#make(config, changed);
      this.#config = config;
      this.#log.level = config.log.level;
      const checks = [...this.#checks.values()];
      this.#sidecar.reload(policyOf(config), changed, () => this.#scheduler.replace(checks));
      this.#fleet.follow(config.fleet);
      this.#metrics.reloaded(true);
      const anew = changed.size === 0 ? 'no check changed' : `checks made anew: ${[...changed].join(', ')}`;
      this.#log.info(`configuration reloaded, ${anew}`);
    } catch (error) {
      this.#metrics.reloaded(false);
      const why = error instanceof Error ? error.message : String(error);
      this.#log.error(`configuration refused, going on with the old one: ${why}`);
    }
  }

  /** What keeps us from ending, for the one who kills us for it. */
  get waitsFor(): string {
    if (this.#step !== '') return this.#step;
    if (this.#breakGlass.isBusy) return `the disk of control.state_directory`;
    return `what is still open: ${[...new Set(process.getActiveResourcesInfo())].join(', ')}`;
  }

  async stop(handover: boolean, unlock: () => Promise<void>): Promise<void> {
    this.#step = 'the guard';
    this.#breakGlass.close();
    this.#fleet.close();
    if (!handover || !(await this.#handOver())) {
      this.#sidecar.dispatch({ type: 'stop' });
      const { withdrawn } = await this.#speaker.release();
      this.#log.info(
        { withdrawn },
        withdrawn ? 'withdrawn, stopping' : 'stopping; the lease withdraws what is left',
      );
    }
    this.#sidecar.close();
    this.#step = 'the checks';
    await this.#scheduler.stop();
    this.#step = 'the end of ExaBGP';
    await this.#speaker.stop();
    this.#link.close();
    this.#step = 'the disk of bgp.run_directory';
    await unlock();
    this.#step = '';
  }

  /** False when there is nothing to hand over, or nobody who could hold it. */
  async #handOver(): Promise<boolean> {
    const { bgp, lease, strongswan } = this.#config;
    if (bgp.supervise) {
      this.#log.warn('no hand-over with bgp.supervise: true, as ExaBGP ends with this process: withdrawing');
      return false;
    }
    // From here on nothing of ours may change what the guard holds.
    this.#sidecar.close();
    await this.#scheduler.stop();
    const held = await this.#speaker.handover(lease.handoverMs, strongswan.viciSocket);
    if (held) this.#log.info({ seconds: lease.handoverMs / 1000 }, 'handed over to a successor, stopping');
    return held;
  }

  /** The checks of a configuration; those that did not change are the very objects that run already. */
  #make(config: Config, changed: ReadonlySet<string>): ReadonlyMap<string, Check> {
    const world: World = {
      link: this.#link,
      now: monotonic,
      announced: () => this.#sidecar.state.announcements.length > 0,
      log: this.#log.child({ part: 'health' }),
      onSaCount: (count) => void (this.#saCount = count),
      onBfd: this.#bfd.hear,
    };
    return new Map(
      createChecks(config.checks, world).map((check) => {
        const known = changed.has(check.name) ? undefined : this.#checks.get(check.name);
        return [check.name, known ?? check];
      }),
    );
  }

  #status(): Status {
    const orders = this.#breakGlass.obstacle;
    const identity = {
      version: VERSION,
      gateway: this.#config.gateway.name,
      startedAt: this.#startedAt,
      neighbors: this.#config.bgp.neighbors.map(({ address }) => address),
      ...this.#obstacles.all,
      ...(orders === undefined ? {} : { ordersObstacle: orders }),
      bfd: this.#bfd.by(this.#config.checks),
    };
    return statusOf(this.#sidecar.state, this.#sidecar.policy, identity, this.#journal.entries, monotonic());
  }
}
