"""Byte release: a finished bundle leaves only when two seats have seen its
report and signed its SHA256SUMS; one of them may still say no."""
import json
import shutil

import pytest

import byhand
import flow
from test_kill import ACTS, dies
from test_witness import VERIFY_TOOLS, verify_by_hand


@pytest.fixture(scope="module")
def built_once(ready, tmp_path_factory):
    """A bundle that waits."""
    home = ready.copy(tmp_path_factory.mktemp("bytes"))
    home.partner = flow.make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, flow.ladder_file(name))
    flow.put_policy(home, flow.policy_document(
        home, partners=[home.partner], byte_release=True))
    home.az("intake", "14", flow.generate(home.folder / "lines.ndjson", 400),
            code=None)
    flow.submit(home, home.partner)
    home.plan = flow.freeze(home)
    flow.Officers(home).approve_fully(home.plan)
    ran = home.az("export", home.plan)
    assert "byterelease pack" in ran.err
    return home


@pytest.fixture
def built(built_once, tmp_path):
    home = built_once.copy(tmp_path / "gateway")
    shutil.copytree(built_once.folder / "officers", home.folder / "officers",
                    dirs_exist_ok=True)
    return home


def export_id(home):
    return home.json("export", "list")[0]["export"]


def state(home):
    return home.json("export", "list")[0]["state"]


def kinds(home):
    return [e["kind"] for e in home.json("ledger", "show")]


def pack(home):
    path = home.folder / f"bytes-{len(list(home.folder.glob('bytes-*')))}"
    home.az("byterelease", "pack", export_id(home), "-o", path)
    return path


def sign(home, packet, seat, *args, word="sign", **options):
    """The seat's answer, made on its own machine."""
    answer = packet.with_name(f"{packet.name}-{word}-{seat}")
    answer.unlink(missing_ok=True)
    if word == "sign":
        args += ("--yes",)
    if seat == "c":             # has approved nothing: knows no charter
        trust = home.folder / "trust"
        trust.mkdir(exist_ok=True)
        for name, data in flow.members(packet).items():
            if name.startswith("trust/"):
                (trust / name[6:]).write_bytes(data)
        args += ("--trust", trust)
    return answer, flow.az(
        "byterelease", word, packet, *home.seats["14"][seat].options(),
        "--state", flow.Officers(home).state(seat), "-o", answer, *args,
        **options)


def accept(home, packet, seat, **options):
    answer, _ = sign(home, packet, seat)
    return home.az("byterelease", "accept", answer, **options)


def bundle(home):
    found = list((home.path / "outbox").glob("*.tar"))
    return found[0] if found else None


def release(home, seats=("a", "b")):
    packet = pack(home)
    for seat in seats:
        accept(home, packet, seat)
    home.az("export", home.plan)
    return bundle(home)


def test_waits_for_two(built):
    assert bundle(built) is None and state(built) == "built"
    assert built.json("status")["owners"][0]["bytes_waiting"] == 1
    assert "wait for byte release" in built.az("status").err
    ran = built.az("export", built.plan, code=1)
    assert "0 of 2 seats" in ran.err
    packet = pack(built)
    assert flow.folder_of(packet) == export_id(built)
    names = flow.members(packet)
    assert "payload.tar.zst.age" not in names and "disclosure.txt" in names
    answer, ran = sign(built, packet, "a")
    assert names["disclosure.txt"].decode() in ran.out
    assert names["SHA256SUMS"].decode() in ran.out
    assert set(flow.members(answer)) == {"SHA256SUMS", "release/a.sig"}
    built.az("byterelease", "accept", answer)
    row = built.json("plan", "list")[0]
    assert (row["byte_releases"], row["byte_releases_needed"]) == (1, 2)
    person = built.seats["14"]["a"]
    ran = flow.az("inbox", packet, *person.options(), "--state",
                  flow.Officers(built).state("a"), "--yes")
    assert f"byterelease sign {packet}" in ran.err
    assert kinds(built)[-1] == "byte-release"
    assert "before" in built.az("byterelease", "accept", answer, code=1).err
    assert "1 of 2 seats" in built.az("export", built.plan, code=1).err
    assert bundle(built) is None
    ran = accept(built, packet, "b")
    assert f"azukari export {built.plan}" in ran.err
    assert bundle(built) is None and state(built) == "built"
    built.az("export", built.plan)
    tar = bundle(built)
    names = flow.members(tar)
    assert {"release/a.sig", "release/b.sig"} <= set(names)
    assert b"release/" not in names["SHA256SUMS"]
    ran = flow.az("verify", tar)
    assert "2 of the 2 seats that are needed saw" in ran.out + ran.err
    assert kinds(built).count("exported") == kinds(built).count("released") \
        == 1
    built.az("ledger", "verify")
    assert list((built.path / "tmp").iterdir()) == []
    assert list((built.path / "run/plans").iterdir()) == []
    built.az("byterelease", "pack", export_id(built), "-o",
             built.folder / "late", code=1)


def test_by_hand(built):
    """ssh-keygen alone makes the signature, and checks it in the bundle."""
    folder = built.folder / "hand"
    folder.mkdir()
    packet = pack(built)
    accept(built, packet, "a")
    sums = folder / "SHA256SUMS"
    sums.write_bytes(flow.members(packet)["SHA256SUMS"])
    key = flow.ssh_key(built.seats["14"]["c"])
    for namespace, code in (("release@azukari", 1),
                            ("byterelease@azukari", 0)):
        (folder / "SHA256SUMS.sig").unlink(missing_ok=True)
        flow.run("ssh-keygen", "-Y", "sign", "-f", key, "-n", namespace, sums)
        built.az("byterelease", "accept", sums, "--sig",
                 folder / "SHA256SUMS.sig", code=code)
    built.az("export", built.plan)
    names = flow.members(bundle(built))
    assert {"release/a.sig", "release/c.sig"} <= set(names)
    signers = folder / "signers"
    signers.write_bytes(names["trust/allowed_signers"])
    sig = folder / "c.sig"
    sig.write_bytes(names["release/c.sig"])
    flow.run("ssh-keygen", "-Y", "verify", "-f", signers, "-I", "owner-14/c",
             "-n", "byterelease@azukari", "-s", sig,
             stdin=names["SHA256SUMS"].decode())


def test_denial(built):
    packet = pack(built)
    accept(built, packet, "a")
    assert "reason" in sign(built, packet, "b", word="deny", code=2)[1].err
    answer, _ = sign(built, packet, "b", "--reason", "群が小さい",
                     word="deny")
    ran = built.az("byterelease", "accept", answer)
    assert "destroyed" in ran.err
    assert kinds(built)[-3:] == ["denial", "export-failed", "plan-ended"]
    assert state(built) == "failed" and bundle(built) is None
    assert list((built.path / "tmp").iterdir()) == []
    assert list((built.path / "run/plans").iterdir()) == []
    built.az("export", built.plan, code=1)
    built.az("ledger", "verify")
    answer, _ = sign(built, packet, "c")
    built.az("byterelease", "accept", answer, code=1)


def test_withdrawal_meanwhile(built):
    """Signed by both, then somebody in it withdraws: nothing leaves, the
    bundle is built again without them, and is signed again."""
    packet = pack(built)
    for seat in ("a", "b"):
        accept(built, packet, seat)
    withdraw(built)
    built.az("export", built.plan)
    assert state(built) == "built" and bundle(built) is None
    ran = built.az("export", built.plan, code=1)
    assert "0 of 2 seats" in ran.err
    answer, _ = sign(built, packet, "c")
    assert "built again" in built.az("byterelease", "accept", answer,
                                     code=1).err
    assert kinds(built).count("export-failed") == 1
    tar = release(built)
    flow.az("verify", tar)
    built.az("ledger", "verify")


def withdraw(home):
    """People who agreed withdraw, until one of them is in the bundle."""
    for text in (home.folder / "lines.ndjson").read_text(
            encoding="utf-8").splitlines():
        doc = json.loads(text)
        if doc["type"] != "consent" or "research" not in doc["scopes"]:
            continue
        home.az("withdraw", "14", "--respondent-file", "-", "--source",
                "line", stdin=doc["respondent"] + "\n")
        ran = home.az("byterelease", "pack", export_id(home), "-o",
                      home.folder / f"try-{doc['event']}", code=None)
        if ran.code != 0:
            assert "withdrew" in ran.err, ran
            return
    raise AssertionError("nobody of the bundle withdrew")


def test_keys_gone(built):
    """The plan's secret was lost while the bundle waited: it may leave as it
    is, but it cannot be built again."""
    for path in (built.path / "run/plans").iterdir():
        path.unlink()
    whole = built.copy(built.folder.parent / "other")
    assert release(built) is not None
    withdraw(whole)
    ran = whole.az("export", whole.plan, code=1)
    assert "freeze a new one" in ran.err
    assert kinds(whole)[-1] == "plan-ended"
    whole.az("ledger", "verify")
    assert list((whole.path / "tmp").iterdir()) == []


@pytest.mark.parametrize("member", ["disclosure.txt", "SHA256SUMS",
                                    "SHA256SUMS.sig", "SHA256SUMS.entry",
                                    "SHA256SUMS.tlog-proof", "plan.txt",
                                    "approvals/a.txt"])
def test_changed_packet(built, member):
    packet = pack(built)
    data = bytearray(flow.members(packet)[member])
    data[len(data) // 2] ^= 1
    bad = flow.rewrite(packet, packet.with_name("bad"), {member: bytes(data)})
    assert sign(built, bad, "a", code=None)[1].code != 0
    cut = flow.rewrite(packet, packet.with_name("cut"),
                       {member: bytes(data[:-7])})
    assert sign(built, cut, "a", code=None)[1].code != 0
    gone = flow.rewrite(packet, packet.with_name("gone"), {member: None})
    answer, ran = sign(built, gone, "a", code=None)
    assert ran.code != 0 and not answer.exists()


def test_who_may_not_sign(built, tmp_path):
    packet = pack(built)
    # no memory of the approval: this machine does not know the charter
    answer = tmp_path / "x"
    ran = flow.az("byterelease", "sign", packet,
                  *built.seats["14"]["c"].options(), "--state",
                  tmp_path / "empty", "-o", answer, "--yes", code=1)
    assert "--trust" in ran.err
    # ... but with its own copies of the trust it goes on
    trust = tmp_path / "trust"
    trust.mkdir()
    for name, data in flow.members(packet).items():
        if name.startswith("trust/"):
            (trust / name[6:]).write_bytes(data)
    flow.az("byterelease", "sign", packet, *built.seats["14"]["c"].options(),
            "--state", tmp_path / "empty", "--trust", trust, "-o", answer,
            "--yes")
    # a stranger's key is no seat's
    flow.az("byterelease", "sign", packet, *built.partner.options(),
            "--state", tmp_path / "empty", "--trust", trust, "-o",
            tmp_path / "y", "--yes", code=1)
    # a home is refused; a signature under another seat's name too
    flow.az("--home", built.path, "byterelease", "sign", packet,
            *built.seats["14"]["c"].options(), "-o", tmp_path / "z", "--yes",
            code=2)
    files = flow.members(answer)
    bad = flow.write_packet(tmp_path / "bad", flow.folder_of(answer), {
        "SHA256SUMS": files["SHA256SUMS"],
        "release/b.sig": files["release/c.sig"]})
    built.az("byterelease", "accept", bad, code=1)
    flipped = bytearray(files["SHA256SUMS"])
    flipped[0] ^= 1
    bad = flow.write_packet(tmp_path / "bad2", flow.folder_of(answer), {
        "SHA256SUMS": bytes(flipped), "release/c.sig": files["release/c.sig"]})
    built.az("byterelease", "accept", bad, code=4)
    built.az("byterelease", "accept", answer)


@pytest.mark.parametrize("seats, word", [
    (("a",), "not released: 1 of the 2"), ((), "not released: 0 of the 2")])
def test_verify_counts(built, seats, word):
    """Taken out of the finished bundle: not released."""
    tar = release(built)
    gone = {f"release/{s}.sig": None for s in "ab" if s not in seats}
    bad = flow.rewrite(tar, tar.with_name("bad.tar"), gone)
    assert word in flow.az("verify", bad, code=1).err
    swapped = flow.members(tar)["release/a.sig"]
    bad = flow.rewrite(tar, tar.with_name("swapped.tar"),
                       {"release/b.sig": swapped})
    flow.az("verify", bad, code=1)


def test_verify_by_hand(built, tmp_path):
    """The page of docs/ asks for the same signatures as the program."""
    tools = byhand.tools_only(tmp_path / "only-tools",
                              *dict.fromkeys(VERIFY_TOOLS))
    tar = release(built)
    trust = tmp_path / "trust"
    trust.mkdir()
    for name in ("allowed_signers", "ledger.vkey", "witness-policy"):
        (trust / name).write_bytes(flow.members(tar)[f"trust/{name}"])
    b_as_a = flow.members(tar)["release/b.sig"]
    for what, changes, word in [
            ("whole", {}, "\nVERIFIED\n"),
            ("one", {"release/a.sig": None}, "NOT VERIFIED: 1 seats"),
            ("none", {"release/a.sig": None, "release/b.sig": None},
             "NOT VERIFIED: 0 seats"),
            ("other", {"release/a.sig": b_as_a},
             "NOT VERIFIED: release/a.sig")]:
        work = tmp_path / what
        work.mkdir()
        bad = flow.rewrite(tar, work / tar.name, changes)
        code, said = verify_by_hand(work, bad, trust, 0, tools)
        assert (code == 0) == (not changes) and word in said, said


def test_verify_unasked(frozen, officers):
    """release/ in a bundle whose plan asks for none."""
    officers.approve_fully(frozen.plan)
    frozen.az("export", frozen.plan)
    tar = bundle(frozen)
    bad = flow.rewrite(tar, tar.with_name("bad.tar"), {
        "release/a.sig": flow.members(tar)["SHA256SUMS.sig"]})
    assert "not asked for" in flow.az("verify", bad, code=None).err
    assert flow.az("verify", bad, code=None).code != 0
    frozen.az("byterelease", "pack", export_id(frozen), "-o",
              frozen.folder / "p", code=1)


@pytest.mark.parametrize("step", ACTS)
def test_killed_accepting(built, fault, step):
    packet = pack(built)
    answer, _ = sign(built, packet, "a")
    assert dies(built, fault, step, "byterelease", "accept", answer) \
        == flow.KILLED
    built.az("byterelease", "accept", answer, code=None)
    assert kinds(built).count("byte-release") == 1
    accept(built, packet, "b")
    built.az("export", built.plan)
    flow.az("verify", bundle(built))
    built.az("ledger", "verify")


@pytest.mark.parametrize("step", [f"{s}:1" for s in ACTS] + [
    "job.released", "job.published"])
def test_killed_publishing(built, fault, step):
    packet = pack(built)
    for seat in "ab":
        accept(built, packet, seat)
    assert dies(built, fault, step, "export", built.plan) == flow.KILLED
    if bundle(built) is None or (built.path / "tmp").exists():
        built.az("export", built.plan, code=None)
    tar = bundle(built)
    assert {"release/a.sig", "release/b.sig"} <= set(flow.members(tar))
    flow.az("verify", tar)
    built.az("ledger", "verify")
    assert kinds(built).count("released") == 1
    assert list((built.path / "tmp").iterdir()) == []


@pytest.mark.parametrize("step", [f"{s}:{n}" for s in ACTS for n in (1, 2)])
def test_killed_rebuilding(built, fault, step):
    """Dead between destroying a bundle and building it again."""
    withdraw(built)
    assert dies(built, fault, step, "export", built.plan) == flow.KILLED
    built.az("export", built.plan, code=None)
    tar = release(built)
    flow.az("verify", tar)
    built.az("ledger", "verify")
