#!/bin/bash
#
# coverage.sh - which branches of the kernel no test takes.
#
#   scripts/coverage.sh            build, run, report, compare
#   scripts/coverage.sh --report   what lies in COVERAGE_DIR from the last time
#
# COVERAGE_DIR    where to build, default build/coverage
# COVERAGE_CMAKE  more options for cmake
#
# The kernel is lib/base, taskq, timer, poller, aio, and lib/weir.c, params.c
# and cpus.c; the tests are those of these rooms and the explorer's.  What they
# miss must stand in test/coverage/gaps.txt with its reason, else this fails.
# Assertions are left out, by pattern.
#
# Takes some minutes, and is run by hand.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
root=$PWD
# shellcheck source=scripts/deps.sh
. scripts/deps.sh

dir=${COVERAGE_DIR:-$root/build/coverage}

# shellcheck disable=SC2086
deps_need $WEIR_DEPS_BUILD $WEIR_DEPS_TEST $WEIR_DEPS_COVERAGE

# For slow machines: these programs are not optimised.
export CK_DEFAULT_TIMEOUT=300

build() {
  local units worlds

  # shellcheck disable=SC2086
  cmake --preset dev -B "$dir" -G Ninja -D WEIR_BUILD_PERF=OFF \
    -D WEIR_BUILD_EXAMPLES=OFF -D WEIR_WERROR=OFF \
    -D CMAKE_C_COMPILER=gcc -D CMAKE_C_FLAGS="--coverage -fprofile-update=atomic -O0" \
    ${COVERAGE_CMAKE:-} >/dev/null || return 1
  # Of the explorer's programs those that are not a planted bug.
  units=$(ninja -C "$dir" -t targets all | sed -n -E \
    's,^(test/(base|taskq|timer|poller|aio|weir|sleep)/(test|poller)_[a-z_]*): C_EXEC.*,\1,p')
  worlds=$(printf 'test/explorer/x_%s ' mpsc lane aio aio_end aio_time aio_fini \
    aio_list aio_ring aio_task wait sleep chan timer life fdio fdio_end \
    aio_pool aio_end_pool aio_fini_pool aio_list_pool aio_task_pool wait_pool \
    sleep_pool fdio_pool fdio_end_pool pool pool_poll pool_wait pool_stop \
    watch role strand)
  # shellcheck disable=SC2086
  cmake --build "$dir" -j "$(nproc)" --target $units $worlds \
    >"$dir/build.log" 2>&1 || {
    tail -n 30 "$dir/build.log" >&2
    return 1
  }
  find "$dir" -name '*.gcda' -delete
  ran=0
  for program in $units; do
    "$dir/$program" >"$dir/run.log" 2>&1 || {
      tail -n 30 "$dir/run.log" >&2
      echo "failed: $program" >&2
      return 1
    }
    ran=$((ran + 1))
  done
  for program in $worlds; do
    "$dir/$program" --schedules 2000 >"$dir/run.log" 2>&1 ||
      grep -q 'was never said' "$dir/run.log" || {
      tail -n 30 "$dir/run.log" >&2
      echo "failed: $program" >&2
      return 1
    }
    ran=$((ran + 1))
  done
  echo "$ran programs were run"
}

if [ "${1:-}" != --report ]; then
  build || exit 1
fi

gcovr --root "$root" --gcov-ignore-parse-errors \
  --filter 'lib/(base|taskq|timer|poller|aio)/' \
  --filter 'lib/(weir|params|cpus)[.]c' \
  --exclude-unreachable-branches --exclude-throw-branches \
  --exclude-lines-by-pattern '.*WRI_D?ASSERT[(].*' \
  --exclude-branches-by-pattern '.*(WRI_D?ASSERT[(]|wri_unreachable).*' \
  --json "$dir/coverage.json" --txt "$dir/coverage.txt" --branches \
  "$dir" >"$dir/gcovr.log" 2>&1 || {
  tail "$dir/gcovr.log" >&2
  exit 1
}
python3 test/coverage/gaps.py "$dir/coverage.json" test/coverage/gaps.txt
