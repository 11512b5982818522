# bench/lib.sh - what the benches share.  Sourced by bash scripts; sets
#   root      the sources
#   build     a release build ($AZUKARI_BUILD, else made in build-bench)
#   azukari, generate

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${AZUKARI_BUILD-}
if [ -z "$build" ]; then
	build=$root/build-bench
	[ -f "$build/build.ninja" ] ||
	    meson setup --buildtype=release -Db_lto=true "$build" "$root" >/dev/null || exit 1
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

# make_policy DIR: the policy of owner 14, signed by two seats, with its ladders;
# the university is "keio".
make_policy() {
	local dir=$1 charter ladder ladders= seat
	(
		cd "$dir" || exit 1
		az() { "$azukari" --quiet --home home "$@"; }
		umask 077
		az --passphrase-file pass keygen pi --work-factor 10 2>/dev/null
		charter=$(az --json charter show 14 | result sha256)
		for ladder in age.json occupation.csv postcode.json; do
			az owner ladder 14 "${ladder%.*}" "$root/data/ladders/$ladder" || exit 1
			ladders="$ladders${ladders:+,}{\"name\":\"${ladder%.*}\",\"sha256\":\"$(digest "$root/data/ladders/$ladder")\"}"
		done
		cat >policy.json <<JSON
{"azukari":"policy v1","owner":"14","version":1,"previous":null,"charter":"$charter",
 "valid_from":"2020-01-01","valid_until":"2035-03-31",
 "surveys":[{"name":"corona","version":1,"sha256":"$(digest "$survey")"}],
 "consent_texts":[{"sha256":"$(digest "$text")","title":"研究への提供","scopes":["support","research"],
   "purposes":["DUO:0000007"],"diseases":["MONDO:0100096"],"valid_days":7300,"covers_earlier":false}],
 "partners":[{"id":"keio","name":"慶應義塾大学","name_en":"Keio University","institution":"慶應義塾",
   "address":"東京都港区三田2-15-45","representative":"塾長","investigator":"宮田 花子",
   "age":"$(sed -n 1p pi.pub)","ssh":"$(sed -n 2p pi.pub | cut -d' ' -f1,2)"}],
 "purposes":{"permission":"DUO:0000007","diseases":["MONDO:0100096"],"modifiers":["DUO:0000021"]},
 "legal_bases":["consent"],"ladders":[$ladders],
 "release":[{"survey":"corona","version":1,"fields":{"Q03":"as-is","Q04":"as-is",
   "Q08":{"ladder":"age","from":1,"to":4},"Q09":"as-is","Q10":{"ladder":"postcode","from":2,"to":3},
   "Q11":{"ladder":"occupation","from":1,"to":2},"Q12":"as-is","Q13":"as-is","Q14":"as-is",
   "Q15":"as-is","T01":"as-is"}}],
 "disclosure":{"k":10,"suppression_limit_basis_points":1000,"minimum_cell":10},
 "retention_days":3650,"plan_valid_days":30,
 "quotas":{"exports_per_year":12,"respondents_per_export":100000000},
 "byte_release":false,"denial":"veto",
 "withdrawal":{"hold_hours":24,"erase_backup_days":7,"daily_limit":5000},
 "accept_guessable_ids":false,"witnesses":{"policy_sha256":null}}
JSON
		for seat in a b; do
			az --passphrase-file pass sign policy policy.json \
			    --identity $seat.key -o policy.$seat.sig || exit 1
		done
		az owner policy 14 policy.json --sig policy.a.sig --sig policy.b.sig
	)
}

# make_plan DIR REQUEST: asks for all answers, freezes, and lets two seats
# approve and release; prints the plan, which then only has to be exported.
make_plan() {
	local dir=$1 request=$2 plan seat n=0
	(
		cd "$dir" || exit 1
		az() { "$azukari" --quiet --home home "$@"; }
		az request draft --id "$request" --project bench-cohort --title "Bench" \
		    --partner keio --institution 慶應義塾 --investigator "宮田 花子" \
		    --purpose "DUO:0000007 DUO:0000021" --disease MONDO:0100096 \
		    --legal-basis consent --ethics-approval 2026-0123 \
		    --ethics-expiry 2029-03-31 --owners 14 --survey "corona 1" \
		    --fields "Q03 Q04 Q08 Q09 Q10 Q11 Q12 Q13 Q14 Q15 T01" \
		    --period 2020-01-01..2029-12-31 --identity-pub pi.pub \
		    --retention-until 2029-03-31 --days 90 -o "$request" || exit 1
		"$azukari" --quiet --passphrase-file pass sign request "$request" \
		    --identity pi.key -o "$request.sig" || exit 1
		az request submit "$request" >&2 || exit 1
		plan=$(az --json plan freeze 14 "$request" | result plan) || exit 1
		for seat in a b a; do
			n=$((n + 1))
			az plan pack "$plan" --seat $seat -o $n.packet >&2 || exit 1
			"$azukari" --quiet --passphrase-file pass approve $n.packet \
			    --identity $seat.key --yes -o $n.answer >&2 || exit 1
			az plan accept $n.answer >&2 || exit 1
		done
		echo "$plan"
	)
}

# digest FILE
digest() {
	sha256sum "$1" | cut -c1-64
}

# result NAME <JSON: a field of what a command with --json says.
result() {
	/usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)["result"][sys.argv[1]])' "$1"
}

# make_lines FILE ROWS [OPTION...]: synthetic residents.
make_lines() {
	local file=$1 rows=$2
	shift 2
	"$generate" --owner 14 --rows "$rows" --consent-text \
	    "sha256:$(sha256sum "$text" | cut -c1-64)" "$@" >"$file"
}
