/**
 * Questions to one other gateway over one connection that is kept open. Whatever comes back, or does not, is a
 * value: nobody outside can make this reject, wait beyond the deadline, or keep more than the bound.
 */
import { lookup } from 'node:dns';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { monotonic } from '../monotonic.ts';
import { largeProblem, lateProblem, networkProblem, statusProblem, type Asked } from './ask-problem.ts';

/** What we show, and whom we believe. */
export interface Identity {
  readonly token?: string;
  /** For https: our certificate, and the authorities that we trust. */
  readonly secure?: SecureContext;
  /** Equal for equal ones. */
  readonly mark: string;
}

export interface Question {
  readonly path: string;
  /** Bytes; a longer body is none. */
  readonly maximum: number;
  /** For all of it: connecting, TLS, and the last byte. */
  readonly timeoutMs: number;
}

export type Brought = { readonly body: Buffer } | { readonly problem: string };

export class MemberClient {
  readonly #asked: Asked;
  readonly #options: RequestOptions;
  readonly #isTls: boolean;
  readonly #agent: HttpAgent;

  constructor(asked: Asked, { token, secure }: Identity) {
    const url = new URL(asked.url);
    this.#asked = asked;
    this.#isTls = url.protocol === 'https:';
    // One question at a time; a second connection would only hide that the first one hangs.
    const pool = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#isTls
      ? new HttpsAgent({ ...pool, ...(secure === undefined ? {} : { secureContext: secure }) })
      : new HttpAgent(pool);
    const { hostname, port } = urlToHttpOptions(url);
    this.#options = {
      hostname,
      port,
      agent: this.#agent,
      lookup: oneAtATime(),
      maxHeaderSize: 8192,
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    };
  }

  /** Never rejects. */
  async ask(question: Question, signal: AbortSignal): Promise<Brought> {
    const since = monotonic();
    const first = await this.#once(question, signal);
    if (first !== 'stale') return first;
    // It closed the idle connection just as we wrote: that says nothing about it.
    const timeoutMs = Math.max(1, question.timeoutMs - (monotonic() - since));
    const second = await this.#once({ ...question, timeoutMs }, signal);
    return second === 'stale' ? { problem: networkProblem(this.#asked, STALE) } : second;
  }

  close(): void {
    this.#agent.destroy();
  }

  #once({ path, maximum, timeoutMs }: Question, signal: AbortSignal): Promise<Brought | 'stale'> {
    return new Promise((resolve) => {
      const send = this.#isTls ? httpsRequest : httpRequest;
      const call = send({ ...this.#options, path, signal }, (response) => {
        read(response, maximum, (brought) => {
          if (brought === undefined) {
            call.destroy();
            return finish({ problem: largeProblem(this.#asked, maximum) });
          }
          const { statusCode = 0, headers } = response;
          if (statusCode === 200) return finish({ body: brought });
          finish({ problem: statusProblem(this.#asked, statusCode, headers.location) });
        });
        response.on('error', failed);
      });
      const finish = (brought: Brought | 'stale'): void => {
        clearTimeout(timer);
        resolve(brought);
      };
      const failed = (error: Error): void => {
        const isReset = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (call.reusedSocket && isReset && !signal.aborted) finish('stale');
        else finish({ problem: networkProblem(this.#asked, error) });
      };
      const timer = setTimeout(() => {
        finish({ problem: lateProblem(this.#asked, timeoutMs) });
        call.destroy();
      }, timeoutMs);
      call.on('error', failed);
      call.end();
    });
  }
}

/**
 * A lookup cannot be called off, and a dead resolver keeps each for many seconds: one for every question would queue
 * up without end. So whoever asks while one is under way is told what that one brings; those before gave up.
 */
function oneAtATime(): LookupFunction {
  let tell: Parameters<LookupFunction>[2] | undefined;
  return (host, options, done) => {
    const isUnderWay = tell !== undefined;
    tell = done;
    if (isUnderWay) return;
    lookup(host, options, (...answer) => {
      const last = tell;
      tell = undefined;
      last?.(...answer);
    });
  };
}

const STALE = Object.assign(new Error('closed twice'), { code: 'ECONNRESET' });

/** `done` once: with the body, or with undefined when it is longer than allowed. */
function read(response: IncomingMessage, maximum: number, done: (body: Buffer | undefined) => void): void {
  if (Number(response.headers['content-length'] ?? 0) > maximum) return done(undefined);
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maximum) chunks.push(chunk);
    else if (size - chunk.length <= maximum) done(undefined);
  });
  response.on('end', () => {
    if (size <= maximum) done(Buffer.concat(chunks));
  });
}
