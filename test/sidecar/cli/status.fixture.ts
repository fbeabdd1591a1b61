/** A gateway whose charon died half a second ago, and one that cannot be heard. */
import { NO_SESSIONS } from '../../../sidecar/sessions/state.ts';
import { sessionsStatus } from '../../../sidecar/sessions/progress.ts';
import type { Status } from '../../../sidecar/status.ts';

const gone = {
  reason: 'charon-gone',
  class: 'gone',
  sentence: 'charon is not there: its VICI socket is closed or missing, and a new connection is refused',
  way_out: 'start it again',
  check: 'charon',
  value: 'ECONNREFUSED',
} as const;

/** Of a gateway without a fleet that has not flapped. */
const calm = {
  verdict: null,
  side: 'outside',
  preference: null,
  yielding: false,
  step_downs: 0,
  flap_limit: 5,
  flap_hold_seconds: 0,
} as const;

/** Nothing is wanted, announced or awaited. */
const idle = {
  ...calm,
  consequences: [],
  also: [],
  desired: false,
  acknowledged: false,
  has_session: false,
  next: [],
} as const;

/** Withdrawn half a second ago, as charon is gone. */
const fallen = {
  ...idle,
  ...gone,
  state: 'withdrawn',
  since_seconds: 0.5,
  hold_down_seconds: 1.5,
  flaps: 1,
} as const;

export const WITHDRAWN: Status = {
  version: '1.2.3',
  gateway: 'gw1',
  state: 'withdrawn',
  uptime_seconds: 93_784,
  evidence_age_seconds: 1.04,
  prefixes: [
    {
      prefix: '192.0.2.1/32',
      ...fallen,
      next: ['charon passes 2 times in a row', 'the hold-down ends in 1.5 s'],
    },
    {
      prefix: '2001:db8:53::1/128',
      ...fallen,
      acknowledged: true,
      has_session: true,
    },
  ],
  checks: [
    {
      name: 'charon',
      verdict: 'fail',
      up: false,
      level: 0,
      rise: 2,
      fall: 2,
      required: true,
      reason: 'charon-gone',
      class: 'gone',
      value: 'ECONNREFUSED',
      age_seconds: 0.5,
    },
    { name: 'ike-v4', verdict: 'none', up: false, level: 0, rise: 1, fall: 2, required: true },
  ],
  bgp: {
    guard_connected: true,
    lease: 'held',
    generation: 7,
    neighbors: { '10.1.1.1': 'up', 'fd00:1:1::1': 'down' },
    graceful_restart: [],
    neighbor_reasons: { 'fd00:1:1::1': 'peer reset, message (notification received)' },
  },
  sessions: sessionsStatus(NO_SESSIONS, 0),
  journal: [
    {
      time: '2026-01-01T00:00:01.500Z',
      prefix: '192.0.2.1/32',
      from: 'announced',
      to: 'withdrawn',
      reason: 'charon-gone',
      check: 'charon',
    },
  ],
};

const [prefix] = WITHDRAWN.prefixes;
if (prefix === undefined) throw new Error('the fixture above has a prefix');

/** Everything passes, but the router's session is down. */
export const UNHEARD: Status = {
  ...WITHDRAWN,
  state: 'announced',
  evidence_age_seconds: null,
  prefixes: [
    {
      prefix: prefix.prefix,
      state: 'announced',
      since_seconds: 600,
      hold_down_seconds: 0,
      flaps: 0,
      ...idle,
      desired: true,
      reason: 'all-pass',
      class: 'advisory',
      sentence: 'every check that bears on the announcement passes',
      way_out: '',
      entered_by: { reason: 'starting', class: 'advisory', sentence: 'it has just begun', way_out: '' },
    },
  ],
  bgp: {
    guard_connected: true,
    lease: 'held',
    generation: 1,
    neighbors: { '10.1.1.1': 'down' },
    graceful_restart: [],
    neighbor_reasons: { '10.1.1.1': 'outgoing connection failed' },
  },
  journal: [],
};

/** Withdrawn by an operator while everything passes; and to be announced by one although charon is gone. */
export const FORCED: Status = {
  ...UNHEARD,
  state: 'withdrawn',
  prefixes: [
    {
      prefix: prefix.prefix,
      state: 'withdrawn',
      since_seconds: 120,
      hold_down_seconds: 0,
      flaps: 0,
      ...idle,
      next: ['the order ends in 8 min, or with `swancast release`'],
      reason: 'forced-withdraw',
      class: 'advisory',
      sentence: 'an operator forced it to be withdrawn, whatever the checks say',
      way_out: 'it ends by itself',
      value: 'alice: new kernel',
      entered_by: {
        reason: 'forced-withdraw',
        class: 'advisory',
        sentence: 'an operator forced it to be withdrawn, whatever the checks say',
        way_out: 'it ends by itself',
      },
      forced: {
        verb: 'withdraw',
        who: 'alice',
        reason: 'new kernel',
        since: '2026-01-01T00:00:00.000Z',
        until: '2026-01-01T00:10:00.000Z',
        remaining_seconds: 480,
        in_effect: true,
        checks: {
          state: 'announced',
          reason: 'all-pass',
          class: 'advisory',
          sentence: 'every check that bears on the announcement passes',
          way_out: '',
        },
      },
    },
    {
      ...fallen,
      prefix: '2001:db8:53::1/128',
      forced: {
        verb: 'announce',
        who: 'bob (sudo)',
        reason: 'probe is wrong',
        since: '2026-01-01T00:00:00.000Z',
        until: '2026-01-01T02:00:00.000Z',
        remaining_seconds: 7080,
        in_effect: false,
        checks: { state: 'withdrawn', ...gone },
      },
    },
  ],
};
