/** Texts that other people or programs wrote, made fit for a terminal and a log. Pure. */

/** C0 and C1 controls, line and paragraph separators, and what turns the direction of text. */
// oxlint-disable-next-line no-control-regex -- these are what it is for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** None of them may talk to the terminal: each becomes "?". */
export const printable = (text: string): string => text.replaceAll(UNPRINTABLE, '?');

export const isPrintable = (text: string): boolean => printable(text) === text;

/** Printable, and not longer than `maximum` characters. */
export function excerpt(text: string, maximum: number): string {
  const clean = printable(text);
  return clean.length <= maximum ? clean : `${clean.slice(0, maximum - 1)}…`;
}
