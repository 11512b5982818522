#!/usr/bin/python3
"""Make home-0: a gateway of the first landed version, with a history.

    make_first.py CHECKOUT BUILD CLOCK OUT

CHECKOUT is a working copy of commit 368868c, BUILD its build (-Dfault=true),
CLOCK the tests/preload/libclock.so of a newer one.  Everything goes through
that version's own command line and flow helper.  OUT gets the home, its
people's keys, and expected.json: what that version itself exported.
"""
import csv
import json
import os
import pathlib
import shutil
import sys
import tarfile

import pages

CHECKOUT, BUILD, CLOCK, OUT = map(pathlib.Path, sys.argv[1:])
os.environ["AZUKARI_BUILD"] = str(BUILD)
sys.path.insert(0, str(CHECKOUT / "tests/flow"))
import flow  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = flow.AZUKARI
FIRST, SECOND, THIRD = 1793613600, 1793700000, 1793786400  # 2-4 Nov 2026
NOW = FIRST
ORDINARY = flow.environment


def environment(**more):
    return ORDINARY(**{"LD_PRELOAD": str(CLOCK), "CLOCK_AT": str(NOW),
                       **more})


flow.environment = environment


def person(n):
    return "U%032x" % (0xabcdef000000 + n)


LATER_TEXT = "以前の回答も研究に使うことに同意します。\nThis covers what I answered before.\n"


def answer(n):
    """Groups of Q08 and Q11 are of ten and more."""
    return {"Q01": "1", "Q03": str(1 + n % 5),
            "Q04": [f"S{1 + n % 4}", "S7"],
            "Q08": 20 + 5 * (n % 4), "Q09": str(1 + n % 2),
            "Q10": f"{2300000 + n}", "Q11": "01" if n % 2 else "03",
            "Q12": ["H1"] if n % 3 else None}


def given(n, event, day, **more):
    return flow.line("consent", f"c{event}", person(n),
                     time=f"2026-10-{day:02}T11:00:00+09:00", **more)


def answered(n, event, day):
    doc = {k: v for k, v in answer(n).items() if v is not None}
    return flow.line("response", f"r{event}", person(n), answers=doc,
                     time=f"2026-10-{day:02}T12:00:00+09:00")


def policy_of(home, owner, later, **more):
    doc = flow.policy_document(home, owner, partners=[home.partner], **more)
    doc["disclosure"] = {"k": 3, "suppression_limit_basis_points": 3000,
                         "minimum_cell": 3}
    doc["consent_texts"].append({
        "sha256": later, "title": "以前の回答", "scopes": ["research"],
        "purposes": ["DUO:0000007"], "diseases": ["MONDO:0100096"],
        "valid_days": 36500, "covers_earlier": True})
    return doc


def asked(home, owner="14", seats=("a", "b"), **more):
    for name in ("age", "occupation"):
        home.az("owner", "ladder", owner, name, flow.ladder_file(name))
    later = home.folder / "later.txt"
    flow.write(later, LATER_TEXT)
    home.az("consent-text", "add", owner, later, "--title", "以前の回答")
    flow.put_policy(home, policy_of(home, owner, flow.sha256(later), **more),
                    owner, seats)


def request(home, name, owner="14", **more):
    flow.submit(home, home.partner, name, owners=owner,
                period="2026-10-01..2026-10-31", **more)


def export(home, officers, name, owner="14", seats=("a", "b"), **options):
    plan = flow.freeze(home, name, owner)
    officers.approve_fully(plan, seats)
    home.az("export", plan, **options)


# ---- owner 14 ----

def first_day(home):
    flow.enrol(home, "14")
    flow.make_ready(home)
    home.partner = flow.make_person(home.folder, "pi")
    asked(home)
    later = "sha256:" + flow.sha256(home.folder / "later.txt")
    texts = []
    for n in range(70):
        if n < 50:
            texts.append(given(n, n, 10))
        texts.append(answered(n, n, 11))
    # answered first, agreed later: under the text that covers it, but one
    for n in range(50, 66):
        texts.append(given(n, n, 12, text=later, scopes=["research"]))
    texts.append(given(66, 66, 12))
    flow.write(home.folder / "first.ndjson", "\n".join(texts) + "\n{bad\n")
    home.az("intake", "14", home.folder / "first.ndjson", code=None)
    officers = flow.Officers(home)
    request(home, "REQ-2026-001")
    export(home, officers, "REQ-2026-001")
    bundle = next((home.path / "outbox").glob("*.tar"))
    keep = home.folder / "EXP-2026-0001.tar"
    shutil.copyfile(bundle, keep)
    return keep


def opened(home, bundle, folder):
    trust = home.folder / f"{folder}-trust"
    trust.mkdir()
    name = bundle.stem
    with tarfile.open(bundle) as tar:
        for f in ("allowed_signers", "ledger.vkey", "witness-policy"):
            (trust / f).write_bytes(
                tar.extractfile(f"{name}/trust/{f}").read())
    out = home.folder / folder
    out.mkdir()
    flow.az("open", bundle, *home.partner.options(), "--trust", trust, "-o",
            out)
    return out / f"{name}-data"


def receipt(home, bundle, data):
    trust = home.folder / "opened-trust"
    out = home.folder / "receipt.txt"
    flow.az("receipt", bundle, "--data", data, *home.partner.options(), "-o",
            out, "--trust", trust)
    home.az("receipt", "accept", out)


def withdraw(home, n, *args, owner="14", **options):
    return home.az("withdraw", owner, "--respondent-file", "-", "--source",
                   "line", *args, stdin=person(n) + "\n", **options)


def second_day(home):
    withdraw(home, 40, "--now")
    withdraw(home, 41, "--permanent", "--now")
    withdraw(home, 42)                       # its hold ends on the third day
    withdraw(home, 43, "--scope", "research")
    withdraw(home, 44, "--now")
    home.az("notice", "issue", "14")


def handover(home):
    folder = home.folder / "handover"
    folder.mkdir()
    new = flow.make_person(home.folder / "14", "a2")
    seats = home.seats["14"]
    charter, packet = folder / "charter.txt", folder / "a.packet"
    answer_, sig = folder / "a.answer", folder / "charter.a.sig"
    home.az("seat", "handover", "draft", "14", "--seat", "a", "--successor",
            new.pub, "-o", charter)
    home.az("seat", "handover", "pack", "14", "--seat", "a", "-o", packet)
    flow.az("seat", "handover", "reseal", packet, *seats["a"].options(),
            "--successor", new.pub, "-o", answer_)
    flow.az("seat", "handover", "receive", answer_, *new.options(), "-o", sig)
    options = ["--sig", sig]
    for s in "bc":
        out = folder / f"charter.{s}.sig"
        flow.az("sign", "charter", charter, *seats[s].options(), "-o", out)
        options += ["--sig", out]
    home.az("seat", "handover", "accept", "14", answer_, *options)
    seats["a"] = new
    shutil.rmtree(folder)


def third_day(home, fault):
    texts = [given(44, "44again", 13), answered(44, "44again", 14)]
    texts = [t.replace("2026-10-", "2026-11-").replace("-13T", "-04T").replace(
        "-14T", "-04T") for t in texts]
    for n in range(70, 76):
        texts += [given(n, n, 20), answered(n, n, 21)]
    texts.append('{"type":"response","event":"bad1","respondent":"' +
                 person(90) + '"}')
    flow.write(home.folder / "third.ndjson", "\n".join(texts) + "\n")
    home.az("intake", "14", home.folder / "third.ndjson", code=None)
    handover(home)
    # the charter is new, and so the policy
    later = flow.sha256(home.folder / "later.txt")
    doc = policy_of(home, "14", later, version=2, previous=flow.sha256(
        home.folder / "policy-14-1.json"))
    flow.put_policy(home, doc)
    officers = flow.Officers(home)
    officers.made = 500
    for name in ("REQ-2026-002", "REQ-2026-003", "REQ-2026-004"):
        request(home, name)
    plan = flow.freeze(home, "REQ-2026-002")
    officers.approve_fully(plan)
    half = flow.freeze(home, "REQ-2026-003")
    officers.approve(half, "a")
    # on its way, not taken in yet
    answer_, _ = officers.run("approve", officers.pack(half, "b"), "b",
                              "--yes")
    shutil.copyfile(answer_, home.folder / "PLAN-2026-0003-b.answer")
    # exported and not published
    late = flow.freeze(home, "REQ-2026-004")
    officers.approve_fully(late)
    ran = home.az("export", late, program=fault, code=None,
                  env={"AZUKARI_KILL_AT": "job.exported"})
    assert ran.code == flow.KILLED, ran
    return plan


# ---- owner 13: what waits, and what was interrupted ----

def owner_13(home, fault):
    flow.enrol(home, "13", name="東京都", seats=("x", "y"), threshold=2)
    flow.make_ready(home, "13")
    asked(home, "13", ("x", "y"), byte_release=True)
    texts = []
    for n in range(100, 112):
        texts += [given(n, n, 10), answered(n, n, 11)]
    flow.write(home.folder / "thirteen.ndjson", "\n".join(texts) + "\n")
    home.az("intake", "13", home.folder / "thirteen.ndjson")
    folder = home.folder / "officers-13"
    folder.mkdir()
    home.folder, kept = folder, home.folder
    officers = flow.Officers(home, "13")
    home.folder = kept
    request(home, "REQ-2026-013", "13")
    export(home, officers, "REQ-2026-013", "13", ("x", "y"), code=None)
    # dies in the middle: an epoch stays open, without its key
    texts = []
    for n in range(112, 118):
        texts += [given(n, n, 20), answered(n, n, 21)]
    flow.write(home.folder / "thirteen.ndjson", "\n".join(texts) + "\n")
    ran = home.az("intake", "13", home.folder / "thirteen.ndjson",
                  program=fault, code=None,
                  env={"AZUKARI_KILL_AT": "ingest.batch"})
    assert ran.code == flow.KILLED, ran
    ran = withdraw(home, 105, "--now", owner="13", program=fault, code=None,
                   env={"AZUKARI_KILL_AT": "erase.keys"})
    assert ran.code == flow.KILLED, ran


def owner_40(home):
    """Not live yet: both seats have joined."""
    flow.add_owner(home, "40", name="福岡県", seats=("p", "q"))
    flow.join_owner(home, "40")


# ---- what that version exports itself ----

def rows(data):
    with open(data / "data/responses.csv", newline="", encoding="utf-8") as f:
        answers = list(csv.reader(f))
    with open(data / "data/consents.csv", newline="", encoding="utf-8") as f:
        return {"responses": answers, "consents": list(csv.reader(f))}


def expected(home, plan, folder):
    other = home.copy(folder)
    other.az("erase", "run", "14", code=None)
    result = other.json("export", plan)
    bundle = pathlib.Path(result["bundle"])
    other.folder = folder
    return {"rows": rows(opened(other, bundle, "expected")),
            "result": {k: v for k, v in result.items()
                       if not str(v).startswith("/") and "sha256" not in k}}


def tidy():
    """Small: what the machines of officers remember, no packets; databases as
    pages."""
    for folder in (OUT / "officers", OUT / "officers-13"):
        for path in folder.iterdir():
            if path.is_file():
                path.unlink()
    shutil.rmtree(OUT / "opened-trust")
    pages.pack(OUT)


def main():
    global NOW
    OUT.mkdir()
    home = flow.make_home(OUT)
    bundle = first_day(home)
    first = opened(home, bundle, "opened")
    receipt(home, bundle, first)
    doc = {"first": {"rows": rows(first)}}
    NOW = SECOND
    second_day(home)
    NOW = THIRD
    plan = third_day(home, PROGRAM)
    NOW += 7200
    doc["second"] = expected(home, plan, OUT.with_name(OUT.name + ".copy"))
    owner_13(home, PROGRAM)
    owner_40(home)
    flow.write(OUT / "expected.json", json.dumps(doc, ensure_ascii=False,
                                                 indent=0) + "\n")
    tidy()


main()
