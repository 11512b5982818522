#!/bin/bash
# What one would also write instead: PostgreSQL with pgcrypto.
#
#   postgres_pgcrypto.sh intake WORKDIR LINES.ndjson
#   postgres_pgcrypto.sh export WORKDIR OUT.csv.zst.age AGE-RECIPIENT
#   postgres_pgcrypto.sh stop   WORKDIR
#
# Lines are copied to a staging table and from there, in SQL, each answer is
# sealed by itself (AES-256-CBC and HMAC-SHA-256) and stored under a unique
# event; commits are durable.  The export checks every MAC, asks for consent,
# generalises, pseudonymises, drops groups below k people and writes CSV through
# zstd and age, with consents behind it.
#
# What it leaves out, in its favour: answers are not checked against the survey,
# levels are not searched, there is no archive, manifest or signature, no key of
# a single respondent, no ledger, no agreement of officers; and the server sees
# keys and plaintext.
#
# A cluster of its own in WORKDIR, on a Unix socket.  Prints one line of JSON:
# rows, seconds, bytes.  Seconds are of the work alone, not of starting up.
set -euo pipefail
command=${1-} work=${2-}
[ -n "$work" ] || { sed -n '4,6s/^# //p' "$0" >&2; exit 2; }
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "postgres: not installed" >&2; exit 4; }

# The server does not run as root.
server() {
	if [ "$(id -u)" = 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}
sql() {
	psql -X -q -v ON_ERROR_STOP=1 -h "$work/run" -U postgres "$@"
}

start() {
	[ ! -d "$work/data" ] || return 0
	mkdir -p "$work/run" "$work/data"
	[ "$(id -u)" != 0 ] || chown -R postgres "$work"
	server "$bin/initdb" -D "$work/data" -U postgres -A trust -E UTF8 \
	    --locale=C >/dev/null
	cat >>"$work/data/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$work/run'
		shared_buffers = '1GB'
		work_mem = '256MB'
		maintenance_work_mem = '256MB'
		max_wal_size = '4GB'
		jit = off
	CONF
	server "$bin/pg_ctl" -D "$work/data" -w -l "$work/run/log" start >/dev/null
	sql <<-SQL
		CREATE EXTENSION pgcrypto;
		CREATE TABLE secret (enc bytea, mac bytea, tag bytea);
		INSERT INTO secret SELECT gen_random_bytes(32), gen_random_bytes(32),
		    gen_random_bytes(32);
		CREATE UNLOGGED TABLE staging (line jsonb);
		CREATE TABLE answer (event bytea PRIMARY KEY, tag bytea, at text,
		    sealed bytea, mac bytea);
		CREATE TABLE consent (event bytea PRIMARY KEY, tag bytea, at text,
		    scopes jsonb, shown text);
		CREATE TABLE withdrawal (event bytea PRIMARY KEY, tag bytea, at text,
		    scopes jsonb);
	SQL
}

report() { # ROWS BEGAN BYTES
	awk -v rows="$1" -v began="$2" -v now="$(date +%s.%N)" -v bytes="$3" \
	    'BEGIN { printf "{\"rows\": %d, \"seconds\": %.2f, \"bytes\": %d}\n",
	    rows, now - began, bytes }'
}

take_in() {
	local began
	began=$(date +%s.%N)
	sql -c "\\copy staging from '$1' with (format csv, delimiter e'\\x02', quote e'\\x01')"
	sql <<-'SQL'
		BEGIN;
		INSERT INTO answer
		SELECT event, tag, at, sealed, hmac(tag || sealed, mac, 'sha256')
		FROM (SELECT substr(hmac(convert_to(line->>'event', 'UTF8'), s.tag, 'sha256'), 1, 16) AS event,
		        hmac(convert_to(line->>'respondent', 'UTF8'), s.tag, 'sha256') AS tag,
		        line->>'time' AS at, iv || encrypt_iv(convert_to(
		            jsonb_build_array(line->'respondent', line->'answers')::text,
		            'UTF8'), s.enc, iv, 'aes') AS sealed, s.mac
		    FROM staging, secret s, LATERAL (SELECT gen_random_bytes(16) AS iv
		        WHERE line IS NOT NULL OFFSET 0) r
		    WHERE line->>'type' = 'response' OFFSET 0) a
		ON CONFLICT DO NOTHING;
		INSERT INTO consent
		SELECT substr(hmac(convert_to(line->>'event', 'UTF8'), s.tag, 'sha256'), 1, 16),
		    hmac(convert_to(line->>'respondent', 'UTF8'), s.tag, 'sha256'), line->>'time',
		    line->'scopes', line->>'text'
		FROM staging, secret s WHERE line->>'type' = 'consent'
		ON CONFLICT DO NOTHING;
		INSERT INTO withdrawal
		SELECT substr(hmac(convert_to(line->>'event', 'UTF8'), s.tag, 'sha256'), 1, 16),
		    hmac(convert_to(line->>'respondent', 'UTF8'), s.tag, 'sha256'), line->>'time',
		    line->'scopes'
		FROM staging, secret s WHERE line->>'type' = 'withdrawal'
		ON CONFLICT DO NOTHING;
		COMMIT;
	SQL
	report "$(sql -At -c 'SELECT count(*) FROM staging')" "$began" "$(sql -At \
	    -c "SELECT pg_total_relation_size('answer') + pg_total_relation_size('consent')
	        + pg_total_relation_size('withdrawal')")"
	sql -c 'TRUNCATE staging' -c 'VACUUM ANALYZE'
}

# One 0/1 column per option of a list: ${1} the field, the rest its codes.
options() {
	local field=$1 code
	shift
	for code; do
		printf ", CASE WHEN a ? '%s' THEN (a->'%s' ? '%s')::int END AS \"%s_%s\"" \
		    "$field" "$field" "$code" "$field" "$code"
	done
}

write_tables() {
	sql -v key="$(openssl rand -hex 32)" <<-SQL
		CREATE TEMP TABLE given AS
		SELECT DISTINCT ON (tag) tag, at, shown FROM consent c
		WHERE scopes ? 'research' AND NOT EXISTS (SELECT FROM withdrawal w
		    WHERE w.tag = c.tag AND (w.scopes ? 'all' OR w.scopes ? 'research')
		    AND w.at >= c.at)
		ORDER BY tag, at DESC;
		CREATE TEMP TABLE opened AS
		SELECT substr(hmac(o.tag, decode(:'key', 'hex'), 'sha256'), 1, 16) AS pseudonym,
		    o.tag, o.at, o.a, (a->>'Q08')::int / 10 * 10 AS age, a->>'Q09' AS sex,
		    substr(a->>'Q10', 1, 3) AS place, CASE WHEN a->>'Q11' < '05' THEN 'A'
		    WHEN a->>'Q11' < '09' THEN 'B' WHEN a->>'Q11' < '13' THEN 'C'
		    WHEN a ? 'Q11' THEN 'D' END AS work
		FROM (SELECT x.tag, x.at, convert_from(decrypt_iv(substr(sealed, 17), s.enc,
		            substr(sealed, 1, 16), 'aes'), 'UTF8')::jsonb->1 AS a
		    FROM answer x JOIN given g ON g.tag = x.tag AND g.at <= x.at, secret s
		    WHERE x.mac = hmac(x.tag || sealed, s.mac, 'sha256') OFFSET 0) o;
		CREATE TEMP TABLE kept AS
		SELECT o.* FROM opened o JOIN (SELECT age, sex, place, work FROM opened
		    GROUP BY 1, 2, 3, 4 HAVING count(DISTINCT pseudonym) >= 10) g
		ON (o.age, o.sex, o.place, o.work) IS NOT DISTINCT FROM
		    (g.age, g.sex, g.place, g.work);
		COPY (SELECT encode(pseudonym, 'hex') AS pseudonym, a->>'Q03' AS "Q03"
		    $(options Q04 S1 S2 S3 S4 S5 S6 S7 S8 S0 S9), age, sex, place, work
		    $(options Q12 H1 H2 H3 H4 H5 H6 H7 H8 H0 H9),
		    a->>'Q13' AS "Q13", a->>'Q14' AS "Q14", a->>'Q15' AS "Q15",
		    a->>'T01' AS "T01"
		    FROM kept ORDER BY pseudonym, at) TO STDOUT WITH (FORMAT csv, HEADER);
		COPY (SELECT encode(k.pseudonym, 'hex') AS pseudonym, g.shown,
		    substr(g.at, 1, 4) AS year, encode(gen_random_bytes(16), 'hex') AS receipt
		    FROM (SELECT DISTINCT pseudonym, tag FROM kept) k JOIN given g USING (tag)
		    ORDER BY 1) TO STDOUT WITH (FORMAT csv, HEADER);
	SQL
}

hand_out() {
	local began
	began=$(date +%s.%N)
	write_tables | zstd -1 -q -c | age -r "$2" -o "$1"
	report "$(sql -At -c 'SELECT count(*) FROM answer')" "$began" \
	    "$(stat -c %s "$1")"
}

case $command in
intake) start; take_in "$3" ;;
export) hand_out "$3" "$4" ;;
stop) server "$bin/pg_ctl" -D "$work/data" -w -m fast stop >/dev/null ;;
*) sed -n '4,6s/^# //p' "$0" >&2; exit 2 ;;
esac
