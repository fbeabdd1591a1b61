/** Fills the pipe from a guard to its ExaBGP, as a frozen ExaBGP leaves it in time. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { LabError } from './lab-error.ts';

/** ExaBGP takes such a line for a comment. The single bytes in the end leave no room for any command. */
const LINES = [`#${'.'.repeat(4094)}\n`, `#${'.'.repeat(62)}\n`, '\n'];

/** @param pid the guard's, whose standard output the pipe is @returns how many bytes went in */
export function fillPipe(pid: number): number {
  const pipe = openSync(`/proc/${pid}/fd/1`, constants.O_WRONLY | constants.O_NONBLOCK);
  let written = 0;
  try {
    for (const line of LINES) written += writeWhilePossible(pipe, line);
  } finally {
    closeSync(pipe);
  }
  if (written === 0) throw new LabError('LAB_SPOILT', `the pipe of guard ${pid} was full already`);
  return written;
}

function writeWhilePossible(pipe: number, line: string): number {
  for (let written = 0; ;)
    try {
      written += writeSync(pipe, line);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return written;
      throw error;
    }
}
