/** Text, file and environment → Config, or one ConfigError with every problem. */
import { closeSync, openSync, readSync } from 'node:fs';
import { hostname as hostName } from 'node:os';
import { buildConfig } from './build.ts';
import type { Config } from './config.ts';
import { parseYaml } from './document.ts';
import { strangers } from './environment.ts';
import { ConfigError, type Problem } from './problem.ts';
import { rules } from './rules.ts';
import { SCHEMA } from './schema.ts';
import { fileProblems, missingCredentials, type FileProblem } from './secrets.ts';
import { variableName } from './section.ts';

export interface Surroundings {
  /** Shown in messages. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
}

/** Pure. Throws ConfigError, and nothing else whatever the text. */
export function parseConfig(text: string, { file, env, hostname }: Surroundings): Config {
  const { root, problems, lineOf } = parseYaml(text, file);
  if (root === undefined) throw new ConfigError(problems);
  const overridden = new Map<string, string>();
  const found: Problem[] = [...problems];
  const report = (key: string, value: unknown, expected: string, message: string): void => {
    // A control character, a key given twice: whatever else is wrong with the value says nothing new.
    if (problems.some((problem) => problem.key === key)) return;
    const variable = overridden.get(key);
    if (variable === undefined) found.push({ file, line: lineOf(key), key, value, expected, message });
    else found.push({ file: 'environment', line: 0, key: variable, value, expected, message });
  };
  const config = buildConfig(
    root,
    { env, report, overridden: (key, variable) => overridden.set(key, variable) },
    hostname,
  );
  const isBroken = (key: string): boolean =>
    found.some((problem) =>
      problem.file === file ? overlaps(problem.key, key) : problem.key === variableName(key),
    );
  for (const { key, value, expected, message, involves = [] } of rules(config)) {
    if (![key, ...involves].some(isBroken)) report(key, value, expected, message);
  }
  for (const { key, message } of strangers(env)) {
    found.push({
      file: 'environment',
      line: 0,
      key,
      value: env[key],
      expected: 'a key of the file',
      message,
    });
  }
  const isStrange = Object.keys(root).every((key) => !isKnown(key));
  if (found.length > 0)
    throw new ConfigError(
      found.sort((a, b) => a.line - b.line),
      isStrange,
    );
  return config;
}

const isKnown = (key: string): boolean =>
  [SCHEMA.keys, SCHEMA.sections, SCHEMA.lists].some((each) => Object.hasOwn(each, key));

/** One of the two paths is the other one, or lies above it. */
function overlaps(a: string, b: string): boolean {
  const isAbove = (up: string, down: string): boolean =>
    down.startsWith(up) && (up.length === down.length || '.['.includes(down.charAt(up.length)));
  return isAbove(a, b) || isAbove(b, a);
}

const SIZE_MAXIMUM = 1024 * 1024;

/** Reads, checks and freezes the configuration in `file`, secrets included. Throws ConfigError. */
export function loadConfig(
  file: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const text = readText(file);
  const config = parseConfig(text, { file, env, hostname: hostName() });
  throwAny(fileProblems(config, env), text, file, env);
  return config;
}

/** For who is about to use them: a unit without its credentials does not start. Throws ConfigError. */
export function requireCredentials(
  config: Config,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): void {
  // Without supervision another unit has the passwords.
  const isOurs = ({ key }: FileProblem): boolean => config.bgp.supervise || !key.startsWith('bgp.');
  throwAny(missingCredentials(config, env).filter(isOurs), readText(file), file, env);
}

function throwAny(
  found: readonly FileProblem[],
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): void {
  if (found.length === 0) return;
  const { lineOf } = parseYaml(text, file);
  throw new ConfigError(
    found.map((problem): Problem => {
      const variable = variableName(problem.key);
      return env[variable] === problem.value
        ? { ...problem, file: 'environment', line: 0, key: variable }
        : { ...problem, file, line: lineOf(problem.key) };
    }),
  );
}

/** Throws ConfigError. */
export function readText(file: string): string {
  const fail = (message: string): never => {
    throw new ConfigError([{ file, line: 0, key: '', value: undefined, expected: 'a YAML file', message }]);
  };
  const bytes = Buffer.alloc(SIZE_MAXIMUM + 1);
  let length = 0;
  try {
    const descriptor = openSync(file, 'r');
    try {
      // Not the size from stat(): /dev/stdin and pipes have none, /dev/zero has no end.
      for (let read = -1; read !== 0 && length <= SIZE_MAXIMUM; length += read) {
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return fail(unreadable(error));
  }
  if (length > SIZE_MAXIMUM) return fail('is larger than 1 MiB; this is not a configuration of swancast');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length));
  } catch {
    return fail('is not UTF-8 text; save it in that encoding');
  }
}

/** Why a file could not be read, with the way out. */
export function unreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  switch (code) {
    case 'ENOENT':
      return 'does not exist; check the path';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user; check the owner and mode of the file and of its directories';
    case 'EISDIR':
      return 'is a directory; name the file';
    default:
      return `cannot be read (${code})`;
  }
}
