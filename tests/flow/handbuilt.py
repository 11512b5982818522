"""Bundles assembled by hand, from docs/FORMATS.md and nothing else.

No line of this comes from the program: texts, trees, signed notes, cosignatures, pseudonyms and bags are written here
as the document says, with ssh-keygen, age, zstd and tar's format.  What `azukari verify` thinks of them is what a
stranger's bundle gets.  A Hand is one bundle; its hooks (changes) alter one thing at the step it is made, so that all
that is signed, hashed and logged afterwards follows, and exactly one rule is broken.

Section numbers are those of docs/FORMATS.md.
"""

import base64
import csv
import hashlib
import hmac
import io
import json
import subprocess
import tarfile
from pathlib import Path

import nacl.bindings
import nacl.signing

ORIGIN = "azukari.example/by-hand"
PASSPHRASE = "by hand"


# --- 1: conventions ---------------------------------------------------------

def sha256(data):
    return hashlib.sha256(data).hexdigest()


def lp(*fields):
    return b"".join(len(f).to_bytes(4, "big") + f for f in fields)


def kb(size, key, person, message):
    return hashlib.blake2b(message, key=key, person=person.encode(), digest_size=size).digest()


def b64(data):
    return base64.b64encode(data).decode()


def made(*what):
    """Bytes that look random and are the same each time: nonces, tags, keys of this file."""
    return hashlib.sha256(repr(what).encode()).digest()


class Text:
    """A signed text (1.2): keys in the order they were given."""

    def __init__(self, kind, *pairs):
        self.head = f"azukari-{kind} v1"
        self.pairs = [list(p) for p in pairs]

    def get(self, key):
        return next(v for k, v in self.pairs if k == key)

    def put(self, key, value):
        for pair in self.pairs:
            if pair[0] == key:
                pair[1] = value
                return
        raise KeyError(key)

    def drop(self, key):
        self.pairs = [p for p in self.pairs if p[0] != key]

    def behind(self, key, *pairs):
        at = [k for k, _ in self.pairs].index(key) + 1
        self.pairs[at:at] = [list(p) for p in pairs]

    def data(self):
        return (self.head + "\n" + "".join(f"{k}: {v}\n" for k, v in self.pairs)).encode()


def run(key, values):
    """A run key-01, key-02, ... of 1.2."""
    return [(f"{key}-{i:02d}", v) for i, v in enumerate(values, 1)]


# --- 1.3 and 2: keys of people ----------------------------------------------

class Person:
    """An OpenSSH key and an age key, as ssh-keygen and age-keygen make them."""

    def __init__(self, folder, name):
        self.name = name
        self.ssh = folder / f"{name}.ssh"
        self.id = folder / f"{name}.id"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.ssh], check=True)
        subprocess.run(["age-keygen", "-o", self.id], check=True, capture_output=True)
        self.key = " ".join(Path(f"{self.ssh}.pub").read_text().split()[:2])
        self.age = next(line.split()[-1] for line in self.id.read_text().splitlines() if "public key" in line)

    def sign(self, kind, data):
        return subprocess.run(["ssh-keygen", "-Y", "sign", "-q", "-f", self.ssh, "-n", f"{kind}@azukari"],
                              input=data, check=True, capture_output=True).stdout

    def fingerprint(self):
        raw = base64.b64decode(self.key.split()[1])
        return "SHA256:" + b64(hashlib.sha256(raw).digest()).rstrip("=")

    def identity(self):
        """NAME.key: the plaintext of section 2, sealed with a passphrase."""
        lines = Path(self.ssh).read_text().splitlines()
        secret = next(x for x in self.id.read_text().splitlines() if x.startswith("AGE-SECRET-KEY-1"))
        plain = f"# azukari identity {self.name}, made 2026-01-05T00:00:00Z\n{secret}\n"
        return age_scrypt((plain + "".join(f"# {x}\n" for x in lines)).encode(), PASSPHRASE)


def age_scrypt(plain, passphrase, work=10):
    """An age v1 file with one scrypt stanza."""
    def hkdf(salt, key, info):
        return hmac.digest(hmac.digest(salt, key, "sha256"), info + b"\1", "sha256")

    def seal(key, nonce, data):
        return nacl.bindings.crypto_aead_chacha20poly1305_ietf_encrypt(data, None, nonce, key)

    def raw(data):
        return b64(data).rstrip("=")

    salt, file_key, nonce = made("salt")[:16], made("file key")[:16], made("nonce")[:16]
    wrap = hashlib.scrypt(passphrase.encode(), salt=b"age-encryption.org/v1/scrypt" + salt, n=1 << work, r=8, p=1,
                          maxmem=1 << 26, dklen=32)
    head = f"age-encryption.org/v1\n-> scrypt {raw(salt)} {work}\n{raw(seal(wrap, bytes(12), file_key))}\n---"
    mac = hmac.digest(hkdf(b"", file_key, b"header"), head.encode(), "sha256")
    key = hkdf(nonce, file_key, b"payload")
    assert len(plain) <= 65536
    return f"{head} {raw(mac)}\n".encode() + nonce + seal(key, bytes(11) + b"\1", plain)


# --- 10: the ledger ----------------------------------------------------------

def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def tree(leaves):
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def path_of(index, leaves):
    if len(leaves) <= 1:
        return []
    k = split(len(leaves))
    if index < k:
        return path_of(index, leaves[:k]) + [tree(leaves[k:])]
    return path_of(index - k, leaves[k:]) + [tree(leaves[:k])]


class NoteKey:
    """A key of C2SP signed notes: type 1 signs checkpoints, type 4 cosigns them."""

    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        self.key = nacl.signing.SigningKey(made("note key", name))
        public = bytes([kind]) + bytes(self.key.verify_key)
        self.id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(public)}"

    def line(self, text, time=None):
        if self.kind == 1:
            signature = self.key.sign(text).signature
        else:
            message = f"cosignature/v1\ntime {time}\n".encode() + text
            signature = time.to_bytes(8, "big") + self.key.sign(message).signature
        return f"— {self.name} {b64(self.id + signature)}\n".encode()


class Ledger:
    def __init__(self, key):
        self.key = key
        self.entries = []

    def enter(self, text):
        self.entries.append(text.data() if isinstance(text, Text) else text)
        return len(self.entries) - 1

    def checkpoint(self, size, witnesses=(), time=None):
        root = tree([leaf_hash(e) for e in self.entries[:size]])
        text = f"{self.key.name}\n{size}\n{b64(root)}\n".encode()
        return text + b"\n" + self.key.line(text) + b"".join(w.line(text, time) for w in witnesses)

    def proof(self, index, size, checkpoint):
        hashes = path_of(index, [leaf_hash(e) for e in self.entries[:size]])
        lines = "".join(b64(h) + "\n" for h in hashes)
        return f"c2sp.org/tlog-proof@v1\nindex {index}\n{lines}\n".encode() + checkpoint

    def entry(self, kind, owner, time, *pairs):
        return Text(f"entry-{kind}", ("time", time), ("owner", owner), *pairs,
                    ("nonce", made("entry", kind, len(self.entries))[:16].hex()))


# --- who and what there is ---------------------------------------------------

class World:
    """Keys that all bundles of a test share: making them is slow, and they are nobody's business."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.seats = {s: Person(folder, f"seat-{s}") for s in "abcx"}
        self.pi = Person(folder, "pi")
        self.stranger = Person(folder, "stranger")
        self.gateway = Person(folder, "gateway")
        self.plan_recipient = Person(folder, "plan")
        self.log = NoteKey(ORIGIN, 1)
        self.witnesses = [NoteKey(f"witness-{i}.example/w", 4) for i in range(3)]
        (folder / "pi.key").write_bytes(self.pi.identity())
        (folder / "stranger.key").write_bytes(self.stranger.identity())
        (folder / "passphrase").write_text(PASSPHRASE + "\n")
        for private in ("pi.key", "stranger.key", "passphrase"):
            (folder / private).chmod(0o600)


SLEEP = {
    "azukari": "survey v1", "name": "sleep", "version": 3, "title": "睡眠調査", "title_en": "Sleep survey", "fields": [
        {"name": "Age", "type": "integer", "title": "年齢", "title_en": "Age",
         "constraints": {"minimum": 0, "maximum": 120}, "disclosure": "quasi-identifying"},
        {"name": "Sex", "type": "string", "title": "性別", "title_en": "Sex", "disclosure": "quasi-identifying",
         "categories": [{"value": "01", "label": "女", "label_en": "female"},
                        {"value": "02", "label": "男", "label_en": "male"}]},
        {"name": "Trouble", "type": "list", "title": "悩み", "title_en": "Trouble", "disclosure": "sensitive",
         "categories": [{"value": "late", "label": "寝つき", "label_en": "falling asleep"},
                        {"value": "early", "label": "早朝", "label_en": "waking early"},
                        {"value": "none", "label": "なし", "label_en": "none"}], "exclusive": ["none"]},
        {"name": "Hours", "type": "number", "decimals": 1, "title": "時間", "title_en": "Hours",
         "disclosure": "insensitive"},
        {"name": "Since", "type": "date", "title": "いつから", "title_en": "Since", "disclosure": "sensitive"},
        {"name": "Snores", "type": "boolean", "title": "いびき", "title_en": "Snores", "disclosure": "sensitive"},
        {"name": "Remark", "type": "string", "title": "備考", "title_en": "Remark", "disclosure": "sensitive",
         "constraints": {"maxLength": 40}},
    ]}


def columns_of(field):
    if field["type"] == "list":
        return [f"{field['name']}_{c['value']}" for c in field["categories"]]
    return [field["name"]]


CONSENT_TEXT = "研究への提供に同意します。\nI agree to the use for research.\n".encode()


def pseudonym(project_key, project_epoch_sha256, tag):
    """9.2: 26 characters of base32 and one check character."""
    key = kb(32, project_key, "azk1.pseu.key", bytes.fromhex(project_epoch_sha256))
    letters = base64.b32encode(kb(16, key, "azk1.pseudonym", tag)).decode().rstrip("=").lower()
    alphabet = "abcdefghijklmnopqrstuvwxyz23456"
    values = ["abcdefghijklmnopqrstuvwxyz234567".index(c) for c in letters]
    return letters + alphabet[sum((i + 1) * v for i, v in enumerate(values)) % 31]


def people(count=36, texts=(CONSENT_TEXT,)):
    """Respondents and what leaves of them: four groups of the two quasi-identifying columns."""
    found = []
    for i in range(count):
        group = {"Age": ["40-59", "60-79"][i % 2], "Sex": ["01", "02"][i // 2 % 2]}
        answers = [dict(group, Trouble=[["late", "early"], ["none"], None][(i + n) % 3], Hours=["7.5", "6.0", ""][i % 3],
                        Since=["2019-11-30", ""][i % 2], Snores=["true", "false", ""][i % 3],
                        Remark=['', 'a "quoted", part', "夜勤"][i % 3]) for n in range(1 + i % 3 // 2)]
        found.append({"tag": made("tag", i), "text": sha256(texts[i % len(texts)]), "scopes": "research",
                      "day": "2020", "answers": answers})
    return found


class Hand:
    """One bundle.  Options say what it is of, changes alter one step of making it."""

    def __init__(self, world, people=None, survey=SLEEP, rules=None, texts=(CONSENT_TEXT,), seats="ab", threshold=2,
                 witnesses=0, byte_release="", owner="14", number=7, k=3, dates=(), levels=None,
                 visits="joined", beside=(), **changes):
        self.world, self.survey, self.texts = world, survey, list(texts)
        self.people = globals()["people"](texts=texts) if people is None else people
        self.rules = rules or {"Age": "ladder:age 1..3", "Sex": "as-is 0..0"}
        self.levels = levels or {"Age": "3"}
        self.seats, self.threshold, self.owner, self.k, self.dates = list(seats), threshold, owner, k, dates
        self.witnesses, self.visits = world.witnesses[:witnesses], visits
        self.beside = list(beside)      # rules on answers, 7.1
        self.byte_release = list(byte_release)
        self.plan_id, self.export_id = f"PLAN-2026-{number:04d}", f"EXP-2026-{number:04d}"
        self.changes = changes
        self.project_key, self.project_epoch = made("project key"), made("project epoch").hex()
        self.files = {}
        self.fields = [f for f in survey["fields"] if f["disclosure"] != "identifying"]
        self.frozen, self.frozen_unix = "2026-03-02T03:00:00Z", 1772420400

    def change(self, name, value, *more):
        """A hook gets what was made and may alter a Text in place, or return another value."""
        assert not isinstance(value, Text) or value.pairs
        if name not in self.changes:
            return value
        other = self.changes[name](value, *more)
        return value if other is None else other

    def keep(self, name, value, *more):
        value = self.change(name, value, *more)
        self.files[name] = value.data() if isinstance(value, Text) else value
        return self.files[name]

    def sign(self, person, kind, name):
        person = self.changes.get(f"signer of {name}", person)
        self.keep(name + ".sig", person.sign(self.changes.get(f"namespace of {name}", kind), self.files[name]))

    # --- 8.1, 8.2, 8.5 ---

    def request(self):
        w = self.world
        self.request_text = Text(
            "request", ("request", "REQ-sleep-1"), ("project", "sleep"), ("title", "Sleep of night workers"),
            ("partner", "keio"), ("institution", "Keio University"), ("investigator", "山田 花子"),
            ("purpose", "DUO:0000007 DUO:0000021"), ("disease", "MONDO:0003406"), ("legal-basis", "consent"),
            ("ethics-approval", "2026-12"), ("ethics-expiry", "2027-03-31"), ("owners", self.owner),
            ("survey", f"{self.survey['name']} {self.survey['version']}"),
            ("fields", " ".join(f["name"] for f in self.fields)), ("period", "2020-01-01..2020-12-31"),
            ("recipient", w.pi.age), ("requester-key", w.pi.key), ("retention-until", "2028-03-31"),
            ("supersedes", "-"), ("created", "2026-03-01T00:00:00Z"), ("expires", "2026-06-01T00:00:00Z"),
            ("nonce", made("request")[:16].hex()))
        self.keep("request.txt", self.request_text)
        self.sign(w.pi, "request", "request.txt")

    def witness_policy(self):
        lines = [f"log {self.world.log.vkey}"]
        lines += [f"witness w{i} {w.vkey}" for i, w in enumerate(self.witnesses)]
        if self.witnesses:
            lines.append(f"group all-of-them {len(self.witnesses)} " +
                         " ".join(f"w{i}" for i in range(len(self.witnesses))))
        lines.append("quorum " + ("all-of-them" if self.witnesses else "none"))
        return self.keep("trust/witness-policy", ("\n".join(lines) + "\n").encode())

    def plan(self):
        w, r = self.world, self.request_text
        survey = json.dumps(self.survey, ensure_ascii=False).encode()
        policy = sha256(b"policy")
        witness_policy = sha256(self.files["trust/witness-policy"]) if self.witnesses else "-"
        self.charter_sha256 = sha256(b"charter")
        self.plan_text = Text(
            "plan", ("plan", self.plan_id), ("owner", self.owner), ("export", self.export_id),
            ("nonce", made("plan")[:16].hex()), ("request-sha256", sha256(self.files["request.txt"])),
            ("request-sig-sha256", sha256(self.files["request.txt.sig"])), ("policy-sha256", policy),
            ("policy-version", "1"), ("charter-sha256", self.charter_sha256), ("threshold", str(self.threshold)),
            ("partner", r.get("partner")), ("partner-institution", r.get("institution")),
            ("recipient", w.pi.age), ("recipient-sha256", sha256(w.pi.age.encode())),
            ("requester-fingerprint", w.pi.fingerprint()), ("project", r.get("project")),
            ("project-epoch-sha256", self.project_epoch), ("project-release", "1"),
            ("survey", f"{self.survey['name']} {self.survey['version']} {sha256(survey)}"),
            *run("column", [f"{f['name']} {self.rules.get(f['name'], 'as-is 0..0')}" for f in self.fields]),
            *run("date", [f"{name} {mode}" for name, mode in self.dates]),
            ("scheme-sha256", sha256(f"age {sha256(b'ladder')}\n".encode())), ("k", str(self.k)),
            ("suppression-limit", "500"), ("minimum-cell", "3"), ("visits", self.visits),
            *run("rule", self.beside),
            ("prior-releases-sha256", "-"),
            *run("consent-text", [f"{sha256(t)} research" for t in self.texts]),
            ("purpose", r.get("purpose")), ("disease", r.get("disease")), ("legal-basis", "consent"),
            ("ethics-approval", "2026-12"), ("ethics-expiry", "2027-03-31"), ("period", r.get("period")),
            ("retention-until", "2028-03-31"), ("supersedes", "-"), ("epochs", "2"), ("epochs-sha256", sha256(b"epochs")),
            *run("also-key", [f"memory {made('memory')[:16].hex()} {sha256(b'memory epoch')}"]),
            ("byte-release", "required" if self.byte_release else "no"), ("denial-rule", "veto"),
            ("ledger-origin", ORIGIN), ("ledger-size", "3"), ("ledger-root", self.early_root.hex()),
            ("witness-policy-sha256", witness_policy), ("plan-recipient", w.plan_recipient.age),
            ("gateway-key", w.gateway.key), ("frozen", self.frozen), ("expires", "2026-04-01T03:00:00Z"))
        self.keep("plan.txt", self.plan_text)
        self.sign(w.gateway, "plan", "plan.txt")
        self.plan_sha256 = sha256(self.files["plan.txt"])

    def approval(self, seat):
        name = f"approvals/{seat}.txt"
        text = Text("approval", ("plan", self.plan_id), ("plan-sha256", self.plan_sha256), ("owner", self.owner),
                    ("seat", seat), ("charter-sha256", self.charter_sha256), ("ledger-size", "3"),
                    ("ledger-root", self.early_root.hex()), ("approved", "2026-03-03T00:00:00Z"),
                    ("expires", "2026-04-01T03:00:00Z"), ("nonce", made("approval", seat)[:16].hex()))
        self.keep(name, text)
        self.sign(self.world.seats[seat], "approval", name)

    # --- the ledger's entries ---

    def ledger_begins(self):
        self.ledger = Ledger(self.world.log)
        for kind, pairs in (("genesis", [("origin", ORIGIN), ("gateway-key", self.world.gateway.key),
                                         ("ledger-key", self.world.log.vkey)]),
                            ("owner", [("owner-name", "神奈川県")]),
                            ("charter", [("version", "1"), ("charter-sha256", sha256(b"charter")), ("previous", "-")])):
            owner = "-" if kind == "genesis" else self.owner
            self.ledger.enter(self.ledger.entry(kind, owner, "2026-03-01T00:00:00Z", *pairs))
        self.early_root = tree([leaf_hash(e) for e in self.ledger.entries])

    def approvals(self):
        for seat in self.seats:
            self.approval(seat)
        at = {}
        for seat in self.seats:
            name = f"approvals/{seat}"
            entry = self.ledger.entry("approval", self.owner, "2026-03-03T00:00:00Z", ("plan-sha256", self.plan_sha256),
                                      ("seat", seat), ("approval-sha256", sha256(self.files[name + ".txt"])),
                                      ("sig-sha256", sha256(self.files[name + ".txt.sig"])))
            self.keep(name + ".entry", entry)
            at[seat] = self.ledger.enter(self.files[name + ".entry"])
        size = len(self.ledger.entries)
        note = self.change("approvals' checkpoint", self.ledger.checkpoint(size, self.witnesses, 1772496100))
        for seat in self.seats:
            self.keep(f"approvals/{seat}.tlog-proof", self.ledger.proof(at[seat], size, note))
        self.change("after approvals", self.ledger)

    def exported(self):
        pairs = [("export", self.export_id), ("plan-sha256", self.plan_sha256)]
        self.ledger.enter(self.ledger.entry("export-started", self.owner, "2026-03-04T00:00:00Z", *pairs))
        entry = self.ledger.entry("exported", self.owner, "2026-03-04T00:10:00Z", *pairs,
                                  ("sha256sums-sha256", sha256(self.files["SHA256SUMS"])),
                                  ("consent-root", self.statement_text.get("consent-root")),
                                  ("notice-book-sha256", self.statement_text.get("notice-book-sha256")))
        self.keep("SHA256SUMS.entry", entry)
        at = self.ledger.enter(self.files["SHA256SUMS.entry"])
        size = len(self.ledger.entries)
        note = self.change("export's checkpoint", self.ledger.checkpoint(size, self.witnesses, 1772583100))
        self.keep("SHA256SUMS.tlog-proof", self.ledger.proof(at, size, note))

    # --- 9.2: what is inside ---

    def rows(self):
        """responses.csv and consents.csv, by pseudonym, from what leaves of the people."""
        named = sorted((pseudonym(self.project_key, self.project_epoch, p["tag"]), p) for p in self.people)
        header = ["pseudonym", "answer"] + [c for f in self.fields for c in columns_of(f)]
        lines = [header]
        for name, person in named:
            for number, answers in enumerate(person["answers"], 1):
                lines.append([name, str(number)] + [v for f in self.fields for v in self.cells(f, answers[f["name"]])])
        self.responses = self.change("data/responses.csv", written(lines))
        lines = [["pseudonym", "text", "scopes", "day", "receipt"]]
        for name, person in named:
            receipt = kb(16, self.project_key, "azk1.receipt",
                         lp(bytes.fromhex(self.plan_sha256), self.raw_pseudonym(name))).hex()
            lines.append([name, person["text"], person["scopes"], person["day"], receipt])
        self.consents = self.change("data/consents.csv", written(lines))

    @staticmethod
    def raw_pseudonym(name):
        return base64.b32decode(name[:26].upper() + "=" * 6)

    def cells(self, field, value):
        if field["type"] != "list":
            return [value or ""]
        return ["" if value is None else str(int(c["value"] in value)) for c in field["categories"]]

    def datapackage(self):
        fields = [{"name": "pseudonym", "type": "string"}, {"name": "answer", "type": "integer"}]
        for f in self.fields:
            for column in columns_of(f):
                kind = "string" if self.rules.get(f["name"], "as-is").startswith("ladder") else f["type"]
                fields.append({"name": column, "type": "integer" if kind == "list" else kind,
                               "title": f["title"], "azukari:disclosure": f["disclosure"]})
        consents = [{"name": n, "type": "string"} for n in ("pseudonym", "text", "scopes", "day", "receipt")]
        return {"name": self.export_id.lower(), "resources": [
            {"name": "responses", "path": "responses.csv", "bytes": len(self.responses), "rows": records(self.responses),
             "hash": "sha256:" + sha256(self.responses), "schema": {"fields": fields}},
            {"name": "consents", "path": "consents.csv", "bytes": len(self.consents), "rows": records(self.consents),
             "hash": "sha256:" + sha256(self.consents), "schema": {"fields": consents}}]}

    def binding(self):
        plan = bytes.fromhex(self.plan_sha256)
        self.salt = kb(32, self.project_key, "azk1.salt", lp(plan, self.export_id.encode()))
        return Text("binding", ("export", self.export_id), ("plan-sha256", self.plan_sha256),
                    ("request-sha256", sha256(self.files["request.txt"])), ("recipient", self.world.pi.age),
                    ("salt", self.salt.hex()), ("notice-key", kb(32, self.project_key, "azk1.notice", plan).hex()))

    def payload(self):
        self.rows()
        bag = {}
        bag["bagit.txt"] = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
        package = json.dumps(self.change("data/datapackage.json", self.datapackage()), ensure_ascii=False, indent=1)
        data = {"data/responses.csv": self.responses, "data/consents.csv": self.consents,
                "data/datapackage.json": package.encode()}
        octets = sum(map(len, data.values()))
        bag["bag-info.txt"] = (f"Source-Organization: 神奈川県\nExternal-Identifier: {self.export_id}\n"
                               f"Bagging-Date: {self.frozen[:10]}\nPayload-Oxum: {octets}.{len(data)}\n").encode()
        bag["binding.txt"] = self.change("binding.txt", self.binding()).data()
        bag.update(data)
        bag["load/load.py"] = b"import pandas\n"
        bag["load/load.R"] = b"# read.csv\n"
        for digest, text in sorted((sha256(t), t) for t in self.texts):
            bag[f"consent-texts/{digest}.txt"] = text
        bag = self.change("bag", bag)
        bag["manifest-sha256.txt"] = manifest({n: d for n, d in bag.items() if n.startswith("data/")})
        bag["manifest-sha256.txt"] = self.change("manifest-sha256.txt", bag["manifest-sha256.txt"])
        tags = {n: d for n, d in bag.items() if not n.startswith("data/")}
        bag["tagmanifest-sha256.txt"] = self.change("tagmanifest-sha256.txt", manifest(tags))
        self.tagmanifest_sha256 = sha256(bag["tagmanifest-sha256.txt"])
        bag = self.change("finished bag", bag)
        inside = self.change("payload.tar", ustar(f"{self.export_id}-data", bag, self.frozen_unix))
        packed = subprocess.run(["zstd", "-1", "-q", "-c"], input=inside, check=True, capture_output=True).stdout
        packed = self.change("payload.tar.zst", packed)
        to = self.changes.get("recipients", [self.world.pi.age])
        sealed = subprocess.run(["age", *[x for r in to for x in ("-r", r)]], input=packed, check=True,
                                capture_output=True).stdout
        self.keep("payload.tar.zst.age", sealed)

    # --- 9.1, 9.5 ---

    def consent_root(self):
        lines = self.consents.split(b"\n")[1:-1]
        return tree([leaf_hash(b"azukari-consent-v1\n" + line) for line in lines])

    def statement(self):
        r, texts = self.request_text, [sha256(t) for t in self.texts]
        given = [sum(p["text"] == t for p in self.people) for t in texts]
        rows = sum(len(p["answers"]) for p in self.people)
        proof = hashlib.sha256(b"azukari-receipt" + lp(self.export_id.encode(), self.salt)).digest()
        self.statement_text = Text(
            "statement", ("export", self.export_id), ("plan-sha256", self.plan_sha256),
            ("request-sha256", sha256(self.files["request.txt"])), ("project", r.get("project")),
            ("project-release", "1"), ("supersedes", "-"), ("owner", self.owner), ("owner-name", "神奈川県"),
            ("representative", "神奈川県知事"), ("partner", r.get("partner")), ("recipient-name", r.get("institution")),
            ("recipient-address", "東京都港区三田"), ("recipient-representative", "塾長"),
            ("investigator", r.get("investigator")), ("recipient", self.world.pi.age),
            ("requester-fingerprint", self.world.pi.fingerprint()), ("legal-basis", "consent"),
            ("purpose", r.get("purpose")), ("disease", r.get("disease")), ("ethics-approval", "2026-12"),
            ("ethics-expiry", "2027-03-31"), ("items", r.get("fields")), ("period", r.get("period")),
            ("acquisition", "answers of residents"), ("survey", r.get("survey")),
            ("rows-considered", str(rows + 20)), ("rows-exported", str(rows)),
            ("respondents-exported", str(len(self.people))), ("withheld-no-consent", "12"), ("withheld-withdrawn", "8"),
            ("suppressed", "0"), *run("consent-text", [f"{t} {n}" for t, n in zip(texts, given)]),
            ("consent-root", self.consent_root().hex()), ("pseudonym-scheme", "azk1"), ("k-asked", str(self.k)),
            ("k-achieved", str(self.smallest_group())), ("suppression-limit", "500"),
            *run("rule", [f"visits {self.visits}", *self.beside]),
            *run("level", [f"{f['name']} {self.levels.get(f['name'], '0')}" for f in self.fields]),
            ("inner-tagmanifest-sha256", self.tagmanifest_sha256), ("receipt-commitment", hashlib.sha256(proof).hexdigest()),
            ("payload-bytes", str(len(self.files["payload.tar.zst.age"]))), ("notice-book-sha256", sha256(b"book")),
            ("transfer", "provision to a third party"), ("third-country", "no"), ("destruction", "by 2028-03-31"),
            ("retention-until", "2028-03-31"), ("witnesses", f"all of {len(self.witnesses)}" if self.witnesses else "none"),
            ("created", "2026-03-04T00:05:00Z"), ("cite-as", "神奈川県 睡眠調査"), ("cite-as-en", "Kanagawa, Sleep survey"),
            ("software", "by hand"))
        self.keep("STATEMENT.txt", self.statement_text)

    def smallest_group(self):
        """Respondents in the smallest group (7, visits): alike in all their answers, or in one of them."""
        quasi = [f["name"] for f in self.fields if f["disclosure"] == "quasi-identifying"]
        groups = {}
        for i, person in enumerate(self.people):
            rows = [tuple(str(answers[q]) for q in quasi) for answers in person["answers"]]
            for key in ([tuple(rows)] if self.visits == "joined" else rows):
                groups.setdefault(key, set()).add(i)
        return min(map(len, groups.values()), default=0)

    def report(self):
        self.keep("disclosure.txt", b"k\n")
        columns = [{"field": f["name"], "class": f["disclosure"], "rule": self.rules.get(f["name"], "as-is 0..0").split()[0],
                    "level": int(self.levels.get(f["name"], "0"))} for f in self.fields]
        doc = {"azukari": "disclosure v1", "export": self.export_id, "k": self.k, "k_achieved": self.smallest_group(),
               "columns": columns}
        self.keep("disclosure.json", json.dumps(doc).encode())
        self.keep("disclosure.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>\n')

    # --- 9, the rest ---

    def trust_files(self):
        def line(who, person, *kinds):
            return f'{who} namespaces="{",".join(k + "@azukari" for k in kinds)}" {person.key}\n'
        signers = line("gateway", self.world.gateway, "plan", "export", "notice")
        signers += line("partner-keio", self.world.pi, "request", "receipt", "destruction", "notice")
        for seat in "abc":
            signers += line(f"owner-{self.owner}/{seat}", self.world.seats[seat], "charter", "policy", "approval",
                            "release", "denial", "revocation", "byterelease")
        self.keep("trust/allowed_signers", signers.encode())
        self.keep("trust/ledger.vkey", (self.world.log.vkey + "\n").encode())

    def sums(self):
        self.keep("README.txt", "手で組み立てた束です。\nA bundle made by hand.\n".encode())
        self.keep("SHA256SUMS", manifest(self.files))
        self.sign(self.world.gateway, "export", "SHA256SUMS")

    def releases(self):
        for seat in self.byte_release:
            self.keep(f"release/{seat}.sig", self.world.seats[seat].sign("byterelease", self.files["SHA256SUMS"]))

    ORDER = ["README.txt", "STATEMENT.txt", "request.txt", "request.txt.sig", "plan.txt", "plan.txt.sig", "approvals/",
             "disclosure.txt", "disclosure.json", "disclosure.svg", "payload.tar.zst.age", "trust/allowed_signers",
             "trust/ledger.vkey", "trust/witness-policy", "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.entry",
             "SHA256SUMS.tlog-proof", "release/"]

    def in_order(self):
        def place(name):
            for i, start in enumerate(self.ORDER):
                if name == start or (start.endswith("/") and name.startswith(start)):
                    return i, name.split(".")[0], [".txt", ".txt.sig", ".entry", ".tlog-proof"].index(
                        name[name.index("."):]) if start == "approvals/" else 0
            return len(self.ORDER), name, 0
        return {n: self.files[n] for n in sorted(self.files, key=place)}

    def write(self, folder):
        """Assembles it all; the tar's path."""
        self.ledger_begins()
        self.request()
        self.witness_policy()
        self.plan()
        self.approvals()
        self.payload()
        self.statement()
        self.report()
        self.trust_files()
        self.sums()
        self.exported()
        self.releases()
        members = self.change("members", self.in_order())
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.export_id}.tar"
        path.write_bytes(self.change("tar", ustar(self.export_id, members, self.frozen_unix)))
        return path

    def write_trust(self, folder):
        """One's own copies of the three files, as they are kept from the agreement."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("allowed_signers", "ledger.vkey", "witness-policy"):
            (folder / name).write_bytes(self.files[f"trust/{name}"])
        return folder


def written(lines):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue().encode()


def manifest(files):
    return "".join(f"{sha256(files[n])}  {n}\n" for n in sorted(files)).encode()


def ustar(folder, files, mtime, odd=None):
    """The tar of sections 9 and 9.2; odd(TarInfo, name) may spoil a header."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        seen = set()
        for name, data in files.items():
            parts = f"{folder}/{name}".split("/")
            for i in range(1, len(parts)):
                parent = "/".join(parts[:i])
                if parent not in seen:
                    seen.add(parent)
                    tar.addfile(header(parent, tarfile.DIRTYPE, 0o755, 0, mtime))
            info = header(f"{folder}/{name}", tarfile.REGTYPE, 0o644, len(data), mtime)
            if odd:
                odd(info, name)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def header(name, kind, mode, size, mtime):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.mtime = kind, mode, size, mtime
    return info


def records(table):
    """Records below the heading."""
    return len(list(csv.reader(io.StringIO(table.decode(), newline="")))) - 1
