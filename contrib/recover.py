#!/usr/bin/python3
"""Read a vault without Azukari: the owner's last resort.

Needs t seats' identities, copies of vault.db and erase.db, the seats' recovery
files, and ordinary tools: Python with PyNaCl, `age`, `sqlcipher` (3 or 4).
Everything done here is written down in docs/FORMATS.md; the numbers in the
comments are its sections.

    recover.py --owner-dir owners/14 --seat a=a.key --seat b=b.key \\
        --survey corona.json > answers.ndjson

--owner-dir holds vault.db, erase.db and recovery/SEAT.age; --vault, --erase
and --recovery name them singly.  An identity is a NAME.key (age asks for its
passphrase) or a file with an AGE-SECRET-KEY line.  Records go to standard
output, one JSON object a line; what was found goes to standard error.  The
output is plaintext: it is the owner's to protect.
"""
import argparse
import contextlib
import datetime
import decimal
import hashlib
import hmac
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from nacl import bindings
from nacl.exceptions import CryptoError

KINDS = {1: "response", 2: "consent", 3: "withdrawal", 4: "conversation",
         5: "quarantine"}
SCOPES = {1: "support", 2: "research", 4: "recontact", 128: "all"}
NO_RESPONDENT = 0xffffffff
# By holder.layout: entries a block, and the bytes of a tag.
KEYS_PER_BLOCK, KEY_ENTRY = {1: 448, 2: 478}, 34
RESPONDENTS_PER_BLOCK = {1: (384, 32), 2: (624, 16)}


class Refused(Exception):
    """Something does not hold; the message says what."""


# ---- derivations (1) ----

def lp(*fields):
    """Each field behind its length."""
    return b"".join(struct.pack(">I", len(f)) + f for f in fields)


def kb(n, key, person, msg):
    """Keyed BLAKE2b."""
    return hashlib.blake2b(msg, key=key, person=person, digest_size=n).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


# ---- texts (1.2) ----

def read_text(data, kind):
    """`key: value` lines of a text as a dict, in their order."""
    lines = data.decode("utf-8").split("\n")
    if lines[0] != f"azukari-{kind} v1" or lines[-1] != "":
        raise Refused(f"not an azukari-{kind} v1")
    fields = {}
    for line in lines[1:-1]:
        key, colon, value = line.partition(": ")
        if not colon or not value or key in fields:
            raise Refused(f"azukari-{kind}: a bad line")
        fields[key] = value
    return fields


def run_of(fields, base):
    """The values of base-01, base-02, ..."""
    return [v for k, v in fields.items()
            if re.fullmatch(base + r"-\d{2,}", k)]


# ---- age and sqlcipher: the two programs we rely on ----

def read_identity(path):
    """The text of an identity; age asks for the passphrase of a NAME.key."""
    with open(path, "rb") as f:
        data = f.read()
    if data.startswith(b"age-encryption.org/"):
        data = subprocess.run(["age", "-d", path], stdout=subprocess.PIPE,
                              check=True).stdout
    if b"AGE-SECRET-KEY-1" not in data:
        raise Refused(f"{path}: no age identity")
    return data


def age_open(identity, sealed):
    """Plaintext of an age file.  The identity goes through a pipe."""
    read_end, write_end = os.pipe()
    try:
        with open(write_end, "wb") as f:
            f.write(identity)       # shorter than a pipe holds
        done = subprocess.run(
            ["age", "-d", "-i", f"/dev/fd/{read_end}"], input=sealed,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=[read_end], check=False)
    finally:
        os.close(read_end)
    if done.returncode != 0:
        raise Refused("age: " + done.stderr.decode(errors="replace").strip())
    return done.stdout


class Database:
    """An SQLCipher file, read through the sqlcipher program.  Neither key nor
    contents ever touch a disk: both go through pipes."""

    def __init__(self, path, key_hex, cipher):
        if not re.fullmatch("[0-9a-f]{64}", key_hex):
            raise Refused("a storage key is not 64 hexadecimal digits")
        self.path = path
        self.head = (f".timeout 60000\nPRAGMA key = \"x'{key_hex}'\";\n"
                     f"{cipher};\n")

    def rows(self, sql):
        """Rows as lists of texts; blobs must be asked for as hex().  To be
        read to the end before the next: two programs on one file in WAL mode
        may find it locked."""
        begin = "--rows--"
        with tempfile.TemporaryFile() as script, subprocess.Popen(
                ["sqlcipher", "-batch", "-bail", "-init", "/dev/null",
                 "-separator", "|", self.path],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=script, env={**os.environ, "LC_ALL": "C"}) as p:
            p.stdin.write(f"{self.head}SELECT '{begin}';\n{sql};\n".encode())
            p.stdin.close()
            seen = False
            for line in p.stdout:
                line = line.decode().rstrip("\n")
                if seen:
                    yield line.split("|")
                seen = seen or line == begin
            if p.wait() != 0 or not seen:
                script.seek(0)
                raise Refused(f"{os.path.basename(self.path)}: "
                              + script.read().decode(errors="replace").strip())


# ---- shares (4.3) ----

def gf_mul(a, b):
    """Product in GF(2^8) with x^8+x^4+x^3+x+1."""
    r = 0
    while b:
        if b & 1:
            r ^= a
        a = (a << 1) ^ (0x11b if a & 0x80 else 0)
        b >>= 1
    return r


def gf_inv(a):
    r = 1
    for _ in range(254):
        r = gf_mul(r, a)
    return r


def interpolate(points):
    """The value at 0 through {x: bytes}."""
    secret = bytearray(len(next(iter(points.values()))))
    for x, y in points.items():
        factor = 1
        for other in points:
            if other != x:
                factor = gf_mul(factor, gf_mul(other, gf_inv(other ^ x)))
        for i, byte in enumerate(y):
            secret[i] ^= gf_mul(factor, byte)
    return bytes(secret)


class Epoch:
    """epoch.txt and, after a redistribution, the arrangement in force."""

    def __init__(self, text, arrangement=None):
        self.fields = read_text(text, "epoch")
        self.sha256 = sha256(text)
        self.subject = self.fields["subject"]
        self.subject_sha256 = bytes.fromhex(self.fields["subject-sha256"])
        self.sources = run_of(self.fields, "source")
        self.texts = run_of(self.fields, "consent-text")
        self.opened = unix(self.fields["opened"])
        # Epochs without a list were opened before there were any (5.6).
        self.format = 2 if self.sources else 1
        seats = self.fields
        if arrangement:
            seats = read_text(arrangement, "arrangement")
            if seats["epoch-sha256"] != self.sha256.hex():
                raise Refused("the arrangement is of another epoch")
        self.threshold = int(seats["threshold"])
        self.digest = {}
        for line in run_of(seats, "share"):
            seat, _, digest = line.split(" ")
            self.digest[seat] = digest

    def check_share(self, text):
        """A share's fields, once its digest is the one in force."""
        share = read_text(text, "share")
        if self.digest.get(share["seat"]) != sha256(text).hex():
            raise Refused(f"the share of seat {share['seat']} is not the one "
                          "that was dealt")
        return share

    def combine(self, texts):
        """Share texts to the epoch's key."""
        shares = [self.check_share(t) for t in texts]
        points = {int(s["x"]): bytes.fromhex(s["share"]) for s in shares}
        if len(points) < self.threshold:
            raise Refused(f"{len(points)} shares where {self.threshold} "
                          "are needed")
        ek = interpolate(dict(list(points.items())[:self.threshold]))
        commitment = bytes.fromhex(self.fields["key-commitment"])
        if not hmac.compare_digest(self.commit(ek), commitment):
            raise Refused("the shares do not give the key that epoch.txt "
                          "commits to")
        return ek

    def commit(self, ek):
        f = self.fields
        return kb(32, ek, b"azk1.epoch.com", lp(
            f["kind"].encode(), f["owner"].encode(), bytes.fromhex(f["epoch"]),
            self.subject_sha256, bytes.fromhex(f["charter-sha256"])))


# ---- records (5) ----

def open_record(ek, epoch, respondent, kind, sealed):
    """respondent is (key, tag, generation), zeros for a quarantined line."""
    key, tag, generation = respondent
    gen = struct.pack(">I", generation)
    rid = sealed[:16]
    ekr = kb(32, ek, b"azk1.epoch.rec", epoch.sha256)
    record_key = kb(32, ekr, b"azk1.record", key + gen + bytes([kind]) + rid)
    aad = (b"azkrec1\0" + epoch.sha256 + epoch.subject_sha256 + tag + gen
           + bytes([kind, epoch.format]) + rid)
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed[16:], aad, rid + bytes(8), record_key)
    except CryptoError as e:
        raise Refused("a record does not open") from e


class Cursor:
    """Takes bytes from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        piece = self.data[self.at:self.at + n]
        if len(piece) != n:
            raise Refused("a record ends too early")
        self.at += n
        return piece

    def u8(self):
        return self.take(1)[0]

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise Refused("a number that is too long")

    def time(self, base):
        """A time as its difference to another."""
        return base + unzigzag(self.varint())

    def rest(self):
        return self.data[self.at:]


def utc(seconds):
    return datetime.datetime.fromtimestamp(
        seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix(text):
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp())


def numbered(names, number):
    """A line of one of the epoch's lists."""
    if not 1 <= number <= len(names):
        raise Refused("a record refers to what its epoch does not list")
    return names[number - 1]


def scopes_of(bits):
    return [name for bit, name in SCOPES.items() if bits & bit]


def read_facts(c, epoch, record):
    """What stands behind the user id in format 2 (5.1)."""
    record["source"] = numbered(epoch.sources, c.u8())
    received = c.time(epoch.opened)
    event = c.time(received)
    text = c.u8()
    if text:
        record["consent"] = {"text": numbered(epoch.texts, text),
                             "scopes": scopes_of(c.u8()),
                             "given": utc(c.time(event))}
    record["event"], record["received"] = utc(event), utc(received)


def read_first_facts(c, record):
    """The same in format 1 (5.6): a text by half of its digest."""
    record["source"] = c.take(c.u8()).decode()
    if c.u8():
        record["consent"] = {"text": c.take(16).hex(),
                             "scopes": scopes_of(c.u8()),
                             "given": utc(c.u32())}
    record["event"], record["received"] = utc(c.u32()), utc(c.u32())


def read_plain(kind, plain, epoch):
    """A plaintext as a dict; `body` is left as bytes."""
    body = plain.rstrip(b"\0")
    if len(plain) % (32 // epoch.format) or not body.endswith(b"\x80"):
        raise Refused("a record is not padded as it should be")
    c = Cursor(body[:-1])
    if c.u8() != epoch.format:
        raise Refused("a record of another format")
    code = c.u8()
    user = {0: lambda: None, 1: lambda: "U" + c.take(16).hex(),
            2: lambda: c.take(c.u8()).decode("utf-8")}[code]()
    record = {"kind": KINDS[kind], "user": user, "source": None,
              "consent": None}
    if epoch.format == 1:
        read_first_facts(c, record)
    else:
        read_facts(c, epoch, record)
    record["body"] = c.rest()
    return record


# ---- answers (5.2) ----

class Answers(Cursor):
    """Packed answers: behind the end there are zeros."""

    def take(self, n):
        piece = self.data[self.at:self.at + n]
        self.at += n
        return piece + bytes(n - len(piece))


def unzigzag(v):
    return (v >> 1) ^ -(v & 1)


def codes_of(field):
    return [c["value"] for c in field.get("categories", [])]


def answer_number(field, a):
    packed = a.varint()
    if packed == 0:
        return None
    places = field.get("decimals", 0) if field["type"] == "number" else 0
    least = field.get("constraints", {}).get("minimum", 0)
    scaled = unzigzag(packed - 1) + int(decimal.Decimal(least).scaleb(places))
    if field["type"] == "integer":
        return scaled
    return f"{decimal.Decimal(scaled).scaleb(-places):.{places}f}"


def answer_list(field, a):
    codes = codes_of(field)
    bits = int.from_bytes(a.take((len(codes) + 8) // 8), "little")
    if not bits & 1:
        return None
    return [c for i, c in enumerate(codes) if bits >> (i + 1) & 1]


def answer_string(field, a):
    codes = codes_of(field)
    if codes:
        i = int.from_bytes(a.take(2 if len(codes) > 254 else 1), "big")
        return codes[i - 1] if i else None
    digits = re.fullmatch(r"\^\[0-9\]\{(\d+)\}\$",
                          field.get("constraints", {}).get("pattern", ""))
    packed = a.varint()
    if packed == 0:
        return None
    if digits and int(digits[1]) <= 18:
        return str(packed - 1).zfill(int(digits[1]))
    return a.take(packed - 1).decode("utf-8")


def answer_date(field, a):
    days = int.from_bytes(a.take(2), "big")
    if days == 0:
        return None
    first = field.get("constraints", {}).get("minimum", "2000-01-01")
    return str(datetime.date.fromisoformat(min(first, "2000-01-01")) +
               datetime.timedelta(days - 1))


READERS = {"string": answer_string, "list": answer_list,
           "integer": answer_number, "number": answer_number,
           "date": answer_date,
           "boolean": lambda _, a: [None, False, True][a.u8()]}


def read_answers(survey, packed):
    a = Answers(packed)
    if a.u8() != 1:
        raise Refused("answers of another format")
    return {f["name"]: READERS[f["type"]](f, a) for f in survey["fields"]}


def read_survey(path):
    """Digest and document."""
    with open(path, "rb") as f:
        data = f.read()
    return sha256(data), json.loads(data, parse_float=decimal.Decimal)


def finish_record(record, survey, epoch):
    """Replaces `body` by what it says."""
    body, kind = record.pop("body"), record["kind"]
    if kind in ("response", "conversation") and survey:
        record["answers"] = read_answers(survey, body)
    elif kind == "consent":
        record["scopes"] = scopes_of(body[0])
        record["text"] = body[1:].hex() if epoch.format == 1 else \
            numbered(epoch.texts, body[1])
    elif kind == "withdrawal":
        record["scopes"] = scopes_of(body[0])
        record["permanent"] = body[1] == 1
    elif kind == "quarantine":
        record["reason"] = body[1:1 + body[0]].decode()
        record["line"] = body[1 + body[0]:].decode("utf-8", "replace")
    else:
        record["packed"] = body.hex()
    return record


# ---- segments and their root (5.3) ----

def first_head(respondent, generation, kind, flags, length):
    """An entry of the first layout as one of azkseg2."""
    units = (length - 32) // 16
    if (flags == 1) != (units == 0) or length != 32 + units * 16:
        raise Refused("a segment of the first layout is damaged")
    return respondent, generation, kind << 13 | units


def read_segment(data):
    """(respondent, generation, kind, removed, sealed) of each record."""
    c = Cursor(data)
    magic = c.take(8)
    if magic == b"azkseg2\0":
        heads = [struct.unpack(">IHH", c.take(8)) for _ in range(c.u32())]
    elif magic == b"azkseg4\0":
        heads = [struct.unpack(">IBH", b"\0" + c.take(6))
                 for _ in range(c.u32())]
        heads = [(NO_RESPONDENT if r == 0xffffff else r, g, x)
                 for r, g, x in heads]
    elif magic == b"azkseg1\0":
        heads = [first_head(*struct.unpack(">IHBBI", c.take(12)))
                 for _ in range(c.u32())]
    else:
        raise Refused("not a segment of this version")
    records = [(r, g, x >> 13, x & 0x1fff == 0, c.take(32 + (x & 0x1fff) * 16))
               for r, g, x in heads]
    if c.rest():
        raise Refused("a segment is longer than its records")
    return records


def segment_leaf(records):
    return sha256(b"\0" + b"".join(s[:16] + s[-16:] for *_, s in records))


def tree_root(leaves):
    """RFC 6962."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + tree_root(leaves[:k]) + tree_root(leaves[k:]))


# ---- respondents (5.4) ----

def layout_of(db):
    """holder.layout; files that do not have it yet are of the first one."""
    if not any(row[1] == "layout"
               for row in list(db.rows("PRAGMA table_info(holder)"))):
        return 1
    (layout,), = db.rows("SELECT layout FROM holder")
    if int(layout) not in KEYS_PER_BLOCK:
        raise Refused("a store is laid out in a way unknown here")
    return int(layout)


def blocks(db, table, per_block, entry):
    """{number: entry} of a table of blocks."""
    found = {}
    for block, data in db.rows(f"SELECT block, hex(bytes) FROM {table}"):
        data = bytes.fromhex(data)
        for i in range(len(data) // entry):
            found[int(block) * per_block + i] = data[i * entry:(i + 1) * entry]
    return found


class Respondents:
    """Tags and states from vault.db, keys from erase.db."""

    def __init__(self, vault, erase):
        per_block, self.tag_len = RESPONDENTS_PER_BLOCK[layout_of(vault)]
        self.entries = blocks(vault, "respondent_block", per_block,
                              self.tag_len + 10)
        self.keys = blocks(erase, "key_block",
                           KEYS_PER_BLOCK[layout_of(erase)], KEY_ENTRY)

    def find(self, number, generation):
        """(key, tag, generation), or None when it was erased."""
        if number == NO_RESPONDENT:
            return bytes(32), bytes(32), 0
        entry = self.entries.get(number)
        if entry is None:
            raise Refused(f"respondent {number} is not in vault.db")
        key = self.keys.get(number, bytes(KEY_ENTRY))
        if int.from_bytes(key[:2], "big") == generation:
            tag = entry[:self.tag_len]
            return key[2:], tag + bytes(32 - len(tag)), generation
        rest = entry[self.tag_len:]
        now, state = int.from_bytes(rest[:2], "big"), rest[2]
        if now == generation and state < 2:
            raise Refused(f"the key of respondent {number} is missing, though "
                          "nobody erased it")
        return None


# ---- a vault ----

class Vault:
    """What the recovery files and the two databases give."""

    def __init__(self, vault_path, erase_path, recovery):
        fields = read_text(recovery, "recovery")
        cipher = fields["cipher"]
        self.vault = Database(vault_path, fields["vault-key"], cipher)
        self.erase = Database(erase_path, fields["erase-key"], cipher)
        owner, = self.vault.rows("SELECT owner FROM holder")
        if owner != [fields["owner"]]:
            raise Refused("vault.db is another owner's")
        self.respondents = Respondents(self.vault, self.erase)

    def epochs(self):
        """(row, Epoch, records, root) of the epochs that hold records; the
        last two are None while one is open."""
        sql = ("SELECT e.number, hex(e.bytes), hex(ifnull((SELECT r.bytes "
               "FROM arrangement r WHERE r.epoch = e.number AND "
               "r.number = e.arrangement), '')), ifnull(e.records, ''), "
               "hex(ifnull(e.root, '')) FROM epoch e WHERE e.kind IN (1, 2) "
               "ORDER BY e.day, e.id")
        for row, text, arrangement, records, root in list(
                self.vault.rows(sql)):
            yield (int(row), Epoch(bytes.fromhex(text),
                                   bytes.fromhex(arrangement)),
                   int(records) if records else None, bytes.fromhex(root))

    def share(self, row, seat):
        """A seat's age file in the arrangement in force, or None."""
        if not re.fullmatch("[a-z][a-z0-9-]{0,31}", seat):
            raise Refused(f"{seat!r} is no seat")
        found = list(self.vault.rows(
            "SELECT hex(s.bytes) FROM share s JOIN epoch e ON e.number = "
            f"s.epoch WHERE s.epoch = {row} AND s.seat = '{seat}' AND "
            "s.arrangement = e.arrangement ORDER BY s.id DESC LIMIT 1"))
        return bytes.fromhex(found[0][0]) if found else None

    def segments(self, row):
        for data, in self.vault.rows(
                "SELECT hex(b.bytes) FROM segment s JOIN segment_body b ON "
                f"b.number = s.number WHERE s.epoch = {row} "
                "ORDER BY s.number"):
            yield read_segment(bytes.fromhex(data))


def epoch_key(vault, row, epoch, identities):
    """identities is [(seat, identity text)]; those that hold no share of this
    epoch, or cannot open it, are passed over."""
    texts = {}
    for seat, identity in identities:
        sealed = vault.share(row, seat)
        if sealed is None:
            continue
        try:
            texts[seat] = age_open(identity, sealed)
        except Refused as e:
            print(f"seat {seat}: {e}", file=sys.stderr)
    return epoch.combine(texts.values())


def epoch_records(vault, row, epoch, ek, counts):
    """Opened records of an epoch; counts is a dict to be filled."""
    leaves = []
    counts.update(records=0, opened=0, removed=0, erased=0, failed=0)
    for records in vault.segments(row):
        leaves.append(segment_leaf(records))
        for number, generation, kind, removed, sealed in records:
            counts["records"] += 1
            if removed:
                counts["removed"] += 1
                continue
            try:
                who = vault.respondents.find(number, generation)
                if who is None:
                    counts["erased"] += 1
                    continue
                record = read_plain(
                    kind, open_record(ek, epoch, who, kind, sealed), epoch)
            except Refused as e:
                print(f"{epoch.fields['epoch']}: {e}", file=sys.stderr)
                counts["failed"] += 1
                continue
            counts["opened"] += 1
            yield record
    counts["root"] = tree_root(leaves)


# ---- the command ----

def arguments():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--owner-dir", default=".")
    p.add_argument("--vault", help="default: OWNER-DIR/vault.db")
    p.add_argument("--erase", help="default: OWNER-DIR/erase.db")
    p.add_argument("--recovery", help="default: OWNER-DIR/recovery/SEAT.age "
                   "of the first seat")
    p.add_argument("--seat", action="append", required=True,
                   metavar="NAME=IDENTITY", help="once for each of t seats")
    p.add_argument("--survey", action="append", default=[], metavar="FILE")
    return p.parse_args()


@contextlib.contextmanager
def copies(*paths):
    """Copies of databases and their logs (all ciphertext): opening a database
    may change it, and a backup is not to be changed."""
    with tempfile.TemporaryDirectory(prefix="azukari-recover-") as folder:
        out = []
        for path in paths:
            to = os.path.join(folder, f"{len(out)}.db")
            shutil.copyfile(path, to)
            if os.path.exists(path + "-wal"):
                shutil.copyfile(path + "-wal", to + "-wal")
            out.append(to)
        yield out


def recover_epoch(vault, row, epoch, identities, surveys, out):
    """Writes the records; returns the counts."""
    counts = {}
    ek = epoch_key(vault, row, epoch, identities)
    for record in epoch_records(vault, row, epoch, ek, counts):
        record = {"epoch": epoch.fields["epoch"], "subject": epoch.subject,
                  **record}
        finish_record(record, surveys.get(epoch.subject_sha256), epoch)
        out.write(json.dumps(record, ensure_ascii=False) + "\n")
    return counts


def recover(vault, identities, surveys, out):
    """All epochs; the number of those with something wrong."""
    faults = 0
    for row, epoch, records, root in vault.epochs():
        name = f"{epoch.fields['day']} {epoch.subject} {epoch.fields['epoch']}"
        try:
            counts = recover_epoch(vault, row, epoch, identities, surveys, out)
        except Refused as e:
            print(f"{name}: {e}", file=sys.stderr)
            faults += 1
            continue
        found = (counts["records"], counts.pop("root"))
        whole = records is None or found == (records, root)
        state = "NOT WHOLE" if not whole else \
            "still open" if records is None else "whole"
        faults += not whole or counts["failed"] > 0
        print(f"{name}: {state}, "
              + ", ".join(f"{k} {v}" for k, v in counts.items()),
              file=sys.stderr)
    return faults


def main():
    args = arguments()
    identities = []
    for word in args.seat:
        seat, _, path = word.partition("=")
        identities.append((seat, read_identity(path)))
    seat, identity = identities[0]
    folder = args.owner_dir
    recovery = args.recovery or os.path.join(folder, "recovery", seat + ".age")
    with open(recovery, "rb") as f:
        text = age_open(identity, f.read())
    surveys = dict(read_survey(path) for path in args.survey)
    with copies(args.vault or os.path.join(folder, "vault.db"),
                args.erase or os.path.join(folder, "erase.db")) as paths:
        vault = Vault(*paths, text)
        return 1 if recover(vault, identities, surveys, sys.stdout) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"recover: {error}")
