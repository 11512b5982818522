"""A drill: does a seat's key still open and sign?"""
import pytest

import flow
from test_kill import ACTS, dies


def pack(home, seat, *args, name="", **options):
    path = home.folder / f"drill-{seat}{name}"
    home.az("seat", "drill", "pack", "14", "--seat", seat, "-o", path, *args,
            **options)
    return path


def sign(home, packet, seat, **options):
    answer = packet.with_name(f"{packet.name}-by-{seat}")
    answer.unlink(missing_ok=True)
    return answer, flow.az(
        "seat", "drill", "sign", packet, *home.seats["14"][seat].options(),
        "--state", home.folder / f"state-{seat}", "-o", answer, **options)


def drills(home):
    return [e for e in home.json("ledger", "show") if e["kind"] == "drill"]


def test_drill(home):
    packet = pack(home, "a")
    assert b"expires" not in flow.members(packet)["drill.age"]   # sealed
    answer, _ = sign(home, packet, "a")
    assert set(flow.members(answer)) == {"drill.txt", "drill.txt.sig"}
    assert f"ledger-size: {len(home.json('ledger', 'show'))}\n" in \
        flow.members(answer)["drill.txt"].decode()
    home.az("seat", "drill", "accept", answer)
    assert [d["seat"] for d in drills(home)] == ["a"]
    home.az("seat", "drill", "accept", answer, code=4)  # once
    home.az("ledger", "verify")


def test_another_seat_cannot(home):
    packet = pack(home, "a")
    answer, ran = sign(home, packet, "b", code=None)
    assert ran.code != 0 and not answer.exists()
    # b signs the right text with its own key
    good, _ = sign(home, packet, "a")
    text = flow.write(home.folder / "drill.txt",
                      flow.members(good)["drill.txt"].decode())
    for seat, namespace in (("b", "drill"), ("a", "session")):
        flow.run("ssh-keygen", "-Y", "sign", "-q", "-f",
                 flow.ssh_key(home.seats["14"][seat]), "-n",
                 f"{namespace}@azukari", text)
        sig = text.with_suffix(".txt.sig")
        home.az("seat", "drill", "accept", text, "--sig", sig, code=1)
        sig.unlink()
    files = flow.members(good)
    for bad in ({**files, "drill.txt": files["drill.txt"].replace(
            b"seat: a", b"seat: b")},
            {**files, "drill.txt": files["drill.txt"][:-3]},
            {**files, "more": b"x"}):
        path = flow.write_packet(home.folder / "bad", "14-a-drilled", bad)
        assert home.az("seat", "drill", "accept", path, code=None).code != 0
    assert drills(home) == []
    home.az("seat", "drill", "accept", good)


@pytest.mark.parametrize("member", ["drill.age", "charter.txt",
                                    "charter.a.sig"])
def test_changed_packet(home, member):
    packet = pack(home, "a")
    data = bytearray(flow.members(packet)[member])
    data[len(data) // 2] ^= 1
    for i, change in enumerate((bytes(data), bytes(data[:-20]), None)):
        bad = flow.rewrite(packet, packet.with_name(f"bad{i}"),
                           {member: change})
        answer, ran = sign(home, bad, "a", code=None)
        assert ran.code != 0 and not answer.exists()


def test_newer_and_expired(home):
    first = pack(home, "a")
    answer, _ = sign(home, first, "a")
    pack(home, "a", name="2")
    assert "newer" in home.az("seat", "drill", "accept", answer, code=4).err
    answer, _ = sign(home, home.folder / "drill-a2", "a")
    assert home.az("seat", "drill", "accept", answer, code=None,
                   now="2090-01-01 00:00:00").code == 1
    pack(home, "z", code=4)
    pack(home, "a", "--days", "9999", name="3", code=2)
    flow.az("--home", home.path, "seat", "drill", "sign", first,
            *home.seats["14"]["a"].options(), "-o", home.folder / "y", code=2)


def test_status_names_who_is_due(home):
    def due(**options):
        return home.json("status", **options)["owners"][0]["drills_due"]

    late = "2090-01-01 00:00:00"
    assert due() == 0                   # enrolment was a proof
    assert due(now=late) == 3
    assert "seat b has shown nothing" in home.az("status", now=late).err
    packet = home.folder / "late"
    home.az("seat", "drill", "pack", "14", "--seat", "b", "-o", packet,
            now=late)
    answer, _ = sign(home, packet, "b", now=late)
    home.az("seat", "drill", "accept", answer, now=late)
    assert due(now=late) == 2


@pytest.mark.parametrize("step", ACTS)
def test_killed(home, fault, step):
    answer, _ = sign(home, pack(home, "a"), "a")
    assert dies(home, fault, step, "seat", "drill", "accept", answer) == \
        flow.KILLED
    home.az("seat", "drill", "accept", answer, code=4)
    assert len(drills(home)) == 1       # a stop stands
    home.az("ledger", "verify")
