"""docs/approve-by-hand.md, run as it stands with only age, ssh-keygen and the
tools of a shell; and what such an officer could send that is not right."""
import json
import subprocess

import pytest

import byhand
import flow
from byhand import value

TOOLS = ("age", "ssh-keygen", "tar", "sed", "grep", "sha256sum", "cut", "cat",
         "date", "od", "tr", "base64", "basename", "head", "wc", "ls", "sort",
         "mkdir", "cp")


@pytest.fixture(scope="session")
def hand_once(tmp_path_factory):
    """Seats a and b have our program, c has not; a plan waits."""
    home = flow.make_home(tmp_path_factory.mktemp("hand"))
    byhand.enrol(home, byhand.Hand(home.folder / "hand", "c").make())
    flow.make_ready(home)
    flow.make_asked(home)
    home.plan = flow.freeze(home)
    return home


@pytest.fixture
def home(hand_once, tmp_path):
    return hand_once.copy(tmp_path / "gateway")


@pytest.fixture
def officers(home):
    return flow.Officers(home)


@pytest.fixture
def c(home):
    """The officer without our program."""
    return byhand.Hand(home.folder / "hand", "c")


def follow_the_page(officers, c, tmp_path, plan):
    """Run the page's blocks; the folder they leave."""
    packet = officers.pack(plan, "c")
    work = tmp_path / packet.stem
    work.mkdir()
    for f in (packet, c.id, c.ssh):
        (work / f.name).write_bytes(f.read_bytes())
        (work / f.name).chmod(0o600)
    path = tmp_path / "only-tools"
    if not path.exists():
        byhand.tools_only(path, *TOOLS)
    charter = byhand.digest(flow.members(packet)["charter.txt"])
    script = (f"seat=c packet={packet.name} charter={charter}\n"
              f"{byhand.blocks()}")
    done = subprocess.run(["/bin/sh", "-c", script], cwd=work, text=True,
                          env={"PATH": str(path), "HOME": str(work)},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    assert done.returncode == 0, done.stdout
    return work / f"{plan}-c", done.stdout


def accept(home, folder, kind, *more, code=0):
    return home.az("plan", "accept", folder / f"{kind}.txt", "--sig",
                   folder / f"{kind}.txt.sig", *more, code=code)


# ---- the page ----

def test_first_by_hand(home, officers, c, tmp_path):
    """The first of two: a signature now, shares with a newer packet."""
    folder, said = follow_the_page(officers, c, tmp_path, home.plan)
    assert "not yet: 2 approvals are needed" in said
    assert not (folder / "release.txt").exists()
    accept(home, folder, "approval")
    assert "share-release" not in ledger(home)
    officers.approve(home.plan, "a")
    folder, _ = follow_the_page(officers, c, tmp_path, home.plan)
    assert not (folder / "approval.txt").exists()
    accept(home, folder, "release", "--shares", folder / "shares.age")
    assert "is released" in home.az("export", home.plan).err


def test_last_by_hand(home, officers, c, tmp_path):
    """The last of two signs and releases in one go."""
    officers.approve(home.plan, "b")
    folder, _ = follow_the_page(officers, c, tmp_path, home.plan)
    release = ["--shares", folder / "shares.age"]
    assert "no standing approval" in accept(
        home, folder, "release", *release, code=1).err
    accept(home, folder, "approval")
    accept(home, folder, "release", *release)
    officers.approve(home.plan, "b")
    home.az("export", home.plan)


def test_page_notices(home, officers, c, tmp_path):
    """The page's own checks fail on a packet that does not hold."""
    packet = officers.pack(home.plan, "c")
    for name in ("plan.txt", "policy.json", "request.txt", "epochs.txt",
                 "epochs/00001.txt", "charter.txt"):
        files = flow.members(packet)
        bad = flow.rewrite(packet, officers.path("bad.packet"),
                           {name: files[name].replace(b"4", b"5", 1)})
        work = officers.path("work")
        work.mkdir()
        for f in (c.id, c.ssh):
            (work / f.name).write_bytes(f.read_bytes())
            (work / f.name).chmod(0o600)
        charter = byhand.digest(files["charter.txt"])
        script = (f"seat=c packet={bad} charter={charter}\n"
                  f"{byhand.blocks()}")
        done = subprocess.run(["/bin/sh", "-c", script], cwd=work,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        assert done.returncode != 0, name
        assert not list(work.glob("*/approval.txt")), name


def test_page_takes_no_other_charter(officers, home, c, tmp_path):
    """A charter that is right in itself, but not the one in the notes."""
    packet = officers.pack(home.plan, "c")
    script = f"seat=c packet={packet} charter={'0' * 64}\n{byhand.blocks()}"
    done = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    assert done.returncode == 1
    assert "not the one in your notes" in done.stdout


@pytest.mark.parametrize("spaces", [None, 1])
@pytest.mark.parametrize("partner, ssh, age, good", [
    ("keio", "ssh-ed25519 AAA+/1", "age1one", True),
    ("keio", "ssh-ed25519 AAA+/2", "age1one", False),
    ("keio", "ssh-ed25519 AAA+/1", "age1two", False),
    ("todai", "ssh-ed25519 AAA+/1", "age1one", False),
    ("kei", "ssh-ed25519 AAA+/1", "age1one", False),
    ("nobody", "ssh-ed25519 AAA+/1", "age1one", False)])
def test_page_ties_keys_to_the_partner(tmp_path, partner, ssh, age, good,
                                       spaces):
    """A key that the policy gives to another partner is nobody's."""
    script = byhand.blocks()
    rule = script[script.index("entry=$("):]
    rule = rule[:rule.index("\ndone\n") + 6]
    head = script[script.index("value()"):script.index('cd "$folder"')]
    (tmp_path / "policy.json").write_text(json.dumps({
        "surveys": [{"name": "x"}], "partners": [
            {"id": "todai", "age": "age1two", "ssh": "ssh-ed25519 AAA+/2"},
            {"id": "keio", "name": "慶應 義塾", "age": "age1one",
             "ssh": "ssh-ed25519 AAA+/1"}],
        "ladders": [{"name": "y"}]}, indent=spaces, ensure_ascii=False))
    (tmp_path / "request.txt").write_text(
        f"partner: {partner}\nrequester-key: {ssh}\nrecipient: {age}\n")
    flow.run("/bin/sh", "-c", f"set -eu\n{head}\n{rule}", cwd=tmp_path,
             code=0 if good else 1)


def ledger(home):
    return "".join(p.read_bytes().decode(errors="replace") for p in
                   (home.path / "ledger/tile/entries").rglob("*")
                   if p.is_file())


# ---- what is not right is refused in words ----

def entered(home):
    """Everything that a refusal must leave as it was."""
    return (home.json("plan", "list"), ledger(home),
            sorted(p.name for p in (home.path / "run/plans").iterdir()))


def refuse(home, answer, word, *options, code=1):
    before = entered(home)
    said = home.az("plan", "accept", answer, *options, code=code).err
    assert word in said, said
    assert entered(home) == before
    return said


@pytest.fixture
def files(home, officers):
    return flow.members(officers.pack(home.plan, "c"))


@pytest.mark.parametrize("wrong, word, code", [
    ({"plan": "PLAN-2026-0099"}, "there is no plan", 4),
    ({"plan_sha256": "0" * 64}, "about another plan", 1),
    ({"owner": "13"}, "about another plan", 1),
    ({"seat": "d"}, "has no seat d", 1),
    ({"seat": "a"}, "not by the key of seat a", 1),
    ({"charter_sha256": "0" * 64}, "of seat c is not of this plan", 1),
    ({"ledger_root": "0" * 64}, "not a part of this one", 1),
    ({"ledger_size": "9999"}, "not a part of this one", 1),
    ({"expires": "2020-01-01T00:00:00Z"}, "is not after approved", 3),
    ({"approved": "2020-01-01T00:00:00Z", "expires": "2020-01-02T00:00:00Z"},
     "approval of seat c", 1),
    ({"approved": "2020-01-01T00:00:00Z"}, "approval of seat c", 1),
    ({"approved": "2089-01-01T00:00:00Z", "expires": "2089-01-02T00:00:00Z"},
     "approval of seat c", 1),
    ({"approved": "today"}, "approved", 3),
])
def test_wrong_approvals(home, officers, c, files, wrong, word, code):
    answer = c.answer(officers.path("c.answer"), home.plan,
                      approval=c.approval(files, **wrong))
    refuse(home, answer, word, code=code)


def test_wrong_signatures(home, officers, c, files):
    approval = c.approval(files)
    folder = f"{home.plan}-c-answer"
    for sig, code in (
            (c.sign("release", approval), 1),
            (c.sign("approval", approval + b"\n"), 1),
            (c.sign("approval", approval)[:-40] + b"\n", 1), (b"", 1)):
        answer = flow.write_packet(officers.path("bad"), folder, {
            "approval.txt": approval, "approval.txt.sig": sig})
        refuse(home, answer, "signature of seat c does not verify",
               code=code)


def test_wrong_answers(home, officers, c, files):
    """Only the members that belong together."""
    approval, denial = c.approval(files), c.stop("denial", files)
    folder = f"{home.plan}-c-answer"
    sig = c.sign("approval", approval)
    for some in ({}, {"approval.txt": approval},
                 {"approval.txt": approval, "approval.txt.sig": sig,
                  "notes.txt": b"hello\n"},
                 {"approval.txt": approval, "approval.txt.sig": sig,
                  "shares.age": b"age"},
                 {"approval.txt": approval, "approval.txt.sig": sig,
                  "denial.txt": denial,
                  "denial.txt.sig": c.sign("denial", denial)}):
        answer = flow.write_packet(officers.path("bad"), folder, some)
        before = entered(home)
        assert home.az("plan", "accept", answer, code=None).code in (3, 4)
        assert entered(home) == before
    text = flow.write(officers.path("approval.txt"), approval.decode())
    assert "--sig" in home.az("plan", "accept", text, code=2).err


def test_replay(home, officers, c, files):
    approval = c.approval(files)
    answer = c.answer(officers.path("c.answer"), home.plan,
                      approval=approval)
    home.az("plan", "accept", answer)
    refuse(home, answer, "was taken in before")
    again = c.answer(officers.path("c.answer"), home.plan,
                     approval=c.approval(files))
    refuse(home, again, "already, with another text")


# ---- shares ----

@pytest.fixture
def ready_to_release(home, officers, c):
    """b has approved, c's approval is in; c's packet and all approvals."""
    officers.approve(home.plan, "b")
    files = flow.members(officers.pack(home.plan, "c"))
    home.az("plan", "accept", c.answer(
        officers.path("c.answer"), home.plan, approval=c.approval(files)))
    files = flow.members(officers.pack(home.plan, "c"))
    return files, {s: files[f"approvals/{s}.txt"] for s in "bc"}


def send(home, officers, c, files, approvals, texts, **more):
    """A release of these share texts; the answer."""
    sealed = c.seal(more.pop("to", value(files["plan.txt"],
                                         "plan-recipient")), texts)
    release = c.release(files, approvals, sealed, **more)
    return c.answer(officers.path("c.answer"), home.plan, release=release,
                    shares=sealed)


def test_right_release(home, officers, c, ready_to_release):
    """The positive control of what follows."""
    files, approvals = ready_to_release
    answer = send(home, officers, c, files, approvals, c.shares(files))
    home.az("plan", "accept", answer)
    shares = home.path / f"run/plans/{home.plan}.c.shares"
    assert shares.stat().st_mode & 0o777 == 0o600
    refuse(home, answer, "were taken in before")


def test_wrong_shares(home, officers, c, ready_to_release):
    files, approvals = ready_to_release
    texts = c.shares(files)
    changed = texts[0].replace(b"\nseat: c\n", b"\nseat: a\n")
    flipped = texts[0][:-2] + (b"0" if texts[0][-2:-1] != b"0" else b"1") \
        + b"\n"
    assert changed != texts[0] and len(texts) > 1
    for wrong in (texts[::-1], [changed, *texts[1:]], [flipped, *texts[1:]],
                  texts[:-1], [*texts, texts[0]], [texts[0], texts[0]],
                  [b"hello\n"], []):
        answer = send(home, officers, c, files, approvals, wrong,
                      shares=len(texts))
        before = entered(home)
        ran = home.az("plan", "accept", answer, code=None)
        assert ran.code in (1, 3), ran
        assert "seat c" in ran.err, ran
        assert entered(home) == before


@pytest.mark.parametrize("wrong, word", [
    ({"shares_sha256": "0" * 64}, "shares-sha256"),
    ({"shares": "1"}, "shares"),
    ({"approvals_sha256": "0" * 64}, "approvals-sha256"),
    ({"charter_sha256": "0" * 64}, "charter-sha256"),
    ({"plan_sha256": "0" * 64}, "about another plan"),
])
def test_wrong_releases(home, officers, c, ready_to_release, wrong, word):
    files, approvals = ready_to_release
    refuse(home, send(home, officers, c, files, approvals, c.shares(files),
                      **wrong), word)


def test_other_recipients(home, officers, c, ready_to_release):
    files, approvals = ready_to_release
    own = c.pub.read_text(encoding="ascii").splitlines()[0]
    texts = c.shares(files)
    refuse(home, send(home, officers, c, files, approvals, texts, to=own),
           "cannot be opened with this plan's key")
    refuse(home, send(home, officers, c, files, approvals, texts,
                      plan_recipient=own), "plan-recipient")
    plan = value(files["plan.txt"], "plan-recipient")
    both = byhand.tool("age", "-r", plan, "-r", own, data=b"".join(texts))
    release = c.release(files, approvals, both)
    refuse(home, c.answer(officers.path("c.answer"), home.plan,
                          release=release, shares=both),
           "to the plan's recipient alone")


def test_fewer_approvals(home, officers, c, files):
    """Shares that come too early are not kept, however well they are made."""
    texts = c.shares(files)
    approval = c.approval(files)
    refuse(home, send(home, officers, c, files, {"c": approval}, texts),
           "no standing approval")
    home.az("plan", "accept", c.answer(officers.path("c.answer"), home.plan,
                                       approval=approval))
    refuse(home, send(home, officers, c, files, {"c": approval}, texts),
           "1 of 2 approvals stand")


def test_two_plans(home, officers, c):
    """One approval for each of two plans is no quorum for either, and the
    shares of one open nothing of the other."""
    flow.submit(home, home.partner, "REQ-2026-002")
    first, second = home.plan, flow.freeze(home, "REQ-2026-002")
    officers.approve(first, "b")
    packets = {p: flow.members(officers.pack(p, "c"))
               for p in (first, second)}
    files = packets[second]
    mine = c.approval(files)
    home.plan = second
    home.az("plan", "accept", c.answer(officers.path("c.answer"), second,
                                       approval=mine))
    theirs = packets[first]["approvals/b.txt"]
    refuse(home, send(home, officers, c, files, {"b": theirs, "c": mine},
                      c.shares(files)), "1 of 2 approvals stand")
    for plan in (first, second):
        assert "approvals" in home.az("export", plan, code=1).err
    # both approve both, and c sends the shares of the first for the second
    officers.approve(second, "b")
    files = flow.members(officers.pack(second, "c"))
    votes = {s: files[f"approvals/{s}.txt"] for s in "bc"}
    stolen = c.seal(value(packets[first]["plan.txt"], "plan-recipient"),
                    c.shares(packets[first]))
    answer = c.answer(officers.path("c.answer"), second, shares=stolen,
                      release=c.release(files, votes, stolen))
    refuse(home, answer, "cannot be opened with this plan's key")


def test_short_approval(home, officers, c, files):
    """An approval of an hour does not count after that hour."""
    officers.approve(home.plan, "a")
    home.az("plan", "accept", c.answer(
        officers.path("c.answer"), home.plan,
        approval=c.approval(files, expires=byhand.now(60))))
    officers.approve(home.plan, "a")
    later = byhand.now(120).replace("T", " ").rstrip("Z")
    said = home.az("export", home.plan, code=1, now=later).err
    assert "c" in said and "1" in said
    listed, = home.json("plan", "list", now=later)
    assert (listed["approvals"], listed["needed"]) == (1, 2)


# ---- no ----

def test_denial_and_revocation(home, officers, c, files):
    refuse(home, c.answer(officers.path("c.answer"), home.plan,
                          revocation=c.stop("revocation", files)),
           "has not approved")
    wrong = c.answer(officers.path("c.answer"), home.plan,
                     denial=c.stop("denial", files, plan_sha256="0" * 64))
    refuse(home, wrong, "about another plan")
    folder = officers.path("texts")
    folder.mkdir()
    denial = c.stop("denial", files)
    (folder / "denial.txt").write_bytes(denial)
    (folder / "denial.txt.sig").write_bytes(c.sign("denial", denial))
    assert "has ended" in accept(home, folder, "denial").err
    assert "has ended: denied" in accept(home, folder, "denial", code=1).err
