"""Seats that change hands, and seats that are lost: what is refused, and that
what was taken in before can be opened after by those who should, and by
nobody else."""
import pytest

import flow
from flow import az, line, lines, members, rewrite

U = "U" + "0123456789abcdef" * 2


@pytest.fixture
def filled(home, tmp_path):
    """Two epochs of survey and register."""
    home.az("intake", "14", lines(
        tmp_path / "first", line("consent", "e1", U),
        line("response", "e2", U)))
    home.az("intake", "14", lines(
        tmp_path / "second", line("response", "e3", U)))
    return home


@pytest.fixture
def new(tmp_path):
    """Who comes to a seat."""
    folder = tmp_path / "new"
    folder.mkdir()
    return flow.make_person(folder, "new-a")


def sign(person, charter, to, code=0):
    return az("sign", "charter", charter, *person.options(), "-o", to,
              code=code)


def pending(home, seat, tmp_path):
    """Does the gateway still have something of the predecessor?"""
    return home.az("seat", "handover", "pack", "14", "--seat", seat, "-o",
                   tmp_path / "again", code=None).code == 0


class Handover:
    """Seat a of owner 14, up to the predecessor's answer."""

    def __init__(self, home, new, folder):
        self.home, self.new, self.folder = home, new, folder
        self.charter = folder / "charter.txt"
        self.packet = folder / "a.packet"
        self.answer = folder / "a.answer"
        self.sig_b = folder / "charter.b.sig"
        self.sig_c = folder / "charter.c.sig"
        self.sig_new = folder / "charter.a.sig"
        self.seats = home.seats["14"]

    def draft(self):
        self.home.az("seat", "handover", "draft", "14", "--seat", "a",
                     "--successor", self.new.pub, "-o", self.charter)
        self.home.az("seat", "handover", "pack", "14", "--seat", "a", "-o",
                     self.packet)
        return self

    def reseal(self, packet=None, answer=None, person=None, successor=None,
               code=0):
        return az("seat", "handover", "reseal", packet or self.packet,
                  *(person or self.seats["a"]).options(), "--successor",
                  (successor or self.new).pub, "-o", answer or self.answer,
                  code=code)

    def receive(self, answer=None, person=None, to=None, code=0):
        return az("seat", "handover", "receive", answer or self.answer,
                  *(person or self.new).options(), "-o",
                  to or self.sig_new, code=code)

    def ready(self):
        """Everything but the acceptance."""
        self.draft().reseal()
        self.receive()
        sign(self.seats["b"], self.charter, self.sig_b)
        sign(self.seats["c"], self.charter, self.sig_c)
        return self

    def accept(self, *sigs, answer=None, code=0, **options):
        given = []
        for s in sigs or (self.sig_b, self.sig_c, self.sig_new):
            given += ["--sig", s]
        return self.home.az("seat", "handover", "accept", "14",
                            answer or self.answer, *given, code=code,
                            **options)


@pytest.fixture
def handover(filled, new, tmp_path):
    return Handover(filled, new, tmp_path)


def version(home):
    return home.json("charter", "show", "14")["version"]


# ---- hand-over ----

def test_a_seat_changes_hands(handover, tmp_path):
    h = handover.ready()
    dealt = members(h.packet)
    h.accept()
    assert int(version(h.home)) == 2
    assert not pending(h.home, "a", tmp_path)
    # What the gateway now holds for seat a is the successor's: another
    # hand-over, from the successor on, opens the very same shares.
    third = flow.make_person(h.new.key.parent, "third")
    onward = Handover(h.home, third, tmp_path / "onward")
    onward.folder.mkdir()
    onward.draft()
    again = members(onward.packet)
    for name in dealt:
        if name.startswith("epochs/"):
            assert again[name] == dealt[name]
        elif name.startswith("shares/"):
            assert again[name] != dealt[name]
    ran = onward.reseal(person=h.seats["a"], code=None)
    assert ran.code != 0 and "holds no seat" in ran.err
    onward.reseal(person=h.new)
    onward.receive()


def test_epochs_opened_meanwhile_are_counted(handover, tmp_path):
    h = handover.ready()
    h.home.az("intake", "14", lines(tmp_path / "third",
                                    line("response", "e4", U)))
    assert "1 epochs opened meanwhile" in h.accept().err
    h.home.az("seat", "handover", "pack", "14", "--seat", "a", "-o",
              tmp_path / "rest")
    h.reseal(packet=tmp_path / "rest", answer=tmp_path / "rest.answer")
    h.receive(answer=tmp_path / "rest.answer", to=tmp_path / "unused.sig")
    h.home.az("seat", "handover", "accept", "14", tmp_path / "rest.answer")
    assert not pending(h.home, "a", tmp_path)


def test_nothing_without_signatures(handover):
    h = handover.ready()
    before = h.home.files()
    ran = h.accept(h.sig_b, h.sig_new, code=None)
    assert ran.code != 0 and "1 of the 2 signatures" in ran.err
    ran = h.accept(h.sig_b, h.sig_c, code=None)
    assert ran.code != 0 and "has not signed" in ran.err
    ran = h.accept(h.sig_b, h.sig_b, h.sig_new, code=None)
    assert ran.code != 0 and "given twice" in ran.err
    assert int(version(h.home)) == 1
    after = h.home.files()
    assert {k: v for k, v in after.items() if k.startswith("ledger/")} == \
        {k: v for k, v in before.items() if k.startswith("ledger/")}


def test_the_predecessor_may_be_one_of_the_signers(handover, tmp_path):
    h = handover.ready()
    sign(h.seats["a"], h.charter, tmp_path / "charter.a.old.sig")
    h.accept(h.sig_b, tmp_path / "charter.a.old.sig", h.sig_new)
    assert int(version(h.home)) == 2


def test_a_stranger_signs_nothing(handover, tmp_path):
    h = handover.ready()
    stranger = flow.make_person(h.new.key.parent, "stranger")
    sign(stranger, h.charter, tmp_path / "stranger.sig")
    ran = h.accept(h.sig_b, tmp_path / "stranger.sig", h.sig_new, code=None)
    assert ran.code != 0 and "key of no seat" in ran.err
    # A seat's signature, over something else.
    other = flow.write(tmp_path / "other.txt", h.charter.read_text() + "x: y\n")
    sign(h.seats["c"], other, tmp_path / "other.sig")
    ran = h.accept(h.sig_b, tmp_path / "other.sig", h.sig_new, code=None)
    assert ran.code != 0 and "not a signature over this charter" in ran.err


def test_nothing_is_sealed_to_whom_the_gateway_invents(handover):
    h = handover.draft()
    stranger = flow.make_person(h.new.key.parent, "stranger")
    ran = h.reseal(successor=stranger, code=None)
    assert ran.code != 0 and "nothing was sealed" in ran.err
    assert not h.answer.exists()
    ran = h.reseal(person=h.seats["b"], code=None)
    assert ran.code != 0
    assert not h.answer.exists()


def test_shares_that_are_not_the_ones(handover, tmp_path):
    h = handover.ready()
    m = members(h.answer)
    swapped = rewrite(h.answer, tmp_path / "swapped", {
        "shares/00001.age": m["shares/00002.age"],
        "shares/00002.age": m["shares/00001.age"]})
    ran = h.receive(answer=swapped, to=tmp_path / "s.sig", code=None)
    assert ran.code != 0 and not (tmp_path / "s.sig").exists()
    fewer = rewrite(h.answer, tmp_path / "fewer", {
        f"epochs/{len([n for n in m if n.startswith('epochs/')]):05}.txt":
        None})
    ran = h.accept(answer=fewer, code=None)
    assert ran.code != 0 and "not those that were dealt" in ran.err
    gone = rewrite(h.answer, tmp_path / "gone", {"shares/00001.age": None})
    ran = h.accept(answer=gone, code=None)
    assert ran.code != 0 and "share file 1" in ran.err
    # A share of seat b in the packet of the predecessor.
    forged = rewrite(h.answer, tmp_path / "forged", {
        "handover.txt": m["handover.txt"].replace(b"seat: a", b"seat: b")})
    assert h.accept(answer=forged, code=None).code != 0
    assert int(version(h.home)) == 1


def test_packets_cut_short(handover, tmp_path):
    h = handover.ready()
    whole = h.answer.read_bytes()
    for cut in (0, 100, 512, len(whole) // 2, len(whole) - 1024):
        (tmp_path / "cut").write_bytes(whole[:cut])
        assert h.accept(answer=tmp_path / "cut", code=None).code != 0, cut
    assert int(version(h.home)) == 1
    h.accept()


def test_a_process_that_dies_between_charter_and_shares(handover, fault,
                                                        tmp_path):
    h = handover.ready()
    # Steps of the first act (the charter) and of the second (the shares).
    for step, count in (("act.queued", 1), ("act.logged", 1),
                        ("act.queued", 2), ("act.signed", 2),
                        ("act.logged", 2)):
        home = h.home.copy(tmp_path / f"{step}-{count}")
        args = ["seat", "handover", "accept", "14", h.answer]
        for s in (h.sig_b, h.sig_c, h.sig_new):
            args += ["--sig", s]
        ran = home.az(*args, program=fault, code=None,
                      env={"AZUKARI_KILL_AT": f"{step}:{count}"})
        assert ran.code == flow.KILLED, ran
        home.az(*args)
        assert int(version(home)) == 2
        assert not pending(home, "a", tmp_path)


# ---- dealing anew ----

class Redeal:
    """Seat c is lost; d and e come, three of four decide from now on."""

    def __init__(self, home, folder):
        self.home, self.folder = home, folder
        people = folder / "people"
        people.mkdir()
        self.people = {"a": home.seats["14"]["a"], "b": home.seats["14"]["b"],
                       "d": flow.make_person(people, "d"),
                       "e": flow.make_person(people, "e")}
        self.charter = folder / "charter.txt"

    def draft(self):
        self.home.az("seat", "redeal", "draft", "14", "--drop", "c",
                     "--threshold", "3", "--seat",
                     f"d={self.people['d'].pub}", "--seat",
                     f"e={self.people['e'].pub}", "-o", self.charter)
        return self

    def signed(self, *seats):
        options = []
        for s in seats:
            sign(self.people[s], self.charter, self.folder / f"{s}.sig")
            options += ["--sig", self.folder / f"{s}.sig"]
        return options

    def start(self):
        self.draft()
        return self.home.az("seat", "charter", "14", self.charter,
                            *self.signed("a", "b", "d", "e"))

    def pack(self, seat, dealers=("a", "b"), code=0):
        options = []
        for d in dealers:
            options += ["--dealer", d]
        return self.home.az("seat", "redeal", "pack", "14", "--seat", seat,
                            *options, "-o", self.folder / f"{seat}.packet",
                            code=code)

    def deal(self, seat, packet=None, to=None, person=None, code=0):
        return az("seat", "redeal", "deal",
                  packet or self.folder / f"{seat}.packet",
                  *(person or self.people[seat]).options(), "-o",
                  to or self.folder / f"{seat}.dealt", code=code)

    def gather(self, seat, dealt=("a", "b"), code=0):
        return self.home.az("seat", "redeal", "gather", "14",
                            *[self.folder / f"{d}.dealt" for d in dealt],
                            "--seat", seat, "-o",
                            self.folder / f"{seat}.pieces", code=code)

    def receive(self, seat, person=None, code=0):
        return az("seat", "redeal", "receive",
                  self.folder / f"{seat}.pieces",
                  *(person or self.people[seat]).options(), "-o",
                  self.folder / f"{seat}.received", code=code)

    def dealt(self):
        for s in ("a", "b"):
            self.pack(s)
            self.deal(s)
        return self

    def received(self):
        for s in self.people:
            self.gather(s)
            self.receive(s)
        return self

    def accept(self, *seats, code=0, **options):
        return self.home.az("seat", "redeal", "accept", "14",
                            *[self.folder / f"{s}.received"
                              for s in seats or self.people],
                            code=code, **options)

    def finished(self):
        """Nothing is left to deal anew."""
        (self.folder / "a.packet").unlink(missing_ok=True)
        return self.pack("a", code=None).code != 0


@pytest.fixture
def redeal(filled, tmp_path):
    return Redeal(filled, tmp_path)


def test_a_lost_seat_and_another_threshold(redeal, tmp_path):
    r = redeal
    assert "epochs are still arranged" in r.start().err
    assert not r.finished()
    before = members(r.folder / "a.packet")
    (r.folder / "a.packet").unlink()
    r.dealt().received()
    assert "; 0 are still under" in r.accept().err
    assert r.finished()
    # Once more from the new seats alone: without a or b, three who never held
    # a share of the first dealing, or only one of them, give a whole dealing.
    people = tmp_path / "again"
    people.mkdir()
    f = flow.make_person(people, "f")
    second = Redeal.__new__(Redeal)
    second.home, second.folder = r.home, people
    second.people = {"b": r.people["b"], "d": r.people["d"],
                     "e": r.people["e"], "f": f}
    second.charter = people / "charter.txt"
    r.home.az("seat", "redeal", "draft", "14", "--drop", "a", "--threshold",
              "2", "--seat", f"f={f.pub}", "-o", second.charter)
    r.home.az("seat", "charter", "14", second.charter,
              *second.signed("b", "d", "e", "f"))
    few = second.pack("d", dealers=("d", "e"), code=None)
    assert few.code != 0
    for s in ("d", "e", "b"):
        second.pack(s, dealers=("d", "e", "b"))
        second.deal(s)
    arranged = members(people / "d.packet")
    assert any(n.startswith("arrangements/") for n in arranged)
    assert {n: v for n, v in arranged.items() if n.startswith("epochs/")} == \
        {n: v for n, v in before.items() if n.startswith("epochs/")}
    for s in second.people:
        second.gather(s, dealt=("d", "e", "b"))
        second.receive(s)
    assert "; 0 are still under" in second.accept().err


def test_a_dealer_deals_only_what_it_signed(redeal, tmp_path):
    r = redeal
    r.draft()
    # b's own signature is not among those that put it in force.
    ran = r.home.az("seat", "charter", "14", r.charter,
                    *r.signed("a", "d", "e"), code=None)
    assert ran.code != 0 and "1 of the 2 signatures" in ran.err
    sign(r.home.seats["14"]["c"], r.charter, tmp_path / "c.sig")
    r.home.az("seat", "charter", "14", r.charter,
              "--sig", tmp_path / "c.sig", "--sig", tmp_path / "a.sig",
              "--sig", tmp_path / "d.sig", "--sig", tmp_path / "e.sig")
    r.pack("b")
    ran = r.deal("b", code=None)
    assert ran.code != 0 and "nothing was dealt" in ran.err
    assert not (tmp_path / "b.dealt").exists()


def test_a_dealing_that_does_not_hold_together(redeal, tmp_path):
    r = redeal
    r.start()
    r.dealt()
    ran = r.gather("d", dealt=("a",), code=None)
    assert ran.code != 0 and "all 2 dealers" in ran.err
    ran = r.gather("d", dealt=("b", "a"), code=None)
    assert ran.code != 0 and "in their order" in ran.err
    r.received()
    ran = r.accept("a", "b", "d", code=None)
    assert ran.code != 0 and "answer of seat e is missing" in ran.err
    ran = r.accept("a", "b", "d", "d", code=None)
    assert ran.code != 0 and "answered twice" in ran.err
    # e's pieces from a second dealing do not fit the others.
    for s in ("a", "b"):
        (r.folder / f"{s}.dealt").unlink()
        r.deal(s)
    for name in ("e.pieces", "e.received"):
        (r.folder / name).unlink()
    r.gather("e")
    r.receive("e")
    ran = r.accept(code=None)
    assert ran.code != 0 and "another dealing" in ran.err
    # Somebody else's pieces, and a packet cut short.
    r.gather("d", code=None)
    ran = r.receive("d", person=r.people["e"], code=None)
    assert ran.code != 0
    cut = (r.folder / "d.received").read_bytes()
    (r.folder / "d.received").write_bytes(cut[:len(cut) // 2])
    assert r.accept(code=None).code != 0
    assert not r.finished()


def test_a_process_that_dies_while_arranging(redeal, fault, tmp_path):
    r = redeal
    r.start()
    r.dealt().received()
    for step in ("act.queued", "act.signed", "act.logged"):
        home = r.home.copy(tmp_path / step)
        args = ["seat", "redeal", "accept", "14",
                *[r.folder / f"{s}.received" for s in r.people]]
        ran = home.az(*args, program=fault, code=None,
                      env={"AZUKARI_KILL_AT": step})
        assert ran.code == flow.KILLED, ran
        assert "; 0 are still under" in home.az(*args).err


# ---- plans after the change ----

def renew_policy(home, seats):
    """The policy once more, under the charter in force."""
    doc = flow.policy_document(
        home, partners=[home.partner], version=2,
        previous=flow.sha256(home.folder / "policy-14-1.json"))
    flow.put_policy(home, doc, seats=seats)


def another_plan(home):
    flow.submit(home, home.partner, request="REQ-2026-002")
    return flow.freeze(home, "REQ-2026-002")


def with_partner(home):
    home.partner = flow.Person(home.folder, "pi")
    return home


def refused(officers, plan, seat, person):
    """Nobody else approves in a seat's place."""
    kept = officers.people[seat]
    officers.people[seat] = person
    ran = officers.approve(plan, seat, code=None)
    officers.people[seat] = kept
    assert ran.code != 0, ran


def test_the_successor_approves_and_the_predecessor_cannot(frozen, officers,
                                                           new, tmp_path):
    with_partner(frozen)
    h = Handover(frozen, new, tmp_path).ready()
    h.accept()
    # A plan of before has no charter any more.
    assert frozen.az("plan", "pack", frozen.plan, "--seat", "b", "-o",
                     tmp_path / "old", code=None).code != 0
    predecessor = officers.people["a"]
    frozen.seats["14"]["a"] = officers.people["a"] = new
    renew_policy(frozen, ("a", "b"))
    plan = another_plan(frozen)
    refused(officers, plan, "a", predecessor)
    officers.approve_fully(plan)
    frozen.az("export", plan)


def test_the_new_seats_approve_after_dealing_anew(frozen, officers, tmp_path):
    with_partner(frozen)
    r = Redeal(frozen, tmp_path)
    r.start()
    r.dealt().received()
    r.accept()
    lost = officers.people["c"]
    frozen.seats["14"] = officers.people = r.people
    renew_policy(frozen, ("a", "d", "e"))
    plan = another_plan(frozen)
    refused(officers, plan, "d", lost)
    # Only one of the three held a share of the first dealing.
    officers.approve_fully(plan, ("d", "e", "a"))
    frozen.az("export", plan)
