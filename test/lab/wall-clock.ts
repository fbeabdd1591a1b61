import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A wall clock that can be stepped, for the Python programs that are started with `env`: no namespace has a
 * CLOCK_REALTIME of its own, but Python runs a sitecustomize module before anything else.
 */
export class WallClock {
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;

  /** @param directory made here */
  constructor(directory: string) {
    mkdirSync(directory);
    this.env = { PYTHONPATH: directory };
    this.#file = join(directory, 'step');
    this.step(0);
    writeFileSync(join(directory, 'sitecustomize.py'), sitecustomize(this.#file));
  }

  /** From now on the clock is so many seconds away from the machine's. */
  step(seconds: number): void {
    // Replaced, not written over: it is read all the time.
    writeFileSync(`${this.#file}.new`, String(seconds));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function sitecustomize(file: string): string {
  return `# Made by the lab: time.time() of this process can be stepped.
import time

_machine = time.time


def _stepped():
    with open('${file}') as step:
        return _machine() + float(step.read())


time.time = _stepped
`;
}
