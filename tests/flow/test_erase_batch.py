"""Erasure by the owner's decision: a list that two seats signed."""
import pytest

import flow
from flow import line, lines
from test_kill import ACTS, dies

PERSON = "U" + "%032x"


@pytest.fixture(scope="module")
def peopled_once(ready, tmp_path_factory):
    home = ready.copy(tmp_path_factory.mktemp("peopled"))
    home.az("intake", "14", lines(home.folder / "f", *(
        line("response", f"r{i}", PERSON % i) for i in range(6))))
    return home


@pytest.fixture
def peopled(peopled_once, tmp_path):
    return peopled_once.copy(tmp_path / "gateway")


def draft(home, people=(1, 2), name="list", *more, code=0):
    ids = lines(home.folder / f"{name}.ids", *(PERSON % i for i in people))
    path = home.folder / name
    ran = home.az("erase", "draft", "14", "--respondents", ids, "--source",
                  "line", "--reason", "別の調査のファイルを取り込んだため",
                  "-o", path, *more, code=code)
    return path if code == 0 else ran


def batch(home, path, seats="ab", *args, **options):
    sigs = []
    for seat in seats:
        sigs += ["--sig", flow.sign("erasure", path, home.seats["14"][seat])]
    return home.az("erase", "batch", "14", path, *sigs, *args, **options)


def counts(home):
    row = home.json("status")["owners"][0]
    return row["stopping"], row["erased"]


def kinds(home):
    return [e["kind"] for e in home.json("ledger", "show")]


def test_two_seats_erase(peopled):
    path = draft(peopled)
    text = path.read_text(encoding="utf-8")
    assert PERSON % 1 not in text and "respondent-02" in text
    before = kinds(peopled)
    for seats in ("", "a"):
        ran = batch(peopled, path, seats, code=1)
        assert f"{len(seats)} seats signed" in ran.err
    assert kinds(peopled) == before
    batch(peopled, path)
    assert counts(peopled) == (2, 0)
    assert kinds(peopled)[-2:] == ["erasure-order", "withdrawal"]
    assert "once" in batch(peopled, path, code=1).err
    peopled.az("erase", "run", "14", "--now")
    assert counts(peopled) == (0, 2)
    peopled.az("ledger", "verify")
    # somebody of the list comes back: the old order has no power over them
    peopled.az("intake", "14", lines(peopled.folder / "g", line(
        "consent", "c1", PERSON % 1, time=flow.in_days(-1)[:10] +
        "T10:00:00Z")),
        code=None)
    batch(peopled, path, code=1)


def test_at_once(peopled):
    """Where the seats have signed that; it is not the operator's to say."""
    path = draft(peopled, (1,), "held")
    assert "hold: policy\n" in path.read_text(encoding="utf-8")
    batch(peopled, path, "ab", "--now", code=2)
    batch(peopled, flow.write(peopled.folder / "no", path.read_text(
        encoding="utf-8").replace("hold: policy", "hold: never")), code=3)
    batch(peopled, path)
    peopled.az("erase", "run", "14")
    assert counts(peopled) == (1, 0)
    peopled.az("erase", "run", "14", "--now")
    batch(peopled, draft(peopled, (0, 3, 5), "list", "--now"), "bc")
    assert counts(peopled) == (0, 4)
    assert len(flow.recover(peopled)) == 2
    # some were erased before
    ran = batch(peopled, draft(peopled, (3, 4), "more", "--now"), "ab")
    assert "1 respondents are stopped" in ran.err and "1 were before" in ran.err
    assert counts(peopled) == (0, 5)


def test_an_order_that_was_entered_in_time(peopled, fault):
    """What was begun is carried out, also when its time is over by then."""
    path = draft(peopled)
    sigs = [a for seat in "ab" for a in ("--sig", flow.sign(
        "erasure", path, peopled.seats["14"][seat]))]
    words = ["erase", "batch", "14", path, *sigs]
    assert dies(peopled, fault, "acts.lock:2", *words) == flow.KILLED
    assert kinds(peopled)[-1] == "erasure-order" and counts(peopled) == (0, 0)
    peopled.az(*words, now="2090-01-01 00:00:00")
    assert counts(peopled) == (2, 0)


def test_two_at_a_time(peopled, fault):
    """One of them carries it out."""
    path = draft(peopled)
    sigs = [a for seat in "ab" for a in ("--sig", flow.sign(
        "erasure", path, peopled.seats["14"][seat]))]
    words = ["erase", "batch", "14", path, *sigs]
    first = flow.stopped(peopled, "acts.lock:1", *words)
    assert "erasing or backing up" in peopled.az(*words, code=6).err
    flow.go_on(first)
    assert "once" in peopled.az(*words, code=1).err
    said = kinds(peopled)
    assert said.count("erasure-order") == said.count("withdrawal") == 1


def test_bad_lists(peopled):
    before = kinds(peopled)
    assert "x.ids:2" in draft(peopled, (1, 77), "x", code=4).err
    assert "twice" in draft(peopled, (1, 1), "y", code=None).err
    path = draft(peopled)
    text = path.read_text(encoding="utf-8")
    one, two = [row for row in text.splitlines()
                if row.startswith("respondent-")]
    swapped = text.replace(one, "X").replace(two, one.replace(
        "-01", "-02")).replace("X", two.replace("-02", "-01"))
    stranger = text.replace(two, "respondent-02: " + "f" * 64)
    for i, bad in enumerate((swapped, stranger, text[:-5],
                             text.replace("owner: 14", "owner: 13"))):
        other = flow.write(peopled.folder / f"bad{i}", bad)
        assert batch(peopled, other, code=None).code != 0
    # a signature of another text, twice the same seat, a stranger's
    sig = flow.sign("erasure", path, peopled.seats["14"]["a"])
    other = flow.write(peopled.folder / "other", text.replace("取り込", "入れ"))
    wrong = flow.sign("erasure", other, peopled.seats["14"]["b"])
    kind = flow.sign_anything("policy", path, peopled.seats["14"]["b"])
    person = flow.make_person(peopled.folder, "stranger")
    for second in (sig, wrong, kind, flow.sign("erasure", path, person)):
        peopled.az("erase", "batch", "14", path, "--sig", flow.sign(
            "erasure", path, peopled.seats["14"]["a"]) if second is not sig
            else sig, "--sig", second, code=1)
    assert batch(peopled, path, code=None, now="2090-01-01 00:00:00").code == 1
    assert kinds(peopled) == before and counts(peopled) == (0, 0)


def test_partners_are_told(approved):
    """As after a withdrawal; the reason is the owner's."""
    home, people = approved
    batch(home, draft(home, people), "ab")
    told = list((home.path / "outbox/notices").rglob("notice.txt"))
    assert len(told) == 1
    text = told[0].read_text(encoding="utf-8")
    assert "reason: erasure\n" in text and "block-01" in text
    assert kinds(home)[-3:] == ["erasure-order", "withdrawal", "notice"]


@pytest.fixture
def approved(frozen, officers):
    """A released export, and somebody's id who may be in it."""
    import json
    officers.approve_fully(frozen.plan)
    frozen.az("export", frozen.plan)
    ids = []
    for text in (frozen.folder / "lines.ndjson").read_text(
            encoding="utf-8").splitlines():
        doc = json.loads(text)
        if doc["type"] == "consent" and "research" in doc["scopes"]:
            ids.append(int(doc["respondent"][1:], 16))
    return frozen, sorted(set(ids))[:40]


@pytest.mark.parametrize("step", [f"{s}:{n}" for s in ACTS for n in (1, 2)] +
                         ["withdraw.marked"])
def test_killed(peopled, fault, step):
    path = draft(peopled)
    sigs = []
    for seat in "ab":
        sigs += ["--sig", flow.sign("erasure", path, peopled.seats["14"][seat])]
    assert dies(peopled, fault, step, "erase", "batch", "14", path, *sigs) \
        == flow.KILLED
    peopled.az("erase", "batch", "14", path, *sigs, code=None)
    assert counts(peopled) == (2, 0)
    said = kinds(peopled)
    assert said.count("erasure-order") == said.count("withdrawal") == 1
    peopled.az("erase", "batch", "14", path, *sigs, code=1)
    peopled.az("ledger", "verify")
