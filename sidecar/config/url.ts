/** Addresses that begin with http:// or https://. Pure. */

/** True, or false for "is not an address", or a sentence of its own. */
export function urlProblem(value: string): boolean | string {
  const url = URL.parse(value);
  if (url === null || !/^https?:\/\//iu.test(value) || url.hostname === '') return false;
  if (url.username !== '' || url.password !== '') return 'holds a user or a password; leave them out';
  return url.hash === '' || 'holds a fragment ("#…"), which is never sent; leave it out';
}

/** Of another gateway: scheme, host and port; what is asked for there is ours to say. */
export function originOf(value: string): string | undefined {
  const url = URL.parse(value);
  return url === null || !/^https?:\/\//iu.test(value) || url.hostname === '' ? undefined : url.origin;
}

/** As urlProblem(). */
export function fleetUrlProblem(value: string): boolean | string {
  const url = URL.parse(value);
  const origin = originOf(value);
  if (url === null || origin === undefined) return false;
  if (url.username !== '' || url.password !== '') {
    return 'holds a user or a password; leave them out, and give token_file, token_credential or tls';
  }
  const isOurs = ['/', '/status'].includes(url.pathname) && ['', '?view=fleet'].includes(url.search);
  return (isOurs && url.hash === '') || `${JSON.stringify(value)} says more than where; write "${origin}"`;
}
