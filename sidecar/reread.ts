/**
 * Something that is made of files (a token, certificates), made anew when one of them changes: a renewal needs no
 * restart. What was made stays in use for as long as nothing better can be made.
 */
import { statSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';

export interface RereadOptions<T> {
  /** What decides whether to make it anew. */
  readonly files: readonly string[];
  /** Reads them. Throws an error whose text is for a person. */
  readonly make: () => T;
  /** It was made anew; never called for the first time. */
  readonly onChange?: (value: T) => void;
  /** Why it could not be made anew; once for each state of the files. */
  readonly onProblem?: (text: string) => void;
}

/** A renewal is not urgent: the old one is good for days, as a rule. */
const LOOK_MS = 10_000;

export class Reread<T> {
  readonly #options: RereadOptions<T>;
  #value: T | undefined;
  #problem: string | undefined;
  /** The files as they were when it was made, or when that failed. */
  #seen: string;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  /** Makes it at once; whoever cannot do without looks at `problem` then. */
  constructor(options: RereadOptions<T>) {
    this.#options = options;
    // Before they are read: what is written meanwhile is seen at the next look.
    this.#seen = options.files.map(signatureNow).join(' ');
    this.#make();
  }

  /** The last that could be made. */
  get value(): T | undefined {
    return this.#value;
  }

  /** Why there is none, or no newer one. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Looks from now on. */
  start(): void {
    if (this.#timer !== undefined || this.#options.files.length === 0) return;
    this.#timer = setInterval(() => {
      // A disk that hangs is not asked again and again.
      if (this.#looking === undefined) void this.look();
    }, LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Resolves when what the files hold now is in use, or is refused. */
  async look(): Promise<void> {
    // One that is under way may have looked before the change.
    while (this.#looking !== undefined) await this.#looking;
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const seen = (await Promise.all(this.#options.files.map(signature))).join(' ');
    if (seen === this.#seen) return;
    this.#seen = seen;
    const { onChange, onProblem } = this.#options;
    if (!this.#make()) onProblem?.(this.#problem ?? '');
    else if (this.#value !== undefined) onChange?.(this.#value);
  }

  #make(): boolean {
    try {
      this.#value = this.#options.make();
      this.#problem = undefined;
      return true;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      return false;
    }
  }
}

async function signature(file: string): Promise<string> {
  try {
    return identified(await stat(file));
  } catch (error) {
    return failed(error);
  }
}

function signatureNow(file: string): string {
  try {
    return identified(statSync(file));
  } catch (error) {
    return failed(error);
  }
}

/** Enough to tell that somebody wrote or replaced it, or let us in. */
const identified = ({ dev, ino, mtimeMs, ctimeMs, size }: Stats): string =>
  [dev, ino, mtimeMs, ctimeMs, size].join(':');

const failed = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
