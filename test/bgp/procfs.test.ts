import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import {
  descendants,
  hold,
  isAlive,
  isAncestor,
  letGo,
  processStat,
  signalProcess,
} from '../../bgp/procfs.ts';

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

it('looks at a process that it holds through its own descriptor, until that process is gone', async () => {
  const child = spawn('sleep', ['300']);
  const held = hold(child.pid ?? 0);
  // A pid that another one has by now: only the descriptor can tell.
  expect(held && isAlive({ ...held, pid: process.pid })).toBe(true);
  expect(held && signalProcess(held, 'SIGKILL')).toBe(true);
  await once(child, 'exit');
  expect(held && isAlive({ ...held, pid: process.pid })).toBe(false);
  letGo(held ? [held] : []);
  expect(hold(2 ** 22 + 1)).toBeUndefined();
});

it('has nothing to say about a process that is not there', () => {
  expect(processStat(2 ** 22 + 1)).toBeUndefined();
});
