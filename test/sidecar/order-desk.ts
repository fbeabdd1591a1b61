/** A sidecar without its daemons: state, dispatch and break-glass are the real ones, on a clock of its own. */
import { BreakGlass, type BreakGlassOptions } from '../../sidecar/break-glass.ts';
import { flappedPrefixes } from '../../sidecar/hear.ts';
import { IntentFile } from '../../sidecar/intent-file.ts';
import { Metrics } from '../../sidecar/metrics.ts';
import type { Views } from '../../sidecar/routes.ts';
import type { Status } from '../../sidecar/status.ts';
import { deskFor } from './check-desk.fixture.ts';
import { fleetViewsFor } from './fleet-views.fixture.ts';
import { Scenario } from './scenario.ts';
import { START, statusFor } from './status.fixture.ts';

export class OrderDesk {
  readonly run: Scenario;
  readonly log: string[] = [];
  readonly breakGlass: BreakGlass;

  constructor(
    file: BreakGlassOptions['file'] | string,
    run: Scenario = new Scenario().guard({}).healthy(1000),
  ) {
    this.run = run;
    this.breakGlass = new BreakGlass({
      file: typeof file === 'string' ? new IntentFile(file) : file,
      prefixes: () => [...run.state.prefixes.keys()],
      intents: () => run.state.intents,
      flapped: () => flappedPrefixes(run.state, run.policy, run.now),
      dispatch: (event) => {
        const before = run.effects.length;
        run.send(event);
        this.#hear(before);
      },
      clock: () => ({ now: run.now, time: START.getTime() + run.now }),
      log: (level, message) => void this.log.push(`${level} ${message}`),
    });
  }

  /** Time passes, with everything healthy. */
  wait(ms: number): void {
    const before = this.run.effects.length;
    this.run.healthy(ms);
    this.#hear(before);
  }

  get views(): Views {
    const status = (): Status => statusFor(this.run);
    const { registry } = new Metrics({ status, lagMs: () => 0, sas: () => undefined });
    const fleet = fleetViewsFor(status);
    return { status, registry, checks: deskFor(status), fleet, orders: this.breakGlass };
  }

  #hear(from: number): void {
    for (const { effect } of this.run.effects.slice(from)) {
      if (effect.type === 'force-ended') this.breakGlass.forceEnded(effect);
    }
  }
}

export const ORDER = {
  prefix: '192.0.2.1/32',
  verb: 'withdraw',
  seconds: 600,
  reason: 'new kernel',
  who: 'alice',
} as const;
