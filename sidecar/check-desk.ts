/** What can be asked of the checks: how each is set up and stands, and that it looks now. */
import type { CheckConfig } from './config/config.ts';
import { parseRunOrder } from './order.ts';
import type { CheckStatus, Status } from './status.ts';

/** One check as it is configured, and as it stands. */
export interface ListedCheck extends CheckStatus {
  readonly type: string;
  /** The operator's word on how bad its failures are; null: as bad as the reason says. */
  readonly configured_class: string | null;
  readonly interval_seconds: number;
  readonly fast_interval_seconds: number;
  readonly timeout_seconds: number;
  readonly max_age_seconds: number;
  readonly depends_on: readonly string[];
}

export interface CheckList {
  readonly gateway: string;
  readonly checks: readonly ListedCheck[];
}

export interface CheckDeskOptions {
  /** As configured now. */
  readonly configured: () => readonly CheckConfig[];
  readonly status: () => Status;
  /** Looks with one check or with all; resolves when each has said what it saw. */
  readonly look: (name: string | undefined) => Promise<void>;
}

export class CheckDesk {
  readonly #options: CheckDeskOptions;

  constructor(options: CheckDeskOptions) {
    this.#options = options;
  }

  /** All checks, or the one of that name. */
  list(only?: string): CheckList {
    const { configured, status } = this.#options;
    const { gateway, checks } = status();
    const setUp = new Map(configured().map((check) => [check.name, check]));
    return {
      gateway,
      checks: checks.flatMap((standing) => {
        const check = setUp.get(standing.name);
        return check === undefined || (only !== undefined && check.name !== only)
          ? []
          : [listed(check, standing)];
      }),
    };
  }

  /** Looks now; the answer is the checks that looked, or why not. */
  async run(raw: unknown): Promise<CheckList | { readonly refused: string }> {
    const order = parseRunOrder(raw);
    if (typeof order === 'string') return { refused: order };
    const { name } = order;
    const names = this.#options.configured().map((check) => check.name);
    if (name !== undefined && !names.includes(name)) {
      return { refused: `no check is called ${JSON.stringify(name)}; there are: ${names.join(', ')}` };
    }
    await this.#options.look(name);
    return this.list(name);
  }
}

const listed = (
  { type, class: configured, intervalMs, fastMs, timeoutMs, maxAgeMs, dependsOn }: CheckConfig,
  standing: CheckStatus,
): ListedCheck => ({
  ...standing,
  type,
  configured_class: configured ?? null,
  interval_seconds: intervalMs / 1000,
  fast_interval_seconds: fastMs / 1000,
  timeout_seconds: timeoutMs / 1000,
  max_age_seconds: maxAgeMs / 1000,
  depends_on: dependsOn,
});
