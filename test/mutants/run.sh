#!/bin/bash
#
# run.sh - plant the bugs of list.txt, one after the other, and see them caught.
#
#   test/mutants/run.sh BUILD_DIR [ID... | --promise P... | --file F... | --ci]
#
# BUILD_DIR is a build directory made by Ninja; what is missing in it is built.
# Default: all rows.  --ci: those marked so, at least one for each promise.
# --table: print the rows as README.md has them.  --list: name them only.
#
# MUTANTS_DIR       scratch, default BUILD_DIR/mutants
# MUTANTS_JOBS      at a time, default nproc
# MUTANTS_NO_BASELINE  set: the programs are known to pass without a bug
# MUTANTS_LAUNCHER  words before each program, for example setarch x86_64 -R
#
# A bug that survives, cannot be planted or does not compile is a failure.  The
# last line is "N caught, N failed".
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=test/mutants/common.sh
. "$here/common.sh"

usage() {
  sed -n '3,18s/^# \{0,1\}//p' "$here/run.sh" >&2
  exit 2
}

# One line for each row of list.txt:
#   id promises ci list name file program case count
# name "-" is a plant of the explorer's own, which is a program.
rows() {
  awk '
    FNR == 1 { list = FILENAME; sub(/.*\//, "", list) }
    list != "list.txt" {
      if ($1 == "==") known[list ":" $2] = $3 " " $4 " " $5
      next
    }
    $1 == "==" || $1 == "=>" {
      id = $2
      ci = id ~ /^\*/
      sub(/^\*/, "", id)
    }
    $1 == "==" {
      count = $7 == "" ? "-" : $7
      print id, $3, ci, list, id, $4, $5, $6, count
    }
    $1 == "=>" && id ~ /^plant:/ {
      program = id
      sub(/^plant:/, "", program)
      print program, $3, ci, "-", "-", $4, program, "-", "-"
    }
    $1 == "=>" && id !~ /^plant:/ {
      split(id, part, ":")
      key = part[1] ".txt:" part[2]
      if (!(key in known)) {
        print key ": no such row" >"/dev/stderr"
        exit 1
      }
      print part[2], $3, ci, part[1] ".txt", part[2], known[key], "200000"
    }' "$root/test/explorer/x_aio_mutants.txt" \
    "$root/test/explorer/x_fdio_mutants.txt" "$here/list.txt"
}

list_path() {
  case $1 in
  list.txt) echo "$here/$1" ;;
  *) echo "$root/test/explorer/$1" ;;
  esac
}

# A plant of the explorer's own is built by the build itself.
judge_plant() {
  local args=() extra=() word

  while read -r word; do
    [ "$word" = --expect-fail ] || args+=("$word")
  done < <(
    grep -m1 -F "[explorer/$program]" \
      "$build/test/explorer/CTestTestfile.cmake" |
      grep -o '"[^"]*"' | tr -d '"' | sed "1,/\/$program\$/d"
  )
  ln -sf "$build/test/explorer/$program" "$dir/$program"
  case=-
  count=200000
  set -- "${args[@]}"
  while [ $# -gt 0 ]; do
    case $1 in
    --test) case=$2 ;;
    --schedules) count=$2 ;;
    --sb) extra=(--sb) ;;
    esac
    shift
  done
  judge "$program" "$case" "$count"
}

# one ROW...: writes its line into $work/results.
one() {
  local id=$1 promises=$2 list=$4 name=$5 file=$6 program=$7 case=$8 count=$9
  local dir=$work/$id
  local extra=()
  local begin=$EPOCHREALTIME verdict='' seconds found=

  rm -rf "$dir" && mkdir -p "$dir/lib/$(dirname "$file")"
  if [ "$list" = - ]; then
    judge_plant
    verdict=$?
  else
    if ! awk -v name="$name" -f "$here/plant.awk" "$(list_path "$list")" \
      "$root/lib/$file" >"$dir/lib/$file" 2>"$dir/plant.log"; then
      found="cannot be planted: $(head -n 1 "$dir/plant.log")"
    elif ! mutant_link "$program" "$file"; then
      found="does not build: $(grep -m1 -E 'error|not ' "$dir/compile.log")"
    else
      if [ "$count" = - ]; then
        case $program in
        x_*) count=$(suite_schedules "$program") ;;
        *) count=1 ;;
        esac
      fi
      judge "$program" "$case" "$count"
      verdict=$?
    fi
  fi
  seconds=$(awk -v a="$begin" -v b="$EPOCHREALTIME" \
    'BEGIN { printf "%.1f", b - a }')
  case $verdict in
  0) verdict=caught ;;
  1) verdict=SURVIVED ;;
  *) verdict=FAILED ;;
  esac
  # What explains a failure stays.
  [ "$verdict" = caught ] && rm -rf "$dir"
  printf '%s|%s|%s|%s|%s|%s|%s\n' "$verdict" "$id" "$promises" "$file" \
    "$program" "$found" "$seconds" >"$work/results/$id"
  if [ -n "$table" ]; then
    printf '| %s | %s | %s | %s | %s |\n' "$id" "${promises//,/ }" "$file" \
      "$program" "$found"
  else
    printf '%-8s %-24s %-8s %-20s %s, %s s\n' "$verdict" "$id" "$promises" \
      "$program" "$found" "$seconds"
  fi
}

[ -d "${1:-}" ] || usage
build=$(cd "$1" && pwd)
shift
work=${MUTANTS_DIR:-$build/mutants}
jobs=${MUTANTS_JOBS:-$(nproc)}
mode=id
wanted=()
table=
only_list=
for word; do
  case $word in
  --ci) mode=ci ;;
  --promise) mode=promise ;;
  --file) mode='file' ;;
  --table) table=y ;;
  --list) only_list=y ;;
  -*) usage ;;
  *) wanted+=("$word") ;;
  esac
done

rm -rf "$work" && mkdir -p "$work/results"
rows >"$work/all" || exit 2
awk -v mode="$mode" -v wanted="${wanted[*]}" '
  BEGIN { all = split(wanted, w, " ") == 0; for (i in w) want[w[i]] }
  mode == "ci" { if ($3) print; next }
  mode == "id" { if (all || $1 in want) print; next }
  mode == "file" { if ($6 in want) print; next }
  {
    n = split($2, p, ",")
    for (i = 1; i <= n; i++) if (p[i] in want) { print; next }
  }' "$work/all" >"$work/rows"
if ! [ -s "$work/rows" ]; then
  echo "no such row" >&2
  exit 2
fi
if [ -n "$only_list" ]; then
  column -t "$work/rows" 2>/dev/null || cat "$work/rows"
  exit 0
fi
mutants_begin || exit 2
cut -d' ' -f7 "$work/rows" | sort -u | xargs ninja -C "$build" \
  >"$work/build.log" 2>&1 || {
  tail -n 20 "$work/build.log" >&2
  exit 2
}

# A Check program has to pass without a bug, or its failure says nothing.
if [ -z "${MUTANTS_NO_BASELINE:-}" ]; then
  while read -r program case; do
    dir=$work/baseline
    extra=()
    mkdir -p "$dir"
    ln -sf "$build/$(program_path "$program")" "$dir/$program"
    if judge "$program" "$case" 1; then
      echo "$program fails without a bug: $found" >&2
      exit 1
    fi
  done < <(awk '$7 !~ /^x_/ { print $7, $8 }' "$work/rows" | sort -u)
fi

while read -r -a row; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
    wait -n
  done
  one "${row[@]}" &
done <"$work/rows"
wait

total=$(wc -l <"$work/rows")
caught=$(cat "$work"/results/* | grep -c '^caught|')
echo "$caught caught, $((total - caught)) failed"
[ "$caught" -eq "$total" ]
