import { spawnSync } from 'node:child_process';
import { openSync, closeSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const LOG = join(import.meta.dirname, '../../sidecar/log.ts');
const PROGRAM = `
  import { createLog } from ${JSON.stringify(LOG)};
  const log = createLog('info', 'gw1');
  for (let line = 1; line <= 3; line += 1) log.info(String(line));
  process.stderr.write('went on');
`;

/** @returns what the program above wrote to stderr, and its exit code, with this file as its stdout */
function runInto(path: string): { readonly status: number | null; readonly stderr: string } {
  const out = openSync(path, 'w');
  try {
    const args = ['--input-type=module-typescript', '--eval', PROGRAM];
    const { status, stderr } = spawnSync(process.execPath, args, {
      stdio: ['ignore', out, 'pipe'],
      encoding: 'utf8',
    });
    return { status, stderr };
  } finally {
    closeSync(out);
  }
}

describe('the log', () => {
  it('does not throw at whoever logs when the disk is full', () => {
    expect(runInto('/dev/full')).toEqual({ status: 0, stderr: 'went on' });
  });

  it('is one line of JSON each, written when the call returns', () => {
    const directory = mkdtempSync(join(tmpdir(), 'swancast-log-'));
    try {
      const file = join(directory, 'log');
      expect(runInto(file).status).toBe(0);
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['1', '2', '3']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
