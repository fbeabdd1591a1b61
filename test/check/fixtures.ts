/**
 * Shows that every rule of `make check` can fail: each file in bad/ breaks one rule on purpose and names,
 * in its first three lines, where it would stand, which tool must refuse it, and in which words.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const bad = join(import.meta.dirname, 'bad');

interface Fixture {
  readonly name: string;
  readonly file: string;
  readonly tool: string;
  readonly says: string;
  readonly text: string;
}

const TOOLS: Record<string, (file: string) => [string, ...string[]]> = {
  lint: (file) => ['oxlint', '--type-aware', '--deny-warnings', file],
  types: () => ['tsc', '--noEmit', '-p', '.'],
  format: (file) => ['prettier', '--check', file],
};

function read(name: string): Fixture {
  const text = readFileSync(join(bad, name), 'utf8');
  const field = (key: string): string => {
    const value = new RegExp(`^// ${key}: (.+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`${name} does not say "// ${key}: …"`);
    return value;
  };
  return { name, file: field('file'), tool: field('tool'), says: field('says'), text };
}

/** Runs the tool over the fixture alone, in a tree that has our sources and rules around it. */
function refusal({ file, tool, text }: Fixture): string {
  const tree = mkdtempSync(join(tmpdir(), 'swancast-check-'));
  try {
    for (const part of ['tsconfig.json', 'oxlint.config.ts', 'package.json', '.prettierrc.json']) {
      cpSync(join(root, part), join(tree, part));
    }
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    if (tool === 'lint')
      for (const folder of ['health', 'bgp', 'sidecar'])
        cpSync(join(root, folder), join(tree, folder), { recursive: true });
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
    const command = TOOLS[tool];
    if (command === undefined) throw new Error(`no tool ${tool}: one of ${Object.keys(TOOLS).join(', ')}`);
    const [program, ...args] = command(file);
    const run = spawnSync(join(root, 'node_modules/.bin', program), args, { cwd: tree, encoding: 'utf8' });
    return run.status === 0 ? '' : `${run.stdout}${run.stderr}`;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const fixtures = readdirSync(bad).map(read);
const accepted = fixtures.filter((fixture) => {
  const said = refusal(fixture).replaceAll(/\s+/g, ' ');
  if (said.includes(fixture.says)) return false;
  console.error(
    `${fixture.name}: ${fixture.tool} should say "${fixture.says}", but said: ${said === '' ? 'nothing, it passed' : said.slice(0, 600)}`,
  );
  return true;
});
console.log(
  `${fixtures.length - accepted.length} of ${fixtures.length} bad fixtures are refused as they should be`,
);
process.exitCode = accepted.length === 0 ? 0 : 1;
