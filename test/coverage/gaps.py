"""gaps - what coverage.sh found uncovered, against the list of what is known.

    gaps.py coverage.json gaps.txt

A line "~REGEX  # reason" of the list is for all gaps whose key it is found in.
Any other is "FILE: FUNCTION: SOURCE LINE  # reason": the text of the
line without blanks at its ends, so that the list outlives changes elsewhere in
the file.  A line is a gap if no test runs it, or if one of its branches is never
taken.  Fails for a gap that is not listed.  What is listed and covered is told:
it may be a race, or a line to take out.
"""

import json
import re
import sys


def function_of(lines, number):
    """The name of the function that line number (from 1) is in."""
    for i in range(number - 1, -1, -1):
        match = re.match(r"^([a-z_0-9]+)\(", lines[i])
        if match:
            return match.group(1)
    return "-"


def gaps_of(entry):
    """Yield (key, how) of each gap in one file of the report."""
    lines = open(entry["file"], encoding="utf-8").read().split("\n")
    for line in entry["lines"]:
        if line.get("gcovr/noncode") or line.get("gcovr/excluded"):
            continue
        number = line["line_number"]
        text = lines[number - 1].strip()
        if re.match(r"WRI_D?ASSERT\(|[{}]*$", text):
            continue
        missed = [b for b in line["branches"] if b["count"] == 0]
        if line["count"] == 0:
            how = "is not run"
        elif missed:
            how = "%d of %d branches" % (len(missed), len(line["branches"]))
        else:
            continue
        key = "%s: %s: %s" % (entry["file"], function_of(lines, number), text)
        yield key, "line %d: %s" % (number, how)


def main():
    report = json.load(open(sys.argv[1], encoding="utf-8"))
    known = {}
    rules = []
    for line in open(sys.argv[2], encoding="utf-8"):
        line = line.rstrip("\n")
        if line == "" or line.startswith("#"):
            continue
        key, _, reason = line.partition("  # ")
        if reason == "":
            sys.exit("gaps.txt: without a reason: " + line)
        if key.startswith("~"):
            rules.append(re.compile(key[1:]))
        else:
            known[key] = reason
    found = {}
    total = covered = 0
    for entry in report["files"]:
        for line in entry["lines"]:
            total += len(line["branches"])
            covered += sum(1 for b in line["branches"] if b["count"] > 0)
        for key, how in gaps_of(entry):
            found[key] = how
    new = [
        k
        for k in found
        if k not in known and not any(r.search(k) for r in rules)
    ]
    gone = [k for k in known if k not in found]
    for key in sorted(new):
        print("NEW   %s  (%s)" % (key, found[key]))
    for key in sorted(gone):
        print("GONE  %s" % key)
    print(
        "%d of %d branches are taken (%.1f %%); %d gaps, %d of them new, "
        "%d listed but gone"
        % (covered, total, 100.0 * covered / max(total, 1), len(found),
           len(new), len(gone))
    )
    sys.exit(1 if new or total == 0 else 0)


main()
