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
