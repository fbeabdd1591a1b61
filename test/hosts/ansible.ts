/** ansible-playbook on the machine that manages the hosts, over ssh. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monotonic } from '../lab/clock.ts';
import { LabError, reasonOf } from '../lab/lab-error.ts';
import type { Mapping } from '../lab/routing/site-config.ts';
import type { Control } from './control.ts';
import { failuresIn, readRecap, type HostRecap } from './play-recap.ts';

const PLAYBOOKS = fileURLToPath(new URL('../../deploy/ansible/', import.meta.url));

export interface PlayResult {
  /** 0: all went well. 2: a host failed or was not reached (ansible-playbook(1)). */
  readonly code: number;
  readonly hosts: ReadonlyMap<string, HostRecap>;
  readonly output: string;
  readonly seconds: number;
  readonly logFile: string;
}

export class Ansible {
  readonly #control: Control;
  readonly #logs: string;
  #plays = 0;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(control: Control, logs: string) {
    this.#control = control;
    this.#logs = logs;
    // A unix socket's path has 107 characters at most.
    const sockets = join(control.directory, 'ssh');
    mkdirSync(sockets, { recursive: true, mode: 0o700 });
    const config = join(PLAYBOOKS, 'ansible.cfg');
    this.#environment = {
      ...{ LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ANSIBLE_NOCOLOR: '1', ANSIBLE_FORCE_COLOR: '0' },
      ...{ ANSIBLE_SSH_CONTROL_PATH_DIR: sockets, ANSIBLE_LOCAL_TEMP: join(control.directory, 'tmp') },
      ...(existsSync(config) ? { ANSIBLE_CONFIG: config } : {}),
    };
  }

  /**
   * @param playbook of deploy/ansible, without ".yml"
   * @param vars the operator's extra ones
   * @returns also when hosts failed; its output is in the logs
   */
  async play(
    playbook: string,
    vars: Mapping,
    signal: AbortSignal,
    more: readonly string[] = [],
  ): Promise<PlayResult> {
    this.#plays += 1;
    const name = `ansible-${String(this.#plays).padStart(2, '0')}-${playbook}`;
    const logFile = join(this.#logs, `${name}.log`);
    const varsFile = join(this.#control.directory, `${name}.json`);
    writeFileSync(varsFile, JSON.stringify(vars));
    const startedAt = monotonic();
    const argv = [
      '-i',
      this.#control.inventory,
      '-e',
      `@${varsFile}`,
      ...more,
      join(PLAYBOOKS, `${playbook}.yml`),
    ];
    // Ansible's own log has the time of each line.
    const timed = join(this.#logs, `${name}.timed.log`);
    const { code, output } = await this.#run(
      ['ansible-playbook', ...argv],
      { ANSIBLE_LOG_PATH: timed },
      signal,
    );
    writeFileSync(logFile, output);
    return { code, output, logFile, hosts: readRecap(output), seconds: (monotonic() - startedAt) / 1000 };
  }

  /** @throws LabError with what failed, unless all went well */
  async mustPlay(playbook: string, vars: Mapping, signal: AbortSignal): Promise<PlayResult> {
    const result = await this.play(playbook, vars, signal);
    if (result.code === 0) return result;
    const why = failuresIn(result.output);
    throw new LabError(
      'LAB_DEADLINE',
      `${playbook}.yml: expected to go well; exit ${result.code}: ${why === '' ? result.output.slice(-800) : why}; log: ${result.logFile}`,
    );
  }

  async #run(
    argv: readonly [string, ...string[]],
    env: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ readonly code: number; readonly output: string }> {
    if (signal.aborted) throw reasonOf(signal);
    const child = spawn('ip', ['netns', 'exec', this.#control.namespace, ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#environment, ...env },
      signal,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const { promise, resolve, reject } = Promise.withResolvers<{ code: number; output: string }>();
    child.on('error', (cause) => reject(signal.aborted ? reasonOf(signal) : cause));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
    return promise;
  }
}
