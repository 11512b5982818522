"""Withdrawal and erasure: what stops, what is deleted and when, what comes
back and what does not, and that neither a dying process nor an old copy of a
file undoes any of it."""
import json
import shutil

import pytest

import flow
from flow import line, lines

U = "U" + "0123456789abcdef" * 2
V = "U" + "fedcba9876543210" * 2
W = "U" + "00112233445566ff" * 2


@pytest.fixture
def taken(home, tmp_path):
    """U and V consented and answered."""
    take(home, tmp_path / "f",
         line("consent", "c1", U, time="2020-04-01T11:00:00+09:00"),
         line("response", "r1", U),
         line("consent", "c2", V, time="2020-04-01T11:00:00+09:00"),
         line("response", "r2", V))
    return home


def take(home, path, *texts, **options):
    return home.az("intake", "14", lines(path, *texts), "--json",
                   **options).result


def withdraw(home, who, *args, **options):
    return home.az("withdraw", "14", "--respondent-file", "-", "--source",
                   "line", *args, stdin=who + "\n", **options)


def ledger(home, kind=None):
    # Some of what these tests do is done on days to come.
    home.az("ledger", "verify", now=flow.in_days(60))
    return [e for e in home.json("ledger", "show")
            if kind in (None, e["kind"])]


def generation(home):
    erasures = ledger(home, "erasure")
    return int(erasures[-1]["erase-generation"]) if erasures else 0


def put_policy(home, **changes):
    """A policy in force, signed by two seats, that releases nothing."""
    folder = home.folder / "14"
    charter = folder / "charter.txt"
    if not charter.exists():
        home.az("charter", "show", "14", "-o", charter)
    survey = {"name": "corona", "version": 1,
              "sha256": flow.sha256(flow.SURVEY)}
    policy = {
        "azukari": "policy v1", "owner": "14", "version": 1,
        "previous": None, "charter": flow.sha256(charter),
        "valid_from": "2020-03-01", "valid_until": "2037-12-31",
        "surveys": [survey],
        "consent_texts": [{
            "sha256": flow.text_digest()[7:], "title": "研究への利用",
            "scopes": ["support", "research"],
            "purposes": ["DUO:0000007"], "diseases": ["MONDO:0100096"],
            "valid_days": 365, "covers_earlier": False}],
        "partners": [],
        "purposes": {"permission": "DUO:0000007",
                     "diseases": ["MONDO:0100096"], "modifiers": []},
        "legal_bases": ["consent"], "ladders": [],
        "release": [{"survey": "corona", "version": 1, "fields": {}}],
        "disclosure": {"k": 10, "suppression_limit_basis_points": 500,
                       "minimum_cell": 10},
        "retention_days": 1095, "plan_valid_days": 30,
        "quotas": {"exports_per_year": 12,
                   "respondents_per_export": 1000000},
        "byte_release": False, "denial": "veto",
        "withdrawal": {"hold_hours": 24, "erase_backup_days": 7,
                       "daily_limit": 1000},
        "accept_guessable_ids": False,
        "witnesses": {"policy_sha256": None}}
    policy.update(changes)
    path = flow.write(folder / "policy.json", json.dumps(
        policy, ensure_ascii=False, indent=1) + "\n")
    signatures = []
    for name in ("a", "b"):
        out = folder / f"policy.{name}.sig"
        out.unlink(missing_ok=True)
        flow.az("sign", "policy", path,
                *home.seats["14"][name].options(), "-o", out)
        signatures += ["--sig", out]
    home.az("owner", "policy", "14", path, *signatures)


# ---- what is stopped, what is deleted ----

def test_one_scope(taken):
    """Nobody is erased for it; the ledger says that something stopped."""
    withdraw(taken, U, "--scope", "research")
    assert len(ledger(taken, "withdrawal")) == 1
    taken.az("erase", "run", "14", "--now")
    assert ledger(taken, "erasure") == []


def test_all_waits_for_its_hold(taken):
    said = withdraw(taken, U)
    assert "24 hours" in said.err and "7 days" in said.err
    taken.az("erase", "run", "14")
    assert ledger(taken, "erasure") == []
    day = flow.in_days(30)
    said = taken.az("erase", "run", "14", now=day)
    assert "keys of 1 respondents" in said.err
    assert generation(taken) == 1
    taken.az("erase", "run", "14", now=day)
    assert generation(taken) == 1


def test_now_is_for_one_person_only(taken):
    withdraw(taken, V)
    said = withdraw(taken, U, "--now")
    assert "keys of 1 respondents" in said.err and "; 1 are" in said.err
    assert "keys of 1 respondents" in taken.az(
        "erase", "run", "14", "--now").err
    assert generation(taken) == 2


def test_the_entries(taken):
    """An erasure names a withdrawal and brings a new storage key."""
    withdraw(taken, U, "--now")
    last = ledger(taken)[-3:]
    assert [e["kind"] for e in last] == [
        "withdrawal", "erasure", "key-rotation"]
    assert last[0]["batch"] == last[1]["batch"]
    assert last[2]["what"] == "erase-key"
    # No digest in it is of a user id or a tag: only random numbers.
    assert set(last[0]) == {"index", "kind", "time", "owner", "batch",
                            "nonce"}


def test_by_a_line_of_intake(taken, tmp_path):
    take(taken, tmp_path / "w",
         line("withdrawal", "w1", U, time="2020-04-02T00:00:00Z"))
    assert len(ledger(taken, "withdrawal")) == 1
    taken.az("erase", "run", "14", "--now")
    assert generation(taken) == 1


def test_unknown_people_and_sources(taken):
    withdraw(taken, W, code=4)
    taken.az("withdraw", "14", "--respondent-file", "-", "--source", "other",
             stdin=U, code=4)
    taken.az("withdraw", "14", code=2)
    withdraw(taken, U, "--scope", "everything", code=2)
    assert ledger(taken, "withdrawal") == []


# ---- what comes back ----

def test_redelivered_answers_stay_out(taken, tmp_path):
    withdraw(taken, U, "--now")
    before = flow.records(taken)
    report = take(taken, tmp_path / "g", line("response", "late", U))
    assert report["responses"] == 0
    assert flow.records(taken) == before


def test_consent_again_begins_anew(taken, tmp_path):
    withdraw(taken, U, "--now")
    day = flow.in_days(30)
    after = day[:10] + "T09:00:00Z"
    report = take(taken, tmp_path / "g",
                  line("consent", "c9", U, time=after),
                  line("response", "r9", U, time=after), now=day)
    assert (report["consents"], report["responses"]) == (1, 1)
    # A second withdrawal reaches the new generation too.
    withdraw(taken, U, "--now", now=flow.in_days(31))
    assert generation(taken) == 2


def test_permanent_is_for_good(taken, tmp_path):
    withdraw(taken, U, "--permanent", "--now")
    day = flow.in_days(30)
    after = day[:10] + "T09:00:00Z"
    report = take(taken, tmp_path / "g",
                  line("consent", "c9", U, time=after),
                  line("response", "r9", U, time=after), now=day)
    assert (report["consents"], report["responses"]) == (0, 0)
    # Others are taken in as before.
    assert take(taken, tmp_path / "h", line("response", "r8", V, time=after),
                now=day)["responses"] == 1


# ---- too many at once ----

def test_rate_alarm(taken):
    put_policy(taken, withdrawal={"hold_hours": 0, "erase_backup_days": 7,
                                  "daily_limit": 1})
    day = flow.in_days(1)
    withdraw(taken, U, now=day)
    said = withdraw(taken, V, "--now", now=day)
    assert "more people withdrew today" in said.err
    assert generation(taken) == 0
    assert "more people" in taken.az("erase", "run", "14", now=day).err
    assert len(ledger(taken, "withdrawal")) == 2     # the stop stands
    taken.az("erase", "run", "14", "--confirm", now=day)
    assert generation(taken) == 1


def test_below_the_alarm(taken):
    put_policy(taken, withdrawal={"hold_hours": 0, "erase_backup_days": 7,
                                  "daily_limit": 2})
    withdraw(taken, U)
    assert "more people" not in withdraw(taken, V, "--now").err
    assert generation(taken) == 1


# ---- a process that dies ----

STEPS = ["act.queued", "act.staged", "act.signed", "act.published",
         "act.logged", "withdraw.marked", "erase.keys", "erase.rotated"]


@pytest.mark.parametrize("step", STEPS)
def test_killed(taken, fault, tmp_path, step):
    """Whatever the instant: the next command finishes what had begun, and
    asking again erases exactly once."""
    for passing in range(1, 4):
        home = taken.copy(tmp_path / str(passing))
        died = withdraw(home, U, "--now", program=fault, code=None,
                        env={"AZUKARI_KILL_AT": f"{step}:{passing}"})
        if died.code == 0:
            break
        assert died.code == flow.KILLED
        finished_after_death(home)
    assert passing > (2 if step.startswith("act.") else 1)


def finished_after_death(taken):
    begun = len(taken.az("erase", "run", "14").err) > 0
    ledger(taken)
    if generation(taken) == 0:
        assert not begun or not ledger(taken, "withdrawal")
        withdraw(taken, U, "--now")
    assert generation(taken) == 1
    keys = sorted(p.name for p in (taken.path / "keys").iterdir())
    assert keys == ["erase-14.key", "gateway.key"]
    taken.az("erase", "run", "14", "--now")
    assert generation(taken) == 1
    # A repair may have to rotate once more than was needed.
    assert len(ledger(taken, "key-rotation")) in (1, 2)


# ---- old copies put back ----

ROLLBACK = 5


def keep(home, tmp_path, *names):
    """Copies of files or folders of the home; a function that puts them
    back."""
    for name in names:
        source, copy = home.path / name, tmp_path / name.replace("/", "-")
        (shutil.copytree if source.is_dir() else shutil.copyfile)(
            source, copy)

    def back():
        for name in names:
            target, copy = home.path / name, tmp_path / name.replace("/", "-")
            for wal in (f"{target}-wal", f"{target}-shm"):
                flow.pathlib.Path(wal).unlink(missing_ok=True)
            if target.is_dir():
                shutil.rmtree(target)
                shutil.copytree(copy, target)
            else:
                shutil.copyfile(copy, target)
    return back


@pytest.mark.parametrize("names", [
    ("owners/14/erase.db",), ("owners/14/erase.db", "keys/erase-14.key"),
    ("owners/14/vault.db",), ("ledger",), ("gateway.db",)])
def test_old_copies_are_refused(taken, tmp_path, names):
    back = keep(taken, tmp_path, *names)
    withdraw(taken, U, "--now")
    back()
    said = taken.az("erase", "run", "14", code=ROLLBACK)
    assert "old copy" in said.err or "older copy" in said.err


def test_old_store_without_an_erasure(taken, tmp_path):
    """Where only a stop would be undone."""
    back = keep(taken, tmp_path, "owners/14/vault.db")
    withdraw(taken, U, "--scope", "research")
    back()
    assert "older copy" in taken.az("epoch", "list", "14", code=ROLLBACK).err


def test_the_present_copy_is_not(taken, tmp_path):
    """The control: files put back as they are now are taken."""
    withdraw(taken, U, "--now")
    keep(taken, tmp_path, "owners/14/erase.db", "owners/14/vault.db",
         "ledger", "gateway.db", "keys/erase-14.key")()
    taken.az("erase", "run", "14")
    assert generation(taken) == 1
