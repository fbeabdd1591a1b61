/** What can be wrong between us and the wire: a closed list of codes, each with a line for a person. */
import type { ChildEnd } from './process.ts';
import { TCP_FAILED } from './reply.ts';

export const SPEAKER_PROBLEMS = [
  'EXABGP_MISSING',
  'EXABGP_DENIED',
  'EXABGP_TOO_OLD',
  'EXABGP_CONFIG',
  'EXABGP_ENDED',
  'GUARD_ABSENT',
  'GUARD_CLOSED',
  'GUARD_DENIED',
  'GUARD_SILENT',
  'GUARD_FOREIGN',
  'RUN_DIRECTORY_TAKEN',
  'RUN_DIRECTORY_DENIED',
] as const;
export type SpeakerProblem = (typeof SPEAKER_PROBLEMS)[number];

export class SpeakerError extends Error {
  override readonly name = 'SpeakerError';
  readonly code: SpeakerProblem;

  constructor(code: SpeakerProblem, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The oldest ExaBGP whose behaviour was measured. */
export const EXABGP_MINIMUM = '4.2.21';

/** Judges the output of `exabgp --version`; undefined when it will do. */
export function versionProblem(exabgp: string, output: string): SpeakerError | undefined {
  const found = /exabgp\D{0,10}(\d+)\.(\d+)\.(\d+)/i.exec(output);
  if (found === null) {
    return new SpeakerError(
      'EXABGP_MISSING',
      `bgp.exabgp: ${exabgp} does not say which ExaBGP it is (\`${exabgp} --version\`): is it ExaBGP?`,
    );
  }
  const parts = found.slice(1, 4).map(Number);
  const minimum = EXABGP_MINIMUM.split('.').map(Number);
  const difference = parts.map((part, index) => part - (minimum[index] ?? 0)).find((step) => step !== 0) ?? 0;
  if (difference >= 0) return undefined;
  return new SpeakerError(
    'EXABGP_TOO_OLD',
    `bgp.exabgp: ${exabgp} is ExaBGP ${parts.join('.')}, at least ${EXABGP_MINIMUM} is needed: install a newer one`,
  );
}

/** Major version in the output of `exabgp --version`, for its command line changed with 5. */
export const majorVersion = (output: string): number =>
  Number(/exabgp\D{0,10}(\d+)\./i.exec(output)?.[1] ?? 0);

/** Why ExaBGP could not be started, or ended by itself. */
export function endProblem(exabgp: string, { error, code, signal, tail }: ChildEnd): SpeakerError {
  if (error?.code === 'ENOENT') {
    const text = `bgp.exabgp: there is no ${exabgp}: install ExaBGP (Debian: \`apt-get install exabgp\`) or correct the path`;
    return new SpeakerError('EXABGP_MISSING', text, error);
  }
  if (error !== undefined) {
    const text = `bgp.exabgp: ${exabgp} cannot be started: ${error.message}`;
    return new SpeakerError('EXABGP_DENIED', text, error);
  }
  const how = signal === null ? `with exit code ${String(code)}` : `by ${signal}`;
  const last = tail.slice(-3).join(' | ');
  const complaint = tail.find((line) =>
    /not reloaded|invalid|syntax error|can not locate|is not a file/i.test(line),
  );
  if (code !== 0 && complaint !== undefined) {
    const text = `ExaBGP refused its configuration (see \`swancast render exabgp\`): ${last}`;
    return new SpeakerError('EXABGP_CONFIG', text);
  }
  const dropped = tail.find((line) => /could not drop privileges/i.test(line));
  if (dropped !== undefined) return new SpeakerError('EXABGP_DENIED', `ExaBGP ended ${how}: ${dropped}`);
  return new SpeakerError(
    'EXABGP_ENDED',
    `ExaBGP ended ${how}${last === '' ? '' : `; its last words: ${last}`}`,
  );
}

export interface NeighborFacts {
  readonly address: string;
  readonly localAddress: string;
  readonly port: number;
  /** The router connects to us. */
  readonly passive?: boolean;
  /** Is the local address on this host? */
  readonly localPresent: boolean;
  readonly state: 'down' | 'connected' | undefined;
  readonly reason: string | undefined;
}

/**
 * Why a neighbor does not come up, for a person. ExaBGP tries for ever and logs no failed connection, so a wrong
 * address shows only as silence.
 */
export function neighborAdvice(facts: NeighborFacts): string {
  const { address, localAddress, port, passive = false, localPresent, state, reason } = facts;
  if (!localPresent) {
    return `neighbor ${address} cannot come up: its local_address ${localAddress} is not on this host (\`ip addr\`): correct bgp.neighbors`;
  }
  const silence = passive
    ? `neighbor ${address} does not connect to ${localAddress} port ${port}, where ExaBGP waits for it (passive): does BGP run there, does it expect ${localAddress}, and is the password the same?`
    : `neighbor ${address} does not answer on TCP port ${port}: is the address right, does BGP run there, does it expect ${localAddress}, and is the password the same?`;
  if (reason === TCP_FAILED) return silence;
  if (state === 'connected') {
    return `neighbor ${address} accepts the connection, but no session comes up: compare peer_as and local_as with the router`;
  }
  if (reason !== undefined) {
    return `neighbor ${address} is down: ${reason}; see what the router says about ${localAddress}`;
  }
  return silence;
}
