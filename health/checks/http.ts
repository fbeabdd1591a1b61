/** The check `http`: a page of the user's own answers with the expected status, and with the expected text. */
import type { Check, CheckOptions, Judgement } from '../check.ts';
import { familyOfHost, familyOfUrl, type FamilyOf } from '../family.ts';
import type { LimitSchema, LimitsOf } from '../limits.ts';
import { trusted } from '../reach/authorities.ts';
import { errorText } from '../reach/error-text.ts';
import { httpGet, type GetOutcome } from '../reach/http-get.ts';
import { addressesOf } from '../reach/lookup.ts';

// ---------------------------------------------------------------------------------------------- limits

export const limits = {
  url: {
    doc: 'The page to get, beginning with http:// or https://. Redirects are not followed. A host name is asked of the DNS servers in resolv.conf; /etc/hosts is not read.',
    format: 'url',
    default: null,
  },
  status: {
    doc: 'The status that the answer must have.',
    format: 'http-status',
    default: 200,
  },
  body: {
    doc: 'Text that must stand in the first 64 KiB of the body. Empty: any body will do.',
    format: 'String',
    default: '',
  },
  source: {
    doc: 'The address to ask from; empty: the kernel chooses.',
    format: 'ip-or-empty',
    default: '',
  },
  verify: {
    doc: 'Whether the certificate of an https:// page must hold: known authority (those of this system), right name, not expired.',
    format: 'Boolean',
    default: true,
  },
} as const satisfies LimitSchema;

export type HttpLimits = LimitsOf<typeof limits>;

const BODY_BYTES = 64 * 1024;

// ----------------------------------------------------------------------------------------------- judge

export function judge(outcome: GetOutcome, { status, body }: Pick<HttpLimits, 'status' | 'body'>): Judgement {
  if (outcome.kind === 'failed') return { verdict: 'fail', reason: 'http-no-answer', value: outcome.detail };
  const found = `status ${String(outcome.status)}`;
  if (outcome.status !== status) {
    return { verdict: 'fail', reason: 'http-unexpected', value: `${found}, expected ${String(status)}` };
  }
  if (!outcome.body.includes(body)) {
    return { verdict: 'fail', reason: 'http-unexpected', value: `${found}, without ${JSON.stringify(body)}` };
  }
  return { verdict: 'pass', value: found };
}

/** A page on this host itself says nothing about the path of one family. */
export const familyOf: FamilyOf<HttpLimits> = ({ url, source }) =>
  source === ''
    ? LOOPBACK.test(new URL(url).hostname)
      ? undefined
      : familyOfUrl(url)
    : familyOfHost(source);

const LOOPBACK = /^(127\.|\[::1\]$)/;

// --------------------------------------------------------------------------------------------- observe

export function create(options: CheckOptions<HttpLimits>): Check {
  const { limits: own, ...check } = options;
  const url = new URL(own.url);
  const tls = url.protocol === 'https:';
  if (tls) trusted();
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const source = own.source === '' ? undefined : own.source;
  // A little under the timeout: silence must become a failure with a name, not an unknown.
  const deadlineMs = check.pace.timeoutMs * 0.9;
  const fits = (address: string): boolean =>
    source === undefined || address.includes(':') === source.includes(':');
  return {
    ...check,
    async observe(signal) {
      const deadline = AbortSignal.timeout(Math.max(1, Math.floor(deadlineMs)));
      let outcome: GetOutcome = { kind: 'failed', detail: 'no address of the family of the source' };
      try {
        const addresses = await addressesOf(url.hostname, deadlineMs, AbortSignal.any([signal, deadline]));
        for (const address of addresses.filter(fits)) {
          outcome = await httpGet(
            {
              tls,
              address,
              port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
              host,
              path: `${url.pathname}${url.search}`,
              source,
              verify: own.verify,
              bodyBytes: own.body === '' ? 0 : BODY_BYTES,
            },
            deadlineMs,
            AbortSignal.any([signal, deadline]),
          );
          if (outcome.kind === 'answered') break;
        }
      } catch (error) {
        signal.throwIfAborted();
        const detail = deadline.aborted ? `no answer within ${deadlineMs.toFixed(0)} ms` : errorText(error);
        outcome = { kind: 'failed', detail };
      }
      return judge(outcome, own);
    },
  };
}
