"""azukari ladder: ladders made by rule, read back by who needs them - as a
hierarchy by `azukari disclosure`, as an owner's by `ladder check` for a field
of a survey - and what is refused."""
import csv
import datetime
import json

import pytest

import flow


def make(kind, *more, code=0):
    return flow.run(flow.AZUKARI, "ladder", kind, *more, "--json", code=code)


def rows(path, delimiter=";"):
    with path.open(newline="", encoding="utf-8") as f:
        return {row[0]: row[1:] for row in csv.reader(f, delimiter=delimiter)}


def check(path, *more, code=0):
    ran = flow.run(flow.AZUKARI, "ladder", "check", path, *more, "--json",
                   code=code)
    return ran.result if code == 0 else json.dumps(ran.json)


def survey(tmp_path):
    """A survey with a field of each kind a ladder is made for."""
    fields = [
        {"name": "Q05", "type": "date"},
        {"name": "Q08", "type": "integer",
         "constraints": {"minimum": 0, "maximum": 120}},
        {"name": "Q10", "type": "string", "constraints":
         {"pattern": "^[0-9]{7}$"}},
    ]
    for field in fields:
        field.update(title="t", disclosure="quasi-identifying")
    doc = {"azukari": "survey v1", "name": "corona", "version": 1,
           "title": "t", "fields": fields}
    path = tmp_path / "survey.json"
    path.write_text(json.dumps(doc), encoding="utf-8")
    return path


def test_ages(tmp_path):
    out = tmp_path / "d_hierarchy_age.csv"
    make("age", "-o", out)
    ages = rows(out)
    assert len(ages) == 121
    assert ages["37"] == ["35-39", "30-39", "20-39", "*"]
    assert ages["89"] == ["85-89", "80-89", "80-89", "*"]
    assert ages["90"] == ages["120"] == ["90+", "90+", "90+", "*"]
    assert check(out)["values"] == 121
    # what is made is what is read
    file = tmp_path / "d.csv"
    file.write_text("age\n" + "\n".join(map(str, [31, 32, 33, 91, 95])) +
                    "\n")
    said = flow.run(flow.AZUKARI, "disclosure", file, "--hierarchies",
                    tmp_path, "--quasi", "age", "--k", 2, "--json").result
    assert said["levels"] == [1] and said["groups"] == 2
    again = make("age", "-o", out, code=None)
    assert again.json["error"] == "ERR_EXISTS"


def test_numbers_with_both_ends_and_another_delimiter(tmp_path):
    out = tmp_path / "n.csv"
    make("number", "--widths", "10,30", "--first", -5, "--last", 70,
         "--bottom", 3, "--top", 60, "--delimiter", ",", "-o", out)
    n = rows(out, ",")
    assert n["-5"] == ["<3", "<3", "*"] and n["3"] == ["3-9", "3-29", "*"]
    assert n["59"] == ["50-59", "30-59", "*"]
    assert n["60"] == ["60+", "60+", "*"]
    assert check(out, "--delimiter", ",")["levels"] == 4
    for more, word in ((("--widths", "10,25"), "nest"),
                       (("--widths", "5,,10"), "--widths"),
                       (("--widths", "5", "--top", "x"), "--top")):
        ran = flow.run(flow.AZUKARI, "ladder", "number", "--first", 0,
                       "--last", 9, *more, "-o", tmp_path / "no.csv",
                       "--json", code=None)
        assert ran.code in (1, 2, 3) and word in json.dumps(ran.json)
    assert not (tmp_path / "no.csv").exists()


@pytest.mark.parametrize("weeks", [False, True])
def test_dates_against_the_calendar(tmp_path, weeks):
    out = tmp_path / "day.csv"
    make("date", "--first", "2019-12-25", "--last", "2021-01-10",
         *(["--weeks"] if weeks else []), "-o", out)
    days = rows(out)
    day = datetime.date(2019, 12, 25)
    while day <= datetime.date(2021, 1, 10):
        year, week, weekday = day.isocalendar()
        if weeks:
            thursday = day + datetime.timedelta(days=4 - weekday)
            want = [f"{year}-W{week:02}", f"{thursday:%Y-%m}",
                    f"{thursday:%Y}", "*"]
        else:
            third = min((day.day - 1) // 10, 2) + 1
            want = [f"{day:%Y-%m}-T{third}", f"{day:%Y-%m}", f"{day:%Y}",
                    "*"]
        assert days.pop(day.isoformat()) == want
        day += datetime.timedelta(days=1)
    assert not days
    check(out)


def test_an_owners_form_is_complete_for_the_field(tmp_path):
    fields = survey(tmp_path)
    for kind, field, more in (("age", "Q08", ["--top", "80"]),
                              ("date", "Q05", ["--weeks"]),
                              ("date", "Q05", [])):
        out = tmp_path / f"{kind}{len(more)}.json"
        make(kind, *more, "--form", "owner", "-o", out)
        found = check(out, "--survey", fields, "--field", field)
        assert found["levels"] == 5 and found["values"] == 0
    # a list of values is not complete where they cannot be listed
    out = tmp_path / "day.csv"
    make("date", "--first", "2020-01-01", "--last", "2020-12-31", "-o", out)
    assert '\\"*\\" of field Q05 is missing' in check(
        out, "--survey", fields, "--field", "Q05", code=4)
    ages = tmp_path / "ages.csv"
    make("age", "--last", 99, "-o", ages)
    assert '\\"100\\" of field Q08 is missing' in check(
        ages, "--survey", fields, "--field", "Q08", code=4)


# ---- postcodes: made-up towns, the shape of Japan Post's file ----

def ken_all(path, encoding, places):
    def line(code, zip7):
        return (f'{code},"{zip7[:3]}  ","{zip7}","ｶﾅｶﾞﾜｹﾝ","ｿｼ","ﾎﾟ",'
                '"神奈川県","表示市","能ソ町（大、小）",0,0,1,0,0,0\r\n')
    text = "".join(line(*p) for p in places)
    path.write_bytes(text.encode(encoding))
    return path


PLACES = [("14104", "2310001"), ("14104", "2310001"), ("14104", "2310002"),
          ("14105", "2320001"), ("14206", "2500001"), ("14105", "2310003"),
          ("14104", "2310003")]
AREAS = ("市区町村,保健所,二次医療圏\n14104,横浜市保健所,横浜\n"
         "14105,横浜市保健所,横浜\n142069,小田原,県西\n")


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
def test_postcodes(tmp_path, encoding):
    table = ken_all(tmp_path / "KEN_ALL.CSV", encoding, PLACES)
    areas = tmp_path / "areas.csv"
    areas.write_text(AREAS, encoding="utf-8")
    out = tmp_path / "zip.csv"
    said = make("postcode", table, "--areas", areas, "-o", out).json
    assert "5 postcodes, 1 of them" in json.dumps(said["lines"])
    codes = rows(out)
    assert codes["2310001"] == ["14104", "横浜市保健所", "横浜", "14", "*"]
    assert codes["2310003"] == ["14104+14105", "横浜市保健所", "横浜", "14",
                                "*"]
    assert codes["2500001"] == ["14206", "小田原", "県西", "14", "*"]
    assert "*" not in codes and len(codes) == 5
    # an owner's has a row for the rest, and so a place for every postcode
    owned = tmp_path / "owned.csv"
    make("postcode", table, "--areas", areas, "--form", "owner", "-o", owned)
    assert rows(owned)["*"] == ["*"] * 5
    fields = survey(tmp_path)
    assert check(owned, "--survey", fields, "--field", "Q10")["levels"] == 6
    assert "missing" in check(out, "--survey", fields, "--field", "Q10",
                              code=4)


def test_a_postcode_must_nest_in_its_prefecture(tmp_path):
    # as the three real ones do
    table = ken_all(tmp_path / "k.csv", "cp932", [
        ("23235", "4980000"), ("24303", "4980000"), ("23235", "4980001")])
    out = tmp_path / "zip.csv"
    said = json.dumps(make("postcode", table, "-o", out, code=1).json)
    assert "4980000" in said and "--leave-crossing" in said
    assert not out.exists()
    said = make("postcode", table, "--leave-crossing", "-o", out).json
    assert "4980000 lies in two prefectures" in json.dumps(said["lines"])
    assert rows(out) == {"4980001": ["23235", "23", "*"]}
    make("postcode", table, "--prefecture", "13,14", "-o",
         tmp_path / "no.csv", code=3)


def test_areas_are_held_against_each_other(tmp_path):
    table = ken_all(tmp_path / "k.csv", "utf-8", PLACES)

    def refused(text, code, word):
        areas = tmp_path / "areas.csv"
        areas.write_text(text, encoding="utf-8")
        said = make("postcode", table, "--areas", areas, "-o",
                    tmp_path / "no.csv", code=code).json
        assert word in json.dumps(said, ensure_ascii=False), said
        assert not (tmp_path / "no.csv").exists()

    refused(AREAS.replace("14105,横浜市保健所,横浜", "14105,横浜市保健所,県西"),
            1, '横浜市保健所\\" of level 2 can become')
    refused(AREAS.replace("14105,横浜市保健所,横浜\n", ""), 4, "14105")
    refused(AREAS + "14104,a,b\n", 3, "14104 is given twice")
    refused(AREAS.replace("142069", "142060"), 3, "check digit")


def test_check_names_what_is_no_tree(tmp_path):
    file = tmp_path / "h.csv"
    file.write_text("1;w1;july\n2;w1;august\n")
    assert '\\"w1\\" of level 1 can become \\"july\\" or \\"august\\"' in \
        check(file, code=1)
    file.write_text("fr;Europe;*\nde;Europe;*\nit;Europa;*\njp;Asia;*\n"
                    "cn;Asia;*\n")
    said = flow.run(flow.AZUKARI, "ladder", "check", file, "--json").json
    assert "Europa" in said["lines"][0]["en"]
    check(file, "--survey", file, code=2)
