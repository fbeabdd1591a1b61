/** What an error of a socket says, in a few words for a person. Pure. */

const SAID: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused, nobody listens',
  ECONNRESET: 'closed by the other side',
  EPIPE: 'closed by the other side',
  ETIMEDOUT: 'no answer',
  ENETUNREACH: 'no route to it',
  EHOSTUNREACH: 'no route to it, or nobody answers there',
  EADDRNOTAVAIL: 'the source address is not on this host',
  EACCES: 'not let out of this host',
  EPERM: 'not let out of this host',
};

/** With the code, by which it can be looked up. Several tries in one error: the first counts. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorText(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return error.message;
  const said = Object.hasOwn(SAID, code) ? SAID[code] : undefined;
  return said === undefined ? `${error.message.split('\n')[0] ?? ''} (${code})` : `${said} (${code})`;
}
