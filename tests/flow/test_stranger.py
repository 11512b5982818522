"""What somebody meets who has only README.md: help, wrong words, a home made
from another folder, files of ids, tables whose records are counted, and a
survey that asks for a date of birth."""
import csv
import json
import os

import pytest

import flow

U = "U" + "5" * 32


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = flow.make_home(tmp_path_factory.mktemp("stranger"))
    flow.enrol(home)
    flow.make_ready(home)
    return home


# ---- words ----

@pytest.mark.parametrize("words, said", [
    (("request", "--help"), "azukari request draft --id"),
    (("request", "-h"), "azukari request submit FILE"),
    (("help", "request"), "azukari request show OWNER"),
    (("help", "plan", "freeze"), "azukari plan freeze OWNER"),
    (("plan", "freeze", "14", "--help"), "azukari plan freeze OWNER"),
    (("-h",), "plan freeze"),
    (("--version",), "azukari 0."),
])
def test_help(words, said):
    assert said in flow.az(*words).out


def test_help_of_one_is_of_one():
    told = flow.az("help", "plan", "freeze").out
    assert sum(s.startswith("azukari ") for s in told.splitlines()) == 1
    assert flow.az("export", "--help").out.count("azukari export") == 2
    assert flow.az("help", "exp", code=2).out == ""


@pytest.mark.parametrize("words", [("nosuch",), ("help", "nosuch"),
                                   ("nosuch", "--help"), ("plan", "nosuch")])
def test_no_such_command(words):
    ran = flow.az(*words, code=2)
    assert "nosuch" in ran.err and "azukari help" in ran.err


def test_words_that_begin_commands():
    ran = flow.az("plan", code=2)
    assert "azukari plan freeze OWNER" in ran.out
    assert "not understood" in ran.err


def test_what_is_missing_is_shown():
    ran = flow.az("plan", "pack", code=2)
    assert "usage: azukari plan pack PLAN --seat NAME" in ran.err
    ran = flow.az("plan", "pack", "--lang", "ja", code=2)
    assert "書き方：azukari plan pack PLAN --seat NAME" in ran.err


def test_values_behind_a_sign(home):
    """--NAME=VALUE is --NAME VALUE, for all options alike."""
    ran = flow.az(f"--home={home.path}", f"--key-file={home.key_file}",
                  "status", "--lang=ja")
    assert "神奈川県" in ran.out and "席" in ran.out
    assert "takes no value" in flow.az("status", "--quiet=1", code=2).err
    ran = flow.az("status", "--lang", "fr", code=2)
    assert '"fr"' in ran.err


# ---- a home ----

def init(folder, *words, code=0, **options):
    return flow.az("--key-file", "key", "init", "home", *words, code=code,
                   cwd=folder, **options)


def test_key_file_from_anywhere(tmp_path):
    """Named from the folder of init, it is found from every folder."""
    init(tmp_path, "--origin", "a.example/x", "--operator", "X")
    noted = json.loads((tmp_path / "home/config.json").read_text())["key_file"]
    assert noted == os.path.realpath(tmp_path / "key")
    for cwd in (tmp_path, "/"):
        flow.az("--home", tmp_path / "home", "status", cwd=cwd)


def test_key_file_that_is_gone(tmp_path):
    init(tmp_path, "--origin", "a.example/x", "--operator", "X")
    (tmp_path / "key").rename(tmp_path / "kept")
    ran = flow.az("--home", tmp_path / "home", "status", code=4)
    assert str(tmp_path / "key") in ran.err and "--key-file" in ran.err
    flow.az("--home", tmp_path / "home", "--key-file", tmp_path / "kept",
            "status")


@pytest.mark.parametrize("origin, operator, word", [
    ("a b/c", "X", "--origin"), ("a.example", "X", "--origin"),
    ("a.example/x+y", "X", "--origin"), ("a.example/", "X", "--origin"),
    ("a.example/x", "", "--operator"), ("a.example/x", "a\nb", "--operator"),
    ("a.example/x", "a\u202eb", "--operator"),
    ("a.example/x", " X", "--operator"),
    ("a.example/x", "X" * 300, "--operator"),
])
def test_names_that_cannot_be(tmp_path, origin, operator, word):
    """Said before anything is made: not even a key."""
    ran = init(tmp_path, "--origin", origin, "--operator", operator, code=3)
    assert f"reason: {word}" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_init_that_fails_leaves_nothing(tmp_path):
    """Here for want of a folder in which the key file could be."""
    (tmp_path / "home").mkdir()
    flow.az("--key-file", tmp_path / "no/key", "init", tmp_path / "home",
            "--origin", "a.example/x", "--operator", "X", code=4)
    assert list((tmp_path / "home").iterdir()) == []


def test_keygen_says_what_is_wrong(tmp_path):
    flow.write(tmp_path / "a.pub", "x")
    for name, folder, code, word in [
            ("a/b", tmp_path, 3, "letters"), ("-a", tmp_path, 2, "-a"),
            ("a", tmp_path, 1, "a.pub"), ("b", tmp_path / "no", 4, "no")]:
        ran = flow.az("keygen", name, "--dir", folder, code=code)
        assert word in ran.err, ran
    assert [p.name for p in tmp_path.iterdir()] == ["a.pub"]


# ---- files ----

KINDS = {"charter": "azukari-charter v1\n", "request": "azukari-request v1\n",
         "session": "azukari-session v1\n", "erasure": "azukari-erasure v1\n",
         "policy": '{"azukari": "policy v1"}',
         "byterelease": "0" * 64 + "  README.txt\n"}


@pytest.mark.parametrize("kind", KINDS)
def test_only_its_kind_is_signed(home, tmp_path, kind):
    """Nobody signs the wrong file by mistake; nothing is written then."""
    person, sig = home.seats["14"]["a"], tmp_path / "sig"
    for other, text in [*KINDS.items(), ("none", "hello\n"), ("empty", "")]:
        path = flow.write(tmp_path / "text", text)
        ran = flow.az("sign", kind, path, *person.options(), "-o", sig,
                      code=0 if other == kind else 3)
        assert sig.exists() == (other == kind)
        if other == kind:
            sig.unlink()
        else:
            assert str(path) in ran.err and f"{kind}@azukari" in ran.err


FILES = [
    ("sign", "policy", "@", "--identity", "seat", "-o", "out"),
    ("receipt", "accept", "@"), ("plan", "accept", "@"),
    ("owner", "survey", "14", "@"), ("owner", "ladder", "14", "new", "@"),
    ("policy", "check", "14", "@"), ("request", "submit", "@"),
    ("intake", "14", "@"), ("ledger", "witness", "accept", "@"),
    ("request", "draft", "--id", "REQ-9", "--project", "p", "--title", "t",
     "--partner", "keio", "--institution", "i", "--investigator", "v",
     "--purpose", "DUO:0000007", "--owners", "14", "--survey", "corona 1",
     "--fields", "Q03", "--period", "2020-03-01..2020-03-31",
     "--identity-pub", "@", "--retention-until", "2030-01-01", "-o", "out"),
]


@pytest.mark.parametrize("command", FILES, ids=lambda c: "-".join(c[:2]))
def test_a_file_that_is_none(home, tmp_path, command):
    """Not there: 4. A folder, which is no fault of a disk: 2. Both named."""
    person = home.seats["14"]["a"]
    for bad, code in ((tmp_path / "no", 4), (tmp_path, 2)):
        words = [{"@": bad, "seat": person.key, "out": tmp_path / "out"}.get(
            w, w) for w in command]
        if "seat" in command:
            words += ["--passphrase-file", person.passphrase]
        ran = home.az(*words, code=code)
        assert str(bad) in ran.err, ran
    assert not (tmp_path / "out").exists()


def test_nothing_to_ask_at(home):
    ran = flow.az("keygen", "new", "--dir", home.folder, code=1, stdin="")
    assert "no terminal" in ran.err and "--passphrase-file" in ran.err


def test_no_folder_of_a_witness(tmp_path):
    ran = flow.az("witness", "show", "--dir", tmp_path, code=4)
    assert str(tmp_path) in ran.err


# ---- who withdraws ----

@pytest.mark.parametrize("data, code, word", [
    (None, 4, "no such file"), (b"", 3, "1 to 255"), (b"\n", 3, "1 to 255"),
    (b"x" * 256, 3, "1 to 255"), (b"a\0b\n", 3, "control"),
    (b"\xef\xbb\xbfwho\n", 3, "format"), (b"\xff\n", 3, "UTF-8"),
    (b"who-1\nwho-2\n", 3, "one respondent"),
], ids=["none", "empty", "line", "long", "nul", "mark", "bytes", "two"])
def test_a_file_of_one_id(home, tmp_path, data, code, word):
    path = tmp_path / "id"
    if data is not None:
        path.write_bytes(data)
    ran = home.az("withdraw", "14", "--respondent-file", path, "--source",
                  "line", code=code)
    assert str(path) in ran.err and word in ran.err
    assert "who" not in ran.err.replace(str(path), "")


def test_a_tag_that_is_none(home):
    ran = home.az("withdraw", "14", "--tag", "00", code=3)
    assert "64 hex digits" in ran.err


def test_a_request_that_is_not_there(home):
    ran = home.az("request", "show", "14", "REQ-77", code=4)
    assert "REQ-77" in ran.err


# ---- lines ----

@pytest.mark.parametrize("bad, rule, japanese", [
    ("\ufeff" + flow.line("response", "e", U), "byte order mark", "JSON"),
    (flow.line("response", "e", U) + "\0", "NUL", "JSON"),
    ('{"type":"\\ud800"}', "half a character", "JSON"),
    ("[" * 10000, "deeper", "JSON"), ('{"type":"x', "no end", "JSON"),
    (flow.line("response", "e", U, answers={"Q10": "2025-02-29"}),
     "field Q10: not as many digits", "条件"),
    (flow.line("response", "e", U, answers={"Q08": -1}),
     "field Q08: outside", "条件"),
], ids=["mark", "nul", "surrogate", "deep", "cut", "digits", "range"])
def test_rule_of_a_bad_line(home, tmp_path, bad, rule, japanese):
    f = flow.lines(tmp_path / "f", flow.line("response", "good", U), bad)
    ran = home.az("intake", "14", "--dry-run", f, code=3)
    told, = [s for s in ran.err.splitlines() if f"{f}:" in s]
    assert told.startswith(f"azukari: {f}:2: ") and rule in told
    ran = home.az("intake", "14", "--dry-run", f, "--lang", "ja", code=3)
    told, = [s for s in ran.err.splitlines() if f"{f}:2: " in s]
    assert rule in told and japanese in told


def test_reasons_in_quarantine_are_in_both_languages(home, tmp_path):
    home = home.copy(tmp_path / "copy")
    home.az("intake", "14", flow.lines(tmp_path / "f", "{"), code=3)
    assert "one JSON object" in home.az("quarantine", "list", "14").out
    assert "JSONオブジェクト" in home.az("quarantine", "list", "14", "--lang",
                                     "ja").out
    row, = home.json("quarantine", "list", "14", "--lang", "ja")
    assert "one JSON object" in row["reason"]


# ---- tables whose records are counted ----

MAPPING = {"azukari": "mapping v1", "survey": "corona", "version": 1,
           "event": {"row": "march-"}, "respondent": {"column": "id"},
           "time": {"column": "day", "format": "date"},
           "fields": {"Q08": {"column": "age"}}}


def test_counted_records_of_two_files(home, tmp_path):
    home = home.copy(tmp_path / "copy")
    first = flow.write(tmp_path / "1.csv", "id,day,age\np1,2020-03-01,40\n")
    other = flow.write(tmp_path / "2.csv", "id,day,age\np2,2020-04-01,50\n")
    mapping = flow.write(tmp_path / "map.json", json.dumps(MAPPING))
    table = ("intake", "14", "--format", "csv", "--map", mapping)
    ran = home.az(*table, first, other, code=2)
    assert "one file at a time" in ran.err
    assert flow.records(home)["survey"] == 0
    assert "warning" not in home.az(*table, first).err
    ran = home.az(*table, other)
    assert "needs another prefix" in ran.err
    flow.write(mapping, json.dumps({**MAPPING, "event": {"row": "april-"}}))
    assert "warning" not in home.az(*table, other).err
    assert flow.records(home)["survey"] == 2


# ---- a date of birth ----

BIRTH = {"azukari": "survey v1", "name": "birth", "version": 1, "title": "生年月日",
         "fields": [
             {"name": "Born", "type": "date", "title": "生年月日",
              "disclosure": "quasi-identifying",
              "constraints": {"minimum": "1900-01-01"}},
             {"name": "Fell", "type": "date", "title": "発症日",
              "disclosure": "sensitive"}]}
DAYS = ["1900-01-01", "1968-02-29", "1969-12-31", "1970-01-01", "1999-12-31",
        "2000-01-01", "2079-06-05"]
NO_DAYS = ["1899-12-31", "2079-06-06", "1900-02-29", "0000-01-01", "1968-2-29"]


@pytest.fixture(scope="module")
def births(tmp_path_factory):
    """Dates of three persons each, exported as they are and by the year."""
    folder = tmp_path_factory.mktemp("births")
    home = flow.make_home(folder)
    flow.enrol(home)
    home.survey = flow.write(folder / "survey.json", json.dumps(BIRTH))
    home.az("owner", "survey", "14", home.survey)
    home.az("consent-text", "add", "14", flow.TEXT, "--title", "研究")
    home.az("source", "add", "14", "web", "--namespace", "web-14")
    ladder = flow.write(folder / "born.json", json.dumps(
        {"azukari": "ladder v1", "kind": "date", "levels": ["week", "year"]}))
    home.az("owner", "ladder", "14", "born", ladder)
    home.partner = flow.make_person(folder, "pi")
    flow.put_policy(home, flow.policy_document(
        home, partners=[home.partner],
        ladders=[{"name": "born", "sha256": flow.sha256(ladder)}],
        surveys=[{"name": "birth", "version": 1,
                  "sha256": flow.sha256(home.survey)}],
        release=[{"survey": "birth", "version": 1, "fields": {
            "Born": {"ladder": "born", "from": 1, "to": 3}, "Fell": "as-is"}}],
        disclosure={"k": 3, "suppression_limit_basis_points": 0,
                    "minimum_cell": 3}))
    texts = []
    for i in range(3 * len(DAYS)):
        person = f"U{i:032x}"
        texts.append(flow.line("consent", f"c{i}", person))
        texts.append(flow.line(
            "response", f"r{i}", person, survey="birth",
            answers={"Born": DAYS[i // 3], "Fell": "2020-02-29"}))
    home.az("intake", "14", flow.lines(folder / "lines", *texts))
    return home


def test_dates_of_birth_come_back(births):
    """As contrib/recover.py reads them, which knows only docs/FORMATS.md."""
    found = [r["answers"] for r in flow.recover(
        births, surveys=[births.survey]) if r["kind"] == "response"]
    assert sorted(a["Born"] for a in found) == sorted(3 * DAYS)
    assert {a["Fell"] for a in found} == {"2020-02-29"}


@pytest.mark.parametrize("day", NO_DAYS)
def test_dates_that_are_none(births, tmp_path, day):
    f = flow.lines(tmp_path / "f", flow.line(
        "response", "e", U, survey="birth", answers={"Born": day}))
    ran = births.az("intake", "14", "--dry-run", f, code=3)
    rule = "outside" if day in NO_DAYS[:2] else "not a day that there is"
    assert f"{f}:1: field Born: {rule}" in ran.err and day not in ran.err


def test_dates_of_birth_leave(births):
    """Weeks of the ISO calendar, also before 1970."""
    import datetime
    flow.submit(births, births.partner, survey="birth 1", fields="Born Fell",
                period="2020-04-01..2020-04-30")
    plan = flow.freeze(births)
    officers = flow.Officers(births)
    for seat in "aba":
        officers.approve(plan, seat)
    births.az("export", plan)
    bundle = next((births.path / "outbox").glob("EXP-*.tar"))
    trust, out = births.folder / "trust", births.folder / "out"
    births.az("trust", "export", "14", "-o", trust)
    out.mkdir()
    flow.az("open", bundle, *births.partner.options(), "--trust", trust, "-o",
            out)
    folder = next(out.glob("EXP-*-data"))
    flow.az("verify", bundle, "--trust", trust, "--data", folder)
    with (folder / "data/responses.csv").open(newline="") as f:
        rows = list(csv.DictReader(f))
    weeks = ["%04d-W%02d" % datetime.date.fromisoformat(d).isocalendar()[:2]
             for d in DAYS]
    assert sorted(r["Born"] for r in rows) == sorted(3 * weeks)
    assert {r["Fell"] for r in rows} == {"2020-02-29"}
