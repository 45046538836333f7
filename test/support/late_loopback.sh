#!/bin/sh
#
# late_loopback.sh COMMAND... - run it where the loopback delivers late.
#
# What is sent over the loopback is mostly there when send returns, because the
# kernel delivers it in the same call.  Not always: a kernel that steers
# packets hands it to another processor, and then it is there a moment later.
# A test that sends and at once polls is right a thousand times and then fails.
#
# Here that moment is the rule: in a network namespace of its own the loopback
# gives every packet to one processor (RPS), and COMMAND runs on another one.
# Nothing outside of the namespace is changed, and it goes with COMMAND.
#
# Exits as COMMAND does; 77 where this cannot be had: it wants two processors,
# ip(8), and unshare(1), which a user or a container may not be allowed.
set -u

if [ $# -eq 0 ]; then
  echo "usage: $0 COMMAND..." >&2
  exit 2
fi

skip() {
  echo "late loopback: skipped, $1"
  exit 77
}

# The processors that this process may use, the first two of them.
cpus=$(taskset -cp $$ 2>/dev/null | sed 's/.*: //' | tr ',' '\n' |
  while IFS=- read -r first last; do
    seq "$first" "${last:-$first}"
  done | head -n 2)
here=$(echo "$cpus" | sed -n 1p)
there=$(echo "$cpus" | sed -n 2p)
[ -n "$there" ] || skip "it wants two processors"
# rps_cpus is a mask of words of 32 bits.
[ "$there" -lt 32 ] || skip "processor $there is beyond the first 32"
mask=$(printf '%x' $((1 << there)))

# Groups have a way out, as on a machine with a network.
# shellcheck disable=SC2016
inside='
mount -t sysfs sysfs /sys &&
ip link set lo up multicast on &&
ip route add 224.0.0.0/4 dev lo &&
echo "$1" >/sys/class/net/lo/queues/rx-0/rps_cpus'

unshare -n -m sh -c "$inside" sh "$mask" 2>/dev/null ||
  skip "no network namespace with packet steering here"
# shellcheck disable=SC2016
exec unshare -n -m sh -c "$inside"'
cpu=$2
shift 2
exec taskset -c "$cpu" "$@"' sh "$mask" "$here" "$@"
