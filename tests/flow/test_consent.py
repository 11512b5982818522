"""Who may leave: only those whose own consent, known with the answer, covers
it.  Everybody here says by their answer to Q12 which case they are."""
import collections
import csv
import io
import tarfile

import pytest

import flow
from flow import line, lines, text_digest

PEOPLE = 10
ANSWERED = "2020-04-01T12:00:00+09:00"
BEFORE = "2020-03-31T12:00:00+09:00"
AFTER = "2020-04-02T12:00:00+09:00"


def cases(other_text):
    """What each kind of person sends around the answer; which of them leave
    is at `LEAVE` and `WITHDRAWN`, everybody else has no consent."""
    yield "H1", [("consent", BEFORE, {})], []
    yield "H2", [], []
    yield "H3", [("consent", BEFORE, {"scopes": ["support"]})], []
    yield "H4", [], [("consent", AFTER, {})]
    yield "H5", [("consent", BEFORE, {"text": other_text})], []
    yield "H6", [("consent", "2009-04-01T12:00:00+09:00", {})], []
    yield "H7", [("consent", BEFORE, {})], [
        ("withdrawal", AFTER, {"scopes": ["research"]})]
    yield "H0", [("consent", BEFORE, {})], [
        ("withdrawal", AFTER, {"scopes": ["all"]})]


LEAVE, WITHDRAWN = {"H1"}, {"H7", "H0"}


def lines_of(mark, person, before, after):
    who = f"person-{mark}-{person}"
    sent = [*before, ("response", ANSWERED, {"answers": {"Q12": [mark]}}),
            *after]
    return [line(kind, f"{who}-{i}", who, time=time, **more)
            for i, (kind, time, more) in enumerate(sent)]


KNOWN = {"H1", "H3", "H6"}       # their text is one of the policy's


@pytest.fixture(scope="module", params=["all", "known-text"])
def exported(request, ready, tmp_path_factory):
    """An export of everybody, or of those alone whose consent is refused for
    what it says, not for what it is about."""
    home = ready.copy(tmp_path_factory.mktemp("consent"))
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    other = flow.write(home.folder / "other.txt", "別の説明文です。\n")
    home.az("consent-text", "add", "14", other, "--title", "別の利用")
    doc = flow.policy_document(home, partners=[home.partner])
    doc["consent_texts"][0]["valid_days"] = 3650
    flow.put_policy(home, doc)
    home.sent = [c for c in cases("sha256:" + flow.sha256(other))
                 if request.param == "all" or c[0] in KNOWN]
    home.az("intake", "14", lines(home.folder / "f", *[
        s for case in home.sent for person in range(PEOPLE)
        for s in lines_of(case[0], person, *case[1:])]))
    flow.submit(home, home.partner, fields="Q12")
    home.plan = flow.freeze(home)
    flow.Officers(home).approve_fully(home.plan)
    home.result = home.json("export", home.plan)
    return home


def answers(home):
    """What the investigator finds in the bundle."""
    out = home.folder / "opened"
    out.mkdir(exist_ok=True)
    flow.az("open", home.result["bundle"], *home.partner.options(), "-o", out)
    data, = out.iterdir()
    with open(data / "data/responses.csv", newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def test_only_consent_lets_an_answer_leave(exported):
    """The bundle itself, not what the program says of it."""
    left = collections.Counter(
        name for row in answers(exported) for name, value in row.items()
        if name.startswith("Q12_") and value == "1")
    assert left == {f"Q12_{mark}": PEOPLE for mark in LEAVE}


def test_everybody_else_is_counted(exported):
    r, marks = exported.result, {mark for mark, _, _ in exported.sent}
    assert r["answers considered"] == PEOPLE * len(marks)
    assert r["answers exported"] == PEOPLE * len(LEAVE)
    assert r["withheld: withdrawn"] == PEOPLE * len(WITHDRAWN & marks)
    assert r["withheld: no consent"] == PEOPLE * len(
        marks - LEAVE - WITHDRAWN)


def test_the_bundle_names_whom_it_asked(exported):
    """consent-text-# of the statement counts the same people."""
    with tarfile.open(exported.result["bundle"]) as tar:
        text = io.TextIOWrapper(tar.extractfile(
            f"{exported.result['export']}/STATEMENT.txt"),
            encoding="utf-8").read()
    assert [s for s in text.splitlines() if s.startswith("consent-text-")] \
        == [f"consent-text-01: {text_digest()[7:]} {PEOPLE}"]
