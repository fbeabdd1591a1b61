/** Pure. */

/** `text` in lines of 79 characters at most (a longer word has one to itself), all but the first behind `indent`. */
export function wrapped(text: string, indent: string): string {
  const [, start = '', rest = ''] = /^(\s*)(.*)$/u.exec(text) ?? [];
  const lines: string[] = [];
  let line = start;
  for (const word of rest.split(' ')) {
    const next = line.trim() === '' ? `${line}${word}` : `${line} ${word}`;
    if (next.length > WIDTH && line.trim() !== '') {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = next;
  }
  return [...lines, line].join('\n');
}

const WIDTH = 79;
