/** Takes all free file descriptors away from a process, and gives them back. */
import { readFileSync } from 'node:fs';
import { runCommand } from './run-command.ts';

/**
 * Node's own epoll and pipes hold all numbers below it. What is open stays open (setrlimit(2)), but not even a number
 * that is given back can be had again, as in a process where something leaks and is always faster.
 */
const NONE_LEFT = 8;

/** From now on the process can open nothing. @returns the limit it had */
export async function takeDescriptors(pid: number, signal: AbortSignal): Promise<string> {
  const before = /^Max open files\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
  await setLimit(pid, String(NONE_LEFT), signal);
  return before ?? 'unlimited';
}

export async function setLimit(pid: number, limit: string, signal: AbortSignal): Promise<void> {
  await runCommand(['prlimit', '--pid', String(pid), `--nofile=${limit}:`], signal);
}
