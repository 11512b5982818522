"""The auditor's year and the page on which first trust rests."""
import datetime
import re
import shutil
import subprocess

import pytest

import flow


def month():
    """The month that it is, in Japan."""
    at = datetime.datetime.now(datetime.timezone.utc)
    return (at + datetime.timedelta(hours=9)).strftime("%Y-%m")


FIRST = month()


def period():
    """All that these tests did, also where a month ended meanwhile."""
    return f"{FIRST}..{month()}"


@pytest.fixture(scope="module")
def year_once(frozen_once, tmp_path_factory):
    """A plan that left, and one that was denied."""
    home = frozen_once.copy(tmp_path_factory.mktemp("year"))
    officers = flow.Officers(home)
    home.packet = officers.pack(home.plan, "a")
    officers.approve_fully(home.plan)
    home.az("export", home.plan)
    flow.submit(home, home.partner, "REQ-2026-002", project="other-cohort")
    plan = flow.freeze(home, "REQ-2026-002")
    officers.approve(plan, "a")
    packet = officers.pack(plan, "c")
    answer, _ = officers.run("deny", packet, "c", "--reason", "no ethics")
    home.az("plan", "accept", answer)
    home.officers = officers
    return home


@pytest.fixture
def year(year_once, tmp_path):
    return year_once.copy(tmp_path / "gateway")


def report(home, period, *more, **options):
    return home.az("ledger", "report", "--period", period, *more, **options)


def test_the_year(year):
    now = period()
    out = report(year, now).out
    export = year.plan.replace("PLAN", "EXP")
    row = next(s for s in out.splitlines() if export in s)
    people = flow.json_module.loads(report(year, now, "--json").out)[
        "result"]["releases"][0]["people"]
    assert row.split()[:4] == ["keio", export, "14", people]
    bundle = next((year.path / "outbox").glob("*.tar"))
    # exactly as published: masked where the disclosure rules ask for it
    assert f"respondents-exported: {people}\n".encode() in \
        flow.members(bundle)["STATEMENT.txt"]
    seats = {s.split()[1]: s.split() for s in out.splitlines()
             if s.startswith("14 ")}
    assert seats["a"][2] == "2" and seats["b"][2] == "1"
    assert seats["c"][2] == "0" and seats["c"][-2] == "1"
    assert f"denied by seat c  {denied_plan(year)}" in out
    assert "charter version 1" in out and "policy version 1" in out
    assert "settings: the gateway" in out
    assert len(out.splitlines()) < 100          # two pages
    entries = report(year, now, "--json").result["entries"]
    shown = [e["kind"] for e in year.json("ledger", "show")]
    assert entries == {k: shown.count(k) for k in entries}
    assert sum(entries.values()) == len(shown)
    ja = report(year, now, "--lang", "ja").out
    assert "台帳年次報告" in ja and "席ごとの承認" in ja and export in ja
    assert f"拒否　席 c  {denied_plan(year)}" in ja
    assert "憲章　第1版" in ja and "方針　第1版" in ja
    assert "設定　ゲートウェイ" in ja
    doc = report(year, now, "--json").result
    assert [s["approvals"] for s in doc["seats"]] == [2, 1, 0]
    assert [e["plan"] for e in doc["events"] if e["kind"] == "denial"] == \
        [denied_plan(year)]


def denied_plan(home):
    return home.plan[:-1] + str(int(home.plan[-1]) + 1)


def test_a_japanese_page_is_japanese(year):
    """No word of ours but names, numbers and ids is left in English."""
    out = report(year, period(), "--lang", "ja").out
    partner, owner = "keio", flow.json_module.loads(
        (year.path / "config.json").read_text())["origin"]
    rest = out.replace(owner, "").replace(partner, "")
    rest = re.sub(r"(EXP|PLAN)-\d{4}-\d{4,}|\d{4}-\d\d(-\d\d)?(T[\d:]+Z)?|"
                  r"席 [a-z]\b|^14  [abc] |\d+\.\d h", "", rest,
                  flags=re.M)
    rest = "\n".join(s for s in rest.splitlines())
    assert not re.search(r"[A-Za-z]{2,}", rest), re.findall(
        r"[^\n]*[A-Za-z]{2,}[^\n]*", rest)


def test_it_stays_on_two_pages(year):
    """Whatever happened: what is cut is counted, and --json has all of it."""
    config = year.path / "config.json"
    doc = flow.json_module.loads(config.read_text())
    for i in range(9):
        config.write_text(flow.json_module.dumps(
            {**doc, "operator": f"Example Data Centre {i}"}))
        year.az("source", "add", "14", f"s{i}", "--namespace", f"s{i}")
    now = period()
    out = report(year, now).out
    settings = out[out.index("5. "):out.index("6. ")]
    assert settings.count("settings:") + settings.count("policy version") == 7
    assert "… +4 (--json has all)" in settings
    assert "… +4件（--json で全件）" in report(year, now, "--lang", "ja").out
    events = report(year, now, "--json").result["events"]
    assert [e["kind"] for e in events].count("configuration") == 10
    assert len(out.splitlines()) < 120


def test_other_years_and_owners_are_empty(year):
    out = report(year, "2019-04..2020-03").out
    assert out.count("none") == 8 and "all entries 0" in out
    now = period()
    assert "EXP-" not in report(year, now, "--owner", "13").out
    for bad in ("2026", "2026-04", "2026-13..2027-01", "2027-04..2026-03",
                "2026-04-01..2026-05-01", "2026-04...2027-03"):
        report(year, bad, code=2)


def test_what_is_overdue_at_the_end(year):
    """Nobody acknowledged, nobody destroyed: the year 2089 says so."""
    out = report(year, "2089-01..2089-12", now="2090-01-10 10:00:00").out
    owed = out[out.index("8. Overdue"):]
    assert "the receipt" in owed and "the certificate of destruction" in owed
    # within the thirty days nothing is owed yet
    now = period()
    owed = report(year, now).out
    assert "the receipt" not in owed[owed.index("8. Overdue"):]


def test_a_notice_that_nobody_answers(year_once, year):
    """A recall is told, with its notice; the answer is owed after two weeks."""
    now = period()
    answer, _ = year_once.officers.run("revoke", year_once.packet, "a",
                                       "--reason", "leak")
    year.az("plan", "accept", answer)
    export = year.plan.replace("PLAN", "EXP")
    out = report(year, now).out
    row = next(s for s in out.splitlines() if export in s)
    assert row.split()[-1].startswith("20")
    assert f"taken back by seat a  {year.plan}" in out
    assert f"recalled {export}" in out and "notice to keio" in out
    assert "the answer to" not in out
    out = report(year, "2089-01..2089-12", now="2090-01-10 10:00:00").out
    owed = out[out.index("8. Overdue"):]
    assert "14-1  keio  the answer to this notice" in owed
    ja = report(year, "2089-01..2089-12", "--lang", "ja",
                now="2090-01-10 10:00:00").out
    assert "14-1  keio  この通知への回答" in ja
    owed = report(year, "2089-01..2089-12", "--json",
                  now="2090-01-10 10:00:00").result["overdue"]
    assert {"what": "notice", "about": "14-1", "partner": "keio"} in owed
    assert {o["what"] for o in owed} == {"notice", "receipt", "destruction"}


def test_a_copy_says_what_entries_say(year, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(year.path / "ledger", copy)
    vkey = flow.ledger_vkey(year)
    out = flow.az("ledger", "report", copy, "--vkey", vkey, "--period",
                  period()).out
    export = year.plan.replace("PLAN", "EXP")
    assert next(s for s in out.splitlines() if export in s).split()[:4] == \
        ["-", export, "14", "-"]


def test_the_trust_page_and_folder(year, tmp_path):
    out = year.az("trust", "export", "14", "-o", tmp_path / "trust").out
    charter = year.json("charter", "show", "14")["sha256"]
    assert charter in out and flow.ledger_vkey(year) in out
    assert "witnesses: none" in out
    for person in [*year.seats["14"].values(), year.partner]:
        print_ = subprocess.run(["ssh-keygen", "-l", "-f", "-"], text=True,
                                input=flow.pub_lines(person)[1], check=True,
                                stdout=subprocess.PIPE).stdout.split()[1]
        assert print_ in out
    assert "信頼の起点" in year.az("trust", "export", "14", "--lang",
                                  "ja").out
    # the folder is what a verifier needs
    bundle = next((year.path / "outbox").glob("*.tar"))
    said = flow.az("verify", bundle, "--trust", tmp_path / "trust").err
    assert "your own copies" in said
    year.az("trust", "export", "13", code=None)
