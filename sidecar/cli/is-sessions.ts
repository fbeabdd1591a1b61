/** Whether an answer is what the texts about sessions stand on; the daemon is of another version now and then. */
import type { SessionsStatus } from '../sessions/progress.ts';

export const isSessions = (value: unknown): value is SessionsStatus => {
  if (typeof value !== 'object' || value === null || !('drain' in value)) return false;
  const { drain: one } = value;
  if (one === null) return true;
  return typeof one === 'object' && one !== undefined && 'phase' in one && 'sessions' in one && 'left' in one;
};
