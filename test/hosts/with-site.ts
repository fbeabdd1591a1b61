import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError, reasonOf } from '../lab/lab-error.ts';
import type { Output } from '../lab/lab-session.ts';
import { labDirectory, Ledger } from '../lab/ledger.ts';
import { raiseSite, type HostsSite } from './site.ts';
import { takeDownHosts } from './take-down.ts';

const JOURNALS_WITHIN_MS = 20_000;

export interface SiteRun {
  readonly name: string;
  readonly clients: number;
  readonly keep: boolean;
}

/**
 * Raises hosts for `use`. Down they go, whatever happened, or stay up where that was asked for. `use` resolves with
 * whether all was well: only then the logs go too, else the hosts' journals are added to them.
 */
export async function withSite(
  { name, clients, keep }: SiteRun,
  output: Output,
  interrupted: AbortSignal,
  use: (site: HostsSite, signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  const ledger = Ledger.claim(name);
  const died = new AbortController();
  const signal = AbortSignal.any([interrupted, died.signal]);
  let good = false;
  let stays = false;
  try {
    const { progress } = output;
    const site = await raiseSite(
      { ledger, name, clients, progress, onDeath: (error) => died.abort(error) },
      signal,
    );
    try {
      good = await use(site, signal);
    } finally {
      if (!good) await keepJournals(site);
    }
    if (interrupted.aborted) throw reasonOf(interrupted);
    stays = keep;
  } finally {
    ledger.end();
    if (stays) {
      ledger.disown();
      output.result(
        `The hosts "${name}" are still up: npm run -s hosts -- exec --name ${name} gw1 swancast status\n` +
          `To take them down: npm run -s hosts -- down --name ${name}`,
      );
    } else {
      await takeDownHosts(name);
      if (good) rmSync(labDirectory(name), { recursive: true, force: true });
    }
    if (stays || !good) output.result(`logs: ${labDirectory(name)}/logs`);
  }
}

/** They are in the hosts, and go with them. */
async function keepJournals({ hosts, logs }: HostsSite): Promise<void> {
  const signal = AbortSignal.timeout(JOURNALS_WITHIN_MS);
  for (const host of hosts)
    try {
      const text = await host.run(['journalctl', '--no-pager', '--output=short-precise'], signal);
      writeFileSync(join(logs, `${host.plan.name}-journal.log`), text);
    } catch (error) {
      // One that is off, say: the others' are worth having.
      if (!(error instanceof LabError)) throw error;
    }
}
