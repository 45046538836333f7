# orders.awk - the memory orders of a source, and the source with one weakened.
#
#   awk -f orders.awk SOURCE              one line each: NUMBER LINE CALL FROM TO
#   awk -v pick=NUMBER -f orders.awk SOURCE
#   awk -v all=1 -f orders.awk SOURCE     as they are: CALL ORDER

{ source = source $0 "\n" }

# What is one step weaker, by the kind of call; the second one or "".
function weaker(call, from, second) {
  if (from == "WRI_SC") {
    return second ? "" : call == "wri_load" ? "WRI_ACQ" : \
      call == "wri_store" ? "WRI_REL" : "WRI_ACQ_REL"
  }
  if (from == "WRI_ACQ_REL") {
    return second ? "WRI_REL" : "WRI_ACQ"
  }
  return second || from == "WRI_RLX" ? "" : "WRI_RLX"
}

function put(call, from, to, before, rest) {
  n++
  if (pick == "") {
    print n, line, call, from, to
  } else if (pick == n) {
    printf "%s%s%s", before, to, rest
  }
}

END {
  rest = source
  line = 1
  while (match(rest, /wri_(load|store|xchg|cas_weak|cas|add|sub|or|and)\(|WRI_(SC|ACQ_REL|ACQ|REL|RLX)[^A-Z_]/)) {
    word = substr(rest, RSTART, RLENGTH)
    head = substr(rest, 1, RSTART - 1)
    line += gsub(/\n/, "\n", head)
    before = before head
    rest = substr(rest, RSTART + RLENGTH)
    if (word ~ /^wri_/) {
      # Innermost last: an order ends the call that was opened last.
      calls[++depth] = substr(word, 1, length(word) - 1)
      before = before word
      continue
    }
    from = substr(word, 1, length(word) - 1)
    last = substr(word, length(word))
    if (depth > 0) {
      call = calls[depth--]
      if (all) {
        print call, from
        before = before from
        rest = last rest
        continue
      }
      for (second = 0; second < 2; second++) {
        to = weaker(call, from, second)
        if (to != "") {
          put(call, from, to, before, last rest)
        }
      }
    }
    before = before from
    rest = last rest
  }
}
