/**
 * The daemon: makes the parts of a configuration, wires them once, and takes them apart in the order that
 * serves the clients: withdraw (or hand over), wait for the word of the guard, then everything else.
 *
 *   SIGTERM, SIGINT  withdraw, stop           SIGUSR2  hand over to a successor, stop (see signals.ts)
 *   SIGHUP           read the configuration again
 */
import type { SdNotify } from '../bgp/sd-notify.ts';
import type { Config } from './config/config.ts';
import { Daemon } from './daemon.ts';
import { endHardLater } from './hard-end.ts';
import { lockIfOurs } from './lock.ts';
import { createLog } from './log.ts';
import { monotonic } from './monotonic.ts';
import { policyOf } from './policy.ts';
import { rehearseDecision, rehearseLink } from './rehearsal.ts';
import { untilTold } from './signals.ts';

/** How long the end by our own SIGKILL may take. */
const KILLED_MS = 2000;

/**
 * Runs until it is told to stop; `load` reads the configuration again. Resolves with the exit code once
 * everything is withdrawn or handed over, and ended. Rejects with HttpError when a listener cannot be had, with
 * SpeakerError when another one runs its ExaBGP in our run directory.
 */
export async function runDaemon(config: Config, load: () => Config, notify: SdNotify): Promise<number> {
  const log = createLog(config.log.level, config.gateway.name);
  const daemon = new Daemon(config, log, notify);
  const listeners = await daemon.listen();
  const unlock = await lockIfOurs(config, log).catch((error: unknown) => {
    // An open listener would keep this process alive.
    listeners.close();
    throw error;
  });
  await daemon.resume();
  rehearseDecision(policyOf(config));
  await rehearseLink(config.strongswan.viciSocket, monotonic);
  const told = untilTold(log, () => {
    notify.reloading(monotonic());
    daemon.reload(load);
    notify.ready();
  });
  daemon.start();
  const { code, handover } = await told;
  notify.stopping(endHardLater(log, () => daemon.waitsFor) + KILLED_MS);
  notify.status(handover ? 'handing over to a successor' : 'withdrawing, then it ends');
  await daemon.stop(handover, unlock);
  listeners.end();
  return code;
}
