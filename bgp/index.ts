/**
 * DOC: bgp/ makes it so: it announces through ExaBGP what it is told, under a lease, and nothing else.
 *
 *   sidecar ─ Speaker ──lease.ts, unix socket──► guard.ts ─ command.ts ──► ExaBGP ──► neighbors
 *                │                                  ▲                        │
 *                └─ Supervisor (process.ts)         └── reply.ts ◄───────────┘
 *
 * announcement, address, community   a route, checked part by part                       (pure)
 * command, route-words, reply   ExaBGP's API: lines out, lines in                        (pure)
 * line-reader             bytes to lines, with a length cap                              (pure)
 * reconcile               desired against acknowledged → commands, withdrawals first     (pure)
 * exabgp-conf             ExaBGP's configuration file                                    (pure)
 * lease                   the messages between sidecar and guard                         (pure)
 * guard-core, guard-state, -lease, -replies, -deadlines, -rehearsal   the guard, one step an event   (pure)
 * neighbor-listing        what `show neighbor extensive` says                            (pure)
 * backoff, problem        waits; what can be wrong, in words                             (pure)
 * guard, command-pipe, launcher-watch, lease-socket, guard-options
 *                         the guard's process: stdin, stdout, timer, parent, socket, arguments
 * sd-notify               what systemd is told, of the guard and of the sidecar
 * lease-record            whom to end when a guard freezes: a file beside the lease socket
 * lease-client, message-waiters, speaker, silent-guard   the sidecar's end
 * supervisor, process, procfs, run-lock, make-directory   ExaBGP as a child process, one sidecar a run directory
 * neighbor-watch          advice on neighbors that stay down, and a redial as soon as the router's port accepts:
 *   redial                when ExaBGP is told to connect                                  (pure)
 *   router-probe, reconnect   is the port open; the reload that makes ExaBGP connect now
 * atomic-file             whole or not at all
 *
 * Not imported here: guard.ts, which is a program of its own (deploy/launch-guard.sh starts it).
 *
 * RFC 4271 (BGP-4), 1997 (communities), 8092 (large communities), 4360 and 5668 (extended communities),
 * 4760 (IPv6 routes), 7911 (several paths of a prefix), 2385 (TCP MD5), 5082 (GTSM), 8326 (graceful shutdown:
 * community 65535:0).
 */
export {
  announcementProblems,
  announcementSetProblems,
  attributeProblems,
  parseAnnouncement,
  routeKey,
  sameAnnouncement,
  type Announcement,
  type Attributes,
} from './announcement.ts';
export type { Community, ExtendedCommunity, LargeCommunity } from './community.ts';
export { announceCommand, CLEAR, VERSION, withdrawCommand } from './command.ts';
export { parseReply, REPLY_LINE_MAXIMUM, type Reply } from './reply.ts';
export { LineReader } from './line-reader.ts';
export {
  exabgpProblems,
  GUARD_NODE_FLAGS,
  guardCommand,
  renderExabgpConf,
  type AddressFamily,
  type ExabgpSettings,
  type GuardCommandSettings,
  type NeighborSettings,
} from './exabgp-conf.ts';
export type { GuardMessage, LeaseMessage, LeaseReport, NeighborState, RefusalCode } from './lease.ts';
export { Speaker, type SpeakerOptions, type SpeakerReport } from './speaker.ts';
export type { LogLevel } from './log-line.ts';
export { SPEAKER_PROBLEMS, SpeakerError, type SpeakerProblem } from './problem.ts';
export type { SuperviseOptions } from './supervisor.ts';
export type { WatchedNeighbor } from './neighbor-watch.ts';
