#!/bin/bash
# bench/bench_webhook.sh [SECONDS [USERS [MINUTES]]] - signed LINE webhooks,
# durable, against libmicrohttpd alone answering 202 to the same requests.
#
# Plain HTTP on loopback for both (as behind a proxy), same client, same number
# of threads, in turns, three times for each number of connections.  `cpu_us` is
# what the server's processors spent on a request: on a machine that others use,
# too, it says more than requests a second.  `ratio` is of requests, `cpu_ratio`
# of what bare and ours cost together with the client.
# Then an export beside the same load, and with MINUTES the memory over time.
. "$(dirname "$0")/lib.sh"
seconds=${1:-8} users=${2:-20000} minutes=${3:-0}
rounds=3
work=$(mktemp -d) || exit 1
pids=
finish() {
	for pid in $pids; do kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT
[ -n "${AZUKARI_BUILD-}" ] || ninja -C "$build" bench/bench_webhook >/dev/null || exit 1
bench=$build/bench/bench_webhook
secret=0123456789abcdef0123456789abcdef

# cpu PID: milliseconds of processor so far
cpu() {
	awk '{ print ($14 + $15) * 10 }' "/proc/$1/stat"
}

# load PID PORT CONNECTIONS SECONDS: one line of JSON, with cpu_us
load() {
	local before after said
	before=$(cpu "$1")
	said=$("$bench" load "$2" "$3" "$4" $secret "$users") || return 1
	after=$(cpu "$1")
	echo "${said%\}},\"cpu_us\":$(calc "($after - $before) * 1000 / $(field requests <<<"$said")")}"
}

# rss PID: KiB
rss() {
	awk '/VmRSS/ { print $2 }' "/proc/$1/status"
}

make_home "$work" >/dev/null && make_policy "$work" >/dev/null || exit 1
(
	cd "$work" && umask 077 && echo "$secret" >secret &&
	"$azukari" --passphrase-file pass keygen operator --work-factor 10 2>/dev/null
	"$azukari" --quiet --home home line set 14 line --survey "corona 1" \
	    --consent-text "sha256:$(digest "$text")" \
	    --scopes "support=Q01 research=Q02" --secret-file secret 2>/dev/null
	make_lines lines.ndjson 100000
	"$azukari" --quiet --home home intake 14 --source line lines.ndjson >/dev/null 2>&1
	cat >serve.json <<JSON
{"azukari":"serve v1","plain":["127.0.0.1:0"],
 "operators":[{"name":"op","ssh":"$(sed -n 2p operator.pub | cut -d' ' -f1,2)"}],
 "limits":{"connections":4096,"connections_per_address":4096,"requests_per_second":0}}
JSON
	chmod 600 serve.json
) || exit 1
plan=$(make_plan "$work" REQ-2026-001 2>/dev/null) || exit 1
"$azukari" --home "$work/home" serve --config "$work/serve.json" \
    2>"$work/log" &
server=$!
pids="$pids $server"
for _ in $(seq 600); do grep -q '"ready"' "$work/log" && break; sleep 0.1; done
port=$(sed -n 's/.*"address":"127.0.0.1:\([0-9]*\)".*/\1/p' "$work/log" | head -1)
[ -n "$port" ] || { cat "$work/log"; exit 1; }
"$bench" bare 18099 2 &
bare=$!
pids="$pids $bare"
sleep 0.3
"$bench" load "$port" 8 60 $secret "$users" setup >/dev/null || exit 1
for connections in 1 32 512; do
	for _ in $(seq $rounds); do
		load $server "$port" $connections "$seconds" || exit 1
		load $bare 18099 $connections "$seconds" || exit 1
	done | /usr/bin/python3 -c '
import json, statistics, sys
rows = [json.loads(s) for s in sys.stdin]
def one(rows):
    r = {k: statistics.median(r[k] for r in rows) for k in
         ("per_s", "p50_ms", "p99_ms", "cpu_us")}
    r["client_us"] = round(statistics.median(
        r["client_cpu_s"] * 1e6 / r["requests"] for r in rows), 1)
    return r
ours, bare = one(rows[::2]), one(rows[1::2])
cost = [r["cpu_us"] + r["client_us"] for r in (bare, ours)]
print(json.dumps({"connections": int(sys.argv[1]), "azukari": ours,
    "bare": bare, "ratio": round(ours["per_s"] / bare["per_s"], 2),
    "cpu_ratio": round(cost[0] / cost[1], 2)}))' $connections || exit 1
done

# An export beside: what it costs the webhooks, and how long it takes.
alone=$(load $server "$port" 32 "$seconds") || exit 1
"$azukari" --quiet --passphrase-file "$work/pass" session --gateway \
    "http://127.0.0.1:$port" --as operator:op --identity "$work/operator.key" \
    -o "$work/token" || exit 1
job() {
	curl -sS -H "Authorization: Bearer $(cat "$work/token")" \
	    -H "Content-Type: application/json" "$@"
}
began=$(date +%s%N)
job -d "{\"plan\":\"$plan\"}" "http://127.0.0.1:$port/v1/jobs" >/dev/null
(
	for _ in $(seq 6000); do
		job "http://127.0.0.1:$port/v1/jobs/$plan" >"$work/job"
		grep -Eq '"state":"(done|failed|cancelled)"' "$work/job" && break
		sleep 0.1
	done
	calc "($(date +%s%N) - $began) / 1e9" >"$work/job.seconds"
) &
watch=$!
beside=$(load $server "$port" 32 "$seconds") || exit 1
wait $watch
echo "{\"export_beside\":{\"state\":\"$(grep -o '"state":"[a-z]*"' "$work/job" | cut -d'"' -f4)\",\"export_s\":$(cat "$work/job.seconds"),\"alone\":$alone,\"beside\":$beside}}"

echo "{\"rss_kib\":$(rss $server)}"
for minute in $(seq "$minutes"); do
	load $server "$port" 512 60 >"$work/minute" || exit 1
	echo "{\"minute\":$minute,\"rss_kib\":$(rss $server),\"load\":$(cat "$work/minute")}"
done
