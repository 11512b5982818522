"""Rules on what people answered, beside k: what leaves is held against them
here once more, in plain Python."""
import collections
import fractions
import itertools
import json
import math
import random
import re

import pytest

import flow
from test_joined import disclosure, leave

K = 5
F = fractions.Fraction


def resident(number, *answers):
    who = f"U{number:032x}"
    return [flow.line("consent", f"c{number}", who,
                      time="2020-04-01T11:00:00+09:00"),
            *(flow.line("response", f"r{number}-{i}", who,
                        time=f"2020-04-{1 + 7 * i:02d}T12:00:00+09:00",
                        answers={k: v for k, v in a.items() if v is not None})
              for i, a in enumerate(answers))]


def made(ready, folder, people, rules, **more):
    home = ready.copy(folder)
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    states = [c["value"] for c in field("Q03")["categories"]]
    flow.write(home.folder / "state.csv", "".join(
        f"{s};{'well' if i < 2 else 'ill'};*\n" for i, s in enumerate(states)))
    home.az("owner", "ladder", "14", "state", home.folder / "state.csv")
    doc = policy(home, rules, **more)
    flow.put_policy(home, doc)
    lines = [text for p in people for text in p]
    home.az("intake", "14", flow.lines(home.folder / "in.ndjson", *lines))
    flow.submit(home, home.partner, fields="Q03 Q04 Q08 Q09 Q06")
    home.plan = flow.freeze(home)
    home.officers = flow.Officers(home)
    home.officers.approve_fully(home.plan)
    return home


def field(name):
    with open(flow.SURVEY, encoding="utf-8") as f:
        survey = json.load(f)
    return next(x for x in survey["fields"] if x["name"] == name)


def policy(home, rules, **more):
    doc = flow.policy_document(
        home, partners=[home.partner],
        disclosure=disclosure(rules=rules, **more))
    doc["ladders"].append({"name": "state", "sha256": flow.sha256(
        home.folder / "state.csv")})
    doc["release"][0]["fields"].update({
        "Q03": "as-is", "Q04": "as-is", "Q06": "as-is", "Q09": "as-is",
        "Q08": {"ladder": "age", "from": 1, "to": 4}})
    return doc


# ---- what a rule says, by its definition ----

def runs(found, name):
    """Of each class of people, what they said first, second, ..."""
    classes = collections.defaultdict(list)
    for rows in found.values():
        classes[tuple((r["Q08"], r["Q09"]) for r in rows)].append(rows)
    for people in classes.values():
        assert len(people) >= K
        for at in range(len(people[0])):
            yield collections.Counter(p[at][name] for p in people)


def shares(counts):
    n = sum(counts.values())
    return {v: F(c, n) for v, c in counts.items()}


def distance(kind, counts, everybody):
    p, q = shares(counts), shares(everybody)
    d = {v: p.get(v, 0) - q[v] for v in q}
    if kind == "t-equal":
        return sum(abs(x) for x in d.values()) / 2
    if kind == "t-ordered":
        order = sorted(q, key=lambda v: (v != "", float(v or 0)))
        sums = list(itertools.accumulate(d[v] for v in order))
        return sum(map(abs, sums)) / (len(order) - 1) if len(order) > 1 else 0
    # two levels above the values: half the height within a branch
    branch = collections.Counter()
    for v, x in d.items():
        branch["" if v == "" else v in ("1", "2")] += x
    return (sum(map(abs, d.values())) +
            sum(map(abs, branch.values()))) / 4


def holds(rule, found):
    name, kind, *numbers = rule.split()
    if kind == "k-to-m":
        return all(n >= K for n in combinations(found, name, int(numbers[0])))
    everybody = collections.Counter(
        r[name] for rows in found.values() for r in rows)
    for counts in runs(found, name):
        n, most = sum(counts.values()), sorted(counts.values())[::-1]
        if kind == "distinct":
            ok = len(counts) >= int(numbers[0])
        elif kind == "entropy":
            ok = -sum(c / n * math.log(c / n) for c in most) >= \
                math.log(float(numbers[0])) - 1e-7
        elif kind == "recursive":
            ok = most[0] < F(numbers[0]) * sum(most[int(numbers[1]) - 1:])
        else:
            ok = distance(kind.split(":")[0], counts, everybody) <= \
                F(numbers[0])
        if not ok:
            return False
    return True


def combinations(found, name, m):
    counts = collections.Counter()
    for rows in found.values():
        items = sorted({k for r in rows for k, v in r.items()
                        if k.startswith(name + "_") and v == "1"})
        for size in range(1, m + 1):
            counts.update(itertools.combinations(items, size))
    return counts.values()


# ---- by hand ----

def alike(numbers, state, age=31, symptoms=("S1",), sex="1"):
    return [resident(i, {"Q03": state, "Q04": list(symptoms), "Q08": age,
                         "Q09": sex, "Q06": None}) for i in numbers]


def test_a_class_that_says_one_thing_stays_behind(ready, tmp_path):
    """Of six women all are well: whoever knows one knows that."""
    people = alike(range(6), "1") + alike(range(6, 12), "2") + \
        alike(range(20, 26), "1", sex="2")
    home = made(ready, tmp_path / "gateway", people, ["Q03 distinct 2"],
                suppression_limit_basis_points=5000)
    found = leave(home)
    assert len(found) == 12
    assert {r["Q09"] for rows in found.values() for r in rows} == {"1"}
    assert holds("Q03 distinct 2", found)
    for paper in ("plan.txt", "STATEMENT.txt"):
        assert re.search(r"^rule-0\d: Q03 distinct 2$",
                         home.papers[paper].decode(), re.M)
    assert "Q03 distinct 2" in home.papers["disclosure.txt"].decode()
    assert json.loads(home.papers["disclosure.json"])["rules"] == \
        ["Q03 distinct 2"]
    shown = home.az("plan", "show", home.plan).out
    assert "Q03 distinct 2" in shown


def test_without_the_rule_they_leave(ready, tmp_path):
    """The control."""
    people = alike(range(6), "1") + alike(range(6, 12), "2") + \
        alike(range(20, 26), "1", sex="2")
    home = made(ready, tmp_path / "gateway", people, [])
    found = leave(home)
    assert len(found) == 18
    assert not holds("Q03 distinct 2", found)


def test_coarser_levels_are_tried(ready, tmp_path):
    """By five years each class says one thing, by twenty it says two."""
    people = alike(range(6), "1", age=41) + alike(range(10, 16), "2", age=51)
    home = made(ready, tmp_path / "gateway", people, ["Q03 distinct 2"],
                suppression_limit_basis_points=0)
    found = leave(home)
    assert len(found) == 12
    assert {r["Q08"] for rows in found.values() for r in rows} == {"40-59"}


def test_where_no_levels_keep_it_nothing_leaves(ready, tmp_path):
    home = made(ready, tmp_path / "gateway", alike(range(12), "1"),
                ["Q03 distinct 2"])
    ran = home.az("export", home.plan, code=1)
    assert "rules on answers" in ran.err
    assert not list((home.path / "outbox").iterdir())


def test_a_rare_pair_of_symptoms_stays_behind(ready, tmp_path):
    people = alike(range(8), "1", symptoms=["S1"]) + \
        alike(range(10, 18), "1", symptoms=["S2"]) + \
        alike(range(20, 22), "2", symptoms=["S1", "S2"])
    home = made(ready, tmp_path / "gateway", people, ["Q04 k-to-m 2"])
    found = leave(home)
    assert len(found) == 16
    assert holds("Q04 k-to-m 2", found)


def test_each_answer_of_several_is_looked_at(ready, tmp_path):
    """Six came twice; what they said first differs, then all were ill."""
    one = {"Q04": ["S1"], "Q08": 31, "Q09": "1", "Q06": None}
    people = [resident(i, {**one, "Q03": "12"[i % 2]}, {**one, "Q03": "2"})
              for i in range(6)] + alike(range(20, 26), "1") + \
        alike(range(26, 32), "2")
    home = made(ready, tmp_path / "gateway", people, ["Q03 distinct 2"],
                suppression_limit_basis_points=5000)
    found = leave(home)
    assert {len(rows) for rows in found.values()} == {1}
    assert len(found) == 12


# ---- tables at random ----

RULES = [["Q03 distinct 2"], ["Q03 distinct 3"], ["Q03 entropy 1.8"],
         ["Q03 recursive 2 2"], ["Q03 t-equal 0.3"], ["Q06 t-ordered 0.2"],
         ["Q03 t-ladder:state 0.25"], ["Q04 k-to-m 2"], ["Q04 k-to-m 3"],
         ["Q03 distinct 2", "Q03 t-equal 0.35", "Q04 k-to-m 1",
          "Q06 t-ordered 0.4"]]


def at_random(seed):
    """Sixty to a hundred people, a fifth of whom came twice."""
    r = random.Random(seed)
    people = []
    for i in range(r.randint(60, 100)):
        base = {"Q08": r.choice([22, 23, 34, 41, 58, 66]),
                "Q09": r.choice("12")}
        people.append(resident(i, *(
            answers(r, base) for _ in range(r.choice([1, 1, 1, 1, 2])))))
    return people


def answers(r, base):
    state = r.choice("1122344")
    return {**base, "Q03": state,
            "Q04": r.sample(["S1", "S2", "S3", "S4"], r.choice([1, 1, 2])),
            "Q06": None if state == "1" else r.choice([1, 2, 3])}


@pytest.mark.parametrize("at", range(len(RULES)))
def test_what_leaves_keeps_every_rule(ready, tmp_path, at):
    home = made(ready, tmp_path / "gateway", at_random(at), RULES[at],
                suppression_limit_basis_points=9000)
    found = leave(home, *(["--arena", "1"] if at % 2 else []))
    assert found
    for rule in RULES[at]:
        assert holds(rule, found), rule
    said = flow.az("verify", home.result["bundle"], "--trust",
                   home.folder / "trust", "--data", home.data)
    again = [r for r in RULES[at] if "t-ordered" not in r and
             "t-ladder" not in r]
    if again:
        assert f"{len(again)} rules on answers hold" in said.out + said.err


# ---- documents ----

BAD = [("Q03 distinct", "not a rule"), ("Q03 distinct 1", "out of bounds"),
       ("Q03 distinct 02", "not a rule"), ("Q03 nearly 2", "not a rule"),
       ("Q03 t-equal 0.50", "not a rule"), ("Q03 t-equal 1", "out of bounds"),
       ("Q03  distinct 2", "not a rule"), ("Q04 k-to-m 5", "out of bounds"),
       ("Q10 distinct 2", "no field that leaves"),
       ("Q08 distinct 2", "quasi-identifying"),
       ("Q04 distinct 2", "a list"), ("Q03 k-to-m 2", "is no list"),
       ("Q03 t-ladder:height 0.2", "not under ladders"),
       ("Q03 t-ladder:age 0.2", "age")]


def test_rules_that_are_none_are_refused(ready, tmp_path):
    home = ready.copy(tmp_path / "gateway")
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    flow.write(home.folder / "state.csv", "".join(
        f"{c['value']};*\n" for c in field("Q03")["categories"]))
    home.az("owner", "ladder", "14", "state", home.folder / "state.csv")
    cases = [([rule], {}, said) for rule, said in BAD] + [
        (["Q03 distinct 2", "Q03 distinct 3"], {}, "second rule"),
        (["Q03 distinct 2"], {"visits": "single"}, "visits must be joined"),
        ("Q03 distinct 2", {}, "must be a list"),
        ([3], {}, "not a rule"),
        ([f"Q03 entropy {i}" for i in range(2, 11)], {}, "more than 8")]
    for rules, more, said in cases:
        doc = policy(home, rules, **more)
        path = flow.write(home.folder / "policy.json", json.dumps(doc))
        ran = home.az("policy", "check", "14", path, code=None)
        assert ran.code in (1, 3, 4) and said in ran.err, (rules, ran)
    doc = policy(home, ["Q03 distinct 2", "Q04 k-to-m 2"])
    path = flow.write(home.folder / "policy.json", json.dumps(doc))
    home.az("policy", "check", "14", path)
