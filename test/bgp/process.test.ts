import { expect, it } from 'vitest';
import { isAlive, processStat } from '../../bgp/procfs.ts';
import { SupervisedProcess } from '../../bgp/process.ts';

const env = { PATH: process.env['PATH'] ?? '' };

function start(script: string): { child: SupervisedProcess; line: (wanted: string) => Promise<string> } {
  const lines: string[] = [];
  let heard = (): void => undefined;
  const child = new SupervisedProcess({ file: '/bin/sh', args: ['-c', script], env }, (line) => {
    lines.push(line);
    heard();
  });
  const line = async (wanted: string): Promise<string> => {
    for (;;) {
      const found = lines.find((text) => text.startsWith(wanted));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (heard = resolve));
    }
  };
  return { child, line };
}

it('tells a crash, with the last words of both streams', async () => {
  const { child } = start('echo out; echo err >&2; exit 3');
  const end = await child.ended;
  expect(end).toMatchObject({ expected: false, code: 3, signal: null, error: undefined });
  expect(end.tail.toSorted()).toEqual(['err', 'out']);
});

it('keeps only the last twenty lines', async () => {
  const { child } = start('for n in $(seq 30); do echo $n; done');
  expect((await child.ended).tail).toEqual(Array.from({ length: 20 }, (_, n) => String(n + 11)));
});

it('resolves with the error of a program that is not there', async () => {
  const child = new SupervisedProcess({ file: '/nonexistent/exabgp', args: [], env: {} }, () => undefined);
  expect((await child.ended).error?.code).toBe('ENOENT');
  await child.stop(10);
});

it('an end that was asked for is expected', async () => {
  const { child, line } = start('trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done');
  await line('ready');
  await child.stop(5000);
  expect(await child.ended).toMatchObject({ expected: true, code: 0 });
});

it('kills what does not heed SIGTERM, and what it started in groups of its own', async () => {
  const { child, line } = start(
    'trap "" TERM; setsid sleep 300 & echo "pid $!"; while :; do sleep 0.05; done',
  );
  const grandchild = processStat(Number((await line('pid ')).slice(4)));
  expect(grandchild && isAlive(grandchild)).toBe(true);
  await child.stop(50);
  expect(await child.ended).toMatchObject({ expected: true, signal: 'SIGKILL' });
  expect(grandchild && isAlive(grandchild)).toBe(false);
});

it('kill() counts as a crash', async () => {
  const { child, line } = start('echo ready; exec sleep 300');
  await line('ready');
  child.kill();
  expect(await child.ended).toMatchObject({ expected: false, signal: 'SIGKILL' });
});
