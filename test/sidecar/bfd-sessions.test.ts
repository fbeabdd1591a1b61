import { expect, it } from 'vitest';
import { BfdSessions } from '../../sidecar/bfd-sessions.ts';
import { statusText } from '../../sidecar/cli/status.ts';
import { UNHEARD } from './cli/status.fixture.ts';

it('knows what the configured checks saw last, and nothing once they do not know', () => {
  const sessions = new BfdSessions();
  const checks = [{ name: 'bfd' }, { name: 'bfd-inside' }];
  expect(sessions.by(checks)).toBeUndefined();
  sessions.hear('bfd', [{ peer: '10.1.1.1', state: 'up' }]);
  sessions.hear('bfd-inside', [{ peer: '10.9.1.2', state: 'down' }]);
  expect(sessions.by(checks)).toEqual([
    { peer: '10.1.1.1', state: 'up' },
    { peer: '10.9.1.2', state: 'down' },
  ]);
  expect(sessions.by([{ name: 'bfd' }])).toEqual([{ peer: '10.1.1.1', state: 'up' }]);
  sessions.hear('bfd', undefined);
  expect(sessions.by([{ name: 'bfd' }])).toBeUndefined();
});

it('is a table of `swancast status`, where there is something to show', () => {
  expect(statusText({ ...UNHEARD, bfd: { '10.1.1.1': 'up', 'fd00::1': 'down' } })).toMatch(
    /^BFD PEER +SESSION\n10\.1\.1\.1 +up\nfd00::1 +down$/mu,
  );
  expect(statusText(UNHEARD)).not.toContain('BFD');
});
