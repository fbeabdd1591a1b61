import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Ledger, labDirectory, readLedger } from './lab/ledger.ts';
import { identify, isAlive } from './lab/process-identity.ts';

const NAME = `unit-${process.pid}`;

afterEach(() => rmSync(labDirectory(NAME), { recursive: true, force: true }));

/** Writes what a lab of another process would have left. */
function writeRecord(owner: unknown): void {
  Ledger.claim(NAME);
  writeFileSync(join(labDirectory(NAME), 'lab.json'), JSON.stringify({ name: NAME, owner, processes: [] }));
}

describe('Ledger', () => {
  it('refuses a lab whose owner lives', async () => {
    const other = spawn('sleep', ['60']);
    try {
      await once(other, 'spawn');
      writeRecord(identify(other.pid ?? 0));
      expect(() => Ledger.claim(NAME)).toThrow(`lab "${NAME}" is in use by process ${other.pid}`);
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('takes over from an owner that is gone, although its number is in use again', () => {
    writeRecord({ pid: process.ppid, startTime: '1' });
    expect(Ledger.claim(NAME).directory).toBe(labDirectory(NAME));
    expect(readLedger(NAME)?.owner).toEqual(identify(process.pid));
  });

  it('keeps what an earlier lab started until it begins anew', () => {
    Ledger.claim(NAME).add(process.pid);
    const next = Ledger.claim(NAME);
    expect(readLedger(NAME)?.processes).toEqual([identify(process.pid)]);
    next.begin();
    expect(readLedger(NAME)?.processes).toEqual([]);
    expect(existsSync(join(labDirectory(NAME), 'logs'))).toBe(true);
  });

  it('leaves a lab without an owner for whoever comes', () => {
    Ledger.claim(NAME).disown();
    expect(readLedger(NAME)?.owner).toBeUndefined();
  });

  it('does not follow a link that somebody put in its place', () => {
    symlinkSync('/', labDirectory(NAME));
    expect(() => Ledger.claim(NAME)).toThrow(/is not a directory of ours/);
  });
});

describe('process identity', () => {
  it('tells a live process from an ended one and from a later one of the same number', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const identity = identify(child.pid ?? 0);
    expect(identity).toBeDefined();
    if (identity === undefined) return;
    expect(isAlive(identity)).toBe(true);
    expect(isAlive({ ...identity, startTime: '1' })).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(identity)).toBe(false);
    expect(identify(child.pid ?? 0)).toBeUndefined();
  });

  it('takes a zombie for ended', async () => {
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
    const comm = (): string => readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim();
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const child = Number(line.toString());
      const identity = identify(child);
      expect(identity !== undefined && isAlive(identity)).toBe(true);
      // Once the shell has become sleep, nobody waits for the child any more.
      await vi.waitFor(() => expect(comm()).toBe('sleep'));
      process.kill(child, 'SIGKILL');
      await vi.waitFor(() => expect(identity !== undefined && isAlive(identity)).toBe(false));
      expect(identify(child)).toEqual(identity);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
