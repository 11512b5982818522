"""A bundle that left is computed again by a plan of its own, and nothing of
it leaves a second time."""
import hashlib
import importlib.util
import json
import re
import shutil
import time

import pytest

import flow
from flow import line, lines

U = "U" + "0123456789abcdef" * 2        # answered, but without consent


def exported(home):
    return home.plan.replace("PLAN", "EXP")


@pytest.fixture(scope="module")
def released_once(asked_once, tmp_path_factory):
    """The same with one bundle that left."""
    home = asked_once.copy(tmp_path_factory.mktemp("released"))
    home.plan = flow.freeze(home)
    flow.Officers(home).approve_fully(home.plan)
    # Who withdrew in the second in which the export began counts as since.
    time.sleep(1.1)
    assert home.json("export", home.plan)["export"] == exported(home)
    return home


@pytest.fixture
def released(released_once, tmp_path):
    return released_once.copy(tmp_path / "gateway")


def officers_of(home):
    """Those who approved the export before; their files have new names."""
    officers = flow.Officers(home)
    officers.made = 100
    return officers


def again(home, approve=True, **options):
    """A plan to compute the export again."""
    plan = home.json("plan", "freeze", "14", "--rederive", exported(home),
                     **options)["plan"]
    if approve:
        officers_of(home).approve_fully(plan)
    return plan


def kinds(home):
    return [e["kind"] for e in home.json("ledger", "show")]


def entries(home, kind):
    return [e for e in home.json("ledger", "show") if e["kind"] == kind]


def state(home, plan):
    row, = [p for p in home.json("plan", "list") if p["plan"] == plan]
    return row["state"], row["why"]


def statement(home):
    return flow.members(home.path / f"outbox/{exported(home)}.tar")[
        "STATEMENT.txt"].decode()


def snapshot(folder):
    return {p.name: flow.sha256(p) for p in folder.rglob("*") if p.is_file()}


def test_equal(released):
    """The digest of the statement, computed from the shares of today."""
    before = snapshot(released.path / "outbox")
    plan = again(released)
    assert plan != released.plan
    started = kinds(released).count("export-started")
    r = released.json("rederive", plan)
    assert r["result"] == "equal" and r["export"] == exported(released)
    want = re.search("^inner-tagmanifest-sha256: (.*)$", statement(released),
                     re.M)[1]
    assert r["tagmanifest_sha256"] == want
    done, = entries(released, "rederived")
    assert done["what"] == "equal" and done["export"] == exported(released)
    assert done["tagmanifest-sha256"] == want
    begun, = entries(released, "rederive-started")
    assert begun["plan-sha256"] == done["plan-sha256"]
    assert state(released, plan) == ("ended", "equal")
    # Nothing left, nothing stays, and no second export is counted.
    assert snapshot(released.path / "outbox") == before
    assert list((released.path / "run/plans").iterdir()) == []
    assert list((released.path / "tmp").iterdir()) == []
    assert kinds(released).count("export-started") == started
    assert kinds(released).count("release-record") == 1
    assert kinds(released).count("exported") == 1
    released.az("ledger", "verify")
    released.az("rederive", plan, code=1)


def test_long_after_the_request(released):
    """It is decided as of then: the request may be over since."""
    now = flow.in_days(190)
    plan = again(released, approve=False, now=now)
    officers = officers_of(released)
    for seat in ("a", "b", "a"):
        packet = officers.pack(plan, seat, now=now)
        answer, _ = officers.run("approve", packet, seat, "--yes", now=now)
        released.az("plan", "accept", answer, now=now)
    assert released.json("rederive", plan, now=now)["result"] == "equal"


def test_officers_read_that_nothing_leaves(released):
    plan = again(released, approve=False)
    officers = officers_of(released)
    packet = officers.pack(plan, "a")
    files = flow.members(packet)
    assert hashlib.sha256(files["rederive-plan.txt"]).hexdigest() in \
        files["plan.txt"].decode()
    _, ran = officers.run("approve", packet, "a", "--yes")
    assert "NOTHING LEAVES" in ran.out + ran.err
    assert f"asks for nothing but what the plan of {exported(released)}" in \
        ran.out + ran.err
    assert "NOTHING LEAVES" in released.az("plan", "show", plan).out


@pytest.mark.parametrize("change", ["column", "gone", "signature"])
def test_officers_refuse_another_plan(released, change):
    plan = again(released, approve=False)
    officers = officers_of(released)
    packet = officers.pack(plan, "a")
    bad = officers.path("bad.packet")

    files = flow.members(packet)
    flow.rewrite(packet, bad, {
        "gone": {"rederive-plan.txt": None},
        "signature": {"rederive-plan.txt.sig": files["request.txt.sig"]},
        "column": {"rederive-plan.txt": files["plan.txt"],
                   "rederive-plan.txt.sig": files["plan.txt.sig"]},
    }[change])
    answer, ran = officers.run("approve", bad, "a", "--yes", code=None)
    assert ran.code != 0 and "rederive-plan.txt" in ran.err
    assert not answer.exists()


def test_too_few(released):
    plan = again(released, approve=False)
    released.az("rederive", plan, code=1)
    officers_of(released).approve(plan, "a")
    said = released.az("rederive", plan, code=1)
    assert "1" in said.err
    assert "rederive-started" not in kinds(released)
    assert state(released, plan) == ("frozen", "")


def test_it_is_no_export(released):
    plan = again(released)
    said = released.az("export", plan, code=1)
    assert "hands nothing out" in said.err
    assert list((released.path / "outbox").iterdir()) == [
        released.path / f"outbox/{exported(released)}.tar"]
    assert kinds(released).count("export-started") == 1
    assert released.json("rederive", plan)["result"] == "equal"


def test_an_export_is_none(frozen):
    flow.Officers(frozen).approve_fully(frozen.plan)
    assert "plan to export" in frozen.az("rederive", frozen.plan,
                                         code=1).err
    frozen.az("export", frozen.plan)


def test_what_was_not_released(frozen):
    frozen.az("plan", "freeze", "14", "--rederive", "EXP-2026-0009", code=4)
    frozen.az("plan", "freeze", "14", "--rederive",
              frozen.plan.replace("PLAN", "EXP"), code=4)
    frozen.az("plan", "freeze", "14", code=2)
    frozen.az("plan", "freeze", "14", "REQ-2026-001", "--rederive",
              "EXP-2026-0001", code=2)


def test_withdrawn_since(released):
    """No fault of the payload's, and said so; nothing is opened."""
    plan = again(released)
    answers = [json.loads(t) for t in
               (released.folder / "lines.ndjson").read_text().splitlines()]
    people = sorted({a["respondent"] for a in answers})
    for who in people[:40]:
        released.az("withdraw", "14", "--respondent-file", "-", "--source",
                    "line", stdin=who + "\n", code=None)
    said = released.az("rederive", plan)
    assert "cannot be equal" in said.out + said.err
    assert "withdrawn since" in said.out + said.err
    done, = entries(released, "rederived")
    assert (done["what"], done["tagmanifest-sha256"]) == ("withdrawn", "-")
    assert state(released, plan) == ("ended", "withdrawn")
    assert list((released.path / "run/plans").iterdir()) == []
    released.az("ledger", "verify")


def test_new_answers_change_nothing(released):
    released.az("intake", "14", lines(
        released.folder / "more.ndjson",
        line("consent", "n1", U, time="2020-04-01T11:00:00+09:00"),
        line("response", "n2", U)))
    assert released.json("rederive", again(released))["result"] == "equal"


def load(path):
    spec = importlib.util.spec_from_file_location("attacker", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drop_records(home):
    """Make answers look removed: their epoch's root stays the same."""
    pytest.importorskip("nacl", reason="no python3-nacl")
    if not shutil.which("sqlcipher"):
        pytest.skip("no sqlcipher")
    attacker = load(flow.ROOT / "contrib" / "attacker.py")
    keys = attacker.GatewayKeys(str(home.path), home.key_file.read_bytes(),
                                "14")
    path = home.path / "owners/14/vault.db"
    db = attacker.recover.Database(str(path), keys.vault, attacker.CIPHER)
    number, data = max(db.rows(
        "SELECT number, hex(bytes) FROM segment_body"),
        key=lambda row: len(row[1]))
    body = bytes.fromhex(data)
    count = int.from_bytes(body[8:12], "big")
    assert body[:8] == b"azkseg4\0"
    at = 12 + 6 * count
    table, sealed = bytearray(body[:at]), b""
    for i in range(count):
        flags = int.from_bytes(table[16 + 6 * i:18 + 6 * i], "big")
        size = 32 + 16 * (flags & 0x1fff)
        record = body[at:at + size]
        at += size
        if flags >> 13 == 1 and i % 2 == 0:
            table[16 + 6 * i:18 + 6 * i] = (flags & 0xe000).to_bytes(2, "big")
            record = record[:16] + record[-16:]
        sealed += record
    changed = bytes(table) + sealed
    flow.run("sqlcipher", "-batch", "-bail", "-init", "/dev/null", path,
             stdin=f"PRAGMA key = \"x'{keys.vault}'\";\n{attacker.CIPHER};\n"
             f"UPDATE segment_body SET bytes = x'{changed.hex()}' "
             f"WHERE number = {number};\n")


def test_different(released):
    """Answers that are no longer there although nobody withdrew."""
    plan = again(released)
    drop_records(released)
    said = released.az("rederive", plan, code=1)
    assert f"{exported(released)} DIFFERS" in said.err
    done, = entries(released, "rederived")
    assert done["what"] == "different"
    assert state(released, plan) == ("ended", "different")
    assert list((released.path / "run/plans").iterdir()) == []


def test_killed_on_the_way(released, fault):
    """It is simply run again."""
    plan = again(released)
    for step in ("job.started", "job.combined", "job.counted"):
        ran = released.az("rederive", plan, program=fault, code=None,
                          env={"AZUKARI_KILL_AT": step})
        assert ran.code == flow.KILLED
    assert released.json("rederive", plan)["result"] == "equal"
    assert kinds(released).count("rederive-started") == 1


def test_taken_back(released):
    plan = again(released)
    released.az("plan", "end", plan)
    released.az("rederive", plan, code=1)
    assert "rederive-started" not in kinds(released)
