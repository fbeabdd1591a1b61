import { Connection } from '../../health/vici/connection.ts';
import { ViciError } from '../../health/vici/errors.ts';
import { section, type Message } from '../../health/vici/message.ts';
import { LabError } from './lab-error.ts';

export type ViciCommand = (name: string, args?: Message) => Promise<Message>;

/** Longer than charon's workers are ever held up on purpose. */
const DEADLINE_MS = 60_000;

/**
 * Commands that change charon, which the product's own clients refuse to send. One connection for all of `use`.
 * @throws LabError LAB_COMMAND with what charon said against it, or why there was no answer
 */
export async function withVici(
  path: string,
  signal: AbortSignal,
  use: (command: ViciCommand) => Promise<void>,
): Promise<void> {
  try {
    await withConnection(path, signal, use);
  } catch (cause) {
    if (!(cause instanceof ViciError)) throw cause;
    throw new LabError('LAB_COMMAND', cause.message, { cause });
  }
}

async function withConnection(
  path: string,
  signal: AbortSignal,
  use: (command: ViciCommand) => Promise<void>,
): Promise<void> {
  const call = { deadlineMs: DEADLINE_MS, signal };
  const connection = await Connection.open(path, () => undefined, call);
  const command: ViciCommand = async (name, args = section()) => {
    const turn = await connection.turn(name, call);
    try {
      const response = await connection.command(name, args);
      if (response !== undefined && response['success'] !== 'no') return response;
      const why = response === undefined ? 'it does not know this command' : JSON.stringify(response);
      throw new LabError('LAB_COMMAND', `charon on ${path} refused ${name}: ${why}`);
    } finally {
      turn.release();
    }
  };
  try {
    await use(command);
  } finally {
    connection.end(new ViciError('VICI_ABORTED', `the lab closed its connection to ${path}`));
  }
}
