/** Bytes for golden tests: numbers as they are, text as ASCII. */
export function bytes(...parts: readonly (number | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
}

/** What a message holds, as nested lists: own keys only, in order, whatever they are called. */
export function tree(element: unknown): unknown {
  if (Buffer.isBuffer(element)) return `hex:${element.toString('hex')}`;
  if (Array.isArray(element)) return element.map(tree);
  if (typeof element === 'object' && element !== null) {
    return { entries: Object.entries(element).map(([name, inner]) => [name, tree(inner)]) };
  }
  return element;
}

/** The error that `run` throws. */
export function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
