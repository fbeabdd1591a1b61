/**
 * Prometheus metrics on a registry of our own. Gauges are read from the status when scraped, so that they
 * cannot disagree with `/status`; only what has a history (counters, histograms) is told by verbs.
 * prom-client's default metrics stay off: their event-loop histogram wakes the process 100 times a second.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Result } from '../health/check.ts';
import type { Transition } from './decision.ts';
import { fleetGauges } from './fleet-gauges.ts';
import { GATEWAY_STATES } from './gateway-state.ts';
import { gaugeMaker } from './gauge.ts';
import { prefixGauges } from './prefix-gauges.ts';
import { holdsRoute } from './prefix.ts';
import { sessionGauges } from './session-gauges.ts';
import type { Status } from './status.ts';
import { transitionReason } from './transition.ts';

/** What the metrics read when they are scraped. */
export interface MetricsSource {
  status(): Status;
  /** How late our own timers were of late, in milliseconds. */
  lagMs(): number;
  /** What charon itself counts; undefined while it is not known. */
  sas():
    { readonly ikeSas: number; readonly halfOpen: number; readonly childSas: number | undefined } | undefined;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #transitions: Counter<'prefix' | 'to' | 'reason'>;
  readonly #withdrawn: Gauge<'prefix' | 'reason'>;
  readonly #duration: Histogram<'check'>;
  readonly #lastRun: Gauge<'check'>;
  readonly #reloads: Counter<'outcome'>;
  #isReloadAccepted = true;

  constructor(source: MetricsSource) {
    const registers = [this.registry];
    const status = onceATurn(() => source.status());
    const gauge = gaugeMaker(registers);
    gauge('build_info', 'Constant 1, labelled with the version.', ['version'], (g) =>
      g.set({ version: status().version }, 1),
    );
    gauge('gateway_state', 'The state of the gateway: 1 for the one that holds.', ['state'], (g) => {
      const { state } = status();
      for (const each of GATEWAY_STATES) {
        g.set({ state: each }, each === state ? 1 : 0);
      }
    });
    prefixGauges(gauge, () => status().prefixes);
    fleetGauges(gauge, () => status().fleet?.members ?? []);
    sessionGauges(registers, gauge, () => status().sessions);
    gauge('check_up', 'Whether the check is up after rise and fall.', ['check'], (g) => {
      for (const { name, up } of status().checks) g.set({ check: name }, Number(up));
    });
    gauge(
      'check_result',
      'The last verdict of the check: 1 for the one that holds.',
      ['check', 'verdict'],
      (g) => {
        for (const { name, verdict } of status().checks) {
          for (const each of ['pass', 'fail', 'unknown'])
            g.set({ check: name, verdict: each }, Number(each === verdict));
        }
      },
    );
    gauge(
      'check_reason',
      'Why the last look of the check was no pass, and how bad that is; absent after a pass.',
      ['check', 'reason', 'class'],
      (g) => {
        for (const { name, reason, class: level } of status().checks)
          if (reason !== undefined) g.set({ check: name, reason, class: level ?? 'advisory' }, 1);
      },
    );
    gauge(
      'bgp_session_up',
      'Whether the BGP session with the neighbor is Established.',
      ['neighbor'],
      (g) => {
        for (const [neighbor, state] of Object.entries(status().bgp.neighbors)) {
          g.set({ neighbor }, Number(state === 'up'));
        }
      },
    );
    gauge(
      'bgp_graceful_restart',
      'Whether graceful restart is in force with the neighbor, so that it keeps our routes when ExaBGP dies.',
      ['neighbor'],
      (g) => {
        const { neighbors, graceful_restart: keeping } = status().bgp;
        for (const neighbor of Object.keys(neighbors))
          g.set({ neighbor }, Number(keeping.includes(neighbor)));
      },
    );
    gauge(
      'bfd_session_up',
      "Whether the BFD session with the router is up, as FRR's bfdd tells; absent while that is not known.",
      ['peer'],
      (g) => {
        for (const [peer, state] of Object.entries(status().bfd ?? {}))
          g.set({ peer }, Number(state === 'up'));
      },
    );
    gauge('guard_connected', 'Whether the guard answers on the lease socket.', [], (g) =>
      g.set(Number(status().bgp.guard_connected)),
    );
    gauge('lease_held', 'Whether the guard holds a live lease of this sidecar.', [], (g) =>
      g.set(Number(status().bgp.lease === 'held')),
    );
    gauge(
      'evidence_age_seconds',
      'Time since charon was last proved alive; absent before the first proof.',
      [],
      (g) => {
        const age = status().evidence_age_seconds;
        if (age !== null) g.set(age);
      },
    );
    gauge('ike_sas', 'IKE_SAs that charon counts, half-open ones included.', [], (g) => {
      const sas = source.sas();
      if (sas !== undefined) g.set(sas.ikeSas);
    });
    gauge('ike_sas_half_open', 'IKE_SAs that charon counts as half-open.', [], (g) => {
      const sas = source.sas();
      if (sas !== undefined) g.set(sas.halfOpen);
    });
    gauge('child_sas', 'Installed CHILD_SAs, followed by events and listings.', [], (g) => {
      const count = source.sas()?.childSas;
      if (count !== undefined) g.set(count);
    });
    gauge('event_loop_lag_seconds', 'How late the timers of this process were of late.', [], (g) =>
      g.set(source.lagMs() / 1000),
    );
    gauge('resident_memory_bytes', 'Resident memory of the sidecar.', [], (g) =>
      g.set(process.memoryUsage.rss()),
    );
    gauge(
      'config_reload_accepted',
      'Whether the last reload of the configuration was accepted; 1 before the first.',
      [],
      (g) => g.set(Number(this.#isReloadAccepted)),
    );

    this.#transitions = new Counter({
      name: 'swancast_transitions_total',
      help: 'Changes of phase of a prefix, by the phase entered and its reason.',
      labelNames: ['prefix', 'to', 'reason'],
      registers,
    });
    // A gauge that only shows what is the case now misses what is over before the next scrape.
    this.#withdrawn = new Gauge({
      name: 'swancast_prefix_withdrawn_timestamp_seconds',
      help: 'When the prefix, announced until then, was last withdrawn for the reason (Unix time).',
      labelNames: ['prefix', 'reason'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'swancast_check_duration_seconds',
      help: 'How long one look of the check took.',
      labelNames: ['check'],
      buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.#lastRun = new Gauge({
      name: 'swancast_check_last_run_timestamp_seconds',
      help: 'When the check last came to a result (Unix time).',
      labelNames: ['check'],
      registers,
    });
    this.#reloads = new Counter({
      name: 'swancast_config_reloads_total',
      help: 'Reloads of the configuration: accepted, or refused with the old one kept.',
      labelNames: ['outcome'],
      registers,
    });
  }

  reloaded(accepted: boolean): void {
    this.#isReloadAccepted = accepted;
    this.#reloads.inc({ outcome: accepted ? 'accepted' : 'refused' });
  }

  transition(transition: Transition, time: Date): void {
    const { prefix, from, to } = transition;
    const reason = transitionReason(transition);
    this.#transitions.inc({ prefix, to, reason });
    if (to === 'withdrawn' && holdsRoute({ phase: from }))
      this.#withdrawn.set({ prefix, reason }, time.getTime() / 1000);
  }

  checked({ check }: Result, durationMs: number | undefined, time: Date): void {
    if (durationMs !== undefined) this.#duration.observe({ check }, durationMs / 1000);
    this.#lastRun.set({ check }, time.getTime() / 1000);
  }
}

/** A scrape reads all gauges in one turn of the event loop: the status is built once for all of them. */
function onceATurn<T>(build: () => T): () => T {
  let built: { readonly value: T } | undefined;
  return () => {
    if (built === undefined) {
      built = { value: build() };
      queueMicrotask(() => {
        built = undefined;
      });
    }
    return built.value;
  };
}
