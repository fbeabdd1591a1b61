/** Problems of the configuration are an answer, not a crash: printed, and turned into the exit code. */
import { ConfigError } from '../config/problem.ts';
import { EXIT, type Output } from './outcome.ts';

/** What `make` returns, or the exit code after its problems were printed, one a line. */
export function reported<T extends object>(output: Output, make: () => T): T | number {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    output.err(`${error.message}\n`);
    return EXIT.problem;
  }
}
