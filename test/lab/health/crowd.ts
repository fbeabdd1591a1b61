/** The lab's clients as a crowd: all of them logged in here, many gone at once, back again. */
import { setTimeout as delay } from 'node:timers/promises';
import { readStats } from '../../../health/strongswan.ts';
import { section, type Message } from '../../../health/vici/message.ts';
import { LabError } from '../lab-error.ts';
import { withVici } from '../vici-command.ts';
import type { Stage } from './trial.ts';

const HERE_WITHIN_MS = 60_000;
/** Those that follow a route of themselves have found out by then that they must. */
const PATIENCE_MS = 8000;

/** Every client has an IKE_SA on the gateway that serves: by itself, or by logging out and in again. */
export async function gather(stage: Stage): Promise<void> {
  const { lab, gateway, signal } = stage;
  const wanted = lab.topology.clients.length;
  const deadline = performance.now() + HERE_WITHIN_MS;
  let seen = 0;
  let again = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    await withVici(gateway.charon.viciSocket, signal, async (command) => {
      const { total, halfOpen } = readStats(await command('stats')).ikeSas;
      seen = total - halfOpen;
    });
    if (seen >= wanted) return;
    if (performance.now() > again) {
      // Those who were turned away for good do not try again by themselves.
      await leave(stage);
      await comeBack(stage);
      again = performance.now() + PATIENCE_MS;
    }
    await delay(200, undefined, { signal });
  }
  const name = gateway.plan.name;
  throw new LabError(
    'LAB_SPOILT',
    `expected: ${String(wanted)} clients on ${name}; there are ${String(seen)}`,
  );
}

/** All clients but the first, which has traffic. */
const names = ({ lab }: Stage): string[] =>
  lab.topology.clients.slice(1).map((_, index) => `client${String(index + 2)}`);

export const leave = async (stage: Stage): Promise<void> =>
  each(stage, 'terminate', (ike) => ({ ike, timeout: '5000' }));

/** Does not wait until they are there. */
export const comeBack = async (stage: Stage): Promise<void> =>
  each(stage, 'initiate', (ike) => ({ ike, child: 'services', timeout: '-1' }));

async function each(
  stage: Stage,
  name: string,
  args: (ike: string) => Readonly<Record<string, string>>,
): Promise<void> {
  await withVici(stage.lab.clients.charon.viciSocket, stage.signal, async (command) => {
    for (const ike of names(stage)) {
      const message: Message = Object.assign(section(), args(ike));
      await command(name, message).catch((error: unknown) => {
        // Those that are not there need not leave.
        if (!(error instanceof LabError)) throw error;
      });
    }
  });
}
