/** Says once that something fails, and once that it works again: what fails, fails every half second until then. */
import type { HealthLog } from '../../health/seams.ts';

export class FailureStreak {
  readonly #log: HealthLog;
  readonly #again: string;
  #count = 0;

  /** `again`: what is said when it works again, such as "IKE_SAs are listed again". */
  constructor(log: HealthLog, again: string) {
    this.#log = log;
    this.#again = again;
  }

  failed(fields: object, text: string): void {
    this.#count += 1;
    if (this.#count === 1) this.#log.warn(fields, text);
  }

  worked(): void {
    if (this.#count > 0)
      this.#log.info({ failures: this.#count }, `${this.#again}, after ${this.#count} failures`);
    this.#count = 0;
  }
}
