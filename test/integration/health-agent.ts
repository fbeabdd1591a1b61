/**
 * The whole of health/ in one process, to be run inside a network namespace: checks as JSON in the first
 * argument, the VICI socket in the second. Prints each Result as a line of JSON; a line on standard input
 * is the name of a check to run now, or `announced` / `withdrawn`. Ends with standard input.
 */
import { createInterface } from 'node:readline';
import { CharonLink } from '../../health/charon-link.ts';
import { createChecks, type CheckPlan } from '../../health/registry.ts';
import { Scheduler } from '../../health/scheduler.ts';

const [plans = '[]', path = ''] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const print = (fields: object, text: string): void => {
  process.stderr.write(`${text} ${JSON.stringify(fields)}\n`);
};
const log = { debug: () => undefined, info: print, warn: print, error: print };
let announced = false;

const link = new CharonLink({ path, now, log });
const checks = createChecks(JSON.parse(plans) as CheckPlan[], { link, now, announced: () => announced, log });
const scheduler = new Scheduler({
  checks,
  now,
  log,
  onResult: (result) => {
    process.stdout.write(`${JSON.stringify(result)}\n`);
  },
});
link.start();
scheduler.start();

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  if (line === 'announced' || line === 'withdrawn') announced = line === 'announced';
  else void scheduler.runNow(line);
});
input.on('close', () => {
  void scheduler.stop().then(() => {
    link.close();
  });
});
