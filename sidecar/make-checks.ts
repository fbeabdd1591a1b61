/** The checks of a configuration; those that did not change are the very objects that run already. */
import type { Check } from '../health/check.ts';
import { createChecks } from '../health/registry.ts';
import type { World } from '../health/world.ts';
import type { CheckConfig } from './config/config.ts';

export const makeChecks = (
  configured: readonly CheckConfig[],
  world: World,
  running: ReadonlyMap<string, Check>,
  changed: ReadonlySet<string>,
): ReadonlyMap<string, Check> =>
  new Map(
    createChecks(configured, world).map((check) => {
      const known = changed.has(check.name) ? undefined : running.get(check.name);
      return [check.name, known ?? check];
    }),
  );
