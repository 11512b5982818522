"""azukari disclosure: the reference's optima on its own data, what is written
held against a count of its own, and what is refused."""
import collections
import csv
import json
import os
import pathlib

import pytest

import flow

SHARED = pathlib.Path(os.environ.get("AZUKARI_SHARED", ""))
ADULT = SHARED / "vectors/adult"
COLUMNS = ("sex,age,race,marital-status,education,native-country,workclass,"
           "occupation,salary-class").split(",")

needs_adult = pytest.mark.skipif(not (ADULT / "adult.csv").exists(),
                                 reason="no vectors/adult")


def disclose(file, folder, quasi, *more, code=0):
    ran = flow.run(flow.AZUKARI, "disclosure", file, "--delimiter", ";",
                   "--hierarchies", folder, "--quasi", ",".join(quasi),
                   "--json", *more, code=code)
    return ran.result if code == 0 else ran.json


def adult(quasi, *more):
    return disclose(ADULT / "adult.csv", ADULT, quasi, *more)


def near(a, b):
    return abs(a - b) <= 1e-8 * max(1, abs(b))


ALL = COLUMNS
EIGHT = [c for c in COLUMNS if c != "occupation"]

# k = 5, Loss with the geometric mean: what ARX 3.9.2 found.
OPTIMA = [
    (COLUMNS[:2], 0, [0, 1], 0.020001980586, 0),
    (COLUMNS[:2], 0.04, [0, 0], 0.0007293946, 22),
    (COLUMNS[:3], 0, [0, 4, 0], 0.2599210498949, 0),
    (COLUMNS[:3], 0.04, [0, 0, 0], 0.0140905775, 425),
    (["sex", "age", "race", "education"], 0, [0, 4, 1, 0],
     0.414213562373, 0),
    (["sex", "age", "race", "education"], 0.04, [0, 2, 0, 0],
     0.04134321085, 596),
    (ALL, 0, [0, 4, 1, 1, 3, 2, 2, 1, 0], 0.573150965559, 0),
    (ALL, 0.04, [0, 3, 0, 1, 1, 1, 1, 2, 0], 0.266110819158, 1178),
    (ALL, 1, [0, 3, 0, 0, 2, 1, 1, 1, 0], 0.220411928480, 2553),
]


@needs_adult
@pytest.mark.parametrize("quasi,limit,levels,loss,suppressed", OPTIMA)
def test_the_references_optimum(quasi, limit, levels, loss, suppressed):
    r = adult(quasi, "--k", 5, "--suppression", limit)
    assert r["levels"] == levels
    assert near(r["loss"], loss)
    assert r["suppressed"] == suppressed
    assert r["optimal"] and r["bound"] == r["loss"]
    assert r["smallest"] >= 5 and r["nodes_evaluated"] <= r["nodes"] + 20
    assert r["times"]["search_ms"] > 0


def sensitive(*more):
    return ("--sensitive", "occupation", *more)


TREE = sensitive("--t", 0.2, "--distance", "hierarchical")
RECURSIVE = sensitive("--l", 5, "--diversity", "recursive", "--c", 4)

# Other models and metrics, eight columns, known values of ARX.
MODELS = [
    (0.04, ("--metric", "entropy", *sensitive("--l", 5, "--diversity",
                                              "entropy")),
     [1, 0, 1, 1, 2, 2, 2, 1], 228878.2039109517),
    (0, ("--metric", "entropy", *sensitive("--l", 5, "--diversity",
                                           "entropy")),
     [1, 1, 1, 1, 3, 2, 2, 1], 324620.5269918692),
    (0, ("--metric", "entropy-monotone", *RECURSIVE),
     [1, 1, 1, 1, 3, 2, 2, 1], 324620.5269918692),
    (0.05, ("--metric", "entropy-monotone", *RECURSIVE),
     [1, 0, 1, 1, 2, 2, 2, 0], 198181.4042332967),
    (0.05, ("--metric", "entropy", *RECURSIVE),
     [1, 0, 1, 1, 2, 2, 2, 0], 209764.96161974416),
    (0.05, ("--metric", "entropy", "--k", 5),
     [0, 0, 1, 1, 2, 2, 2, 0], 180132.40848244698),
    (0.05, ("--metric", "entropy", *TREE),
     [1, 4, 0, 0, 3, 1, 2, 1], 374778.01889889664),
    (0, ("--metric", "entropy-monotone", "--k", 5, *TREE),
     [0, 4, 1, 1, 3, 2, 2, 1], 398400.0741806447),
    (0.04, ("--metric", "discernibility-monotone", "--k", 5,
            *sensitive("--t", 0.2)),
     [1, 4, 1, 0, 3, 2, 2, 1], 311880088),
    (0, ("--metric", "discernibility-monotone", "--k", 100,
         *sensitive("--t", 0.2)),
     [1, 4, 1, 1, 3, 2, 2, 1], 456853172),
    (0.04, ("--metric", "discernibility-monotone", "--k", 5,
            *sensitive("--t", 0.2, "--distance", "ordered")),
     [0, 0, 1, 1, 2, 2, 2, 0], 2712340),
    (0, ("--metric", "discernibility-monotone", "--k", 5,
         *sensitive("--t", 0.1, "--distance", "ordered")),
     [1, 1, 1, 2, 3, 2, 2, 1], 97868020),
    # models and metrics beside the usual
    (0.04, ("--k", 5, "--rule", "occupation:disclosure:1.5"),
     [1, 4, 0, 2, 3, 2, 2, 1], 0.8361729095209225),
    (0.04, ("--k", 5, "--rule", "occupation:likeness:2"),
     [1, 4, 0, 1, 3, 1, 2, 0], 0.5430107350775868),
    (0.04, ("--k", 5, "--rule", "occupation:enhanced-likeness:1"),
     [1, 4, 1, 2, 3, 1, 2, 0], 0.7439787455183475),
    (0, ("--k", 5, "--rule", "occupation:likeness:2.5", "--metric",
         "entropy"), [0, 4, 1, 1, 3, 2, 2, 1], 398400.0741806447),
    (0.04, ("--k", 5, "--metric", "kl-divergence"),
     [1, 4, 0, 0, 3, 0, 0, 0], 79.04323970680002),
    (0, ("--k", 5, "--metric", "kl-divergence"),
     [1, 4, 1, 1, 3, 2, 0, 0], 216.602965605656),
    (0.04, ("--k", 5, "--metric", "information"),
     [1, 4, 0, 0, 3, 0, 0, 0], 14048.386452761071),
    (0, ("--k", 5, "--metric", "information"),
     [1, 1, 1, 1, 3, 2, 2, 1], 23900.39302679096),
    (0.02, ("--k", 10, "--metric", "information", "--rule",
            "occupation:disclosure:2"),
     [1, 4, 0, 2, 3, 2, 2, 1], 27507.270234078),
]


@needs_adult
@pytest.mark.parametrize("limit,more,levels,loss", MODELS)
def test_other_models_and_metrics(limit, more, levels, loss):
    r = adult(EIGHT, "--suppression", limit, *more)
    assert r["levels"] == levels
    assert near(r["loss"], loss)


SEVEN_OF_ADULT = [c for c in EIGHT if c != "salary-class"]

# Several rules at a time, and what ARX 3.9.2 found.
SEVERAL = [
    (EIGHT, ("--k", 5, "--suppression", 0.04,
             "--rule", "occupation:recursive:5:4",
             "--rule", "occupation:hierarchical:0.3"),
     [0, 4, 0, 1, 3, 1, 2, 0], 0.41630078504693, 802),
    (SEVEN_OF_ADULT, ("--k", 3, "--suppression", 0.05,
                      "--rule", "occupation:entropy:4",
                      "--rule", "salary-class:equal:0.25"),
     [0, 3, 0, 2, 3, 1, 1], 0.3766750453387224, 1478),
    (SEVEN_OF_ADULT, ("--k", 3, "--suppression", 0.02, "--metric", "aecs",
                      "--rule", "salary-class:distinct:2",
                      "--sensitive", "occupation", "--l", 6,
                      "--t", 0.2, "--distance", "ordered"),
     [1, 1, 0, 1, 3, 2, 2], 386.6923076923077, 557),
    (SEVEN_OF_ADULT, ("--k", 3, "--suppression", 0.1, "--metric", "precision",
                      "--balance", 0.7, "--weights", "age=1,education=0.25",
                      "--rule", "occupation:grassberger:3",
                      "--rule", "salary-class:distinct:2"),
     [0, 4, 0, 0, 3, 0, 0], 0.13672596550058258, 2082),
]


@needs_adult
@pytest.mark.parametrize("quasi,more,levels,loss,suppressed", SEVERAL)
def test_several_rules_at_a_time(quasi, more, levels, loss, suppressed):
    r = adult(quasi, *more)
    assert r["levels"] == levels
    assert near(r["loss"], loss)
    assert r["suppressed"] == suppressed


@needs_adult
def test_balance_rank_and_entropy_of_nine():
    r = adult(ALL, "--k", 5, "--suppression", 1, "--balance", 0.1)
    assert r["levels"] == [0, 3, 0, 0, 0, 0, 0, 0, 0]
    assert near(r["loss"], 0.09257312971977383)
    r = adult(ALL, "--k", 100, "--suppression", 0.04, "--metric", "entropy")
    assert r["levels"] == [1, 1, 1, 1, 3, 2, 2, 1, 1]
    assert near(r["loss"], 383803.4034066361)
    r = adult(EIGHT, "--k", 5, "--suppression", 1, "--balance", 0.33,
              "--aggregate", "rank")
    assert r["levels"] == [0, 1, 0, 0, 0, 0, 0, 0]
    assert near(r["loss"], 0.2300344804)


@needs_adult
def test_risks_of_the_raw_table_and_after():
    r = adult(ALL, "--k", 2, "--aggregate", "rank")
    assert near(r["risks"]["input_average"], 0.6465751607983555)
    assert near(r["risks"]["prosecutor_average"], 0.001922949406538028)
    assert r["risks"]["prosecutor_highest"] == 0.5


@needs_adult
def test_what_is_written_has_the_classes_that_were_counted(tmp_path):
    for drop in ((), ("--drop",)):
        out = tmp_path / "out.csv"
        r = adult(ALL, "--k", 5, "--suppression", 0.04, "-o", out, *drop)
        with out.open(newline="", encoding="utf-8") as f:
            rows = list(csv.reader(f, delimiter=";"))
        assert rows[0] == ALL
        sizes = collections.Counter(map(tuple, rows[1:]))
        gone = sizes.pop(("*",) * 9, 0)
        assert gone == (0 if drop else r["suppressed"])
        assert len(rows) - 1 == r["rows"] - (r["suppressed"] if drop else 0)
        assert len(sizes) == r["groups"]
        assert min(sizes.values()) == r["smallest"]
        assert max(sizes.values()) == r["largest"]


@needs_adult
def test_a_budget_gives_an_honest_bound():
    r = adult(ALL, "--k", 5, "--suppression", 0.04, "--budget", 60)
    assert not r["optimal"] and r["nodes_evaluated"] <= 61
    assert r["bound"] <= 0.266110819158 <= r["loss"]


# ---- small tables ----

def write(path, text):
    path.write_bytes(text.encode())
    return path


SEVEN = ("age;gender;zipcode\n34;male;81667\n45;female;81675\n"
         "66;male;81925\n70;female;81931\n34;female;81931\n70;male;81931\n"
         "45;male;81931\n")


def seven(tmp_path, end="\n"):
    write(tmp_path / "seven_hierarchy_age.csv", end.join(
        f"{a};{'<50' if a < 50 else '>=50'};*" for a in (34, 45, 66, 70)))
    write(tmp_path / "seven_hierarchy_gender.csv", "male;*" + end +
          "female;*" + end)
    write(tmp_path / "seven_hierarchy_zipcode.csv", end.join(
        ";".join(str(z)[:5 - n] + "*" * n for n in range(6))
        for z in (81667, 81675, 81925, 81931)) + end)
    return write(tmp_path / "seven.csv", SEVEN.replace("\n", end))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_seven_rows(tmp_path, end):
    r = disclose(seven(tmp_path, end), tmp_path,
                 ["age", "gender", "zipcode"], "--k", 3)
    assert r["levels"] == [2, 0, 3]
    assert near(r["loss"], 0.5874010519681996)
    assert (r["groups"], r["smallest"], r["largest"]) == (2, 3, 4)


def test_a_respondent_counts_once_and_goes_whole(tmp_path):
    write(tmp_path / "d_hierarchy_town.csv", "a;*\nb;*\nc;*\n")
    rows = ["1;a", "1;a", "1;a", "2;a", "3;b", "4;b", "5;b", "5;c"]
    file = write(tmp_path / "d.csv", "who;town\n" + "\n".join(rows))
    # three rows in a are two people; 5 goes with the lonely c, and b has two
    args = ["--k", 2, "--respondent", "who", "--suppression", 0.2,
            "-o", tmp_path / "out.csv"]
    r = disclose(file, tmp_path, ["town"], *args)
    assert r["levels"] == [0] and r["respondents"] == 5
    assert (r["suppressed_respondents"], r["suppressed"]) == (1, 2)
    assert (tmp_path / "out.csv").read_text().split() == \
        ["town", "a", "a", "a", "a", "b", "b", "*", "*"]
    # with k = 3 nobody is left but by `*`
    r = disclose(file, tmp_path, ["town"], "--k", 3, "--respondent", "who")
    assert r["levels"] == [1] and r["smallest"] == 5


def test_joined_people_are_not_told_apart_by_their_visits(tmp_path):
    write(tmp_path / "d_hierarchy_town.csv", "a;*\nb;*\n")
    # by rows everybody has two companions; 5 is the only one with three visits
    rows = ["1;a", "1;b", "2;b", "2;a", "3;a", "4;a", "5;a", "5;a", "5;b"]
    file = write(tmp_path / "d.csv", "who;town\n" + "\n".join(rows))
    args = ["--k", 2, "--respondent", "who", "--suppression", 0.2]
    r = disclose(file, tmp_path, ["town"], *args)
    assert r["levels"] == [0] and r["suppressed"] == 0
    r = disclose(file, tmp_path, ["town"], *args, "--joined",
                 "-o", tmp_path / "out.csv")
    assert r["levels"] == [0] and r["groups"] == 2
    assert (r["suppressed_respondents"], r["suppressed"]) == (1, 3)
    assert (tmp_path / "out.csv").read_text().split() == \
        ["town", *"abbaaa", "*", "*", "*"]
    said = disclose(file, tmp_path, ["town"], "--joined", code=2)
    assert "--respondent" in json.dumps(said)


def test_hierarchies_are_checked(tmp_path):
    file = write(tmp_path / "d.csv", "day\n1\n2\n3\n")

    def refused(text, code, word):
        write(tmp_path / "d_hierarchy_day.csv", text)
        said = disclose(file, tmp_path, ["day"], "--k", 2, code=code)
        assert word in json.dumps(said), said
        assert said["input"]["file"].endswith(".csv")

    refused("1;w1;july\n2;w1;august\n3;w2;august\n", 1,
            '\\"w1\\" of level 1 can become \\"july\\" or \\"august\\"')
    refused("1;a\n2;a;b\n3;a\n", 3, "3 cells instead of 2")
    refused("1;a\n1;b\n2;a\n3;a\n", 3, '\\"1\\" is given twice')
    refused("1;*\n2;*\n", 3, "line 4")
    (tmp_path / "d_hierarchy_day.csv").unlink()
    said = disclose(file, tmp_path, ["day"], code=4)
    assert "_hierarchy_day.csv" in json.dumps(said)


def test_a_parent_spelled_in_two_ways_is_warned_of(tmp_path):
    write(tmp_path / "d_hierarchy_land.csv",
          "fr;Europe;*\nde;Europe;*\nit;Europa;*\njp;Asia;*\ncn;Asia;*\n")
    file = write(tmp_path / "d.csv", "land\nfr\nit\n")
    said = flow.run(flow.AZUKARI, "disclosure", file, "--hierarchies",
                    tmp_path, "--quasi", "land", "--json").json
    assert "Europa" in said["lines"][0]["en"]
    assert said["lines"][0]["role"] == "warning"


def test_the_ends_of_what_can_be_asked(tmp_path):
    write(tmp_path / "d_hierarchy_a.csv", "1\n2\n")       # no level above
    write(tmp_path / "d_hierarchy_b.csv", "x;*\ny;*\n;*\n")
    file = write(tmp_path / "d.csv", "b;a\n;1\ny;1\ny;2\n")
    # an empty cell is a value as any other; columns in any order
    r = disclose(file, tmp_path, ["a", "b"], "--k", 1)
    assert r["levels"] == [0, 0] and r["groups"] == 3
    r = disclose(file, tmp_path, ["a", "b"], "--k", 2, "--suppression", 0.4)
    assert r["levels"] == [0, 1] and r["suppressed"] == 1
    # more than there are: only with everybody suppressed
    disclose(file, tmp_path, ["b"], "--k", 4, code=1)
    r = disclose(file, tmp_path, ["b"], "--k", 4, "--suppression", 1)
    assert r["groups"] == 0 and r["suppressed"] == 3 and r["loss"] == 1
    one = write(tmp_path / "one.csv", "a;b\n2;x")
    assert disclose(one, tmp_path, ["b"])["levels"] == [0]
    disclose(one, tmp_path, ["b"], "--k", 2, code=1)
    empty = write(tmp_path / "none.csv", "a;b\n")
    assert "no row" in json.dumps(disclose(empty, tmp_path, ["b"], code=1))


@pytest.mark.parametrize("more,code,word", [
    (("--k", "2.5"), 2, "--k"), (("--k", 0), 2, "--k"),
    (("--suppression", 1.01), 2, "--suppression"),
    (("--suppression", "nan"), 2, "--suppression"),
    (("--weights", "a=1"), 2, "weights"),
    (("--sensitive", "s"), 2, "--sensitive"), (("--l", 2), 2, "--sensitive"),
    (("--rule", "s:distinct"), 2, "--rule"),
    (("--rule", ":distinct:2"), 2, "--rule"),
    (("--rule", "s:distinct:2:3"), 2, "--rule"),
    (("--rule", "s:recursive:2"), 2, "--rule"),
    (("--rule", "s:recursive:2:x"), 2, "--rule"),
    (("--rule", "s:equal:1.5"), 2, "--rule"),
    (("--rule", "none:equal:0.5"), 4, "no column none"),
    (("--rule", "s:hierarchical:0.5"), 4, "_hierarchy_s.csv"),
    (tuple(["--rule", "s:equal:0.5"] * 9), 3, "more than 8"),
])
def test_what_cannot_be_meant_is_refused(tmp_path, more, code, word):
    write(tmp_path / "d_hierarchy_b.csv", "x;*\ny;*\n")
    file = write(tmp_path / "d.csv", "b;s\nx;1\ny;2\n")
    assert word in json.dumps(disclose(file, tmp_path, ["b"], *more,
                                       code=code))


def test_a_column_named_twice_is_refused(tmp_path):
    write(tmp_path / "d_hierarchy_b.csv", "x;*\ny;*\n")
    file = write(tmp_path / "d.csv", "b;b\nx;x\n")
    assert "2 columns b" in json.dumps(disclose(file, tmp_path, ["b"],
                                                code=3))
    assert "twice" in json.dumps(disclose(file, tmp_path, ["b", "b"],
                                          code=3))


def test_nothing_that_fits_is_said(tmp_path):
    file = seven(tmp_path)
    said = disclose(file, tmp_path, ["age"], "--k", 8, code=1)
    assert "within the limit" in json.dumps(said)
