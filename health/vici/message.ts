/**
 * VICI messages: sections, key/values and lists as bytes (strongSwan, vici/README.md, "Message Format").
 *
 *   1 SECTION_START  name       3 KEY_VALUE  name value      4 LIST_START  name     name:  8-bit length
 *   2 SECTION_END                                            5 LIST_ITEM   value    value: 16-bit length
 *                                                            6 LIST_END
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { ViciError } from './errors.ts';

/** A string where the bytes are valid UTF-8, else the bytes (DER). */
export type Value = string | Buffer;

/** Without a prototype: a connection may be named `__proto__` or `constructor`. */
export interface Section {
  [key: string]: Value | Value[] | Section;
}
export type Message = Section;

const SECTION_START = 1;
const SECTION_END = 2;
const KEY_VALUE = 3;
const LIST_START = 4;
const LIST_ITEM = 5;
const LIST_END = 6;

const MAX_NAME_BYTES = 0xff;
const MAX_VALUE_BYTES = 0xffff;
/** charon nests 5 deep at most; without a limit 512 KiB could hold a quarter of a million sections. */
const MAX_DEPTH = 32;

/**
 * Makes objects that inherit nothing. Not Object.create(null): V8 keeps such objects as hash tables, and a
 * list-sas of 10,000 IKE_SAs then takes three times as long to decode and more than twice the memory.
 */
const Blank = function () {} as unknown as new () => Section;
Blank.prototype = Object.freeze(Object.create(null));

/** An empty section, to be filled. */
export function section(): Section {
  return new Blank();
}

// ------------------------------------------------------------------------------------------ encoding

/**
 * The bytes of a message, elements in the order of the object's own keys. Throws VICI_TOO_LARGE for a
 * name over 255 or a value over 65535 bytes, VICI_PROTOCOL for what VICI cannot express.
 */
export function encodeMessage(message: Message): Buffer {
  const parts: Buffer[] = [];
  encodeSection(message, parts, 0);
  return Buffer.concat(parts);
}

function encodeSection(from: Section, parts: Buffer[], depth: number): void {
  if (depth > MAX_DEPTH) throw new ViciError('VICI_PROTOCOL', `sections nest deeper than ${MAX_DEPTH}`);
  for (const [name, element] of Object.entries(from)) {
    if (isValue(element)) {
      parts.push(named(KEY_VALUE, name), sized(element, name));
    } else if (Array.isArray(element)) {
      parts.push(named(LIST_START, name));
      for (const item of element) {
        if (!isValue(item)) throw notExpressible(`an item of list "${name}"`, item);
        parts.push(Buffer.of(LIST_ITEM), sized(item, name));
      }
      parts.push(Buffer.of(LIST_END));
    } else if (typeof element === 'object' && element !== null) {
      parts.push(named(SECTION_START, name));
      encodeSection(element, parts, depth + 1);
      parts.push(Buffer.of(SECTION_END));
    } else {
      throw notExpressible(`"${name}"`, element);
    }
  }
}

function isValue(element: unknown): element is Value {
  return typeof element === 'string' || Buffer.isBuffer(element);
}

function notExpressible(what: string, element: unknown): ViciError {
  const kind = element === null ? 'null' : Array.isArray(element) ? 'a list' : `a ${typeof element}`;
  return new ViciError('VICI_PROTOCOL', `${what} is ${kind}, VICI carries only text and bytes there`);
}

function named(type: number, name: string): Buffer {
  const length = Buffer.byteLength(name);
  if (length > MAX_NAME_BYTES) {
    throw new ViciError(
      'VICI_TOO_LARGE',
      `name "${name.slice(0, 40)}…" has ${length} bytes, VICI allows 255`,
    );
  }
  const bytes = Buffer.allocUnsafe(2 + length);
  bytes[0] = type;
  bytes[1] = length;
  bytes.write(name, 2);
  return bytes;
}

function sized(value: Value, name: string): Buffer {
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  if (length > MAX_VALUE_BYTES) {
    throw new ViciError('VICI_TOO_LARGE', `a value of "${name}" has ${length} bytes, VICI allows 65535`);
  }
  const bytes = Buffer.allocUnsafe(2 + length);
  bytes.writeUInt16BE(length);
  if (typeof value === 'string') bytes.write(value, 2);
  else value.copy(bytes, 2);
  return bytes;
}

// ------------------------------------------------------------------------------------------ decoding

/**
 * The message that the bytes say. Throws VICI_PROTOCOL, naming the byte, when they say none: a section
 * or list left open, an element where it must not be, a length past the end.
 */
export function decodeMessage(bytes: Buffer): Message {
  const cursor = new Cursor(bytes);
  const root = section();
  const outer: Section[] = [];
  let current = root;
  while (cursor.more()) {
    const at = cursor.at;
    const type = cursor.byte();
    switch (type) {
      case KEY_VALUE: {
        const name = cursor.name();
        put(current, name, cursor.value(), at);
        break;
      }
      case LIST_START: {
        const name = cursor.name();
        put(current, name, list(cursor, name), at);
        break;
      }
      case SECTION_START: {
        const name = cursor.name();
        if (outer.length >= MAX_DEPTH) throw malformed(at, `sections nest deeper than ${MAX_DEPTH}`);
        const inner = section();
        put(current, name, inner, at);
        outer.push(current);
        current = inner;
        break;
      }
      case SECTION_END: {
        const parent = outer.pop();
        if (parent === undefined) throw malformed(at, 'a section ends that was never started');
        current = parent;
        break;
      }
      case LIST_ITEM:
        throw malformed(at, 'a list item outside a list');
      case LIST_END:
        throw malformed(at, 'a list ends that was never started');
      default:
        throw malformed(at, `element type ${type} does not exist`);
    }
  }
  if (outer.length > 0)
    throw malformed(bytes.length, `the message ends inside ${outer.length} open section(s)`);
  return root;
}

function list(cursor: Cursor, name: string): Value[] {
  const items: Value[] = [];
  while (cursor.more()) {
    const at = cursor.at;
    const type = cursor.byte();
    if (type === LIST_ITEM) items.push(cursor.value());
    else if (type === LIST_END) return items;
    else throw malformed(at, `element type ${type} inside list "${name}", only items may stand there`);
  }
  throw malformed(cursor.at, `the message ends inside list "${name}"`);
}

/** charon repeats a name once; what repeats it thousands of times is no charon, and would cost us seconds. */
const SAME_NAME_MAXIMUM = 16;

/**
 * Names are unique in a section, but charon itself breaks this: `ike-updown` puts a key `up` beside the
 * section of the connection, which may be called "up". Nothing is lost: the later one is kept as `up#2`.
 */
function put(into: Section, name: string, element: Section[string], at: number): void {
  let key = name;
  for (let n = 2; into[key] !== undefined; n++) {
    if (n > SAME_NAME_MAXIMUM)
      throw malformed(at, `more than ${SAME_NAME_MAXIMUM} elements are called "${name}"`);
    key = `${name}#${n}`;
  }
  into[key] = element;
}

function malformed(at: number, text: string): ViciError {
  return new ViciError('VICI_PROTOCOL', `not a VICI message: at byte ${at}, ${text}`);
}

/** Shorter strings are cut from the text of the whole message: cheaper, and V8 copies them (no slice). */
const CUT_BELOW = 13;

class Cursor {
  at = 0;
  readonly #bytes: Buffer;
  /** The whole message, when it is ASCII (as a rule all but certificates is): one look, not one a value. */
  readonly #text: string | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#text = isAscii(bytes) ? bytes.toString('latin1') : undefined;
  }

  more(): boolean {
    return this.at < this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw malformed(this.at, 'one more byte was expected');
    this.at += 1;
    return byte;
  }

  name(): string {
    const start = this.#skip(this.byte(), 'a name');
    if (this.#text !== undefined) return this.#ascii(this.#text, start);
    const bytes = this.#bytes.subarray(start, this.at);
    // A name must be a string; one in an old 8-bit encoding stays readable this way.
    return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  }

  value(): Value {
    const high = this.byte();
    const start = this.#skip((high << 8) | this.byte(), 'a value');
    if (this.#text !== undefined) return this.#ascii(this.#text, start);
    const bytes = this.#bytes.subarray(start, this.at);
    // A copy, so that a kept certificate does not keep the whole chunk of the socket.
    return isUtf8(bytes) ? bytes.toString() : Buffer.from(bytes);
  }

  #ascii(text: string, start: number): string {
    if (this.at - start < CUT_BELOW) return text.substring(start, this.at);
    return this.#bytes.toString('latin1', start, this.at);
  }

  #skip(length: number, what: string): number {
    const start = this.at;
    const left = this.#bytes.length - start;
    if (length > left) throw malformed(start, `${what} of ${length} bytes, but only ${left} are left`);
    this.at += length;
    return start;
  }
}
