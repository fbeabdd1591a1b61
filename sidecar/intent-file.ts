/**
 * The file that keeps orders over restarts: replaced as a whole (written beside it, synced, renamed), so that
 * it is the old one or the new one at every moment; gone when there is nothing to keep, which works even on a
 * full disk.
 */
import { access, constants, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { intentsText, parseIntents, type Intent, type Moment } from './intent.ts';

export class IntentFileError extends Error {
  override readonly name = 'IntentFileError';
  readonly code: 'INTENT_UNWRITABLE' | 'INTENT_UNREADABLE' | 'INTENT_CORRUPT';

  constructor(code: IntentFileError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface Kept {
  readonly intents: readonly Intent[];
  /** The file says something else than what holds: it should be written anew. */
  readonly corrected: boolean;
  /** What stands under `drain`, as it stands there; undefined: nothing. */
  readonly drain?: unknown;
}

/** Some 256 prefixes at 600 bytes each is what we write at most. */
const SIZE_MAXIMUM = 1024 * 1024;

export class IntentFile {
  readonly path: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'intent.json');
  }

  /** Rejects with IntentFileError. A corrupt file is moved aside first, so that it is said once. */
  async read(moment: Moment): Promise<Kept> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return { intents: [], corrected: false, drain: undefined };
      const message = `${this.path} cannot be read (${wayOut(cause)}): what operators forced is not in effect`;
      throw new IntentFileError('INTENT_UNREADABLE', message, cause);
    }
    const kept = text.length > SIZE_MAXIMUM ? 'it is far too large' : parseIntents(text, moment);
    if (typeof kept !== 'string') return kept;
    const aside = `${this.path}.corrupt`;
    const moved = await rename(this.path, aside).then(
      () => `it was moved to ${aside}`,
      (error: unknown) => `it cannot be moved aside (${wayOut(error)})`,
    );
    throw new IntentFileError(
      'INTENT_CORRUPT',
      `${this.path} is not ours: ${kept}; ${moved}, and what it forced is not in effect: order it again with \`swancast force\``,
    );
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
      if (intents.length === 0 && drain === undefined) return await rm(this.path, { force: true });
      await this.#makeDirectory();
      await writeSynced(beside, intentsText(intents, drain));
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
