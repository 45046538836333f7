#!/bin/sh
# mutate_aio.sh - how many schedules it takes to find each planted bug.
#
#   mutate_aio.sh <build/test/explorer> [<seeds>] [<name>...]
#
# Runs each x_bug_<name> from seeds far apart, prints median and maximum of the
# schedules, and in how many runs it was not found within 200000 for each mode.
set -eu
bin=$1
seeds=${2:-30}
shift 2 2>/dev/null || shift
dir=$(dirname "$0")
list=$(grep -h '^== ' "$dir/x_aio_mutants.txt" "$dir/x_fdio_mutants.txt" \
    "$dir/x_net_mutants.txt")
names=${*:-$(echo "$list" | awk '{print $2}')}

for name in $names; do
	body=$(echo "$list" | awk -v n="$name" '$2 == n {print $5}')
	i=0
	while [ "$i" -lt "$seeds" ]; do
		i=$((i + 1))
		seed=$((i * 10000000))
		"$bin/x_bug_$name" --test "$body" --schedules 200000 \
		    --seed "$seed" --expect-fail 2>/dev/null | awk -v s="$seed" '
			/^ *seed [0-9]+,/ {
				n = $2 - s + 1
				if (/store buffers/) n += 200000
				kind = ""
			}
			END { print n ? n : "none" }' || true
	done | sort -n | awk -v name="$name" -v body="$body" '
		$1 == "none" { none++; next }
		{ v[++n] = $1 }
		END {
			printf "%-26s %-26s", name, body
			if (n) printf " median %6d max %6d", v[int((n + 1) / 2)], v[n]
			if (none) printf "  not found %d of %d", none, n + none
			print ""
		}'
done
