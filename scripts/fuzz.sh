#!/bin/bash
#
# fuzz.sh - run the fuzz targets of test/fuzz.
#
#   scripts/fuzz.sh [SECONDS [TARGET...]]     default: 20, all targets
#
# FUZZ_DIR    where to build and work, default build/fuzz
# FUZZ_JOBS   targets at a time, default 2
# FUZZ_CMAKE  more options for cmake
# FUZZ_KEEP   1: add what reached new code to the corpus in the tree, minimised
#
# Each target begins with its corpus and leaves that as it is.  What was found
# lies in $FUZZ_DIR/found, with a line that replays it.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
root=$PWD
# shellcheck source=scripts/deps.sh
. scripts/deps.sh

seconds=${1:-20}
shift
dir=${FUZZ_DIR:-$root/build/fuzz}
jobs=${FUZZ_JOBS:-2}
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  targets=(api frame msg params sockaddr until url)
fi
case $seconds in
'' | *[!0-9]*)
  echo "fuzz.sh: no number of seconds: $seconds" >&2
  exit 2
  ;;
esac

# shellcheck disable=SC2086
deps_need $WEIR_DEPS_BUILD $WEIR_DEPS_TEST $WEIR_DEPS_SANITIZE

# shellcheck disable=SC2086
cmake --preset fuzz -B "$dir" -G Ninja ${FUZZ_CMAKE:-} >/dev/null || exit 1
if ! cmake --build "$dir" -j "$(nproc)" --target "${targets[@]/#/fuzz_}" \
  >"$dir/build.log" 2>&1; then
  tail -n 30 "$dir/build.log" >&2
  exit 1
fi

# Old sanitizer runtimes want their addresses where they always were.
launch=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
  launch=(setarch "$(uname -m)" -R)
fi
# Frames of the explorer's fibers must be on their own stacks; leaks are seen
# by the targets themselves.
export ASAN_OPTIONS=detect_stack_use_after_return=0:detect_leaks=0
export UBSAN_OPTIONS=print_stacktrace=1

# run NAME: fuzz it; one line, or the whole log when it has found something.
run() {
  local name=$1
  local corpus=$root/test/fuzz/corpus/$name
  local work=$dir/work/$name
  local options=(-max_total_time="$seconds" -timeout=25 -rss_limit_mb=4096
    -artifact_prefix="$dir/found/$name-" -print_final_stats=1)
  local status execs coverage

  [ -f "$root/test/fuzz/dict/$name.dict" ] &&
    options+=(-dict="$root/test/fuzz/dict/$name.dict")
  rm -rf "$work" && mkdir -p "$work" "$dir/found" || return 1
  "${launch[@]}" "$dir/test/fuzz/fuzz_$name" "${options[@]}" "$work" \
    "$corpus" >"$dir/$name.log" 2>&1
  status=$?
  execs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$name.log")
  coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$dir/$name.log" | tail -n 1)
  printf '%-9s %9s execs in %s s, %s places, %s new inputs: %s\n' "$name" \
    "${execs:-0}" "$seconds" "${coverage:-0}" \
    "$(find "$work" -type f | wc -l)" \
    "$([ $status -eq 0 ] && echo "nothing found" || echo "FOUND SOMETHING")"
  if [ $status -ne 0 ]; then
    tail -n 60 "$dir/$name.log"
    find "$dir/found" -name "$name-*" | while read -r input; do
      echo "  replay: ASAN_OPTIONS=$ASAN_OPTIONS ${launch[*]}" \
        "$dir/test/fuzz/fuzz_$name $input"
    done
    return 1
  fi
  if [ "${FUZZ_KEEP:-0}" = 1 ]; then
    "${launch[@]}" "$dir/test/fuzz/fuzz_$name" -merge=1 "$corpus" "$work" \
      >>"$dir/$name.log" 2>&1
  fi
}

rm -rf "$dir/found"
failed=0
pids=()
for name in "${targets[@]}"; do
  if [ ${#pids[@]} -ge "$jobs" ]; then
    wait "${pids[0]}" || failed=1
    pids=("${pids[@]:1}")
  fi
  run "$name" &
  pids+=($!)
done
for pid in "${pids[@]}"; do
  wait "$pid" || failed=1
done
exit "$failed"
