/** What others can tell the daemon by signals, and what happens when a defect ends it. */
import type { Logger } from './log.ts';

export interface Told {
  /** Exit code: 0, or 70 (EX_SOFTWARE) after a defect. */
  readonly code: number;
  /** Leave the announcements to a successor instead of withdrawing them. */
  readonly handover: boolean;
}

/** Resolves when the daemon has to end; calls `reload` for each SIGHUP until then. */
export function untilTold(log: Logger, reload: () => void): Promise<Told> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR2'] as const) {
      process.on(signal, () => {
        log.info({ signal }, 'told to stop');
        resolve({ code: 0, handover: signal === 'SIGUSR2' });
      });
    }
    process.on('SIGHUP', reload);
    // A broken invariant: nothing that this process believes may stay announced.
    const crash = (error: unknown): void => {
      log.fatal({ err: error }, 'defect: withdrawing and stopping; please report this line');
      resolve({ code: 70, handover: false });
    };
    process.on('uncaughtException', crash);
    process.on('unhandledRejection', crash);
  });
}
