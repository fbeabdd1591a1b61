import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type Section,
  ViciError,
} from '../../../health/vici/index.ts';
import { bytes, thrown } from './bytes.ts';

const MALFORMED: readonly (readonly [string, Buffer, string])[] = [
  [
    'one name again and again',
    bytes(...Array.from({ length: 17 }, () => [3, 1, 'k', 0, 0]).flat()),
    'at byte 80, more than 16 elements are called "k"',
  ],
  ['a name that is missing', bytes(3), 'at byte 1, one more byte was expected'],
  ['a name cut short', bytes(3, 5, 'up'), 'at byte 2, a name of 5 bytes, but only 2 are left'],
  ['a value without length', bytes(3, 2, 'up'), 'at byte 4, one more byte was expected'],
  ['a value with half a length', bytes(3, 2, 'up', 0), 'at byte 5, one more byte was expected'],
  [
    'a value past the end',
    bytes(3, 2, 'up', 1, 0, 'yes'),
    'at byte 6, a value of 256 bytes, but only 3 are left',
  ],
  [
    'an item past the end',
    bytes(4, 1, 'l', 5, 0, 9, 'x'),
    'at byte 6, a value of 9 bytes, but only 1 are left',
  ],
  ['an element type 0', bytes(0), 'at byte 0, element type 0 does not exist'],
  ['an element type 7', bytes(3, 1, 'k', 0, 1, 'v', 7), 'at byte 6, element type 7 does not exist'],
  ['an item outside a list', bytes(5, 0, 1, 'x'), 'at byte 0, a list item outside a list'],
  ['an end of no list', bytes(6), 'at byte 0, a list ends that was never started'],
  ['an end of no section', bytes(1, 1, 'a', 2, 2), 'at byte 4, a section ends that was never started'],
  [
    'a section left open',
    bytes(1, 1, 'a', 1, 1, 'b', 2),
    'at byte 7, the message ends inside 1 open section(s)',
  ],
  ['a list left open', bytes(4, 1, 'l', 5, 0, 1, 'x'), 'at byte 7, the message ends inside list "l"'],
  [
    'a list in a list',
    bytes(4, 1, 'l', 4, 1, 'm', 6, 6),
    'at byte 3, element type 4 inside list "l", only items may stand there',
  ],
  [
    'a section in a list',
    bytes(4, 1, 'l', 1, 1, 's', 2, 6),
    'at byte 3, element type 1 inside list "l", only items may stand there',
  ],
  [
    'an end of a section in a list',
    bytes(1, 1, 'a', 4, 1, 'l', 2),
    'at byte 6, element type 2 inside list "l", only items may stand there',
  ],
  ['sections without end', Buffer.alloc(100, bytes(1, 0)), 'at byte 64, sections nest deeper than 32'],
];

describe('bytes that are no message', () => {
  it.each(MALFORMED)('%s', (_name, wrong, text) => {
    const error = thrown(() => decodeMessage(wrong));
    expect(error).toBeInstanceOf(ViciError);
    expect(error).toMatchObject({ code: 'VICI_PROTOCOL', message: `not a VICI message: ${text}` });
  });
});

describe('what no message can say', () => {
  const long = 'n'.repeat(256);
  const deep = Array.from({ length: 33 }).reduce<Section>((inner) => ({ s: inner }), {});
  it.each<readonly [string, unknown, string, string]>([
    [
      'a long name',
      { [long]: '' },
      'VICI_TOO_LARGE',
      `name "${'n'.repeat(40)}…" has 256 bytes, VICI allows 255`,
    ],
    [
      'a long name of a section',
      { [long]: {} },
      'VICI_TOO_LARGE',
      `name "${'n'.repeat(40)}…" has 256 bytes, VICI allows 255`,
    ],
    [
      'a long value',
      { k: 'é'.repeat(32_768) },
      'VICI_TOO_LARGE',
      'a value of "k" has 65536 bytes, VICI allows 65535',
    ],
    [
      'a long item',
      { l: [Buffer.alloc(65_536)] },
      'VICI_TOO_LARGE',
      'a value of "l" has 65536 bytes, VICI allows 65535',
    ],
    ['a number', { k: 1 }, 'VICI_PROTOCOL', '"k" is a number, VICI carries only text and bytes there'],
    ['null', { k: null }, 'VICI_PROTOCOL', '"k" is null, VICI carries only text and bytes there'],
    [
      'nothing',
      { k: undefined },
      'VICI_PROTOCOL',
      '"k" is a undefined, VICI carries only text and bytes there',
    ],
    [
      'a list in a list',
      { l: [['x']] },
      'VICI_PROTOCOL',
      'an item of list "l" is a list, VICI carries only text and bytes there',
    ],
    [
      'a section in a list',
      { l: [{}] },
      'VICI_PROTOCOL',
      'an item of list "l" is a object, VICI carries only text and bytes there',
    ],
    ['sections too deep', deep, 'VICI_PROTOCOL', 'sections nest deeper than 32'],
  ])('%s', (_name, message, code, text) => {
    expect(thrown(() => encodeMessage(message as Message))).toMatchObject({ code, message: text });
  });
});
