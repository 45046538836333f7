# plant.awk - plant one bug of a list: prints the changed source.
#
#   awk -v name=BUG -f plant.awk LIST SOURCE
#
# The list's form is that of list.txt.  Status 1, and a word on stderr: a text
# does not occur in the source exactly once, or there is no such bug.

function count(text, part, n, at) {
  n = 0
  while ((at = index(text, part)) > 0) {
    n++
    text = substr(text, at + 1)
  }
  return n
}

# The pair that was read last.
function pair() {
  if (state == "new") {
    sub(/\n+$/, "", new)
    olds[++pairs] = old
    news[pairs] = new
  }
  state = ""
}

FNR == NR {
  if (/^(==|=>|#) /) {
    pair()
    mine = $1 == "==" && ($2 == name || $2 == "*" name)
    known = known || mine
  } else if (mine && $0 == "---") {
    pair()
    state = "old"
    old = ""
  } else if (mine && $0 == "+++") {
    state = "new"
    new = ""
  } else if (state == "old") {
    old = old == "" ? $0 : old "\n" $0
  } else if (state == "new") {
    new = new $0 "\n"
  }
  next
}

{ source = source $0 "\n" }

END {
  pair()
  if (!known || pairs == 0) {
    print name ": there is no such bug in the list" >"/dev/stderr"
    exit 1
  }
  for (i = 1; i <= pairs; i++) {
    n = count(source, olds[i])
    if (n != 1) {
      print name ": found " n " times, not once:\n" olds[i] >"/dev/stderr"
      exit 1
    }
    at = index(source, olds[i])
    source = substr(source, 1, at - 1) news[i] \
      substr(source, at + length(olds[i]))
  }
  printf "%s", source
}
