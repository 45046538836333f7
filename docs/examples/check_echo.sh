#!/bin/sh
#
# check_echo - weir-echo and weir-load against each other.
#
# Purpose    the test of the examples: every byte comes back over TCP and UNIX,
#            limits and timeouts hold, wrong arguments are refused, the daemon
#            drains and leaves nothing.
# Usage      check_echo.sh WEIR-ECHO WEIR-LOAD
# Bounds     under a minute; whatever is started is ended.
set -u

echo_program=$1
load_program=$2
dir=$(mktemp -d "${TMPDIR:-/tmp}/weir-check.XXXXXX") || exit 1
daemon=
failed=0

# Sanitizers of old compilers want their addresses where they always were.
arch=
if setarch "$(uname -m)" -R true 2>/dev/null; then
  arch="setarch $(uname -m) -R"
fi

cleanup() {
  if [ -n "$daemon" ]; then
    kill -KILL "$daemon" 2>/dev/null
  fi
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() {
  echo "FAILED: $*"
  failed=$((failed + 1))
}

# Start the daemon and wait for its listeners; $tcp gets the URL with the port.
start() {
  : >"$dir/out" # not the last daemon's lines
  # shellcheck disable=SC2086 # $arch is words
  $arch "$echo_program" --listen tcp://127.0.0.1:0 \
    --listen "unix://$dir/echo" "$@" \
    >"$dir/out" 2>"$dir/err" 3>"$dir/stats" &
  daemon=$!
  waited=0
  until [ "$(grep -c '^listening ' "$dir/out")" = 2 ]; do
    waited=$((waited + 1))
    if [ $waited -gt 200 ] || ! kill -0 $daemon 2>/dev/null; then
      fail "weir-echo $* does not listen"
      cat "$dir/out" "$dir/err"
      exit 1
    fi
    sleep 0.05
  done
  tcp=$(sed -n 's/^listening \(tcp:.*\)/\1/p' "$dir/out")
}

# End the daemon with a signal; it must drain.
stop() {
  (
    sleep 20
    kill -KILL $daemon
  ) >/dev/null 2>&1 &
  watchdog=$!
  kill -"$1" $daemon
  wait $daemon
  status=$?
  kill $watchdog
  wait $watchdog 2>/dev/null
  daemon=
  if [ $status -ne 0 ] ||
    ! grep -q '^drained, 0 operations left$' "$dir/out"; then
    fail "weir-echo after SIG$1: status $status"
    cat "$dir/out" "$dir/err"
  fi
  if [ -e "$dir/echo" ]; then
    fail "weir-echo left its socket file"
  fi
}

load() {
  # shellcheck disable=SC2086
  if ! timeout --signal=KILL 60 $arch "$load_program" "$@" \
    >"$dir/load" 2>&1; then
    fail "weir-load $*"
    cat "$dir/load"
  fi
}

refused() {
  program=$1
  shift
  if "$program" "$@" >"$dir/refused" 2>&1; then
    fail "$program $* was accepted"
  elif [ "$(wc -l <"$dir/refused")" != 1 ]; then
    fail "$program $*: one line expected"
    cat "$dir/refused"
  fi
}

refused "$echo_program" --idle-ms 0
refused "$echo_program" --idle-ms 12x
refused "$echo_program" --max-conns -1
refused "$echo_program" --nonsense 1
refused "$echo_program" --listen
refused "$echo_program" --listen nonsense://x
refused "$echo_program" --stats-fd 999
refused "$load_program" --size 65537
refused "$load_program" --seconds 99999999999999999999
for program in "$echo_program" "$load_program"; do
  "$program" --help | grep -q '^usage: ' || fail "$program --help"
done

# The main job, small and large messages, every connection disturbing.
start --stats-fd 3
load --connect "$tcp" --connect "unix://$dir/echo" --seconds 2
load --connect "$tcp" --connect "unix://$dir/echo" --seconds 1 --conns 8 \
  --size 65536 --disturb 1
stop TERM
grep -q 'connections=64 .*cpu_us_per_message=' "$dir/stats" ||
  fail "no figures on --stats-fd"

# More clients than the limit: four are served; of the others one waits in the
# daemon's hand, one in the system's queue, and both miss their first echo.
start --max-conns 4
load --connect "$tcp" --connect "unix://$dir/echo" --seconds 1 --conns 4
# shellcheck disable=SC2086
timeout --signal=KILL 60 $arch "$load_program" --connect "$tcp" \
  --seconds 4 --conns 6 --timeout-ms 2000 >"$dir/load" 2>&1 &&
  fail "the limit did not hold"
grep -q '^FAILED: 2 of 6 connections ended by an error' "$dir/load" || {
  fail "the limit let other than four in"
  cat "$dir/load"
}
stop INT

# Clients that fall silent are ended.
start --idle-ms 300
# shellcheck disable=SC2086
$arch "$load_program" --connect "$tcp" --seconds 5 --conns 5 \
  >"$dir/load" 2>&1 &
loader=$!
sleep 1
kill -STOP $loader
sleep 2
kill -CONT $loader
wait $loader && fail "weir-load did not notice that it was cut off"
stop TERM
grep -q '; 5 timeouts, 0 failed' "$dir/out" || {
  fail "silent clients were not ended by the idle timeout"
  cat "$dir/out"
}

# Drain under load: the clients see the end, the daemon leaves nothing.
start
# shellcheck disable=SC2086
timeout --signal=KILL 60 $arch "$load_program" --connect "$tcp" \
  --connect "unix://$dir/echo" --seconds 5 >/dev/null 2>&1 &
loader=$!
sleep 1
stop TERM
wait $loader

if [ $failed -ne 0 ]; then
  exit 1
fi
echo "all well"
