#!/bin/bash
#
# run.sh - let spin check the models beside it, and find the bugs planted there.
#
#   test/models/run.sh [DIR]      scratch, default: a new one, removed at the end
#
# Without spin (Debian package of that name) it says so and passes.  The last
# line is "N passed, N failed".
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
jobs=$(nproc)

if ! command -v spin >/dev/null; then
  echo "no spin here: skipped"
  exit 0
fi
if [ $# -gt 0 ]; then
  dir=$1
  rm -rf "$dir" && mkdir -p "$dir" || exit 1
else
  dir=$(mktemp -d) || exit 1
  trap 'rm -rf "$dir"' EXIT
fi

# check WANT NAME FILE WAY [DEFINE...]: WANT is clean or found; WAY is safety
# (asserts, invalid ends) or a claim of the file.
check() {
  local want=$1 name=$2 file=$3 way=$4
  local work=$dir/$2 got=failed begin=$SECONDS
  local cc=(-DSAFETY) run=()

  shift 4
  mkdir -p "$work"
  if [ "$way" != safety ]; then
    cc=(-DNFAIR=3)
    run=(-a -f -N "$way")
  fi
  if (
    cd "$work" &&
      spin "$@" -a "$here/$file" >spin.log 2>&1 &&
      gcc -O1 -w -DVECTORSZ=1024 "${cc[@]}" -o pan pan.c &&
      timeout 300 ./pan -m1000000 "${run[@]}" >pan.log 2>&1
  ); then
    grep -q 'errors: 0' "$work/pan.log" && got=clean
    grep -q 'errors: [1-9]' "$work/pan.log" && got=found
    # What was cut short proves nothing.
    grep -qE 'max search depth too small|out of memory' "$work/pan.log" &&
      got=failed
  fi
  [ "$got" = "$want" ] && : >"$work/passed"
  printf '%-32s %s, %s states, %d s\n' "$name" "$got" \
    "$(awk '/states, stored/ { print $1 }' "$work/pan.log" 2>/dev/null)" \
    "$((SECONDS - begin))"
}

# The same, beside others.
model() {
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
    wait -n
  done
  models=$((models + 1))
  check "$@" &
}

# plants FILE: each of its bugs, found by the safety model.
plants() {
  local plant

  while read -r plant; do
    model found "${1%.pml}-$plant" "$1" safety -DMODEL_SAFETY "-DPLANT_$plant"
  done < <(sed -n '/^#/s/.*PLANT_\([A-Z_]*\).*/\1/p' "$here/$1" | sort -u)
}

models=0
model clean parking parking.pml safety -DMODEL_SAFETY
model clean parking-liveness parking.pml taken_all -DMODEL_LIVENESS
plants parking.pml
model clean aio aio.pml safety -DMODEL_SAFETY
model clean aio-liveness aio.pml stop_returns -DMODEL_LIVENESS
plants aio.pml
wait
passed=$(find "$dir" -name passed | wc -l)
echo "$passed passed, $((models - passed)) failed"
[ "$passed" -eq "$models" ]
