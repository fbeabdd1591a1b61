/** `key:value`, for YAML a single word: a blank is missing. People write it all the time, and parsers say nothing of it. */
import { show } from './problem.ts';

/** No IPv6 address (fd00:1::1) and no URL. */
const GLUED = /^\s*(?:-\s+)*(?![\da-f]{1,4}:)(?<key>[a-z_]\w*):(?!\/\/)(?<value>[^\s:].*)$/iu;

/** The key that was meant, where the text is one glued to its value. */
export const gluedKey = (text: string): string | undefined => GLUED.exec(text)?.groups?.['key'];

/** The way out, for the text of a line, a value or a key; undefined where it is nothing of the kind. */
export function gluedHint(text: string): string | undefined {
  const { key, value } = GLUED.exec(text)?.groups ?? {};
  if (key === undefined || value === undefined) return undefined;
  return `the blank after a colon is missing: write ${show(`${key}: ${value.trim()}`)}`;
}
