import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deframer, frame, MAX_FRAME_BYTES } from '../../../health/vici/index.ts';
import { bytes, thrown } from './bytes.ts';

const BODIES = [bytes('a'), bytes(), bytes(5), bytes('list-sa', 0, 0, 1, 0), Buffer.alloc(300, 7)];
const STREAM = Buffer.concat(BODIES.map(frame));
const HEX = BODIES.map((body) => body.toString('hex'));

function pushAll(chunks: readonly Buffer[]): string[] {
  const deframer = new Deframer();
  const bodies = chunks.flatMap((chunk) => deframer.push(chunk));
  expect(deframer.held).toBe(0);
  return bodies.map((body) => body.toString('hex'));
}

describe('golden bytes of a frame', () => {
  const golden = bytes(
    0, // length: 4 bytes, big-endian
    0,
    1,
    2, // 258
    'x'.repeat(258),
  );
  const body = Buffer.from('x'.repeat(258));

  it('has the length in front', () => {
    expect(frame(body).equals(golden)).toBe(true);
  });

  it('is cut again', () => {
    expect(new Deframer().push(golden)).toEqual([body]);
  });
});

describe('a stream of frames', () => {
  it('is cut the same at every split point', () => {
    for (let at = 0; at <= STREAM.length; at += 1) {
      expect(pushAll([STREAM.subarray(0, at), STREAM.subarray(at)])).toEqual(HEX);
    }
  });

  it('is cut the same byte by byte', () => {
    expect(pushAll(Array.from(STREAM, (byte) => Buffer.of(byte)))).toEqual(HEX);
  });

  it('is cut the same however it is split, and gives each body as soon as it is whole', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
    fc.assert(
      fc.property(sizes, (pattern) => {
        const deframer = new Deframer();
        const bodies: string[] = [];
        for (let at = 0, n = 0; at < STREAM.length; n += 1) {
          const size = pattern[n % pattern.length] ?? 1;
          bodies.push(...deframer.push(STREAM.subarray(at, at + size)).map((body) => body.toString('hex')));
          at = Math.min(at + size, STREAM.length);
          expect(bodies).toEqual(HEX.slice(0, wholeFrames(at)));
        }
      }),
    );
  });

  it('tells how much of a frame is held', () => {
    const deframer = new Deframer();
    expect(deframer.push(bytes(0, 0, 0))).toEqual([]);
    expect(deframer.held).toBe(3);
    expect(deframer.push(bytes(2, 'a'))).toEqual([]);
    expect(deframer.held).toBe(5);
    expect(deframer.push(bytes('b'))).toEqual([bytes('ab')]);
    expect(deframer.held).toBe(0);
  });
});

describe('the limit of 512 KiB', () => {
  it('is 524288 bytes', () => {
    expect(MAX_FRAME_BYTES).toBe(524_288);
  });

  it('is kept by what is sent', () => {
    expect(frame(Buffer.alloc(524_288)).length).toBe(524_292);
    expect(thrown(() => frame(Buffer.alloc(524_289)))).toMatchObject({
      code: 'VICI_TOO_LARGE',
      message: 'a VICI message of 524289 bytes cannot be sent, charon takes 524288 at most',
    });
  });

  it('lets the largest frame through', () => {
    const deframer = new Deframer();
    expect(deframer.push(frame(Buffer.alloc(524_288))).map((body) => body.length)).toEqual([524_288]);
    expect(deframer.failure).toBeUndefined();
  });

  it('stops at a larger one as soon as its length is there, and still gives what came before', () => {
    const deframer = new Deframer();
    const bodies = deframer.push(Buffer.concat([frame(bytes('a')), bytes(0, 8, 0, 1)]));
    expect(bodies).toEqual([bytes('a')]);
    expect(deframer.failure).toMatchObject({
      code: 'VICI_PROTOCOL',
      message: 'a frame of 524289 bytes was announced, VICI allows 524288',
    });
    expect(deframer.push(frame(bytes('b')))).toEqual([]);
  });
});

function wholeFrames(length: number): number {
  let end = 0;
  return BODIES.filter((body) => (end += 4 + body.length) <= length).length;
}
