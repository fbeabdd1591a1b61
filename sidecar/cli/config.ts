/** `swancast config check | print | schema`. */
import { stringify } from 'yaml';
import { jsonSchema } from '../config/json-schema.ts';
import { loadConfig } from '../config/load.ts';
import { plainConfig } from '../config/print.ts';
import { ConfigError, type Problem } from '../config/problem.ts';
import type { Warning } from '../config/warning.ts';
import { warnings } from '../config/warnings.ts';
import { checkExabgpConf } from '../exabgp-input.ts';
import { EXIT, printJson } from './outcome.ts';
import type { ConfigOption, JsonOption } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import { reported } from './reported.ts';

export function check(
  { config: file, json }: ConfigOption & JsonOption,
  { output, env }: Surroundings,
): number {
  let problems: readonly Problem[] = [];
  let found: readonly Warning[] = [];
  let summary = '';
  try {
    const config = loadConfig(file, env);
    const { prefixes, bgp, checks } = config;
    checkExabgpConf(config, env);
    found = warnings(config, env);
    summary = [
      counted(prefixes.length, 'prefix', 'prefixes'),
      counted(bgp.neighbors.length, 'neighbor', 'neighbors'),
      counted(checks.length, 'check', 'checks'),
    ].join(', ');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ({ problems } = error);
    if (json !== true) output.err(`${error.message}\n`);
  }
  const ok = problems.length === 0;
  if (json === true) printJson(output, { ok, problems: problems.map(plainProblem), warnings: found });
  else if (ok) {
    output.err(found.map(({ key, message }) => `warning: ${file}: ${key}: ${message}\n`).join(''));
    output.out(`ok: ${file}: ${summary}\n`);
  }
  return ok ? EXIT.ok : EXIT.problem;
}

export function print(
  { config: file, json }: ConfigOption & JsonOption,
  { output, env }: Surroundings,
): number {
  const config = reported(output, () => loadConfig(file, env));
  if (typeof config === 'number') return config;
  const plain = plainConfig(config);
  if (json === true) printJson(output, plain);
  else output.out(stringify(plain, { aliasDuplicateObjects: false }));
  return EXIT.ok;
}

export function schema({ output }: Surroundings): number {
  printJson(output, jsonSchema());
  return EXIT.ok;
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** `value` and `line` are null rather than absent: the same keys for every problem. */
const plainProblem = ({ file, line, key, value, expected, message }: Problem): object => ({
  file,
  line: line > 0 ? line : null,
  key,
  value: value ?? null,
  expected,
  message,
});
