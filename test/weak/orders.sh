#!/bin/sh
#
# orders.sh - has an order changed in the kernels that are kept here as programs?
#
#   orders.sh             compare the library and the programs with orders.txt
#   orders.sh --print     what orders.txt should be
#
# When it fails: change the program beside it as well, read
# docs/design/weak-memory.md again, and then write orders.txt anew.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lib=$here/../../lib

orders() {
  for file in base/mpsc.h taskq/wake.c aio/ask.c aio/run.c; do
    echo "lib/$file"
    awk -v all=1 -f "$here/../mutants/orders.awk" "$lib/$file" |
      sed 's/^/  /'
  done
  for file in mpsc.c word.c; do
    echo "test/weak/$file"
    grep -oE 'memory_order_[a-z_]+' "$here/$file" | sed 's/^/  /'
  done
}

if [ "${1:-}" = --print ]; then
  orders
else
  orders | diff "$here/orders.txt" -
fi
