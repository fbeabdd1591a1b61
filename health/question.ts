/**
 * One question to charon on a connection of its own: however slow the answer is, `stats` and the proof of
 * life do not wait behind it, and giving it up costs the main link nothing.
 */
import { downBy, type Down } from './down.ts';
import { openReader, type ReadClient } from './vici/index.ts';

export interface QuestionCall {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** What to send and how to read it; every request must be given `call`. */
export type Question<T> = (client: ReadClient, call: QuestionCall) => Promise<T>;

export type Answer<T> = { readonly kind: 'answered'; readonly answer: T } | Down;

/** Opens within `openMs`, asks, closes. Expected failures are values; what `question` throws besides is not. */
export async function askApart<T>(
  path: string,
  question: Question<T>,
  openMs: number,
  call: QuestionCall,
): Promise<Answer<T>> {
  let client: ReadClient | undefined;
  try {
    client = await openReader(path, { onlyCommands: true, deadlineMs: openMs, signal: call.signal });
    return { kind: 'answered', answer: await question(client, call) };
  } catch (error) {
    return downBy(error);
  } finally {
    client?.close();
  }
}
