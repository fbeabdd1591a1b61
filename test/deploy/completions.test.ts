import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completions } from '../../deploy/completions.ts';
import { completionTree } from '../../deploy/completion-tree.ts';
import { MOVE_METHODS } from '../../sidecar/sessions/policy.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-completions-'));
  for (const { path, contents } of completions())
    writeFileSync(
      join(folder, path.includes('bash') ? 'bash' : path.includes('zsh') ? 'zsh' : 'fish'),
      contents,
    );
  writeFileSync(join(folder, 'a gateway.yaml'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What bash offers for the last of these words, split as readline splits them. */
function offered(...words: readonly string[]): string[] {
  const script =
    'source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _swancast; printf "%s\\n" "${COMPREPLY[@]}"';
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['--norc', '-c', script, 'bash', 'swancast', ...words],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  expect(`${status} ${stderr}`).toBe('0 ');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion for bash', () => {
  it('offers all commands, and those that begin so', () => {
    const [program] = completionTree();
    expect(offered('')).toEqual(program?.commands.map(({ name }) => name));
    expect(offered('')).toContain('drain');
    expect(offered('re')).toEqual(['release', 'render']);
  });

  it('offers the commands below a command, and its options', () => {
    expect(offered('config', '')).toEqual(['check', 'print', 'schema']);
    expect(offered('config', 'check', '-')).toEqual(['-c', '--config', '--json', '-h', '--help']);
    expect(offered('check', 'r')).toEqual(['run']);
  });

  it('offers the words that an operand or a value may be, however it is written', () => {
    expect(offered('force', '')).toEqual(['announce', 'withdraw']);
    expect(offered('force', '--json', 'w')).toEqual(['withdraw']);
    expect(offered('force', '--reason', 'announce', 'a')).toEqual(['announce']);
    expect(offered('drain', '--move', '')).toEqual([...MOVE_METHODS]);
    expect(offered('fleet', '--gate', '=', 'd')).toEqual(['drain']);
    expect(offered('fleet', '--gate', '=')).toEqual(['drain', 'announced']);
  });

  it('offers files for -c, with blanks in their names', () => {
    expect(offered('run', '-c', 'a')).toEqual(['a gateway.yaml']);
    expect(offered('status', '--config', '=', 'a g')).toEqual(['a gateway.yaml']);
  });

  it('offers the options where nothing else can come', () => {
    expect(offered('version', '')).toEqual(['--json', '-h', '--help']);
    expect(offered('config', 'schema', '')).toEqual(['-h', '--help']);
  });

  it('offers nothing where anything may stand', () => {
    expect(offered('force', 'announce', '')).toEqual([]);
    expect(offered('drain', '--reason', '')).toEqual([]);
  });
});

describe('completion for zsh and fish', () => {
  it.for(['zsh', 'fish'])('is right as to %s itself, where it is installed', (shell, { skip }) => {
    const { status, error, stderr } = spawnSync(shell, ['-n', join(folder, shell)], { encoding: 'utf8' });
    if (error !== undefined) skip(`${shell} is not installed: what it would complete is not tested`);
    expect(`${status} ${stderr}`).toBe('0 ');
  });

  it('knows every command and every long option', () => {
    const of = (name: string): string =>
      completions().find(({ path }) => path.includes(`/${name}/`))?.contents ?? '';
    for (const { path, options } of completionTree()) {
      expect(of('zsh')).toContain(`_${path.replaceAll(' ', '_')}() {`);
      const below = path.split(' ').slice(1);
      for (const option of options.flatMap(({ names }) => names).filter((name) => name.startsWith('--'))) {
        expect(of('zsh')).toContain(option);
        expect(of('fish')).toMatch(
          new RegExp(`'${['__swancast_(in|at)', ...below].join(' ')}'.* -l ${option.slice(2)} `),
        );
      }
    }
  });
});
