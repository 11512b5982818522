"""On the officer's machine: every member of a packet matters, and what was
seen before is not forgotten."""
import os
import pty
import re
import select
import subprocess
import time

import pytest

import flow
from test_seats import Handover


@pytest.fixture(scope="session")
def half_once(frozen_once, tmp_path_factory):
    """a has approved; so a packet holds an approval too."""
    home = frozen_once.copy(tmp_path_factory.mktemp("half"))
    flow.Officers(home).approve(home.plan, "a")
    return home


@pytest.fixture
def half(half_once, tmp_path):
    return half_once.copy(tmp_path / "gateway")


@pytest.fixture
def machines(half):
    """The officers' machines of `half`."""
    return flow.Officers(half)


def refused(officers, packet, seat="b", code=None):
    """Approving fails, nothing is written or remembered; what was said."""
    answer, ran = officers.run("approve", packet, seat, "--yes", code=code)
    assert ran.code not in (0, 2, 5), ran
    assert not answer.exists()
    assert not list(officers.state(seat).rglob("*.txt"))
    return ran.err


def stem(name):
    return name.split(".")[0]


# ---- every member ----

def test_members(machines, half):
    """What FORMATS 8.4 lists, and nothing else."""
    names = set(flow.members(machines.pack(half.plan, "b")))
    numbers = [n for n in names if n.startswith("epochs/")]
    assert names == {
        "plan.txt", "plan.txt.sig", "plan.entry", "plan.tlog-proof",
        "request.txt", "request.txt.sig", "policy.json", "policy.a.sig",
        "policy.b.sig", "charter.txt", "charter.a.sig", "charter.b.sig",
        "charter.c.sig", "survey.json", "ladders/age", "ladders/occupation",
        "epochs.txt", "consistency.txt", "approvals/a.txt",
        "approvals/a.txt.sig", "approvals/a.entry",
        "approvals/a.tlog-proof", *numbers,
        *(n.replace("epochs/", "shares/").replace(".txt", ".age")
          for n in numbers)}
    assert len(numbers) >= 2


def changes(data):
    """The same bytes with one of them changed, in three places."""
    for at in (len(data) // 3, len(data) // 2, len(data) - 2):
        byte = data[at] ^ 1
        yield data[:at] + bytes([byte]) + data[at + 1:]
    yield data[:-1]


def test_each_member_changed(machines, half):
    packet = machines.pack(half.plan, "b")
    files = flow.members(packet)
    for name, data in files.items():
        for i, bad in enumerate(changes(data)):
            said = refused(machines, flow.rewrite(
                packet, machines.path(f"bad{i}"), {name: bad}))
            assert stem(name) in said, (name, said)


def test_each_member_missing(machines, half):
    packet = machines.pack(half.plan, "b")
    for name in flow.members(packet):
        changed = flow.rewrite(packet, machines.path("bad"), {name: None})
        if re.match(r"charter\.[ac]\.sig|policy\.[ab]\.sig|approvals/a\.txt$",
                    name):
            said = refused(machines, changed)
        else:
            said = refused(machines, changed)
            assert stem(name) in said, (name, said)


def test_members_too_many(machines, half):
    packet = machines.pack(half.plan, "b")
    files = flow.members(packet)
    for name, data in (("notes.txt", b"hello\n"),
                       ("epochs/00099.txt", files["epochs/00001.txt"]),
                       ("shares/00099.age", files["shares/00001.age"]),
                       ("approvals/b.txt.sig", b"x"),
                       ("ladders/other", files["ladders/age"]),
                       ("policy.d.sig", files["policy.a.sig"]),
                       ("charter.d.sig", files["policy.a.sig"])):
        said = refused(machines, flow.rewrite(packet, machines.path("bad"),
                                              {name: data}))
        assert stem(name) in said, (name, said)


def test_members_swapped(machines, half):
    """Each is genuine, but not for this place."""
    packet = machines.pack(half.plan, "b")
    other = flow.members(machines.pack(half.plan, "c"))
    files = flow.members(packet)
    for name, data in (
            ("shares/00001.age", other["shares/00001.age"]),
            ("shares/00001.age", files["shares/00002.age"]),
            ("epochs/00001.txt", files["epochs/00002.txt"]),
            ("approvals/a.tlog-proof", files["plan.tlog-proof"]),
            ("approvals/a.entry", files["plan.entry"]),
            ("plan.entry", files["approvals/a.entry"]),
            ("charter.a.sig", files["charter.b.sig"].replace(b"c", b"d", 1)),
            ("policy.a.sig", files["policy.b.sig"]),
            ("request.txt.sig", files["policy.b.sig"])):
        said = refused(machines, flow.rewrite(packet, machines.path("bad"),
                                              {name: data}))
        assert stem(name) in said, (name, said)


def test_hostile_containers(machines, half):
    packet = machines.pack(half.plan, "b")
    data = packet.read_bytes()
    for bad in (b"", data[:512], data[:5000], data[:-10240], b"\0" * 10240,
                data + b"x", os.urandom(4096)):
        path = machines.path("bad")
        path.write_bytes(bad)
        refused(machines, path, code=None)
    link = machines.path("link")
    link.symlink_to("/etc/passwd")
    refused(machines, link)


def test_other_seats_packet(machines, half):
    assert "for another seat" in refused(
        machines, machines.pack(half.plan, "c"))
    stranger = flow.make_person(half.folder, "stranger")
    answer = machines.path("x")
    said = flow.az("approve", machines.pack(half.plan, "b"),
                   *stranger.options(), "--state", machines.state("x"), "-o",
                   answer, "--yes", code=1)
    assert "holds no seat" in said.err and not answer.exists()


def test_no_home(machines, half):
    packet = machines.pack(half.plan, "b")
    for command in (["approve", packet, "-o", machines.path("x"), "--yes"],
                    ["deny", packet, "-o", machines.path("x"), "--reason",
                     "no"],
                    ["revoke", packet, "-o", machines.path("x"), "--reason",
                     "no"], ["inbox", packet], ["seat", "check", packet]):
        said = half.az(*command, *machines.people["b"].options(), code=2)
        assert "never used at the gateway" in said.err


# ---- what is remembered ----

def seen(officers, seat):
    path, = officers.state(seat).rglob("seen.txt")
    return path


def change_seen(officers, seat, pattern, to):
    path = seen(officers, seat)
    text = path.read_text(encoding="ascii")
    changed = re.sub(pattern, to, text, flags=re.M)
    assert changed != text
    path.write_text(changed, encoding="ascii")


def second_plan(home):
    flow.submit(home, home.partner, "REQ-2026-002")
    return flow.freeze(home, "REQ-2026-002")


def test_any_order(frozen, officers):
    """Packets made one after the other, answered the other way round."""
    first = officers.pack(frozen.plan, "a")
    plan = second_plan(frozen)
    second = officers.pack(plan, "a")
    officers.run("approve", second, "a", "--yes")
    size = re.search(r"^size: (\d+)$", seen(officers, "a").read_text(),
                     re.M)[1]
    officers.run("approve", first, "a", "--yes")
    assert f"\nsize: {size}\n" in seen(officers, "a").read_text()
    officers.run("approve", officers.pack(plan, "a"), "a", "--yes")


def test_other_ledger(frozen, officers):
    """A gateway that shows each officer another ledger."""
    officers.run("approve", officers.pack(frozen.plan, "a"), "a", "--yes")
    change_seen(officers, "a", r"^root: .*$", "root: " + "0" * 64)
    answer, ran = officers.run("approve", officers.pack(second_plan(frozen),
                                                        "a"),
                               "a", "--yes", code=None)
    assert ran.code == 5 and "contradicts" in ran.err
    assert not answer.exists()


def test_unproven_ledger(frozen, officers):
    """A checkpoint the gateway does not know of: it is handed over."""
    early = officers.pack(frozen.plan, "a")
    plan = second_plan(frozen)
    elsewhere = flow.Officers(frozen)
    officers.run("approve", officers.pack(plan, "a"), "a", "--yes")
    state = seen(officers, "a").parent
    # as if this machine had seen it by another way
    change_seen(officers, "a", r"^also-.*\n", "")
    _, ran = officers.run("approve", early, "a", "--yes", code=1)
    assert "older than the ledger seen here" in ran.err
    # the gateway forgets what it handed out: an older copy of its home
    assert elsewhere.people
    fresh = officers.pack(plan, "a", "--since", state / "checkpoint")
    officers.run("approve", fresh, "a", "--yes")


def test_since_another_ledger(frozen, officers, tmp_path):
    other = flow.make_home(tmp_path / "other")
    checkpoint = other.path / "ledger/checkpoint"
    ran = frozen.az("plan", "pack", frozen.plan, "--seat", "a", "-o",
                    officers.path("x"), "--since", checkpoint, code=None)
    assert ran.code in (1, 5), ran
    checkpoint = frozen.path / "ledger/checkpoint"
    older = frozen.copy(tmp_path / "older")
    second_plan(frozen)
    ran = older.az("plan", "pack", older.plan, "--seat", "a", "-o",
                   officers.path("x"), "--since", checkpoint, code=5)
    assert "the officer has seen a ledger of" in ran.err


def test_recipient_used_before(frozen, officers):
    officers.run("approve", officers.pack(frozen.plan, "a"), "a", "--yes")
    change_seen(officers, "a", r"^plan-01: (\S+) \S+ ",
                r"plan-01: PLAN-2020-0001 " + "0" * 64 + " ")
    _, ran = officers.run("approve", officers.pack(frozen.plan, "a"), "a",
                          "--yes", code=1)
    assert "was used by another plan before" in ran.err


def test_number_used_before(frozen, officers):
    officers.run("approve", officers.pack(frozen.plan, "a"), "a", "--yes")
    change_seen(officers, "a", r"^plan-01: (\S+) \S+ ",
                r"plan-01: \1 " + "0" * 64 + " ")
    _, ran = officers.run("approve", officers.pack(frozen.plan, "a"), "a",
                          "--yes", code=1)
    assert "was answered here before" in ran.err


def test_damaged_memory(frozen, officers):
    officers.run("approve", officers.pack(frozen.plan, "a"), "a", "--yes")
    packet = officers.pack(frozen.plan, "a")
    for name in ("seen.txt", "charter.txt"):
        path = seen(officers, "a").parent / name
        good = path.read_bytes()
        path.write_bytes(good[:-5])
        answer, ran = officers.run("approve", packet, "a", "--yes",
                                   code=None)
        assert ran.code != 0 and not answer.exists(), name
        path.write_bytes(good)


def test_charter_told(frozen, officers):
    """The digest that another officer reads aloud."""
    packet = officers.pack(frozen.plan, "a")
    digest = frozen.json("charter", "show", "14")["sha256"]
    _, ran = officers.run("approve", packet, "a", "--yes",
                          "--charter-sha256", "0" * 64, code=1)
    assert "is not the one whose digest was given" in ran.err
    officers.run("approve", packet, "a", "--yes", "--charter-sha256", "0",
                 code=2)
    officers.run("approve", packet, "a", "--yes", "--charter-sha256", digest)


def test_other_charter(frozen, officers, tmp_path):
    """Another gateway with the same owner and the same officer."""
    officers.run("approve", officers.pack(frozen.plan, "a"), "a", "--yes")
    path = seen(officers, "a").parent / "charter.txt"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Example Data Centre", "Another Centre"),
                    encoding="utf-8")
    _, ran = officers.run("approve", officers.pack(frozen.plan, "a"), "a",
                          "--yes", code=1)
    assert "neither is the one known here nor follows" in ran.err


def test_what_is_new(frozen, officers):
    """The page says what differs from the last plan approved here."""
    packet = officers.pack(frozen.plan, "a")
    _, ran = officers.run("approve", packet, "a", "--yes")
    assert "first plan approved on this machine" in ran.out
    flow.submit(frozen, frozen.partner, "REQ-2026-002",
                fields="Q03 Q04 Q08")
    plan = flow.freeze(frozen, "REQ-2026-002")
    _, ran = officers.run("approve", officers.pack(plan, "a"), "a", "--yes")
    assert f"Compared with {frozen.plan}, what is new" in ran.out
    assert re.search(r"^    \* ", ran.out, re.M)
    flow.submit(frozen, frozen.partner, "REQ-2026-003",
                fields="Q03 Q04 Q08")
    plan = flow.freeze(frozen, "REQ-2026-003")
    _, ran = officers.run("approve", officers.pack(plan, "a"), "a", "--yes")
    assert "only what differs every time" in ran.out


def test_existing_answer(frozen, officers):
    """Nothing is written over, and nothing remembered either."""
    packet = officers.pack(frozen.plan, "a")
    there = flow.write(officers.path("there"), "mine")
    said = flow.az("approve", packet, *officers.people["a"].options(),
                   "--state", officers.state("a"), "-o", there, "--yes",
                   code=1)
    assert "is there already" in said.err
    assert there.read_text() == "mine"
    assert not list(officers.state("a").rglob("seen.txt"))


# ---- asking ----

def at_terminal(args, typed):
    """The program at a terminal of its own; exit status and screen."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(str(args[0]), [str(a) for a in args], flow.environment())
    screen, asked, until = b"", False, time.monotonic() + 60
    while time.monotonic() < until:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                screen += os.read(fd, 4096)
            except OSError:
                break
        if not asked and b"type the name" in screen:
            os.write(fd, typed.encode() + b"\n")
            asked = True
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode()


@pytest.mark.parametrize("typed, code", [
    ("神奈川県", 0), ("kanagawa", 0), ("", 1), ("東京都", 1), ("yes", 1)])
def test_typing_the_name(frozen, officers, typed, code):
    answer = officers.path("a.answer")
    got, screen = at_terminal(
        [flow.AZUKARI, "approve", officers.pack(frozen.plan, "a"),
         *officers.people["a"].options(), "--state", officers.state("a"),
         "-o", answer], typed)
    assert got == code, screen
    assert answer.exists() is (code == 0)
    assert "研究" in screen and "take it back until" in screen


def test_no_terminal(frozen, officers):
    done = subprocess.run(
        [str(a) for a in (
            "setsid", flow.AZUKARI, "approve",
            officers.pack(frozen.plan, "a"),
            *officers.people["a"].options(), "--state", officers.state("a"),
            "-o", officers.path("x"))],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=flow.environment(), check=False)
    assert done.returncode == 2 and "--yes" in done.stderr


# ---- inbox, seats ----

def test_inbox(frozen, officers):
    """Several at once, the unchanged ones first; bad ones do not stop good
    ones."""
    people = officers.people["a"]
    officers.run("approve", officers.pack(frozen.plan, "a"), "a", "--yes")
    flow.submit(frozen, frozen.partner, "REQ-2026-002", fields="Q03 Q04")
    changed = officers.pack(flow.freeze(frozen, "REQ-2026-002"), "a")
    flow.submit(frozen, frozen.partner, "REQ-2026-003")
    same = officers.pack(flow.freeze(frozen, "REQ-2026-003"), "a")
    bad = flow.rewrite(same, officers.path("bad.packet"), {"survey.json": None})

    def inbox(*args, **options):
        return flow.az("inbox", changed, bad, same, *people.options(),
                       "--state", officers.state("a"), *args, **options)

    rows = inbox("--json", code=None, stdin="").json["result"]
    assert [r["packet"] for r in rows] == [str(same), str(changed), str(bad)]
    assert [r["error"] for r in rows] == ["", "", "ERR_NOT_FOUND"]
    assert not same.with_name(same.name + ".answer").exists()

    ran = inbox("--yes", "--unchanged", code=4)
    assert "survey.json" in ran.err
    assert same.with_name(same.name + ".answer").exists()
    assert not changed.with_name(changed.name + ".answer").exists()
    flow.az("inbox", changed, *people.options(), "--state",
            officers.state("a"), "--yes")
    for packet in (changed, same):
        frozen.az("plan", "accept",
                  packet.with_name(packet.name + ".answer"))


def test_inbox_releases(half, machines):
    """What only waits for its shares is answered too."""
    machines.approve(half.plan, "b")
    packet = machines.pack(half.plan, "a")
    ran = flow.az("inbox", packet, *machines.people["a"].options(),
                  "--state", machines.state("a"), "--yes")
    assert "to release" in ran.out
    half.az("plan", "accept", packet.with_name(packet.name + ".answer"))
    half.az("export", half.plan)


def test_seat_check(frozen, officers):
    """Every share of a seat, tested without the gateway."""
    everything = officers.path("all")
    frozen.az("seat", "pack", "14", "--seat", "b", "-o", everything)
    person = officers.people["b"]
    state = ["--state", officers.state("b")]
    for packet in (everything, officers.pack(frozen.plan, "b")):
        ran = flow.az("seat", "check", packet, *person.options(), *state)
        assert re.search(r"all \d+ share files of seat b open", ran.err)
        files = flow.members(packet)
        shares = sorted(n for n in files if n.startswith("shares/"))
        assert len(shares) >= 2
        bad = flow.rewrite(packet, officers.path("bad"), {
            n: files[n][:-1] + bytes([files[n][-1] ^ 1])
            for n in shares[:2]})
        ran = flow.az("seat", "check", bad, *person.options(), *state,
                      code=1)
        for name in shares[:2]:
            assert name in ran.err
    wrong = officers.people["a"]
    ran = flow.az("seat", "check", everything, *wrong.options(), *state,
                  code=1)
    assert "cannot be opened with this identity" in ran.err


def test_after_a_handover(frozen, officers, tmp_path):
    """A charter that follows by signatures is followed; one that lacks them
    is not; the successor trusts what it signed itself."""
    officers.approve(frozen.plan, "b")
    frozen.az("plan", "end", frozen.plan)
    folder = tmp_path / "new"
    folder.mkdir()
    new = flow.make_person(folder, "new-a")
    Handover(frozen, new, folder).ready().accept()
    doc = flow.policy_document(
        frozen, partners=[frozen.partner], version=2,
        previous=flow.sha256(frozen.folder / "policy-14-1.json"))
    flow.put_policy(frozen, doc, seats=("b", "c"))
    plan = flow.freeze(frozen)

    packet = officers.pack(plan, "b")
    signed = [n for n in flow.members(packet) if n.startswith("charter.")
              and n.endswith(".sig")]
    cut = flow.rewrite(packet, officers.path("cut"), {
        n: None for n in signed if n != "charter.b.sig"})
    answer, ran = officers.run("approve", cut, "b", "--yes", code=1)
    assert "nor follows from it" in ran.err and not answer.exists()

    officers.approve(plan, "b")
    officers.people = dict(officers.people, a=new)
    officers.approve(plan, "a")
    officers.approve(plan, "b")
    frozen.az("export", plan)
