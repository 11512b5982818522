"""Taking lines in: what is stored, what is not, and that nothing is lost or
doubled whatever the order, the second try, or the moment a process dies."""
import json
import subprocess
import threading

import pytest

import flow
from flow import line, lines

U = "U" + "0123456789abcdef" * 2
V = "U" + "fedcba9876543210" * 2


def intake(home, *args, code=0, **options):
    """A run; its report."""
    return home.az("intake", "14", *args, "--json", code=code,
                   **options).result


# ---- what goes in ----

def test_lines_are_taken_in(home, tmp_path):
    f = lines(tmp_path / "f",
              line("consent", "e1", U, time="2020-04-01T11:59:00+09:00"),
              line("response", "e2", U),
              line("response", "e3", V),
              line("withdrawal", "e4", V, time="2020-04-02T00:00:00Z"))
    report = intake(home, f)
    assert (report["lines"], report["consents"], report["responses"],
            report["withdrawals"]) == (4, 1, 2, 1)
    assert report["bad"] == report["known_already"] == 0
    assert report["new_respondents"] == 2 and report["batch"] == 1
    assert flow.records(home) == {"survey": 2, "register": 2, "open": 0}


def test_answer_days_of_an_epoch(home, tmp_path):
    """JST days of the answers, not of the intake."""
    intake(home, lines(
        tmp_path / "f",
        line("response", "a", U, time="2020-03-27T14:59:59Z"),
        line("response", "b", U, time="2020-03-29T15:00:00Z")))
    epoch, = [e for e in home.json("epoch", "list", "14")
              if e["subject"] == "survey corona 1"]
    assert (epoch["first_answer"], epoch["last_answer"]) == (
        "2020-03-27", "2020-03-30")
    assert epoch["state"] == "closed" and len(epoch["epoch"]) == 32


def test_no_record_no_epoch(home, tmp_path):
    """A run that stores nothing opens nothing."""
    f = lines(tmp_path / "f", line("response", "a", U))
    intake(home, f)
    before = home.json("epoch", "list", "14")
    assert intake(home, f)["epochs"] == 0
    assert intake(home, lines(tmp_path / "empty"))["lines"] == 0
    assert home.json("epoch", "list", "14") == before


def test_same_file_again(home, tmp_path):
    f = flow.generate(tmp_path / "f", 300, "--bad-rate", "0.02")
    first = intake(home, f, code=3)
    taken = first["responses"] + first["consents"] + first["withdrawals"]
    assert first["bad"] > 0 and first["quarantined"] == first["bad"]
    assert first["responses"] == 300
    stored = flow.records(home)
    again = intake(home, f, code=3)
    assert again["known_already"] == taken
    assert again["responses"] == again["quarantined"] == 0
    assert again["bad"] == first["bad"]
    assert flow.records(home) == stored
    assert len(home.json("quarantine", "list", "14")) == first["bad"]


def test_duplicates_within_and_across(home, tmp_path):
    one, two = line("response", "a", U), line("response", "b", U)
    f = lines(tmp_path / "f", one, two, one, one)
    assert intake(home, f)["known_already"] == 2
    g = lines(tmp_path / "g", two, line("response", "c", U), two)
    report = intake(home, g, f)
    assert (report["responses"], report["known_already"]) == (1, 6)
    assert flow.records(home)["survey"] == 3


def test_event_ids_belong_to_a_source(home, tmp_path):
    home.az("source", "add", "14", "letters", "--namespace", "letter-14")
    f = lines(tmp_path / "f", line("response", "a", U))
    assert intake(home, "--source", "line", f)["responses"] == 1
    assert intake(home, "--source", "letters", f)["responses"] == 1
    assert intake(home, "--source", "letters", f)["known_already"] == 1


def test_several_files_and_standard_input(home, tmp_path):
    f = lines(tmp_path / "f", line("response", "a", U))
    g = lines(tmp_path / "g", line("response", "b", U))
    report = intake(home, f, "-", g, stdin=line("response", "c", V))
    assert report["responses"] == 3 and report["batch"] == 1


def test_csv_with_mapping(home, tmp_path):
    csv = flow.run(flow.GENERATE, "--owner", "14", "--rows", "200",
                   "--format", "csv", "--consent-text",
                   flow.text_digest()).out
    mapping = flow.run(flow.GENERATE, "--owner", "14", "--rows", "1",
                       "--format", "mapping", "--consent-text",
                       flow.text_digest()).out
    f = flow.write(tmp_path / "f.csv", csv)
    m = flow.write(tmp_path / "m.json", mapping)
    report = intake(home, "--format", "csv", "--map", m, f)
    assert report["responses"] == 200 and report["bad"] == 0
    again = intake(home, "--format", "csv", "--map", m, f)
    assert again["responses"] == 0 and again["known_already"] > 0


def fhir_response(event, respondent, *items, **more):
    """In the shape HL7 publishes its examples."""
    doc = {"resourceType": "QuestionnaireResponse", "id": event,
           "text": {"status": "generated", "div": "<div>…</div>"},
           "status": "completed",
           "questionnaire": "https://example.org/Questionnaire/corona|1",
           "subject": {"identifier": {"system": "https://line.me",
                                      "value": respondent}},
           "authored": "2020-04-01T12:00:00+09:00",
           "source": {"reference": "Patient/proband"},
           "item": [{"linkId": "group", "text": "新型コロナ", "item": [
               {"linkId": link, "answer": [{kind: value}]}
               for link, kind, value in items]}]}
    doc.update(more)
    return json.dumps(doc, ensure_ascii=False)


def fhir_consent(event, respondent, **more):
    doc = {"resourceType": "Consent", "id": event, "status": "active",
           "scope": {"coding": [{
               "system": "http://terminology.hl7.org/CodeSystem/consentscope",
               "code": "research"}]},
           "category": [{"coding": [{"system": "http://loinc.org",
                                     "code": "59284-0"}]}],
           "patient": {"identifier": {"value": respondent}},
           "dateTime": "2020-03-31T12:00:00+09:00",
           "organization": [{"reference": "Organization/14"}],
           "policy": [{"uri": "urn:" + flow.text_digest()}],
           "provision": {"type": "permit"}}
    doc.update(more)
    return json.dumps(doc)


def test_fhir(home, tmp_path):
    f = lines(
        tmp_path / "f", fhir_consent("c1", U),
        fhir_response("r1", U, ("Q03", "valueCoding", {"code": "1"}),
                      ("Q08", "valueInteger", 44),
                      ("Q10", "valueString", "160-0023")),
        fhir_response("r2", U, status="in-progress"),
        fhir_response("r3", U, ("Q99", "valueInteger", 1)))
    report = intake(home, "--format", "fhir", f, code=3)
    assert (report["responses"], report["consents"]) == (1, 1)
    assert [bad["line"] for bad in report["bad_lines"]] == [3, 4]
    assert U not in str(report)
    assert "44" not in str([{k: v for k, v in bad.items() if k != "file"}
                            for bad in report["bad_lines"]])
    again = intake(home, "--format", "fhir", f, code=3)
    assert again["known_already"] == 2
    back = lines(tmp_path / "g", fhir_consent(
        "c1", U, status="inactive", dateTime="2020-04-02"))
    assert intake(home, "--format", "fhir", back)["withdrawals"] == 1
    got = [r for r in flow.recover(home) if r.get("kind") == "response"]
    assert [{k: v for k, v in r["answers"].items() if v is not None}
            for r in got] == [
        {"Q03": "1", "Q08": 44, "Q10": "1600023"}]


def test_fhir_mapping(home, tmp_path):
    m = flow.write(tmp_path / "m.json", json.dumps({
        "azukari": "fhir mapping v1", "survey": "corona", "version": 1,
        "questionnaire": "urn:other", "items": {"/44250-9": "Q03"},
        "codes": {"Q03": {"LA6568-5": "2"}}}))
    f = lines(tmp_path / "f", fhir_response(
        "r1", U, ("/44250-9", "valueCoding", {"code": "LA6568-5"}),
        questionnaire="urn:other"))
    report = intake(home, "--format", "fhir", "--map", m, f)
    assert report["responses"] == 1
    home.az("intake", "14", "--map", f, "--format", "fhir", f, code=3)
    home.az("intake", "14", "--map", m, "--format", "ndjson", f, code=2)


def test_many_batches(home, tmp_path):
    """Transactions do not show: counts are those of one."""
    f = flow.generate(tmp_path / "f", 1500)
    other = home.copy(tmp_path / "other")
    small = intake(home, "--batch-lines", "100", f)
    large = intake(other, f)
    for report in (small, large):
        del report["source"], report["batch"]
    assert small == large
    assert flow.records(home) == flow.records(other)


# ---- withdrawals ----

def test_after_a_withdrawal(home, tmp_path):
    """What is not newer stays out for good, what is newer for now."""
    f = lines(
        tmp_path / "f",
        line("response", "a", U, time="2020-04-01T00:00:00Z"),
        line("withdrawal", "w", U, time="2020-04-03T00:00:00Z"),
        line("response", "late", U, time="2020-04-02T00:00:00Z"),
        line("response", "same", U, time="2020-04-03T00:00:00Z"),
        line("consent", "old", U, time="2020-04-02T00:00:00Z"),
        line("response", "new", U, time="2020-04-04T00:00:00Z"),
        line("consent", "new-c", U, time="2020-04-04T00:00:00Z"),
        line("response", "other", V, time="2020-04-02T00:00:00Z"))
    report = intake(home, f)
    assert (report["responses"], report["withdrawals"],
            report["consents"]) == (2, 1, 0)
    assert sorted(report["refused"].values()) == [2, 3]
    again = intake(home, f)
    assert again["refused"] == report["refused"]
    assert again["known_already"] == 3
    more = lines(tmp_path / "more",
                 line("response", "x", U, time="2020-04-02T12:00:00Z"))
    assert sum(intake(home, more)["refused"].values()) == 1


def test_a_scope_withdrawn_is_not_everything(home, tmp_path):
    f = lines(
        tmp_path / "f",
        line("consent", "c", U, time="2020-04-01T00:00:00Z"),
        line("withdrawal", "w", U, time="2020-04-03T00:00:00Z",
             scopes=["research"]),
        line("response", "late", U, time="2020-04-02T00:00:00Z"))
    report = intake(home, f)
    assert report["responses"] == 1 and report["refused"] == {}


def test_withdrawal_before_anything_else(home, tmp_path):
    """It may overtake what it is about."""
    f = lines(
        tmp_path / "f",
        line("withdrawal", "w", U, time="2020-04-03T00:00:00Z"),
        line("response", "a", U, time="2020-04-01T00:00:00Z"))
    report = intake(home, f)
    assert report["withdrawals"] == 1 and report["responses"] == 0
    assert flow.records(home) == {"survey": 0, "register": 1, "open": 0}


# ---- bad lines ----

MARK = "MARK4711"


def answers(**values):
    return line("response", "e", U, answers=values)


BAD = [
    ("{", "not one JSON object"),
    ('{"type":"response"} {}', "not one JSON object"),
    ('["' + MARK + '"]', "not one JSON object"),
    (line("response", "e", U)[:-1] + ',"event":"' + MARK + '"}',
     "every key once"),
    (line("response", "x" * 70000, U), "64 KiB"),
    (line("response", "e", U, hint=MARK), "member"),
    (line("response", "e", U, answers=MARK), "member"),
    (line("response", "e", U).replace('"version": 1', f'"version": "{MARK}"'),
     "member"),
    (line("statement", "e", U), "type"),
    (line("response", "", U), "event"),
    (line("response", MARK * 20, U), "event"),
    (line("response", "e", ""), "respondent"),
    (line("response", "e", MARK * 40), "respondent"),
    (line("response", "e", U, time=MARK), "time"),
    (line("response", "e", U, time="2020-02-30T00:00:00Z"), "time"),
    (line("response", "e", U, time="2999-01-01T00:00:00Z"), "time"),
    (line("response", "e", U, survey=MARK.lower()), "survey"),
    (line("response", "e", U, version=2), "survey"),
    (line("consent", "e", U, text="sha256:" + "0" * 64), "consent text"),
    (line("consent", "e", U, scopes=[]), "scope"),
    (line("consent", "e", U, scopes=["all"]), "scope"),
    (line("withdrawal", "e", U, scopes=[MARK]), "scope"),
    (answers(**{MARK: "1"}), "field"),
    (answers(Q08=MARK), "type"),
    (answers(Q03=MARK), "code"),
    (answers(Q04=["S1", MARK]), "code"),
    (answers(Q08=121), "constraints"),
    (answers(Q10="12345" + MARK), "constraints"),
    (answers(Q03="1", Q06=3), "asked"),
    (answers(Q04=["S1", "S0"]), "stand alone"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_line(home, tmp_path, number):
    """File, line and rule are told, and nothing of what stands there."""
    bad, reason = BAD[number]
    f = lines(tmp_path / "answers.ndjson", line("response", "1", U), bad,
              line("response", "2", U))
    ran = home.az("intake", "14", f, code=3)
    told, = [s for s in ran.err.splitlines() if f"{f}:2: " in s]
    assert len(told) > len(f"azukari: {f}:2: ") + 5
    assert MARK not in ran.err + ran.out and U not in ran.err + ran.out
    counted, = [s for s in ran.out.splitlines() if s.startswith("bad: ")]
    assert reason in counted and counted.split()[-1] == "1"
    assert flow.records(home) == {"survey": 2, "register": 1, "open": 0}
    row, = home.json("quarantine", "list", "14")
    assert row["line"] == "2" and reason in row["reason"]


def test_bad_lines_in_japanese_and_in_numbers(home, tmp_path):
    f = lines(tmp_path / "f", *[f"{{{i}" for i in range(50)])
    ran = home.az("intake", "14", f, "--lang", "ja", code=3)
    assert "隔離" in ran.err
    assert sum(f"{f}:" in s for s in ran.err.splitlines()) == 20
    report = intake(home, f, code=3)
    assert report["bad"] == len(report["bad_lines"]) == 50
    assert report["quarantined"] == 0
    assert {b["line"] for b in report["bad_lines"]} == set(range(1, 51))


# ---- dry run ----

def test_dry_run_changes_nothing(home, tmp_path):
    f = flow.generate(tmp_path / "f", 200, "--bad-rate", "0.05")
    before = home.files()
    report = intake(home, "--dry-run", f, code=3)
    assert home.files() == before
    assert report["dry_run"] and report["responses"] == 200
    assert report["bad"] > 0 and report["batch"] == report["quarantined"] == 0
    real = intake(home, f, code=3)
    assert {k: real[k] for k in ("responses", "consents", "bad")} == {
        k: report[k] for k in ("responses", "consents", "bad")}
    assert home.files() != before
    assert intake(home, "--dry-run", f, code=3)["known_already"] == (
        real["responses"] + real["consents"] + real["withdrawals"])


# ---- what a run refuses ----

def test_nothing_before_all_seats_joined(tmp_path):
    home = flow.make_home(tmp_path / "g")
    flow.add_owner(home)
    flow.make_ready(home)
    f = lines(tmp_path / "f", line("response", "a", U))
    ran = home.az("intake", "14", f, code=1)
    assert "owner activate" in ran.err


def test_words_that_make_no_run(home, tmp_path):
    f = lines(tmp_path / "f", line("response", "a", U))
    for args, code, said in [
            (("13", f), 4, "owner add"),
            (("14", tmp_path / "none"), 4, "cannot be read"),
            (("14", tmp_path), 2, "folder"),
            (("14",), 2, "missing"),
            (("14", f, "--source", "post"), 4, "source list"),
            (("14", f, "--format", "xml"), 2, "ndjson, csv or fhir"),
            (("14", f, "--format", "csv"), 2, "--map"),
            (("14", f, "--format", "ndjson", "--map", f), 2, "--map"),
            (("14", f, "--map", f), 3, str(f)),
            (("14", f, "--batch-lines", "1"), 2, "--batch-lines"),
            (("14", f, "--format", "csv", "--map", f), 3, str(f))]:
        ran = home.az("intake", *args, code=code)
        assert said in ran.err, ran
    assert home.json("batch", "list", "14") == []
    home.az("source", "add", "14", "letters", "--namespace", "letter-14")
    assert "--source" in home.az("intake", "14", f, code=2).err


def test_nothing_to_hold_lines_against(enrolled, tmp_path):
    home = enrolled.copy(tmp_path / "g")
    f = lines(tmp_path / "f", line("response", "a", U))
    assert "source add" in home.az("intake", "14", f, code=4).err
    home.az("source", "add", "14", "line", "--namespace", "line-14")
    assert "owner survey" in home.az("intake", "14", f, code=1).err


# ---- what lines are held against ----

def test_sources(home):
    for namespace in ["phone", "mobile-14", "patient-number", "patientid",
                      "x.e-mail", "my-number", "resident"]:
        ran = home.az("source", "add", "14", "other", "--namespace",
                      namespace, code=1)
        assert "accept_guessable_ids" in ran.err or "policy" in ran.err
    home.az("source", "add", "14", "other", "--namespace", "line-14")
    assert home.json("source", "list", "14") == [
        {"source": "line", "namespace": "line-14"},
        {"source": "other", "namespace": "line-14"}]
    home.az("source", "add", "14", "other", "--namespace", "line-15", code=1)
    home.az("source", "add", "14", "Other", "--namespace", "x", code=3)
    home.az("source", "add", "14", "more", "--namespace", "a b", code=3)
    home.az("source", "add", "14", "more", code=2)
    home.az("source", "add", "13", "more", "--namespace", "x", code=4)


def test_surveys(home, tmp_path):
    home.az("owner", "survey", "14", flow.SURVEY, code=1)
    doc = json.loads(flow.SURVEY.read_text())
    doc["title"] += "?"
    changed = flow.write(tmp_path / "s.json", json.dumps(doc))
    ran = home.az("owner", "survey", "14", changed, code=1)
    assert "version" in ran.err
    doc["version"] = 2
    flow.write(changed, json.dumps(doc))
    home.az("owner", "survey", "14", changed)
    rows = home.json("survey", "list", "14")
    assert [(r["name"], r["version"]) for r in rows] == [
        ("corona", "1"), ("corona", "2")]
    assert rows[1]["sha256"] == flow.sha256(changed)
    doc["fields"][0]["type"] = "nothing"
    flow.write(changed, json.dumps(doc))
    ran = home.az("owner", "survey", "14", changed, code=3)
    assert str(changed) in ran.err and "Q01" in ran.err
    home.az("owner", "survey", "14", tmp_path / "none", code=4)


def test_ladders_and_texts(home, tmp_path):
    ladder = flow.DATA / "ladders/age.json"
    home.az("owner", "ladder", "14", "age", ladder)
    home.az("owner", "ladder", "14", "age", ladder, code=1)
    home.az("owner", "ladder", "14", "Age", ladder, code=3)
    other = flow.write(tmp_path / "l", ladder.read_text() + "\n")
    home.az("owner", "ladder", "14", "age", other)
    assert [r["version"] for r in home.json("ladder", "list", "14")] == [
        "1", "2"]
    raw = tmp_path / "raw"
    raw.write_bytes(b"\xff\xfe")
    home.az("owner", "ladder", "14", "raw", raw, code=3)
    home.az("consent-text", "add", "14", raw, "--title", "t", code=3)
    home.az("consent-text", "add", "14", flow.TEXT, "--title", "t", code=1)
    home.az("consent-text", "add", "14", other, "--title", "", code=3)
    home.az("consent-text", "add", "14", other, "--title", "読み上げ文")
    rows = home.json("consent-text", "list", "14")
    assert [r["name"] for r in rows] == ["研究への利用", "読み上げ文"]
    assert "sha256:" + rows[0]["sha256"] == flow.text_digest()


# ---- two at once ----

def test_a_run_beside_a_run(home, tmp_path):
    """Each has its own epochs; neither closes the other's."""
    first = flow.generate(tmp_path / "a", 600, seed=1)
    second = flow.generate(tmp_path / "b", 600, seed=2)
    total = sum(f.read_text().count("\n") for f in (first, second))
    text = first.read_text().splitlines(keepends=True)
    slow = subprocess.Popen(
        [flow.AZUKARI, "--home", home.path, "--key-file", home.key_file,
         "intake", "14", "--batch-lines", "100", "-", "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=flow.environment())
    # more than the program reads ahead, so that batches are in the store
    slow.stdin.write("".join(text[:-1]))
    slow.stdin.flush()
    flow.until(lambda: flow.records(home), lambda sums: sums["open"])
    intake(home, second)
    assert "no open epoch" in home.az("epoch", "close", "14").err
    assert flow.records(home)["open"]
    report = json.loads(slow.communicate(text[-1])[0])["result"]
    assert slow.returncode == 0 and report["lines"] == len(text)
    sums = flow.records(home)
    assert sums["open"] == 0
    refused = sum(report["refused"].values())
    assert sums["survey"] + sums["register"] == total - refused


def test_both_take_the_same_file(home, tmp_path):
    """The same lines from two processes at once, and each line once."""
    f = flow.generate(tmp_path / "f", 3000)
    reports = []

    def one():
        reports.append(intake(home, "--batch-lines", "200", f))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sum(r["responses"] for r in reports) == 3000
    assert flow.records(home)["survey"] == 3000


# ---- for people ----

def test_batches_are_listed(home, tmp_path):
    f = lines(tmp_path / "f", line("response", "a", U), "{")
    home.az("intake", "14", f, code=3)
    home.az("intake", "14", f, code=3)
    rows = home.json("batch", "list", "14")
    assert [(r["batch"], r["taken_in"], r["known"], r["bad"], r["state"])
            for r in rows] == [("1", "1", "0", "1", "complete"),
                               ("2", "0", "1", "1", "complete")]
    table = home.az("batch", "list", "14", "--lang", "ja").out
    assert "完了" in table and "受け入れ" in table
