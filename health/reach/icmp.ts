/** An ICMP echo by the system's ping, which has the right to send it. */
import { runProgram, type RunOutcome } from '../run-program.ts';
import type { Reached } from './outcome.ts';

export interface IcmpTarget {
  readonly address: string;
  readonly source: string | undefined;
}

export const PING = '/usr/bin/ping';

/** Expected failures are outcomes; rejects only when the signal ends it, with its reason. */
export async function reachIcmp(
  { address, source }: IcmpTarget,
  deadlineMs: number,
  signal: AbortSignal,
  program = PING,
): Promise<Reached> {
  // Our deadline ends it; its own, in whole seconds for every ping there is, is only there to lie behind it.
  const patience = String(Math.ceil(deadlineMs / 1000) + 1);
  const from = source === undefined ? [] : ['-I', source];
  const words = ['-n', '-q', '-c', '1', '-W', patience, ...from, address];
  return readPing(await runProgram([program, ...words], { deadlineMs }, signal), deadlineMs);
}

/** ping(8): 0 a reply, 1 none, 2 another error. Pure. */
export function readPing(outcome: RunOutcome, deadlineMs: number): Reached {
  switch (outcome.kind) {
    case 'exited':
      if (outcome.code === 0) return { kind: 'reached', detail: roundTrip(outcome.stdout) };
      if (outcome.code === 1) return { kind: 'failed', detail: 'no answer' };
      return isForbidden(outcome.stderr)
        ? { kind: 'untried', detail: `ping may not send: ${complaint(outcome.stderr)}` }
        : { kind: 'failed', detail: complaint(outcome.stderr) };
    case 'timed-out':
      return { kind: 'failed', detail: `no answer within ${deadlineMs.toFixed(0)} ms` };
    case 'unstartable':
      return { kind: 'untried', detail: `ping cannot be started: ${outcome.detail}` };
    case 'signalled':
    case 'flooded':
      return { kind: 'untried', detail: `ping ended oddly (${outcome.kind})` };
    default:
      return never(outcome);
  }
}

/** "rtt min/avg/max/mdev = 0.045/0.045/0.045/0.000 ms"; busybox says "round-trip". */
const roundTrip = (stdout: string): string => {
  const ms = /= ([\d.]+)\/[\d./]+ ms/.exec(stdout)?.[1];
  return ms === undefined ? 'answered' : `answered in ${ms} ms`;
};

/** No right to a socket: the program may be without its capability (NoNewPrivileges takes it away). */
const isForbidden = (stderr: string): boolean =>
  /socket.*(not permitted|permission denied)|(not permitted|permission denied).*socket|missing cap_net_raw|are you root/is.test(
    stderr,
  );

const complaint = (stderr: string): string => {
  const line = stderr.split('\n').find((each) => each.trim() !== '') ?? 'it does not say why';
  return line
    .trim()
    .replace(/^ping: /, '')
    .slice(0, 120);
};

const never = (outcome: never): never => {
  throw new Error(`no such outcome: ${String(outcome)}`);
};
