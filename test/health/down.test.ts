import { describe, expect, it } from 'vitest';
import { downBy, isClosed } from '../../health/down.ts';
import { StrongswanError } from '../../health/strongswan.ts';
import { VICI_ERROR_CODES, ViciError } from '../../health/vici/index.ts';

describe('what an error of VICI says about charon', () => {
  it.each([
    ['VICI_ABSENT', 'gone'],
    ['VICI_REFUSED', 'gone'],
    ['VICI_DENIED', 'denied'],
    ['VICI_BUSY', 'silent'],
    ['VICI_TIMEOUT', 'silent'],
    ['VICI_ABORTED', 'stopped'],
    ['VICI_CLOSED', 'stranger'],
    ['VICI_PROTOCOL', 'stranger'],
    ['VICI_TOO_LARGE', 'stranger'],
    ['VICI_UNKNOWN_COMMAND', 'stranger'],
    ['VICI_FAILED', 'stranger'],
    ['VICI_NOT_ALLOWED', 'stranger'],
  ] as const)('%s: %s', (code, kind) => {
    expect(VICI_ERROR_CODES).toContain(code);
    expect(downBy(new ViciError(code, 'text'))).toEqual({ kind, detail: 'text' });
    expect(isClosed(new ViciError(code, 'text'))).toBe(code === 'VICI_CLOSED');
  });

  it.each([
    ['EMFILE', true, 'gone'],
    ['ENFILE', true, 'gone'],
    // Its backlog is full: it may be alive.
    ['EAGAIN', true, 'silent'],
    ['EMFILE', false, 'silent'],
  ] as const)('no connection can be opened (%s), charon hung up before: %s → %s', (errno, hungUp, kind) => {
    const cause = Object.assign(new Error('connect'), { code: errno });
    expect(downBy(new ViciError('VICI_BUSY', 'text', { cause }), hungUp).kind).toBe(kind);
  });

  it('an answer of the wrong shape is not charon', () => {
    const error = new StrongswanError('STRONGSWAN_FIELD_MISSING', 'no stats');
    expect(downBy(error)).toEqual({ kind: 'stranger', detail: 'no stats' });
  });

  it('of a call that only waited, the text is the one of the call that failed', () => {
    const cause = new ViciError('VICI_TIMEOUT', 'stats: no answer');
    const waiting = new ViciError('VICI_TIMEOUT', 'get-conns: not sent', { cause });
    expect(downBy(waiting).detail).toBe('stats: no answer');
  });

  it('a defect stays one', () => {
    expect(() => downBy(new TypeError('x is undefined'))).toThrow(TypeError);
  });
});
