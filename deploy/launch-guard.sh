#!/bin/sh
# launch-guard.sh COMMAND [ARGUMENT...]   -- ExaBGP's API process: keeps a swancast guard running.
#
# When an API process dies, ExaBGP leaves its routes announced. So this shell stays between the two: the
# moment the guard dies it withdraws everything itself, and then starts a new one. ExaBGP, which gives up
# after five deaths of its process in about a minute, never sees one.
#
# The guard inherits our stdin (answers), stdout (commands) and stderr (log). Nothing else may be printed to
# stdout: ExaBGP would take it for a command.
set -u

guard=
nap=
stopping=
# A killed guard leaves nothing to tidy up, and one that hangs would not hear a SIGTERM.
trap 'stopping=yes; [ -z "$guard" ] || kill -KILL "$guard" 2>/dev/null; [ -z "$nap" ] || kill "$nap" 2>/dev/null' TERM INT HUP

# Where a unit of systemd runs ExaBGP, the guard tells it that all is well: by way of this, as the same process.
notify=${0%/*}/notify-exec
[ -z "${NOTIFY_SOCKET:-}" ] || [ ! -x "$notify" ] || set -- "$notify" "$@"

# A shell gives its background jobs /dev/null as stdin: keep the real one at hand.
exec 3<&0

# Should there have been a launcher before us, nobody guards what it left, until our guard is up.
printf '\nclear adj-rib out\n' || exit 0

start=1
delay=0
while [ -z "$stopping" ]; do
  began=$(date +%s)
  "$@" --exabgp-pid "$PPID" --start "$start" <&3 3<&- &
  guard=$!
  [ -z "$stopping" ] || kill -KILL "$guard" # the signal came before we knew whom to kill
  wait "$guard"
  status=$?
  guard=
  # 0: ExaBGP closed the guard's stdin, so it is gone, and so are its sessions and routes.
  [ "$status" -ne 0 ] && [ -z "$stopping" ] || break
  # The empty line ends whatever the guard was in the middle of. Without ExaBGP, SIGPIPE ends us here.
  printf '\nclear adj-rib out\n' || break

  start=$((start + 1))
  [ $(($(date +%s) - began)) -lt 30 ] || delay=0
  printf '{"level":"error","part":"launch-guard","msg":"the guard ended with %s: routes cleared, next one in %s s"}\n' \
    "$status" "$delay" >&2 || :
  if [ "$delay" -gt 0 ]; then
    sleep "$delay" 3<&- &
    nap=$!
    wait "$nap"
    nap=
  fi
  delay=$((delay * 2 + 1))
  # Less than the watchdog of its unit, which hears nothing meanwhile.
  [ "$delay" -le 7 ] || delay=7
done
