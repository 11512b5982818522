#!/usr/bin/python3
"""Read everything that stolen files give: the promise of erasure, tried.

The attacker has every file of a home (live, or older copies of some), the key
that unlocks the gateway, and the identities of some seats; with these it reads
every answer it can.  With fewer seats than the threshold that is none; with
enough it is everybody except those whose keys were erased, unless it also
holds an erase.db *with its key* from before the erasure (which is why these two
are never in one archive with vault.db, and why backups of them must end).

    attacker.py --home HOME --key-file KEY --owner 14 \\
        --seat a=a.id --seat b=b.id [--vault OLD-vault.db] \\
        [--erase OLD-erase.db [--erase-key OLD-erase-14.key]] > found.ndjson

Beyond contrib/recover.py, which reads as an owner would, it
  - takes the storage keys out of the gateway's own key files;
  - tries every subset of the shares it can open, and every key it has seen, as
    the key of an epoch, whatever the threshold says;
  - decrypts the raw pages of erase.db and its WAL, free pages included, and
    tries every 32 bytes of them as the key of an erased respondent.
Standard error says what it had and what it got.  Needs PyNaCl, age, sqlcipher,
openssl.
"""
import argparse
import itertools
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import recover  # noqa: E402
from recover import Refused  # noqa: E402

PAGE, RESERVE, SALT, IV = 16384, 48, 16, 16
WAL_HEAD, FRAME_HEAD = 32, 24
CIPHER = "PRAGMA cipher_compatibility = 3; PRAGMA cipher_page_size = 16384"


def read(path):
    with open(path, "rb") as f:
        return f.read()


# ---- the gateway's keys (3) ----

class GatewayKeys:
    """Everything in HOME/keys that the unlocking key opens."""

    def __init__(self, home, unlock, owner, erase_key=None):
        text = recover.age_open(unlock, read(
            os.path.join(home, "keys", "gateway.key")))
        fields = recover.read_text(text, "gateway-key")
        row, = [v.split(" ") for v in recover.run_of(fields, "owner")
                if v.startswith(owner + " ")]
        self.vault, self.index, self.event = row[1:]
        self.recipient = fields["recipient"].encode() + b"\n"
        sealed = read(erase_key or os.path.join(
            home, "keys", f"erase-{owner}.key"))
        self.erase = recover.read_text(
            recover.age_open(self.recipient, sealed), "erase-key")["key"]
        self.seen = {bytes.fromhex(k) for k in re.findall(
            "[0-9a-f]{64}", text.decode())} | {bytes.fromhex(self.erase)}


# ---- raw pages ----

def decrypt_page(key_hex, page, first):
    """A page of SQLCipher 3 without asking its MAC."""
    body = page[SALT if first else 0:PAGE - RESERVE]
    iv = page[PAGE - RESERVE:PAGE - RESERVE + IV]
    return subprocess.run(
        ["openssl", "enc", "-d", "-aes-256-cbc", "-nopad", "-K", key_hex,
         "-iv", iv.hex()], input=body, stdout=subprocess.PIPE,
        check=True).stdout


def raw_pages(path, key_hex):
    """Every page of a database and of its WAL, decrypted."""
    data = read(path)
    for at in range(0, len(data) - PAGE + 1, PAGE):
        yield decrypt_page(key_hex, data[at:at + PAGE], at == 0)
    wal = read(path + "-wal") if os.path.exists(path + "-wal") else b""
    step = FRAME_HEAD + PAGE
    for at in range(WAL_HEAD, len(wal) - step + 1, step):
        number = int.from_bytes(wal[at:at + 4], "big")
        yield decrypt_page(key_hex, wal[at + FRAME_HEAD:at + step],
                           number == 1)


def windows(path, key_hex):
    """Whatever in those pages could be a respondent's key: any 32 bytes that
    look random enough."""
    found = set()
    for page in raw_pages(path, key_hex):
        for at in range(len(page) - 31):
            piece = page[at:at + 32]
            if piece.count(0) <= 4 and len(set(piece)) >= 20:
                found.add(piece)
    return found


# ---- the vault ----

class Stolen(recover.Vault):
    """A vault opened with the gateway's keys instead of a recovery text."""

    def __init__(self, vault, erase, keys):
        self.vault = recover.Database(vault, keys.vault, CIPHER)
        self.erase = recover.Database(erase, keys.erase, CIPHER)
        self.keys, self.erase_path = keys, erase
        self.respondents = recover.Respondents(self.vault, self.erase)
        self.remnants = None

    def shares_of(self, row):
        """Every share file of an epoch, whoever it is for."""
        for seat, data in list(self.vault.rows(
                f"SELECT seat, hex(bytes) FROM share WHERE epoch = {row}")):
            yield seat, bytes.fromhex(data)

    def tag(self, number):
        return self.respondents.entries[number][:32]

    def guesses(self):
        """Keys for records whose respondent has none any more."""
        if self.remnants is None:
            self.remnants = windows(self.erase_path, self.keys.erase)
        return self.remnants


def guess_epoch_key(stolen, row, epoch, identities):
    """The epoch's key by any means, or None."""
    points = {}
    for (_, identity), (_, sealed) in itertools.product(
            identities, stolen.shares_of(row)):
        try:
            share = recover.read_text(
                recover.age_open(identity, sealed), "share")
        except Refused:
            continue
        points[int(share["x"])] = bytes.fromhex(share["share"])
    candidates = set(stolen.keys.seen) | set(points.values())
    for size in range(2, len(points) + 1):
        for chosen in itertools.combinations(points.items(), size):
            candidates.add(recover.interpolate(dict(chosen)))
    commitment = bytes.fromhex(epoch.fields["key-commitment"])
    for key in candidates:
        if epoch.commit(key) == commitment:
            return key
    return None


def open_by_guess(stolen, epoch, ek, record):
    number, generation, kind, _, sealed = record
    for key in stolen.guesses():
        try:
            return recover.open_record(
                ek, epoch, (key, stolen.tag(number), generation), kind,
                sealed)
        except Refused:
            continue
    return None


def open_any(stolen, epoch, ek, record):
    """Plaintext of a record, or None."""
    number, generation, kind, _, sealed = record
    try:
        who = stolen.respondents.find(number, generation)
        if who is not None:
            return recover.open_record(ek, epoch, who, kind, sealed)
    except Refused:
        pass
    return open_by_guess(stolen, epoch, ek, record)


def read_epoch(stolen, row, epoch, identities, counts):
    ek = guess_epoch_key(stolen, row, epoch, identities)
    for record in itertools.chain.from_iterable(stolen.segments(row)):
        counts["records"] += 1
        if ek is None or record[3]:
            continue
        plain = open_any(stolen, epoch, ek, record)
        if plain is not None:
            counts["read"] += 1
            yield recover.read_plain(record[2], plain, epoch)


def attack(home, unlock, owner, identities, vault=None, erase=None,
           erase_key=None):
    """Records that could be read, and the counts."""
    keys = GatewayKeys(home, unlock, owner, erase_key)
    folder = os.path.join(home, "owners", owner)
    counts, found = {"epochs": 0, "records": 0, "read": 0}, []
    with recover.copies(vault or os.path.join(folder, "vault.db"),
                        erase or os.path.join(folder, "erase.db")) as paths:
        stolen = Stolen(*paths, keys)
        for row, epoch, _, _ in stolen.epochs():
            counts["epochs"] += 1
            found += list(read_epoch(stolen, row, epoch, identities, counts))
    return found, counts


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--home", required=True)
    p.add_argument("--key-file", required=True,
                   help="a file with the AGE-SECRET-KEY that opens gateway.key")
    p.add_argument("--owner", required=True)
    p.add_argument("--seat", action="append", default=[],
                   metavar="NAME=IDENTITY")
    p.add_argument("--vault", help="an older vault.db")
    p.add_argument("--erase", help="another erase.db")
    p.add_argument("--erase-key", help="another erase-NN.key")
    return p.parse_args()


def main():
    args = arguments()
    identities = []
    for word in args.seat:
        seat, _, path = word.partition("=")
        identities.append((seat, recover.read_identity(path)))
    found, counts = attack(args.home, read(args.key_file), args.owner,
                           identities, args.vault, args.erase,
                           args.erase_key)
    for record in found:
        record["body"] = record["body"].hex()
        print(json.dumps(record, ensure_ascii=False))
    print(f"{len(identities)} seats: "
          + ", ".join(f"{k} {v}" for k, v in counts.items()),
          file=sys.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"attacker: {error}")
