#!/bin/sh
# Plant a bug: x_pool_mutate.sh <source> <copy> <sed -E -z script>.
# The whole file is one line for the script, \n are its ends of lines.  It is an
# error if the script changes nothing: then the source has moved on.
set -eu

sed -E -z -e "$3" "$1" >"$2"
if cmp -s "$1" "$2"; then
  echo "$0: nothing of $1 matches: $3" >&2
  rm -f "$2"
  exit 1
fi
