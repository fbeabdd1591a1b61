/** Text → troff with the macros of man(7). Pure. */

/** A tagged paragraph, its tag in bold. */
export const item = (term: string, text: string): string[] => ['.TP', `.B ${escape(term)}`, paragraph(text)];

export const paragraph = (text: string): string =>
  escape(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}`);

/** Hyphens stay hyphens, and no line begins as a request. */
export const escape = (text: string): string =>
  text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/u, '\\&$&');

/** Markdown's `code` in bold. */
export const marked = (text: string): string =>
  text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? escape(part) : `\\fB${escape(part)}\\fR`))
    .join('');

/** As it is, line by line. */
export const verbatim = (text: string): string[] => ['.EX', ...text.trimEnd().split('\n').map(escape), '.EE'];
