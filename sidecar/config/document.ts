/**
 * YAML text → plain values with their lines. Pure.
 *
 * The result holds only mappings without a prototype, lists, strings, finite numbers, booleans and null;
 * everything else that YAML can say (tags, aliases without end, dates, several documents) is a problem.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml';
import { gluedHint } from './glued.ts';
import { join, type Problem, show } from './problem.ts';

export type Raw = string | number | boolean | null | readonly Raw[] | RawMap;
export interface RawMap {
  readonly [key: string]: Raw;
}

export interface ParsedDocument {
  /** Undefined when the text is no usable mapping; then `problems` says why. */
  readonly root: RawMap | undefined;
  readonly problems: readonly Problem[];
  /** The line of a path, or of the nearest thing above it that exists. */
  readonly lineOf: (path: string) => number;
}

/** A real configuration has a few hundred values; more is a mistake or an attack by nested aliases. */
const VALUES_MAXIMUM = 20_000;
const DEPTH_MAXIMUM = 16;
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;

export const isRawMap = (value: Raw | undefined): value is RawMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param example what a person may start from who has nothing yet, among the examples of the package and in deploy/ */
export function parseYaml(text: string, file: string, example = 'swancast.example.yaml'): ParsedDocument {
  const startFrom = `start from /usr/share/doc/swancast/examples/${example} (deploy/${example} in the sources)`;
  const problems: Problem[] = [];
  const lines = new Map<string, number>();
  const counter = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, counter.linePos(offset).line);
  const lineOfNode = (node: Node | null): number | undefined => {
    const range = node?.range;
    return range === undefined || range === null ? undefined : lineAt(range[0]);
  };
  const report = (line: number, key: string, value: unknown, expected: string, message: string): void => {
    problems.push({ file, line, key, value, expected, message });
  };
  const lineOf = (path: string): number => {
    for (let at = path; at !== ''; at = at.replace(/(\.[^.[\]]*|\[\d+\]|^[^.[\]]*)$/u, '')) {
      const line = lines.get(at);
      if (line !== undefined) return line;
      if (!/[.[]/u.test(at)) break;
    }
    return 1;
  };
  const finish = (root: RawMap | undefined): ParsedDocument => ({ root, problems, lineOf });

  if (text.trim() === '') {
    report(1, '', undefined, 'a mapping', `the file is empty; ${startFrom}`);
    return finish(undefined);
  }
  // uniqueKeys: compared below, in linear time and with the path of the second one.
  // logLevel: 'silent' would also hide a second document.
  const document = parseDocument(text, {
    lineCounter: counter,
    prettyErrors: false,
    uniqueKeys: false,
    version: '1.2',
    schema: 'core',
    merge: false,
    logLevel: 'error',
  });
  // The first one only: the others are mostly what the parser made of the rest because of it.
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const line = lineAt(error.pos[0]);
    const written = text.split('\n')[line - 1] ?? '';
    report(line, '', undefined, 'YAML', gluedHint(written) ?? syntaxMessage(error.code, error.message));
    return finish(undefined);
  }

  let values = 0;
  const anchors = new Map<string, Node>();
  const plain = (node: Node | null | undefined, path: string, line: number, depth: number): Raw => {
    if (++values > VALUES_MAXIMUM) {
      if (values === VALUES_MAXIMUM + 1) {
        const message = `the file holds more than ${VALUES_MAXIMUM} values, aliases followed; write fewer`;
        report(line, '', undefined, 'fewer values', message);
      }
      return null;
    }
    if (depth > DEPTH_MAXIMUM) {
      const message = `is nested more than ${DEPTH_MAXIMUM} levels deep`;
      report(line, path.slice(0, 80), undefined, 'fewer levels', message);
      values = VALUES_MAXIMUM + 1;
      return null;
    }
    // By hand, since the library searches the whole document for each alias.
    if (isAlias(node)) return plain(anchors.get(node.source), path, line, depth + 1);
    if (node?.anchor !== undefined) anchors.set(node.anchor, node);
    if (isMap(node)) {
      const map: Record<string, Raw> = Object.create(null) as Record<string, Raw>;
      for (const pair of node.items) {
        const keyNode = pair.key as Node | null;
        const keyLine = lineOfNode(keyNode) ?? line;
        if (isScalar(keyNode) && keyNode.anchor !== undefined) anchors.set(keyNode.anchor, keyNode);
        const key = isScalar(keyNode) ? keyNode.value : undefined;
        if (typeof key !== 'string' || CONTROL.test(key)) {
          const found = isScalar(keyNode) ? show(keyNode.value) : 'a key that is a list or a mapping';
          report(keyLine, path, key, 'a plain name', `${found} cannot be a key; write a plain name`);
          continue;
        }
        const below = join(path, key);
        if (key in map) {
          const message = `is given twice, first on line ${lines.get(below) ?? keyLine}; keep one`;
          report(keyLine, below, undefined, 'each key once', message);
          continue;
        }
        lines.set(below, keyLine);
        map[key] = plain(pair.value as Node | null, below, keyLine, depth + 1);
      }
      return map;
    }
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const itemNode = item as Node | null;
        const itemLine = lineOfNode(itemNode) ?? line;
        const below = `${path}[${index}]`;
        if (!lines.has(below)) lines.set(below, itemLine);
        return plain(itemNode, below, itemLine, depth + 1);
      });
    }
    const value: unknown = isScalar(node) ? node.value : null;
    if (typeof value === 'string') {
      const control = CONTROL.exec(value);
      if (control !== null)
        report(line, path, value, 'text of one line', controlMessage(value, control.index));
      return value;
    }
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
    report(line, path, undefined, 'text, a number, true or false', 'is of a kind that has no meaning here');
    return null;
  };

  const root = plain(document.contents, '', 1, 0);
  if (isRawMap(root)) return finish(problems.length === 0 || values <= VALUES_MAXIMUM ? root : undefined);
  if (problems.length === 0) {
    if (root === null) {
      report(1, '', undefined, 'a mapping', `the file says nothing; ${startFrom}`);
    } else {
      const found = Array.isArray(root) ? 'a list' : `the single value ${show(root)}`;
      report(
        1,
        '',
        root,
        'a mapping',
        `the file is ${found}; expected sections such as "bgp:" and "prefixes:"`,
      );
    }
  }
  return finish(undefined);
}

function controlMessage(value: string, index: number): string {
  const code = (value.codePointAt(index) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const where = `the control character U+${code} at position ${index + 1}`;
  return `${show(value)} contains ${where}; write it on one line, without quotes that escape it`;
}

/** The parser's own words are exact but say no way out for the three errors people make most. */
function syntaxMessage(code: string, message: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab indents this line; YAML wants spaces';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here ("---"); a configuration is one document';
    case 'TAG_RESOLVE_FAILED':
      return `the tag has no meaning here (${message}); remove it`;
    case 'RESOURCE_EXHAUSTION':
      return `is nested more than ${DEPTH_MAXIMUM} levels deep`;
    default:
      return `is not YAML: ${message}`;
  }
}
