import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { descendants, isAlive, isAncestor, processStat, signalProcess } from '../../bgp/procfs.ts';

it('knows this process and its parent', () => {
  const self = processStat(process.pid);
  expect(self).toMatchObject({ pid: process.pid, parent: process.ppid });
  expect(self && isAlive(self)).toBe(true);
  expect(isAncestor(process.ppid, process.pid)).toBe(true);
  expect(isAncestor(process.pid, process.ppid)).toBe(false);
});

it('does not take another process with the same pid for it', () => {
  expect(isAlive({ pid: process.pid, startTime: '1' })).toBe(false);
  expect(signalProcess({ pid: process.pid, startTime: '1' }, 'SIGKILL')).toBe(false);
});

it('finds children and theirs, signals them, and sees them go', async () => {
  // A name with a bracket and blanks must not confuse the fields behind it.
  const child = spawn('sh', ['-c', 'sleep 300 & echo $!; wait'], {
    argv0: 'a ) b',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  const grandchild = Number(chunk.toString());
  const found = descendants(process.pid);
  expect(found.map(({ pid }) => pid)).toEqual(expect.arrayContaining([child.pid, grandchild]));
  for (const identity of found) {
    if (identity.pid === child.pid || identity.pid === grandchild)
      expect(signalProcess(identity, 'SIGKILL')).toBe(true);
  }
  await once(child, 'exit');
  expect(
    isAlive({ pid: child.pid ?? 0, startTime: found.find(({ pid }) => pid === child.pid)?.startTime ?? '' }),
  ).toBe(false);
});

it('has nothing to say about a process that is not there', () => {
  expect(processStat(2 ** 22 + 1)).toBeUndefined();
});
