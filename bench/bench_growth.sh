#!/bin/bash
# bench_growth.sh [ANSWERS...]: what an answer costs as there are more of them
# (default 1, 10 and 24.5 million, the last being the national survey of 2020):
# taken in and exported, wall and processor time an answer, memory, and how much
# a further answer takes of it.  FOLLOW_UP (0.5) of the residents go on
# answering each week: an owner holds 16 million respondents.  On a machine that does other things as well,
# only the processor time says something.  Each size has a home of its own that
# is removed behind it; the largest needs 25 GB in $TMPDIR.
set -eu
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || set -- 1000000 10000000 24500000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME=$work/state   # what the officers' tools remember

each() { calc "$(field "$1" <<<"$2") * 1000000 / $3"; }
times() { calc "$1 / $2"; }

printf '%10s | %21s | %21s | %8s | %s\n' answers "in: µs wall, cpu" \
    "out: µs wall, cpu" "out: MiB" "bytes a further answer"
first_in= before=0 before_mib=0
for answers; do
	dir=$work/$answers
	mkdir "$dir"
	make_lines "$dir/lines" "$answers" --follow-up-rate "${FOLLOW_UP-0.5}"
	make_home "$dir"
	make_policy "$dir"
	in=$(measured "$azukari" --home "$dir/home" --quiet intake 14 "$dir/lines")
	rm "$dir/lines"
	make_plan "$dir" REQ-GROWTH >"$dir/plan" 2>"$dir/said" || cat "$dir/said" >&2
	out=$(measured "$azukari" --home "$dir/home" --quiet export "$(cat "$dir/plan")")
	rm -rf "$dir"
	mib=$(field max_rss_mib <<<"$out")
	in_cpu=$(each cpu_s "$in" "$answers") out_cpu=$(each cpu_s "$out" "$answers")
	printf '%10s | %10s %10s | %10s %10s | %8s | %s\n' "$answers" \
	    "$(each seconds "$in" "$answers")" "$in_cpu" \
	    "$(each seconds "$out" "$answers")" "$out_cpu" "$mib" \
	    "$([ "$before" = 0 ] || calc "($mib - $before_mib) * 1048576 / ($answers - $before)")"
	[ -n "$first_in" ] || first_in=$in_cpu first_out=$out_cpu
	before=$answers before_mib=$mib
done
echo "last over first, processor time an answer (1.3 or less): in" \
    "$(times "$in_cpu" "$first_in"), out $(times "$out_cpu" "$first_out")"
