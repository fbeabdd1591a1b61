/** Why the lab could not go on. `LAB_DEADLINE` is a finding about swancast or the parts around it; the others are about this machine. */
export type LabErrorCode =
  | 'LAB_NOT_ROOT'
  | 'LAB_TOOL_MISSING'
  | 'LAB_ARGUMENT'
  | 'LAB_IN_USE'
  | 'LAB_COMMAND'
  | 'LAB_DAEMON_DIED'
  | 'LAB_DEADLINE'
  | 'LAB_SPOILT'
  | 'LAB_INTERRUPTED';

export class LabError extends Error {
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'LabError';
    this.code = code;
  }
}

/** An AbortSignal's reason as an Error, whatever was given to abort(). */
export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new LabError('LAB_INTERRUPTED', String(reason));
}

/** What was thrown, or why it was: a timer that is aborted throws an AbortError of its own. */
export function thrownUnder(signal: AbortSignal, error: unknown): unknown {
  return signal.aborted ? reasonOf(signal) : error;
}
