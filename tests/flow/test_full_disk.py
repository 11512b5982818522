"""A disk that fills up at any write, fsync or rename: what was being done is
done by saying it again, nothing half-made is seen meanwhile, and the ledger
holds.  tests/preload/no_space.c is the disk."""
import os
import pathlib
import random
import shutil

import pytest

import flow
from flow import line, lines

# How many of all places are tried; AZUKARI_FULL=0 tries each.
PLACES = int(os.environ.get("AZUKARI_FULL", 8))
SEED = int(os.environ.get("AZUKARI_SEED", 2020))
U = "U" + "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def disk():
    """The preloaded library; the program beside it has no sanitizer."""
    if not flow.FAULT:
        pytest.skip("no build that dies on request: AZUKARI_FAULT_BIN")
    path = pathlib.Path(flow.FAULT).parents[1] / \
        "tests/preload/libno_space.so"
    assert path.exists(), path
    return path


@pytest.fixture(scope="module")
def approved_once(frozen_once, tmp_path_factory):
    home = frozen_once.copy(tmp_path_factory.mktemp("approved"))
    flow.Officers(home).approve_fully(home.plan)
    return home


def run(home, disk, command, **env):
    stdin = U + "\n" if command[0] == "withdraw" else None
    return home.az(*command, program=flow.FAULT, code=None, stdin=stdin,
                   env={"LD_PRELOAD": str(disk), **env})


def places(home, disk, command):
    """How many calls there are to fail, and a choice of them."""
    count = home.folder / "count"
    ran = run(home, disk, command, NO_SPACE_COUNT=str(count))
    assert ran.code == 0, ran
    total = int(count.read_text())
    assert total > 10, "nothing was counted"
    if not PLACES:
        return total, range(1, total + 1)
    rng = random.Random(SEED)
    return total, sorted(rng.sample(range(1, total + 1),
                                    min(PLACES, total)))


def fails(once, disk, tmp_path, command, then):
    """Fill the disk at each place, for good or for one call; THEN judges what
    the next runs make of it, and that whoever said 0 had done it."""
    shutil.rmtree(tmp_path / "count", ignore_errors=True)
    total, chosen = places(once.copy(tmp_path / "count"), disk, command)
    failures = 0
    for at in chosen:
        how = {"NO_SPACE_ONCE": "1"} if at % 2 else {}
        home = once.copy(tmp_path / str(at))
        ran = run(home, disk, command, NO_SPACE_AT=str(at), **how)
        where = f"AZUKARI_SEED={SEED}: {at} of {total} {how}: {ran}"
        assert ran.code in (0, 5), where
        if ran.code != 0:
            failures += 1
            assert "disk is full" in ran.err, where
        print(where)
        then(home, ran)
        home.az("ledger", "verify")
        shutil.rmtree(home.folder)
    assert failures >= len(chosen) // 3


def test_export(approved_once, disk, tmp_path):
    def then(home, ran):
        outbox = home.path / "outbox"
        for bundle in outbox.glob("*.tar"):      # whole, or not there
            flow.az("verify", bundle)
        there = list(outbox.glob("*.tar"))
        assert there or ran.code == 5
        home.az("export", home.plan, code=None if there else 0)
        bundle, = outbox.glob("*.tar")
        flow.az("verify", bundle)
        home.az("export", home.plan, code=1)
        assert list((home.path / "tmp").iterdir()) == []
        assert list((home.path / "run/plans").iterdir()) == []
        kinds = [e["kind"] for e in home.json("ledger", "show")]
        assert kinds.count("released") == 1
    fails(approved_once, disk, tmp_path, ["export", approved_once.plan], then)


def test_freeze(asked_once, disk, tmp_path):
    def then(home, ran):
        plans = [p["plan"] for p in home.json("plan", "list")
                 if p["state"] == "frozen"]
        if not plans:
            assert ran.code == 5
            home.az("plan", "freeze", "14", "REQ-2026-001")
        plans = [p["plan"] for p in home.json("plan", "list")
                 if p["state"] == "frozen"]
        assert len(plans) == 1
        flow.Officers(home).approve_fully(plans[0])
        kinds = [e["kind"] for e in home.json("ledger", "show")]
        assert kinds.count("approval") == 2
    fails(asked_once, disk, tmp_path,
          ["plan", "freeze", "14", "REQ-2026-001"], then)


def test_accept(frozen_once, disk, tmp_path):
    once = frozen_once.copy(tmp_path / "once")
    officers = flow.Officers(once)
    answer, _ = officers.run("approve", officers.pack(once.plan, "a"), "a",
                             "--yes")

    def then(home, ran):
        again = home.az("plan", "accept", answer, code=None)
        assert again.code == 0 or "was taken in before" in again.err, again
        assert ran.code == 5 or again.code == 1
        plan, = home.json("plan", "list")
        assert plan["approvals"] == 1
        kinds = [e["kind"] for e in home.json("ledger", "show")]
        assert kinds.count("approval") == 1
    fails(once, disk, tmp_path, ["plan", "accept", answer], then)


def test_withdraw(ready, disk, tmp_path):
    once = ready.copy(tmp_path / "once")
    once.az("intake", "14", lines(
        tmp_path / "f", line("consent", "c", U,
                             time="2020-04-01T11:00:00+09:00"),
        line("response", "r", U)))
    command = ["withdraw", "14", "--respondent-file", "-", "--source",
               "line", "--now"]

    def then(home, ran):
        if ran.code == 0:
            assert "erasure" in [e["kind"] for e in home.json("ledger",
                                                               "show")]
        home.az(*command, stdin=U + "\n")
        home.az("erase", "run", "14", "--now")
        last = [e for e in home.json("ledger", "show")
                if e["kind"] == "erasure"]
        assert [e["erase-generation"] for e in last] == ["1"]
        assert sorted(p.name for p in (home.path / "keys").iterdir()) == [
            "erase-14.key", "gateway.key"]
    fails(once, disk, tmp_path, command, then)
