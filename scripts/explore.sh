#!/bin/sh
# explore.sh - the schedule explorer for long: other seeds than those of CI.
#
#   scripts/explore.sh [SECONDS | --schedules N] [--seed S] [--build DIR]
#                      [--only REGEX]
#
# Runs every program of test/explorer in DIR (build/dev) that has no planted
# bug, SECONDS (60) for all its bodies together or N schedules for each, plain
# and then with store buffers, two programs at a time, niced.  The seed comes
# from the clock, so that no two runs are alike; it is printed.  One line for
# each body and mode; what failed is printed in full, with the line that
# replays it, and the script ends with 1.
set -eu

seconds=60
schedules=
seed=$(date +%s)000000
dir=build/dev
only=.

while [ $# -gt 0 ]; do
  case $1 in
  --schedules | --seed | --build | --only)
    [ $# -ge 2 ] || { echo "$0: $1 wants a value" >&2 && exit 2; }
    case $1 in
    --schedules) schedules=$2 ;;
    --seed) seed=$2 ;;
    --build) dir=$2 ;;
    *) only=$2 ;;
    esac
    shift 2
    ;;
  [0-9]*) seconds=$1 && shift ;;
  *) sed -n '2,14s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
  esac
done

# Plants are those that ctest runs with --expect-fail; x_detect is one in all.
programs=$(ctest --test-dir "$dir" -R '^explorer/' -N -V |
  sed -n '/expect-fail/d; s/^.*Test command: //p' |
  grep -o '/[^" ]*/x_[a-z0-9_]*' | grep -v '/x_detect$' |
  grep -E "$only" | sort -u)
[ -n "$programs" ] || { echo "$0: no programs in $dir" >&2 && exit 2; }

if [ -n "$schedules" ]; then
  set -- --schedules "$schedules"
else
  set -- --schedules 1 --seconds "$seconds"
fi

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
echo "seed $seed, $*"
# shellcheck disable=SC2016 # the inner shell expands
for mode in plain sb; do
  for program in $programs; do
    echo "$program --$mode --seed $seed $*"
  done
done | xargs -P 2 -I CMD sh -c '
  set -- CMD
  name=${1##*/}
  log=$0/$name$2
  nice "$@" >"$log" 2>&1 || true
  grep -E "^ok  " "$log" | sed "s|^ok  *|$name $2 |" || true
  if grep -q "^FAIL" "$log" || ! grep -q " 0 failed" "$log"; then
    if ! grep -q "no such test or mode" "$log"; then
      echo "FAILED $*"
      cat "$log"
      : >"$0/failed"
    fi
  fi' "$logs"
[ ! -e "$logs/failed" ]
