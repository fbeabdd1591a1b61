/** Keeps ExaBGP running for `bgp.supervise: true`: checks it, ends a predecessor's orphan, starts it again. */
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeAtomically } from './atomic-file.ts';
import { nextDelay, type BackoffState } from './backoff.ts';
import { makeDirectory } from './make-directory.ts';
import { endProblem, majorVersion, SpeakerError, versionProblem } from './problem.ts';
import { allGone, SupervisedProcess } from './process.ts';
import { descendants, isAlive, isIdentity, signalProcess, type ProcessIdentity } from './procfs.ts';

export interface SuperviseOptions {
  /** Path of the exabgp program. */
  readonly exabgp: string;
  /** See exabgp-conf.ts. May hold MD5 passwords: the file is for our user alone. */
  readonly configText: string;
  /** Ours: holds exabgp.conf and exabgp.pid. */
  readonly runDirectory: string;
}

export interface SupervisorEvents {
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly onProblem: (problem: SpeakerError) => void;
  readonly onLine: (line: string) => void;
}

const BACKOFF = { firstMs: 250, maximumMs: 15_000, stableMs: 30_000 } as const;
/** ExaBGP waits 100 ms for its pipes on SIGTERM, then for its process. */
const STOP_GRACE_MS = 1500;
const VERSION_DEADLINE_MS = 10_000;

export class Supervisor {
  readonly #options: SuperviseOptions;
  readonly #events: SupervisorEvents;
  readonly #stopping = new AbortController();
  #child: SupervisedProcess | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(options: SuperviseOptions, events: SupervisorEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Begins at once and goes on until `stop`; what goes wrong comes as `onProblem` and is tried again. */
  start(): void {
    this.#done = this.#keepRunning();
  }

  /** ExaBGP's pid while it runs. */
  get pid(): number | undefined {
    return this.#child?.identity?.pid;
  }

  /** SIGKILL to ExaBGP and all below it: its closed TCP sessions withdraw everything. It is started again. */
  kill(): void {
    this.#child?.kill();
  }

  /** Resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#child?.stop(STOP_GRACE_MS);
    await this.#done;
  }

  async #keepRunning(): Promise<void> {
    let failures: BackoffState = 0;
    while (!this.#stopping.signal.aborted) {
      const began = this.#events.now();
      try {
        await this.#runOnce();
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        this.#events.onProblem(asProblem(error));
      }
      const next = nextDelay(failures, this.#events.now() - began, this.#events.random(), BACKOFF);
      failures = next.failures;
      await delay(next.delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** From the checks to the end of the child; rejects unless the end was asked for. */
  async #runOnce(): Promise<void> {
    const { exabgp, configText, runDirectory } = this.#options;
    const { signal } = this.#stopping;
    const output = await versionOutput(exabgp, signal);
    const tooOld = versionProblem(exabgp, output);
    if (tooOld !== undefined) throw tooOld;
    await makeDirectory(runDirectory);
    const pidFile = join(runDirectory, 'exabgp.pid');
    await endOrphan(pidFile, signal);
    const configFile = join(runDirectory, 'exabgp.conf');
    await writeAtomically(configFile, configText);
    signal.throwIfAborted();
    const args = majorVersion(output) >= 5 ? ['server', configFile] : [configFile];
    const child = new SupervisedProcess(
      { file: exabgp, args, env: exabgpEnvironment(process.env) },
      this.#events.onLine,
    );
    this.#child = child;
    try {
      if (child.identity !== undefined) await writeAtomically(pidFile, JSON.stringify(child.identity));
      const end = await child.ended;
      if (!end.expected) throw endProblem(exabgp, end);
    } catch (error) {
      // Whatever went wrong (a full disk under the pid file): one that nobody watches must not live on.
      child.kill();
      await child.ended;
      throw error;
    } finally {
      this.#child = undefined;
      await rm(pidFile, { force: true });
    }
  }
}

/** Our environment without anything of ExaBGP's (a stray `exabgp_cli_pipe` turns it into its own CLI), plus ours. */
export function exabgpEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^exabgp[._]/i.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...exabgpSettings() };
}

/** What ExaBGP must find in its environment, whoever starts it. */
export function exabgpSettings(): Record<string, string> {
  return {
    // Without acknowledgements we would wait for ever.
    'exabgp.api.ack': 'true',
    // No FIFOs and no further child, whose death would count.
    'exabgp.api.cli': 'false',
    'exabgp.api.respawn': 'true',
    // Calls a function that 4.2.21 does not have.
    'exabgp.api.terminate': 'false',
    'exabgp.daemon.daemonize': 'false',
    // The guard starts as who we are; and as root, ExaBGP would change to `nobody` and could not be handled by it.
    'exabgp.daemon.drop': 'false',
    ...currentUser(),
    // No listener: no port 179, no root.
    'exabgp.tcp.bind': '',
    'exabgp.tcp.once': 'false',
    'exabgp.log.destination': 'stdout',
    // INFO costs a third of the time from the withdraw command to the UPDATE, and the guard logs the sessions itself.
    'exabgp.log.level': 'WARNING',
    'exabgp.log.all': 'false',
  };
}

function currentUser(): Record<string, string> {
  try {
    return { 'exabgp.daemon.user': userInfo().username };
  } catch {
    // A uid without a name (containers): ExaBGP changes nothing then, unless it is root.
    return {};
  }
}

/** The ExaBGP of a predecessor that was killed: it would hold the sessions that ours needs. */
async function endOrphan(pidFile: string, signal: AbortSignal): Promise<void> {
  const orphan = await readIdentity(pidFile);
  if (orphan === undefined || !isAlive(orphan)) return;
  const family = [orphan, ...descendants(orphan.pid)];
  signalProcess(orphan, 'SIGTERM');
  const polite = AbortSignal.timeout(STOP_GRACE_MS);
  const gone = await allGone(family, AbortSignal.any([polite, signal])).catch(() => false);
  if (gone) return;
  for (const member of family) signalProcess(member, 'SIGKILL');
  await allGone(family, signal);
}

async function readIdentity(file: string): Promise<ProcessIdentity | undefined> {
  try {
    const raw: unknown = JSON.parse(await readFile(file, 'utf8'));
    // A pid of 1 would be init, or the sidecar itself in a container.
    return isIdentity(raw) && raw.pid > 1 ? raw : undefined;
  } catch {
    return undefined;
  }
}

function versionOutput(exabgp: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: exabgpEnvironment(process.env), timeout: VERSION_DEADLINE_MS, signal };
    execFile(exabgp, ['--version'], options, (error, stdout, stderr) => {
      const missing = error !== null && typeof error.code === 'string';
      // An odd exit code with a version in the output will do; a program that cannot be started will not.
      if (missing) {
        const { message, code } = error;
        const failure = Object.assign(new Error(message), { code: String(code) });
        reject(endProblem(exabgp, { expected: false, error: failure, code: null, signal: null, tail: [] }));
      } else {
        resolve(`${stdout}${stderr}`);
      }
    });
  });
}

const asProblem = (error: unknown): SpeakerError =>
  error instanceof SpeakerError
    ? error
    : new SpeakerError(
        'EXABGP_ENDED',
        `ExaBGP cannot be run: ${error instanceof Error ? error.message : String(error)}`,
        error,
      );
