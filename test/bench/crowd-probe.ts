/**
 * Sends IKE_SA_INIT probes, one after the other, and prints the answer times in milliseconds as one line of
 * JSON; null for one without an answer. Arguments: address, how many, milliseconds between two.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { probePort } from '../../health/ike/probe.ts';

const [address = '', count = '0', intervalMs = '50'] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const target = { address, port: 500, marker: false };
const { signal } = new AbortController();

/** Before the first that counts, so that compilation is not measured. */
const WARM_UP = 40;

const answers: (number | null)[] = [];
for (let n = -WARM_UP; n < Number(count); n += 1) {
  const outcome = await probePort(target, { tryMs: 1000, now }, signal);
  if (n >= 0) answers.push(outcome.kind === 'worker' ? Math.round(outcome.ms * 1000) / 1000 : null);
  await delay(Number(intervalMs));
}
process.stdout.write(`${JSON.stringify(answers)}\n`);
