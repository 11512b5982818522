"""What runs for long goes on while somebody else withdraws and is erased, and
whoever withdrew before a bundle is released is not in it."""
import csv
import fcntl
import time

import pytest

import flow
from flow import line, lines

STEPS = ["job.started", "job.combined", "job.counted", "job.payload",
         "job.built", "job.exported"]


@pytest.fixture(scope="module")
def approved_once(frozen_once, tmp_path_factory):
    home = frozen_once.copy(tmp_path_factory.mktemp("approved"))
    flow.Officers(home).approve_fully(home.plan)
    return home


@pytest.fixture
def approved(approved_once, tmp_path, fault):
    return approved_once.copy(tmp_path / "gateway")


def first_person(home):
    """Somebody whose answers would leave."""
    for r in flow.recover(home):
        if r["kind"] == "response" and "research" in (
                r.get("consent") or {}).get("scopes", []):
            return r["user"]
    raise AssertionError("nobody gave a consent")


def withdraw(home, who, *more):
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            *more, stdin=who + "\n")


def released(home, folder="opened"):
    """Pseudonyms of the bundle that left."""
    bundle, = (home.path / "outbox").glob("*.tar")
    flow.az("verify", bundle)
    out = home.folder / folder
    out.mkdir()
    flow.az("open", bundle, *home.partner.options(), "-o", out)
    data, = out.iterdir()
    with open(data / "data/consents.csv", newline="", encoding="utf-8") as f:
        return {row["pseudonym"] for row in csv.DictReader(f)}


def next_second():
    """What the clock says moves on."""
    now = int(time.time())
    while int(time.time()) <= now:
        time.sleep(0.02)


@pytest.fixture(scope="module")
def without(approved_once, tmp_path_factory):
    """Who withdraws, and who leaves when they did so before."""
    home = approved_once.copy(tmp_path_factory.mktemp("without"))
    who = first_person(home)
    everybody = home.copy(tmp_path_factory.mktemp("everybody"))
    everybody.az("export", home.plan)
    withdraw(home, who, "--now")
    home.az("export", home.plan)
    left = released(home)
    assert len(released(everybody) - left) == 1     # the control
    return who, left


@pytest.mark.parametrize("step", STEPS)
def test_an_erasure_during_an_export(approved, without, step):
    who, left = without
    export = flow.stopped(approved, f"{step}:1", "export",
                           approved.plan)
    withdraw(approved, who, "--now")
    flow.go_on(export)
    assert released(approved) == left
    assert list((approved.path / "run/plans").iterdir()) == []
    approved.az("ledger", "verify")


@pytest.mark.parametrize("scope", ["all", "research"])
def test_a_withdrawal_by_an_intake_that_began_before(approved, without,
                                                     scope):
    """When it was noted counts, not when the process was started."""
    who, left = without
    intake = flow.stopped(approved, "acts.lock:1", "intake", "14", lines(
        approved.folder / "w", line("withdrawal", "w-late", who,
                                    scopes=[scope])))
    next_second()
    export = flow.stopped(approved, "job.payload:1", "export", approved.plan)
    flow.go_on(intake)
    flow.go_on(export)
    assert released(approved) == left


def test_intake_goes_on_after_an_erasure(home, fault):
    """The store of keys is under another key than when the run began."""
    one, two = ("U" + c * 32 for c in "12")
    home.az("intake", "14", lines(
        home.folder / "a", line("consent", "c1", one),
        line("response", "r1", one)))
    intake = flow.stopped(home, "acts.lock:1", "intake", "14", lines(
        home.folder / "b", line("consent", "c2", two),
        line("response", "r2", two)))
    withdraw(home, one, "--now")
    flow.go_on(intake)
    assert {r["user"] for r in flow.recover(home)} == {two}


def test_who_is_erased_while_their_answer_comes(home, fault):
    """Looked up as living, gone when the key is needed: refused, no fault."""
    one, two = ("U" + c * 32 for c in "12")
    home.az("intake", "14", lines(
        home.folder / "a", line("consent", "c1", one),
        line("response", "r1", one)))
    intake = flow.stopped(home, "acts.lock:1", "intake", "14", lines(
        home.folder / "b", line("response", "r2", one),
        line("response", "r3", two)))
    withdraw(home, one, "--now")
    ran = flow.go_on(intake)
    assert "1" in ran.out + ran.err
    assert {r["user"] for r in flow.recover(home)} == {two}


def test_two_erasures_at_a_time(home, fault):
    """The second one's store of keys is under another key than at its start."""
    one, two = ("U" + c * 32 for c in "12")
    home.az("intake", "14", lines(
        home.folder / "a", line("consent", "c1", one),
        line("consent", "c2", two)))
    (home.folder / "two").write_text(two + "\n")
    second = flow.stopped(home, "acts.lock:1", "withdraw", "14",
                          "--respondent-file", home.folder / "two",
                          "--source", "line", "--now")
    withdraw(home, one, "--now")
    flow.go_on(second)
    assert [e["erase-generation"] for e in home.json("ledger", "show")
            if e["kind"] == "erasure"] == ["1", "2"]
    assert flow.recover(home) == []


def test_a_backup_stops_nobody_but_erasures(home):
    """It shares the lock that erasures need alone."""
    one = "U" + "1" * 32
    with open(home.path / "owners/14/erase.lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_SH)
        home.az("intake", "14", lines(
            home.folder / "a", line("consent", "c1", one),
            line("response", "r1", one)))
        withdraw(home, one)
        said = home.az("erase", "run", "14", "--now", code=6).err
        assert "erasing or backing up" in said
        fcntl.flock(f, fcntl.LOCK_EX)
        home.az("withdraw", "14", "--tag", "00" * 32, code=6)
    home.az("erase", "run", "14", "--now")
    assert flow.recover(home) == []
