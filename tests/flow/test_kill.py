"""A gateway that dies: at every named step of freezing, accepting and
exporting, and at instants nobody chose.  The next command repairs, the export
completes, the ledger is clean and one bundle lies in the outbox."""
import os
import random
import re
import signal
import subprocess
import time

import pytest

import flow

STEPS = re.findall(r'= "([a-z.]+)"',
                   (flow.ROOT / "app/step.c").read_text(encoding="utf-8"))
ACTS = [s for s in STEPS if s.startswith("act.")]
JOB = [s for s in STEPS if s.startswith("job.")]


@pytest.fixture(scope="module")
def approved_once(frozen_once, tmp_path_factory):
    home = frozen_once.copy(tmp_path_factory.mktemp("approved"))
    flow.Officers(home).approve_fully(home.plan)
    return home


@pytest.fixture
def approved(approved_once, tmp_path):
    return approved_once.copy(tmp_path / "gateway")


def test_all_steps_are_known():
    """Whoever adds a step says here or in its own test how it is repaired."""
    rest = set(STEPS) - set(ACTS) - set(JOB)
    assert rest == {"acts.lock", "ingest.keys", "ingest.batch", "withdraw.marked",
                    "erase.keys", "erase.rotated", "compact.some",
                    "compact.logged"}
    assert len(ACTS) == 5 and len(JOB) == 8


def dies(home, fault, step, *args):
    """0 or KILLED of a command told to die at a step."""
    ran = home.az(*args, program=fault, code=None,
                  env={"AZUKARI_KILL_AT": step})
    assert ran.code in (0, flow.KILLED), ran
    return ran.code


def entered(home):
    """Nothing is in effect that the ledger does not hold."""
    kinds = [e["kind"] for e in home.json("ledger", "show")]
    plans = home.json("plan", "list")
    for kind, shown in (("plan", len(plans)),
                        ("epoch-opened", len(home.json("epoch", "list",
                                                       "14"))),
                        ("approval", sum(p["approvals"] for p in plans)),
                        ("share-release", sum(p["releases"] for p in plans))):
        assert kinds.count(kind) == shown, f"{shown} in effect, {kind}: {kinds}"


def complete(home):
    """Finish the export, and hold everything against everything."""
    outbox = home.path / "outbox"
    done = list(outbox.glob("*.tar"))
    said = home.az("export", home.plan, code=None if done else 0)
    assert not re.search(r"answers considered +0$", said.out, re.M), said
    bundles = list(outbox.glob("*.tar"))
    assert len(bundles) == 1
    flow.az("verify", bundles[0])
    home.az("ledger", "verify")
    home.az("export", home.plan, code=1)        # one plan, one bundle
    # Nothing that was being built, whole or half.
    assert list((home.path / "tmp").iterdir()) == []
    assert list((home.path / "run/plans").iterdir()) == []
    entered(home)
    kinds = [e["kind"] for e in home.json("ledger", "show")]
    assert kinds.count("exported") == kinds.count("released") == 1, kinds
    return bundles[0]


def test_a_withdrawal_just_before_the_release(approved, fault):
    """The bundle is finished and verified, its release not yet entered."""
    lines = (approved.folder / "lines.ndjson").read_text(encoding="utf-8")
    who = re.search(r'"respondent":"([^"]+)"', lines)[1]
    export = flow.stopped(approved, "acts.lock:5", "export", approved.plan)
    try:
        done = [e["kind"] for e in approved.json("ledger", "show")]
        assert done.count("exported") == 1 and "released" not in done
        approved.az("withdraw", "14", "--respondent-file", "-", "--source",
                    "line", stdin=who + "\n")
        assert "withdrew" in flow.go_on(export).err
    finally:
        export.kill()
    kinds = [e["kind"] for e in approved.json("ledger", "show")]
    assert kinds.count("exported") == 2 and kinds.count("released") == 1
    approved.az("ledger", "verify")


@pytest.mark.parametrize("step", ACTS)
def test_another_dies_meanwhile(approved, fault, step):
    """A command that has the home open since before: what another left when
    it died is entered once, by whoever acts next."""
    export = flow.stopped(approved, "job.counted", "export", approved.plan)
    try:
        assert dies(approved, fault, step, "backup", approved.folder / "copy")
        flow.go_on(export)
    finally:
        export.kill()
    kinds = [e["kind"] for e in approved.json("ledger", "show")]
    assert kinds.count("backup") == 1, kinds
    approved.az("ledger", "verify")


@pytest.mark.parametrize("step", ACTS)
def test_a_grant_left_behind_is_void(approved, fault, step):
    """The same with an act that grants: what had not reached the ledger does
    not take effect because somebody else goes on."""
    export = flow.stopped(approved, "job.counted", "export", approved.plan)
    text = flow.write(approved.folder / "text", "同意します。\n")
    try:
        assert dies(approved, fault, step, "consent-text", "add", "14", text,
                    "--title", "t")
        flow.go_on(export)
    finally:
        export.kill()
    before = flow.sha256(text)
    rows = [e for e in approved.json("ledger", "show")
            if e.get("text-sha256") == before]
    assert len(rows) == (0 if step in ("act.queued", "act.staged") else 1)
    approved.az("ledger", "verify")


@pytest.mark.parametrize("step", ACTS + JOB)
def test_export(approved_once, fault, tmp_path, step):
    """At the first passings of the step."""
    for passing in range(1, 4):
        home = approved_once.copy(tmp_path / str(passing))
        if dies(home, fault, f"{step}:{passing}", "export", home.plan) == 0:
            break
        complete(home)
    assert passing > (2 if step in ACTS else 1), "not passed often enough"


@pytest.mark.parametrize("step", ACTS)
def test_freeze(asked, fault, step):
    assert dies(asked, fault, step, "plan", "freeze", "14",
                "REQ-2026-001") == flow.KILLED
    entered(asked)
    plans = [p["plan"] for p in asked.json("plan", "list")
             if p["state"] == "frozen"]
    assert len(plans) <= 1
    asked.plan = plans[0] if plans else flow.freeze(asked)
    flow.Officers(asked).approve_fully(asked.plan)
    complete(asked)


@pytest.mark.parametrize("step", ACTS)
def test_accept(frozen, officers, fault, step):
    packet = officers.pack(frozen.plan, "a")
    answer, _ = officers.run("approve", packet, "a", "--yes")
    assert dies(frozen, fault, step, "plan", "accept", answer) == flow.KILLED
    frozen.az("plan", "accept", answer, code=None)      # again does no harm
    votes = frozen.json("plan", "list")[0]
    assert votes["approvals"] == 1
    entered(frozen)
    officers.approve(frozen.plan, "b")
    officers.approve(frozen.plan, "a")
    complete(frozen)


def test_begun_twice_is_the_same(approved, fault):
    """What was begun is derived again with other memory and threads, and the
    export that follows holds exactly that."""
    assert "not begun" in approved.az("export", approved.plan, "--rederive",
                                      code=1).err
    assert dies(approved, fault, "job.built", "export",
                approved.plan) == flow.KILLED
    digests = {approved.json("export", approved.plan, "--rederive",
                             *how)["tagmanifest_sha256"]
               for how in ((), ("--arena", "1"), ("--threads", "1"),
                           ("--threads", "2"))}
    assert len(digests) == 1
    bundle = complete(approved)
    said = flow.run("tar", "-xOf", bundle,
                    f"{bundle.stem}/STATEMENT.txt").out
    assert f"inner-tagmanifest-sha256: {digests.pop()}\n" in said
    assert "destroyed" in approved.az("export", approved.plan, "--rederive",
                                      code=1).err


SEED = int(os.environ.get("AZUKARI_SEED", time.time_ns() % 1000000))
KILLS = int(os.environ.get("AZUKARI_KILLS", 25))


def killed_after(home, wait_s):
    """An export that gets WAIT_S seconds to live; its exit status."""
    with subprocess.Popen(
            [flow.AZUKARI, "--home", home.path, "--key-file", home.key_file,
             "export", home.plan], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=flow.environment()) as process:
        try:
            return process.wait(wait_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return process.wait()


@pytest.fixture(scope="module")
def usual_s(approved_once, tmp_path_factory):
    """What an export takes here."""
    home = approved_once.copy(tmp_path_factory.mktemp("usual"))
    started = time.monotonic()
    home.az("export", home.plan)
    return time.monotonic() - started


@pytest.mark.parametrize("round_", range(KILLS))
def test_any_instant(approved, usual_s, round_):
    """The seed is in the failure; AZUKARI_SEED repeats it, and AZUKARI_KILLS
    says how often."""
    wait_s = random.Random(SEED + round_).uniform(0, 1.1 * usual_s)
    print(f"AZUKARI_SEED={SEED} round {round_}: killed after {wait_s:.4f} s")
    assert killed_after(approved, wait_s) in (0, flow.KILLED)
    complete(approved)


# ---- what comes between an export's beginning and its release ----

def begun(once, fault, tmp_path, step="job.built"):
    """An export that died; b's packet from before."""
    home = once.copy(tmp_path / "gateway")
    assert dies(home, fault, step, "export", home.plan) == flow.KILLED
    return home, flow.Officers(home)


@pytest.fixture(scope="module")
def packed_once(frozen_once, tmp_path_factory):
    home = frozen_once.copy(tmp_path_factory.mktemp("packed"))
    officers = flow.Officers(home)
    packet = officers.pack(home.plan, "b")
    officers.approve_fully(home.plan)
    home.back, _ = officers.run("revoke", packet, "b", "--reason", "誤り")
    return home


def test_a_revocation_beside_the_export(packed_once, fault, tmp_path):
    """It had looked at the plan before the export began, and is entered
    afterwards: what was begun does not leave."""
    home = packed_once.copy(tmp_path / "gateway")
    revoking = flow.stopped(home, "acts.lock", "plan", "accept",
                            packed_once.back)
    export = flow.stopped(home, "job.counted", "export", home.plan)
    try:
        flow.go_on(revoking)
        assert flow.go_on(export, code=None).code != 0
    finally:
        revoking.kill()
        export.kill()
    assert list((home.path / "outbox").glob("*.tar")) == []
    assert home.json("plan", "list")[0]["state"] == "ended"
    home.az("ledger", "verify")


@pytest.mark.parametrize("step", ["job.started", "job.built",
                                  "job.exported"])
def test_a_revocation_meanwhile(packed_once, fault, tmp_path, step):
    """After `export-started` it is a recall: nothing leaves any more."""
    home, _ = begun(packed_once, fault, tmp_path, step)
    home.az("plan", "accept", packed_once.back)
    said = home.az("export", home.plan, code=None)
    assert said.code == 1, said
    assert list((home.path / "outbox").glob("*.tar")) == []
    kinds = [e["kind"] for e in home.json("ledger", "show")]
    assert "released" not in kinds and "revocation" in kinds
    assert list((home.path / "run/plans").iterdir()) == []
    assert list((home.path / "tmp").iterdir()) == []
    home.az("ledger", "verify")


@pytest.mark.parametrize("step", ["job.started", "job.built",
                                  "job.exported"])
def test_expired_meanwhile(packed_once, fault, tmp_path, step):
    """A plan whose time is over releases nothing, and leaves no secret."""
    home, _ = begun(packed_once, fault, tmp_path, step)
    day = flow.in_days(31)
    said = home.az("export", home.plan, code=None, now=day)
    assert said.code == 1, said
    assert list((home.path / "outbox").glob("*.tar")) == []
    kinds = [e["kind"] for e in home.json("ledger", "show", now=day)]
    assert "released" not in kinds
    assert list((home.path / "run/plans").iterdir()) == []
    assert list((home.path / "tmp").iterdir()) == []
