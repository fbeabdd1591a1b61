/** Why asking another gateway brought no answer, for a person: who, what was expected, the way out. Pure. */
import { excerpt } from '../printable.ts';

/** Whom was asked. */
export interface Asked {
  readonly name: string;
  readonly url: string;
}

/** Other text of theirs is never longer than this. */
const QUOTED = 120;

/** `error` as node:http gives it; `timeoutMs` when our own deadline ended the question. */
export function networkProblem(asked: Asked, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = TLS_PROBLEMS[code] ?? NETWORK_PROBLEMS[code];
  if (why !== undefined) return `${asked.url} ${why}`;
  if (code.startsWith('HPE_')) return `${asked.url} ${NOT_HTTP}`;
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO') {
    const said = error instanceof Error ? reasonIn(error.message) : code;
    const known = Object.hasOwn(TLS_REASONS, said) ? TLS_REASONS[said] : undefined;
    if (known !== undefined) return `${asked.url} ${known}`;
    return `${asked.url}: TLS failed (${excerpt(said, QUOTED)}); compare fleet.tls here with http.tls there`;
  }
  const said = error instanceof Error ? excerpt(error.message, QUOTED) : 'unknown error';
  return `${asked.url} cannot be asked: ${code === '' ? said : code}; see whether curl reaches it from here`;
}

export const lateProblem = ({ url }: Asked, timeoutMs: number): string =>
  `${url} gave no whole answer within ${timeoutMs / 1000} s; it hangs, or the way there drops packets: see swancast status there, and fleet.timeout_seconds here`;

export const largeProblem = ({ url }: Asked, maximum: number): string =>
  `${url} answered with more than ${maximum / 1024} KiB; correct fleet.gateways, this is no swancast`;

const NOT_HTTP =
  'does not answer in HTTP; correct the url: https:// where http.tls is set there, else http://';

const NETWORK_PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'refuses connections: swancast does not run there, or listens elsewhere; see http.listen there and the url here',
  ECONNRESET:
    'hung up in the middle of its answer; if that lasts, see the log there, and whether it wants https or a client certificate',
  EPIPE: 'hung up before it answered; if that lasts, see the log there',
  ENOTFOUND: 'has a name that nobody resolves; write an address into the url, or mend DNS',
  EAI_AGAIN: 'has a name that nobody resolves now; write an address into the url, or mend DNS',
  ETIMEDOUT: 'cannot be reached: no answer to the connection; see the firewalls and routes between',
  EHOSTUNREACH: 'cannot be reached: no route to the host; see the firewalls and routes between',
  ENETUNREACH: 'cannot be reached: no route to its network; see the routes here',
  EMFILE: 'was not asked: no file descriptor is left here; raise LimitNOFILE of the unit',
};

const WRONG_CA =
  'shows a certificate that fleet.tls.ca_file does not vouch for; put its authority in there, or renew the certificate there';

/** OpenSSL's X509_V_ERR_… and node:tls, as they come in `code`. */
const TLS_PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'shows a certificate that has expired; renew http.tls.certificate_file there',
  CERT_NOT_YET_VALID: 'shows a certificate that is not valid yet; compare the clocks of both hosts',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'shows a certificate for another name; the url must name what the certificate names (subjectAltName)',
  DEPTH_ZERO_SELF_SIGNED_CERT: WRONG_CA,
  SELF_SIGNED_CERT_IN_CHAIN: WRONG_CA,
  UNABLE_TO_GET_ISSUER_CERT: WRONG_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: WRONG_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: WRONG_CA,
  CERT_SIGNATURE_FAILURE: WRONG_CA,
};

const NO_TLS = 'does not speak TLS; write http:// into the url, or set http.tls there';

/** What OpenSSL says in words, the code being EPROTO or one of many. */
const TLS_REASONS: Readonly<Record<string, string>> = {
  'wrong version number': NO_TLS,
  'packet length too long': NO_TLS,
  'tlsv13 alert certificate required':
    'wants a certificate of ours; set fleet.tls.certificate_file and key_file',
  'tlsv1 alert unknown ca':
    'does not trust our certificate; see fleet.tls.certificate_file here and http.tls.client_ca_file there',
};

/** "…:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:…" → the words. */
const reasonIn = (message: string): string =>
  /error:\w+:[^:]*:[^:]*:(?<reason>[^:]+)/u.exec(message)?.groups?.['reason'] ?? message;

/** What an HTTP status other than 200 says. `location`: where a redirect points. */
export function statusProblem({ url }: Asked, status: number, location: string | undefined): string {
  switch (status) {
    case 401:
      return `${url} wants another token; http.token_file there and fleet.token_file here must hold the same`;
    case 403:
      return `${url} does not let us in: it wants a client certificate of its http.tls.client_ca_file; set fleet.tls.certificate_file and key_file`;
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: {
      const where = location === undefined ? 'elsewhere' : JSON.stringify(excerpt(location, QUOTED));
      return `${url} redirects to ${where}, which is not followed; write the address of the gateway itself into the url`;
    }
    case 404:
      return `${url} knows no /status: this is no swancast; correct the url`;
    default:
      return `${url} answered with HTTP status ${status} instead of 200; see the log there`;
  }
}
