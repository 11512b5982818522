"""Witnesses: an owner's policy names them, and nothing moves without them."""
import base64
import re
import shutil
import subprocess

import pytest

import byhand
import flow
from test_ledger_verify import published


@pytest.fixture(scope="session")
def witnessed_once(asked_once, tmp_path_factory):
    """Two witnesses, both of which must cosign; nothing is frozen yet."""
    home = asked_once.copy(tmp_path_factory.mktemp("witnessed"))
    flow.make_witnessed(home)
    return home


@pytest.fixture
def home(witnessed_once, tmp_path):
    home = witnessed_once.copy(tmp_path / "gateway")
    vkey = flow.ledger_vkey(home)
    home.witnesses = [flow.Witness(home.folder, w.name, vkey)
                      for w in witnessed_once.witnesses]
    home.witness_policy = home.folder / "witness-policy"
    return home


@pytest.fixture
def officers(home):
    return flow.Officers(home)


def both(home):
    for w in home.witnesses:
        w.turn(home)


def waits(home, *words, missing):
    said = home.az(*words, code=6).err
    assert "waits for its witnesses" in said, said
    for name in missing:
        assert name in said.split("missing:")[1].split("\n")[0], said
    assert "azukari ledger witness request" in said
    return said


def release(home, officers):
    """From the freeze to both seats' shares, with every turn of a witness."""
    plan = flow.freeze(home)
    both(home)
    for seat in ("a", "b"):
        officers.approve(plan, seat)
    both(home)
    for seat in ("a", "b"):
        officers.approve(plan, seat)
    return plan


def kinds(home):
    return [e["kind"] for e in home.json("ledger", "show")]


# ---- the whole way ----

def test_nothing_moves_without_the_quorum(home, officers, tmp_path):
    """Packets, shares and the bundle each wait, and say for whom."""
    w1, w2 = home.witnesses
    plan = flow.freeze(home)
    # the plan: no packet before the quorum has cosigned its entry
    waits(home, "plan", "pack", plan, "--seat", "a", "-o",
          officers.path("early"), missing=["w1", "w2"])
    w1.turn(home)
    waits(home, "plan", "pack", plan, "--seat", "a", "-o",
          officers.path("early"), missing=["w2"])
    w2.turn(home)
    # both sign; no share leaves although both approvals are in the ledger
    for seat in ("a", "b"):
        assert "no share has left" in officers.approve(plan, seat).err
    packet = officers.pack(plan, "a")
    assert "approvals/b.txt" not in flow.members(packet)
    assert "approvals/a.txt" not in flow.members(packet)
    assert "share-release" not in kinds(home)
    assert "have released their shares" in home.az("export", plan,
                                                   code=1).err
    # cosigned: now they release
    both(home)
    for seat in ("a", "b"):
        assert "approvals stand" in officers.approve(plan, seat).err
    # the export is built, and waits; asked again it still waits
    said = waits(home, "export", plan, missing=["w1", "w2"])
    assert plan.replace("PLAN", "EXP") in said
    w1.turn(home)
    waits(home, "export", plan, missing=["w2"])
    assert not list((home.path / "outbox").iterdir())
    assert "released" not in kinds(home)
    w2.turn(home)
    assert "is released" in home.az("export", plan).err
    assert kinds(home)[-1] == "released"
    bundle = next((home.path / "outbox").glob("*.tar"))
    said = flow.az("verify", bundle, "--trust", trust_of(home, bundle,
                                                         tmp_path)).err
    assert "the quorum of witnesses cosigned" in said


def without_cosignatures(proof, names):
    """A proof as a gateway would hand it out that does not wait for them."""
    lines = proof.decode().splitlines(True)
    kept = [s for s in lines if not any(s.startswith(f"— {n}") for n in names)]
    assert len(lines) - len(kept) == len(names)
    return "".join(kept).encode()


@pytest.mark.parametrize("missing", [["w1"], ["w2"], ["w1", "w2"]],
                         ids="-".join)
def test_no_share_to_a_gateway_that_does_not_wait(home, officers, missing):
    """The officer's own tool counts the quorum: with enough approvals in the
    packet, and in the ledger, neither a share nor an approval is given."""
    plan = flow.freeze(home)
    both(home)
    for seat in ("a", "b"):
        officers.approve(plan, seat)
    both(home)
    packet = officers.pack(plan, "a")
    names = [w.vkey.split("+")[0] for w in home.witnesses
             if w.name in missing]
    assert len(names) == len(missing)
    hostile = flow.rewrite(packet, officers.path("hostile"), {
        name: without_cosignatures(data, names)
        for name, data in flow.members(packet).items()
        if name.endswith(".tlog-proof")})
    answer, ran = officers.run("approve", hostile, "a", "--yes", code=None)
    assert ran.code == 6 or ran.code == 1, ran
    assert "does not prove that the entry is in the ledger" in ran.err
    assert not answer.exists()
    answer, ran = officers.run("approve", packet, "a", "--yes")
    assert "approvals stand" in ran.err and answer.exists()


def trust_of(home, bundle, folder):
    """The verifier's own copies: the owner's policy of witnesses."""
    trust = folder / "trust"
    trust.mkdir()
    files = flow.members(bundle)
    (trust / "allowed_signers").write_bytes(files["trust/allowed_signers"])
    flow.write(trust / "ledger.vkey", flow.ledger_vkey(home) + "\n")
    shutil.copy(home.witness_policy, trust / "witness-policy")
    return trust


@pytest.fixture(scope="session")
def released_once(witnessed_once, tmp_path_factory):
    home = witnessed_once.copy(tmp_path_factory.mktemp("released"))
    vkey = flow.ledger_vkey(home)
    home.witnesses = [flow.Witness(home.folder, w.name, vkey)
                      for w in witnessed_once.witnesses]
    home.witness_policy = home.folder / "witness-policy"
    home.plan = release(home, flow.Officers(home))
    home.az("export", home.plan, code=6)
    both(home)
    home.az("export", home.plan)
    return home


def test_a_stricter_verifier_is_not_satisfied(released_once, tmp_path):
    """A third witness that the verifier asks for has not cosigned."""
    bundle = next((released_once.path / "outbox").glob("*.tar"))
    trust = trust_of(released_once, bundle, tmp_path)
    assert flow.az("verify", bundle, "--trust", trust).code == 0
    third = flow.Witness(tmp_path, "w3", flow.ledger_vkey(released_once))
    flow.witness_policy(trust / "witness-policy",
                        flow.ledger_vkey(released_once),
                        [*released_once.witnesses, third], "all")
    said = flow.az("verify", bundle, "--trust", trust, code=1).err
    assert "cosigned as the witness policy asks" in said
    # and one who asks for nobody is told that
    flow.write(trust / "witness-policy",
               f"log {flow.ledger_vkey(released_once)}\nquorum none\n")
    said = flow.az("verify", bundle, "--trust", trust).err
    assert "this trust asks for none" in said


def test_statement_names_the_witnesses(released_once):
    bundle = next((released_once.path / "outbox").glob("*.tar"))
    files = flow.members(bundle)
    line = next(s for s in files["STATEMENT.txt"].decode().splitlines()
                if s.startswith("witnesses: "))
    assert flow.sha256(released_once.witness_policy) in line
    assert "auditor.example/w1" in line and "auditor.example/w2" in line
    assert files["trust/witness-policy"] == \
        released_once.witness_policy.read_bytes()


def test_an_approval_is_a_proof_before_the_export(released_once):
    """The index of every approval is smaller than the export's."""
    bundle = next((released_once.path / "outbox").glob("*.tar"))
    files = flow.members(bundle)
    index = {name: int(data.splitlines()[1].split()[1])
             for name, data in files.items() if name.endswith("tlog-proof")}
    export = index.pop("SHA256SUMS.tlog-proof")
    assert len(index) == 2 and max(index.values()) < export


def test_by_hand_no_share_leaves_before_the_witnesses(home, officers,
                                                       tmp_path):
    """The page for officers without our program waits, too: its release asks
    for this seat's own entry, which only a cosigned packet has."""
    plan = flow.freeze(home)
    both(home)
    officers.approve(plan, "b")
    both(home)
    packet = officers.pack(plan, "a")
    files = flow.members(packet)
    assert "approvals/b.entry" in files and "approvals/a.entry" not in files
    script = byhand.blocks()
    rule = script[script.index('if [ "$(value witness-policy-sha256'):]
    rule = rule[:rule.index("\nfi\n") + 4]
    (tmp_path / "approvals").mkdir()
    (tmp_path / "approvals/a.txt").touch()
    (tmp_path / "plan.txt").write_bytes(files["plan.txt"])
    head = 'value() { sed -n "s/^$1: //p" "$2"; }; seat=a\n'
    assert "witnesses cosign" in flow.run(
        "sh", "-c", head + rule + "exit 9", cwd=tmp_path, code=0).err
    (tmp_path / "approvals/a.entry").touch()
    flow.run("sh", "-c", head + rule + "exit 9", cwd=tmp_path, code=9)


def test_the_trust_page_names_the_witnesses(released_once, tmp_path):
    out = released_once.az("trust", "export", "14", "-o",
                           tmp_path / "trust").out
    assert flow.sha256(released_once.witness_policy) in out
    for w in released_once.witnesses:
        assert w.vkey in out
    bundle = next((released_once.path / "outbox").glob("*.tar"))
    assert "the quorum of witnesses cosigned" in flow.az(
        "verify", bundle, "--trust", tmp_path / "trust").err


# ---- putting it in force ----

def put(home, policy_sha256, *options, code=0):
    path = flow.write(home.folder / "next.json", flow.json_module.dumps(
        flow.policy_document(
            home, partners=[home.partner], version=3,
            previous=flow.sha256(home.folder / "policy-14-2.json"),
            witnesses={"policy_sha256": policy_sha256}), ensure_ascii=False))
    words = list(options)
    for seat in ("a", "b"):
        words += ["--sig", flow.sign("policy", path, home.seats["14"][seat])]
    return home.az("owner", "policy", "14", path, *words, code=code).err


def test_a_policy_needs_its_witnesses(home, tmp_path):
    digest = flow.sha256(home.witness_policy)
    # known from before: nothing more to give
    put(home.copy(tmp_path / "again"), digest)
    vkey = flow.ledger_vkey(home)
    other = flow.witness_policy(tmp_path / "other", vkey,
                                home.witnesses[:1], "any")
    assert "--witnesses FILE" in put(home, flow.sha256(other), code=4)
    assert "is not the file whose digest" in put(
        home, flow.sha256(other), "--witnesses", home.witness_policy, code=1)
    assert "is null" in put(home, None, "--witnesses", other, code=1)
    nobody = flow.write(tmp_path / "nobody", f"log {vkey}\nquorum none\n")
    assert "asks for nobody" in put(home, flow.sha256(nobody), "--witnesses",
                                    nobody, code=1)
    foreign = flow.write(tmp_path / "foreign", home.witness_policy.read_text(
        ).replace(vkey, "example.com/foo+530d903a+AaJPsN9GTr0dvvJqIxWtoP2Yh4N"
                  "v9wgM4RvMv1yH0Qqn"))
    put(home, flow.sha256(foreign), "--witnesses", foreign, code=None)
    assert home.json("ledger", "show")[-1]["kind"] == "witness-policy"
    put(home, flow.sha256(other), "--witnesses", other)
    last = home.json("ledger", "show")[-1]
    assert (last["kind"], last["witness-policy-sha256"]) == \
        ("witness-policy", flow.sha256(other))
    assert [w["name"] for w in home.json("ledger", "witness", "list")] == \
        ["w1"]


# ---- asking ----

def test_a_quorum_meets_on_one_checkpoint(home):
    """The ledger grows between two witnesses; they cosign the same tree."""
    w1, w2 = home.witnesses
    plan = flow.freeze(home)
    w1.turn(home)
    size = home.json("ledger", "witness", "list")[0]["cosigned"]
    home.az("source", "add", "14", "csv", "--namespace", "csv-14")
    assert "quorum reached: 1 of 1" in w2.turn(home).err
    listed = home.json("ledger", "witness", "list")
    assert [w["cosigned"] for w in listed] == [size, size]
    assert listed[0]["size"] == size + 1
    home.az("plan", "pack", plan, "--seat", "a", "-o", home.folder / "a")
    # both again, and then there is nothing left to ask
    both(home)
    said = w1.request(home, code=1)[1].err
    assert "has cosigned all" in said
    assert "several witnesses" in home.az(
        "ledger", "witness", "request", "-o", home.folder / "r", code=2).err
    assert "names the witness w9" in home.az(
        "ledger", "witness", "request", "w9", "-o", home.folder / "r",
        code=4).err


def test_a_lost_answer_is_asked_for_again(home):
    w1, _ = home.witnesses
    request, _ = w1.request(home)
    w1.cosign(request)
    home.az("source", "add", "14", "csv", "--namespace", "csv-14")
    request, _ = w1.request(home)
    _, ran = w1.cosign(request, code=1)
    assert "the request begins at 0" in ran.err
    size = ran.err.split("--from ")[1].split()[0]
    w1.turn(home, "--from", size)
    assert home.json("ledger", "witness", "list")[0]["cosigned"] == \
        int(size) + 1


def test_answers_that_are_refused(home, tmp_path):
    w1, w2 = home.witnesses
    early, _ = w1.request(home)
    accept = ["ledger", "witness", "accept"]
    stranger = flow.Witness(tmp_path, "w7", flow.ledger_vkey(home))
    assert "no witness of an owner's policy" in home.az(
        *accept, stranger.cosign(early)[0], code=1).err
    answer, _ = w1.cosign(early)
    good = answer.read_bytes()
    text = good.decode()
    for bad, word in (
            (b"", "not the answer of a witness"),
            (b"nonsense\n", "not the answer of a witness"),
            (good[:-1], "not the answer of a witness"),
            (b"\n" + good, "not the answer of a witness"),
            (good * 200, "not the answer of a witness"),
            (text.replace("auditor.example/w1", "auditor.example/w2").encode(),
             "no witness of an owner's policy")):
        path = tmp_path / "bad"
        path.write_bytes(bad)
        assert word in home.az(*accept, path, code=None).err, bad[:40]
    flipped = bytearray(good)
    at = good.rindex(b" ") + 30
    flipped[at] = ord("A") if flipped[at] != ord("A") else ord("B")
    path.write_bytes(flipped)
    assert "or it is bad" in home.az(*accept, path, code=1).err
    assert home.json("ledger", "witness", "list")[0]["cosigned"] == 0
    # among lines of strangers and of unknown kinds it is found
    unknown = "— later.example/x " + base64.b64encode(b"x" * 90).decode()
    path.write_bytes(unknown.encode() + b"\n" + good)
    home.az(*accept, path)
    # a replay adds nothing
    assert "was taken in before" in home.az(*accept, answer, code=1).err
    assert home.json("ledger", "witness", "list")[0]["cosigned"] > 0


def test_clocks_that_jump(home):
    """A witness from the future is refused; a gateway from the past grants
    nothing, but still stops."""
    w1, _ = home.witnesses
    request, _ = w1.request(home)
    answer, _ = w1.cosign(request, now="2033-01-01 10:00:00")
    assert "in the future" in home.az("ledger", "witness", "accept", answer,
                                      code=None).err
    w1.turn(home, "--from", str(home.json("ledger", "witness",
                                          "list")[0]["size"]))
    past = "2021-01-01 10:00:00"
    said = home.az("source", "add", "14", "csv", "--namespace", "csv-14",
                   code=1, now=past).err
    assert "the clock of this machine is more than ten minutes behind" in said
    # an act that stops or only notes something is never held up
    home.az("backup", home.folder / "backups", now=past)
    assert kinds(home)[-1] == "backup"
    home.az("source", "add", "14", "csv", "--namespace", "csv-14")


# ---- a witness's own view ----

def test_a_request_is_not_trusted(home, tmp_path):
    """What a witness is shown: forged, cut, foreign, shrinking."""
    w1, _ = home.witnesses
    request, _ = w1.request(home)
    body = request.read_bytes()
    path = tmp_path / "r"
    lines = body.split(b"\n")
    root = lines.index(b"") + 3
    size = int(lines[root - 1])
    for bad, word in (
            (b"", "not a request"), (b"old x\n", "not a request"),
            (body.replace(b"old 0", b"old 00", 1), "not a request"),
            (body.replace(b"old 0", b"old 5", 1), "begins at 5"),
            (body.replace(b"old 0", b"old 999999", 1), "only grows"),
            (body.replace(f"\n{size}\n".encode(), b"\n1\n", 1),
             "not signed by the key"),
            (body.replace(b"gateway.example/azukari\n",
                          b"other.example/azukari\n", 1), "another ledger"),
            (body.replace(b"\n\n", b"\nQUJD\n\n", 1), "not a request"),
            (body.replace("\n— ".encode(), "\n— x".encode(), 1),
             "not signed by the key")):
        path.write_bytes(bad)
        answer, ran = w1.cosign(path, code=None)
        assert ran.code != 0 and word in ran.err, (bad[:60], ran.err)
        assert not answer.exists() and not w1.state.exists()
    w1.turn(home)
    assert w1.state.exists()


def fork(home, folder):
    """The same gateway, from the same moment, with another history."""
    other = home.copy(folder)
    other.witnesses = home.witnesses
    return other


def test_a_split_view_is_proven(home, tmp_path):
    """Two ledgers under one key: the witness signs one and proves the lie."""
    w1, _ = home.witnesses
    w1.turn(home)
    other = fork(home, tmp_path / "other")
    for h, name in ((home, "one"), (other, "two")):
        h.az("source", "add", "14", name, "--namespace", name)
    w1.turn(home)
    # the same size, another root
    size = w1.state.read_text().splitlines()[1]
    request, _ = w1.request(other, "--from", size)
    answer, ran = w1.cosign(request, code=5)
    assert "contradicts" in ran.err and "proves it to anyone" in ran.err
    assert not answer.exists()
    proof = answer.with_name(answer.name + ".misbehaviour")
    vkey = flow.ledger_vkey(home)
    check = ["witness", "check", proof, "--log"]
    said = flow.az(*check, vkey).err
    assert "two ledgers that cannot both be true" in said
    # anyone takes it apart with a shell
    notes = {s.split(": ")[0]: base64.b64decode(s.split(": ")[1])
             for s in proof.read_text().splitlines()
             if s.startswith(("first: ", "second: "))}
    assert notes["first"] != notes["second"]
    assert w1.state.read_bytes().startswith(notes["first"])
    # it accuses nobody else, and with a changed byte nobody at all
    stranger = flow.Witness(tmp_path, "w8", vkey)
    assert flow.az(*check, stranger.vkey, code=None).code != 0
    bad = flow.write(tmp_path / "bad", proof.read_text().replace(
        "first: ", "first: A", 1))
    assert flow.az("witness", "check", bad, "--log", vkey,
                   code=None).code != 0
    # a larger fork gives another proof
    other.az("source", "add", "14", "three", "--namespace", "three")
    request, _ = w1.request(other, "--from", size)
    answer, ran = w1.cosign(request, code=1)
    assert "contradicts" in ran.err
    assert w1.state.read_text().splitlines()[1] == size
    larger = answer.with_name(answer.name + ".misbehaviour")
    if int(size) & (int(size) - 1):     # else a proof does not hold that root
        said = flow.az("witness", "check", larger, "--log", vkey).err
        assert f"one of {size} entries, one of {int(size) + 1}" in said


# ---- old copies put back ----

def put_back(home, old, *names):
    for name in names:
        target = home.path / name
        if target.is_dir():
            shutil.rmtree(target)
            shutil.copytree(old.path / name, target)
        else:
            shutil.copy(old.path / name, target)


@pytest.mark.parametrize("what", [["ledger"], ["gateway.db"],
                                  ["ledger", "gateway.db"]])
def test_an_old_copy_signs_nothing(home, tmp_path, what):
    """Restoring the ledger, the register, or both: nothing more is signed."""
    w1, _ = home.witnesses
    old = fork(home, tmp_path / "old")
    home.az("source", "add", "14", "one", "--namespace", "one")
    w1.turn(home)
    checkpoint = (home.path / "ledger/checkpoint").read_bytes()
    put_back(home, old, *what)
    for extra in ("-wal", "-shm"):
        (home.path / f"gateway.db{extra}").unlink(missing_ok=True)
    ran = home.az("source", "add", "14", "two", "--namespace", "two",
                  code=5)
    assert "put back" in ran.err, ran.err
    if what == ["ledger", "gateway.db"]:
        assert "a witness has seen" in ran.err
    now = (home.path / "ledger/checkpoint").read_bytes()
    assert now in (checkpoint, (old.path / "ledger/checkpoint").read_bytes())
    # no command goes on, reading ones included
    home.az("ledger", "show", code=5)


def test_only_the_witness_sees_a_whole_home_put_back(home, tmp_path):
    """Every file old: the witness refuses, its state proves it at home, and
    from then on nothing is signed."""
    w1, _ = home.witnesses
    old = fork(home, tmp_path / "old")
    home.az("source", "add", "14", "one", "--namespace", "one")
    w1.turn(home)
    old.az("source", "add", "14", "two", "--namespace", "two")
    request, _ = w1.request(old)
    _, ran = w1.cosign(request, code=1)
    assert "the request begins at 0" in ran.err
    said = old.az("ledger", "witness", "accept", w1.state, code=5).err
    assert "from now on nothing is signed here" in said
    assert "not those that a witness has seen" in old.az(
        "source", "add", "14", "three", "--namespace", "three", code=5).err
    # while for the true one it is only news
    assert "is a part of this ledger" in home.az(
        "ledger", "witness", "accept", w1.state).err
    home.az("source", "add", "14", "two", "--namespace", "two")


def test_a_witness_ahead_is_noticed(home, tmp_path):
    """Asked from more than there is: the gateway says what that means."""
    w1, _ = home.witnesses
    said = w1.request(home, "--from", "5000", code=5)[1].err
    assert "has seen 5000 entries" in said


# ---- docs/verify-by-hand.md ----

VERIFY_DOC = flow.ROOT / "docs/verify-by-hand.md"
VERIFY_TOOLS = (
    "tar", "basename", "sed", "sha256sum", "cut", "ssh-keygen", "find",
    "sort", "cmp", "grep", "head", "sh", "openssl", "od", "tr", "dd",
    "mktemp", "rm", "cp", "cat", "wc", "mkdir", "dirname", "mv")


def verify_by_hand(folder, bundle, trust, needed, tools):
    """Run the page on a bundle; status and text."""
    shutil.copytree(trust, folder / "trust", dirs_exist_ok=True)
    script = "".join(re.findall(r"^```sh\n(.*?)^```$", VERIFY_DOC.read_text(
        encoding="utf-8"), re.M | re.S))
    head = (f"bundle={bundle} needed={needed} "
            f"verify={flow.ROOT}/contrib/verify-tlog-proof.sh\n")
    done = subprocess.run(
        ["/bin/sh", "-c", head + script], cwd=folder, text=True, check=False,
        env={"PATH": str(tools), "HOME": str(folder)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


@pytest.fixture
def tools(tmp_path):
    return byhand.tools_only(tmp_path / "only-tools", *dict.fromkeys(
        VERIFY_TOOLS))


def test_the_page_verifies_the_whole_chain(released_once, tmp_path, tools):
    bundle = next((released_once.path / "outbox").glob("*.tar"))
    trust = trust_of(released_once, bundle, tmp_path)
    for needed in (0, 2):
        work = tmp_path / f"work{needed}"
        work.mkdir()
        code, said = verify_by_hand(work, bundle, trust, needed, tools)
        assert code == 0 and said.endswith("VERIFIED\n"), said
        assert "approvals: 2 seats" in said
    work = tmp_path / "work3"
    work.mkdir()
    code, said = verify_by_hand(work, bundle, trust, 3, tools)
    assert code == 1 and "2 of 3 witnesses" in said


def changed_bundles(bundle):
    """Each link of the chain broken, the rest as it was."""
    files = flow.members(bundle)
    flip = {name: data[:40] + bytes([data[40] ^ 1]) + data[41:]
            for name, data in files.items()}
    for name in files:
        if name.startswith("trust/") or name == "README.txt":
            continue
        yield name, {name: flip[name]}
    yield "unlisted", {"extra.txt": b"x\n"}
    yield "missing", {"disclosure.txt": None}
    # proofs that are good, of something else
    yield "another entry", {"SHA256SUMS.entry": files["approvals/a.entry"],
                            "SHA256SUMS.tlog-proof":
                            files["approvals/a.tlog-proof"]}


def test_the_page_and_the_program_refuse_a_broken_chain(
        released_once, tmp_path, tools):
    bundle = next((released_once.path / "outbox").glob("*.tar"))
    trust = trust_of(released_once, bundle, tmp_path)
    for i, (name, change) in enumerate(changed_bundles(bundle)):
        work = tmp_path / f"broken{i}"
        work.mkdir()
        bad = flow.rewrite(bundle, work / bundle.name, change)
        code, said = verify_by_hand(work, bad, trust, 2, tools)
        assert code != 0 and "VERIFIED\n" not in said.replace(
            "NOT VERIFIED", ""), (name, said)
        assert flow.az("verify", bad, "--trust", trust,
                       code=None).code != 0, name


# ---- consents ----

def test_consents_are_those_that_were_exported(released_once, tmp_path):
    home = released_once
    bundle = next((home.path / "outbox").glob("*.tar"))
    trust = trust_of(home, bundle, tmp_path)
    flow.az("open", bundle, *home.partner.options(), "-o", tmp_path,
            "--trust", trust)
    data = next(tmp_path.glob("EXP-*-data"))
    verify = ["verify", bundle, "--trust", trust, "--data", data]
    assert "exactly those" in flow.az(*verify).err
    # docs/verify-by-hand.md's own computation gives the same root
    script = re.search(r"^python3 - <<'PY'\n(.*?)^PY$", VERIFY_DOC.read_text(
        encoding="utf-8"), re.M | re.S)[1]
    root = flow.run("/usr/bin/python3", "-c", script, cwd=data).out.strip()
    assert f"consent-root: {root}\n".encode() in \
        flow.members(bundle)["STATEMENT.txt"]
    consents = data / "data/consents.csv"
    good = consents.read_bytes()
    rows = good.split(b"\n")
    for bad in (b"\n".join(rows[:1] + rows[2:]),          # one left out
                b"\n".join(rows[:2] + rows[1:]),          # one twice
                b"\n".join([rows[0], rows[2], rows[1], *rows[3:]]),
                good.replace(rows[1][-4:], b"0000", 1)):
        consents.write_bytes(bad)
        assert "are not those of consent-root" in flow.az(
            *verify, code=None).err
    consents.write_bytes(good[:-1])
    assert flow.az(*verify, code=None).code != 0
    consents.write_bytes(good)


def test_a_withdrawn_receipt_fails(released_once, tmp_path):
    """`verify --notices`: the person is still in the set, then is not."""
    home = released_once.copy(tmp_path / "gateway")
    bundle = next((home.path / "outbox").glob("*.tar"))
    trust = trust_of(released_once, bundle, tmp_path)
    flow.az("open", bundle, *home.partner.options(), "-o", tmp_path,
            "--trust", trust)
    data = next(tmp_path.glob("EXP-*-data"))
    who = flow.write(tmp_path / "who", exported_respondent(home) + "\n")
    home.az("withdraw", "14", "--respondent-file", who, "--source", "line")
    home.az("notice", "issue", "14")
    notices = home.path / "outbox/notices"
    verify = ["verify", bundle, "--trust", trust, "--data", data,
              "--notices", notices]
    said = flow.az(*verify, code=1).err
    assert "is the receipt of a respondent who has withdrawn" in said
    assert "--data DIR" in flow.az("verify", bundle, "--notices", notices,
                                   code=2).err
    notice = next(notices.rglob("notice.txt"))
    flow.az("notice", "apply", notice, data, *home.partner.options(), "-o",
            tmp_path / "filtered", "--answer", tmp_path / "applied.txt",
            "--trust", trust)
    verify[5] = tmp_path / "filtered"
    said = flow.az(*verify).err
    assert "nobody whom the 1 notices" in said
    assert "withdrawn people were taken out" in said
    # a notice nobody signed is no notice
    notice.write_bytes(notice.read_bytes().replace(b"withdrawal", b"erasure"))
    assert "not signed by the gateway" in flow.az(*verify, code=1).err


def exported_respondent(home):
    """Somebody who is in the bundle: all eligible respondents' ids are in
    lines.ndjson, so one that the notice book finds will do."""
    for text in (home.folder / "lines.ndjson").read_text().splitlines():
        doc = flow.json_module.loads(text)
        if doc["type"] != "response":
            continue
        trial = home.copy(home.folder.parent / "trial")
        who = flow.write(trial.folder / "who", doc["respondent"] + "\n")
        trial.az("withdraw", "14", "--respondent-file", who, "--source",
                 "line")
        trial.az("notice", "issue", "14")
        found = list((trial.path / "outbox/notices").rglob("notice.txt"))
        shutil.rmtree(trial.folder)
        if found:
            return doc["respondent"]
    raise AssertionError("nobody of the bundle was found")


# ---- the auditor's check ----

def test_every_release_has_its_quorum(released_once, tmp_path):
    """From the copy alone: cosigned checkpoints and policies lie beside the
    tiles; without them the rules that ask for witnesses are broken."""
    vkey = flow.ledger_vkey(released_once)
    copy = tmp_path / "copy"
    shutil.copytree(released_once.path / "ledger", copy)
    verify = ["ledger", "verify", copy, "--vkey", vkey]
    assert "keep all" in flow.az(*verify).err
    for gone, name in ((copy / "cosigned", "cosigned"),
                       (copy / "witness-policy", "policy")):
        kept = tmp_path / name
        shutil.move(gone, kept)
        said = flow.az(*verify, code=5).err
        assert "shares-cosigned" in said and "release-cosigned" in said
        shutil.move(kept, gone)
    # over HTTP the lists say what else is published
    with published(tmp_path) as url:
        assert "keep all" in flow.az("ledger", "verify", f"{url}/copy",
                                     "--vkey", vkey).err
    # a quorum that is forged, and one of another history
    notes = sorted((p for p in (copy / "cosigned").iterdir()
                    if p.name.isdigit()), key=lambda p: int(p.name))
    good = notes[-1].read_bytes()
    lines = good.splitlines(keepends=True)
    notes[-1].write_bytes(b"".join(lines[:-1]))
    assert "release-cosigned" in flow.az(*verify, code=5).err
    notes[-1].write_bytes(good)
    flow.az(*verify)
    other = released_once.copy(tmp_path / "other")
    other.az("source", "add", "14", "zz", "--namespace", "zz")
    forked = released_once.copy(tmp_path / "forked")
    forked.az("source", "add", "14", "yy", "--namespace", "yy")
    checkpoint = (forked.path / "ledger/checkpoint").read_bytes()
    size = checkpoint.splitlines()[1].decode()
    (other.path / "ledger/cosigned" / size).write_bytes(checkpoint)
    said = flow.az("ledger", "verify", other.path / "ledger", "--vkey", vkey,
                   "--proof", tmp_path / "proof", code=5).err
    assert "the ledger contradicts itself" in said
    flow.az("witness", "check", tmp_path / "proof", "--log", vkey)


# ---- deaths ----

ACT_STEPS = ["act.queued", "act.staged", "act.signed", "act.published",
             "act.logged"]


def test_no_death_makes_two_histories(home, tmp_path, fault):
    """Killed at every step of an act, again and again: every checkpoint that
    anybody ever saw is a prefix of the ledger, and the witness goes on."""
    w1, w2 = home.witnesses
    both(home)
    seen = []
    for i, step in enumerate(ACT_STEPS * 2):
        ran = home.az("source", "add", "14", f"s{i}", "--namespace", f"s{i}",
                      program=fault, code=None,
                      env={"AZUKARI_KILL_AT": step})
        assert ran.code == flow.KILLED, ran
        seen.append(tmp_path / f"seen-{i}")
        shutil.copy(home.path / "ledger/checkpoint", seen[-1])
        home.az("source", "add", "14", f"t{i}", "--namespace", f"t{i}")
        (w1 if i % 2 else w2).turn(home)
        seen.append(tmp_path / f"seen-{i}-cosigned")
        shutil.copy(home.path / "ledger/checkpoint", seen[-1])
    options = []
    for path in seen:
        options += ["--from", path]
    said = home.az("ledger", "verify", *options).err
    assert said.count("is a part of this ledger") == len(seen)
    for w in home.witnesses:
        home.az("ledger", "witness", "accept", w.state)


def test_a_death_between_signature_and_checkpoint(home, tmp_path, fault):
    """What was signed but not yet shown is shown, not signed anew: were the
    register put back to before it, the surplus tiles go and nobody saw it."""
    before = home.copy(tmp_path / "before")
    ran = home.az("source", "add", "14", "one", "--namespace", "one",
                  program=fault, code=None,
                  env={"AZUKARI_KILL_AT": "act.signed"})
    assert ran.code == flow.KILLED
    old = (home.path / "ledger/checkpoint").read_bytes()
    home.az("ledger", "show")                      # the next start repairs
    new = (home.path / "ledger/checkpoint").read_bytes()
    assert int(new.splitlines()[1]) == int(old.splitlines()[1]) + 1
    # the same moment, the register of before: the state is behind the tiles
    put_back(home, before, "gateway.db")
    for extra in ("-wal", "-shm"):
        (home.path / f"gateway.db{extra}").unlink(missing_ok=True)
    assert "put back" in home.az("source", "add", "14", "two", "--namespace",
                                 "two", code=5).err


def test_a_witness_that_dies_signs_nothing_twice(home, tmp_path):
    """Its state is stored before the cosignature exists: an answer that was
    lost is asked for again, and a smaller tree never cosigned."""
    w1, _ = home.witnesses
    first, _ = w1.request(home)
    home.az("source", "add", "14", "one", "--namespace", "one")
    second, _ = w1.request(home)
    w1.cosign(second)
    size = w1.state.read_text().splitlines()[1]
    _, ran = w1.cosign(first, code=1)              # older: it begins at 0
    assert f"has cosigned {size} entries" in ran.err
    assert w1.state.read_text().splitlines()[1] == size
    # a state nobody can read stops it, rather than beginning anew
    good = w1.state.read_bytes()
    for bad in (b"", good[:-5], good.replace(size.encode(), b"1", 1)):
        w1.state.write_bytes(bad)
        _, ran = w1.cosign(second, code=None)
        assert ran.code != 0, bad
    w1.state.write_bytes(good)


def test_nobody_waits_longer_than_the_plan(home, officers):
    """A witness that never answers: when the plan expires the built bundle is
    destroyed, and the ledger says so."""
    plan = release(home, officers)
    waits(home, "export", plan, missing=["w1", "w2"])
    export = plan.replace("PLAN", "EXP")
    assert (home.path / "tmp" / export).exists()
    assert list((home.path / "run/plans").glob(f"{plan}.*"))
    year = int(home.json("ledger", "show")[-1]["time"][:4]) + 1
    said = home.az("export", plan, code=None, now=f"{year}-12-30 10:00:00")
    assert said.code == 1 and "expired" in said.err, said
    assert not (home.path / "tmp" / export).exists()
    assert not list((home.path / "run/plans").glob(f"{plan}.*"))
    assert kinds(home)[-2:] == ["export-failed", "plan-ended"]
    assert not list((home.path / "outbox").glob("*.tar"))


def test_a_restore_asks_what_witnesses_have_seen(home, tmp_path):
    """A backup from before the last cosignature signs nothing; the newest one
    goes on, and the witness with it."""
    w1, _ = home.witnesses
    w1.turn(home)
    home.az("backup", tmp_path / "b1")
    home.az("source", "add", "14", "one", "--namespace", "one")
    w1.turn(home)
    home.az("backup", tmp_path / "b2")

    def restore(backup, *more, code=0):
        erase, vault = sorted((tmp_path / backup).iterdir())
        return flow.az("--key-file", home.key_file, "restore", tmp_path / "r",
                       vault, erase, "--gateway-key",
                       home.path / "keys/gateway.key", *more, code=code)

    assert "give it with --seen FILE" in restore("b1", code=1).err
    assert "a witness has seen" in restore("b1", "--seen", w1.state,
                                           code=5).err
    bad = flow.write(tmp_path / "bad", "nonsense\n")
    restore("b2", "--seen", bad, code=5)
    assert not (tmp_path / "r").exists()
    restore("b2", "--seen", w1.state)
    restored = home.copy(tmp_path / "again")
    shutil.rmtree(restored.path)
    shutil.copytree(tmp_path / "r", restored.path)
    w1.turn(restored)
