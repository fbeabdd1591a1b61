/**
 * Makes a running ExaBGP connect to neighbors now. It has no command for that: `teardown` takes sessions that are
 * up and no others. But a reload (SIGUSR1) that finds a neighbor's definition changed begins that one anew, pause
 * and pending connection and all, and leaves those alone whose definition is the same: they get their routes told
 * once more, in the same words. So a setting that means nothing is turned over.
 *
 * One reload serves all neighbors that ask within a moment, as the two address families of one router do: two at
 * a time would overwrite each other's change, and two in a row tell those that are up everything twice.
 *
 * Needed for it: ExaBGP runs as our user, from a file that `swancast render exabgp` wrote, which we may replace. Where
 * the file is ours, it must still be what we wrote: a reload would take over whatever somebody changed in it.
 */
import { access, constants, readFile, realpath, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { dirname } from 'node:path';
import { writeAtomically } from './atomic-file.ts';
import { sameButTurned, turnNeighborOver } from './exabgp-conf.ts';
import type { LogLevel } from './log-line.ts';
import { isAlive, signalProcess, type ProcessIdentity } from './procfs.ts';

/** How long a redial waits for others; the probe's own connection is gone from the router by then, too. */
const GATHER_MS = 50;
/** ExaBGP has taken one reload before it gets the next. */
const BETWEEN_MS = 250;

export interface RedialerOptions {
  /** Which process it is, as the guard says; undefined: no guard. */
  readonly exabgp: () => ProcessIdentity | undefined;
  /** What we gave ExaBGP; undefined: its file is not ours, and may have become another with good reason. */
  readonly configText: string | undefined;
  readonly log: (level: LogLevel, message: string, fields?: object) => void;
  /** Called when that changed: why ExaBGP cannot be told, one line for a person; undefined: it can. */
  readonly onObstacle: (obstacle: string | undefined) => void;
}

export class Redialer {
  readonly #options: RedialerOptions;
  /** Address → `sure`. */
  #asked = new Map<string, boolean>();
  #next: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #obstacle: string | undefined;
  #stopped = false;

  constructor(options: RedialerOptions) {
    this.#options = options;
  }

  /** Finds out beforehand whether ExaBGP could be told about these neighbors, and says so if not. Never rejects. */
  async check(neighbors: readonly string[]): Promise<void> {
    const exabgp = this.#options.exabgp();
    if (exabgp === undefined) return;
    const found = await prepared(exabgp, neighbors, this.#options.configText);
    this.#found('problem' in found ? found.problem : undefined);
  }

  /**
   * Tells ExaBGP to connect to that neighbor, and logs it. `sure`: the router was seen to accept connections.
   * Resolves when ExaBGP was told, or cannot be; never rejects.
   */
  redial(neighbor: string, sure: boolean): Promise<void> {
    this.#asked.set(neighbor, sure);
    this.#next ??= this.#gather();
    return this.#next;
  }

  /** What was asked for a moment ago is not done any more. */
  stop(): void {
    this.#stopped = true;
  }

  async #gather(): Promise<void> {
    await Promise.all([delay(GATHER_MS), this.#last]);
    if (this.#stopped) return;
    const asked = this.#asked;
    this.#asked = new Map();
    this.#next = undefined;
    const told = this.#tell(asked);
    this.#last = told.then(() => delay(BETWEEN_MS, undefined, { ref: false }));
    await told;
  }

  async #tell(asked: ReadonlyMap<string, boolean>): Promise<void> {
    const exabgp = this.#options.exabgp();
    const problem =
      exabgp === undefined
        ? 'no guard says which process it is'
        : await reload(exabgp, [...asked.keys()], this.#options.configText);
    this.#found(problem);
    for (const [neighbor, sure] of asked) {
      const seen = `neighbor ${neighbor} ${sure ? 'accepts connections again' : 'may accept connections again'}`;
      const then =
        problem === undefined ? 'ExaBGP connects now' : 'ExaBGP cannot be told, and connects later';
      this.#options.log(sure ? 'info' : 'debug', `${seen}: ${then}`, { neighbor });
    }
  }

  /** The warning comes once for each cause, however often ExaBGP is to be told. */
  #found(obstacle: string | undefined): void {
    if (obstacle === this.#obstacle) return;
    this.#obstacle = obstacle;
    const cost = 'a router that comes back may have to wait for up to a minute, as ExaBGP cannot be told';
    if (obstacle === undefined) this.#options.log('info', 'ExaBGP can be told to connect at once again');
    else this.#options.log('warn', `${cost}: ${obstacle}`);
    this.#options.onObstacle(obstacle);
  }
}

/** What the reload writes, and where; or why there can be none. Never rejects. */
async function prepared(
  exabgp: ProcessIdentity,
  addresses: readonly string[],
  configText: string | undefined,
): Promise<{ readonly file: string; readonly text: string } | { readonly problem: string }> {
  const { pid } = exabgp;
  let at = `process ${pid}`;
  try {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8'))
      .split('\0')
      .filter((part) => part !== '');
    const given = command.at(-1) ?? '';
    if (!isAlive(exabgp) || !given.startsWith('/')) {
      return { problem: `process ${pid} is no ExaBGP with the absolute path of its configuration file` };
    }
    at = given;
    const file = await realpath(given);
    let text = await readFile(file, 'utf8');
    if (configText !== undefined && !sameButTurned(text, configText)) {
      return { problem: `${given} is not as swancast wrote it: restart swancast, which writes it anew` };
    }
    for (const address of addresses) {
      const turned = turnNeighborOver(text, address);
      if (turned === undefined) {
        const way = 'let ExaBGP run with what `swancast render exabgp` prints now';
        return { problem: `${given} has no neighbor ${address} as swancast writes it: ${way}` };
      }
      text = turned;
    }
    await access(dirname(file), constants.W_OK | constants.X_OK);
    const { uid } = await stat(file);
    const us = process.geteuid?.();
    if (us !== 0 && us !== uid) return { problem: `${given} belongs to another user: ${WAY_OUT}` };
    process.kill(pid, 0);
    return { file, text };
  } catch (error) {
    return { problem: `${at}: ${error instanceof Error ? error.message : String(error)}; ${WAY_OUT}` };
  }
}

const WAY_OUT =
  "run ExaBGP and swancast as one user, with ExaBGP's configuration in a directory that user may write to";

/** Undefined: ExaBGP was told. Else one line for a person. Never rejects. */
async function reload(
  exabgp: ProcessIdentity,
  addresses: readonly string[],
  configText: string | undefined,
): Promise<string | undefined> {
  const found = await prepared(exabgp, addresses, configText);
  if ('problem' in found) return found.problem;
  const { file, text } = found;
  try {
    // ExaBGP reads it again, and so does whoever starts it the next time: it stays theirs.
    await writeAtomically(file, text, await stat(file));
  } catch (error) {
    return `${file}: ${error instanceof Error ? error.message : String(error)}; ${WAY_OUT}`;
  }
  return signalProcess(exabgp, 'SIGUSR1') ? undefined : `process ${exabgp.pid} has just ended`;
}
