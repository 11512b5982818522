"""A home that the first landed version made, with a history, goes on.

older/README.md says what is in it and how it was made.  Its stores are brought
up to date when they are opened; its records stay sealed as they are and are
read in their own format.  What leaves is what that version itself let out.
"""
import csv
import importlib.util
import json
import os
import random
import shutil
import sys
import tarfile
import time

import pytest

import flow

pytest.importorskip("nacl", reason="no python3-nacl")
for program in ("age", "sqlcipher"):
    if not shutil.which(program):
        pytest.skip(f"no {program}", allow_module_level=True)

OLDER = flow.pathlib.Path(__file__).with_name("older")
SEATS = {"14": {"a": "a2", "b": "b", "c": "c"}, "13": {"x": "x", "y": "y"},
         "40": {"p": "p", "q": "q"}}
OUTDATED = ["PLAN-2026-0002", "PLAN-2026-0003", "PLAN-2026-0004",
            "PLAN-2026-0005"]
# How many of all places of a migration are tried; 0 tries each.
PLACES = int(os.environ.get("AZUKARI_PLACES", 10))
SEED = int(os.environ.get("AZUKARI_SEED", time.time_ns() % 1000000))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


pages = load(OLDER / "pages.py")
attacker = load(flow.ROOT / "contrib/attacker.py")


@pytest.fixture(autouse=True)
def day(monkeypatch):
    """Five days behind its last."""
    monkeypatch.setattr(flow, "DAY", "2026-11-09 10:00:00")


def people_of(home):
    for owner, seats in SEATS.items():
        home.seats[owner] = {s: flow.Person(home.folder / owner, n)
                             for s, n in seats.items()}
    home.partner = flow.Person(home.folder, "pi")
    return home


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    home = flow.Home(tmp_path_factory.mktemp("first"))
    with tarfile.open(OLDER / "home-0.tar.xz") as tar:
        tar.extractall(home.folder)
    for path in [home.key_file, *home.folder.rglob("passphrase")]:
        path.chmod(0o600)
    pages.unpack(home.folder)
    return people_of(home)


def copy(home, folder):
    other = flow.Home(folder)
    shutil.copytree(home.folder, other.folder)
    return people_of(other)


@pytest.fixture
def older(untouched, tmp_path):
    return copy(untouched, tmp_path / "gateway")


def person(n):
    return "U%032x" % (0xabcdef000000 + n)


def users(found):
    return {r["user"] for r in found if r["kind"] == "response"}


def expected(home, which):
    doc = json.loads((home.folder / "expected.json").read_text())
    return doc[which]["rows"]


def columns(home, owner, sql):
    """Rows of an owner's vault, by another program."""
    keys = pages.keys_of(home.folder)
    path = home.path / f"owners/{owner}/vault.db"
    db = attacker.recover.Database(str(path), keys[path].hex(),
                                   attacker.CIPHER)
    return list(db.rows(sql))


# ---- opening ----

def test_the_fixture_is_what_it_says(older):
    """The control of everything here."""
    assert columns(older, "14", "PRAGMA user_version") == [["1"]]
    heads = {r[0] for r in columns(
        older, "14", "SELECT hex(substr(bytes, 1, 7)) FROM segment_body")}
    assert heads == {b"azkseg1".hex().upper()}
    assert columns(older, "14", "SELECT count(*), min(length(sha16)) "
                   "FROM text") == [["2", "16"]]


def test_it_opens_and_says_so_once(older):
    said = older.az("status").err
    for owner in SEATS:
        assert f"the stores of owner {owner} were made by an earlier " \
            "version and have been brought up to date" in said
    assert "interrupted erasure of owner 13 has been finished" in said
    again = older.az("status").err
    assert "earlier version and have been" not in again
    assert "owner 14: 3 plans were frozen by an earlier version" in again
    assert "owner 13: 1 plans were frozen by an earlier version" in again
    assert columns(older, "14", "PRAGMA user_version") == [["4"]]
    assert older.az("ledger", "verify").err.count("checked:") == 2
    assert len(older.json("quarantine", "list", "14")) == 2
    sums = flow.records(older)
    assert sums == {"survey": 77, "register": 76, "open": 1}


def test_whole_digests_of_texts(older):
    """Half of each was known; none is left half."""
    older.az("status")
    known = {r[0].lower() for r in columns(older, "14",
                                           "SELECT hex(sha256) FROM text")}
    assert known == {flow.text_digest()[7:],
                     flow.sha256(older.folder / "later.txt")}


def test_every_event_is_still_known(older):
    for name, lines in (("first", 138), ("third", 15)):
        again = older.json("intake", "14", "--source", "line",
                           older.folder / f"{name}.ndjson", code=3)
        assert (again["known_already"], again["lines"]) == (lines - 1, lines)
        assert (again["bad"], again["quarantined"]) == (1, 0)
    runs = columns(older, "14", "SELECT sum(length(bytes)), min(length(first))"
                   ", max(length(first)) FROM event_chunk")
    assert runs == [[str(12 * (138 + 15)), "12", "12"]]


# ---- the main job ----

def go_on(home):
    """Its plans are ended, one is frozen anew, approved, carried out."""
    home.az("erase", "run", "14")
    for plan in OUTDATED[:3]:
        home.az("plan", "end", plan)
    home.plan = flow.freeze(home, "REQ-2026-002")
    flow.Officers(home).approve_fully(home.plan)
    ran = home.az("export", home.plan)
    home.bundle = home.path / f"outbox/{home.plan.replace('PLAN', 'EXP')}.tar"
    home.az("trust", "export", "14", "-o", home.folder / "trust")
    return ran


def table(data, name):
    with open(data / "data" / name, newline="", encoding="utf-8") as f:
        return list(csv.reader(f))


def test_what_leaves_is_what_that_version_let_out(older):
    """The same people, answers and consents, row by row; only receipts are of
    the plan."""
    ran = go_on(older)
    assert "EXP-2026-0001 was released by an earlier version, which kept no " \
        "record of it: this export is not compared with it" in ran.err
    flow.az("verify", older.bundle, "--trust", older.folder / "trust")
    out = older.folder / "new"
    out.mkdir()
    flow.az("open", older.bundle, *older.partner.options(), "--trust",
            older.folder / "trust", "-o", out)
    data = out / f"{older.bundle.stem}-data"
    want = expected(older, "second")
    assert len(want["responses"]) == 1 + 45 + 16 + 6
    assert table(data, "responses.csv") == want["responses"]
    assert [r[:4] for r in table(data, "consents.csv")] == \
        [r[:4] for r in want["consents"]]
    # both texts, one of them under a consent that came after the answer
    assert len({r[1] for r in want["consents"][1:]}) == 2
    said = older.az("plan", "show", older.plan).out
    assert "released before: 1;" in said and "NOT COMPARED" in said
    assert older.az("ledger", "verify").err.count("checked:") == 2


def test_a_second_release_is_compared_with_the_first_of_this_version(older):
    go_on(older)
    flow.submit(older, older.partner, "REQ-2026-009",
                period="2026-10-01..2026-10-31")
    plan = flow.freeze(older, "REQ-2026-009")
    said = older.az("plan", "show", plan).out
    assert "released before: 2;" in said and said.count("NOT COMPARED") == 1


# ---- what was on its way ----

def test_plans_that_cannot_go_on_say_so(older):
    """Each by itself; the home works, and nothing of them leaves."""
    for plan in OUTDATED:
        for args in (("export", plan), ("plan", "pack", plan, "--seat", "b",
                                        "-o", older.folder / "p")):
            if args[0] == "plan" and plan in OUTDATED[2:]:
                continue
            said = older.az(*args, code=1).err
            assert f"{plan} was frozen by an earlier version" in said
            assert f"azukari plan end {plan}; azukari plan freeze" in said
    assert "frozen by an earlier version" in older.az(
        "plan", "accept", older.folder / "PLAN-2026-0003-b.answer",
        code=1).err
    assert "frozen by an earlier version" in older.az(
        "byterelease", "pack", "EXP-2026-0005", "-o", older.folder / "p",
        code=1).err
    for plan in OUTDATED:
        older.az("plan", "end", plan)
    assert [p.name for p in (older.path / "outbox").glob("*.tar")] == \
        ["EXP-2026-0001.tar"]
    assert not list((older.path / "tmp").iterdir())
    assert not list((older.path / "run/plans").iterdir())
    assert "earlier version" not in older.az("status").err.replace(
        "made by an earlier version", "")
    assert older.az("ledger", "verify").err.count("checked:") == 2


def test_who_was_not_live_yet_becomes_live(older):
    """Seats had joined; the trial record is of the first format."""
    said = older.az("owner", "activate", "40", older.folder / "40/p.joined",
                    older.folder / "40/q.joined").err
    assert "opened by the seats' shares" in said


def test_an_interrupted_intake_goes_on(older):
    older.az("epoch", "close", "13")
    assert flow.records(older, "13") == {"survey": 18, "register": 18,
                                         "open": 1}
    again = older.json("intake", "13", "--source", "line",
                       older.folder / "thirteen.ndjson")
    assert again["known_already"] == 12
    found = flow.recover(older, "13", "xy")
    assert users(found) == {person(n) for n in range(100, 118)} - {
        person(105)}


def test_a_released_one_is_lived_with(older):
    """Notices that were waiting are applied and answered."""
    data, = (older.folder / "opened").iterdir()
    trust = older.folder / "its-trust"
    trust.mkdir()
    with tarfile.open(older.folder / "EXP-2026-0001.tar") as tar:
        for name in ("allowed_signers", "ledger.vkey", "witness-policy"):
            (trust / name).write_bytes(tar.extractfile(
                f"EXP-2026-0001/trust/{name}").read())
    notices = sorted((older.path / "outbox/notices/keio").iterdir())
    assert len(notices) == 5
    for notice in notices:
        out, answer = (older.folder / f"{notice.name}{x}"
                       for x in ("", ".txt"))
        flow.az("notice", "apply", notice / "notice.txt", data,
                *older.partner.options(), "-o", out, "--answer", answer,
                "--trust", trust)
        older.az("notice", "accept", answer)
        data = out
    gone = len(expected(older, "first")["responses"]) - len(
        table(data, "responses.csv"))
    assert gone == 5


# ---- what comes in, goes on, goes away ----

def test_an_answer_under_a_consent_of_then(older):
    """It is sealed with the whole digest of the text."""
    texts = [flow.line("response", f"new{n}", person(n),
                       time="2026-11-08T12:00:00+09:00") for n in (1, 51)]
    took = older.json("intake", "14", "--source", "line", flow.lines(
        older.folder / "more", *texts))
    assert took["responses"] == 2
    found = {r["user"]: r for r in flow.recover(older)
             if r["event"] == "2026-11-08T03:00:00Z"}
    assert found[person(1)]["consent"]["text"] == flow.text_digest()[7:]
    assert found[person(51)]["consent"]["text"] == flow.sha256(
        older.folder / "later.txt")


def attack(home, seats):
    identities = [(s, attacker.recover.read_identity(
        home.seats["14"][s].identity())) for s in seats]
    found, counts = attacker.attack(str(home.path),
                                    home.key_file.read_bytes(), "14",
                                    identities)
    return users(found), counts


# 40 and 41 were erased, 44 too but came back; 42 waits for its hold.
ALL = {person(n) for n in range(76)} - {person(40), person(41)}


def test_who_was_erased_stays_erased(older):
    """By the attacker's own program: t seats read everybody but them, before
    and after, and one seat reads nobody."""
    before = attack(older, "ab")
    assert before[0] == ALL
    older.az("status")
    after = attack(older, "ab")
    assert after == before
    assert attack(older, "b")[0] == set()
    older.az("erase", "run", "14")
    assert attack(older, "ab")[0] == ALL - {person(42)}
    older.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
             "--now", stdin=person(3) + "\n")
    assert attack(older, "ab")[0] == ALL - {person(42), person(3)}


def sealed(home):
    """{respondent: pieces of ciphertext} of the vault as it stands."""
    found = {}
    for data, in columns(home, "14", "SELECT hex(bytes) FROM segment_body"):
        for number, _, _, removed, body in attacker.recover.read_segment(
                bytes.fromhex(data)):
            if not removed:
                found.setdefault(number, []).append(body[16:48])
    return found


def everything(home):
    keys = pages.keys_of(home.folder)
    path = home.path / "owners/14/vault.db"
    return b"".join(attacker.raw_pages(str(path), keys[path].hex())) + \
        b"".join(p.read_bytes() for p in sorted(home.path.rglob("*"))
                 if p.is_file())


def test_compaction_takes_the_bytes_of_the_erased(older):
    before = sealed(older)
    roots = [(e["epoch"], e["records"]) for e in older.json(
        "epoch", "list", "14")]
    disk = everything(older)
    assert all(p in disk for of in before.values() for p in of)
    older.az("erase", "run", "14")
    older.az("compact", "14")
    after, disk = sealed(older), everything(older)
    dead = {40, 41, 42}
    assert not any(n in after for n in dead)
    assert not any(p in disk for n in dead for p in before[n])
    assert all(before[n] == after[n] for n in before if n not in dead | {44})
    assert [(e["epoch"], e["records"]) for e in older.json(
        "epoch", "list", "14")] == roots
    assert len(users(flow.recover(older))) == len(ALL) - 1
    go_on(older)


def test_half_digests_and_old_events_leave_no_page(older):
    """What the migration freed is wiped."""
    chunks = columns(older, "14", "SELECT hex(bytes) FROM event_chunk")
    events = [bytes.fromhex(c)[at:at + 16] for c, in chunks
              for at in range(0, len(c) // 2, 16)]
    assert len(events) == 153
    disk = everything(older)
    assert all(e in disk for e in events)
    older.az("status")
    disk = everything(older)
    assert not any(e in disk for e in events)
    assert all(e[:12] in disk for e in events)


# ---- by hand, and copies ----

def test_recovery_without_us_before_and_after(older):
    """contrib/recover.py reads both layouts, and says the same."""
    before = flow.recover(older)
    assert users(before) == ALL
    older.az("status")
    assert flow.recover(older) == before


def test_seats_hold_what_they_held(older):
    packet = older.folder / "shares"
    for seat, who in older.seats["14"].items():
        packet.unlink(missing_ok=True)
        older.az("seat", "pack", "14", "--seat", seat, "-o", packet)
        flow.az("seat", "check", packet, *who.options())


def test_backup_and_restore(older):
    sets = older.folder / "sets"
    older.az("backup", sets)
    before = flow.recover(older)
    other = copy(older, older.folder.with_name("other"))
    shutil.rmtree(other.path)
    other.az("restore", other.path, *sorted(sets.iterdir()), "--gateway-key",
             older.path / "keys/gateway.key")
    assert flow.recover(other) == before
    other.az("ledger", "verify")


# ---- a migration that dies ----

@pytest.fixture(scope="module")
def disk():
    if not flow.FAULT:
        pytest.skip("no build that dies on request: AZUKARI_FAULT_BIN")
    path = flow.pathlib.Path(flow.FAULT).parents[1] / \
        "tests/preload/libno_space.so"
    assert path.exists(), path
    return path


def status(home, disk, **env):
    return home.az("epoch", "list", "14", program=flow.FAULT, code=None,
                   env={"LD_PRELOAD": f"{flow.CLOCK}:{disk}", **env})


@pytest.fixture(scope="module")
def places(untouched, disk, tmp_path_factory):
    """Every write, fsync and rename of a migration, or some of them."""
    home = copy(untouched, tmp_path_factory.mktemp("count") / "gateway")
    count = home.folder / "count"
    old, flow.DAY = flow.DAY, "2026-11-09 10:00:00"
    try:
        assert status(home, disk, NO_SPACE_COUNT=str(count)).code == 0
        said = home.az("epoch", "list", "14").err
    finally:
        flow.DAY = old
    assert said == ""
    total = int(count.read_text())
    assert total > 30
    if not PLACES:
        return range(1, total + 1)
    return sorted(random.Random(SEED).sample(range(1, total + 1), PLACES))


@pytest.mark.parametrize("how", ["dies", "is full", "is full once"])
def test_at_any_write(untouched, disk, places, tmp_path, how):
    """The next run finishes it: everything is there, once, and nothing that
    was erased comes back."""
    env = {"dies": {"NO_SPACE_KILL": "1"}, "is full": {},
           "is full once": {"NO_SPACE_ONCE": "1"}}[how]
    failed = 0
    for at in places:
        home = copy(untouched, tmp_path / str(at))
        ran = status(home, disk, NO_SPACE_AT=str(at), **env)
        where = f"AZUKARI_SEED={SEED}: {how} at {at}: {ran}"
        assert ran.code in ((flow.KILLED, 0) if how == "dies" else (0, 5)), \
            where
        failed += ran.code != 0
        said = home.az("epoch", "list", "14").err
        assert "error" not in said, where
        assert columns(home, "14", "PRAGMA user_version") == [["4"]], where
        again = home.json("intake", "14", "--source", "line",
                          home.folder / "first.ndjson", code=3)
        assert again["known_already"] == 137, where
        assert attack(home, "ab")[0] == ALL, where
        home.az("ledger", "verify")
        shutil.rmtree(home.folder)
    assert failed > len(places) // 3
