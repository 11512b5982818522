"""What records of an epoch refer to is listed in its epoch.txt; what a list
lacks closes the epoch and opens the next, and no line is lost."""
import shutil
import subprocess

import pytest

import flow
from flow import line, lines

pytest.importorskip("nacl", reason="no python3-nacl")
for program in ("age", "sqlcipher"):
    if not shutil.which(program):
        pytest.skip(f"no {program}", allow_module_level=True)

U = "U" + "0123456789abcdef" * 2
FIRST = 100     # lines of the first batch: the least --batch-lines takes


def add_text(home, tmp_path, number):
    """Registers another consent text; its digest."""
    path = flow.write(tmp_path / f"text-{number}", f"研究への利用 {number}\n")
    home.az("consent-text", "add", "14", path, "--title", f"第{number}版")
    return flow.sha256(path)


def epochs_of(found, subject):
    return {r["epoch"] for r in found if r["subject"] == subject}


def await_epoch(home, running):
    """Until the running intake has opened its first epoch."""
    def opened():
        assert running.poll() is None, running.communicate()
        return home.json("epoch", "list", "14")
    flow.until(opened, lambda epochs: "open" in [
        e["state"] for e in epochs if e["subject"].startswith("survey")])


def test_a_text_that_came_while_intake_ran(home, tmp_path):
    """A long run opened its epoch before the text was registered; another run
    took in a consent to it; then the long run gets that person's answer."""
    answers = [line("response", f"a{i}", f"person {i}") for i in range(FIRST)]
    late = line("response", "late", U, time="2020-04-03T12:00:00+09:00")
    with subprocess.Popen(
            [flow.AZUKARI, "--quiet", "--home", home.path, "intake", "14",
             "--batch-lines", str(FIRST), "-"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=flow.environment()) as running:
        running.stdin.write("".join(t + "\n" for t in answers).encode())
        running.stdin.flush()
        await_epoch(home, running)
        text = add_text(home, tmp_path, 2)
        home.az("intake", "14", lines(tmp_path / "consent", line(
            "consent", "c", U, text="sha256:" + text,
            time="2020-04-02T12:00:00+09:00")))
        running.stdin.write((late + "\n").encode())
        running.stdin.close()
        running.stdin = None
        _, err = running.communicate(timeout=60)
        assert running.returncode == 0, err
    found = flow.recover(home)
    responses = [r for r in found if r["kind"] == "response"]
    assert len(responses) == FIRST + 1
    mine, = [r for r in responses if r["user"] == U]
    assert mine["consent"]["text"] == text
    # the first batch lies in the epoch before, which is closed and whole
    before = epochs_of([r for r in responses if r["user"] != U],
                       "survey corona 1")
    assert len(before) == 1 and mine["epoch"] not in before
    assert flow.records(home)["open"] == 0


def test_without_a_new_text_one_epoch_does(home, tmp_path):
    """The control: batches alone do not open epochs."""
    home.az("intake", "14", "--batch-lines", FIRST, lines(tmp_path / "f", *[
        line("response", f"a{i}", f"person {i}") for i in range(3 * FIRST)]))
    found = flow.recover(home)
    assert len(found) == 3 * FIRST
    assert len(epochs_of(found, "survey corona 1")) == 1


def test_more_texts_than_an_epoch_lists(home, tmp_path):
    """Consents to 300 texts in one batch, answers under each of them."""
    texts = [add_text(home, tmp_path, n) for n in range(300)]
    f = lines(tmp_path / "f", *[
        line(kind, f"{kind}{i}", f"person {i}",
             **({"text": "sha256:" + text} if kind == "consent" else {}))
        for kind in ("consent", "response") for i, text in enumerate(texts)])
    home.az("intake", "14", f)
    found = flow.recover(home)
    assert {r["user"]: r["text"] for r in found if r["kind"] == "consent"} \
        == {f"person {i}": text for i, text in enumerate(texts)}
    assert {r["user"]: r["consent"]["text"] for r in found
            if r["kind"] == "response"} \
        == {f"person {i}": text for i, text in enumerate(texts)}
    assert len(epochs_of(found, "survey corona 1")) == 2
    assert len(epochs_of(found, "register")) == 2
    again = home.json("intake", "14", f)
    assert again["known_already"] == 600


def test_each_source_is_named(home, tmp_path):
    home.az("source", "add", "14", "web", "--namespace", "web-14")
    home.az("intake", "14", "--source", "line",
            lines(tmp_path / "one", line("response", "e", U)))
    home.az("source", "add", "14", "desk", "--namespace", "desk-14")
    for source in ("web", "desk"):
        home.az("intake", "14", "--source", source,
                lines(tmp_path / source, line("response", "e", U)))
    assert sorted(r["source"] for r in flow.recover(home)) == [
        "desk", "line", "web"]
