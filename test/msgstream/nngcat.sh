#!/bin/sh
# nngcat.sh - message streams of weir against nngcat of NNG.
#
#   nngcat.sh MSGCAT
#
# Both listen and both dial, over tcp and over a unix socket, as pair, push and
# pull.  77: there is no nngcat.
set -u

msgcat=$1
if ! command -v nngcat >/dev/null; then
  echo "skipped: nngcat is missing (package nng-utils)"
  exit 77
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

# check WHAT WANT GOT-FILE: the same lines?
check() {
  if [ -n "$2" ]; then
    printf '%s\n' "$2" >"$dir/want"
  else
    : >"$dir/want"
  fi
  if ! cmp -s "$dir/want" "$3"; then
    echo "$1: wanted:"
    cat "$dir/want"
    echo "$1: got:"
    cat "$3"
    failed=1
  fi
}

# The URL of a listener, as soon as it has printed it into a file.
url_in() {
  tries=0
  until [ -s "$1" ] || [ $tries -ge 2000 ]; do
    tries=$((tries + 1))
    sleep 0.01
  done
  head -n 1 "$1"
}

# NNG says ipc where we say unix.
theirs() {
  echo "$1" | sed 's/^unix:/ipc:/'
}

# we_listen NAME URL PROTOCOL WANT THEIR-WANT STEPS -- NNGCAT-ARGUMENTS
we_listen() {
  name="$1, $3, weir listens"
  url=$2 protocol=$3 want=$4 their_want=$5
  shift 5
  steps=
  while [ "$1" != -- ]; do
    steps="$steps $1"
    shift
  done
  shift
  rm -f "$dir/ours" "$dir/theirs"
  # The words are steps.
  # shellcheck disable=SC2086
  "$msgcat" "$protocol" listen "$url" $steps >"$dir/ours" &
  ours=$!
  url=$(url_in "$dir/ours")
  timeout 30 nngcat "$@" --dial "$(theirs "$url")" >"$dir/theirs"
  wait $ours || failed=1
  check "$name, ours" "$url$want" "$dir/ours"
  check "$name, theirs" "$their_want" "$dir/theirs"
}

# we_dial NAME URL PROTOCOL WANT THEIR-WANT STEPS -- NNGCAT-ARGUMENTS
we_dial() {
  name="$1, $3, weir dials"
  url=$2 protocol=$3 want=$4 their_want=$5
  shift 5
  steps=
  while [ "$1" != -- ]; do
    steps="$steps $1"
    shift
  done
  shift
  rm -f "$dir/ours" "$dir/theirs"
  timeout 30 nngcat "$@" --listen "$(theirs "$url")" >"$dir/theirs" &
  theirs=$!
  # shellcheck disable=SC2086
  "$msgcat" "$protocol" dial "$url" $steps >"$dir/ours" || failed=1
  wait $theirs
  check "$name, ours" "$want" "$dir/ours"
  check "$name, theirs" "$their_want" "$dir/theirs"
}

# A port that was free a moment ago.
free_tcp() {
  "$msgcat" pair listen tcp://127.0.0.1:0 only
}

nl='
'
long=$(head -c 3000 /dev/zero | tr '\0' x)

for kind in tcp unix; do
  if [ $kind = tcp ]; then
    listen=tcp://127.0.0.1:0
  else
    listen=unix://$dir/ours.sock
  fi
  we_listen $kind "$listen" pair "${nl}ping" '"pong"' \
    recv send:pong end -- \
    --pair0 --data ping --count 1 --interval 1 --quoted
  we_listen $kind "$listen" push '' "\"a\"$nl\"\"$nl\"$long\"" \
    send:a send: "send:$long" end -- --pull0 --count 3 --quoted
  we_listen $kind "$listen" pull "${nl}pushed" '' \
    recv end -- --push0 --data pushed

  # Fresh each time: a socket file, or port, is taken for a while.
  n=0
  for one in pair push pull; do
    n=$((n + 1))
    if [ $kind = tcp ]; then
      url=$(free_tcp)
    else
      url=unix://$dir/theirs$n.sock
    fi
    case $one in
    pair)
      we_dial $kind "$url" pair ping '"pong"' \
        recv send:pong end -- \
        --pair0 --data ping --count 1 --interval 1 --quoted
      ;;
    push)
      we_dial $kind "$url" push '' "\"a\"$nl\"\"$nl\"$long\"" \
        send:a send: "send:$long" end -- --pull0 --count 3 --quoted
      ;;
    pull)
      we_dial $kind "$url" pull pushed '' \
        recv end -- --push0 --data pushed
      ;;
    esac
  done
done

# Another protocol is refused, by both.
rm -f "$dir/ours" "$dir/theirs"
"$msgcat" pair listen tcp://127.0.0.1:0 ready >"$dir/ours" &
ours=$!
url=$(url_in "$dir/ours")
nngcat --push0 --dial "$url" --data never >"$dir/theirs" 2>&1 &
theirs=$!
if wait $ours; then
  echo "pair took push for a peer"
  failed=1
fi
kill $theirs 2>/dev/null
wait $theirs 2>/dev/null
check "pair and push" "$url${nl}ready: protocol error" "$dir/ours"

[ $failed = 0 ] && echo "all as expected"
exit $failed
