#!/bin/sh
#
# demo - weir doing its main job on this machine, in one command.
#
# Purpose    builds a release, starts the echo daemon on TCP and on a UNIX
#            socket, loads both with 64 connections for five seconds, checks
#            every byte, ends the daemon with SIGTERM.
# Usage      scripts/demo.sh          (DEMO_SECONDS=N: how long, 1 to 86400)
# Needs      Debian 12 or newer, and what scripts/deps.sh lists.  What is
#            missing is installed when run as root; else the one line that
#            installs it is printed, status 2.
# Status     0 all well, 1 something failed (said what, and where the log is),
#            2 packages are missing, 130 interrupted
set -u

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
build=$root/build/release
log=$root/build/demo.log
seconds=${DEMO_SECONDS:-5}
dir=
daemon=
load=

say() {
  printf '== %s\n' "$*"
}

# Say what failed, show the end of the log, go.
die() {
  printf 'demo: FAILED: %s\n' "$1" >&2
  if [ -s "$log" ]; then
    printf 'demo: the log is %s, its end:\n' "$log" >&2
    tail -n 15 "$log" >&2
  fi
  exit 1
}

cleanup() {
  for pid in $load $daemon; do
    kill -KILL "$pid" 2>/dev/null
  done
  if [ -n "$dir" ]; then
    rm -rf "$dir"
  fi
}

# Let the load show its summary, let the daemon drain, then go.
interrupted() {
  trap - INT TERM HUP
  for pid in $load $daemon; do
    kill -TERM "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  load=
  daemon=
  echo "demo: interrupted" >&2
  exit 130
}

build_release() {
  say "building build/release"
  # A build directory keeps the generator it was made with.
  generator=
  if [ ! -f "$build/CMakeCache.txt" ]; then
    generator="-G Ninja"
  fi
  # shellcheck disable=SC2086 # $generator is words
  (
    cd "$root" &&
      cmake --preset release $generator &&
      cmake --build --preset release --parallel "$(nproc)" \
        --target weir-echo weir-load
  ) >>"$log" 2>&1 || die "the build"
}

# Start the daemon; $tcp gets the URL with the port the system chose.
daemon_start() {
  say "starting weir-echo"
  : >"$dir/daemon"
  # A session of its own: a ^C here is for the load, not for the daemon.
  setsid "$build/examples/weir-echo" --listen tcp://127.0.0.1:0 \
    --listen "unix://$dir/echo" >"$dir/daemon" 2>>"$log" &
  daemon=$!
  waited=0
  until [ "$(grep -c '^listening ' "$dir/daemon")" -eq 2 ]; do
    waited=$((waited + 1))
    if [ $waited -gt 100 ] || ! kill -0 "$daemon" 2>/dev/null; then
      cat "$dir/daemon" >>"$log"
      die "weir-echo does not listen"
    fi
    sleep 0.1
  done
  cat "$dir/daemon"
  tcp=$(sed -n 's/^listening \(tcp:.*\)/\1/p' "$dir/daemon")
}

# SIGTERM, and the daemon's own word that nothing is left.
daemon_stop() {
  say "SIGTERM to weir-echo"
  (
    sleep 20
    kill -KILL "$daemon"
  ) >/dev/null 2>&1 &
  watchdog=$!
  kill -TERM "$daemon"
  wait "$daemon" 2>/dev/null
  status=$?
  kill "$watchdog"
  wait "$watchdog" 2>/dev/null
  daemon=
  grep -v '^listening ' "$dir/daemon"
  if [ $status -ne 0 ] ||
    ! grep -q '^drained, 0 operations left$' "$dir/daemon"; then
    cat "$dir/daemon" >>"$log"
    die "weir-echo did not drain (status $status)"
  fi
}

case $seconds in
'' | *[!0-9]* | ??????*)
  seconds=0
  ;;
esac
if [ "$seconds" -lt 1 ] || [ "$seconds" -gt 86400 ]; then
  echo "demo: DEMO_SECONDS=\"${DEMO_SECONDS:-}\" is not accepted:" \
    "a whole number from 1 to 86400" >&2
  exit 1
fi

if ! mkdir -p "$root/build" || ! : >"$log"; then
  echo "demo: FAILED: cannot write $log" >&2
  exit 1
fi
trap cleanup EXIT
trap interrupted INT TERM HUP

. "$root/scripts/deps.sh"
# shellcheck disable=SC2086 # the list is words
deps_need $WEIR_DEPS_BUILD
build_release
dir=$(mktemp -d "${TMPDIR:-/tmp}/weir-demo.XXXXXX") ||
  die "no directory for the UNIX socket"
daemon_start

say "64 connections, half TCP, half UNIX, $seconds s"
timeout --foreground --signal=KILL $((seconds + 60)) \
  "$build/examples/weir-load" --connect "$tcp" --connect "unix://$dir/echo" \
  --conns 64 --seconds "$seconds" 2>"$dir/load.err" &
load=$!
wait "$load"
status=$?
load=
if [ $status -ne 0 ]; then
  cat "$dir/load.err" >>"$log"
  die "weir-load (status $status)"
fi
daemon_stop
say "all well"
