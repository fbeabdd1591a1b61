/** How a command ends, and where it writes. */

export const EXIT = { ok: 0, problem: 1, usage: 2, noDaemon: 3 } as const;

/** For the manual page and `--help`. */
export const EXIT_TEXTS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'all is well',
  problem:
    'a problem, printed on standard error: the configuration, a permission, no answer in time, an order refused',
  usage: 'the command line is wrong',
  noDaemon: 'no swancast is running here',
};

/** What `swancast fleet --gate` ends with, for those who wait for a gate to open. */
export const GATE_EXITS = {
  0: 'yes, go on',
  1: 'no, or not yet; the reasons are printed: ask again later',
  2: 'it cannot be told: no fleet, no such gateway, no answer, or the command line is wrong',
  3: 'no swancast is running here',
} as const;

/** A seam, so that tests can read what is printed. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export const processOutput: Output = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

export const printJson = (output: Output, value: unknown): void =>
  output.out(`${JSON.stringify(value, null, 2)}\n`);
