"""Pseudonyms go back to people only by a plan of their own, for t seats, and
the answer to these seats alone; and what pseudonyms are."""
import csv
import io
import json
import math
import re

import pytest

import flow
import test_story


@pytest.fixture(scope="module")
def once(ready, tmp_path_factory):
    """Sixty people released to one project; the policy allows ten a plan."""
    home = ready.copy(tmp_path_factory.mktemp("reident"))
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    doc = flow.policy_document(home, partners=[home.partner])
    doc["disclosure"]["reident_maximum"] = 10
    flow.put_policy(home, doc)
    lines, home.ages = [], {}
    for i in range(60):
        who, age = f"U{i:032x}", 40 + i % 5
        home.ages[who] = age
        lines += [flow.line("consent", f"c{i}", who,
                            time="2020-04-01T08:00:00+09:00"),
                  flow.line("response", f"r{i}", who, answers={
                      "Q03": "1" if i % 2 else "2", "Q08": age,
                      "Q11": "01"})]
    home.az("intake", "14", flow.lines(home.folder / "lines.ndjson", *lines))
    flow.submit(home, home.partner, fields="Q03 Q08 Q11")
    home.plan = flow.freeze(home)
    flow.Officers(home).approve_fully(home.plan)
    home.bundle = flow.pathlib.Path(home.json("export", home.plan)["bundle"])
    home.id = home.bundle.stem
    home.trust = test_story.trust(home)
    home.data = test_story.opened(home, home.bundle)
    home.names = sorted({r["pseudonym"] for r in test_story.rows(home.data)})
    return home


@pytest.fixture
def home(once, tmp_path):
    copy = once.copy(tmp_path / "gateway")
    for name in ("ages", "names", "id", "data", "bundle"):
        setattr(copy, name, getattr(once, name))
    return copy


def freeze(home, names, *more, code=0):
    path = flow.write(home.folder / "asked.txt",
                      "".join(n + "\n" for n in names))
    ran = home.az("reident", "freeze", "14", "REQ-2026-001", "--export",
                  home.id, "--pseudonyms", path, "--reason",
                  "医師から本人への連絡が必要なため", *more, "--json", code=code)
    return ran.result["plan"] if code == 0 else ran


def machines(home):
    officers = flow.Officers(home)
    officers.made = len(list(officers.folder.iterdir()))
    return officers


def carry_out(home, plan, code=0):
    return home.az("reidentify", plan, "-o", home.folder / "out", code=code)


def answer(home, plan, seat):
    person = home.seats["14"][seat]
    text = flow.run("age", "-d", "-i", person.identity(),
                    home.folder / "out" / f"{plan}-{seat}.age").out
    return list(csv.DictReader(io.StringIO(text)))


def entries(home):
    # names of the kinds of entry, in their order
    said = home.az("ledger", "verify", "--json").out
    assert said
    found = []
    for path in sorted((home.path / "ledger/tile/entries").rglob("*")):
        if path.is_file():
            found += re.findall(rb"azukari-entry-([a-z-]+) v1",
                                path.read_bytes())
    return [f.decode() for f in found]


def test_who_they_are(home):
    asked = home.names[::12]
    plan = freeze(home, reversed(asked))
    machines(home).approve_fully(plan)
    carry_out(home, plan)
    for seat in ("a", "b"):
        found = answer(home, plan, seat)
        assert [r["pseudonym"] for r in found] == \
            sorted(asked, key=test_key)
        assert {r["respondent"] for r in found} <= set(home.ages)
        assert len({r["respondent"] for r in found}) == len(asked)
        assert {r["source"] for r in found} == {"line"}
    assert not (home.folder / "out" / f"{plan}-c.age").exists()
    kinds = entries(home)
    assert kinds.index("reident-started") < kinds.index("reidentified")
    assert not [p for p in (home.path / "run/plans").iterdir()
                if p.name.startswith(plan)]
    carry_out(home, plan, code=1)       # once


def test_key(text):
    """The order of the 16 bytes behind base32."""
    return ["abcdefghijklmnopqrstuvwxyz234567".index(c) for c in text[:26]]


test_key.__test__ = False


def test_ones_own_answers(home):
    """A respondent asks what there is of them."""
    plan = freeze(home, home.names[:1], "--answers")
    machines(home).approve_fully(plan)
    carry_out(home, plan)
    rows = answer(home, plan, "a")
    who = rows[0]["respondent"]
    cells = {r["column"]: r["value"] for r in rows}
    assert cells["Q08"] == str(home.ages[who])
    assert set(cells) == {"Q03", "Q08", "Q11"}


def test_nothing_without_t_shares(home):
    plan = freeze(home, home.names[:1])
    carry_out(home, plan, code=1)
    officers = machines(home)
    officers.approve(plan, "a")
    carry_out(home, plan, code=1)
    officers.approve(plan, "b")
    ran = carry_out(home, plan, code=1)         # a has signed only
    assert not (home.folder / "out").exists(), ran
    officers.approve(plan, "a")
    carry_out(home, plan)


def test_no_plan_does_the_others_work(home):
    plan = freeze(home, home.names[:1])
    machines(home).approve_fully(plan)
    assert "to re-identify, not to export" in home.az(
        "export", plan, code=1).err
    flow.submit(home, home.partner, "REQ-2026-002", fields="Q03")
    other = flow.freeze(home, "REQ-2026-002")
    machines(home).approve_fully(other)
    assert "not to re-identify" in carry_out(home, other, code=1).err


def test_officers_see_what_it_is(home):
    plan = freeze(home, home.names[:3])
    officers = machines(home)
    packet = officers.pack(plan, "a")
    said = officers.run("approve", packet, "a", "--yes")[1]
    assert "RE-IDENTIFICATION" in said.out + said.err
    assert "医師から本人への連絡" in said.out + said.err
    listed = flow.members(packet)["pseudonyms.txt"].decode().split()
    assert set(listed) == set(home.names[:3])
    for change in (None, b"", "\n".join(home.names[:2]).encode() + b"\n"):
        bad = flow.rewrite(packet, officers.path("bad"),
                           {"pseudonyms.txt": change})
        ran = officers.run("approve", bad, "a", "--yes", code=None)[1]
        assert ran.code != 0 and "pseudonyms.txt" in ran.err, ran


def test_limits_and_typos(home):
    assert "the policy allows 10" in freeze(home, home.names[:11],
                                            code=1).out
    typo = home.names[0]
    other = "b" if typo[3] != "b" else "c"
    typo = typo[:3] + other + typo[4:]
    ran = freeze(home, [home.names[1], typo], code=1)
    assert "typo" in ran.out and '"line":2' in ran.out, ran
    assert "twice" in freeze(home, [home.names[1]] * 2, code=3).out
    assert freeze(home, [home.names[1][:-1]], code=3)


def test_a_pseudonym_of_another_project(home):
    flow.submit(home, home.partner, "REQ-2026-002", fields="Q03 Q08 Q11",
                project="other")
    plan = flow.freeze(home, "REQ-2026-002")
    machines(home).approve_fully(plan)
    bundle = flow.pathlib.Path(home.json("export", plan)["bundle"])
    home.trust = home.folder / "trust"
    data = test_story.opened(home, bundle, "opened-other")
    others = {r["pseudonym"] for r in test_story.rows(data)}
    assert not others & set(home.names), "none is stable across projects"
    plan = freeze(home, sorted(others)[:2])
    machines(home).approve_fully(plan)
    assert re.search(r"none of EXP-\d{4}-0001\b",
                     carry_out(home, plan, code=4).err)
    assert not (home.folder / "out").exists()
    # what t seats released to it is not kept until it expires
    assert not [p for p in (home.path / "run/plans").iterdir()
                if p.name.startswith(plan)]
    assert "has ended" in carry_out(home, plan, code=1).err
    home.az("ledger", "verify")


def test_two_at_a_time(home, fault):
    """One of them does it."""
    plan = freeze(home, home.names[:1])
    machines(home).approve_fully(plan)
    first = flow.stopped(home, "acts.lock:1", "reidentify", plan, "-o",
                         home.folder / "one")
    assert "being carried out" in carry_out(home, plan, code=6).err
    flow.go_on(first)
    assert entries(home).count("reidentified") == 1


def test_one_who_withdrew_is_not_found(home):
    plan = freeze(home, home.names[:2])
    machines(home).approve_fully(plan)
    carry_out(home, plan)
    gone = answer(home, plan, "a")[0]
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            "--now", stdin=gone["respondent"] + "\n")
    plan = freeze(home, home.names[:2])
    machines(home).approve_fully(plan)
    ran = home.az("reidentify", plan, "-o", home.folder / "out", "--json")
    assert ran.result["found"] == 1
    assert gone["pseudonym"] not in {
        r["pseudonym"] for r in answer(home, plan, "b")}


# ---- pseudonyms ----

def test_rows_tell_nothing_of_the_order_of_intake(home):
    """Exactly in order of pseudonyms, and no rank correlation with the order
    in which people came (|rho| < 4/sqrt(n))."""
    rows = [r["pseudonym"] for r in test_story.rows(home.data)]
    assert rows == sorted(rows)
    found = {}
    for part in range(0, 60, 10):
        plan = freeze(home, home.names[part:part + 10])
        machines(home).approve_fully(plan)
        carry_out(home, plan)
        for r in answer(home, plan, "a"):
            found[r["pseudonym"]] = int(r["respondent"][1:], 16)
    ranks = [found[p] for p in sorted(found)]
    n = len(ranks)
    rho = 1 - 6 * sum((i - r) ** 2 for i, r in enumerate(ranks)) / \
        (n * (n * n - 1))
    assert n == 60 and sorted(ranks) == list(range(60))
    assert abs(rho) < 4 / math.sqrt(n)
    assert json.dumps(ranks) != json.dumps(sorted(ranks))
