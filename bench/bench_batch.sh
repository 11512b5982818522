#!/bin/bash
# bench/bench_batch.sh [ANSWERS [SMALL]] - batches of lines over HTTPS, against
# libmicrohttpd alone receiving the same bytes over TLS, and against the command
# line taking in the same file.
#
# Three times, in turns, each with other lines: the file by `azukari intake`, by
# the service, by the bare library; the service and the bare library get it from
# the same curl.  Rates are lines a second, acknowledged when durable; costs are
# processor time of the server, in microseconds a line.  Then SMALL batches of
# 100 lines, one behind the other on one connection: how long each took.
. "$(dirname "$0")/lib.sh"
answers=${1:-200000} small=${2:-200}
rounds=3
work=$(mktemp -d) || exit 1
pids=
finish() {
	for pid in $pids; do kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT
[ -n "${AZUKARI_BUILD-}" ] || ninja -C "$build" bench/bench_webhook >/dev/null || exit 1

# cpu PID: milliseconds of processor so far
cpu() {
	awk '{ print ($14 + $15) * 10 }' "/proc/$1/stat"
}

# send FILE URL [OUT]: seconds
send() {
	curl -sS --fail --cacert "$work/cert.pem" -H "Expect:" \
	    -H "Authorization: Bearer $(cat "$work/token")" \
	    -H "Content-Type: application/x-ndjson" -X POST -T "$1" \
	    -o "${3:-/dev/null}" -w '%{time_total}' "$2"
}

# timed PID FILE URL [OUT]: "SECONDS SERVER_MS"
timed() {
	local before seconds
	before=$(cpu "$1")
	seconds=$(send "$2" "$3" "${4-}") || return 1
	echo "$seconds $(($(cpu "$1") - before))"
}

make_home "$work" >/dev/null || exit 1
(
	cd "$work" && umask 077
	"$azukari" --passphrase-file pass keygen operator --work-factor 10 2>/dev/null
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost 2>/dev/null
	cat >serve.json <<JSON
{"azukari":"serve v1","listen":["127.0.0.1:0"],
 "certificate":"$work/cert.pem","key":"$work/key.pem",
 "operators":[{"name":"op","ssh":"$(sed -n 2p operator.pub | cut -d' ' -f1,2)"}],
 "limits":{"requests_per_second":0}}
JSON
	chmod 600 serve.json
	cp -a home apart
) || exit 1
"$azukari" --quiet --home "$work/home" serve --config "$work/serve.json" \
    2>"$work/log" &
server=$!
pids="$pids $server"
for _ in $(seq 600); do grep -q '"ready"' "$work/log" && break; sleep 0.1; done
port=$(sed -n 's/.*"address":"127.0.0.1:\([0-9]*\)".*/\1/p' "$work/log" | head -1)
[ -n "$port" ] || { cat "$work/log"; exit 1; }
"$build/bench/bench_webhook" bare 18099 2 "$work/cert.pem" "$work/key.pem" &
bare=$!
pids="$pids $bare"
sleep 0.3
"$azukari" --quiet --passphrase-file "$work/pass" session --gateway \
    "https://localhost:$port" --ca "$work/cert.pem" --as operator:op \
    --identity "$work/operator.key" -o "$work/token" || exit 1
url=https://localhost:$port/v1/intake/14/line

for round in $(seq $rounds); do
	make_lines "$work/lines" "$answers" --seed "$round"
	lines=$(wc -l <"$work/lines")
	measured_out=/dev/null
	ours=$(measured "$azukari" --quiet --home "$work/apart" intake 14 "$work/lines") || exit 1
	sent=$(timed $server "$work/lines" "$url" "$work/reply") || exit 1
	[ "$(result lines <"$work/reply")" = "$lines" ] &&
	    [ "$(result responses <"$work/reply")" = "$answers" ] || exit 1
	plain=$(timed $bare "$work/lines" https://localhost:18099/) || exit 1
	echo "$lines $(field seconds <<<"$ours") $(field cpu_s <<<"$ours") $sent $plain"
done >"$work/rows" || exit 1
/usr/bin/python3 - "$work/rows" <<'PY' || exit 1
import json, statistics, sys
rows = [[float(v) for v in s.split()] for s in open(sys.argv[1])]
middle = lambda f: statistics.median(f(*r) for r in rows)
cli = middle(lambda n, s, c, *_: n / s)
ours = middle(lambda n, a, b, s, *_: n / s)
bare = middle(lambda n, a, b, c, d, s, _: n / s)
print(json.dumps({
    "lines": rows[0][0],
    "command_line": {"per_s": round(cli), "cpu_us": round(
        middle(lambda n, s, c, *_: c * 1e6 / n), 2)},
    "https": {"per_s": round(ours), "cpu_us": round(
        middle(lambda n, a, b, c, ms, *_: ms * 1e3 / n), 2)},
    "bare": {"per_s": round(bare), "cpu_us": round(
        middle(lambda n, a, b, c, d, e, ms: ms * 1e3 / n), 2)},
    "of_command_line": round(middle(lambda n, s, c, t, *_: s / t), 2),
    "of_bare": round(middle(lambda n, a, b, s, d, t, _: t / s), 2)}))
PY

# Small ones: one curl, one connection.
make_lines "$work/lines" $((small * 100)) --seed 99
split -l 100 -a 4 -d "$work/lines" "$work/part-"
for part in $(ls "$work"/part-* | head -n "$small"); do
	cat <<CURL
url = "$url"
cacert = "$work/cert.pem"
header = "Authorization: Bearer $(cat "$work/token")"
header = "Content-Type: application/x-ndjson"
header = "Expect:"
request = POST
upload-file = "$part"
output = "/dev/null"
write-out = "%{http_code} %{time_total}\n"
next
CURL
done | sed '$d' >"$work/curl"
curl -sS --config "$work/curl" >"$work/times" || exit 1
/usr/bin/python3 - "$work/times" <<'PY'
import json, sys
rows = [s.split() for s in open(sys.argv[1])]
assert all(code == "200" for code, _ in rows), rows[:3]
ms = sorted(float(t) * 1000 for _, t in rows)
print(json.dumps({"batches_of_100": len(ms),
    "p50_ms": round(ms[len(ms) // 2], 1),
    "p99_ms": round(ms[len(ms) * 99 // 100], 1),
    "lines_per_s": round(100 * len(ms) / sum(ms) * 1000)}))
PY
