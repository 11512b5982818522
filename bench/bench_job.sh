#!/bin/bash
# bench_job.sh [ANSWERS]: the whole job beside what a user would write instead,
# over the same lines in one run (default 1,000,000 answers with their consents
# and withdrawals, 31 columns out): take in, export, verify, open; bytes on disk
# and memory.  Prints a table of ratios with what is wanted.  Needs 6 GB in
# $TMPDIR for a million, and about ten minutes; PostgreSQL where it is installed.
set -eu
. "$(dirname "$0")/lib.sh"
answers=${1:-1000000}
tenth=$((answers / 10))
work=$(mktemp -d)
chmod 711 "$work"                   # the server of PostgreSQL passes through
peers=$root/bench/peers
postgres=
finish() {
	[ -z "$postgres" ] || "$peers/postgres_pgcrypto.sh" stop "$work/pg" || true
	rm -rf "$work"
}
trap finish EXIT
export XDG_STATE_HOME=$work/state   # what the officers' tools remember

# prepare DIR ROWS: lines, a home with them, an approved plan in DIR/plan.
prepare() {
	mkdir "$1"
	make_lines "$1/lines" "$2"
	make_home "$1"
	make_policy "$1"
}
ours() { "$azukari" --home "$dir/home" "$@"; }
bytes_of() { stat -c %s "$1"; }

echo "preparing $answers answers and $tenth" >&2
for n in big small; do
	dir=$work/$n
	prepare "$dir" $([ $n = big ] && echo "$answers" || echo "$tenth")
done

# ---- in ----
dir=$work/small
ours --quiet intake 14 "$dir/lines" >/dev/null || [ $? = 3 ]
make_plan "$dir" REQ-SMALL >"$dir/plan" 2>"$dir/said" || cat "$dir/said" >&2
dir=$work/big
sync
our_in=$(measured "$azukari" --home "$dir/home" --quiet intake 14 "$dir/lines")
our_disk=$(du -cb "$dir"/home/owners/14/*.db* | tail -n 1 | cut -f1)
make_plan "$dir" REQ-BIG >"$dir/plan" 2>"$dir/said" || cat "$dir/said" >&2
measured_out=$work/python
python_in=$(measured "$peers/python_sqlite.py" intake "$dir/lines" \
    "$work/peer.db" "$survey")
python_disk=$(field bytes <"$work/python")
recipient=$(sed -n 1p "$dir/pi.pub")
mkdir "$work/pg"
if pg_in=$("$peers/postgres_pgcrypto.sh" intake "$work/pg" "$dir/lines"); then
	postgres=yes
	pg_disk=$(field bytes <<<"$pg_in")
fi

# ---- out ----
sync
measured_out=/dev/null
our_out=$(measured "$azukari" --home "$dir/home" --quiet export "$(cat "$dir/plan")")
small_out=$(measured "$azukari" --home "$work/small/home" --quiet \
    export "$(cat "$work/small/plan")")
python_out=$(measured "$peers/python_sqlite.py" export "$work/peer.db" \
    "$work/peer.age" "$survey" "$recipient")
[ -z "$postgres" ] || pg_out=$("$peers/postgres_pgcrypto.sh" export "$work/pg" \
    "$work/pg.age" "$recipient")

# ---- at the university ----
bundle=$(ls "$dir"/home/outbox/*.tar)
name=$(basename "$bundle" .tar)
mkdir "$work/trust" "$work/opened" "$work/by-hand"
tar -xf "$bundle" -C "$work" "$name/trust" "$name/payload.tar.zst.age"
cp "$work/$name"/trust/* "$work/trust/"
/usr/bin/python3 "$root/scripts/age-passphrase.py" "$dir/pass" "$dir/pi.key" \
    >"$work/pi.plain"
# The passphrase costs what it is set to; both sides open without it.
best() { # NAME COMMAND...: the quickest of five, in seconds
	local i
	for i in 1 2 3 4 5; do
		rm -rf "$work/opened"/* "$work/by-hand"/*
		measured "${@:2}" 2>/dev/null | field seconds
	done | sort -n | head -n 1
}
cat "$bundle" >/dev/null
verify=$(best verify "$azukari" --quiet verify "$bundle" --trust "$work/trust")
sums=$(best sums sha256sum "$bundle")
open=$(best open "$azukari" --quiet --passphrase-file "$dir/pass" open "$bundle" \
    --identity "$dir/pi.key" -o "$work/opened" --trust "$work/trust")
by_hand=$(best by-hand sh -c "age -d -i $work/pi.plain $work/$name/payload.tar.zst.age |
    tar --zstd -x -C $work/by-hand")

row() { # WHAT VALUE WANTED
	printf '%-58s %10s   %s\n' "$1" "$2" "$3"
}
lines=$(wc -l <"$dir/lines")
rate() { calc "$1 / $(field seconds <<<"$2")"; }
times() { calc "$(field seconds <<<"$1") / $(field seconds <<<"$2")"; }
echo "$answers answers, $lines lines; $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
row "intake, lines a second" "$(rate "$lines" "$our_in")" ""
row "  of Python, PyNaCl, SQLite" "$(rate "$lines" "$python_in")" "at least 15000, else it does not count"
row "  times Python" "$(times "$python_in" "$our_in")" "6 or more"
[ -z "$postgres" ] || row "  times PostgreSQL and pgcrypto" "$(times "$pg_in" "$our_in")" "2 or more"
row "bytes on disk an answer, consents included" "$(calc "$our_disk / $answers")" ""
row "  of Python's" "$(calc "$our_disk / $python_disk")" ""
[ -z "$postgres" ] || row "  of PostgreSQL's" "$(calc "$our_disk / $pg_disk")" "0.33 or less"
row "export, answers a second" "$(rate "$answers" "$our_out")" ""
row "  times Python" "$(times "$python_out" "$our_out")" "20 or more"
[ -z "$postgres" ] || row "  times PostgreSQL and pgcrypto" "$(times "$pg_out" "$our_out")" "10 or more"
mib() { field max_rss_mib <<<"$1"; }
row "  memory, MiB" "$(mib "$our_out")" ""
row "  of Python's" "$(calc "$(mib "$our_out") / $(mib "$python_out")")" "0.05 or less"
row "  bytes a further answer takes" "$(calc "($(mib "$our_out") - $(mib "$small_out")) * 1048576 / ($answers - $tenth)")" "64 or less"
row "bundle, MB" "$(calc "$(bytes_of "$bundle") / 1000000")" ""
row "  verify, of sha256sum's time" "$(calc "$verify / $sums")" "1.3 or less"
row "  open, of age and tar's time" "$(calc "$open / $by_hand")" "1.3 or less"
