#!/bin/sh
# deps.sh - what weir needs on Debian 12, by package name.
#
# Sourced by the scripts beside it (POSIX sh).  deps_need installs what is
# missing when it may, says how when it may not, and does nothing, as anybody,
# when all is there.
# shellcheck disable=SC2034 # the lists are for those who source this

WEIR_DEPS_BUILD="gcc g++ libc6-dev cmake ninja-build pkg-config"
# The NNG packages are peers for test/msgstream, strace refuses calls for
# test/faults; ip(8) and taskset(1) make the loopback late
# (test/support/late_loopback.sh).
WEIR_DEPS_TEST="check nng-utils libnng-dev strace iproute2 util-linux"
WEIR_DEPS_PERF="libbenchmark-dev"
# Optional: a peer to compare with, a counter of instructions.  scripts/perf.sh
# leaves out what is missing; nobody installs them unasked.
WEIR_DEPS_PERF_MORE="libuv1-dev valgrind"
WEIR_DEPS_SANITIZE="clang-14 clang libclang-rt-14-dev"
# Models of the protocols, test/models.
WEIR_DEPS_MODELS="spin"
# Optional, for scripts by hand: coverage.sh; soak.sh uses stress-ng if it is there.
WEIR_DEPS_COVERAGE="gcovr"
WEIR_DEPS_SOAK="stress-ng"
WEIR_DEPS_LINT="clang-format clang-tidy shellcheck"

# deps_have PACKAGE: is what we want of it here, wherever it came from?
deps_have() {
  case $1 in
  ninja-build) command -v ninja >/dev/null ;;
  check) pkg-config --exists check 2>/dev/null ;;
  gcc | g++ | cmake | pkg-config | clang | clang-*[0-9] | clang-format | \
    clang-tidy | shellcheck | spin) command -v "$1" >/dev/null ;;
  *)
    dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null |
      grep -q '^installed$'
    ;;
  esac
}

# deps_need PACKAGE...
deps_need() {
  deps_missing=
  for deps_package; do
    deps_have "$deps_package" || deps_missing="$deps_missing $deps_package"
  done
  [ -n "$deps_missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing.  As root:" >&2
    echo "  apt-get install --no-install-recommends$deps_missing" >&2
    exit 2
  fi
  echo "installing:$deps_missing"
  # The words are package names.
  # shellcheck disable=SC2086
  {
    apt-get update -q &&
      DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
        --no-install-recommends $deps_missing
  } || {
    echo "could not install:$deps_missing" >&2
    exit 2
  }
}
