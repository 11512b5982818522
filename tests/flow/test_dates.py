"""How dates leave: days since the first answer, moved by whole weeks, by the
calendar; and that k is counted on what leaves.  Rule profiles in the same
policies."""
import collections
import datetime
import json

import pytest

import flow
import test_story

K = 5
FIRST = datetime.date(2020, 4, 1)


def answer(number, event, day, onset):
    return flow.line("response", f"r{number}-{event}", f"U{number:032x}",
                     time=f"{day}T12:00:00+09:00",
                     answers={"Q03": "2", "Q05": str(onset), "Q08": 42,
                              "Q11": "01"})


def consent(number):
    return flow.line("consent", f"c{number}", f"U{number:032x}",
                     time="2020-04-01T08:00:00+09:00")


@pytest.fixture(scope="module")
def taken(ready, tmp_path_factory):
    """Thirty people, two answers each; the first was taken in last."""
    home = ready.copy(tmp_path_factory.mktemp("dates"))
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation", "date"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    lines, home.truth = [], {}
    for i in range(30):
        first = FIRST + datetime.timedelta(days=i % 6)
        later = first + datetime.timedelta(days=9)
        onsets = (first - datetime.timedelta(days=i % 3),
                  later - datetime.timedelta(days=2))
        lines += [consent(i), answer(i, 2, later, onsets[1]),
                  answer(i, 1, first, onsets[0])]
        home.truth[i] = (first, onsets)
    home.az("intake", "14", flow.lines(home.folder / "lines.ndjson", *lines))
    return home


@pytest.fixture
def home(taken, tmp_path):
    copy = taken.copy(tmp_path / "gateway")
    copy.truth = taken.truth
    return copy


def policy(home, rule, mode=None, version=1, **disclosure):
    doc = flow.policy_document(home, partners=[home.partner])
    doc["ladders"] += [{"name": "date",
                        "sha256": flow.sha256(flow.ladder_file("date"))}]
    doc["release"][0]["fields"]["Q05"] = rule
    if mode:
        doc["disclosure"]["dates"] = {"Q05": mode}
    doc["disclosure"].update(disclosure)
    if version > 1:
        doc.update(version=version, previous=flow.sha256(
            home.folder / f"policy-14-{version - 1}.json"))
    return doc


def released(home, number=1, project="covid-cohort"):
    flow.submit(home, home.partner, f"REQ-2026-{number:03d}",
                fields="Q03 Q05 Q08 Q11", project=project)
    home.plan = flow.freeze(home, f"REQ-2026-{number:03d}")
    officers = flow.Officers(home)
    officers.made = len(list(officers.folder.iterdir()))
    officers.approve_fully(home.plan)
    home.result = home.json("export", home.plan)
    home.bundle = flow.pathlib.Path(home.result["bundle"])
    home.id = home.result["export"]
    home.trust = test_story.trust(home)
    return test_story.opened(home, home.bundle, f"opened-{number}")


def by_person(data):
    people = collections.defaultdict(list)
    for row in test_story.rows(data):
        people[row["pseudonym"]].append(row["Q05"])
    return people


def test_relative(home):
    flow.put_policy(home, policy(home, "as-is", "relative"))
    data = released(home)
    want = sorted(tuple(str((o - first).days) for o in onsets)
                  for first, onsets in home.truth.values())
    assert sorted(map(tuple, by_person(data).values())) == want
    schema = json.loads((data / "data/datapackage.json").read_text(
        encoding="utf-8"))["resources"][0]["schema"]["fields"]
    assert next(f["type"] for f in schema if f["name"] == "Q05") == "integer"
    text = flow.members(home.bundle)["plan.txt"].decode()
    assert "\ndate-01: Q05 relative\n" in text
    report = flow.members(home.bundle)["disclosure.txt"].decode()
    assert "Q05: days since the respondent's first answer" in report
    home.az("verify", home.bundle, "--trust", home.trust)


def parse(text):
    return datetime.date.fromisoformat(text)


def test_shifted(home):
    flow.put_policy(home, policy(home, "as-is", "shifted"))
    data = released(home)
    moved = [tuple(map(parse, p)) for p in by_person(data).values()]
    true = [onsets for _, onsets in home.truth.values()]
    shape = collections.Counter(
        (b - a, a.weekday()) for a, b in true)
    assert collections.Counter((b - a, a.weekday())
                               for a, b in moved) == shape
    assert not set(moved) & set(true), "nobody keeps a true date"
    assert len({a for a, _ in moved}) > len({a for a, _ in true})
    # the same in the project's next release, others in another project
    again = by_person(released(home, 2))
    assert again == by_person(data)
    other = by_person(released(home, 3, project="other"))
    assert not set(other) & set(again)
    assert sorted(map(tuple, other.values())) != \
        sorted(map(tuple, again.values()))


def test_a_way_of_dates_is_frozen(home):
    flow.put_policy(home, policy(home, "as-is", "shifted"))
    released(home)
    flow.put_policy(home, policy(home, "as-is", version=2))
    flow.submit(home, home.partner, "REQ-2026-002", fields="Q03 Q05")
    ran = home.az("plan", "freeze", "14", "REQ-2026-002", code=1)
    assert "Q05" in ran.err and "new project" in ran.err, ran


def test_officers_are_told(home):
    flow.put_policy(home, policy(home, "as-is"))
    flow.submit(home, home.partner, fields="Q03 Q05")
    plan = flow.freeze(home)
    packet = flow.Officers(home).pack(plan, "a")
    said = flow.Officers(home).run("approve", packet, "a", "--yes")[1]
    assert "calendar date can single out" in said.out + said.err


def test_k_is_counted_on_what_leaves(home, tmp_path):
    """Onset as a quasi-identifier: six first days, by the calendar groups of
    five at most; as days since the first answer three groups of ten."""
    survey = json.loads(flow.SURVEY.read_text(encoding="utf-8"))
    survey["version"] = 2
    for field in survey["fields"]:
        if field["name"] == "Q05":
            field["disclosure"] = "quasi-identifying"
    path = flow.write(tmp_path / "v2.json", json.dumps(
        survey, ensure_ascii=False))
    home.az("owner", "survey", "14", path)
    lines = []
    for i, (first, onsets) in home.truth.items():
        lines += [consent(1000 + i), json.dumps({
            **json.loads(answer(1000 + i, 1, first, onsets[0])),
            "version": 2}, ensure_ascii=False)]
    home.az("intake", "14", flow.lines(tmp_path / "v2.ndjson", *lines))
    doc = policy(home, "as-is", "relative", k=10,
                 suppression_limit_basis_points=0)
    doc["surveys"] = [{"name": "corona", "version": 2,
                       "sha256": flow.sha256(path)}]
    doc["release"][0]["version"] = 2
    flow.put_policy(home, doc)
    options = {"fields": "Q05", "survey": "corona 2"}
    flow.submit(home, home.partner, **options)
    home.plan = flow.freeze(home)
    flow.Officers(home).approve_fully(home.plan)
    result = home.json("export", home.plan)
    assert result["smallest group"] == 10 and result["groups"] == 3


# ---- profiles ----

RESIDENCE = {"field": "Q10", "unit": "prefecture",
             "smallest_population": 553407}


def check(home, doc, code):
    path = flow.write(home.folder / "candidate.json",
                      json.dumps(doc, ensure_ascii=False))
    return home.az("policy", "check", "14", path, code=code)


def test_every_breach_by_its_name(home):
    doc = policy(home, "as-is", profile="idb-like")
    ran = check(home, doc, code=1)
    for rule in ("k", "minimum_cell", "residence", "early-wave"):
        assert f"[profile idb-like: {rule}]" in ran.err, ran
    assert flow.put_policy(home, doc, code=1)
    doc = policy(home, "as-is", "relative", profile="idb-like", k=10,
                 minimum_cell=10, residence=RESIDENCE)
    check(home, doc, code=0)
    flow.put_policy(home, doc)
    released(home)


def test_the_decision_knows_the_period(home):
    doc = policy(home, "as-is", profile="idb-like", k=10, minimum_cell=10,
                 residence=RESIDENCE, early_wave_until="2020-05-31")
    flow.put_policy(home, doc)
    ran = flow.submit(home, home.partner, fields="Q03 Q05", code=1)
    assert "[profile idb-like: early-wave]" in ran.err, ran
    flow.submit(home, home.partner, "REQ-2026-002", fields="Q03 Q08")
    flow.freeze(home, "REQ-2026-002")


def test_counts_are_rounded(home):
    """OpenSAFELY's order: up to 7 hidden, then to multiples of 5."""
    doc = policy(home, "as-is", "relative", profile="opensafely-like", k=8,
                 minimum_cell=8)
    doc["byte_release"] = True
    flow.put_policy(home, doc)
    flow.submit(home, home.partner, fields="Q03 Q08")
    home.plan = flow.freeze(home)
    flow.Officers(home).approve_fully(home.plan)
    home.az("export", home.plan)
    folder = next((home.path / "tmp").glob("EXP-*/EXP-*"))
    report = json.loads((folder / "disclosure.json").read_text(
        encoding="utf-8"))
    for name, count in report["counts"].items():
        assert count is None or isinstance(count, str) or count % 5 == 0, name
    assert report["minimum_cell"] == 8
