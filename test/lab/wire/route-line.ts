/** One line of `ip -ts monitor route`, for example "[2026-11-22T19:50:01.123456] 192.0.2.1 via 10.1.1.2 dev gw1 proto bird". */
export interface RouteLine {
  /** CLOCK_REALTIME, milliseconds with fractions; the line must have been written with TZ=UTC. */
  readonly at: number;
  readonly destination: string;
  readonly deleted: boolean;
  readonly via: string | undefined;
}

const LINE =
  /^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})\] (Deleted )?(?:(?:unicast|unreachable|blackhole) )?(\S+)(.*)$/;

/** @returns undefined for a line that is not about a route */
export function parseRouteLine(line: string): RouteLine | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, seconds = '', micros = '', deleted, destination = '', rest = ''] = match;
  const via = / via (?:inet6? )?(\S+)/.exec(rest)?.[1];
  return {
    at: Date.parse(`${seconds}Z`) + Number(micros) / 1000,
    destination,
    deleted: deleted !== undefined,
    via,
  };
}
