#!/bin/sh
#
# inject - the example programs, while the system refuses their calls.
#
# Purpose    strace(1) makes calls of the real programs fail: what is to be
#            invisible is (EINTR, lack of descriptors in accept), what stops a
#            start stops it with a message and a status, never with a crash or
#            a hang.
# Usage      inject.sh WEIR-ECHO WEIR-LOAD
# Bounds     under a minute; skips (exit 77) where strace may not trace.
set -u

echo_program=$1
load_program=$2
dir=$(mktemp -d "${TMPDIR:-/tmp}/weir-inject.XXXXXX") || exit 1
daemon=
failed=0
cases=0

cleanup() {
  if [ -n "$daemon" ]; then
    kill -KILL "$daemon" 2>/dev/null
  fi
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

if ! strace -f --seccomp-bpf -D -o /dev/null -e inject=chdir:error=EPERM \
  true 2>/dev/null; then
  echo "strace cannot trace here: skipped"
  exit 77
fi

fail() {
  echo "FAILED: $*"
  failed=$((failed + 1))
}

# start RULE...: the daemon, under these rules.  0: it listens, $tcp has where;
# 1: it has ended, with $status.
start() {
  : >"$dir/out"
  : >"$dir/trace"
  rules=
  for rule; do
    rules="$rules -e inject=$rule"
  done
  # -D: strace is the child, so that $! is the daemon.
  # shellcheck disable=SC2086 # words
  strace -D -f --seccomp-bpf -o "$dir/trace" $rules \
    "$echo_program" --listen tcp://127.0.0.1:0 >"$dir/out" 2>"$dir/err" &
  daemon=$!
  waited=0
  until grep -q '^listening ' "$dir/out"; do
    waited=$((waited + 1))
    if ! kill -0 $daemon 2>/dev/null; then
      wait $daemon
      status=$?
      daemon=
      return 1
    fi
    if [ $waited -gt 1000 ]; then
      fail "$*: it neither listens nor ends"
      kill -KILL $daemon
      daemon=
      status=137
      return 1
    fi
    sleep 0.02
  done
  tcp=$(sed -n 's/^listening \(tcp:.*\)/\1/p' "$dir/out")
  return 0
}

# End the daemon; it must drain.
stop() {
  (
    sleep 20
    kill -KILL $daemon
  ) >/dev/null 2>&1 &
  watchdog=$!
  kill -TERM $daemon
  wait $daemon
  status=$?
  kill $watchdog
  wait $watchdog 2>/dev/null
  daemon=
  if [ $status -ne 0 ] ||
    ! grep -q '^drained, 0 operations left$' "$dir/out"; then
    fail "$1: the daemon ended with $status"
    cat "$dir/out" "$dir/err"
  fi
}

# load NAME RULE...: one second of echoes, all of them right.
load() {
  name=$1
  shift
  under=
  for rule; do
    under="$under -e inject=$rule"
  done
  if [ -n "$under" ]; then
    under="strace -f --seccomp-bpf -o $dir/load-trace $under"
  fi
  # shellcheck disable=SC2086
  if ! timeout --signal=KILL 60 $under "$load_program" --connect "$tcp" \
    --seconds 1 --conns 8 --disturb 0 >"$dir/load" 2>&1; then
    fail "$name: weir-load"
    cat "$dir/load"
  fi
}

injected() {
  grep -q 'INJECTED' "$dir/trace" || fail "$*: nothing was injected"
}

# works RULE...: nothing of it is seen.
works() {
  cases=$((cases + 1))
  if start "$@"; then
    load "$*"
    stop "$*"
    injected "$*"
  else
    fail "$*: it does not start ($status)"
    cat "$dir/err"
  fi
}

# ends RULE...: it starts and drains, or says why not; it does not crash.
ends() {
  cases=$((cases + 1))
  if start "$@"; then
    stop "$*"
  elif [ "$status" -eq 0 ] || [ "$status" -ge 126 ] || ! [ -s "$dir/err" ]; then
    fail "$*: status $status"
    cat "$dir/err"
  fi
  injected "$*"
}

# Every second call is interrupted.
works '/^epoll_p?wait:error=EINTR:when=2+2' \
  '/^(recvfrom|sendto|recvmsg|sendmsg):error=EINTR:when=2+2' \
  '/^accept:error=EINTR:when=2+2'
# No descriptor for a connection, one that has gone, no memory: the listener
# pauses, and goes on.
works 'accept4:error=EMFILE:when=2+3'
works 'accept4:error=ECONNABORTED:when=1+2'
works 'accept4:error=ENOMEM:when=3+4'

# Both at the client's end.
cases=$((cases + 1))
if start 'chdir:error=EPERM'; then
  load "interrupted client" '/^epoll_p?wait:error=EINTR:when=2+2' \
    '/^(recvfrom|sendto|recvmsg|sendmsg):error=EINTR:when=2+2' \
    'connect:error=EINTR:when=1+2'
  stop "interrupted client"
else
  fail "a plain start: $status"
fi

# What a start needs.
ends 'epoll_create1:error=ENOSYS'
ends 'epoll_create1:error=EMFILE:when=1'
ends 'epoll_ctl:error=ENOSPC:when=1'
ends 'eventfd2:error=ENOSYS'
ends 'eventfd2:error=EMFILE:when=2'
ends 'timerfd_create:error=ENOSYS'
ends 'socket:error=EMFILE'
ends 'bind:error=EADDRINUSE'
ends 'listen:error=EADDRINUSE'
for n in 1 2 3; do
  ends "clone3:error=EAGAIN:when=$n"
done

echo "$((cases)) cases, $failed failed"
[ "$failed" -eq 0 ]
