import { expect, it } from 'vitest';
import { LineReader } from '../../bgp/line-reader.ts';

const read = (maximum: number, ...chunks: string[]): (string | undefined)[] => {
  const reader = new LineReader(maximum);
  return chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)));
};

it('gives the same lines at every split', () => {
  const text = 'done\n\nerror\r\n{"a": "ü"}\nrest';
  const bytes = Buffer.from(text);
  for (let at = 0; at <= bytes.length; at += 1) {
    const reader = new LineReader(100);
    const lines = [...reader.push(bytes.subarray(0, at)), ...reader.push(bytes.subarray(at))];
    expect(lines).toEqual(['done', '', 'error', '{"a": "ü"}']);
  }
});

it('reads byte by byte', () => {
  expect(read(10, ...'ab\ncd\n')).toEqual(['ab', 'cd']);
});

it('drops an overlong line whole and goes on with the next', () => {
  expect(read(4, 'abcd\nabcde\nab\n')).toEqual(['abcd', undefined, 'ab']);
  expect(read(4, 'abc', 'def', 'ghi\nx\n')).toEqual([undefined, 'x']);
});
