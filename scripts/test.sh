#!/bin/sh
# test.sh - install what is missing, build, run all tests.
#
#   scripts/test.sh [PRESET]      dev (default), release, tsan or asan
#
# WEIR_BUILD_DIR   where to build, default build/PRESET
# WEIR_TEST_LABELS only tests with a label that matches (ctest -L)
#
# The last line is "N passed, N failed".  Exit: 0 all passed, 1 something
# failed, 2 packages are missing (and could not be installed), or wrong use.
set -eu

cd "$(dirname "$0")/.."
. scripts/deps.sh

# What ends us early, a compiler for example, counts as one failure.
summary=
end() {
  status=$?
  if [ -z "$summary" ] && [ "$status" -ne 2 ]; then
    echo "0 passed, 1 failed"
  fi
}
trap end EXIT

preset=${1:-dev}
dir=${WEIR_BUILD_DIR:-build/$preset}

case $preset in
dev | release)
  # shellcheck disable=SC2086
  deps_need $WEIR_DEPS_BUILD $WEIR_DEPS_TEST
  ;;
tsan | asan)
  # shellcheck disable=SC2086
  deps_need $WEIR_DEPS_BUILD $WEIR_DEPS_TEST $WEIR_DEPS_SANITIZE
  ;;
*)
  echo "usage: $0 [dev|release|tsan|asan]" >&2
  exit 2
  ;;
esac

# A build directory keeps the generator it was made with.
generator=
if [ ! -f "$dir/CMakeCache.txt" ]; then
  generator="-G Ninja"
fi
# shellcheck disable=SC2086
cmake --preset "$preset" -B "$dir" $generator -D WEIR_BUILD_TESTS=ON \
  -D WEIR_BUILD_PERF=OFF
cmake --build "$dir" -j "$(nproc)"

log=$dir/test.log
{
  ctest --test-dir "$dir" -j "$(nproc)" --output-on-failure \
    --no-tests=error ${WEIR_TEST_LABELS:+-L "$WEIR_TEST_LABELS"} || true
} 2>&1 | tee "$log"

# "99% tests passed, 1 tests failed out of 80"
line=$(grep -E '^[0-9]+% tests passed, ' "$log")
failed=$(echo "$line" | sed 's/.*passed, \([0-9]*\) tests failed.*/\1/')
total=$(echo "$line" | sed 's/.* out of \([0-9]*\)$/\1/')
summary="$((total - failed)) passed, $failed failed"
echo "$summary"
[ "$failed" -eq 0 ]
