"""A home that an earlier version made goes on.

older/home-1.tar.xz was made by the program of commit a36c4f9, whose entries of
charters and plans state no terms, and whose stores are of schema 2: an owner
with three seats, sixty generated answers, a policy, a request, a plan with one
approval.  Its people are invented and its keys protect nothing else.
"""
import pathlib
import shutil
import tarfile

import pytest

import flow

OLDER = pathlib.Path(__file__).with_name("older")


@pytest.fixture
def older(tmp_path, monkeypatch):
    """A day behind its last, before its request and its plan expire."""
    monkeypatch.setattr(flow, "DAY", "2026-12-01 10:00:00")
    home = flow.Home(tmp_path / "older")
    home.folder.mkdir()
    with tarfile.open(OLDER / "home-1.tar.xz") as tar:
        tar.extractall(home.folder)
    for path in (home.folder / "gateway.key-file", home.folder / "passphrase"):
        path.chmod(0o600)
    home.seats["14"] = {s: flow.Person(home.folder / "14", s) for s in "abc"}
    home.partner = flow.Person(home.folder, "pi")
    home.plan = "PLAN-2026-0001"
    return home


def entries(home, kind):
    return [e for e in home.json("ledger", "show") if e["kind"] == kind]


def test_it_opens_and_tells_one_story(older):
    said = older.az("ledger", "verify").err
    assert "all 17 entries" in said and "all 17 acts" in said
    assert "threshold" not in entries(older, "charter")[0]
    assert "threshold" not in entries(older, "plan")[0]
    flow.az("ledger", "verify", older.path / "ledger", "--vkey",
            flow.ledger_vkey(older))
    assert len(older.json("plan", "list")) > 0


def test_it_goes_on(older):
    """Its plan is ended, another one frozen, approved and carried out."""
    older.az("plan", "end", older.plan)
    older.plan = flow.freeze(older)
    officers = flow.Officers(older)
    officers.approve_fully(older.plan)
    older.az("export", older.plan)
    plans = entries(older, "plan")
    assert "threshold" not in plans[0]
    assert (plans[1]["act"], plans[1]["threshold"]) == ("export", "2")
    assert older.az("ledger", "verify").err.count("checked:") == 2
    # the same from the entries alone
    copy = older.folder / "copy"
    shutil.copytree(older.path / "ledger", copy)
    assert "findings    0" in flow.az("ledger", "verify", copy, "--vkey",
                                      flow.ledger_vkey(older)).out
    bundle = next((older.path / "outbox").glob("*.tar"))
    older.az("trust", "export", "14", "-o", older.folder / "trust")
    flow.az("verify", bundle, "--trust", older.folder / "trust")
