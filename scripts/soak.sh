#!/bin/bash
#
# soak.sh - the stress programs for a long time, with load beside them.
#
#   scripts/soak.sh [SECONDS]     default: 3600
#
# SOAK_DIR    where to build, default build/soak; a folder for each build in it
# SOAK_BUILDS which presets take turns, default "release tsan asan"
# SOAK_TESTS  which programs, default all: room/stress_name
# SOAK_TURN   seconds of one program in one build, default 60
# SOAK_CMAKE  more options for cmake
#
# In a turn a program goes round after round, with a fresh seed each; it fails
# when a promise is broken, or when it grows (test/support/run.h).  Stops at the
# first failure, with a line that plays it again.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
root=$PWD
# shellcheck source=scripts/deps.sh
. scripts/deps.sh

seconds=${1:-3600}
dir=${SOAK_DIR:-$root/build/soak}
turn=${SOAK_TURN:-60}
read -r -a builds <<<"${SOAK_BUILDS:-release tsan asan}"
read -r -a tests <<<"${SOAK_TESTS:-stress/stress_aio stress/stress_services \
  msgstream/stress_msgstream poller/stress_poller udp/stress_udp}"
case $seconds in
'' | *[!0-9]*)
  echo "soak.sh: no number of seconds: $seconds" >&2
  exit 2
  ;;
esac

# shellcheck disable=SC2086
deps_need $WEIR_DEPS_BUILD $WEIR_DEPS_TEST $WEIR_DEPS_SANITIZE

# Old sanitizer runtimes want their addresses where they always were.
launch=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
  launch=(setarch "$(uname -m)" -R)
fi
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:history_size=7
export ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1

for build in "${builds[@]}"; do
  echo "building $build"
  # shellcheck disable=SC2086
  cmake --preset "$build" -B "$dir/$build" -G Ninja -D WEIR_BUILD_PERF=OFF \
    -D WEIR_BUILD_EXAMPLES=OFF ${SOAK_CMAKE:-} >/dev/null || exit 1
  if ! cmake --build "$dir/$build" -j "$(nproc)" \
    --target "${tests[@]#*/}" >"$dir/build.log" 2>&1; then
    tail -n 30 "$dir/build.log" >&2
    exit 1
  fi
done

# Load beside: threads that compute, and threads that make the system switch.
load=()
load_begin() {
  if command -v stress-ng >/dev/null; then
    nice stress-ng --quiet --cpu 2 --switch 2 --timeout "$((turn * 2))" &
    load=($!)
  else
    for _ in 1 2; do
      timeout "$((turn * 2))" nice sh -c 'while :; do :; done' &
      load+=($!)
    done
  fi
}
load_end() {
  if [ ${#load[@]} -gt 0 ]; then
    kill "${load[@]}" 2>/dev/null
    wait "${load[@]}" 2>/dev/null
  fi
  load=()
}
trap load_end EXIT

# run_turn BUILD TEST SEED: the program for a turn.
run_turn() {
  local program=$dir/$1/test/$2
  local log=$dir/turn.log
  local status

  load_begin
  # What hangs is as wrong as what fails.
  timeout "$((turn + 300))" "${launch[@]}" "$program" \
    --seconds "$turn" --seed "$3" >"$log" 2>&1
  status=$?
  load_end
  printf '%-8s %-26s seed %s: %s rounds; last: %s\n' "$1" "$2" "$3" \
    "$(grep -c '^round .* descriptors' "$log")" \
    "$(grep '^round .* descriptors' "$log" | tail -n 1 | cut -d: -f2)"
  [ $status -eq 0 ] && return 0
  tail -n 40 "$log"
  echo "FAILED with status $status; replay with load beside:"
  echo "  ${launch[*]} $program --seconds $turn --seed" \
    "$(sed -n 's/.*replay: --seed //p' "$log" | tail -n 1 | grep . ||
      echo "$3 (and on from there)")"
  return 1
}

begin=$SECONDS
turns=0
while [ $((SECONDS - begin)) -lt "$seconds" ]; do
  for test in "${tests[@]}"; do
    for build in "${builds[@]}"; do
      [ $((SECONDS - begin)) -lt "$seconds" ] || break 2
      run_turn "$build" "$test" "$(date +%s%N)" || exit 1
      turns=$((turns + 1))
    done
  done
done
echo "$turns turns in $((SECONDS - begin)) s, nothing found"
