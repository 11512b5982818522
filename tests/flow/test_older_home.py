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


def test_published_papers_give_an_older_ledger_its_terms(older):
    """A copy whose entries state none: threshold, seats and expiry come from
    the papers whose digests the entries have, and from no others."""
    copy, papers = older.folder / "copy", older.folder / "papers"
    shutil.copytree(older.path / "ledger", copy)
    older.az("ledger", "papers", "-o", papers)
    assert sorted(p.name for p in papers.iterdir()) == [
        "14-PLAN-2026-0001.txt", "charter-14-1.txt", "policy-14-1.json"]
    verify = ["ledger", "verify", copy, "--vkey", flow.ledger_vkey(older)]

    def run(*more, code=0):
        return flow.az(*verify, *more, code=code)

    untold = "how many approvals 1 plans need is neither"
    assert untold in run().err
    assert run("--json").result["unstated"] == 1
    said = run("--papers", papers).err
    assert untold not in said and "keep all" in said
    assert "3 papers are those whose digests" in said
    doc = run("--papers", papers, "--json").result
    assert (doc["unstated"], doc["papers"], doc["findings"]) == (0, 3, 0)
    # the charter's alone is enough for the threshold
    (papers / "14-PLAN-2026-0001.txt").rename(older.folder / "plan")
    assert untold not in run("--papers", papers).err
    (older.folder / "plan").rename(papers / "14-PLAN-2026-0001.txt")
    # signatures and whatever else lies there is let be, and that is said
    flow.write(papers / "charter-14-1.txt.sig", "x\n")
    assert "1 files of other kinds" in run("--papers", papers).err
    # one that was changed, or is of another ledger
    for name, old, new in (
            ("charter-14-1.txt", "threshold: 2", "threshold: 3"),
            ("14-PLAN-2026-0001.txt", "k: 5", "k: 4"),
            ("policy-14-1.json", '"k": 5', '"k": 4')):
        path = papers / name
        good = path.read_text(encoding="utf-8")
        assert good.count(old) == 1, name
        path.write_text(good.replace(old, new), encoding="utf-8")
        said = run("--papers", papers, code=1).err
        assert f"{name} was changed" in said and flow.sha256(path) in said
        assert "keep all" not in said
        path.write_text(good.replace("14", "13"), encoding="utf-8")
        assert flow.az(*verify, "--papers", papers, code=None).code in (1, 3)
        path.write_text(good[:-9], encoding="utf-8")
        assert flow.az(*verify, "--papers", papers, code=None).code in (1, 3)
        path.write_text(good, encoding="utf-8")
    run("--papers", papers)
    (older.folder / "empty").mkdir()
    assert "holds no charter" in run("--papers", older.folder / "empty",
                                     code=4).err
    assert "is not empty" in older.az("ledger", "papers", "-o", papers,
                                      code=1).err
    older.az("ledger", "verify", "--papers", papers, code=2)


def test_papers_of_a_newer_ledger_agree_with_its_entries(older):
    older.az("plan", "end", older.plan)
    flow.freeze(older)
    papers, copy = older.folder / "papers", older.folder / "copy"
    older.az("ledger", "papers", "-o", papers)
    shutil.copytree(older.path / "ledger", copy)
    said = flow.az("ledger", "verify", copy, "--vkey",
                   flow.ledger_vkey(older), "--papers", papers).err
    assert "4 papers are those" in said and "keep all" in said
    assert "憲章、方針、計画4件" in older.az(
        "ledger", "papers", "-o", older.folder / "ja", "--lang", "ja").err
