"""What intake stored, read back by contrib/recover.py with two seats' keys:
every line once, nothing in clear, whenever the process died."""
import collections
import datetime
import json
import random
import resource
import shutil
import signal
import subprocess
import time

import pytest

import flow
import marks
from flow import line, lines

pytest.importorskip("nacl", reason="no python3-nacl")
for program in ("age", "sqlcipher", "zstd"):
    if not shutil.which(program):
        pytest.skip(f"no {program}", allow_module_level=True)

STEPS = ["ingest.keys", "ingest.batch", "act.queued", "act.staged",
         "act.signed", "act.published", "act.logged"]
U = "U" + "0123456789abcdef" * 2
V = "U" + "fedcba9876543210" * 2


def utc(text):
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return when.astimezone(datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def stored(home, **options):
    """What is stored, without what differs from run to run."""
    found = flow.recover(home, **options)
    for record in found:
        del record["epoch"], record["received"]
        if record["kind"] == "quarantine":
            del record["event"]
    return collections.Counter(json.dumps(r, sort_keys=True) for r in found)


def expected(path):
    """What a file without withdrawals must come to, by its lines' order."""
    consent, found = {}, []
    for text in path.read_text().splitlines():
        doc = json.loads(text)
        who = doc["respondent"]
        record = {"kind": doc["type"], "user": who, "source": "line",
                  "event": utc(doc["time"]), "consent": None}
        if doc["type"] == "consent":
            record.update(subject="register", scopes=doc["scopes"],
                          text=doc["text"][7:])
            consent[who] = {"text": doc["text"][7:], "given": utc(doc["time"]),
                            "scopes": doc["scopes"]}
        else:
            fields = json.loads(flow.SURVEY.read_text())["fields"]
            record.update(subject="survey corona 1", consent=consent.get(who),
                          answers={f["name"]: doc["answers"].get(f["name"])
                                   for f in fields})
            for name, value in record["answers"].items():
                if isinstance(value, float):
                    record["answers"][name] = f"{value:.1f}"
        found.append(record)
    return collections.Counter(json.dumps(r, sort_keys=True) for r in found)


def numbers_as_text(counter):
    """37 and 37.0 are one answer to a question with one decimal."""
    out = collections.Counter()
    for text, count in counter.items():
        doc = json.loads(text)
        for name in ("Q07", "F02"):
            value = (doc.get("answers") or {}).get(name)
            if isinstance(value, (int, str)):
                doc["answers"][name] = f"{float(value):.1f}"
        out[json.dumps(doc, sort_keys=True)] += count
    return out


# ---- what is in the records ----

def test_every_line_is_there_as_it_came(home, tmp_path):
    f = flow.generate(tmp_path / "f", 400, "--withdrawal-rate", "0",
                      "--no-consent-rate", "0.2")
    home.az("intake", "14", "--batch-lines", "150", f)
    assert numbers_as_text(stored(home)) == numbers_as_text(expected(f))


def test_the_consent_that_was_in_force(home, tmp_path):
    """Sealed with the answer: what was known and given by then."""
    def at(hour):
        return f"2020-04-01T{hour:02}:00:00Z"

    f = lines(
        tmp_path / "f",
        line("response", "none", U, time=at(1)),
        line("consent", "c5", U, time=at(5), scopes=["support"]),
        line("response", "earlier", U, time=at(4)),
        line("response", "same", U, time=at(5)),
        line("consent", "c3", U, time=at(3)),
        line("response", "still", U, time=at(6)),
        line("consent", "c7", U, time=at(7)),
        line("response", "after", U, time=at(8)),
        line("withdrawal", "w9", U, time=at(9), scopes=["research"]),
        line("response", "less", U, time=at(10)),
        line("withdrawal", "w11", U, time=at(11),
             scopes=["support", "recontact"]),
        line("response", "nothing", U, time=at(12)),
        line("response", "other", V, time=at(6)))
    want = {(U, 1): None, (U, 4): None,
            (U, 5): (5, ["support"]), (U, 6): (5, ["support"]),
            (U, 8): (7, ["support", "research"]),
            (U, 10): (7, ["support"]), (U, 12): None, (V, 6): None}
    for batch_lines in (100, 1000):
        home.az("intake", "14", "--batch-lines", batch_lines, f)
    got = {(r["user"], int(r["event"][11:13])):
           r["consent"] and (int(r["consent"]["given"][11:13]),
                             r["consent"]["scopes"])
           for r in flow.recover(home) if r["kind"] == "response"}
    assert got == want


def test_consents_do_not_depend_on_batches(home, tmp_path):
    """One line a transaction or all in one: the same records."""
    times = [f"2020-04-{d:02}T00:00:00Z" for d in range(1, 29)]
    rng = random.Random(4)
    texts = []
    for i in range(600):
        kind = rng.choice(["response"] * 5 + ["consent"] * 3 + ["withdrawal"])
        more = {"time": rng.choice(times)}
        if kind != "response":
            more["scopes"] = rng.choice([["support"], ["research"],
                                         ["support", "research"]])
        texts.append(line(kind, f"e{i}", f"person {rng.randrange(40)}",
                          **more))
    f = lines(tmp_path / "f", *texts)
    other = home.copy(tmp_path / "other")
    home.az("intake", "14", "--batch-lines", "100", f)
    other.az("intake", "14", f)
    assert stored(home) == stored(other)


def test_coming_back_after_an_erasure(home, tmp_path):
    """Nothing before a new consent, nothing of before, never after `for good`."""
    def at(day):
        return f"2020-04-{day:02}T00:00:00Z"

    def take(*texts):
        f = lines(tmp_path / "f", *texts)
        return home.az("intake", "14", f, "--json").result

    before = [line("consent", "c1", U, time=at(1)),
              line("response", "r1", U, time=at(2))]
    take(*before, line("withdrawal", "w3", U, time=at(3)))
    home.az("erase", "run", "14", "--now")
    back = [line("response", "r5", U, time=at(5)),
            line("consent", "c2", U, time=at(2)),
            line("consent", "c6", U, time=at(6)),
            line("response", "r7", U, time=at(7)),
            line("response", "late", U, time=at(2))]
    report = take(*before, *back)
    assert report["known_already"] == 2
    assert report["refused"] == {
        "erased, and no new consent": 1,
        "older than the withdrawal of everything": 2}
    assert (report["consents"], report["responses"]) == (1, 1)
    # what was refused before the consent may come again behind it
    assert take(back[0])["responses"] == 1
    opened = [r for r in flow.recover(home) if r["kind"] == "response"]
    assert sorted(r["event"][8:10] for r in opened) == ["05", "07"]
    took = [r for r in opened if r["event"][8:10] == "07"][0]["consent"]
    assert took["given"] == at(6)
    take(line("withdrawal", "w8", U, time=at(8), permanent=True))
    home.az("erase", "run", "14", "--now")
    report = take(line("consent", "c9", U, time=at(9)),
                  line("response", "r9", U, time=at(9)))
    assert report["refused"] == {"withdrew for good": 2}
    assert [r for r in flow.recover(home) if r["kind"] == "response"] == []


def test_for_good_after_an_erasure(home, tmp_path):
    def take(*texts):
        f = lines(tmp_path / "f", *texts)
        return home.az("intake", "14", f, "--json").result

    take(line("withdrawal", "w1", U, time="2020-04-01T00:00:00Z"))
    home.az("erase", "run", "14", "--now")
    take(line("withdrawal", "w2", U, time="2020-04-02T00:00:00Z",
              permanent=True))
    report = take(line("consent", "c", U, time="2020-04-03T00:00:00Z"))
    assert report["refused"] == {"withdrew for good": 1}


@pytest.mark.parametrize("step", STEPS)
def test_death_while_somebody_comes_back(ready, tmp_path, fault, step):
    """A new generation of keys, and no record under the old one."""
    first = ready.copy(tmp_path / "first")
    f = lines(tmp_path / "f", line("response", "r1", U),
              line("withdrawal", "w", U, time="2020-04-02T00:00:00Z"))
    first.az("intake", "14", f)
    first.az("erase", "run", "14", "--now")
    g = lines(tmp_path / "g",
              line("consent", "c", U, time="2020-04-03T00:00:00Z"),
              line("response", "r3", U, time="2020-04-03T00:00:00Z"))
    for count in range(1, 20):
        home = first.copy(tmp_path / str(count))
        ran = home.az("intake", "14", g, program=fault, code=None,
                      env={"AZUKARI_KILL_AT": f"{step}:{count}"})
        if ran.code != flow.KILLED:
            break
        home.az("intake", "14", g)
        found = flow.recover(home)
        assert [r["kind"] for r in found].count("response") == 1
        assert sorted(r["kind"] for r in found) == ["consent", "response"]
    assert ran.code == 0 and count > 1, (step, count)


def test_one_seat_reads_nothing(home, tmp_path):
    f = lines(tmp_path / "f", line("response", "a", U))
    home.az("intake", "14", f)
    assert flow.recover(home, seats=("b",), code=1) == []
    assert len(flow.recover(home, seats=("b", "c"))) == 1


def test_bad_lines_are_kept_sealed(home, tmp_path):
    bad = ['{"type":"response"', "x" * 70000, "caf\udce9"]
    f = tmp_path / "f"
    f.write_bytes("\n".join(bad).encode("utf-8", "surrogateescape") + b"\n")
    home.az("intake", "14", f, code=3)
    found = flow.recover(home)
    assert [r["kind"] for r in found] == ["quarantine"] * 3
    assert [r["user"] for r in found] == [None] * 3
    assert found[0]["line"] == bad[0] and found[1]["line"] == "x" * 65536
    assert found[2]["line"] == "caf\ufffd"


# ---- nothing in clear ----

FREE = {"azukari": "survey v1", "name": "free", "version": 1, "title": "自由",
        "fields": [{"name": "note", "type": "string", "title": "ひとこと",
                    "disclosure": "identifying"}]}


def marked_lines(number):
    """Lines with a mark in every place that can hold one; the marks."""
    answer, event = f"answer-mark-{number:06}", f"event-mark-{number:06}"
    person, broken = f"person-mark-{number:06}", f"broken-mark-{number:06}"
    line_id = random.Random(number).randbytes(16)
    return [
        line("response", event, person, survey="free",
             answers={"note": f"咳が出ます {answer}"}),
        line("consent", f"c{number}", "U" + line_id.hex()),
        line("withdrawal", f"w{number}", person, scopes=["research"]),
        "{" + broken,
    ], [answer, event, person, broken, line_id]


def make_marked(home, tmp_path):
    survey = flow.write(tmp_path / "free.json", json.dumps(FREE))
    home.az("owner", "survey", "14", survey)
    texts, all_marks = [], []
    for number in range(120):
        more, here = marked_lines(number)
        texts += more
        all_marks += here if number % 30 == 0 else []
    return lines(tmp_path / "marked", *texts), all_marks, survey


def test_no_mark_on_the_disk(home, tmp_path):
    f, all_marks, survey = make_marked(home, tmp_path)
    home.az("intake", "14", "--batch-lines", "100", f, code=3)
    assert marks.search(home.path, all_marks) == {}
    marks.control(home.path, all_marks[:5])
    # they are there: sealed
    found = json.dumps(flow.recover(home, surveys=(survey,)),
                       ensure_ascii=False)
    for mark in all_marks:
        if isinstance(mark, bytes):
            assert mark.hex() in found
        elif not mark.startswith("event"):
            assert mark in found


@pytest.mark.parametrize("step", ["ingest.keys:2", "ingest.batch:2"])
def test_no_mark_after_a_death(home, tmp_path, fault, step):
    f, all_marks, _ = make_marked(home, tmp_path)
    home.az("intake", "14", "--batch-lines", "100", f, program=fault,
            env={"AZUKARI_KILL_AT": step}, code=flow.KILLED)
    assert list(home.path.rglob("*-wal"))
    assert marks.search(home.folder, all_marks) == {}
    marks.control(home.path, all_marks[:5])


# ---- dying ----

@pytest.fixture(scope="module")
def whole(ready, tmp_path_factory):
    """A file, and what a run that nothing disturbs makes of it."""
    folder = tmp_path_factory.mktemp("whole")
    home = ready.copy(folder / "gateway")
    f = flow.generate(folder / "f", 240, "--withdrawal-rate", "0.05",
                      "--bad-rate", "0.03", seed=3)
    report = home.az("intake", "14", *SMALL, f, code=3)
    assert "withdrawals" in report.out
    return f, stored(home), len(home.json("quarantine", "list", "14"))


SMALL = ["--batch-lines", "150"]


def check_whole(home, whole):
    _, want, quarantined = whole
    assert stored(home) == want
    assert len(home.json("quarantine", "list", "14")) == quarantined
    assert flow.records(home)["open"] == 0


@pytest.mark.parametrize("step", STEPS)
def test_death_at_each_step(ready, tmp_path, fault, whole, step):
    """At each passing of the step; the next run takes in what is missing."""
    f = whole[0]
    for count in range(1, 100):
        home = ready.copy(tmp_path / str(count))
        ran = home.az("intake", "14", *SMALL, f, program=fault, code=None,
                      env={"AZUKARI_KILL_AT": f"{step}:{count}"})
        if ran.code != flow.KILLED:
            break
        ran = home.az("intake", "14", *SMALL, f, code=3)
        check_whole(home, whole)
        shutil.rmtree(home.folder)
    assert ran.code == 3 and count > 3, (step, count)


def killed(home, f, after_s):
    """A run that gets AFTER_S seconds to live; was it killed?"""
    process = subprocess.Popen(
        [flow.AZUKARI, "--home", home.path, "--key-file", home.key_file,
         "intake", "14", *SMALL, f], env=flow.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert process.wait(after_s) == 3
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL
    return False


def test_death_at_any_instant(ready, tmp_path, whole):
    """Killed a few times at random instants, then left to finish; again."""
    seed = random.SystemRandom().randrange(10 ** 6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    deaths, usual = 0, 0.2
    for number in range(100):       # some are done before they are killed
        home = ready.copy(tmp_path / str(number))
        for _ in range(5):
            if not killed(home, whole[0], rng.uniform(0, usual)):
                break
            deaths += 1
        started = time.monotonic()
        home.az("intake", "14", *SMALL, whole[0], code=3)
        usual = min(time.monotonic() - started, 1.0)
        check_whole(home, whole)
        shutil.rmtree(home.folder)
        if deaths >= 15:
            return
    raise AssertionError((seed, deaths))


def test_abandoned_epochs_can_be_closed(home, tmp_path, fault):
    f = lines(tmp_path / "f", line("response", "a", U))
    home.az("intake", "14", f, program=fault, code=flow.KILLED,
            env={"AZUKARI_KILL_AT": "ingest.batch"})
    assert flow.records(home)["open"] == 1
    assert "1 epochs" in home.az("epoch", "close", "14").err
    assert flow.records(home) == {"survey": 1, "register": 0, "open": 0}
    assert home.json("batch", "list", "14")[0]["state"] == "interrupted"


def run_limited(home, limit, *args):
    """With no file longer than LIMIT bytes: what a full disk looks like."""
    def before():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [flow.AZUKARI, "--home", home.path, "--key-file", home.key_file,
         *map(str, args)], env=flow.environment(), preexec_fn=before,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        check=False)
    return done.returncode, done.stderr


def test_full_disk(ready, tmp_path, whole):
    """It fails, it says so, and what is missing comes with the next run."""
    home = ready.copy(tmp_path / "gateway")
    failures = 0
    for limit in range(1 << 15, 1 << 23, 3 << 14):
        code, err = run_limited(home, limit, "intake", "14", *SMALL, whole[0])
        assert code in (3, 5), (limit, code, err)
        failures += code == 5
        if code == 3:
            break
    assert failures > 3 and code == 3
    home.az("intake", "14", *SMALL, whole[0], code=3)
    check_whole(home, whole)


def test_an_input_that_ends_too_early(home, tmp_path):
    f = lines(tmp_path / "f", line("response", "a", U))
    code, err = run_limited(home, 1 << 30, "intake", "14", f, "/proc/self/mem")
    assert code == 5 and "/proc/self/mem: the input cannot be read" in err
    assert flow.records(home) == {"survey": 1, "register": 0, "open": 0}


def test_columns_that_are_not_there(home, tmp_path):
    f = flow.write(tmp_path / "f.csv", "a,b\n1,2\n")
    mapping = flow.run(flow.GENERATE, "--owner", "14", "--rows", "1",
                       "--format", "mapping", "--consent-text",
                       flow.text_digest()).out
    m = flow.write(tmp_path / "m.json", mapping)
    ran = home.az("intake", "14", "--map", m, f, code=4)
    assert str(f) in ran.err
    assert home.json("epoch", "list", "14") == []
