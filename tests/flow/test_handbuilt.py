"""Bundles that a stranger assembled from docs/FORMATS.md (handbuilt.py): right
ones verify and open, and a wrong one, in which exactly one rule is broken and
everything behind it signed and logged anew, is refused with the rule."""
import json
import re
import shutil
import subprocess

import pytest

import flow
import handbuilt
from handbuilt import CONSENT_TEXT, SLEEP, Hand, sha256

ZERO = "0" * 64


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return handbuilt.World(tmp_path_factory.mktemp("by-hand"))


class Bundle:
    """A bundle on disk, the trust of whoever looks at it, and what is said."""

    def __init__(self, world, folder, **options):
        self.world, self.folder = world, folder
        self.hand = Hand(world, **options)
        self.tar = self.hand.write(folder)
        right = Hand(world, **{k: v for k, v in options.items() if k in (
            "witnesses", "owner")})
        right.write(folder / "right")
        self.trust = right.write_trust(folder / "trust")
        self.out = folder / "out"
        self.out.mkdir()

    def verify(self, *more, code=0):
        return flow.az("verify", self.tar, "--trust", self.trust, *more,
                       code=code)

    def open(self, code=0, key="pi.key"):
        return flow.run(flow.AZUKARI, "open", self.tar, "--trust", self.trust,
                        "--identity", self.world.folder / key, "-o", self.out,
                        "--passphrase-file", self.world.folder / "passphrase",
                        code=code)

    @property
    def data(self):
        return self.out / f"{self.hand.export_id}-data"


# ---- right ones ----

def cohort(count, field, values):
    """Respondents of another survey, each with one answer."""
    text = sha256(CONSENT_TEXT)
    return [{"tag": handbuilt.made("cohort", i), "text": text, "day": "2021",
             "scopes": "support,research", "answers": [
                 {field: values[i % len(values)], "Note": None}]}
            for i in range(count)]


PLAIN = {"azukari": "survey v1", "name": "one-field", "version": 65535,
         "title": "一問", "title_en": "One question", "fields": [
             {"name": "Answer_A", "type": "list", "title": "答え",
              "title_en": "Answer", "disclosure": "quasi-identifying",
              "categories": [{"value": "x_y", "label": "x"},
                             {"value": "z", "label": "z"}]},
             {"name": "Note", "type": "string", "title": "自由記述",
              "title_en": "Note", "disclosure": "insensitive"}]}
SECOND = "別の説明文です。\nAnother text.\n".encode()

RIGHT = {
    "plain": {},
    "three witnesses": {"witnesses": 3},
    "byte release": {"byte_release": "ab"},
    "all three released the bytes": {"byte_release": "abc", "seats": "abc"},
    "more approvals than needed": {"seats": "abc"},
    "one of one": {"seats": "c", "threshold": 1},
    "two texts": {"texts": (CONSENT_TEXT, SECOND)},
    "dates moved": {"dates": [("Since", "shifted")]},
    "another owner": {"owner": "47", "number": 12345},
    "nobody": {"people": [], "k": 3},
    "each visit by itself": {"visits": "single", "k": 9},
    "rules on answers": {"beside": (
        "Trouble k-to-m 2", "Hours t-ordered 0.001")},
    "a list that identifies": {
        "survey": PLAIN, "rules": {}, "levels": {}, "people": cohort(
            12, "Answer_A", [["x_y"], ["z"], ["x_y", "z"]])},
    "ten thousand lines": {"people": handbuilt.people(7000), "k": 10},
}


@pytest.mark.parametrize("name", RIGHT)
def test_right(world, tmp_path, name):
    b = Bundle(world, tmp_path, **RIGHT[name])
    said = b.verify("--json").json
    assert said["exit"] == 0
    b.open()
    people = len(b.hand.people)
    assert len((b.data / "data/consents.csv").read_text().splitlines()) == \
        people + 1
    assert (b.data / "data/responses.csv").read_bytes() == b.hand.responses
    b.verify("--data", b.data)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xf", b.tar, "-C", unpacked], check=True)
    flow.az("verify", unpacked / b.hand.export_id, "--trust", b.trust)


def test_own_trust_alone(world, tmp_path):
    """Without --trust it is only compared with itself, and says so."""
    b = Bundle(world, tmp_path)
    said = flow.az("verify", b.tar)
    assert "agrees with itself" in said.err + said.out


def test_receipt(world, tmp_path):
    """The receipt-proof of 9.1, from the salt that only the opened bag has."""
    b = Bundle(world, tmp_path)
    b.open()
    flow.run(flow.AZUKARI, "receipt", b.tar, "--data", b.data, "--identity",
             world.folder / "pi.key", "--trust", b.trust, "-o",
             tmp_path / "receipt.txt", "--passphrase-file",
             world.folder / "passphrase")
    text = (tmp_path / "receipt.txt").read_text()
    proof = re.search("^receipt-proof: (.*)$", text, re.M)[1]
    assert sha256(bytes.fromhex(proof)) == \
        b.hand.statement_text.get("receipt-commitment")
    subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", b.trust / "allowed_signers", "-I",
         "partner-keio", "-n", "receipt@azukari", "-s",
         tmp_path / "receipt.txt.sig"], input=text.encode(), check=True,
        stdout=subprocess.DEVNULL)


@pytest.fixture
def page(world, tmp_path):
    """docs/open-by-hand.md and verify-by-hand.md on such a bundle."""
    return Bundle(world, tmp_path, witnesses=2, byte_release="ab")


def test_pages(page, world, tmp_path):
    """The other documents find the same bundle right."""
    blocks = re.findall("^```sh\n(.*?)^```$", (
        flow.ROOT / "docs/verify-by-hand.md").read_text(), re.M | re.S)
    script = tmp_path / "page.sh"
    script.write_text("".join(blocks))
    done = subprocess.run(
        ["sh", script], cwd=tmp_path, capture_output=True, text=True,
        check=False, env={
            "PATH": "/usr/bin:/bin", "bundle": str(page.tar), "needed": "2",
            "verify": str(flow.ROOT / "contrib/verify-tlog-proof.sh")})
    assert done.returncode == 0 and "VERIFIED" in done.stdout, done.stderr
    lines = (flow.ROOT / "docs/open-by-hand.md").read_text()
    block = re.search("^## Linux\n\n```\n(.*?)^```$", lines, re.M | re.S)[1]
    block = block.replace("EXP-2026-0007", page.hand.export_id)
    block = re.sub("^sudo .*\n", "set -eu\n", block)
    block = re.sub("^tar .* && cd", "cd", block, flags=re.M, count=1)
    block = re.sub("^age -d -o ../id ../pi.key$", "cp ../plain.id ../id",
                   block, flags=re.M)
    shutil.copy(world.pi.id, tmp_path / "plain.id")
    done = subprocess.run(["sh", "-c", block], cwd=tmp_path,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert page.hand.statement_text.get("inner-tagmanifest-sha256") in \
        done.stdout


# ---- wrong ones ----

def put(key, value):
    """A hook that sets a value; `other ...` is the stranger's."""
    return ("put", key, value)


def data(*pairs):
    """Replaces bytes, which must be there."""
    def change(was, *_):
        for old, new in pairs:
            assert old in was
            was = was.replace(old, new)
        return was
    return change


def crlf(was, *_):
    was = was if isinstance(was, bytes) else was.data()
    return was.replace(b"\n", b"\r\n")


def raw(change):
    return lambda text, *_: change(text.data())


def less(was, *_):
    return b"".join(was.splitlines(True)[:-1])


# What is wrong: how the change is made, the exit code, a word of the reason.
PAPERS = {
    "a partner nobody knows": ({"request.txt": put("partner", "todai")}, 1,
                               "partner-todai"),
    "signed by a stranger": ({"signer of request.txt": "stranger"}, 1,
                             "partner-keio"),
    "signed for something else": ({"namespace of request.txt": "plan"}, 1,
                                  "request@azukari"),
    "not the key it names": ({"request.txt": put("requester-key",
                                                 "other ssh")}, 1,
                             "requester-fingerprint"),
    "another owner asked": ({"request.txt": put("owners", "13")}, 1, "owner"),
    "another version asked": ({"request.txt": put("survey", "sleep 2")}, 1,
                              "survey"),
    "asked for later": ({"request.txt": put("expires", "2026-03-01T12:00:00Z")},
                        1, "expires"),
    "a field not asked for": ({"request.txt": put(
        "fields", "Age Sex Trouble Hours Since Snores")}, 1, "column"),
    "CRLF": ({"request.txt": crlf}, 3, "first line"),
    "BOM": ({"request.txt": raw(lambda d: b"\xef\xbb\xbf" + d)}, 3,
            "first line"),
    "not NFC": ({"request.txt": put("title", "か\u3099")}, 3, "NFC"),
    "turned around": ({"request.txt": put("title", "a\u202eb")}, 3, "title"),
    "a key twice": ({"request.txt": lambda t: t.behind("title", (
        "title", "x"))}, 3, "given twice"),
    "a space at the end": ({"request.txt": put("title", "x ")}, 3, "space"),
    "no last line feed": ({"request.txt": raw(lambda d: d[:-1])}, 3,
                          "line feed"),
    "version 2": ({"request.txt": raw(lambda d: d.replace(b" v1", b" v2", 1))},
                  3, "first line"),
    "a key left out": ({"request.txt": lambda t: t.drop("title")}, 3,
                       "missing"),
    "an item twice": ({"request.txt": put("purpose", "DUO:0000007 DUO:0000007")},
                      3, "purpose"),
}
PLAN = {
    "of another request": ({"request-sha256": ZERO}, 1, "another request"),
    "of another signature": ({"request-sig-sha256": ZERO}, 1,
                             "request-sig-sha256"),
    "another recipient": ({"recipient": "other age"}, 1, "recipient"),
    "another recipient's digest": ({"recipient-sha256": ZERO}, 1,
                                   "recipient-sha256"),
    "another requester": ({"requester-fingerprint": "other key"}, 1,
                          "requester"),
    "another institution": ({"partner-institution": "Other"}, 1,
                            "partner-institution"),
    "another owner": ({"owner": "13"}, 1, "owner"),
    "another project": ({"project": "wake"}, 1, "project"),
    "another survey": ({"survey": f"sleep 4 {ZERO}"}, 1, "survey"),
    "another purpose": ({"purpose": "DUO:0000042"}, 1, "purpose"),
    "another period": ({"period": "2020-01-01..2020-01-31"}, 1, "period"),
    "kept longer": ({"retention-until": "2029-03-31"}, 1, "retention-until"),
    "supersedes another": ({"supersedes": "EXP-2025-0001"}, 1, "supersedes"),
    "k larger": ({"k": "10"}, 1, "k-a"),
    "fewer may be suppressed": ({"suppression-limit": "1"}, 1,
                                "suppression-limit"),
    "another number": ({"project-release": "2"}, 1, "project-release"),
    "three seats": ({"threshold": "3"}, 1, "2 of 3"),
    "no seats": ({"threshold": "0"}, 3, "threshold"),
    "another gateway": ({"gateway-key": "other ssh"}, 1, "gateway-key"),
    "another ledger": ({"ledger-origin": "other.example/x"}, 1,
                       "ledger-origin"),
    "over before it began": ({"expires": "2026-03-01T03:00:00Z"}, 3,
                             "expires"),
    "number of another export": ({"plan": "PLAN-2026-0008"}, 1, "export"),
    "a column at a level of no ladder": ({"column-02": "Sex as-is 1..2"}, 3,
                                         "column-02"),
    "witnesses that nobody asked for": ({"witness-policy-sha256": ZERO}, 1,
                                        "witnesses"),
    "byte release without signatures": ({"byte-release": "required"}, 1,
                                        "0 of the 2"),
}
STATEMENT = {
    "export": ("EXP-2026-0008", "another export"),
    "plan-sha256": (ZERO, "another plan"),
    "request-sha256": (ZERO, "another request"),
    "project": ("wake", "project"),
    "project-release": ("3", "project-release"),
    "supersedes": ("EXP-2025-0001", "supersedes"),
    "owner": ("13", "owner"),
    "partner": ("todai", "partner"),
    "recipient-name": ("Other University", "recipient-name"),
    "investigator": ("somebody else", "investigator"),
    "recipient": ("other age", "recipient"),
    "requester-fingerprint": ("other key", "requester"),
    "legal-basis": ("law", "legal-basis"),
    "purpose": ("DUO:0000042", "purpose"),
    "disease": ("-", "disease"),
    "ethics-approval": ("2020-1", "ethics-approval"),
    "ethics-expiry": ("2029-01-01", "ethics-expiry"),
    "items": ("Age", "items"),
    "period": ("2020-01-01..2021-12-31", "period"),
    "survey": ("sleep 4", "survey"),
    "rows-considered": ("10", "add up"),
    "consent-text-01": (f"{ZERO} 24", "consent-text"),
    "k-asked": ("2", "k-asked"),
    "k-achieved": ("1", "k-achieved"),
    "suppression-limit": ("9999", "suppression-limit"),
    "rule-01": ("visits single", "rule"),
    "level-01": ("Age 0", "level"),
    "level-02": ("Sex 1", "level"),
    "payload-bytes": ("1", "size"),
    "retention-until": ("2099-03-31", "retention-until"),
    "witnesses": ("all cosigned", "witnesses"),
    "created": ("2020-03-04T00:05:00Z", "created"),
}
SEATS = {
    "a seat that is not in the charter": ({"seats": "ax"}, 1, "owner-14/x"),
    "too few": ({"seats": "a"}, 1, "1 of 2"),
    "of another plan": ({"approvals/a.txt": put("plan-sha256", ZERO)}, 1,
                        "another plan"),
    "of another seat": ({"approvals/a.txt": put("seat", "c")}, 1,
                        "another seat"),
    "of another charter": ({"approvals/a.txt": put("charter-sha256", ZERO)},
                           1, "another charter"),
    "signed by another seat": ({"signer of approvals/a.txt": "b"}, 1,
                               "owner-14/a"),
    "a release": ({"namespace of approvals/a.txt": "release"}, 1,
                  "approval@azukari"),
    "before there was a plan": ({"approvals/a.txt": put(
        "approved", "2026-03-01T12:00:00Z")}, 1, "before the plan"),
    "never valid": ({"approvals/a.txt": put(
        "expires", "2026-03-02T12:00:00Z")}, 3, "expires"),
    "expired when logged": ({"approvals/a.txt": put(
        "expires", "2026-03-03T00:30:00Z"), "approvals/a.entry": put(
            "time", "2026-03-03T01:00:00Z")}, 1, "ledger"),
    "expired when exported": ({"approvals/a.txt": put(
        "expires", "2026-03-03T12:00:00Z")}, 1, "export was made"),
    "the entry of another seat": ({"approvals/a.entry": put("seat", "c")}, 1,
                                  "entry"),
    "the entry of another owner": ({"approvals/a.entry": put("owner", "13")},
                                   1, "entry"),
    "the entry of another text": ({"approvals/a.entry": put(
        "approval-sha256", ZERO)}, 1, "entry"),
    "the entry of another signature": ({"approvals/a.entry": put(
        "sig-sha256", ZERO)}, 1, "entry"),
    "one byte release": ({"byte_release": "a"}, 1, "1 of the 2"),
    "byte release by nobody's seat": ({"byte_release": "ax"}, 1,
                                      "owner-14/x"),
    "byte release unasked": ({"byte_release": "ab", "plan.txt": put(
        "byte-release", "no")}, 3, "not asked for"),
}
LEDGER = {
    "another index": ({"SHA256SUMS.tlog-proof": lambda d: re.sub(
        rb"index \d+", b"index 3", d)}, 1, "proof"),
    "another index of an approval": ({"approvals/a.tlog-proof": lambda d:
                                      re.sub(rb"index \d+", b"index 4", d)},
                                     1, "proof"),
    "another ledger's name": ({"export's checkpoint": data((
        "— azukari".encode(), "— bzukari".encode()))}, 1, "proof"),
    "another export": ({"SHA256SUMS.entry": put("export", "EXP-2026-0008")},
                       1, "entry"),
    "another owner's": ({"SHA256SUMS.entry": put("owner", "13")}, 1, "entry"),
    "another plan": ({"SHA256SUMS.entry": put("plan-sha256", ZERO)}, 1,
                     "entry"),
    "other bytes": ({"SHA256SUMS.entry": put("sha256sums-sha256", ZERO)}, 1,
                    "entry"),
    "another root": ({"SHA256SUMS.entry": put("consent-root", ZERO)}, 1,
                     "consent root"),
    "another notice book": ({"SHA256SUMS.entry": put(
        "notice-book-sha256", ZERO)}, 1, "notice book"),
    "a witness is missing": ({"witnesses": 3, "export's checkpoint": less}, 1,
                             "proof"),
    "a witness is missing before": ({"witnesses": 3,
                                     "approvals' checkpoint": less}, 1,
                                    "proof"),
    "one witness twice": ({"witnesses": 2, "export's checkpoint": lambda d:
                           less(d) + d.splitlines(True)[-2]}, 1, "proof"),
    "exported before approved": ({"after approvals": lambda ledger:
                                  ledger.entries.__delitem__(slice(3, None))},
                                 1, "before an approval"),
}


def linked(tar):
    """The first file's header says that it is a link."""
    head = bytearray(tar[512:1024])
    head[156:157] = b"2"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return tar[:512] + bytes(head) + tar[1024:]


def renamed(old, new):
    return lambda m: {(new if k == old else k): v for k, v in m.items()}


def without(name):
    return lambda m: {k: v for k, v in m.items() if k != name}


FILES = {
    "one more": ({"members": lambda m: {**m, "notes.txt": b"x"}}, 3,
                 "no part of a bundle"),
    "one less": ({"members": without("disclosure.svg")}, 4, "missing"),
    "renamed": ({"members": renamed("README.txt", "README.md")}, 3,
                "no part of a bundle"),
    "another order": ({"members": lambda m: dict(reversed(m.items()))}, 3,
                      "its place"),
    "another byte": ({"members": lambda m: {**m, "README.txt": b"x"}}, 1,
                     "another digest"),
    "two swapped": ({"members": lambda m: {
        **m, "disclosure.txt": m["disclosure.json"],
        "disclosure.json": m["disclosure.txt"]}}, 1, "another digest"),
    "sums with CRLF": ({"SHA256SUMS": crlf}, 3, "SHA256SUMS"),
    "sums out of order": ({"SHA256SUMS": lambda d: b"".join(reversed(
        d.splitlines(True)))}, 3, "sorted"),
    "sums in capitals": ({"SHA256SUMS": lambda d: d.upper()}, 3, "hex"),
    "sums of binary": ({"SHA256SUMS": data((b"  ", b" *"))}, 3, "two spaces"),
    "sums of one more": ({"SHA256SUMS": lambda d: d + ZERO.encode() +
                          b"  zzz.txt\n"}, 4, "zzz.txt is missing"),
    "sums signed by a seat": ({"signer of SHA256SUMS": "a"}, 1, "gateway"),
    "cut off": ({"tar": lambda d: d[:len(d) // 2]}, 3, "no end"),
    "a link": ({"tar": linked}, 3, "EXP-2026-0007"),
    "two recipients": ({"recipients": 2}, 1, "exactly one recipient"),
    "a picture with a script": ({"disclosure.svg": data((
        b"/>", b"><script>1</script></svg>"))}, 1, "script"),
    "a picture that asks elsewhere": ({"disclosure.svg": data((
        b"/>", b'><image href="http://x/"/></svg>'))}, 1, "reference"),
    "another export's report": ({"disclosure.json": data((
        b"0007", b"0008"))}, 1, "another export"),
    "a key twice in the report": ({"disclosure.json": lambda d:
                                   b'{"azukari":"disclosure v1",' + d[1:]}, 3,
                                  "twice"),
    "a report with another k": ({"disclosure.json": data((
        b'"k_achieved": 3', b'"k_achieved": 9'))}, 1, "k_achieved"),
}


def tables(**changes):
    """Changes of both tables' bytes, in the bag before it is described."""
    return {f"data/{k}.csv": v for k, v in changes.items()}


def more_cells(heading, cell):
    def change(was, *_):
        first, *lines = was.splitlines(True)
        return b"".join([first[:-1] + heading + b"\n"] +
                        [x[:-1] + cell + b"\n" for x in lines])
    return change


def more_fields(package):
    package["resources"][0]["schema"]["fields"].append(
        {"name": "userid", "type": "string"})


def other_check(was):
    at = was.index(b"\n") + 27
    return was[:at] + (b"b" if was[at:at + 1] == b"a" else b"a") + \
        was[at + 1:]


def bag(change):
    return {"bag": change}


def edited(name, *pairs):
    return bag(lambda b: {**b, name: data(*pairs)(b[name])})


INSIDE = {
    "for a stranger": ({"recipients": "stranger"}, 1, "not encrypted to this"),
    "two frames": ({"payload.tar.zst": lambda d: d + d}, 5, "contradicts"),
    "responses with CRLF": (tables(responses=crlf), 1, "columns"),
    "responses with a BOM": (tables(
        responses=lambda d: b"\xef\xbb\xbf" + d), 1, "columns"),
    "not sorted": (tables(responses=lambda d: b"".join(
        d.splitlines(True)[:1] + d.splitlines(True)[:0:-1])), 5,
                   "out of order"),
    "an answer's number left out": (tables(responses=lambda d: re.sub(
        rb",2,", b",3,", d, count=1)), 5, "out of order"),
    "a wrong check character": (tables(responses=other_check), 5,
                                "pseudonym"),
    "a consent missing": (tables(consents=less), 1, "different people"),
    "somebody without answers": (tables(responses=less), 1, "rows"),
    "a column nobody approved": ({**tables(responses=more_cells(
        b",userid", b",U1")), "data/datapackage.json": more_fields}, 1,
        "other columns"),
    "a column under another name": ({
        **tables(responses=lambda d: d.replace(b"Hours", b"Salary", 1)),
        "data/datapackage.json": lambda p: json.loads(
            json.dumps(p).replace("Hours", "Salary"))}, 1, "other columns"),
    "a column left out": ({"survey": {**SLEEP, "fields": SLEEP["fields"][:6]},
                           "request.txt": put("fields", " ".join(
                               f["name"] for f in SLEEP["fields"])),
                           "plan.txt": lambda t: t.behind(
                               "column-06", ("column-07", "Remark as-is 0..0")),
                           "STATEMENT.txt": lambda t: t.behind(
                               "level-06", ("level-07", "Remark 0"))}, 1,
                          "lacks columns"),
    "consents with CRLF": (tables(consents=crlf), 3, "consents.csv"),
    "consents with other columns": (tables(consents=lambda d: d.replace(
        b"day", b"when", 1)), 1, "consents.csv"),
    "a text nobody accepted": (tables(consents=lambda d: d.replace(
        sha256(CONSENT_TEXT).encode(), ZERO.encode(), 1)), 1,
        "does not accept"),
    "not for research": (tables(consents=data((b"research", b"support"))), 1,
                         "does not accept"),
    "scopes unquoted": (tables(consents=data((
        b",research,", b",support,research,"))), 3, "consents.csv"),
    "the very day": (tables(consents=data((b",2020,", b",2020-04-01,"))), 3,
                     "YYYY"),
    "a receipt of another form": (tables(
        consents=lambda d: d[:-33] + b"z" * 32 + b"\n"), 3, "receipt"),
    "another number of consents": ({"STATEMENT.txt": lambda t: t.put(
        "consent-text-01", f"{sha256(CONSENT_TEXT)} 25")}, 1,
        "number of consents"),
    "fewer rows than stated": ({"STATEMENT.txt": lambda t: (t.put(
        "rows-exported", "33"), t.put("rows-considered", "53"))[0]}, 1,
        "rows"),
    "fewer people than stated": ({"STATEMENT.txt": put(
        "respondents-exported", "25")}, 1, "respondents"),
    "another commitment": ({"STATEMENT.txt": put("receipt-commitment", ZERO)},
                           1, "receipt commitment"),
    "another inside": ({"STATEMENT.txt": put(
        "inner-tagmanifest-sha256", ZERO)}, 1, "tagmanifest"),
    "another root than the consents'": ({"STATEMENT.txt": put(
        "consent-root", ZERO)}, 1, "consent root"),
    "rows of the package": ({"data/datapackage.json": lambda p: p[
        "resources"][0].update(rows=1)}, 1, "datapackage.json"),
    "hash of the package": ({"data/datapackage.json": lambda p: p[
        "resources"][1].update(hash=f"sha256:{ZERO}")}, 1,
        "datapackage.json"),
    "a third table": ({"data/datapackage.json": lambda p: p[
        "resources"].append({})}, 3, "two resources"),
    "a key twice in the package": (edited("data/datapackage.json", (
        b'{\n "name"', b'{\n "name": "x",\n "name"')), 3, "twice"),
    "bound to another export": ({"binding.txt": put("export", "EXP-2026-0009")},
                                1, "binding.txt"),
    "bound to another plan": ({"binding.txt": put("plan-sha256", ZERO)}, 1,
                              "binding.txt"),
    "bound to another request": ({"binding.txt": put("request-sha256", ZERO)},
                                 1, "binding.txt"),
    "bound to somebody else": ({"binding.txt": put("recipient", "other age")},
                               1, "binding.txt"),
    "another salt": ({"binding.txt": put("salt", ZERO)}, 1, "commitment"),
    "no R": (bag(without("load/load.R")), 4, "load/load.R"),
    "one file more": (bag(lambda b: {**b, "load/run.sh": b"x"}), 3,
                      "no part of a payload"),
    "no consent text": (bag(lambda b: {
        k: v for k, v in b.items() if "consent-texts" not in k}), 4,
        "consent-texts"),
    "a consent text under another name": (bag(lambda b: {
        (f"consent-texts/{ZERO}.txt" if "texts" in k else k): v
        for k, v in b.items()}), 1, "another text"),
    "another sum of bytes": (edited("bag-info.txt", (b"Oxum: ", b"Oxum: 1")),
                             1, "Oxum"),
    "a bag of another export": (edited("bag-info.txt", (b"0007", b"0008")), 1,
                                "External-Identifier"),
    "a bag of another version": (edited("bagit.txt", (b"1.0", b"0.97")), 3,
                                 "BagIt 1.0"),
    "a manifest that is short": ({"manifest-sha256.txt": less}, 3,
                                 "not listed"),
    "a manifest with one more": ({"manifest-sha256.txt": lambda d: d +
                                  ZERO.encode() + b"  data/zzz\n"}, 4, "zzz"),
    "a tagmanifest that is short": ({"tagmanifest-sha256.txt": less}, 3,
                                    "not listed"),
    "a program changed": ({"finished bag": lambda b: {
        **b, "load/load.py": b"import os\n"}}, 1, "load/load.py"),
}


def meant(world, value):
    """Words for what only the world has."""
    return {"other age": world.stranger.age, "other ssh": world.stranger.key,
            "other key": world.stranger.fingerprint()}.get(value, value)


def resolved(world, changes):
    found = {}
    for key, value in changes.items():
        if key.startswith("signer of"):
            value = world.seats.get(value, world.stranger)
        if key == "recipients":
            value = [world.stranger.age] if value == "stranger" else \
                [world.pi.age, world.stranger.age]
        if isinstance(value, tuple) and value[0] == "put":
            value = putting(value[1], meant(world, value[2]))
        found[key] = value
    return found


def putting(key, value):
    return lambda text, *_: text.put(key, value)


def refused(said, word, bundle):
    """In a plain sentence, twice the same for machines, and nothing left."""
    assert word in said.err, said
    assert "error" in said.err
    assert list(bundle.out.iterdir()) == []


def wrong(world, folder, how, case):
    changes, code, word = case
    b = Bundle(world, folder, **resolved(world, changes))
    if how == "open":
        b.verify()
        refused(b.open(code=code), word, b)
        return b
    refused(b.verify(code=code), word, b)
    said = b.verify("--json", code=code)
    assert said.json["exit"] == code
    refused(b.open(code=code), word, b)
    return b


@pytest.mark.parametrize("name", PAPERS)
def test_wrong_request(world, tmp_path, name):
    wrong(world, tmp_path, "verify", PAPERS[name])


@pytest.mark.parametrize("name", PLAN)
def test_wrong_plan(world, tmp_path, name):
    values, code, word = PLAN[name]

    def change(text):
        for key, value in values.items():
            text.put(key, meant(world, value))
    wrong(world, tmp_path, "verify", ({"plan.txt": change}, code, word))


@pytest.mark.parametrize("key", STATEMENT)
def test_wrong_statement(world, tmp_path, key):
    value, word = STATEMENT[key]
    wrong(world, tmp_path, "verify", ({"STATEMENT.txt": put(key, value)}, 1,
                                      word))


@pytest.mark.parametrize("name", SEATS)
def test_wrong_approval(world, tmp_path, name):
    wrong(world, tmp_path, "verify", SEATS[name])


@pytest.mark.parametrize("name", LEDGER)
def test_wrong_ledger(world, tmp_path, name):
    wrong(world, tmp_path, "verify", LEDGER[name])


@pytest.mark.parametrize("name", FILES)
def test_wrong_files(world, tmp_path, name):
    wrong(world, tmp_path, "verify", FILES[name])


@pytest.mark.parametrize("name", INSIDE)
def test_wrong_inside(world, tmp_path, name):
    wrong(world, tmp_path, "open", INSIDE[name])


# ---- what only the opened data shows ----

OPENED = {
    "a group too small": (tables(responses=lambda d: d.replace(
        b"40-59,01", b"20-39,01", 1)), "smallest group"),
    "a row with more cells": (tables(responses=lambda d: d.replace(
        "夜勤\n".encode(), "夜勤,\n".encode(), 1)), "CSV"),
    "a rule on what was answered": (
        {"beside": ("Hours distinct 2",)}, "Hours distinct 2"),
    "a NUL": (tables(responses=lambda d: d.replace(
        "夜勤".encode(), b"\0", 1)), "CSV"),
}


@pytest.mark.parametrize("name", OPENED)
def test_wrong_data(world, tmp_path, name):
    changes, word = OPENED[name]
    b = Bundle(world, tmp_path, **changes)
    b.open()
    said = b.verify("--data", b.data, code=None)
    assert said.code in (1, 3) and word in said.err, said


def test_changed_data(world, tmp_path):
    """A folder that was opened, and touched since."""
    b = Bundle(world, tmp_path)
    b.open()
    table = b.data / "data/responses.csv"
    was = table.read_bytes()
    table.write_bytes(was.replace(b"7.5", b"7.0", 1))
    assert "responses.csv" in b.verify("--data", b.data, code=1).err
    table.write_bytes(was)
    (b.data / "data/more.csv").write_text("x\n")
    assert "more.csv" in b.verify("--data", b.data, code=3).err
