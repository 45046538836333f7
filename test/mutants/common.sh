# common.sh - how a mutant is built and judged; sourced by the scripts beside it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the caller sets what is named below
#
# A mutant is one source of lib/ that was changed in a copy.  It is compiled by
# the command that the build directory has for that source, and linked into one
# program by that program's own command, with the new object in the old one's
# place: a few seconds, and the build directory stays as it is.
#
# Set by the caller: build (a directory made by Ninja), root (of the sources),
# work (scratch), dir (of one mutant), extra (options for the explorer).

# Once: what the build directory would run.
mutants_begin() {
  if ! { mkdir -p "$work" &&
    ninja -C "$build" -t commands >"$work/commands"; }; then
    echo "$build: not a build directory of Ninja" >&2
    return 2
  fi
}

# program_path NAME: relative to the build directory.
program_path() {
  grep -o -m1 -E " -o test/[^ ]*/$1 " "$work/commands" | cut -d' ' -f3
}

# link_command NAME
link_command() {
  grep -m1 -E "^: && .* -o test/[^ ]*/$1 " "$work/commands"
}

# How many schedules the suite itself gives a program of the explorer.
suite_schedules() {
  sed -n "s|^add_test(\[=\[explorer/$1\]=\] .*\"--schedules\" \"\([0-9]*\)\".*|\1|p" \
    "$build/test/explorer/CTestTestfile.cmake"
}

# shared_command LIBRARY: how it is linked.
shared_command() {
  grep -m1 -F -- " -o $1 " "$work/commands"
}

# The objects that a link command takes: its own ("o" before them), those in an
# archive ("a"), and those in a shared library of ours (its name).
linked_objects() {
  local link=$1 word lib

  for word in $link; do
    case $word in
    *.o) echo "o $word" ;;
    lib/*.so*)
      shared_command "$word" | tr ' ' '\n' | sed -n "s|^.*\.o\$|$word &|p"
      ;;
    *.a)
      lib=${word##*/lib}
      awk '{ for (i = 1; i < NF; i++) if ($i == "-o") print "a", $(i + 1) }' \
        "$work/commands" | grep "/${lib%.a}.dir/.*\.o$"
      ;;
    esac
  done
}

# Those of them that are made from a file of lib/, or include it.
touched_objects() {
  local link=$1 file=$2

  linked_objects "$link" >"$dir/linked"
  case $file in
  *.c) grep "/${file//./[.]}[.]o\$" "$dir/linked" && return ;;
  esac
  cut -d' ' -f2 "$dir/linked" | xargs ninja -C "$build" -t deps |
    awk -v file="/lib/$file" '
      /^[^ ].*: #deps/ { sub(/:$/, "", $1); object = $1; next }
      substr($1, length($1) - length(file) + 1) == file { print object }
    ' | sort -u >"$dir/users"
  awk 'NR == FNR { user[$1]; next } $2 in user' "$dir/users" "$dir/linked"
}

# compile OBJECT FILE NEW: with the changed copies in front.
compile() {
  local command

  command=$(grep -m1 -F -- " -o $1 -c " "$work/commands") || return 1
  command=${command/ -/ -w -I$dir/lib -}
  command=$(sed -E 's/ -MD -MT [^ ]+ -MF [^ ]+//' <<<"$command")
  command=${command/ -o $1 / -o $3 }
  command=${command/ -c $root\/lib\/$2/ -c $dir\/lib\/$2}
  (cd "$build" && eval "$command") >"$dir/compile.log" 2>&1
}

# mutant_link PROGRAM FILE: $dir/lib/FILE is the changed source; makes
# $dir/PROGRAM, and the shared library beside it if that is what changed.
mutant_link() {
  local program=$1 file=$2
  local link kind object new n=0 behind=''
  local -A shared=()

  link=$(link_command "$program") || {
    echo "$program: not a program of the build" >"$dir/compile.log"
    return 1
  }
  touched_objects "$link" "$file" >"$dir/touched"
  if ! [ -s "$dir/touched" ]; then
    echo "$program does not contain $file" >"$dir/compile.log"
    return 1
  fi
  while read -r kind object; do
    n=$((n + 1))
    new=$dir/$n.o
    compile "$object" "$file" "$new" || return 1
    case $kind in
    o) link=${link/ $object / $new } ;;
    a) behind="$behind $new" ;;
    *)
      [ -n "${shared[$kind]:-}" ] ||
        shared[$kind]=$(shared_command "$kind")
      shared[$kind]=${shared[$kind]/ $object / $new }
      ;;
    esac
  done <"$dir/touched"
  for kind in "${!shared[@]}"; do
    # Under the name by which programs ask for it.
    new=$(grep -o -E 'soname,[^ ]+' <<<"${shared[$kind]}" | cut -d, -f2)
    (cd "$build" && eval "${shared[$kind]/ -o $kind / -o $dir/$new }") \
      >"$dir/compile.log" 2>&1 || return 1
  done
  link=$(sed -E "s| -o [^ ]+ |$behind -o $dir/$program |" <<<"$link")
  (cd "$build" && eval "$link") >"$dir/compile.log" 2>&1
}

# The programs that shall see a bug in a file of lib/, quick ones first.
suite_of() {
  case $1 in
  base/mpsc.h) echo x_mpsc x_timer x_pool x_pool_poll x_strand test_mpsc ;;
  base/life.*) echo x_life x_aio_fini x_aio_list x_fdio_end test_ending ;;
  taskq/*)
    echo x_pool x_pool_poll x_strand x_role x_pool_stop x_pool_wait x_watch \
      x_aio_fini_pool x_aio_pool test_pool test_strand test_inside
    ;;
  timer/*)
    echo x_timer x_aio x_wait x_aio_fini x_sleep x_aio_time x_aio_pool \
      x_aio_time_pool test_heap test_expire test_timeout
    ;;
  poller/*)
    echo x_fdio x_fdio_end x_fdio_pool x_fdio_end_pool poller_contract \
      test_table test_poller poller_sleep stress_poller test_fd
    ;;
  aio/f*)
    echo x_fdio x_fdio_end x_fdio_pool x_fdio_end_pool test_fd
    ;;
  aio/*)
    echo x_aio x_aio_end x_wait x_aio_fini x_aio_list x_aio_ring x_aio_task \
      x_sleep x_chan x_dns x_aio_time x_aio_pool x_wait_pool x_aio_time_pool \
      test_cancel test_callback test_wait test_handle test_timeout test_skip \
      test_provider test_clear test_init test_ending \
      test_inside
    ;;
  *) return 1 ;;
  esac
}

# judge PROGRAM CASE COUNT, with the options in extra: run what mutant_link made.  Status 0: the bug was
# caught, and $found says how soon; 1: it was not; 2: neither.
judge() {
  local program=$1 case=$2 count=$3
  local status run args=() launcher=()

  found=
  [ -z "${MUTANTS_LAUNCHER:-}" ] || read -r -a launcher <<<"$MUTANTS_LAUNCHER"
  case $program in
  x_*)
    [ "$case" = - ] || args+=(--test "$case")
    ASAN_OPTIONS=detect_stack_use_after_return=0 \
      timeout "$((60 + count / 1000))" "${launcher[@]}" "$dir/$program" \
      "${args[@]}" "${extra[@]}" --schedules "$count" >"$dir/output" 2>&1
    status=$?
    if [ "$status" -eq 0 ]; then
      found="not in $count schedules"
      return 1
    fi
    if grep -q '^FAIL .*reach' "$dir/output"; then
      found="no way there in $count schedules"
    elif grep -q '^FAIL ' "$dir/output"; then
      found=$(awk '
        /^FAIL / { body = $2 }
        body != "" && / seed [0-9]+,/ {
          seed = $2
          sub(/,/, "", seed)
          how = /with store buffers|, sb,|store buffers/ ? " with store buffers" : ""
          print body ", schedule " seed how
          exit
        }' "$dir/output")
    elif grep -q ThreadSanitizer "$dir/output"; then
      found="a data race"
    else
      found="status $status"
      return 2
    fi
    ;;
  *)
    for ((run = 1; run <= count; run++)); do
      (
        [ "$case" = - ] || export CK_RUN_CASE=$case
        # Relative names in a test are the build directory's.
        cd "$build/$(dirname "$(program_path "$program")")" &&
          LD_LIBRARY_PATH=$dir CK_DEFAULT_TIMEOUT=${MUTANTS_TIMEOUT:-20} \
            timeout 120 "${launcher[@]}" "$dir/$program"
      ) >"$dir/output" 2>&1 </dev/null
      status=$?
      [ "$status" -eq 0 ] || break
    done
    case $status in
    0)
      found="not in $count runs"
      return 1
      ;;
    126 | 127)
      found="status $status"
      return 2
      ;;
    esac
    found="${case#-}${case:+, }run $run"
    found=${found#, }
    if grep -q ThreadSanitizer "$dir/output"; then
      found="$found, a data race"
    elif [ "$status" -eq 124 ] || grep -q 'timeout expired' "$dir/output"; then
      found="$found, it hangs"
    fi
    ;;
  esac
}
