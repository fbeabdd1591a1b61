/**
 * Every key of the configuration file: what it means, its format, its default. The one source that the
 * reader, `swancast config schema`, the table in README and the example are made from or held against.
 */
import { PROFILES } from '../../health/profile.ts';
import type { KeySpec, MapSpec } from './key-spec.ts';
import { LOG_LEVELS } from './config.ts';
import { FLEET, HTTP } from './schema-fleet.ts';
import { NEIGHBOR } from './schema-neighbors.ts';
import { PREFIX } from './schema-routes.ts';
import { SESSIONS } from './schema-sessions.ts';
import { CHECK } from './schema-checks.ts';

const GATEWAY = {
  doc: 'This gateway.',
  keys: {
    name: {
      doc: 'Its name in logs, metrics and status.',
      format: 'name',
      default: null,
      unset: 'the host name',
    },
  },
} as const satisfies MapSpec;

const STRONGSWAN = {
  doc: 'The strongSwan beside us.',
  keys: {
    vici_socket: {
      doc: "charon's VICI socket (`charon.plugins.vici.socket` in strongswan.conf). The user of swancast needs read and write access to it.",
      format: 'socket',
      default: '/run/charon.vici',
    },
    restart_grace_ms: {
      doc: 'How long a charon that is gone may take to come back before its prefixes are withdrawn. With kernel ESP its sessions go on meanwhile; new logins do not. The last proof that charon lives gets no younger, so `lease.max_age_seconds` must be larger by more than interval and timeout of the charon check: 4 for a grace of 3000. Which value, and what was measured: "When charon crashes" in sidecar/sessions/README.md.',
      format: 'nat',
      maximum: 30_000,
      default: 0,
    },
  },
} as const satisfies MapSpec;

const BGP = {
  doc: 'ExaBGP and the routers it speaks to.',
  keys: {
    supervise: {
      doc: 'true: swancast starts ExaBGP and restarts it (containers, the lab). false: a unit of its own runs ExaBGP with the configuration that `swancast render exabgp` prints (systemd), as the user of swancast and from a file that this user may replace: swancast turns a setting over in it, and sends SIGUSR1, to make ExaBGP connect at once to a router that came back.',
      format: 'boolean',
      default: true,
    },
    exabgp: {
      doc: 'The ExaBGP program, 4.2.21 or newer. With `supervise: false` the unit says which.',
      format: 'path',
      default: '/usr/sbin/exabgp',
    },
    local_as: {
      doc: 'Our AS number. A neighbor may be shown another one (`local_as` there).',
      format: 'asn',
      example: 65001,
    },
    router_id: {
      doc: 'Our BGP identifier: a dotted quad that is unique among the gateways, usually an IPv4 address of this one. Never the anycast address.',
      format: 'router-id',
      example: '10.1.1.2',
    },
    run_directory: {
      doc: "Where the rendered exabgp.conf is written, for one swancast alone: a second one is refused. With `supervise: false` the unit says where. Only swancast's user may write there.",
      format: 'path',
      default: '/run/swancast',
    },
    allowed_prefixes: {
      doc: 'A fence against slips: every prefix must lie in one of these.',
      format: 'list-of-prefixes',
      default: null,
      unset: 'any prefix is allowed',
    },
  },
  lists: { neighbors: NEIGHBOR },
} as const satisfies MapSpec;

const LEASE = {
  doc: 'The lease under which the guard keeps the announcements: what happens when swancast itself dies or hangs.',
  keys: {
    socket: {
      doc: 'The unix socket between swancast and the guard. The owner and mode of its directory are the access rule.',
      format: 'socket',
      default: '/run/swancast/lease.sock',
    },
    ttl_seconds: {
      doc: 'Without a renewal for so long the guard withdraws everything. Shorter withdraws sooner after a hang; too short and a busy host withdraws for nothing.',
      format: 'seconds',
      minimum: 0.2,
      maximum: 10,
      default: 1,
    },
    max_age_seconds: {
      doc: 'The guard refuses a renewal whose evidence (the last proof that charon lives, by the charon check or an IKE probe) is older. More than interval plus timeout of the charon check, and more than ttl_seconds.',
      format: 'seconds',
      minimum: 0.5,
      maximum: 60,
      default: 3,
    },
    handover_seconds: {
      doc: 'How long the announcements outlive a restart of swancast (SIGUSR2, `systemctl restart`); charon gone ends it at once.',
      format: 'seconds',
      minimum: 0.5,
      maximum: 5,
      default: 5,
    },
  },
} as const satisfies MapSpec;

const DECISION = {
  doc: 'How fast a prefix comes back after it stepped down.',
  keys: {
    hold_down_seconds: {
      doc: 'The least time between stepping down and stepping up again. Longer is calmer, shorter is back sooner.',
      format: 'seconds',
      minimum: 0,
      maximum: 3600,
      default: 2,
    },
    hold_down_max_seconds: {
      doc: 'The hold-down doubles with every flap, up to this.',
      format: 'seconds',
      minimum: 0,
      maximum: 86_400,
      default: 300,
    },
    quiet_seconds: {
      doc: 'Every quiet period of this length halves the hold-down again.',
      format: 'seconds',
      minimum: 1,
      maximum: 86_400,
      default: 600,
    },
    flap_limit: {
      doc: 'So many steps down within `flap_window_seconds`, and the prefix is held degraded (charon gone withdraws it all the same) until `flap_hold_seconds` are over or somebody says `swancast release`. 0: never.',
      format: 'nat',
      maximum: 1000,
      default: 5,
    },
    flap_window_seconds: {
      doc: 'See `flap_limit`.',
      format: 'seconds',
      minimum: 1,
      maximum: 86_400,
      default: 600,
    },
    flap_hold_seconds: {
      doc: 'How long a prefix that flaps is held degraded.',
      format: 'seconds',
      minimum: 1,
      maximum: 86_400,
      default: 1800,
    },
  },
} as const satisfies MapSpec;

const CONTROL = {
  doc: 'The pages of the section http, those that name clients, and what may change things, on a unix socket: `swancast status`, `explain`, `force`, `release`, `drain`, `undrain`, `fleet` and `check` ask there.',
  keys: {
    socket: {
      doc: 'Its path. The owner and mode of its directory are the access rule.',
      format: 'socket',
      default: '/run/swancast/control.sock',
    },
    state_directory: {
      doc: 'Where the orders of operators (`swancast force`, `swancast drain`) are kept over restarts and reboots. Only the user of swancast may write there; it is made if its parent can be written.',
      format: 'path',
      default: '/var/lib/swancast',
    },
  },
} as const satisfies MapSpec;

const LOG = {
  doc: 'JSON lines on standard output.',
  keys: {
    level: { doc: 'The least level that is written.', format: LOG_LEVELS, default: 'info' },
  },
} as const satisfies MapSpec;

export const SECTIONS = {
  gateway: GATEWAY,
  strongswan: STRONGSWAN,
  bgp: BGP,
  lease: LEASE,
  decision: DECISION,
  fleet: FLEET,
  sessions: SESSIONS,
  http: HTTP,
  control: CONTROL,
  log: LOG,
} as const;

const PROFILE = {
  doc: 'How soon a frozen charon is withdrawn: "default" within 1.5 s, "fast" within 0.3 s on a host that is not short of CPU, at the price of more CPU time and of false alarms on a busy host (see "Fast profile" in health/README.md). It sets the defaults of the checks of type charon and ike-probe; their own keys go before it.',
  format: PROFILES,
  default: 'default',
} as const satisfies KeySpec;

export const SCHEMA = {
  doc: 'Configuration of swancast',
  keys: { profile: PROFILE },
  sections: SECTIONS,
  lists: { prefixes: PREFIX, checks: CHECK },
} as const satisfies MapSpec;
