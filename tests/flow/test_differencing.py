"""Two releases side by side: what one has and the other has not must not
single anybody out, whoever may hold both."""
import re
import shutil

import pytest

import flow

K = 5
DAY = "2020-04-{:02d}T12:00:00+09:00"
AGES = (42, 61)


def person(number, age, day=1, tag=""):
    """Consent and one answer of one resident."""
    who = f"U{number:032x}"
    return [flow.line("consent", f"c{number}{tag}", who,
                      time=DAY.format(day)),
            flow.line("response", f"r{number}{tag}", who,
                      time=DAY.format(day),
                      answers={"Q03": "1", "Q08": age, "Q11": "01"})]


def intake(home, name, *people):
    lines = [text for p in people for text in p]
    home.az("intake", "14",
            flow.lines(home.folder / f"{name}.ndjson", *lines))


def machines(home):
    """Its officers' machines, with new names for new files."""
    officers = flow.Officers(home)
    officers.made = len(list(officers.folder.iterdir()))
    return officers


def ask(home, number, **more):
    flow.submit(home, home.partner, f"REQ-2026-{number:03d}",
                fields="Q03 Q08 Q11", **more)
    home.plan = flow.freeze(home, f"REQ-2026-{number:03d}")
    machines(home).approve_fully(home.plan)


def export(home, number, code=0, **more):
    ask(home, number, **more)
    return home.az("export", home.plan, code=code)


@pytest.fixture(scope="module")
def once(ready, tmp_path_factory):
    """Forty people of two age groups, released once."""
    home = ready.copy(tmp_path_factory.mktemp("released"))
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    flow.put_policy(home, flow.policy_document(home, partners=[home.partner]))
    intake(home, "first", *(person(i, AGES[i % 2]) for i in range(40)))
    home.before = home.copy(tmp_path_factory.mktemp("before"))
    export(home, 1)
    home.made = 40
    return home


@pytest.fixture
def released(once, tmp_path):
    home = once.copy(tmp_path / "gateway")
    home.before = once.before
    return home


def numbers(home):
    """Of the bundles that left."""
    return sorted(re.fullmatch(r"EXP-\d{4}-(\d{4})\.tar", p.name)[1]
                  for p in (home.path / "outbox").iterdir())


def refused(ran, home):
    assert "single them out" in ran.err, ran
    assert re.search(r"EXP-\d{4}-0001\b", ran.err), ran
    assert numbers(home) == ["0001"]
    plan = next(p for p in home.json("plan", "list")
                if p["plan"] == home.plan)
    assert plan["state"] == "ended", plan
    assert not list((home.path / "tmp").iterdir())
    home.az("ledger", "verify")


def test_one_person_more(released):
    """The classic: the first release and one more of the same group."""
    intake(released, "more", person(100, AGES[0]))
    refused(export(released, 2, code=1), released)


def test_fewer_than_k_of_a_group(released):
    """Eight more, but four of each group."""
    intake(released, "more", *(person(100 + i, AGES[i % 2])
                               for i in range(2 * (K - 1))))
    refused(export(released, 2, code=1), released)


def test_k_more_may_leave(released):
    intake(released, "more", *(person(100 + i, AGES[0]) for i in range(K)))
    export(released, 2)


def test_the_same_again(released):
    export(released, 2)


def test_another_project_and_partner_may_collude(released):
    """The comparison does not ask who holds the other release."""
    other = flow.make_person(released.folder, "pi2")
    doc = flow.policy_document(released, partners=[released.partner])
    doc["partners"].append(flow.partner_entry(
        other, id="todai", name="東京大学", name_en="University of Tokyo",
        institution="東京大学"))
    doc.update(version=2, previous=flow.sha256(
        released.folder / "policy-14-1.json"))
    flow.put_policy(released, doc)
    intake(released, "more", person(100, AGES[0]))
    released.partner = other
    refused(export(released, 2, code=1, project="other", partner="todai",
                   institution="東京大学"), released)


def test_a_new_answer_of_one_who_was_there(released):
    """Five answered again and left with both; then one more does."""
    again = [person(i, AGES[0], day=2, tag="b") for i in range(0, 12, 2)]
    intake(released, "five", *again[:5])
    export(released, 2)
    intake(released, "more", again[5])
    ran = export(released, 3, code=1)
    assert "single them out" in ran.err, ran
    assert numbers(released) == ["0001", "0002"]


def test_one_who_withdrew(released):
    """Their absence is known to the partner by notice, and refuses nobody."""
    released.az("withdraw", "14", "--respondent-file", "-", "--source",
                "line", "--now", stdin=f"U{0:032x}\n")
    export(released, 2)


def test_a_period_that_leaves_one_out(ready, tmp_path):
    """All but one, asked for by days."""
    home = ready.copy(tmp_path / "gateway")
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    flow.put_policy(home, flow.policy_document(home, partners=[home.partner]))
    intake(home, "first", *(person(i, AGES[0]) for i in range(20)),
           person(20, AGES[0], day=9))
    export(home, 1)
    refused(export(home, 2, code=1, period="2020-03-01..2020-04-05"), home)


@pytest.fixture
def two_approved(ready, tmp_path):
    """Two plans that may both be carried out now: all, and all but one."""
    home = ready.copy(tmp_path / "gateway")
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    flow.put_policy(home, flow.policy_document(home, partners=[home.partner]))
    intake(home, "first", *(person(i, AGES[0]) for i in range(20)),
           person(20, AGES[0], day=9))
    ask(home, 1)
    home.first = home.plan
    ask(home, 2, period="2020-03-01..2020-04-05")
    return home


@pytest.mark.parametrize("step", ["job.started", "job.counted", "job.built"])
def test_two_exports_at_a_time(two_approved, fault, step):
    """Each sees the other, however they overlap."""
    home = two_approved
    second = flow.stopped(home, step + ":1", "export", home.plan)
    try:
        home.az("export", home.first)
        refused(flow.go_on(second, code=1), home)
    finally:
        second.kill()


def test_levels_are_frozen(released):
    """A later plan of the project takes the first one's levels, and its
    officers are told what was released before."""
    packet = machines(released)
    ask_only(released, 2)
    found = packet.pack(released.plan, "a")
    files = {k: v.decode() for k, v in flow.members(found).items()
             if k in ("plan.txt", "prior-releases.txt")}
    plan = dict(line.split(": ", 1) for line
                in files["plan.txt"].splitlines()[1:])
    assert plan["column-02"] == "Q08 ladder:age 1..1"
    assert re.search(r"^also-key-01: memory ", files["plan.txt"], re.M)
    assert re.search(r"^release-01: EXP-\d{4}-0001 covid-cohort keio corona 1 ",
                     files["prior-releases.txt"], re.M)
    assert re.search(r"^level-01: Q08 [0-9a-f]{64} 1 as-is$",
                     files["prior-releases.txt"], re.M)
    said = packet.run("approve", found, "a", "--yes")[1]
    assert re.search(r"EXP-\d{4}-0001\b", said.err + said.out)


def ask_only(home, number):
    flow.submit(home, home.partner, f"REQ-2026-{number:03d}",
                fields="Q03 Q08 Q11")
    home.plan = flow.freeze(home, f"REQ-2026-{number:03d}")


@pytest.mark.parametrize("change", [
    {"prior-releases.txt": None}, {"prior-releases.txt": b"x"}])
def test_officers_need_the_list(released, change):
    ask_only(released, 2)
    officers = machines(released)
    packet = officers.pack(released.plan, "a")
    bad = flow.rewrite(packet, officers.path("bad.packet"), change)
    ran = officers.run("approve", bad, "a", "--yes", code=None)[1]
    assert ran.code != 0 and "prior-releases.txt" in ran.err, ran


def test_a_policy_that_forgets_the_levels(released):
    doc = flow.policy_document(released, partners=[released.partner])
    doc["release"][0]["fields"]["Q08"]["from"] = 2
    doc.update(version=2, previous=flow.sha256(
        released.folder / "policy-14-1.json"))
    flow.put_policy(released, doc)
    flow.submit(released, released.partner, "REQ-2026-002",
                fields="Q03 Q08 Q11")
    ran = released.az("plan", "freeze", "14", "REQ-2026-002", code=1)
    assert "level 1" in ran.err and "new project" in ran.err, ran


def put_back(home, old):
    """The owner's store as it was before the first release."""
    for path in (home.path / "owners/14").glob("vault.db*"):
        path.unlink()
    for path in (old.path / "owners/14").glob("vault.db*"):
        shutil.copy(path, home.path / "owners/14" / path.name)


def test_an_old_memory_is_found(released):
    """The store put back to before the release: what it remembers is less
    than register and ledger know."""
    flow.submit(released, released.partner, "REQ-2026-002",
                fields="Q03 Q08 Q11")
    put_back(released, released.before)
    ran = released.az("plan", "freeze", "14", "REQ-2026-002", code=None)
    assert ran.code == 5 and "old copy" in ran.err, ran


def test_nothing_of_groups_at_rest(released):
    """Labels of groups are in no file, sealed as the record is."""
    for path in released.path.rglob("*"):
        if path.is_file() and "outbox" not in str(path):
            assert b"40-44" not in path.read_bytes(), path
