"""Compaction: the sealed bytes of what was erased leave the disk, everything
else and every root stay as they were, whenever the process dies."""
import contextlib
import fcntl
import importlib.util
import shutil
import subprocess

import pytest

import flow
from flow import line, lines

pytest.importorskip("nacl", reason="no python3-nacl")
for program in ("age", "sqlcipher", "openssl"):
    if not shutil.which(program):
        pytest.skip(f"no {program}", allow_module_level=True)

U = "U" + "0123456789abcdef" * 2
V = "U" + "fedcba9876543210" * 2
STEPS = ["compact.some", "act.queued", "act.staged", "act.signed",
         "act.published", "act.logged", "compact.logged"]
PIECE = 16      # bytes of ciphertext that are looked for


def load():
    spec = importlib.util.spec_from_file_location(
        "attacker", flow.ROOT / "contrib" / "attacker.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


attacker = load()


class Disk:
    """The raw pages of a vault, as the holder of the gateway's key sees them."""

    def __init__(self, home):
        self.path = home.path / "owners/14/vault.db"
        self.files = home.path
        self.keys = attacker.GatewayKeys(
            str(home.path), home.key_file.read_bytes(), "14")

    def segments(self):
        db = attacker.recover.Database(str(self.path), self.keys.vault,
                                       attacker.CIPHER)
        for data, in list(db.rows("SELECT hex(bytes) FROM segment_body "
                                  "ORDER BY number")):
            yield attacker.recover.read_segment(bytes.fromhex(data))

    def roots(self):
        """Of every epoch, recomputed."""
        db = attacker.recover.Database(str(self.path), self.keys.vault,
                                       attacker.CIPHER)
        leaves = {}
        for epoch, data in list(db.rows(
                "SELECT s.epoch, hex(b.bytes) FROM segment s JOIN segment_body"
                " b ON b.number = s.number ORDER BY s.number")):
            records = attacker.recover.read_segment(bytes.fromhex(data))
            leaves.setdefault(epoch, []).append(
                attacker.recover.segment_leaf(records))
        return {epoch: attacker.recover.tree_root(of).hex()
                for epoch, of in leaves.items()}

    def sealed(self):
        """{respondent: pieces of the ciphertext of their records}."""
        found = {}
        for records in self.segments():
            for number, _, _, removed, data in records:
                if not removed:
                    body = data[16:-16]
                    found.setdefault(number, []).extend(
                        body[at:at + PIECE]
                        for at in range(0, len(body) - PIECE + 1, PIECE))
        return found

    def everything(self):
        """All decrypted pages, free ones and the WAL's, and every other file
        of the home as it is."""
        pages = list(attacker.raw_pages(str(self.path), self.keys.vault))
        return b"".join(pages) + b"".join(
            p.read_bytes() for p in sorted(self.files.rglob("*"))
            if p.is_file())

    def count(self, pieces):
        all_of_it = self.everything()
        return sum(piece in all_of_it for piece in pieces)


def take(home, name, *texts):
    home.az("intake", "14", lines(home.folder / name, *texts))
    (home.folder / name).unlink()


def erase(home, who):
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            "--now", stdin=who + "\n")


def entries(home, kind):
    return [e for e in home.json("ledger", "show") if e["kind"] == kind]


def waiting(home):
    owner, = home.json("status")["owners"]
    return owner["to_compact"]


@pytest.fixture(scope="module")
def erased_once(ready, tmp_path_factory):
    """U (respondent 0) and V (1) gave consents and answers in two runs; U was
    erased."""
    home = ready.copy(tmp_path_factory.mktemp("erased"))
    for run in range(2):
        take(home, "f", *[line(kind, f"{kind}{run}{who}", who)
                          for who in (U, V) for kind in (
                              "consent", "response")])
    erase(home, U)
    return home


@pytest.fixture
def erased(erased_once, tmp_path):
    return erased_once.copy(tmp_path / "erased")


def test_dead_bytes_leave_the_disk(erased):
    disk = Disk(erased)
    sealed = disk.sealed()
    before = disk.roots()
    assert set(sealed) == {0, 1} and len(sealed[0]) >= 8
    # the control: they are there, of both
    assert disk.count(sealed[0]) >= 6 and disk.count(sealed[1]) >= 6
    assert waiting(erased) == 1
    said = erased.az("compact", "14")
    assert "of 4 records" in said.err
    assert disk.count(sealed[0]) == 0
    assert set(disk.sealed()) == {1} and disk.count(sealed[1]) >= 6
    assert waiting(erased) == 0
    assert disk.roots() == before
    entry, = entries(erased, "compaction")
    assert (entry["erase-generation"], entry["records"]) == ("1", "4")
    # recover.py recomputes every root; V is as before, U is gone
    found = flow.recover(erased)
    assert [r["user"] for r in found] == [V] * 4


def test_again_there_is_nothing(erased):
    erased.az("compact", "14")
    assert "nothing to drop" in erased.az("compact", "14").err
    assert len(entries(erased, "compaction")) == 1


def test_everybody_since_the_last_time(erased):
    erase(erased, V)
    assert waiting(erased) == 2
    assert "of 8 records" in erased.az("compact", "14").err
    assert flow.recover(erased) == []
    assert entries(erased, "compaction")[-1]["records"] == "8"


@pytest.mark.parametrize("step", STEPS)
def test_death_at_each_step(erased, fault, step):
    disk = Disk(erased)
    sealed = disk.sealed()
    before = disk.roots()
    erased.az("compact", "14", program=fault, code=flow.KILLED,
              env={"AZUKARI_KILL_AT": step})
    assert disk.roots() == before
    assert [r["user"] for r in flow.recover(erased)] == [V] * 4
    erased.az("compact", "14")
    assert disk.count(sealed[0]) == 0
    assert waiting(erased) == 0
    assert disk.roots() == before
    assert [r["user"] for r in flow.recover(erased)] == [V] * 4
    assert len(entries(erased, "compaction")) == 1
    erased.az("ledger", "verify")


def test_an_export_frozen_before(frozen, officers):
    """Its plan names roots that compaction leaves alone."""
    take(frozen, "u", line("consent", "cu", U), line("response", "ru", U))
    officers.approve_fully(frozen.plan)
    person = flow.recover(frozen)[0]["user"]
    erase(frozen, person)
    frozen.az("compact", "14")
    frozen.az("export", frozen.plan)


def books(home):
    db = attacker.recover.Database(str(home.path / "owners/14/vault.db"),
                                   Disk(home).keys.vault, attacker.CIPHER)
    return [len(list(db.rows(f"SELECT 1 FROM {table}")))
            for table in ("book_row", "book_chunk")]


def test_who_was_in_an_export_is_forgotten_after_its_retention(frozen,
                                                               officers):
    officers.approve_fully(frozen.plan)
    frozen.az("export", frozen.plan)
    before = books(frozen)
    assert min(before) > 0
    assert "nothing to drop" in frozen.az("compact", "14").err
    assert books(frozen) == before
    later = "2089-04-02 10:00:00"
    said = frozen.az("compact", "14", now=later).err
    assert "who was in 1 exports past their retention" in said
    assert books(frozen) == [0, 0]
    assert "nothing to drop" in frozen.az("compact", "14", now=later).err
    frozen.az("ledger", "verify")


@contextlib.contextmanager
def locked(home, how):
    with open(home.path / "owners/14/compact.lock", "w") as f:
        fcntl.flock(f, how)
        yield


def test_export_and_compaction_wait_for_each_other(erased, frozen, officers):
    """Whoever comes second is told so and has changed nothing."""
    officers.approve_fully(frozen.plan)
    with locked(erased, fcntl.LOCK_SH), locked(frozen, fcntl.LOCK_EX):
        runs = [subprocess.Popen(
            [flow.AZUKARI, "--home", h.path, "--key-file", h.key_file, *words],
            stderr=subprocess.PIPE, text=True, env=flow.environment())
            for h, *words in ((erased, "compact", "14"),
                              (frozen, "export", frozen.plan))]
        said = [r.communicate(timeout=60)[1] for r in runs]
    assert [r.returncode for r in runs] == [6, 6], said
    assert "an export of owner 14 is running" in said[0]
    assert "compact is running for owner 14" in said[1]
    assert waiting(erased) == 1 and entries(erased, "compaction") == []
    assert entries(frozen, "export-started") == []
    erased.az("compact", "14")
    frozen.az("export", frozen.plan)
