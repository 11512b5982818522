"""Whoever answered several times: everybody who has all answers of somebody,
in their order, must find k people alike."""
import collections
import csv
import json
import tarfile

import pytest

import flow

K = 5
YOUNG, OLD = 31, 65


def answer(number, day, age):
    return flow.line("response", f"r{number}-{day}", f"U{number:032x}",
                     time=f"2020-04-{day:02d}T12:00:00+09:00",
                     answers={"Q03": "1", "Q08": age, "Q11": "01"})


def person(number, *ages):
    """Consent, and one answer a week."""
    return [flow.line("consent", f"c{number}", f"U{number:032x}",
                      time="2020-04-01T11:00:00+09:00"),
            *(answer(number, 1 + 7 * i, a) for i, a in enumerate(ages))]


def disclosure(**more):
    return {"k": K, "suppression_limit_basis_points": 3000,
            "minimum_cell": K, **more}


def made(ready, folder, people, levels=(4, 4), **more):
    """A home with these people, each a list of lines, and a signed plan."""
    home = ready.copy(folder)
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    doc = flow.policy_document(home, partners=[home.partner],
                               disclosure=disclosure(**more))
    doc["release"][0]["fields"]["Q08"].update(
        {"from": levels[0], "to": levels[1]})
    flow.put_policy(home, doc)
    lines = [text for p in people for text in p]
    home.az("intake", "14", flow.lines(home.folder / "in.ndjson", *lines))
    flow.submit(home, home.partner, fields="Q03 Q08 Q11")
    home.plan = flow.freeze(home)
    home.officers = flow.Officers(home)
    home.officers.approve_fully(home.plan)
    return home


def leave(home, *args):
    """Export and open; the rows of each pseudonym, in their order."""
    home.result = home.json("export", home.plan, *args)
    bundle = flow.pathlib.Path(home.result["bundle"])
    trust = home.folder / "trust"
    trust.mkdir()
    with tarfile.open(bundle) as tar:
        home.papers = {m.name.split("/", 1)[1]: tar.extractfile(m).read()
                       for m in tar if m.isfile()}
    for name in ("allowed_signers", "ledger.vkey", "witness-policy"):
        (trust / name).write_bytes(home.papers[f"trust/{name}"])
    flow.az("open", bundle, *home.partner.options(), "--trust", trust,
            "-o", home.folder)
    home.data = home.folder / f"{bundle.name[:-4]}-data"
    found = collections.defaultdict(list)
    with open(home.data / "data/responses.csv", newline="",
              encoding="utf-8") as f:
        for row in csv.DictReader(f):
            found[row["pseudonym"]].append(row)
    return found


def patterns(found):
    return collections.Counter(tuple((r["Q08"], r["Q11"]) for r in rows)
                               for rows in found.values())


# Twelve come once, seven twice; one comes back a second time.  Every row is in
# a group of many people, but nobody else was there three times.
SINGLED_OUT = [person(i, YOUNG) for i in range(12)] + \
    [person(20 + i, YOUNG, YOUNG) for i in range(7)] + \
    [person(40, YOUNG, YOUNG, YOUNG)]


def test_k_holds_for_rows_but_not_for_people(ready, tmp_path):
    home = made(ready, tmp_path / "gateway", SINGLED_OUT)
    found = leave(home)
    assert sorted(map(len, found.values())) == 12 * [1] + 7 * [2]
    assert min(patterns(found).values()) == home.result["smallest group"] == 7
    assert home.result["groups"] == len(patterns(found)) == 2
    assert home.result["suppressed answers"] in (3, "<5")
    statement = home.papers["STATEMENT.txt"].decode()
    assert "rule-01: visits joined\n" in statement
    report = json.loads(home.papers["disclosure.json"])
    assert (report["visits"], report["k_achieved"], report["groups"]) == \
        ("joined", 7, 2)
    assert "visits: joined\n" in home.papers["plan.txt"].decode()


def test_the_owner_may_say_otherwise(ready, tmp_path):
    """The control: by rows alone all twenty leave."""
    home = made(ready, tmp_path / "gateway", SINGLED_OUT, visits="single")
    found = leave(home)
    assert len(found) == 20
    assert min(patterns(found).values()) == 1
    assert home.result["smallest group"] == 20
    assert "rule-01: visits single\n" in home.papers["STATEMENT.txt"].decode()
    assert json.loads(home.papers["disclosure.json"])["visits"] == "single"
    assert "visits: single\n" in home.papers["plan.txt"].decode()


def test_without_room_to_leave_anybody_out_nothing_leaves(ready, tmp_path):
    home = made(ready, tmp_path / "gateway", SINGLED_OUT,
                suppression_limit_basis_points=0)
    ran = home.az("export", home.plan, code=1)
    assert "groups of 5 people cannot be kept" in ran.err
    assert not list((home.path / "outbox").iterdir())


def test_the_order_of_answers_counts(ready, tmp_path):
    """Six grow older, one younger; one group of people as sets of rows."""
    people = [person(i, YOUNG, OLD) for i in range(6)] + \
        [person(20, OLD, YOUNG)] + [person(30 + i, YOUNG) for i in range(5)]
    home = made(ready, tmp_path / "gateway", people, levels=(1, 1))
    found = leave(home)
    assert sorted(map(len, found.values())) == 5 * [1] + 6 * [2]
    assert all(rows[0]["Q08"] < rows[1]["Q08"]
               for rows in found.values() if len(rows) == 2)


def test_answers_are_coarsened_together(ready, tmp_path):
    """Six people's second answers differ by band, not by twenty years."""
    people = [person(i, 40, 40 + 5 * (i % 2)) for i in range(6)]
    home = made(ready, tmp_path / "gateway", people, levels=(1, 4),
                suppression_limit_basis_points=0)
    found = leave(home)
    assert patterns(found) == {(("40-49", "medical and care"),
                                ("40-49", "medical and care")): 6}


@pytest.mark.parametrize("arena", ("1", "16"))
def test_ties_and_small_memory_change_nothing(ready, tmp_path, arena):
    """Answers at one instant are ordered by what nobody knows beforehand, in
    groups as in rows; the same bytes whatever fits in memory."""
    people = [[flow.line("consent", f"c{i}", f"U{i:032x}",
                         time="2020-04-01T11:00:00+09:00"),
               flow.line("response", f"a{i}", f"U{i:032x}",
                         time="2020-04-01T12:00:00+09:00",
                         answers={"Q03": "1", "Q08": YOUNG, "Q11": "01"}),
               flow.line("response", f"b{i}", f"U{i:032x}",
                         time="2020-04-01T12:00:00+09:00",
                         answers={"Q03": "1", "Q08": OLD, "Q11": "01"})]
              for i in range(60)]
    home = made(ready, tmp_path / "gateway", people, levels=(1, 1))
    found = leave(home, "--arena", arena)
    both = patterns(found)
    assert len(both) == 2 and min(both.values()) >= K
    assert home.result["smallest group"] == min(both.values())


def test_computed_again_it_is_equal(ready, tmp_path):
    home = made(ready, tmp_path / "gateway", SINGLED_OUT)
    leave(home)
    again = home.json("plan", "freeze", "14", "--rederive",
                      home.result["export"])["plan"]
    home.officers.approve_fully(again)
    assert home.json("rederive", again)["result"] == "equal"


@pytest.mark.parametrize("word,said", [
    ('"both"', 'must be "joined" or "single"'), ("1", "visits")])
def test_policies_say_one_of_two(ready, tmp_path, word, said):
    home = ready.copy(tmp_path / "gateway")
    home.partner = flow.make_person(home.folder, "pi")
    doc = flow.policy_document(home, partners=[home.partner],
                               disclosure=disclosure(visits=json.loads(word)))
    path = flow.write(home.folder / "policy.json", json.dumps(doc))
    ran = home.az("policy", "check", "14", path, code=3)
    assert said in ran.err
