import { describe, expect, it } from 'vitest';
import { create, judge } from '../../../health/checks/exec.ts';
import type { RunOutcome } from '../../../health/run-program.ts';

const exited = (code: number, stdout = '', stderr = ''): RunOutcome => ({
  kind: 'exited',
  code,
  stdout,
  stderr,
});

describe('how a program ended', () => {
  it.each([
    [exited(0), 'pass', undefined],
    [exited(0, 'DISK OK - free 40% | /=3;4;5\nmore\n'), 'pass', 'DISK OK - free 40%'],
    [exited(0, '\n  \n second \n'), 'pass', 'second'],
    [exited(0, '', 'only on stderr\n'), 'pass', 'only on stderr'],
    [exited(1, 'getting full'), 'pass', 'warning: getting full'],
    [exited(1), 'pass', 'warning'],
    [exited(2, 'full'), 'exec-critical', 'exit code 2: full'],
    [exited(2), 'exec-critical', 'exit code 2'],
    [exited(3, 'no idea'), 'exec-unknown', 'exit code 3: no idea'],
    [exited(127, '', 'sh: 1: nope: not found'), 'exec-unknown', 'exit code 127: sh: 1: nope: not found'],
    [{ kind: 'signalled', signal: 'SIGSEGV', stdout: '', stderr: '' }, 'exec-unknown', 'ended by SIGSEGV'],
    [{ kind: 'timed-out' }, 'exec-timed-out', 'killed with its process group'],
    [{ kind: 'flooded' }, 'exec-unknown', 'wrote more than 64 KiB and was killed'],
    [{ kind: 'unstartable', detail: 'ENOENT' }, 'program-unusable', 'cannot be started: ENOENT'],
  ] satisfies [RunOutcome, string, string | undefined][])('%j: %s', (outcome, expected, value) => {
    const judgement = judge(outcome, { warning: 'pass' });
    expect(judgement.verdict === 'pass' ? 'pass' : judgement.reason).toBe(expected);
    expect(judgement.value).toBe(value);
  });

  it.each([
    [exited(2), 'fail'],
    [{ kind: 'timed-out' }, 'fail'],
    [exited(3), 'unknown'],
    [{ kind: 'unstartable', detail: 'EACCES' }, 'unknown'],
  ] satisfies [RunOutcome, string][])('%j is a %s', (outcome, verdict) => {
    expect(judge(outcome, { warning: 'pass' }).verdict).toBe(verdict);
  });

  it('a warning fails where the operator wants it so', () => {
    expect(judge(exited(1, 'hm'), { warning: 'fail' })).toEqual({
      verdict: 'fail',
      reason: 'exec-warning',
      value: 'exit code 1: hm',
    });
  });

  it('shows no more of a long line than fits', () => {
    const { value = '' } = judge(exited(0, 'x'.repeat(5000)), { warning: 'pass' });
    expect(value).toHaveLength(200);
  });
});

describe('a real program', () => {
  const observe = async (script: string, timeoutMs = 5000): Promise<unknown> =>
    create({
      name: 'own',
      dependsOn: [],
      triggeredBy: [],
      pace: { intervalMs: 10_000, fastMs: 1000, timeoutMs },
      limits: { command: ['/bin/sh', '-c', script], warning: 'pass' },
    }).observe(new AbortController().signal);

  it('fails and recovers with what it looks at', async () => {
    expect(await observe('echo broken; exit 2')).toEqual({
      verdict: 'fail',
      reason: 'exec-critical',
      value: 'exit code 2: broken',
    });
    expect(await observe('echo mended')).toEqual({ verdict: 'pass', value: 'mended' });
  });

  it('that hangs fails before its look is given up', async () => {
    expect(await observe('sleep 60', 200)).toMatchObject({ verdict: 'fail', reason: 'exec-timed-out' });
  });
});
