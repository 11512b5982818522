"""Plans at the gateway: first all sign, then shares leave; what stops a plan,
and what is left of it afterwards."""
import json

import pytest

import flow


def secrets(home):
    return sorted(p.name for p in (home.path / "run/plans").iterdir())


def listed(home, plan, **options):
    return next(p for p in home.json("plan", "list", **options)
                if p["plan"] == plan)


def counts(home, plan):
    row = listed(home, plan)
    return row["approvals"], row["releases"]


# ---- sign, then release ----

def test_sign_then_release(frozen, officers):
    plan = frozen.plan
    packet = officers.pack(plan, "a")
    answer, said = officers.run("approve", packet, "a", "--yes")
    assert "no share has left this machine" in said.err
    assert sorted(flow.members(answer)) == ["approval.txt",
                                            "approval.txt.sig"]
    frozen.az("plan", "accept", answer)
    assert counts(frozen, plan) == (1, 0)
    assert secrets(frozen) == [f"{plan}.key"]
    assert "approvals" in frozen.az("export", plan, code=1).err

    answer, said = officers.run("approve", officers.pack(plan, "b"), "b",
                                "--yes")
    assert sorted(flow.members(answer)) == [
        "approval.txt", "approval.txt.sig", "release.txt",
        "release.txt.sig", "shares.age"]
    frozen.az("plan", "accept", answer)
    assert counts(frozen, plan) == (2, 1)
    assert "1 of 2 seats have released" in frozen.az("export", plan,
                                                     code=1).err
    assert not list((frozen.path / "outbox").glob("*.tar"))

    officers.approve(plan, "a")
    assert counts(frozen, plan) == (2, 2)
    frozen.az("export", plan)
    assert list((frozen.path / "outbox").glob("EXP-*.tar"))
    assert secrets(frozen) == []
    assert listed(frozen, plan)["state"] == "exported"


def test_again_is_refused(frozen, officers):
    """A seat approves once; the second run waits for the others."""
    plan = frozen.plan
    officers.approve(plan, "a")
    said = officers.approve(plan, "a", code=1)
    assert "has approved" in said.err and "newer" in said.err
    officers.approve(plan, "b")
    officers.approve(plan, "a")
    frozen.az("export", plan)
    assert "asks for no more approvals" in frozen.az(
        "plan", "pack", plan, "--seat", "c", "-o", officers.path("x"),
        code=1).err


def test_old_answer(frozen, officers):
    """An answer that waited until the export had begun."""
    plan = frozen.plan
    late, _ = officers.run("approve", officers.pack(plan, "c"), "c", "--yes")
    officers.approve_fully(plan)
    frozen.az("export", plan)
    assert "takes no more approvals" in frozen.az("plan", "accept", late,
                                                  code=1).err


def test_three_seats(frozen, officers):
    """More approvals than needed do no harm."""
    plan = frozen.plan
    for seat in "abca":
        officers.approve(plan, seat)
    assert counts(frozen, plan) == (3, 3)
    frozen.az("export", plan)


def test_lost_shares_come_again(frozen, officers):
    """A crash between the ledger and the file: the same answer repairs it."""
    plan = frozen.plan
    officers.approve(plan, "a")
    answer, _ = officers.run("approve", officers.pack(plan, "b"), "b",
                             "--yes")
    frozen.az("plan", "accept", answer)
    shares = frozen.path / f"run/plans/{plan}.b.shares"
    before = flow.sha256(shares)
    shares.unlink()
    frozen.az("plan", "accept", answer)
    assert flow.sha256(shares) == before
    assert "were taken in before" in frozen.az("plan", "accept", answer,
                                               code=1).err


# ---- other homes, other seats ----

def test_other_gateways_answer(frozen, officers, tmp_path):
    other = frozen.copy(tmp_path / "other")
    flow.submit(other, other.partner, "REQ-2026-009")
    flow.freeze(other, "REQ-2026-009")
    flow.submit(frozen, frozen.partner, "REQ-2026-008")
    plan = flow.freeze(frozen, "REQ-2026-008")
    answer, _ = officers.run("approve", officers.pack(plan, "a"), "a",
                             "--yes")
    assert "about another plan" in other.az("plan", "accept", answer,
                                            code=1).err


def test_bad_words(frozen, officers):
    plan = frozen.plan
    for args, code in ((("PLAN-2026-0099", "--seat", "a"), 4),
                       ((plan, "--seat", "z"), 4), ((plan,), 2)):
        frozen.az("plan", "pack", *args, "-o", officers.path("x"), code=code)
    there = flow.write(officers.path("there"), "")
    frozen.az("plan", "pack", plan, "--seat", "a", "-o", there, code=1)
    frozen.az("plan", "accept", officers.folder / "none", code=4)
    frozen.az("plan", "accept", there, code=3)
    frozen.az("plan", "show", "PLAN-2026-0099", code=4)
    frozen.az("plan", "end", "PLAN-2026-0099", code=4)
    assert secrets(frozen) == [f"{plan}.key"]


# ---- what ends a plan ----

def ended(home, officers, plan, why):
    row = listed(home, plan)
    assert (row["state"], row["why"]) == ("ended", why)
    assert secrets(home) == []
    for command in (["plan", "pack", plan, "--seat", "a", "-o",
                     officers.path("x")], ["export", plan],
                    ["plan", "end", plan]):
        said = home.az(*command, code=None)
        assert said.code == 1 and "has ended" in said.err, said


def test_denial_is_a_veto(frozen, officers):
    plan = frozen.plan
    officers.approve_fully(plan)
    assert len(secrets(frozen)) == 3
    packet = officers.pack(plan, "c")
    assert "--reason" in flow.az(
        "deny", packet, *officers.people["c"].options(), "-o",
        officers.path("x"), code=2).err
    answer, _ = officers.run("deny", packet, "c", "--reason", "範囲が広すぎる")
    said = frozen.az("plan", "accept", answer, "--json")
    assert said.result["denied"] and said.result["ended"]
    ended(frozen, officers, plan, "denied")
    assert "範囲が広すぎる" in frozen.az("plan", "show", plan).out
    assert "has ended: denied" in frozen.az("plan", "accept", answer,
                                            code=1).err


def test_denial_as_a_vote(asked):
    """Two of three may still agree after one no; after two they cannot."""
    doc = flow.policy_document(asked, partners=[asked.partner],
                               denial="vote", version=2,
                               previous=flow.sha256(
                                   asked.folder / "policy-14-1.json"))
    flow.put_policy(asked, doc)
    officers = flow.Officers(asked)
    plan = flow.freeze(asked)
    no, _ = officers.run("deny", officers.pack(plan, "c"), "c", "--reason",
                         "no")
    assert not asked.json("plan", "accept", no)["ended"]
    officers.approve_fully(plan)
    asked.az("export", plan)

    flow.submit(asked, asked.partner, "REQ-2026-002")
    plan = flow.freeze(asked, "REQ-2026-002")
    for seat, over in (("a", False), ("b", True)):
        no, _ = officers.run("deny", officers.pack(plan, seat), seat,
                             "--reason", "no")
        assert asked.json("plan", "accept", no)["ended"] is over
    ended(asked, officers, plan, "denied")


def test_revocation(frozen, officers):
    """It voids the approval and its shares; another seat may take its place,
    the same seat may not."""
    plan = frozen.plan
    packet = officers.pack(plan, "a")
    officers.approve_fully(plan)
    back, _ = officers.run("revoke", packet, "a", "--reason", "誤り")
    assert not frozen.json("plan", "accept", back)["ended"]
    assert "was taken in before" in frozen.az("plan", "accept", back,
                                              code=1).err
    assert secrets(frozen) == [f"{plan}.b.shares", f"{plan}.key"]
    assert counts(frozen, plan) == (1, 1)
    assert "approvals" in frozen.az("export", plan, code=1).err
    assert "approvals/a.txt" not in flow.members(officers.pack(plan, "c"))
    again, _ = officers.run("approve", packet, "a", "--yes")
    assert "already, with another text" in frozen.az("plan", "accept", again,
                                                     code=1).err
    officers.approve(plan, "c")
    assert counts(frozen, plan) == (2, 2)
    frozen.az("export", plan)
    bundle, = (frozen.path / "outbox").glob("*.tar")
    assert sorted(n for n in flow.members(bundle)
                  if n.startswith("approvals/") and n.endswith(".txt")) == [
                      "approvals/b.txt", "approvals/c.txt"]
    flow.az("verify", bundle)


def test_a_revocation_while_shares_come_in(frozen, officers, fault):
    """Released, entered, taken back by the seat before they were put down:
    they are not put down any more."""
    plan = frozen.plan
    packet = officers.pack(plan, "a")
    for seat in "ab":
        officers.approve(plan, seat)
    answer, _ = officers.run("approve", officers.pack(plan, "a"), "a",
                             "--yes")
    accept = flow.stopped(frozen, "acts.lock:2", "plan", "accept", answer)
    assert counts(frozen, plan) == (2, 2)
    back, _ = officers.run("revoke", packet, "a", "--reason", "誤り")
    frozen.az("plan", "accept", back)
    assert "no standing approval" in flow.go_on(accept, code=1).err
    assert f"{plan}.a.shares" not in secrets(frozen)


def test_what_was_half_written_goes_with_the_plan(frozen, officers):
    """A file that a dead process had not renamed yet."""
    plan = frozen.plan
    folder = frozen.path / "run/plans"
    officers.approve_fully(plan)
    for name in (f".{plan}.a.shares.Ab12Cd", f".{plan}.key.Ab12Cd",
                 ".PLAN-2026-0009.a.shares.Ab12Cd"):
        (folder / name).write_bytes(b"sealed")
    frozen.az("export", plan)
    assert secrets(frozen) == [".PLAN-2026-0009.a.shares.Ab12Cd"]


def test_revocations_end_a_plan(frozen, officers):
    plan = frozen.plan
    packets = {s: officers.pack(plan, s) for s in "ab"}
    officers.approve_fully(plan)
    for seat, over in (("a", False), ("b", True)):
        back, _ = officers.run("revoke", packets[seat], seat, "--reason",
                               "誤り")
        assert frozen.json("plan", "accept", back)["ended"] is over
    ended(frozen, officers, plan, "revoked")


def test_recall(frozen, officers):
    """After the export a revocation calls the bundle back."""
    plan = frozen.plan
    packet = officers.pack(plan, "b")
    officers.approve_fully(plan)
    frozen.az("export", plan)
    bundle, = (frozen.path / "outbox").glob("*.tar")
    no, _ = officers.run("deny", packet, "b", "--reason", "too late")
    assert "cannot refuse" in frozen.az("plan", "accept", no, code=1).err
    back, _ = officers.run("revoke", packet, "b", "--reason", "誤り")
    said = frozen.az("plan", "accept", back, "--json")
    assert said.result["recalled"] and not said.result["ended"]
    assert not bundle.exists()
    notice, = (frozen.path / "outbox/notices").rglob("notice.txt")
    text = notice.read_text(encoding="utf-8")
    assert "\nreason: recall\n" in text and plan.replace(
        "PLAN", "EXP") in text
    # whatever looks at plans makes up for a crash, once
    notices = len(list((frozen.path / "outbox/notices").rglob("notice.txt")))
    frozen.az("plan", "list")
    assert notices == len(list(
        (frozen.path / "outbox/notices").rglob("notice.txt")))


def test_expiry(frozen, officers):
    """Its time over, a plan ends wherever it is looked at."""
    plan = frozen.plan
    late, _ = officers.run("approve", officers.pack(plan, "c"), "c", "--yes")
    officers.approve_fully(plan)
    assert len(secrets(frozen)) == 3
    assert "has ended: expired" in frozen.az(
        "plan", "accept", late, code=1, now=flow.in_days(31)).err
    assert secrets(frozen) == []
    assert listed(frozen, plan, now=flow.in_days(31))["why"] == "expired"
    assert "has ended" in frozen.az("export", plan, code=1,
                                    now=flow.in_days(31)).err


def test_days_of_a_plan(asked):
    """--days shortens, never lengthens."""
    plan = flow.freeze(asked)
    long = listed(asked, plan)["expires"]
    asked.az("plan", "end", plan)
    flow.submit(asked, asked.partner, "REQ-2026-002")
    short = asked.json("plan", "freeze", "14", "REQ-2026-002", "--days",
                       "2")["plan"]
    asked.az("plan", "list", now=flow.in_days(1))
    assert listed(asked, short)["expires"] < long
    assert listed(asked, short, now=flow.in_days(3))["why"] == "expired"


def test_end_by_hand(frozen, officers):
    officers.approve_fully(frozen.plan)
    frozen.az("plan", "end", frozen.plan)
    ended(frozen, officers, frozen.plan, "abandoned")


def test_leftovers_are_swept(frozen, officers):
    """A process that died between the ledger and the shredding."""
    plan = frozen.plan
    saved = (frozen.path / f"run/plans/{plan}.key").read_bytes()
    frozen.az("plan", "end", plan)
    for name in (f"{plan}.key", f"{plan}.a.shares"):
        (frozen.path / "run/plans" / name).write_bytes(saved)
    frozen.az("plan", "list")
    assert secrets(frozen) == []


# ---- who may ask at all ----

def test_own_institution(asked):
    """Who holds a seat may not receive."""
    partner = flow.partner_entry(asked.partner, institution="神奈川県")
    doc = flow.policy_document(asked, version=2, previous=flow.sha256(
        asked.folder / "policy-14-1.json"))
    doc["partners"] = [partner]
    flow.put_policy(asked, doc, code=1)
    assert len(flow.members(flow.Officers(asked).pack(
        flow.freeze(asked), "a"))) > 10


def test_recipient_not_in_policy(asked):
    stranger = flow.make_person(asked.folder / "14", "stranger")
    said = flow.submit(asked, stranger, "REQ-2026-003", code=1)
    assert "policy" in said.err
    asked.az("plan", "freeze", "14", "REQ-2026-003", code=1)


def test_policy_changed(frozen, officers):
    doc = flow.policy_document(frozen, partners=[frozen.partner], version=2,
                               previous=flow.sha256(
                                   frozen.folder / "policy-14-1.json"))
    doc["disclosure"]["k"] = 6
    officers.approve_fully(frozen.plan)
    flow.put_policy(frozen, doc)
    assert "another policy is in force" in frozen.az(
        "plan", "pack", frozen.plan, "--seat", "c", "-o", officers.path("x"),
        code=1).err
    frozen.az("export", frozen.plan, code=1)


def test_policy_needs_quorum(asked):
    doc = flow.policy_document(asked, partners=[asked.partner], version=2,
                               previous=flow.sha256(
                                   asked.folder / "policy-14-1.json"))
    flow.put_policy(asked, doc, seats=("a",), code=1)
    assert asked.az("policy", "check", "14",
                    asked.folder / "policy-14-2.json").code == 0


def test_request_check(asked, tmp_path):
    """The refusal before the ethics board, on published files alone."""
    policy = asked.folder / "policy-14-1.json"
    charter = tmp_path / "charter.txt"
    asked.az("charter", "show", "14", "-o", charter)
    published = ["--charter", charter, "--policy", policy, "--survey",
                 flow.SURVEY]
    for name in ("age", "occupation"):
        published += ["--ladder", f"{name}={flow.ladder_file(name)}"]
    good = flow.draft(tmp_path / "good.txt", asked.partner)
    said = flow.az("request", "check", good, *published, "--json")
    assert said.result[0]["verdict"] == "eligible"
    bad = flow.draft(tmp_path / "bad.txt", asked.partner,
                     fields="Q03 Q10 Q99", purpose="DUO:0000042")
    said = flow.az("request", "check", bad, *published, code=1)
    assert said.err.count("reason:") >= 3
    flow.az("request", "check", bad, "--charter", charter, code=2)
    flow.az("request", "check", good, *published[:-1], "noladder", code=2)


# ---- what is printed ----

def test_show(frozen, officers):
    officers.approve(frozen.plan, "a")
    said = frozen.az("plan", "show", frozen.plan, "--lang", "ja").out
    for word in ("神奈川県", "慶應義塾大学 医学部", "宮田 花子", "年齢", "粗く",
                 "最大400人", "保管官待ち", "倫理審査"):
        assert word in said, word
    text = frozen.az("plan", "show", frozen.plan, "--text").out
    assert text.startswith("azukari-plan v1\n")


def test_small_counts_are_masked(frozen, officers):
    officers.approve_fully(frozen.plan)
    said = frozen.az("export", frozen.plan, "--json").result
    hidden = [k for k, v in said.items() if v in ("<5", "-")]
    assert hidden
    shown = [v for v in said.values() if isinstance(v, int)]
    assert not [v for v in shown if 0 < v < 5]
    assert json.dumps(said)
