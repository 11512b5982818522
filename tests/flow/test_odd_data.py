"""Tables as they come from elsewhere: a byte order mark, CRLF, quotes and line
ends in cells, Japanese headings, large and negative numbers, decimals, dates,
sets, empty and missing cells; from the mapping file to pandas and R, value by
value."""
import csv
import io
import json
import shutil
import subprocess

import pytest

import flow

PANDAS = subprocess.run(["/usr/bin/python3", "-c", "import pandas"],
                        capture_output=True, check=False).returncode == 0
SURVEY = {
    "azukari": "survey v1", "name": "odd", "version": 7, "title": "変わった表",
    "title_en": "Odd", "fields": [
        {"name": "Ward", "type": "string", "title": "区",
         "disclosure": "quasi-identifying",
         "categories": [{"value": "01", "label": "中区"},
                        {"value": "1", "label": "西区"}]},
        {"name": "Big", "type": "integer", "title": "大",
         "disclosure": "insensitive", "constraints": {
             "minimum": -999999999999999, "maximum": 999999999999999}},
        {"name": "Fine", "type": "number", "decimals": 6, "title": "細",
         "disclosure": "insensitive"},
        {"name": "Day", "type": "date", "title": "日",
         "disclosure": "sensitive"},
        {"name": "Yes", "type": "boolean", "title": "可否",
         "disclosure": "sensitive"},
        {"name": "Set", "type": "list", "title": "複数",
         "disclosure": "sensitive", "categories": [
             {"value": "NA", "label": "一"}, {"value": "b_1", "label": "二"}]},
        {"name": "Post", "type": "string", "title": "郵便番号",
         "disclosure": "sensitive",
         "constraints": {"pattern": "^[0-9]{7}$"}},
        {"name": "Said", "type": "string", "title": "自由記述",
         "disclosure": "sensitive", "constraints": {"maxLength": 200}}]}
HEADING = ["番号", "ID", "日付", "区 名", "大,きい", '細"かい', "日", "可否", "い",
           "ろ", "〒", "記述", "メモ"]
# Ward, Big, Fine, Day, Yes, い, ろ, Post, Said: as they stand in the table, and
# what has to be in the export.
ROWS = [
    (["中区", "999999999999999", "0.000001", "2000-01-01", "true", "はい", "いいえ",
      "2310023", "NA"],
     ["01", "999999999999999", "0.000001", "2000-01-01", "true", "1", "0",
      "2310023", "NA"]),
    (["西区", "-999999999999999", "-12345678.5", "2024-02-29", "false", "いいえ",
      "いいえ", "０１２３４５６", 'a "quoted" part, and 𠮷野家'],
     ["1", "-999999999999999", "-12345678.500000", "2024-02-29", "false", "0", "0",
      "0123456", 'a "quoted" part, and 𠮷野家']),
    (["中区", "0", "0", "2179-06-05", "", "", "", "000-0000", "=1+1"],
     ["01", "0", "0.000000", "2179-06-05", "", "", "", "0000000", "=1+1"]),
    (["西区", "", "", "", "", "はい", "はい", "", ""],
     ["1", "", "", "", "", "1", "1", "", ""]),
    (["西区", "9007199254740", "1.5", "2020-12-31", "true", "いいえ", "はい", "1234567",
      "-"],
     ["1", "9007199254740", "1.500000", "2020-12-31", "true", "0", "1",
      "1234567", "-"]),
]
MEMO = 'two\r\nlines, and "quotes"'


def table(rows, end="\r\n", mark=True):
    out = io.StringIO()
    w = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
    w.writerow(HEADING)
    for i, cells in enumerate(rows):
        w.writerow([f"E{i}", f"U{i * 7919 + 1:032x}", f"2024-0{1 + i % 5}-01",
                    *cells, MEMO])
    return ("\ufeff" if mark else "").encode() + out.getvalue().encode()


def mapping():
    return {
        "azukari": "mapping v1", "survey": "odd", "version": 7,
        "missing": [""], "event": {"column": "番号"},
        "respondent": {"column": "ID"},
        "time": {"column": "日付", "format": "date"},
        "consent": {"text": "sha256:" + flow.sha256(flow.TEXT),
                    "scopes": ["research"]},
        "fields": {
            "Ward": {"column": "区 名", "codes": {"中区": "01", "西区": "1"}},
            "Big": {"column": "大,きい"}, "Fine": {"column": '細"かい'},
            "Day": {"column": "日"}, "Yes": {"column": "可否"},
            "Set": {"columns": {"NA": "い", "b_1": "ろ"}, "true": ["はい"],
                    "false": ["いいえ"]},
            "Post": {"column": "〒"}, "Said": {"column": "記述"}}}


@pytest.fixture(scope="session")
def owner(tmp_path_factory):
    """A live owner with that survey, a partner and a policy for it."""
    folder = tmp_path_factory.mktemp("odd")
    home = flow.make_home(folder)
    flow.enrol(home)
    survey = flow.write(folder / "survey.json", json.dumps(SURVEY))
    home.az("owner", "survey", "14", survey)
    home.az("consent-text", "add", "14", flow.TEXT, "--title", "研究")
    home.az("source", "add", "14", "web", "--namespace", "web-14")
    home.partner = flow.make_person(folder, "pi")
    flow.put_policy(home, flow.policy_document(
        home, partners=[home.partner], ladders=[],
        surveys=[{"name": "odd", "version": 7,
                  "sha256": flow.sha256(survey)}],
        release=[{"survey": "odd", "version": 7, "fields": {
            f["name"]: "as-is" for f in SURVEY["fields"]}}],
        disclosure={"k": 2, "suppression_limit_basis_points": 0,
                    "minimum_cell": 2}))
    flow.write(folder / "mapping.json", json.dumps(mapping()))
    return home


def take_in(home, data, *more, code=0):
    path = home.folder / "table.csv"
    path.write_bytes(data)
    return home.az("intake", "14", "--source", "web", "--format", "csv",
                   "--map", home.folder / "mapping.json", *more, path,
                   code=code)


@pytest.fixture(scope="session")
def opened(owner, tmp_path_factory):
    """Everything taken in, exported, opened."""
    home = owner.copy(tmp_path_factory.mktemp("odd-opened"))
    take_in(home, table([r for r, _ in ROWS] * 2))
    flow.submit(home, home.partner, survey="odd 7", period="2024-01-01..2024-12-31",
                fields=" ".join(f["name"] for f in SURVEY["fields"]))
    plan = flow.freeze(home)
    officers = flow.Officers(home)
    for seat in "aba":
        officers.approve(plan, seat)
    home.az("export", plan)
    bundle = next((home.path / "outbox").glob("EXP-*.tar"))
    trust, out = home.folder / "trust", home.folder / "out"
    home.az("trust", "export", "14", "-o", trust)
    out.mkdir()
    flow.az("open", bundle, *home.partner.options(), "--trust", trust, "-o",
            out)
    folder = next(out.glob("EXP-*-data"))
    flow.az("verify", bundle, "--trust", trust, "--data", folder)
    return folder


def test_every_value(opened):
    rows = list(csv.reader(io.StringIO((
        opened / "data/responses.csv").read_text(encoding="utf-8"),
        newline="")))
    assert rows[0][2:] == ["Ward", "Big", "Fine", "Day", "Yes", "Set_NA",
                           "Set_b_1", "Post", "Said"]
    assert sorted(r[2:] for r in rows[1:]) == sorted(
        [want for _, want in ROWS] * 2)


@pytest.mark.skipif(not PANDAS, reason="pandas is not installed")
def test_pandas(opened):
    script = """
import runpy, sys
t, consents = runpy.run_path(sys.argv[1])['load']()
print(sorted(t['Ward'].astype(str).unique()),
      int(t['Big'].min()), int(t['Big'].max()), t['Big'].isna().sum(),
      float(t['Fine'].min()), str(t['Day'].min())[:10], str(t['Day'].max())[:10],
      (t['Said'] == 'NA').sum(), t['Said'].isna().sum(),
      sorted(t['Post'].dropna().astype(str).unique()))
"""
    done = flow.run("/usr/bin/python3", "-c", script,
                    opened / "load/load.py", cwd=opened)
    assert done.out.strip() == (
        "['01', '1'] -999999999999999 999999999999999 2 -12345678.5 "
        "2000-01-01 2179-06-05 2 2 ['0000000', '0123456', '1234567', "
        "'2310023']")


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is missing")
def test_r(opened):
    script = """
source('load/load.R', encoding = 'UTF-8')
t <- load_export()$responses
cat(sort(unique(as.character(t$Ward))), format(max(t$Big, na.rm=TRUE),
    scientific=FALSE), sum(is.na(t$Big)), as.character(min(t$Day, na.rm=TRUE)),
    sum(t$Said == 'NA', na.rm=TRUE), sum(is.na(t$Said)), t$Post[which(t$Post ==
    '0000000')][1])
"""
    done = flow.run("Rscript", "--vanilla", "-e", script, cwd=opened)
    assert done.out.strip() == \
        "01 1 999999999999999 2 2000-01-01 2 2 0000000"


@pytest.mark.parametrize("end, mark", [("\n", False), ("\r\n", False),
                                       ("\n", True)])
def test_other_ends(owner, end, mark):
    """Marks and line ends change nothing."""
    said = take_in(owner, table([r for r, _ in ROWS], end, mark),
                   "--dry-run", "--json").result
    assert said["quarantined"] == 0, said
    assert said["responses"] == len(ROWS), said


BAD = [
    (1, "1000000000000000", "Big"), (1, "1e3", "Big"), (1, "1,000", "Big"),
    (1, "１２", "Big"), (2, "0.0000001", "Fine"), (2, "NaN", "Fine"),
    (2, "1E5", "Fine"), (3, "2023-02-29", "Day"), (3, "2024/02/29", "Day"),
    (3, "1999-12-31", "Day"), (4, "TRUE", "Yes"), (4, "1", "Yes"),
    (5, "○", "Set"), (7, "231-00234", "Post"),
    (7, "12345", "Post"), (8, "two\nlines", "Said"), (8, "か\u3099", "Said"),
    (8, "a\u202eb", "Said"), (8, "x" * 201, "Said"), (0, "東区", "Ward")]


@pytest.mark.parametrize("place, value, field", BAD)
def test_bad_cells(owner, place, value, field):
    """One bad line among good ones: named with its line, field and rule, never
    with what was answered, and the others are taken."""
    rows = [list(r) for r, _ in ROWS]
    rows[1][place] = value
    said = take_in(owner, table(rows), "--dry-run", code=None)
    assert field in said.err + said.out, said
    assert value not in said.err + said.out or len(value) < 3
    # the record before it has two lines: one is in the memo
    assert ":4:" in said.err or "line 4" in said.err + said.out, said


def test_shift_jis(owner):
    """Another encoding is refused as a whole, in a sentence that says so."""
    text = table([r for r, _ in ROWS], mark=False).decode().replace("𠮷", "吉")
    said = take_in(owner, text.encode("cp932"), "--dry-run", code=3)
    assert "UTF-8" in said.err, said
    utf16 = take_in(owner, text.encode("utf-16"), "--dry-run", code=3)
    assert "UTF-16" in utf16.err and "UTF-8" in utf16.err, utf16


def test_half_a_set(owner):
    """A missing cell beside others of its list is an option not chosen."""
    rows = [list(r) for r, _ in ROWS]
    rows[1][5] = ""
    assert take_in(owner, table(rows), "--dry-run",
                   "--json").result["quarantined"] == 0
