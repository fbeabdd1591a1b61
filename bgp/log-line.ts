/** What comes on ExaBGP's output, as log lines: its own, and those of the guard and its launcher. Pure. */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogLine {
  readonly level: LogLevel;
  readonly part: string;
  readonly msg: string;
}

/**
 * As it should be: ExaBGP tells every route to every session, and complains about those of the other family; and the
 * launcher's empty line, which ends what a dead guard was in the middle of, is no command.
 */
const NOISE =
  /the route family is not configured on neighbor|route not found on neighbor|command from process not understood : *$/;

export function readLogLine(line: string): LogLine {
  return ourLine(line) ?? { level: NOISE.test(line) ? 'debug' : 'info', part: 'exabgp', msg: line };
}

function ourLine(line: string): LogLine | undefined {
  if (!/^\{"level":"(debug|info|warn|error)","part":"(guard|launch-guard)",/.test(line)) return undefined;
  try {
    const { level, part, msg } = JSON.parse(line) as Record<string, unknown>;
    return { level: level as LogLevel, part: String(part), msg: String(msg) };
  } catch {
    return undefined;
  }
}
