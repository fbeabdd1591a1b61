/** What comes on ExaBGP's output, as log lines: its own, and those of the guard and its launcher. Pure. */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogLine {
  readonly level: LogLevel;
  readonly part: string;
  readonly msg: string;
}

/** ExaBGP tells every route to every session, and complains about those of the other family: as it should be. */
const NOISE = /the route family is not configured on neighbor|route not found on neighbor/;

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
