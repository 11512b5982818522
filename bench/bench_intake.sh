#!/bin/bash
# bench_intake.sh [ANSWERS]: bulk intake of NDJSON, ours and the Python peer's,
# over the same file in one run (default 1,000,000 answers with the consents and
# withdrawals that come with them).  Prints a table; rates are lines a second.
# Needs 1.5 GB in $TMPDIR for a million.
set -eu
. "$(dirname "$0")/lib.sh"
answers=${1:-1000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_lines "$work/lines" "$answers"
lines=$(wc -l <"$work/lines")
make_home "$work/ours"
sync

measured_out=$work/report
ours=$(measured "$azukari" --home "$work/ours/home" intake 14 --json \
    "$work/lines")
stored=$(du -cb "$work"/ours/home/owners/14/*.db* | tail -n 1 | cut -f1)
taken=$(/usr/bin/python3 -c 'import json, sys
r = json.load(sys.stdin)["result"]
assert r["lines"] == int(sys.argv[1]) and r["responses"] == int(sys.argv[2]), r
print(r["responses"] + r["consents"] + r["withdrawals"])' \
    "$lines" "$answers" <"$work/report")

again=$(measured "$azukari" --home "$work/ours/home" intake 14 --json \
    "$work/lines")

measured_out=$work/peer
peer=$(measured "$root/bench/peers/python_sqlite.py" intake "$work/lines" \
    "$work/peer.db" "$survey")
peer_bytes=$(field bytes <"$work/peer")

row() { # NAME LINES JSON BYTES
	local seconds rate
	seconds=$(field seconds <<<"$3")
	rate=$(calc "$2 / $seconds")
	printf '%-24s %9.0f lines/s  %7s s  %7s cpu s  %6s MiB  %s\n' "$1" \
	    "$rate" "$seconds" "$(field cpu_s <<<"$3")" \
	    "$(field max_rss_mib <<<"$3")" "$4"
}
echo "$lines lines, of them $answers answers; $taken taken in; $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
row "azukari" "$lines" "$ours" "$(calc "$stored / $answers") bytes an answer"
row "azukari, same file again" "$lines" "$again" ""
row "python, PyNaCl, SQLite" "$lines" "$peer" \
    "$(calc "$peer_bytes / $answers") bytes an answer"
ratio=$(calc "$(field seconds <<<"$peer") / $(field seconds <<<"$ours")")
rate=$(calc "$lines / $(field seconds <<<"$peer")")
echo "azukari / python: $ratio (wanted: 6)"
awk "BEGIN { exit !($rate < 15000) }" &&
    echo "the peer is below 15,000 lines/s here: this ratio does not count" ||
    true
