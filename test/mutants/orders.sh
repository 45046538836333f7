#!/bin/bash
#
# orders.sh - weaken each memory order of a source, one at a time, and see which
# program of the suite finds it.
#
#   test/mutants/orders.sh BUILD_DIR [--list] [lib/FILE...]
#
# Default: all sources of the kernel.  --list: what would be weakened.  In a
# build directory with ThreadSanitizer the programs judge orders that the others
# cannot see (MUTANTS_LAUNCHER="setarch x86_64 -R").  For people: it takes long,
# and its survivors are read with docs/design/weak-memory.md.
#
# MUTANTS_DIR, MUTANTS_JOBS: as in run.sh.  The last line is "N found, N not".
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=test/mutants/common.sh
. "$here/common.sh"

if ! [ -d "${1:-}" ]; then
  sed -n '3,14s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
shift
work=${MUTANTS_DIR:-$build/mutants}
jobs=${MUTANTS_JOBS:-$(nproc)}
only_list=
files=()
for word; do
  case $word in
  --list) only_list=y ;;
  *) files+=("${word#lib/}") ;;
  esac
done
cd "$root/lib" || exit 2
[ ${#files[@]} -gt 0 ] || files=(base/mpsc.h base/life.c taskq/*.c timer/*.c
  poller/*.c aio/*.c)

# weaken FILE NUMBER LINE CALL FROM TO
weaken() {
  local file=$1 number=$2
  local dir=$work/${1//\//_}.$2
  # shellcheck disable=SC2034 # judge has them
  local extra=() found='' program count verdict='not found'

  rm -rf "$dir" && mkdir -p "$dir/lib/$(dirname "$file")"
  awk -v pick="$number" -f "$here/orders.awk" "$file" >"$dir/lib/$file"
  for program in $(suite_of "$file"); do
    mutant_link "$program" "$file" || continue
    count=1
    case $program in
    x_*) count=$(suite_schedules "$program") ;;
    esac
    if judge "$program" - "$count"; then
      verdict="$program: $found"
      break
    fi
  done
  rm -rf "$dir"
  printf '%s:%s %s %s -> %s: %s\n' "$file" "$3" "$4" "${5#WRI_}" "${6#WRI_}" \
    "$verdict" | tee -a "$work/orders"
}

mkdir -p "$work"
: >"$work/orders"
[ -n "$only_list" ] || mutants_begin || exit 2
for file in ${files[@]+"${files[@]}"}; do
  while read -r -a order; do
    if [ -n "$only_list" ]; then
      echo "$file: ${order[*]}"
      continue
    fi
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
      wait -n
    done
    weaken "$file" "${order[@]}" &
  done < <(awk -f "$here/orders.awk" "$file")
done
wait
[ -n "$only_list" ] && exit 0
not=$(grep -c ': not found$' "$work/orders")
echo "$(($(wc -l <"$work/orders") - not)) found, $not not"
