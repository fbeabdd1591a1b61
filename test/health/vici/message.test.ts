import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type Section,
  section,
  type Value,
  ViciError,
} from '../../../health/vici/index.ts';
import { bytes, tree } from './bytes.ts';

/** name, what it says, its bytes. */
const GOLDEN: readonly (readonly [string, Message, Buffer])[] = [
  ['an empty message', {}, Buffer.alloc(0)],
  [
    'a key with a value',
    { up: 'yes' },
    bytes(
      3, // KEY_VALUE
      2, // name of 2 bytes
      'up',
      0, // value of 3 bytes: high byte
      3, // low byte
      'yes',
    ),
  ],
  [
    'a section',
    { ra: {} },
    bytes(
      1, // SECTION_START
      2, // name of 2 bytes
      'ra',
      2, // SECTION_END
    ),
  ],
  [
    'a list',
    { vips: ['a', 'bc'] },
    bytes(
      4, // LIST_START
      4, // name of 4 bytes
      'vips',
      5, // LIST_ITEM
      0, // value of 1 byte: high byte
      1, // low byte
      'a',
      5, // LIST_ITEM
      0, // value of 2 bytes: high byte
      2, // low byte
      'bc',
      6, // LIST_END
    ),
  ],
  [
    'an empty list',
    { certs: [] },
    bytes(
      4, // LIST_START
      5, // name of 5 bytes
      'certs',
      6, // LIST_END
    ),
  ],
  [
    'an empty name and an empty value',
    { '': '' },
    bytes(
      3, // KEY_VALUE
      0, // name of no bytes
      0, // value of no bytes: high byte
      0, // low byte
    ),
  ],
  [
    'bytes that are no text',
    { data: Buffer.of(0x30, 0x82, 0xff) },
    bytes(
      3, // KEY_VALUE
      4, // name of 4 bytes
      'data',
      0, // value of 3 bytes: high byte
      3, // low byte
      0x30, // DER: SEQUENCE
      0x82, // its length in two bytes
      0xff, // which stops it from being UTF-8
    ),
  ],
  [
    'text beyond ASCII, in a name and in a value',
    { bü: 'é' },
    bytes(
      3, // KEY_VALUE
      3, // name of 3 bytes
      'b',
      0xc3, // ü, first byte
      0xbc, // second
      0, // value of 2 bytes: high byte
      2, // low byte
      0xc3, // é, first byte
      0xa9, // second
    ),
  ],
  [
    'sections in sections, with all kinds of elements',
    { a: { b: { k: 'v' }, l: ['i'] }, z: '1' },
    bytes(
      1, // SECTION_START
      1, // name of 1 byte
      'a',
      1, // SECTION_START
      1, // name of 1 byte
      'b',
      3, // KEY_VALUE
      1, // name of 1 byte
      'k',
      0, // value of 1 byte: high byte
      1, // low byte
      'v',
      2, // SECTION_END of b
      4, // LIST_START
      1, // name of 1 byte
      'l',
      5, // LIST_ITEM
      0, // value of 1 byte: high byte
      1, // low byte
      'i',
      6, // LIST_END
      2, // SECTION_END of a
      3, // KEY_VALUE
      1, // name of 1 byte
      'z',
      0, // value of 1 byte: high byte
      1, // low byte
      '1',
    ),
  ],
];

describe('golden bytes of a message', () => {
  it.each(GOLDEN)('%s', (_name, message, golden) => {
    expect(encodeMessage(message).toString('hex')).toBe(golden.toString('hex'));
    expect(tree(decodeMessage(golden))).toEqual(tree(message));
  });

  it('holds a value of 65535 bytes and a name of 255', () => {
    const message = { ['n'.repeat(255)]: 'v'.repeat(65_535) };
    expect(tree(decodeMessage(encodeMessage(message)))).toEqual(tree(message));
  });
});

describe('a decoded section', () => {
  const decoded = decodeMessage(
    encodeMessage(JSON.parse('{"__proto__": {"k": "v"}, "constructor": "c"}') as Message),
  );

  it('inherits nothing', () => {
    expect(decoded['toString']).toBeUndefined();
    expect(decoded['hasOwnProperty']).toBeUndefined();
    expect('valueOf' in decoded).toBe(false);
    expect('valueOf' in section()).toBe(false);
    expect(section()['__proto__']).toBeUndefined();
    expect(section()['constructor']).toBeUndefined();
  });

  it('holds __proto__ and constructor like any other name', () => {
    expect(Object.keys(decoded)).toEqual(['__proto__', 'constructor']);
    expect(tree(decoded['__proto__'])).toEqual(tree({ k: 'v' }));
    expect(decoded['constructor']).toBe('c');
  });

  it('cannot change what other sections inherit', () => {
    expect(() => Object.assign(Object.getPrototypeOf(section()) as object, { leak: 'x' })).toThrow(TypeError);
    expect(section()['leak']).toBeUndefined();
  });

  it('keeps both when a connection is called like a key beside it', () => {
    const event = bytes(3, 2, 'up', 0, 3, 'yes', 1, 2, 'up', 3, 1, 'k', 0, 1, 'v', 2); // ike-updown of "up"
    expect(tree(decodeMessage(event))).toEqual(tree({ up: 'yes', 'up#2': { k: 'v' } }));
  });

  it('has no memory in common with the bytes it came from', () => {
    const golden = bytes(3, 1, 'd', 0, 2, 0xff, 0xfe);
    const { d } = decodeMessage(golden);
    golden.fill(0);
    expect(tree(d)).toBe('hex:fffe');
  });

  it('reads a name in an 8-bit encoding as Latin-1', () => {
    expect(Object.keys(decodeMessage(bytes(3, 2, 'b', 0xfc, 0, 0)))).toEqual(['bü']);
  });
});

const name = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '', '0', '10', 'up', 'a#2'),
  },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) }, // 4 bytes a character at most
);
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
);
const { message } = fc.letrec<{ element: Section[string]; message: Section }>((tie) => ({
  element: fc.oneof({ maxDepth: 4 }, value, fc.array(value, { maxLength: 5 }), tie('message')),
  message: fc.array(fc.tuple(name, tie('element')), { maxLength: 6 }).map((pairs) => {
    const made = section();
    for (const [key, element] of pairs) made[key] = element;
    return made;
  }),
}));

/** Bytes that happen to be text come back as text. */
function asDecoded(element: Section[string]): Section[string] {
  if (Buffer.isBuffer(element)) return isUtf8(element) ? element.toString() : element;
  if (typeof element === 'string') return element;
  if (Array.isArray(element)) return element.map((item) => asDecoded(item) as Value);
  const made = section();
  for (const [key, inner] of Object.entries(element)) made[key] = asDecoded(inner);
  return made;
}

describe('any message', () => {
  it('comes back from its bytes, and its bytes from it', () => {
    fc.assert(
      fc.property(message, (original) => {
        const encoded = encodeMessage(original);
        const decoded = decodeMessage(encoded);
        expect(tree(decoded)).toEqual(tree(asDecoded(original)));
        expect(encodeMessage(decoded).equals(encoded)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('with a byte changed is a message or VICI_PROTOCOL, never anything else', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(message, fc.array(change, { minLength: 1, maxLength: 4 }), (original, changes) => {
        const encoded = encodeMessage(original);
        for (const [at, byte] of changes) encoded[at % Math.max(1, encoded.length)] = byte;
        const outcome = decodeOrError(encoded);
        expect(outcome === undefined || outcome.code === 'VICI_PROTOCOL').toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('cut short is a message or VICI_PROTOCOL, at every byte', () => {
    const [, , whole] = GOLDEN.at(-1) ?? [];
    const cuts = Array.from({ length: whole?.length ?? 0 }, (_, n) =>
      decodeOrError(whole?.subarray(0, n) ?? bytes()),
    );
    // Only after a whole element of the outermost section: at the start, and after section a.
    expect(cuts.flatMap((error, n) => (error === undefined ? [n] : []))).toEqual([0, 22]);
  });
});

function decodeOrError(from: Buffer): ViciError | undefined {
  try {
    decodeMessage(from);
    return undefined;
  } catch (error) {
    if (error instanceof ViciError) return error;
    throw error;
  }
}
