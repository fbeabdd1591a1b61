/** The totals of the whole daemon, from `get-counters`. */
import type { Question } from './question.ts';
import { readCounters, type Counters } from './strongswan.ts';
import { ViciError } from './vici/index.ts';

/** Undefined without the plugin `counters`. */
export const askCounters: Question<Counters | undefined> = async (client, call) => {
  try {
    return readCounters(await client.request('get-counters', undefined, call)).get('');
  } catch (error) {
    if (error instanceof ViciError && REFUSED.has(error.code)) return undefined;
    throw error;
  }
};

/** What charon says when nobody provides the command: success=no, or an unknown command. */
const REFUSED: ReadonlySet<string> = new Set(['VICI_FAILED', 'VICI_UNKNOWN_COMMAND']);
