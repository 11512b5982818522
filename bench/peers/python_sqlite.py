#!/usr/bin/python3
"""What one would write instead: Python, PyNaCl, SQLite, pandas, tar, zstd, age.

    python_sqlite.py intake LINES.ndjson STORE.db SURVEY.json
    python_sqlite.py export STORE.db OUT.tar.zst.age SURVEY.json AGE-RECIPIENT

The baseline of the benches: the same lines in, a comparable file out, written
to be fast without being strange.  Each answer is checked against the survey,
sealed by itself (XChaCha20-Poly1305) and stored in SQLite in WAL mode, 10,000
lines a transaction; an event is taken in once.  The export opens every answer,
asks for consent, generalises, pseudonymises, drops groups below k people,
writes CSV, compresses, encrypts and signs.

What it leaves out, and azukari does not: keys of single respondents (so nobody
can be erased), dealt keys, quarantine, a ledger, and any agreement of officers.

Prints one line of JSON: rows, seconds, rows_per_s, max_rss_mib, bytes.
"""
import hashlib
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time

from nacl import bindings, signing

ROWS_A_TRANSACTION = 10_000
K = 10
CONSENT_SCOPE = "research"

SCHEMA = """
CREATE TABLE answer (id INTEGER PRIMARY KEY, tag BLOB, event BLOB UNIQUE,
    time TEXT, sealed BLOB);
CREATE TABLE consent (event BLOB UNIQUE, tag BLOB, time TEXT, scopes TEXT,
    text TEXT);
CREATE TABLE withdrawal (event BLOB UNIQUE, tag BLOB, time TEXT, scopes TEXT);
"""


def open_store(path):
    """The database and its key, which stands beside it."""
    new = not os.path.exists(path)
    if new:
        with open(path + ".key", "wb") as f:
            f.write(os.urandom(32))
    with open(path + ".key", "rb") as f:
        key = f.read()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -262144")
    if new:
        db.executescript(SCHEMA)
    return db, key


# ---- intake ----

class Rules:
    """A survey's fields, ready for quick checks."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            fields = json.load(f)["fields"]
        self.codes = {f["name"]: {c["value"] for c in f["categories"]}
                      for f in fields if "categories" in f}
        self.lists = {f["name"] for f in fields if f["type"] == "list"}
        self.ranges = {f["name"]: (f["constraints"].get("minimum"),
                                   f["constraints"].get("maximum"))
                       for f in fields if f["type"] in ("integer", "number")}
        self.texts = {f["name"] for f in fields} - set(self.codes) - set(
            self.ranges)

    def check(self, answers):
        for name, value in answers.items():
            if name in self.lists:
                if not self.codes[name].issuperset(value):
                    raise ValueError(f"{name}: unknown code")
            elif name in self.codes:
                if value not in self.codes[name]:
                    raise ValueError(f"{name}: unknown code")
            elif name in self.ranges:
                low, high = self.ranges[name]
                if not low <= value <= high:
                    raise ValueError(f"{name}: out of range")
            elif name not in self.texts or not isinstance(value, str):
                raise ValueError(f"{name}: unknown field")


def keyed(key, text, size):
    return hashlib.blake2b(text.encode(), key=key, digest_size=size).digest()


def seal(key, plain, aad):
    nonce = os.urandom(24)
    return nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        plain, aad, nonce, key)


class Intake:
    def __init__(self, db, key, rules):
        self.db, self.key, self.rules = db, key, rules
        self.answers, self.consents, self.withdrawals = [], [], []
        self.bad = 0

    def line(self, text):
        doc = json.loads(text)
        kind = doc["type"]
        tag = keyed(self.key, doc["respondent"], 32)
        event = keyed(self.key, doc["event"], 16)
        if kind == "response":
            self.rules.check(doc["answers"])
            plain = json.dumps([doc["respondent"], doc["answers"]],
                               separators=(",", ":")).encode()
            self.answers.append(
                (tag, event, doc["time"], seal(self.key, plain, tag)))
        elif kind == "consent":
            self.consents.append((event, tag, doc["time"],
                                  " ".join(doc["scopes"]), doc["text"]))
        else:
            self.withdrawals.append((event, tag, doc["time"],
                                     " ".join(doc["scopes"])))

    def commit(self):
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany(
            "INSERT OR IGNORE INTO answer (tag, event, time, sealed) "
            "VALUES (?, ?, ?, ?)", self.answers)
        self.db.executemany(
            "INSERT OR IGNORE INTO consent VALUES (?, ?, ?, ?, ?)",
            self.consents)
        self.db.executemany(
            "INSERT OR IGNORE INTO withdrawal VALUES (?, ?, ?, ?)",
            self.withdrawals)
        self.db.execute("COMMIT")
        self.answers.clear()
        self.consents.clear()
        self.withdrawals.clear()


def take_in(lines_path, store_path, survey_path):
    db, key = open_store(store_path)
    intake = Intake(db, key, Rules(survey_path))
    rows = 0
    with open(lines_path, encoding="utf-8") as lines:
        for rows, text in enumerate(lines, 1):
            try:
                intake.line(text)
            except (ValueError, KeyError, TypeError):
                intake.bad += 1
            if rows % ROWS_A_TRANSACTION == 0:
                intake.commit()
    intake.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return rows, os.path.getsize(store_path)


# ---- export ----

PLAIN = ["Q03", "Q09", "Q13", "Q14", "Q15", "T01"]
LISTS = ["Q04", "Q12"]
AGE_BAND = 10
POSTCODE_DIGITS = 3
OCCUPATIONS = {"01": "A", "02": "A", "03": "A", "04": "A", "05": "B",
               "06": "B", "07": "B", "08": "B", "09": "C", "10": "C",
               "11": "C", "12": "C", "13": "D", "14": "D", "99": "D"}
QUASI = ["Q08", "Q09", "Q10", "Q11"]


def consents_in_force(db):
    """{tag: (given, text)} of those who consented and did not take it back."""
    given = {}
    for tag, when, scopes, text in db.execute(
            "SELECT tag, time, scopes, text FROM consent"):
        if CONSENT_SCOPE in scopes.split():
            given[tag] = max(given.get(tag, ("", "")), (when, text))
    for tag, when, scopes in db.execute(
            "SELECT tag, time, scopes FROM withdrawal"):
        if {"all", CONSENT_SCOPE} & set(scopes.split()) and tag in given \
                and when >= given[tag][0]:
            del given[tag]
    return given


def opened_rows(db, key, given):
    """(tag, time, answers) of answers that may leave."""
    decrypt = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt
    for tag, when, sealed in db.execute(
            "SELECT tag, time, sealed FROM answer"):
        plain = decrypt(sealed[24:], tag, sealed[:24], key)
        _, answers = json.loads(plain)
        if tag in given and given[tag][0] <= when:
            yield tag, when, answers


def make_frame(db, key, project_key, codes):
    """The generalised, pseudonymised table, and the consent of each person."""
    import pandas

    rows, pseudonyms, given = [], {}, consents_in_force(db)
    for tag, when, a in opened_rows(db, key, given):
        if tag not in pseudonyms:
            pseudonyms[tag] = hashlib.blake2b(
                tag, key=project_key, digest_size=16).hexdigest()
        row = [pseudonyms[tag], when]
        row += [a.get(name) for name in PLAIN]
        for name in LISTS:
            chosen = a.get(name)
            row += [None if chosen is None else int(c in chosen)
                    for c in codes[name]]
        age = a.get("Q08")
        row.append(None if age is None else age // AGE_BAND * AGE_BAND)
        row.append(a.get("Q10", "")[:POSTCODE_DIGITS])
        row.append(OCCUPATIONS.get(a.get("Q11")))
        rows.append(row)
    columns = ["pseudonym", "time", *PLAIN]
    columns += [f"{n}_{c}" for n in LISTS for c in codes[n]]
    columns += ["Q08", "Q10", "Q11"]
    frame = pandas.DataFrame(rows, columns=columns)
    for name in [c for c in columns if "_" in c] + ["Q08"]:
        frame[name] = frame[name].astype("Int16")
    consents = {pseudonym: given[tag] for tag, pseudonym in pseudonyms.items()}
    return frame, consents


def drop_small_groups(frame):
    """k counts people, not rows."""
    people = frame.groupby(QUASI, dropna=False)["pseudonym"].transform(
        "nunique")
    return frame[people >= K]


def write_consents(frame, consents, path):
    """One line a person: text, year, and a receipt that means nothing else."""
    with open(path, "w", encoding="utf-8") as f:
        f.write("pseudonym,text,year,receipt\n")
        for pseudonym in frame["pseudonym"].unique():
            when, text = consents[pseudonym]
            f.write(f"{pseudonym},{text},{when[:4]},{os.urandom(16).hex()}\n")


def pack(frame, consents, folder, out, recipient):
    """CSV, manifest, tar, zstd, age, signature."""
    frame = frame.sort_values(["pseudonym", "time"]).drop(columns="time")
    frame.to_csv(os.path.join(folder, "responses.csv"), index=False)
    write_consents(frame, consents, os.path.join(folder, "consents.csv"))
    with open(os.path.join(folder, "manifest-sha256.txt"), "w",
              encoding="utf-8") as manifest:
        for name in ("responses.csv", "consents.csv"):
            with open(os.path.join(folder, name), "rb") as f:
                digest = hashlib.file_digest(f, "sha256").hexdigest()
            manifest.write(f"{digest}  {name}\n")
    with open(os.path.join(folder, "datapackage.json"), "w",
              encoding="utf-8") as f:
        json.dump({"resources": [{"path": "responses.csv", "schema": {
            "fields": [{"name": n} for n in frame.columns]}}]}, f)
    tar = subprocess.Popen(["tar", "-C", folder, "-cf", "-", "."],
                           stdout=subprocess.PIPE)
    zstd = subprocess.Popen(["zstd", "-1", "-q", "-c"], stdin=tar.stdout,
                            stdout=subprocess.PIPE)
    age = subprocess.Popen(["age", "-r", recipient, "-o", out],
                           stdin=zstd.stdout)
    if age.wait() or zstd.wait() or tar.wait():
        sys.exit("python_sqlite: packing failed")
    with open(out, "rb") as f:
        digest = hashlib.file_digest(f, "sha256").digest()
    with open(out + ".sig", "wb") as f:
        f.write(signing.SigningKey.generate().sign(digest))


def hand_out(store_path, out, survey_path, recipient):
    db, key = open_store(store_path)
    with open(survey_path, encoding="utf-8") as f:
        fields = json.load(f)["fields"]
    codes = {f["name"]: [c["value"] for c in f["categories"]]
             for f in fields if f["name"] in LISTS}
    considered = db.execute("SELECT count(*) FROM answer").fetchone()[0]
    frame, consents = make_frame(db, key, os.urandom(32), codes)
    frame = drop_small_groups(frame)
    with tempfile.TemporaryDirectory() as folder:
        pack(frame, consents, folder, out, recipient)
    return considered, os.path.getsize(out)


COMMANDS = {"intake": (take_in, 3), "export": (hand_out, 4)}


def main():
    name, args = sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]
    if name not in COMMANDS or len(args) != COMMANDS[name][1]:
        sys.exit(__doc__)
    started = time.monotonic()
    rows, size = COMMANDS[name][0](*args)
    seconds = time.monotonic() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": round(seconds, 2),
                      "rows_per_s": round(rows / seconds),
                      "max_rss_mib": round(memory), "bytes": size}))


if __name__ == "__main__":
    main()
