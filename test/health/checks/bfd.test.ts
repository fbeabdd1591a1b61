import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseBfdPeers, type BfdPeer } from '../../../health/bfd-peers.ts';
import { create, judge, read, type BfdObservation } from '../../../health/checks/bfd.ts';
import type { RunOutcome } from '../../../health/run-program.ts';
import { limitsOf } from './scripted.ts';

/** As FRR 8.4 prints it, shortened. */
const session = (peer: string, status: string, vrf = 'default'): object => ({
  ...{ multihop: false, peer, local: '10.1.1.2', vrf, interface: 'eth0', id: 1453878278 },
  ...{ status, diagnostic: 'ok', 'receive-interval': 300, 'detect-multiplier': 3 },
});

const seen = (...peers: readonly [string, BfdPeer['state']][]): BfdObservation => ({
  kind: 'seen',
  peers: peers.map(([peer, state]) => ({ peer, state })),
});

describe('what bfdd prints', () => {
  it('is a list of sessions, of which a router is as well as its worst', () => {
    const text = JSON.stringify([
      session('10.1.1.1', 'up'),
      session('fd00:1:1::1', 'init'),
      session('10.1.1.1', 'down', 'other'),
    ]);
    expect(parseBfdPeers(text)).toEqual([
      { peer: '10.1.1.1', state: 'down' },
      { peer: 'fd00:1:1::1', state: 'init' },
    ]);
    expect(parseBfdPeers('[\n]\n')).toEqual([]);
  });

  it.each([
    'bfdd is not running',
    '',
    '{}',
    'null',
    '[null]',
    '[{"peer":"10.1.1.1"}]',
    '[{"peer":"10.1.1.1","status":"asleep"}]',
    '[{"peer":"10.1.1.1\\nup","status":"up"}]',
    '[{"peer":7,"status":"up"}]',
  ])('or nothing that can be read: %j', (text) => {
    expect(parseBfdPeers(text)).toBeUndefined();
  });

  it('is read no further than anybody has routers', () => {
    const many = Array.from({ length: 5000 }, (_, n) =>
      session(`10.${String(n >> 8)}.${String(n & 255)}.1`, 'up'),
    );
    expect(parseBfdPeers(JSON.stringify(many))).toHaveLength(256);
  });
});

describe('how vtysh ended', () => {
  it.each([
    [{ kind: 'exited', code: 0, stdout: '[]', stderr: '' }, 'seen', undefined],
    [
      { kind: 'exited', code: 1, stdout: '', stderr: '\nExiting: failed to connect to any daemons.\n' },
      'silent',
      'vtysh: exit code 1, Exiting: failed to connect to any daemons.',
    ],
    [
      { kind: 'exited', code: 0, stdout: 'bfdd is not running', stderr: '' },
      'silent',
      'vtysh: exit code 0, bfdd is not running',
    ],
    [{ kind: 'exited', code: 2, stdout: '', stderr: '' }, 'silent', 'vtysh: exit code 2'],
    [
      { kind: 'signalled', signal: 'SIGSEGV', stdout: '', stderr: '' },
      'silent',
      'vtysh was ended by SIGSEGV',
    ],
    [{ kind: 'timed-out' }, 'silent', 'vtysh did not come back in time'],
    [{ kind: 'flooded' }, 'silent', 'vtysh wrote more than 64 KiB'],
    [{ kind: 'unstartable', detail: 'ENOENT' }, 'unstartable', 'vtysh cannot be started: ENOENT'],
  ] satisfies [RunOutcome, string, string | undefined][])('%j: %s', (outcome, kind, detail) => {
    expect(read(outcome)).toMatchObject(detail === undefined ? { kind } : { kind, detail });
  });
});

describe('the sessions', () => {
  it.each([
    [seen(['10.1.1.1', 'up'], ['fd00::1', 'up']), [], 'pass', 'up: 10.1.1.1, fd00::1'],
    [seen(['10.1.1.1', 'up'], ['fd00::1', 'down']), [], 'bfd-session-down', 'fd00::1 down'],
    [seen(['10.1.1.1', 'shutdown']), [], 'bfd-session-down', '10.1.1.1 shutdown'],
    [seen(['10.1.1.1', 'up'], ['fd00::1', 'down']), ['10.1.1.1'], 'pass', 'up: 10.1.1.1'],
    [seen(['fd00::1', 'up']), ['FD00::1'], 'pass', 'up: fd00::1'],
    [seen(['10.1.1.1', 'up']), ['10.1.2.1', '10.1.1.1'], 'bfd-session-missing', 'not there: 10.1.2.1'],
    [seen(), [], 'bfd-session-missing', 'bfdd has no session at all'],
    [{ kind: 'silent', detail: 'x' }, [], 'bfd-not-known', 'x'],
    [{ kind: 'unstartable', detail: 'x' }, [], 'program-unusable', 'x'],
  ] satisfies [BfdObservation, string[], string, string][])(
    '%j, of which %j: %s',
    (observation, peers, said, value) => {
      const judgement = judge(observation, { peers });
      expect(judgement.verdict === 'pass' ? 'pass' : judgement.reason).toBe(said);
      expect(judgement.value).toBe(value);
      if (said === 'bfd-not-known') expect(judgement.verdict).toBe('unknown');
    },
  );
});

describe('a real program', () => {
  function check(script: string): { look: () => Promise<unknown>; told: unknown[] } {
    const directory = mkdtempSync(join(tmpdir(), 'swancast-bfd-'));
    onTestFinished(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    const vtysh = join(directory, 'vtysh');
    writeFileSync(vtysh, `#!/bin/sh\n${script}\n`);
    chmodSync(vtysh, 0o755);
    const told: unknown[] = [];
    const limits = limitsOf('bfd', { vtysh, socketDirectory: '/run/somewhere' });
    const made = create(
      {
        ...{ name: 'bfd', dependsOn: [], triggeredBy: [] },
        pace: { intervalMs: 5000, fastMs: 1000, timeoutMs: 5000 },
        limits: limits as Parameters<typeof create>[0]['limits'],
      },
      { onBfd: (name, peers) => told.push([name, peers]) },
    );
    return { look: () => made.observe(new AbortController().signal), told };
  }

  it('is asked for bfdd alone, and what it says is told', async () => {
    const { look, told } = check(
      `[ "$*" = "--vty_socket /run/somewhere -d bfdd -c show bfd peers json" ] || exit 9\necho '${JSON.stringify([session('10.1.1.1', 'up')])}'`,
    );
    expect(await look()).toEqual({ verdict: 'pass', value: 'up: 10.1.1.1' });
    expect(told).toEqual([['bfd', [{ peer: '10.1.1.1', state: 'up' }]]]);
  });

  it('that says nothing is no news of a session that is down', async () => {
    const { look, told } = check('echo "Exiting: failed to connect to any daemons." >&2; exit 1');
    expect(await look()).toMatchObject({ verdict: 'unknown', reason: 'bfd-not-known' });
    expect(told).toEqual([['bfd', undefined]]);
  });

  it('that floods is ended', async () => {
    expect(await check('yes').look()).toMatchObject({ verdict: 'unknown', reason: 'bfd-not-known' });
  });
});
