/**
 * swancast-guard: runs as ExaBGP's API process (through deploy/launch-guard.sh) and holds the lease.
 *
 *   sidecar ⇄ lease socket ⇄ guard ⇄ stdin/stdout ⇄ ExaBGP
 *
 * This file only moves bytes; what they mean is in guard-core.ts. From a line on the lease socket to the
 * command in ExaBGP's pipe there is no timer, no promise and no further turn of the event loop.
 *
 * Exit code 0: ExaBGP is gone or ends us. Anything else makes the launcher clear the routes and start anew.
 */
import { connect, type Socket } from 'node:net';
import { closeSync, openSync, writeSync } from 'node:fs';
import { CLEAR } from './command.ts';
import { CommandPipe } from './command-pipe.ts';
import { watchLauncher } from './launcher-watch.ts';
import { LEASE_LINE_MAXIMUM, leaseLine, parseLeaseMessage } from './lease.ts';
import { writeLeaseRecord } from './lease-record.ts';
import { openLeaseSocket } from './lease-socket.ts';
import { LineReader } from './line-reader.ts';
import type { LogLevel } from './log-line.ts';
import { isAncestor, processStat, signalProcess, type ProcessIdentity } from './procfs.ts';
import { parseReply, REPLY_LINE_MAXIMUM } from './reply.ts';
import { SdNotify } from './sd-notify.ts';
import { step } from './guard-core.ts';
import { guardOptions } from './guard-options.ts';
import { rehearseGuard } from './guard-rehearsal.ts';
import { coldGuard, type GuardEffect, type GuardEvent } from './guard-state.ts';

/** A sidecar that does not read so much has hung: it may connect again. */
const UNREAD_MAXIMUM = 1024 * 1024;

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

const notify = SdNotify.take();
const options = guardOptions();
const exabgp = exabgpIdentity(options.exabgpPid);
const pipe = new CommandPipe(() => process.exit(0));
const clients = new Map<number, Socket>();
let state = coldGuard(now());
let timer: NodeJS.Timeout | undefined;
let wakeAt: number | undefined;
let viciWatch: Socket | undefined;
let clientCount = 0;

rehearse();

const fromExabgp = new LineReader(REPLY_LINE_MAXIMUM);
process.stdin.on('data', (chunk: Buffer) => {
  const lines = fromExabgp.push(chunk);
  if (lines.length > 0) dispatch({ type: 'replies', replies: lines.map(parseReply) });
});
for (const end of ['end', 'close', 'error'] as const) process.stdin.on(end, () => process.exit(0));
// Not ExaBGP's way to end us (it ends the launcher): the launcher has to clear.
process.on('SIGTERM', () => process.exit(143));
watchLauncher(() => {
  // What follows is ExaBGP's doing: it starts another launcher, and closes our stdin.
  log('error', 'the launcher ended: routes cleared, ExaBGP starts it again');
  pipe.write([CLEAR]);
});
dispatch({ type: 'tick' });

/** All but the last step is the real thing: the pipe of the rehearsal leads nowhere. */
function rehearse(): void {
  let nowhere: number;
  try {
    nowhere = openSync('/dev/null', 'w');
  } catch {
    // No descriptor left, or a root directory without devices: then unrehearsed.
    return;
  }
  const rehearsed = new CommandPipe(() => undefined, nowhere);
  rehearseGuard(options.limits, (lines) => rehearsed.write(lines));
  closeSync(nowhere);
}

function dispatch(event: GuardEvent): void {
  const next = step(state, event, now(), options.limits);
  state = next.state;
  for (const effect of next.effects) run(effect);
  // Between any two steps are seconds at most, as ExaBGP is asked for a sign of life: that needs no timer.
  if (state.phase !== 'killing') notify.alive(now());
  if (next.wakeAt === wakeAt) return;
  // Only a new moment moves the timer: whoever keeps us busy must not put a deadline off.
  wakeAt = next.wakeAt;
  clearTimeout(timer);
  if (wakeAt !== undefined) timer = setTimeout(wake, Math.max(0, wakeAt - now()));
}

/**
 * The tick comes one look at the sockets after the timer: when it was we who were late (frozen, starved),
 * the renewal or the acknowledgement may lie there unread, and must be heard before the deadline is judged.
 */
function wake(): void {
  wakeAt = undefined;
  setImmediate(() => dispatch({ type: 'tick' }));
}

function run(effect: GuardEffect): void {
  switch (effect.type) {
    case 'write':
      pipe.write(effect.lines);
      return;
    case 'kill-exabgp':
      // Killed, it closes our stdin, and we leave with 0. Not killed, the launcher must clear.
      if (exabgp === undefined || !signalProcess(exabgp, 'SIGKILL')) {
        log('error', 'ExaBGP cannot be killed: its pid is unknown, it ended, or it is of another user');
        process.exit(1);
      }
      return;
    case 'send': {
      const socket = clients.get(effect.client);
      if (socket === undefined) return;
      const { message } = effect;
      const pids = { pid: process.pid, exabgpPid: exabgp?.pid ?? 0 };
      socket.write(leaseLine(message.type === 'hello' ? { ...pids, ...message } : message));
      if (socket.writableLength > UNREAD_MAXIMUM) socket.destroy();
      return;
    }
    case 'close-client':
      clients.get(effect.client)?.destroy();
      return;
    case 'open-lease':
      openLeaseSocket({
        path: options.socket,
        onClient,
        onListening,
        onProblem: (text) => log('error', text),
        now,
      });
      return;
    case 'watch-vici':
      watchVici(effect.path);
      return;
    case 'unwatch-vici':
      viciWatch
        ?.removeAllListeners()
        .on('error', () => undefined)
        .destroy();
      viciWatch = undefined;
      return;
    case 'log':
      log(effect.level, effect.text);
      return;
    default:
      effect satisfies never;
  }
}

function onClient(socket: Socket): void {
  clientCount += 1;
  const client = clientCount;
  const reader = new LineReader(LEASE_LINE_MAXIMUM);
  clients.set(client, socket);
  socket.on('data', (chunk: Buffer) => {
    for (const line of reader.push(chunk)) {
      const message =
        line === undefined ? `a line of more than ${LEASE_LINE_MAXIMUM} bytes` : parseLeaseMessage(line);
      dispatch({ type: 'message', client, message });
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clients.delete(client);
    dispatch({ type: 'disconnected', client });
  });
  dispatch({ type: 'connected', client });
}

/** A fresh connection that closes is charon's end: the guard asks nothing, it only waits for the EOF. */
function watchVici(path: string): void {
  viciWatch = connect(path);
  viciWatch.on('error', () => undefined);
  viciWatch.on('close', () => dispatch({ type: 'vici-closed' }));
  viciWatch.resume();
}

function onListening(): void {
  notify.ready();
  try {
    writeLeaseRecord(
      options.socket,
      [exabgp, processStat(process.pid)].flatMap((each) => each ?? []),
    );
  } catch (error) {
    log('warn', `whom to end should this guard freeze cannot be written down: ${(error as Error).message}`);
  }
}

function log(level: LogLevel, text: string): void {
  const line = JSON.stringify({ level, part: 'guard', pid: process.pid, msg: text });
  try {
    writeSync(2, `${notify.priority(level)}${line}\n`);
  } catch {
    // Whoever read our log is gone: no reason to stop guarding.
  }
}

function exabgpIdentity(pid: number): ProcessIdentity | undefined {
  const stat = processStat(pid);
  // From here on its start time says that it is the same, also when our launcher, and so our descent, is gone.
  if (pid > 1 && stat !== undefined && isAncestor(pid, process.pid))
    return { pid, startTime: stat.startTime };
  log(
    'error',
    `pid ${pid} is not our ExaBGP: if it hangs, nobody here can end it; start the guard by its launcher`,
  );
  return undefined;
}
