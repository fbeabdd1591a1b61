/** The daemon's parts, made from a configuration and wired once; see run.ts for how long they live. */
import type { SdNotify } from '../bgp/sd-notify.ts';
import { Speaker } from '../bgp/speaker.ts';
import { CharonLink } from '../health/charon-link.ts';
import type { Check } from '../health/check.ts';
import type { SaCount } from '../health/sa-book.ts';
import { Scheduler } from '../health/scheduler.ts';
import type { World } from '../health/world.ts';
import { BfdSessions } from './bfd-sessions.ts';
import { BreakGlass } from './break-glass.ts';
import { CheckDesk } from './check-desk.ts';
import type { Config } from './config/config.ts';
import { countedSas } from './counted-sas.ts';
import { speakerOptions } from './exabgp-input.ts';
import { FleetDesk } from './fleet/desk.ts';
import { flappedPrefixes } from './hear.ts';
import { hearSpeaker } from './hear-speaker.ts';
import { VERSION } from './installation.ts';
import { IntentFile } from './intent-file.ts';
import { Journal } from './journal.ts';
import { Listeners } from './listeners.ts';
import type { Logger } from './log.ts';
import { makeChecks } from './make-checks.ts';
import { Metrics } from './metrics.ts';
import { moment } from './moment.ts';
import { monotonic } from './monotonic.ts';
import { Obstacles } from './obstacles.ts';
import { policyOf } from './policy.ts';
import { isTakingClients } from './routing.ts';
import { reloadPlan, wayOut } from './reload.ts';
import { SessionsDesk } from './sessions/desk.ts';
import { Sidecar } from './sidecar.ts';
import { Silence } from './silence.ts';
import { statusOf, type Status } from './status.ts';
import { transitionLine } from './transition.ts';
import { Unit } from './unit.ts';
import { unitStatus } from './unit-status.ts';

export class Daemon {
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
  readonly #sessions: SessionsDesk;
  readonly #obstacles = new Obstacles();
  readonly #silence = new Silence();
  readonly #unit: Unit;

  constructor(config: Config, log: Logger, notify: SdNotify) {
    this.#config = config;
    this.#log = log;
    const health = log.child({ part: 'health' });
    this.#metrics = new Metrics({
      status: () => this.#status(),
      lagMs: () => this.#lagMs,
      sas: () => countedSas(this.#link.snapshot, this.#saCount),
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
          const time = new Date();
          this.#journal.add(transition, time);
          this.#metrics.transition(transition, time);
          const { level, fields, text } = transitionLine(transition);
          log[level](fields, text);
        },
        forceEnded: (order) => this.#breakGlass.forceEnded(order),
        askFleet: () => this.#fleet.askNow(),
        sessions: (effect) => this.#sessions.run(effect),
      },
      monotonic,
    );
    this.#breakGlass = new BreakGlass({
      file: new IntentFile(config.control.stateDirectory),
      prefixes: () => this.#sidecar.policy.prefixes.map(({ prefix }) => prefix),
      intents: () => this.#sidecar.state.intents,
      flapped: () => flappedPrefixes(this.#sidecar.state, this.#sidecar.policy, monotonic()),
      dispatch: (event) => this.#sidecar.dispatch(event),
      onDrain: (kept) => this.#sessions.resume(kept),
      clock: moment,
      log: (level, message, fields) => log[level]({ part: 'force', ...fields }, message),
    });
    this.#fleet = new FleetDesk({
      gateway: config.gateway.name,
      link: this.#link,
      now: monotonic,
      log: log.child({ part: 'fleet' }),
      status: () => this.#status(),
      onView: (view) => {
        const before = this.#sidecar.state.fleet;
        this.#sidecar.dispatch({ type: 'fleet', view });
        this.#sessions.hearFleet(before, view);
      },
    });
    this.#sessions = new SessionsDesk({
      path: config.strongswan.viciSocket,
      link: this.#link,
      sidecar: this.#sidecar,
      dispatch: (event) => this.#sidecar.dispatch(event),
      keepDrain: (drain) => this.#breakGlass.keepDrain(drain),
      onChange: () => this.#fleet.changed(),
      clock: moment,
      log: log.child({ part: 'sessions' }),
    });
    this.#checks = this.#make(config, new Set());
    this.#scheduler = new Scheduler({
      checks: [...this.#checks.values()],
      now: monotonic,
      log: health,
      onResult: (result, { durationMs, lagMs }) => {
        this.#sidecar.dispatch({ type: 'result', result });
        this.#unit.heard(result.check);
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
    this.#unit = new Unit({
      notify,
      now: monotonic,
      checks: () => this.#config.checks,
      text: () => unitStatus(this.#sidecar.state, this.#sidecar.policy),
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
    const own = { orders: this.#breakGlass, drains: this.#sessions, sessions: () => this.#sessions.status() };
    return Listeners.open(this.#config, { ...views, ...own }, this.#log.child({ part: 'http' }));
  }

  /** What operators ordered before a restart; only now is it sure that no other swancast writes that file. */
  async resume(): Promise<void> {
    await this.#breakGlass.start();
  }

  start(): void {
    this.#sessions.start();
    this.#link.start();
    this.#speaker.start();
    this.#scheduler.start();
    this.#fleet.start(this.#config.fleet);
    // Not waited for: nothing that is announced depends on it.
    void this.#breakGlass.look();
    const prefixes = this.#config.prefixes.map(({ prefix }) => prefix);
    this.#log.info({ version: VERSION, prefixes }, 'started');
    this.#unit.started();
  }

  /** Takes a new configuration over, or goes on with the one it has: never anything in between. */
  reload(load: () => Config): void {
    try {
      const config = load();
      const { changed, needRestart } = reloadPlan(this.#config, config);
      if (needRestart.length > 0) {
        const way = wayOut(needRestart, this.#config, config);
        throw new Error(`a reload cannot change ${needRestart.join(', ')}: ${way}`);
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
    this.#unit.close();
    this.#breakGlass.close();
    this.#sessions.close();
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

  #make(config: Config, changed: ReadonlySet<string>): ReadonlyMap<string, Check> {
    const world: World = {
      link: this.#link,
      now: monotonic,
      announced: () => isTakingClients(this.#sidecar.state),
      log: this.#log.child({ part: 'health' }),
      onSaCount: (count) => void (this.#saCount = count),
      onBfd: this.#bfd.hear,
    };
    return makeChecks(config.checks, world, this.#checks, changed);
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
