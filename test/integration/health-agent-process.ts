/** Runs health-agent.ts in a network namespace and hears what its checks say. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Result } from '../../health/check.ts';
import type { CheckPlan } from '../../health/registry.ts';

/** One run of it, and what it said. */
export class Agent {
  readonly results: Result[] = [];
  readonly #process: ChildProcess;
  #waiting: (() => void)[] = [];

  constructor(namespace: string, socket: string, plans: readonly CheckPlan[]) {
    const program = fileURLToPath(new URL('health-agent.ts', import.meta.url));
    const words = ['netns', 'exec', namespace, process.execPath, program, JSON.stringify(plans), socket];
    this.#process = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#process.stdout === null) throw new Error('no output to read');
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.results.push(JSON.parse(line) as Result);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    });
  }

  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** The first result from here on that says this of this check; what it is, as "pass" or a reason. */
  async next(check: string, expected: string): Promise<Result> {
    return this.#first((result) => result.check === check && said(result) === expected);
  }

  /** The first pass of this check from here on that says what it saw in these words. */
  async shows(check: string, value: string | RegExp): Promise<Result> {
    const fits = (seen = ''): boolean => (typeof value === 'string' ? seen === value : value.test(seen));
    return this.#first((result) => result.check === check && said(result) === 'pass' && fits(result.value));
  }

  async #first(isWanted: (result: Result) => boolean): Promise<Result> {
    for (let at = this.results.length; ; at += 1) {
      while (this.results.length <= at) await new Promise<void>((wake) => this.#waiting.push(wake));
      const result = this.results[at];
      if (result !== undefined && isWanted(result)) return result;
    }
  }

  async end(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin?.end();
    return ended;
  }
}

export const said = (result: Result): string => (result.verdict === 'pass' ? 'pass' : result.reason);
