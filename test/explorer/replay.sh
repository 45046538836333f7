#!/bin/sh
# replay.sh - a seed repeats a schedule: two traces of it are equal, and not
# empty; with every strategy, plain and with store buffers.
#
# usage: replay.sh path/to/x_self path/to/x_detect
self=$1
detect=$2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# twice PROGRAM OPTION...
twice() {
	for n in 1 2; do
		# The environment moves the stack; nothing else may move.
		PAD=$(printf "%0${n}000d" 0) "$@" --trace >"$dir/$n"
	done
	if ! cmp "$dir/1" "$dir/2" || [ "$(wc -l <"$dir/1")" -lt 4 ]; then
		echo "not equal: $*"
		exit 1
	fi
}

for strategy in random sticky pct; do
	for mode in --plain --sb; do
		for body in ok_mutex ok_atomics ok_alarm ok_publish; do
			twice "$self" --test $body --seed 7 \
			    --strategy $strategy $mode
		done
		for body in deadlock uaf; do
			twice "$detect" --test $body --seed 7 \
			    --strategy $strategy $mode
		done
	done
done
twice "$detect" --test deadlock --strategy exhaust --skip 5
exit 0
