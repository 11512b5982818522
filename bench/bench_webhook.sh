#!/bin/bash
# bench/bench_webhook.sh [SECONDS [USERS]] - signed LINE webhooks, durable,
# against libmicrohttpd alone answering 202 to the same requests.
#
# Plain HTTP on loopback for both (as behind a proxy), same client, same number
# of threads.  One line of JSON per number of connections.
. "$(dirname "$0")/lib.sh"
seconds=${1:-8} users=${2:-20000}
work=$(mktemp -d) || exit 1
pids=
finish() {
	for pid in $pids; do kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT
bench=$build/bench/bench_webhook
secret=0123456789abcdef0123456789abcdef
make_home "$work" >/dev/null || exit 1
(umask 077; echo "$secret" >"$work/secret")
"$azukari" --quiet --home "$work/home" line set 14 line --survey "corona 1" \
    --consent-text "sha256:$(sha256sum <"$text" | cut -c1-64)" \
    --scopes "support=Q01 research=Q02" --secret-file "$work/secret" \
    2>/dev/null || exit 1
cat >"$work/serve.json" <<JSON
{"azukari":"serve v1","plain":["127.0.0.1:0"],
 "limits":{"connections":4096,"connections_per_address":4096,"requests_per_second":0}}
JSON
chmod 600 "$work/serve.json"
"$azukari" --home "$work/home" serve --config "$work/serve.json" \
    2>"$work/log" &
server=$!
pids="$pids $server"
for _ in $(seq 100); do grep -q '"ready"' "$work/log" && break; sleep 0.1; done
port=$(sed -n 's/.*"address":"127.0.0.1:\([0-9]*\)".*/\1/p' "$work/log" | head -1)
[ -n "$port" ] || { cat "$work/log"; exit 1; }
"$bench" bare 18099 2 &
pids="$pids $!"
sleep 0.3
"$bench" load "$port" 8 60 $secret "$users" setup >/dev/null || exit 1
for connections in 1 32 512; do
	ours=$("$bench" load "$port" $connections "$seconds" $secret "$users") || exit 1
	bare=$("$bench" load 18099 $connections "$seconds" $secret "$users") || exit 1
	ratio=$(calc "$(field per_s <<<"$ours") / $(field per_s <<<"$bare")")
	echo "{\"connections\":$connections,\"azukari\":$ours,\"bare\":$bare,\"ratio\":$ratio}"
done
echo "{\"rss_kib\":$(awk '/VmRSS/ { print $2 }' /proc/$server/status),\"cpu\":\"$(ps -o cputime= -p $server)\"}"
