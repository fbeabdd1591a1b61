/** What a changed configuration means for a running sidecar. Pure. */
import type { CheckConfig, Config } from './config/config.ts';

export interface ReloadPlan {
  /** Sections that only a restart can change; while this is not empty, nothing is taken over. */
  readonly needRestart: readonly string[];
  /** Checks that are new or not what they were: they are made anew and earn their rise again. */
  readonly changed: ReadonlySet<string>;
}

/** Sockets, sessions and who we are: other processes hold on to these. */
const FIXED = [
  'gateway',
  'strongswan',
  'bgp',
  'lease',
  'http',
  'control',
] as const satisfies readonly (keyof Config)[];

export function reloadPlan(before: Config, after: Config): ReloadPlan {
  const known = new Map(before.checks.map((check) => [check.name, check]));
  return {
    needRestart: FIXED.filter((section) => !same(before[section], after[section])),
    changed: new Set(
      after.checks
        .filter((check) => !same(known.get(check.name), check))
        .map(({ name }: CheckConfig) => name),
    ),
  };
}

/** The configuration is plain data in a fixed order of keys. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
