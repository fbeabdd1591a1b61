/** What lies behind the gateway, what the operator brought along, and a real client through all of it. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from '../processes.ts';
import { PREFIX4 } from '../topology.ts';
import { CanarySite } from './canary-site.ts';
import { SERVICE_HOST, startService } from './service.ts';
import { expireCertificate, renewCertificate } from './trials-sessions.ts';
import type { Stage, Trial } from './trial.ts';

const PORT = 8007;
const SHORT = { seenWithinMs: 20_000, recoveredWithinMs: 30_000 } as const;
const QUICK = { interval_seconds: 1, fast_interval_seconds: 0.5, timeout_seconds: 0.5 } as const;

/** A service that is ended, and started again. */
function serviceTrial(kind: 'tcp' | 'http', trial: Omit<Trial, 'strike' | 'mend' | 'prepare'>): Trial {
  let service: Daemon | undefined;
  return {
    ...trial,
    prepare: async (stage) => {
      service = await startService(stage, kind, PORT);
    },
    strike: async () => service?.end('SIGKILL'),
    mend: async (stage) => {
      service = await startService(stage, kind, PORT);
    },
  };
}

const PATHS: readonly Trial[] = [
  serviceTrial('tcp', {
    check: 'tunnel-path',
    cause: 'the only endpoint behind the gateway stopped',
    setting: 'crowd',
    checks: () => [
      {
        name: 'tunnel-path',
        type: 'tunnel-path',
        ...QUICK,
        limits: { endpoints: [{ type: 'tcp', target: SERVICE_HOST, port: PORT }] },
      },
    ],
    reason: 'inside-unreachable',
    decision: 'withdrawn',
    ...SHORT,
  }),
  serviceTrial('http', {
    check: 'http',
    cause: 'the web server stopped',
    setting: 'crowd',
    checks: () => [
      {
        name: 'http',
        type: 'http',
        ...QUICK,
        limits: { url: `http://${SERVICE_HOST}:${String(PORT)}/`, body: 'all is well' },
      },
    ],
    reason: 'http-no-answer',
    decision: 'degraded',
    // Asked over IPv4.
    prefixes: [PREFIX4],
    ...SHORT,
  }),
  {
    check: 'exec',
    cause: "the operator's program ends with exit code 2",
    setting: 'crowd',
    checks: (stage) => [{ name: 'exec', type: 'exec', ...QUICK, limits: { command: [program(stage)] } }],
    reason: 'exec-critical',
    decision: 'degraded',
    ...SHORT,
    prepare: async (stage) => {
      const text = `#!/bin/sh\nif [ -e ${flag(stage)} ]; then echo 'flag is up'; else echo 'flag is down'; exit 2; fi\n`;
      writeFileSync(program(stage), text, { mode: 0o755 });
      writeFileSync(flag(stage), '');
      return Promise.resolve();
    },
    strike: async (stage) => Promise.resolve(rmSync(flag(stage))),
    mend: async (stage) => Promise.resolve(writeFileSync(flag(stage), '')),
  },
];

const program = ({ lab }: Stage): string => join(lab.directory, 'trial.sh');
const flag = ({ lab }: Stage): string => join(lab.directory, 'trial.flag');

interface CanaryScene {
  readonly site: CanarySite;
  service: Daemon;
}

/** A canary that passes before it is made to fail. */
function canaryTrial(
  trial: Pick<Trial, 'cause' | 'reason' | 'decision'> & {
    readonly limits?: Readonly<Record<string, unknown>>;
    readonly strike: (stage: Stage, scene: CanaryScene) => Promise<void>;
    readonly mend: (stage: Stage, scene: CanaryScene) => Promise<void>;
  },
): Trial {
  const { limits, strike, mend, ...rest } = trial;
  let scene: CanaryScene | undefined;
  const on = (): CanaryScene => {
    if (scene === undefined) throw new Error('there is no canary before prepare');
    return scene;
  };
  return {
    check: 'canary',
    setting: 'crowd',
    seenWithinMs: 30_000,
    recoveredWithinMs: 30_000,
    ...rest,
    prepare: async (stage) => {
      const service = await startService(stage, 'tcp', PORT);
      const site = await CanarySite.raise(stage);
      site.start(PORT);
      scene = { site, service };
    },
    checks: () => [on().site.check(limits)],
    strike: async (stage) => strike(stage, on()),
    mend: async (stage) => mend(stage, on()),
  };
}

const CANARY: readonly Trial[] = [
  canaryTrial({
    cause: 'what is behind the gateway stopped',
    reason: 'canary-no-traffic',
    decision: 'withdrawn',
    strike: async (_, { service }) => service.end('SIGKILL'),
    mend: async (stage, scene) => {
      scene.service = await startService(stage, 'tcp', PORT);
    },
  }),
  canaryTrial({
    cause: "the gateway's certificate expired: clients refuse it",
    reason: 'canary-no-auth',
    decision: 'withdrawn',
    strike: expireCertificate,
    mend: renewCertificate,
  }),
  canaryTrial({
    cause: 'the last address of its pool given away',
    reason: 'canary-no-address',
    decision: 'withdrawn',
    strike: async (_, { site }) => site.hold(),
    mend: async (_, { site }) => site.release(),
  }),
  canaryTrial({
    cause: 'the canary itself killed',
    reason: 'canary-silent',
    decision: 'announced',
    limits: { report_age_seconds: 3 },
    strike: async (_, { site }) => site.stop(),
    mend: async (_, { site }) => Promise.resolve(site.start(PORT)),
  }),
];

export const PATH_TRIALS: readonly Trial[] = [...PATHS, ...CANARY];
