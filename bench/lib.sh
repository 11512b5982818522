# bench/lib.sh - what the benches share.  Sourced by bash scripts; sets
#   root      the sources
#   build     a release build ($AZUKARI_BUILD, else made in build-bench)
#   azukari, generate

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${AZUKARI_BUILD-}
if [ -z "$build" ]; then
	build=$root/build-bench
	[ -f "$build/build.ninja" ] ||
	    meson setup --buildtype=release "$build" "$root" >/dev/null || exit 1
	ninja -C "$build" app/azukari tools/generate/azukari-generate \
	    >/dev/null || exit 1
fi
azukari=$build/app/azukari
generate=$build/tools/generate/azukari-generate
survey=$root/data/surveys/corona-v1.json
text=$root/data/consent-texts/support-research.txt

# measured COMMAND...: runs it; one line of JSON: seconds, cpu_s, max_rss_mib.
# What the command itself writes goes to $measured_out.
measured_out=/dev/null
measured() {
	/usr/bin/python3 -c '
import json, resource, subprocess, sys, time
started = time.monotonic()
with open(sys.argv[1], "wb") as out:
    code = subprocess.run(sys.argv[2:], stdout=out).returncode
seconds = time.monotonic() - started
r = resource.getrusage(resource.RUSAGE_CHILDREN)
if code not in (0, 3):
    sys.exit(f"bench: {sys.argv[2:]} gave {code}")
print(json.dumps({"seconds": round(seconds, 2),
    "cpu_s": round(r.ru_utime + r.ru_stime, 2),
    "max_rss_mib": round(r.ru_maxrss / 1024)}))' "$measured_out" "$@"
}

# field NAME <JSON
field() {
	/usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# calc EXPRESSION: a number with two decimals.
calc() {
	awk "BEGIN { printf \"%.2f\", $1 }"
}

# make_home DIR: a gateway whose owner 14 has two of three seats, a survey, a
# consent text and a source.
make_home() {
	local dir=$1 seat
	mkdir -p "$dir" || return 1
	(
		cd "$dir" || exit 1
		az() { "$azukari" --quiet --home "$dir/home" "$@"; }
		umask 077
		echo "only for benches" >pass
		az --key-file "$dir/gateway.key-file" init "$dir/home" \
		    --origin bench.example/azukari --operator "Bench" || exit 1
		set --
		for seat in a b c; do
			az --passphrase-file pass keygen $seat --work-factor 10 \
			    2>/dev/null
			set -- "$@" --seat $seat.pub
		done
		az owner add 14 --name 神奈川県 --threshold 2 "$@" 2>/dev/null || exit 1
		for seat in a b c; do
			az owner pack 14 --seat $seat -o $seat.join
			az owner join $seat.join --identity $seat.key \
			    --passphrase-file pass -o $seat.joined >/dev/null
		done
		az owner activate 14 a.joined b.joined c.joined || exit 1
		az owner survey 14 "$survey" || exit 1
		az consent-text add 14 "$text" --title "研究への利用" || exit 1
		az source add 14 line --namespace line-14 || exit 1
	)
}

# make_lines FILE ROWS [OPTION...]: synthetic residents.
make_lines() {
	local file=$1 rows=$2
	shift 2
	"$generate" --owner 14 --rows "$rows" --consent-text \
	    "sha256:$(sha256sum "$text" | cut -c1-64)" "$@" >"$file"
}
