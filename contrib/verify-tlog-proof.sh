#!/bin/sh
# verify-tlog-proof.sh ENTRY PROOF LOG-VKEY [WITNESS-VKEY...]
#
# Checks, with nothing but openssl and the tools of any Unix, that the file
# ENTRY is an entry of the ledger whose key is LOG-VKEY, by the .tlog-proof
# file PROOF (c2sp.org/tlog-proof@v1), and that every WITNESS-VKEY given has
# cosigned that ledger.  A VKEY is the text NAME+ID+BASE64 or a file whose
# first line it is.  Exit status: 0 all of that holds, 1 it does not, 2 usage.
#
# Written from docs/FORMATS.md section 10 and the C2SP documents alone, so that
# it is a second opinion on the program, not a part of it.
set -eu
LC_ALL=C
export LC_ALL

say() { printf '%s\n' "$*"; }
die() { printf 'verify-tlog-proof: NOT VERIFIED: %s\n' "$*" >&2; exit 1; }

if [ $# -lt 3 ]; then
	sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
for file in "$1" "$2"; do
	if [ ! -f "$file" ] || [ ! -r "$file" ]; then
		printf 'verify-tlog-proof: cannot read %s\n' "$file" >&2
		exit 2
	fi
done

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
cp "$1" "$tmp/entry"
cp "$2" "$tmp/proof"
log_vkey=$3
shift 3
cd "$tmp"

sha256() { openssl dgst -sha256 -binary; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
size_of() { wc -c | tr -d ' '; }

# base64_decode TEXT FILE: only the one canonical spelling.
base64_decode() {
	printf '%s' "$1" | openssl base64 -d -A >"$2" 2>/dev/null || return 1
	[ "$(openssl base64 -A <"$2")" = "$1" ]
}

# is_number TEXT: decimal, no leading zero, small enough to count with.
is_number() {
	case $1 in
	'' | *[!0-9]* | 0?*) return 1 ;;
	esac
	[ ${#1} -le 18 ]
}

# --- keys -------------------------------------------------------------------

# load_key VKEY DIR TYPE: DIR gets name, id (hex) and key.der for openssl.
load_key() {
	vkey=$1
	case $vkey in
	*+*+*) ;;
	*)	[ -f "$OLDPWD/$vkey" ] && vkey=$OLDPWD/$vkey
		[ -f "$vkey" ] || die "no key: $1"
		vkey=$(sed -n 1p "$vkey") ;;
	esac
	mkdir "$2"
	name=${vkey%%+*}
	rest=${vkey#*+}
	id=${rest%%+*}
	printf '%s' "$name" >"$2/name"
	base64_decode "${rest#*+}" "$2/typed" || die "malformed key: $vkey"
	[ "$(size_of <"$2/typed")" = 33 ] || die "malformed key: $vkey"
	[ "$(dd if="$2/typed" bs=1 count=1 2>/dev/null | hex)" = "$3" ] ||
	    die "a key of another type is asked for here: $vkey"
	computed=$({ printf '%s\n' "$name"; cat "$2/typed"; } | sha256 |
	    dd bs=1 count=4 2>/dev/null | hex)
	[ "$computed" = "$id" ] || die "the id of this key is wrong: $vkey"
	printf '%s' "$id" >"$2/id"
	# SubjectPublicKeyInfo of an Ed25519 key: twelve fixed bytes, the key.
	{
		printf '\060\052\060\005\006\003\053\145\160\003\041\000'
		dd if="$2/typed" bs=1 skip=1 count=32 2>/dev/null
	} >"$2/key.der"
}

# ed25519 DIR MESSAGE SIGNATURE
ed25519() {
	openssl pkeyutl -verify -pubin -keyform DER -inkey "$1/key.der" \
	    -rawin -in "$2" -sigfile "$3" >/dev/null 2>&1
}

# --- the proof file ---------------------------------------------------------

parse_proof() {
	# Text only; and a shell drops NUL bytes without a word.
	[ "$(tr -d '\n\040-\176\200-\377' <proof | size_of)" = 0 ] ||
	    die "a control character in the proof"
	# The blank line that ends the path is the first one of the file.
	sed '/^$/,$d' proof >top
	sed '1,/^$/d' proof >note
	{ cat top; echo; cat note; } | cmp -s - proof ||
	    die "not a proof file"
	[ "$(sed -n 1p top)" = "c2sp.org/tlog-proof@v1" ] ||
	    die "not a tlog-proof of version 1"
	line=2
	case $(sed -n 2p top) in
	'extra '*) line=3 ;;
	esac
	index=$(sed -n "${line}p" top)
	case $index in
	'index '*) index=${index#index } ;;
	*) die "no index line" ;;
	esac
	is_number "$index" || die "the index is not a number"
	sed "1,${line}d" top >path
}

parse_checkpoint() {
	sed '/^$/,$d' note >text
	sed '1,/^$/d' note >signatures
	{ cat text; echo; cat signatures; } | cmp -s - note ||
	    die "the checkpoint is malformed"
	[ -s signatures ] || die "the checkpoint has no signature"
	if grep -q '^$' signatures; then
		die "the checkpoint has a blank line too many"
	fi
	origin=$(sed -n 1p text)
	size=$(sed -n 2p text)
	is_number "$size" || die "the size is not a number"
	base64_decode "$(sed -n 3p text)" root || die "the root is malformed"
	[ "$(size_of <root)" = 32 ] || die "the root is not 32 bytes"
	[ "$index" -lt "$size" ] ||
	    die "entry $index is outside a ledger of $size"
}

# --- signatures -------------------------------------------------------------

# signed_by DIR: every line of that key must verify, and there must be one.
# Type 04 carries a time, which is left in $cosigned_at (the earliest).
dash=$(printf '\342\200\224')
signed_by() {
	found=no
	cosigned_at=
	name=$(cat "$1/name")
	while IFS= read -r line; do
		case $line in
		"$dash $name "*) ;;
		"$dash "*) continue ;;
		*) die "a line that is no signature" ;;
		esac
		base64_decode "${line#"$dash $name "}" sig ||
		    die "a signature of $name is malformed"
		[ "$(dd if=sig bs=1 count=4 2>/dev/null | hex)" = \
		    "$(cat "$1/id")" ] || continue
		dd if=sig of=sig.rest bs=1 skip=4 2>/dev/null
		"check_$2" "$1" || die "a signature of $name is bad"
		found=yes
	done <signatures
	[ $found = yes ]
}

check_log() {
	[ "$(size_of <sig.rest)" = 64 ] && ed25519 "$1" text sig.rest
}

check_witness() {
	[ "$(size_of <sig.rest)" = 72 ] || return 1
	time=0
	for byte in $(dd if=sig.rest bs=1 count=8 2>/dev/null |
	    od -An -v -tu1); do
		time=$((time * 256 + byte))
	done
	[ $time -ge 0 ] || return 1
	dd if=sig.rest of=sig.bare bs=1 skip=8 2>/dev/null
	{ printf 'cosignature/v1\ntime %s\n' "$time"; cat text; } >message
	ed25519 "$1" message sig.bare || return 1
	if [ -z "$cosigned_at" ] || [ "$time" -lt "$cosigned_at" ]; then
		cosigned_at=$time
	fi
}

# --- the tree ---------------------------------------------------------------

# node LEFT RIGHT: the new hash replaces `climbed`.
node() {
	{ printf '\001'; cat "$1" "$2"; } | sha256 >climbed.new
	mv climbed.new climbed
}

# From the leaf up (RFC 9162, 2.1.3.2).
walk() {
	{ printf '\000'; cat entry; } | sha256 >climbed
	fn=$index
	sn=$((size - 1))
	while IFS= read -r line; do
		[ $sn -gt 0 ] || die "the path is too long"
		base64_decode "$line" sibling ||
		    die "a hash of the path is malformed"
		[ "$(size_of <sibling)" = 32 ] ||
		    die "a hash of the path is not 32 bytes"
		if [ $((fn % 2)) = 1 ] || [ "$fn" = "$sn" ]; then
			node sibling climbed
			while [ $((fn % 2)) = 0 ] && [ "$fn" != 0 ]; do
				fn=$((fn / 2))
				sn=$((sn / 2))
			done
		else
			node climbed sibling
		fi
		fn=$((fn / 2))
		sn=$((sn / 2))
	done <path
	[ $sn = 0 ] || die "the path is too short"
	cmp -s climbed root || die "this entry is not in that ledger at $index"
}

parse_proof
parse_checkpoint
load_key "$log_vkey" log 01
[ "$origin" = "$(cat log/name)" ] || die "the checkpoint is of another log"
signed_by log log || die "the checkpoint is not signed by this log"
walk
say "entry $index of $origin, which had $size entries"
number=0
for vkey in "$@"; do
	number=$((number + 1))
	load_key "$vkey" "witness$number" 04
	signed_by "witness$number" witness ||
	    die "not cosigned by $(cat "witness$number/name")"
	say "cosigned by $(cat "witness$number/name") at $cosigned_at" \
	    "($(date -u -d "@$cosigned_at" 2>/dev/null ||
	    date -u -r "$cosigned_at" 2>/dev/null || echo 'Unix time'))"
done
say "VERIFIED"
