/**
 * The file that keeps orders over restarts: replaced as a whole (written beside it, synced, renamed), so that
 * it is the old one or the new one at every moment; gone when there is nothing to keep, which works even on a
 * full disk. What is not as we write it is kept aside before anything is written over it.
 */
import { access, constants, copyFile, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { intentsText, parseIntents, type Intent, type KeptOrders, type Moment } from './intent.ts';

export class IntentFileError extends Error {
  override readonly name = 'IntentFileError';
  readonly code: 'INTENT_UNWRITABLE' | 'INTENT_UNREADABLE' | 'INTENT_CORRUPT';

  constructor(code: IntentFileError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Some 256 prefixes at 600 bytes each is what we write at most. */
const SIZE_MAXIMUM = 1024 * 1024;
/** Files kept aside: beyond so many the last one is replaced. */
const ASIDE_MAXIMUM = 10;

const NOTHING: KeptOrders = { intents: [], corrected: false, drain: undefined, problems: [] };

export class IntentFile {
  readonly path: string;
  readonly #directory: string;
  /** What stands there could be neither taken nor kept aside: no write may do away with it. */
  #isOwed = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'intent.json');
  }

  /** Rejects with IntentFileError. A file of which nothing can be read is moved aside first, so that it is said once. */
  async read(moment: Moment): Promise<KeptOrders> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return NOTHING;
      this.#isOwed = true;
      const message = `${this.path} cannot be read (${wayOut(cause)}): what operators forced or drained is not in effect`;
      throw new IntentFileError('INTENT_UNREADABLE', message, cause);
    }
    const kept = text.length > SIZE_MAXIMUM ? 'it is far too large' : parseIntents(text, moment);
    if (typeof kept !== 'string') return kept;
    const moved = await this.#moveAside().then(
      (aside) => `it was moved to ${aside}`,
      (error: unknown) => {
        this.#isOwed = true;
        return `it cannot be moved aside (${wayOut(error)})`;
      },
    );
    throw new IntentFileError(
      'INTENT_CORRUPT',
      `${this.path} is not ours: ${kept}; ${moved}, and what it forced or drained is not in effect: order it again with \`swancast force\` or \`swancast drain\``,
    );
  }

  /** Keeps a copy of what stands there, since not all of it holds, and gives its path; rejects with IntentFileError. */
  async copyAside(): Promise<string> {
    const aside = await this.#aside();
    try {
      await copyFile(this.path, aside);
      return aside;
    } catch (cause) {
      this.#isOwed = true;
      const message = `${this.path} cannot be copied to ${aside}: ${wayOut(cause)}; the next order moves it there`;
      throw new IntentFileError('INTENT_UNWRITABLE', message, cause);
    }
  }

  /** Resolves when an order could be kept, as far as a look tells; rejects with IntentFileError. */
  async look(): Promise<void> {
    try {
      await this.#makeDirectory();
      // The name below it: a file in the place of the directory shows as well.
      await access(join(this.#directory, '.'), constants.W_OK | constants.X_OK);
    } catch (cause) {
      const message = `control.state_directory: ${this.#directory}: ${wayOut(cause)}; until then \`swancast force\` is refused`;
      throw new IntentFileError('INTENT_UNWRITABLE', message, cause);
    }
  }

  /** Resolves when it is on the disk; rejects with IntentFileError when the file is still the old one. */
  async write(intents: readonly Intent[], drain?: object): Promise<void> {
    const beside = `${this.path}.new`;
    try {
      if (intents.length === 0 && drain === undefined) {
        await this.#payOff();
        return await rm(this.path, { force: true });
      }
      await this.#makeDirectory();
      await writeSynced(beside, intentsText(intents, drain));
      await this.#payOff();
      await rename(beside, this.path);
    } catch (cause) {
      await rm(beside, { force: true }).catch(() => undefined);
      throw new IntentFileError(
        'INTENT_UNWRITABLE',
        `${this.path} cannot be written: ${wayOut(cause)}`,
        cause,
      );
    }
    await syncDirectory(this.#directory);
  }

  /** A rename succeeds wherever the write that follows it would. */
  async #payOff(): Promise<void> {
    if (this.#isOwed) await this.#moveAside();
    this.#isOwed = false;
  }

  async #moveAside(): Promise<string> {
    const aside = await this.#aside();
    await rename(this.path, aside).catch((error: unknown) => {
      // Somebody has taken it away meanwhile.
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    return aside;
  }

  /** A name that is free, or the last one. */
  async #aside(): Promise<string> {
    const names = Array.from({ length: ASIDE_MAXIMUM }, (_, n) => (n === 0 ? 'corrupt' : `corrupt.${n}`));
    for (const name of names) {
      const path = `${this.path}.${name}`;
      const isFree = await lstat(path).then(
        () => false,
        (error: unknown) => codeOf(error) === 'ENOENT',
      );
      if (isFree) return path;
    }
    return `${this.path}.${names.at(-1)}`;
  }

  /** It alone: what is above it is not ours to make. */
  async #makeDirectory(): Promise<void> {
    await mkdir(this.#directory, 0o750).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o640);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename itself outlive a power cut; where that is impossible the file is right all the same. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined);
  await directory?.sync().catch(() => undefined);
  await directory?.close();
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function wayOut(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full; free some space';
    case 'EROFS':
      return 'the file system is read-only; mount it writable, or set control.state_directory to another place';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied; give the directory to the user of swancast';
    case 'ENOENT':
      return 'it is not there and cannot be made; make it for the user of swancast, or correct control.state_directory';
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
      return 'a file and a directory are mixed up; correct control.state_directory';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
