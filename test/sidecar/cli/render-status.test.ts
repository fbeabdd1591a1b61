import { describe, expect, it } from 'vitest';
import { explainText } from '../../../sidecar/cli/explain.ts';
import { statusText } from '../../../sidecar/cli/status.ts';
import { table } from '../../../sidecar/cli/table.ts';
import { duration } from '../../../sidecar/duration.ts';
import { FORCED, UNHEARD, WITHDRAWN } from './status.fixture.ts';

describe('swancast status', () => {
  it('shows prefixes, checks and neighbors', () => {
    expect(statusText(WITHDRAWN)).toBe(`\
gw1: withdrawn (swancast 1.2.3, up 1 d 2 h, charon proved alive 1 s ago)

PREFIX              STATE      SINCE  ROUTE        REASON
192.0.2.1/32        withdrawn  0.5 s  withdrawn    charon-gone
2001:db8:53::1/128  withdrawn  0.5 s  to withdraw  charon-gone

CHECK   STATE  LAST  AGE    LEVEL  REASON       SEEN
charon  down   fail  0.5 s  0/3    charon-gone  ECONNREFUSED
ike-v4  down   none  -      0/2    -            -

NEIGHBOR     SESSION  SEEN
10.1.1.1     up       -
fd00:1:1::1  down     peer reset, message (notification received)

sessions: 0 on anycast addresses, 0 on our own, 0 elsewhere
guard: connected, lease held, generation 7
`);
  });

  it('warns of a neighbor that keeps our routes', () => {
    const bgp = { ...UNHEARD.bgp, graceful_restart: ['10.9.9.9'], neighbors: { '10.9.9.9': 'up' } as const };
    expect(statusText({ ...UNHEARD, bgp })).toMatch(
      /^10\.9\.9\.9 +up +WARNING: graceful restart is on, it keeps our routes when ExaBGP dies$/m,
    );
    expect(explainText({ ...UNHEARD, bgp })).toContain('10.9.9.9: graceful restart is in force');
  });

  it('warns when ExaBGP cannot be told to connect', () => {
    const bgp = { ...UNHEARD.bgp, redial_obstacle: '/etc/exabgp.conf belongs to another user' };
    expect(statusText({ ...UNHEARD, bgp })).toMatch(
      /^WARNING: a router that comes back may have to wait .*: \/etc\/exabgp\.conf belongs to another user$/m,
    );
  });

  it('says why no guard answers, and why no order could be kept', () => {
    const bgp = { ...UNHEARD.bgp, guard_connected: false, guard_problem: 'there is no /usr/sbin/exabgp' };
    const status = { ...UNHEARD, bgp, orders_obstacle: 'control.state_directory: /proc/nope: no' };
    expect(statusText(status)).toContain('guard: not connected: there is no /usr/sbin/exabgp\n');
    expect(statusText(status)).toContain('\nWARNING: control.state_directory: /proc/nope: no\n');
    expect(explainText(status)).toContain('  note  there is no /usr/sbin/exabgp\n');
  });

  it('shows who of the others is heard, and why one is not', () => {
    const nothing = { version: null, drain: null, capacity: null, prefixes: [] };
    const load = { ike_sas: null, half_open: null };
    const members = [
      { ...nothing, load, name: 'gw2', here: true, state: 'announced' as const, age_seconds: 0.4 },
      { ...nothing, load, name: 'gw3', here: false, state: null, age_seconds: null, problem: 'refused' },
    ];
    expect(statusText({ ...UNHEARD, fleet: { settled: true, members } })).toContain(`
OTHERS  STATE      HEARD      SEEN
gw2     announced  0.4 s ago  -
gw3     not heard  never      refused
`);
  });

  it('says what is not known', () => {
    const text = statusText({ ...UNHEARD, bgp: { ...UNHEARD.bgp, guard_connected: false } });
    expect(text).toContain('charon not proved alive yet');
    expect(text).toContain('guard: not connected');
    expect(text).toContain('to announce');
  });
});

describe('swancast explain', () => {
  it('says why, what to do, and what would change it', () => {
    expect(explainText(WITHDRAWN)).toBe(`\
gw1 is withdrawn

192.0.2.1/32 is withdrawn since 0.5 s, route withdrawn
  why   charon is not there: its VICI socket is closed or missing, and a new connection is refused (charon-gone, check charon)
  seen  ECONNREFUSED
  do    start it again
  next  charon passes 2 times in a row
        the hold-down ends in 1.5 s
  was   2026-01-01T00:00:01.500Z announced → withdrawn: charon-gone

2001:db8:53::1/128 is withdrawn since 0.5 s, route to withdraw
  why   charon is not there: its VICI socket is closed or missing, and a new connection is refused (charon-gone, check charon)
  seen  ECONNREFUSED
  do    start it again
  note  ExaBGP has not acknowledged this yet
`);
  });

  it('tells a prefix that nobody hears from one that is announced', () => {
    expect(explainText(UNHEARD)).toBe(`\
gw1 is announced

192.0.2.1/32 is announced since 10 min, route to announce
  why   every check that bears on the announcement passes (all-pass)
  began it has just begun (starting)
  note  ExaBGP has not acknowledged this yet
        no BGP session is up, so no router hears of it: check addresses, AS numbers and port 179
        the session with 10.1.1.1 is down: outgoing connection failed
`);
  });

  it('names a missing guard first', () => {
    const { bgp } = UNHEARD;
    const text = explainText({ ...UNHEARD, bgp: { ...bgp, guard_connected: false } });
    expect(text).toContain('no guard answers on the lease socket');
    expect(text).not.toContain('not acknowledged');
  });
});

describe('what is forced', () => {
  it('has a table of its own in status, and only while there is something', () => {
    expect(statusText(FORCED)).toContain(`\

FORCED              TO        IN EFFECT  LEFT        BY          REASON
192.0.2.1/32        withdraw  yes        8 min       alice       new kernel
2001:db8:53::1/128  announce  no         1 h 58 min  bob (sudo)  probe is wrong

CHECK `);
    expect(statusText(WITHDRAWN)).not.toContain('FORCED');
  });

  it('says in explain who, why, until when, and what the checks would do', () => {
    expect(explainText(FORCED)).toBe(`\
gw1 is withdrawn

192.0.2.1/32 is withdrawn since 2 min, route withdrawn
  why   an operator forced it to be withdrawn, whatever the checks say (forced-withdraw)
  force withdraw, by alice, 8 min left (until 2026-01-01T00:10:00.000Z): new kernel
  else  the checks would have it announced: every check that bears on the announcement passes (all-pass)
  do    it ends by itself
  next  the order ends in 8 min, or with \`swancast release\`

2001:db8:53::1/128 is withdrawn since 0.5 s, route withdrawn
  why   charon is not there: its VICI socket is closed or missing, and a new connection is refused (charon-gone, check charon)
  force announce, by bob (sudo), 1 h 58 min left (until 2026-01-01T02:00:00.000Z): probe is wrong
        a forced announcement waits while charon is gone, nothing proves it alive, or no guard answers
  seen  ECONNREFUSED
  do    start it again
`);
  });
});

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [0.04, '0 s'],
    [0.44, '0.4 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [61, '1 min 1 s'],
    [3600, '1 h'],
    [3599.9, '1 h'],
    [7384, '2 h 3 min'],
    [90_061, '1 d 1 h'],
    [-1, '?'],
    [Number.NaN, '?'],
  ])('%d s → %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

it('a table has columns as wide as needed, and no blanks at the end of a line', () => {
  expect(
    table(
      ['A', 'BB'],
      [
        ['long', ''],
        ['', 'x'],
      ],
    ),
  ).toBe('A     BB\nlong\n      x');
});
