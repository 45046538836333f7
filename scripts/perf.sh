#!/bin/sh
#
# perf - measure weir beside what it is compared with, in one run.
#
# Purpose    echo: server CPU per message of weir-echo beside a raw epoll
#            server (and libuv, where its headers are), interleaved, same load;
#            dispatch and deadlines: the Google Benchmark programs;
#            count: instructions of an operation with many deadlines pending.
# Usage      scripts/perf.sh [--long] [--rounds N] [--ms N]
#                [--only echo|bench|count]
#            PERF_BUILD=DIR: measure that build, build nothing
# Method     perf/README.md
# Needs      what scripts/deps.sh lists; of its optional ones (libuv1-dev,
#            valgrind) what is missing is left out, with one line
# Status     0 measured, 1 something failed (said what), 2 packages are missing
# Bounds     under 4 minutes; --long about 15
set -u

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
build=${PERF_BUILD:-$root/build/release}
log=$root/build/perf.log
rounds=5
window_ms=600
repeats_max=12 # disturbed runs that may be repeated, in all
echo_limit_s=120 # no new round after this
bench_repetitions=1
only=all
dir=
server=

die() {
  printf 'perf: FAILED: %s\n' "$1" >&2
  printf 'perf: the log is %s\n' "$log" >&2
  exit 1
}

say() {
  printf '\n== %s\n' "$*"
}

cleanup() {
  if [ -n "$server" ]; then
    kill -KILL "$server" 2>/dev/null
  fi
  if [ -n "$dir" ]; then
    rm -rf "$dir"
  fi
}

# $1 must be a whole number from $3 to $4; $2 is its name.
number() {
  case $1 in
  '' | *[!0-9]* | ???????*) ;;
  *)
    if [ "$1" -ge "$3" ] && [ "$1" -le "$4" ]; then
      return
    fi
    ;;
  esac
  echo "perf: $2: \"$1\" is not accepted: a whole number from $3 to $4" \
    >&2
  exit 1
}

options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --long)
      rounds=9
      window_ms=3000
      repeats_max=60
      echo_limit_s=720
      bench_repetitions=3
      ;;
    --rounds)
      number "${2:-}" --rounds 1 100
      rounds=$2
      shift
      ;;
    --ms)
      number "${2:-}" --ms 100 60000
      window_ms=$2
      shift
      ;;
    --only)
      only=${2:-}
      case $only in
      echo | bench | count) ;;
      *)
        echo "perf: --only: \"$only\" is not" \
          "accepted: echo, bench or count" >&2
        exit 1
        ;;
      esac
      shift
      ;;
    --help)
      sed -n '3,18s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *)
      echo "perf: \"$1\" is no option of it;" \
        "\"$0 --help\" lists them" >&2
      exit 1
      ;;
    esac
    shift
  done
}

wanted() {
  [ "$only" = all ] || [ "$only" = "$1" ]
}

build_release() {
  if [ -n "${PERF_BUILD:-}" ]; then
    return
  fi
  say "building build/release"
  # A build directory keeps the generator it was made with.
  generator=
  if [ ! -f "$build/CMakeCache.txt" ]; then
    generator="-G Ninja"
  fi
  # shellcheck disable=SC2086 # $generator is words
  (
    cd "$root" &&
      cmake --preset release -D WEIR_BUILD_PERF=ON $generator &&
      cmake --build --preset release --parallel "$(nproc)" \
        --target weir-perf
  ) >>"$log" 2>&1 || die "the build"
  grep '^-- weir: no perf' "$log"
}

# The processors we may use: the server's, the load's.
cpus_choose() {
  cpus=$(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
    awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }')
  server_cpu=$(echo "$cpus" | sed -n 1p)
  load_cpu=$(echo "$cpus" | sed -n 2p)
  all_cpus=$(echo "$cpus" | paste -sd, -)
  if [ -z "$load_cpu" ]; then
    load_cpu=$server_cpu
    echo "perf: one processor only: server and load share it"
  fi
}

# Start the server of row $1; sets $server and $port.
server_start() {
  on=$server_cpu
  case $1 in
  raw*) set -- "$1" "$build/perf/perf_echo_epoll" ;;
  libuv*) set -- "$1" "$build/perf/perf_echo_uv" ;;
  weir*) set -- "$1" "$build/examples/weir-echo" \
    --listen tcp://127.0.0.1:0 ;;
  esac
  case $1 in
  *-all) on=$all_cpus ;;
  *-same) on=$load_cpu ;;
  esac
  row=$1
  shift
  : >"$dir/server" # not the last server's line
  taskset -c "$on" "$@" >"$dir/server" 2>>"$log" &
  server=$!
  waited=0
  until grep -q '^listening ' "$dir/server"; do
    waited=$((waited + 1))
    if [ $waited -gt 500 ] || ! kill -0 "$server" 2>/dev/null; then
      die "the server of row $row does not listen"
    fi
    sleep 0.01
  done
  port=$(sed -n 's/^listening .*://p' "$dir/server")
}

server_stop() {
  (
    sleep 15
    kill -KILL "$server"
  ) >/dev/null 2>&1 &
  watchdog=$!
  kill -TERM "$server"
  wait "$server" 2>>"$log"
  status=$?
  kill "$watchdog"
  wait "$watchdog" 2>/dev/null
  server=
  case $row in
  weir*)
    if [ $status -ne 0 ]; then
      cat "$dir/server" >>"$log"
      die "weir-echo did not drain (status $status)"
    fi
    ;;
  esac
}

# One run: row $1 with $2 connections; again while something disturbs it.
echo_run() {
  best=
  for attempt in 1 2 3 4; do
    server_start "$1"
    line=$("$build/perf/perf_load" --port "$port" --conns "$2" \
      --cpu "$load_cpu" --server-pid "$server" \
      --warmup-ms 200 --ms "$window_ms" 2>>"$log") ||
      die "the load on row $1 with $2 connections"
    server_stop
    best=$(printf '%s\n%s\n' "$best" "$line" | awk '
      NF { other = $0; sub(/.*other_cpu=/, "", other)
           if (!seen++ || other + 0 < least) {
        least = other + 0; keep = $0 } }
      END { print keep }')
    calm=$(echo "$best" | awk '{ sub(/.*other_cpu=/, "")
      print $0 <= 0.1 }')
    if [ "$calm" = 1 ] || [ "$repeats" -ge "$repeats_max" ]; then
      break
    fi
    if [ "$attempt" -lt 4 ]; then
      repeats=$((repeats + 1))
    fi
  done
  echo "$2 $1 $best" >>"$dir/echo"
}

# Medians per connections and row, and the ratio to the raw row of its place.
echo_table() {
  awk '
  function median(list, n, v, i, j, t) {
    n = split(list, v, " ")
    for (i = 2; i <= n; i++)
      for (j = i; j > 1 && v[j-1] + 0 > v[j] + 0; j--) {
        t = v[j]; v[j] = v[j-1]; v[j-1] = t }
    low = v[1]; high = v[n]
    return n % 2 ? v[(n+1)/2] : (v[n/2] + v[n/2+1]) / 2
  }
  {
    key = $1 " " $2
    if (!(key in rows)) { rows[key] = 1; order[++count] = key }
    for (i = 3; i <= NF; i++) {
      split($i, kv, "=")
      value[key, kv[1]] = value[key, kv[1]] " " kv[2]
    }
  }
  END {
    printf "%5s %-10s %8s %17s %6s %9s %9s %9s %9s %6s\n", "conns",
      "server", "CPU us", "[min-max]", "ratio", "msg/s",
      "p50 us", "p99 us", "switches", "other"
    for (k = 1; k <= count; k++) {
      key = order[k]
      split(key, part, " ")
      floor = part[1] " raw"
      if (part[2] ~ /-same$/) floor = floor "-same"
      if (part[2] ~ /-all$/) floor = floor "-all"
      base = median(value[floor, "server_us"])
      us = median(value[key, "server_us"])
      range = sprintf("[%.2f-%.2f]", low, high)
      rate = median(value[key, "messages_per_s"])
      p50 = median(value[key, "p50_us"])
      p99 = median(value[key, "p99_us"])
      switches = median(value[key, "switches"])
      median(value[key, "other_cpu"])
      printf "%5s %-10s %8.2f %17s %6.2f %9.0f %9.1f " \
        "%9.1f %9.4f %6.2f\n",
        part[1], part[2], us, range, us / base, rate,
        p50, p99, switches, high
    }
  }' "$dir/echo" || die "the table"
}

echo_measure() {
  say "echo, 64 bytes, closed loop, $rounds rounds of $window_ms ms"
  cpus_choose
  repeats=0
  : >"$dir/echo"
  peer=
  if [ -x "$build/perf/perf_echo_uv" ]; then
    peer=libuv
  else
    echo "perf: no libuv row: not built (libuv1-dev)"
  fi
  begun=$(date +%s)
  for round in $(seq "$rounds"); do
    if [ $(($(date +%s) - begun)) -gt $echo_limit_s ]; then
      echo "perf: only $((round - 1)) rounds: the machine is slow or busy"
      break
    fi
    for conns in 1 64 1000; do
      for each in raw $peer weir raw-all weir-all; do
        echo_run "$each" "$conns"
      done
    done
    for each in raw-same weir-same; do
      echo_run "$each" 1
    done
  done
  sort -s -n -k1,1 "$dir/echo" >"$dir/sorted" &&
    mv "$dir/sorted" "$dir/echo"
  echo_table
  cat <<END

raw libuv weir   server on processor $server_cpu, load on $load_cpu
*-all            server on all ($all_cpus), as a user runs it
*-same           server on the load's processor
ratio            of CPU us per message to the raw server in the same place
other            processors used by anything else, worst round kept; above
                 0.1 do not trust the row ($repeats runs were repeated)
END
}

# A table of a Google Benchmark program: time, rate, and its counters.  Its JSON
# has one key a line; what is not in `dull` is a counter.
bench_table() {
  awk '
  BEGIN {
    split("name family_index per_family_instance_index run_name " \
      "run_type repetitions repetition_index threads " \
      "iterations real_time cpu_time time_unit " \
      "items_per_second error_occurred error_message " \
      "aggregate_name aggregate_unit", list, " ")
    for (i in list) dull[list[i]]
  }
  /^  "benchmarks":/ { inside = 1; next }
  !inside { next }
  /^    {/ { split("", is); line = ""; next }
  /^    }/ {
    gsub(/\/(iterations:[0-9]+|manual_time|real_time)/, "",
      is["name"])
    rate = ""
    if ("items_per_second" in is)
      rate = sprintf("%.2f M/s", is["items_per_second"] / 1e6)
    if ("error_message" in is)
      line = "  FAILED " is["error_message"]
    printf "%-58s %8.4g %-2s %12s%s\n", is["name"],
      is["real_time"], is["time_unit"], rate, line
    next
  }
  {
    key = value = $0
    sub(/^ *"/, "", key)
    sub(/":.*/, "", key)
    sub(/^[^:]*: /, "", value)
    gsub(/^"|"?,?$/, "", value)
    is[key] = value
    if (!(key in dull))
      line = line sprintf("  %s " \
        (value + 0 >= 100 ? "%.0f" : "%.3g"), key, value)
  }'
}

bench_measure() {
  for program in perf_dispatch perf_deadline; do
    if [ ! -x "$build/perf/$program" ]; then
      say "$program: not built (libbenchmark-dev, g++)"
      continue
    fi
    say "$program"
    "$build/perf/$program" --benchmark_format=json \
      --benchmark_repetitions="$bench_repetitions" \
      2>>"$log" >"$dir/bench" || die "$program"
    bench_table <"$dir/bench" || die "the table"
    if grep -q '"error_occurred": true' "$dir/bench"; then
      die "$program: an operation was refused"
    fi
  done
}

# Instructions of $2 operations with $1 deadlines pending.
count_run() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    --toggle-collect=timer_cycles \
    "$build/perf/count_timer" "$1" "$2" >"$dir/count" 2>&1 || {
    cat "$dir/count" >>"$log"
    die "count_timer under valgrind"
  }
  sed -n 's/.*Collected : \([0-9]*\)/\1/p' "$dir/count"
}

count_measure() {
  if ! command -v valgrind >/dev/null; then
    say "count_timer: not run (valgrind)"
    return
  fi
  say "count_timer, instructions of start + finish with a deadline"
  few=$(count_run 0 10000) || exit 1
  many=$(count_run 200000 10000) || exit 1
  awk -v few="$few" -v many="$many" 'BEGIN {
    printf "nothing else pending    %8.1f\n", few / 10000
    printf "200,000 pending         %8.1f\n", many / 10000
    printf "ratio                   %8.3f\n", many / few }'
}

options "$@"
. "$root/scripts/deps.sh"
if [ -z "${PERF_BUILD:-}" ]; then
  # shellcheck disable=SC2086 # the lists are words
  if wanted bench; then
    deps_need $WEIR_DEPS_BUILD $WEIR_DEPS_PERF
  else
    deps_need $WEIR_DEPS_BUILD
  fi
fi
if ! mkdir -p "$root/build" || ! : >"$log"; then
  echo "perf: FAILED: cannot write $log" >&2
  exit 1
fi
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
dir=$(mktemp -d "${TMPDIR:-/tmp}/weir-perf.XXXXXX") || die "mktemp"
build_release
if wanted echo; then
  echo_measure
fi
if wanted bench; then
  bench_measure
fi
if wanted count; then
  count_measure
fi
