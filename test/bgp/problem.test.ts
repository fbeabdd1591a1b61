import { describe, expect, it } from 'vitest';
import { endProblem, majorVersion, neighborAdvice, versionProblem } from '../../bgp/problem.ts';

const end = { expected: false, error: undefined, code: 1, signal: null, tail: [] } as const;
const failure = (code: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`spawn x ${code}`), { code });

describe('versionProblem', () => {
  it.each(['ExaBGP : 4.2.21\nPython : 3.11.2', 'ExaBGP : 4.2.25', 'ExaBGP : 5.0.13', 'exabgp 10.0.0'])(
    'takes %j',
    (output) => {
      expect(versionProblem('/usr/sbin/exabgp', output)).toBeUndefined();
    },
  );

  it.each(['4.2.20', '4.1.99', '3.4.24'])('finds %s too old', (version) => {
    expect(versionProblem('/usr/sbin/exabgp', `ExaBGP : ${version}`)).toMatchObject({
      code: 'EXABGP_TOO_OLD',
      message: `bgp.exabgp: /usr/sbin/exabgp is ExaBGP ${version}, at least 4.2.21 is needed: install a newer one`,
    });
  });

  it('knows another program', () => {
    expect(versionProblem('/bin/ls', 'ls (GNU coreutils) 9.1')).toMatchObject({
      code: 'EXABGP_MISSING',
      message: 'bgp.exabgp: /bin/ls does not say which ExaBGP it is (`/bin/ls --version`): is it ExaBGP?',
    });
  });

  it('majorVersion', () => {
    expect(['ExaBGP : 4.2.21', 'ExaBGP : 5.0.13', ''].map(majorVersion)).toEqual([4, 5, 0]);
  });
});

describe('endProblem', () => {
  it.each([
    [
      { ...end, error: failure('ENOENT') },
      'EXABGP_MISSING',
      'bgp.exabgp: there is no /usr/sbin/exabgp: install ExaBGP (Debian: `apt-get install exabgp`) or correct the path',
    ],
    [
      { ...end, error: failure('EACCES') },
      'EXABGP_DENIED',
      'bgp.exabgp: /usr/sbin/exabgp cannot be started: spawn x EACCES',
    ],
    [
      { ...end, tail: ['a', 'not reloaded, no change found', 'line 3: invalid'] },
      'EXABGP_CONFIG',
      'ExaBGP refused its configuration (see `swancast render exabgp`): a | not reloaded, no change found | line 3: invalid',
    ],
    [
      { ...end, tail: ["could not drop privileges to 'nobody'"] },
      'EXABGP_DENIED',
      "ExaBGP ended with exit code 1: could not drop privileges to 'nobody'",
    ],
    [{ ...end, code: null, signal: 'SIGKILL' as const }, 'EXABGP_ENDED', 'ExaBGP ended by SIGKILL'],
    [
      { ...end, code: 0, tail: ['bye'] },
      'EXABGP_ENDED',
      'ExaBGP ended with exit code 0; its last words: bye',
    ],
  ])('%#', (given, code, message) => {
    expect(endProblem('/usr/sbin/exabgp', given)).toMatchObject({ code, message });
  });
});

describe('neighborAdvice', () => {
  const facts = {
    address: '10.1.1.1',
    localAddress: '10.1.1.2',
    port: 179,
    localPresent: true,
    state: undefined,
    reason: undefined,
  } as const;

  it.each([
    [
      { ...facts, localPresent: false },
      'neighbor 10.1.1.1 cannot come up: its local_address 10.1.1.2 is not on this host (`ip addr`): correct bgp.neighbors',
    ],
    [
      { ...facts, state: 'connected' as const },
      'neighbor 10.1.1.1 accepts the connection, but no session comes up: compare peer_as and local_as with the router',
    ],
    [
      { ...facts, state: 'down' as const, reason: 'peer reset' },
      'neighbor 10.1.1.1 is down: peer reset; see what the router says about 10.1.1.2',
    ],
    [
      { ...facts, state: 'connected' as const, reason: 'the TCP connection failed or broke' },
      'neighbor 10.1.1.1 does not answer on TCP port 179: is the address right, does BGP run there, does it expect 10.1.1.2, and is the password the same?',
    ],
    [
      { ...facts, passive: true },
      'neighbor 10.1.1.1 does not connect to 10.1.1.2 port 179, where ExaBGP waits for it (passive): does BGP run there, does it expect 10.1.1.2, and is the password the same?',
    ],
    [
      facts,
      'neighbor 10.1.1.1 does not answer on TCP port 179: is the address right, does BGP run there, does it expect 10.1.1.2, and is the password the same?',
    ],
  ])('%#', (given, text) => {
    expect(neighborAdvice(given)).toBe(text);
  });
});
