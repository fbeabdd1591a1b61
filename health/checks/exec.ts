/** The check `exec`: a program of the user's own says so, by the exit codes of a Nagios plugin. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { OUTPUT_BYTES, runProgram, type RunOutcome } from '../run-program.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  command: {
    doc: 'The program (an absolute path) and its arguments, each an element of the list. No shell reads it; it is ended with its whole process group when its time is up. Exit code 0 passes, 1 is a warning, 2 fails, 3 and all others mean that it does not know; its first line of output is shown.',
    format: 'argv',
    default: null,
  },
  warning: {
    doc: 'What a warning (exit code 1) counts as.',
    format: ['pass', 'fail'],
    default: 'pass',
  },
} as const satisfies LimitSchema;

// ----------------------------------------------------------------------------------------------- judge

/** Of `limits`, what the judgement needs. */
type Rule = Pick<LimitsOf<typeof limits>, 'warning'>;

export function judge(outcome: RunOutcome, { warning }: Rule): Judgement {
  switch (outcome.kind) {
    case 'exited':
      return judgeCode(outcome.code, lineOf(outcome), warning);
    case 'signalled':
      return unknown(withLine(`ended by ${outcome.signal}`, lineOf(outcome)));
    case 'timed-out':
      return { verdict: 'fail', reason: 'exec-timed-out', value: 'killed with its process group' };
    case 'flooded':
      return unknown(`wrote more than ${String(OUTPUT_BYTES / 1024)} KiB and was killed`);
    case 'unstartable':
      return {
        verdict: 'unknown',
        reason: 'program-unusable',
        value: `cannot be started: ${outcome.detail}`,
      };
    default:
      return never(outcome);
  }
}

/** Nagios plugin API: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
function judgeCode(code: number, line: string, warning: Rule['warning']): Judgement {
  switch (code) {
    case 0:
      return line === '' ? { verdict: 'pass' } : { verdict: 'pass', value: line };
    case 1:
      return warning === 'pass'
        ? { verdict: 'pass', value: withLine('warning', line) }
        : { verdict: 'fail', reason: 'exec-warning', value: withLine('exit code 1', line) };
    case 2:
      return { verdict: 'fail', reason: 'exec-critical', value: withLine('exit code 2', line) };
    default:
      return unknown(withLine(`exit code ${String(code)}`, line));
  }
}

const unknown = (value: string): Judgement => ({ verdict: 'unknown', reason: 'exec-unknown', value });

const withLine = (text: string, line: string): string => (line === '' ? text : `${text}: ${line}`);

const LINE_LENGTH = 200;

/** The first line that says something, without performance data (after "|"); stderr when stdout is empty. */
function lineOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => (line.split('|')[0] ?? '').trim());
  const line = lines.find((each) => each !== '') ?? '';
  return line.length <= LINE_LENGTH ? line : `${line.slice(0, LINE_LENGTH - 1)}…`;
}

const never = (outcome: never): never => {
  throw new Error(`no such outcome: ${String(outcome)}`);
};

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<LimitsOf<typeof limits>>): Check {
  const { limits: own, ...check } = options;
  // A little under the timeout: a program that hangs is a failure with a name, not an unknown.
  const deadlineMs = check.pace.timeoutMs * 0.9;
  return {
    ...check,
    async observe(signal) {
      return judge(await runProgram(own.command, { deadlineMs }, signal), own);
    },
  };
}
