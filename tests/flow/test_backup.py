"""Backups: taken while others work, and made a home again."""
import hashlib
import re
import shutil
import subprocess

import pytest

import flow
from flow import line, lines

U = "U" + "0123456789abcdef" * 2


def take(home, folder):
    """(vault set, erase set) of a backup made now."""
    home.az("backup", folder)
    erase, vault = sorted(folder.iterdir())
    return vault, erase


def restore(home, sets, folder, **options):
    """The home they make; on failure nothing is left."""
    folder.mkdir()
    other = home.copy(folder)
    shutil.rmtree(other.path)
    ran = other.az("restore", other.path, *sets, "--gateway-key",
                   home.path / "keys/gateway.key", **options)
    other.said = ran.err
    if ran.code != 0:
        assert not other.path.exists()
    return other


def relist(folder):
    """The list written anew, as somebody might who wants to mix files."""
    path = folder / "backup.txt"
    text = re.sub(r"(file-[0-9]+: )[0-9a-f]{64} (.*)",
                  lambda m: m.group(1) + hashlib.sha256(
                      (folder / m.group(2)).read_bytes()).hexdigest() +
                  " " + m.group(2), path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")


def withdraw(home, who):
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            "--now", stdin=who + "\n")


def test_backup_and_back(home, tmp_path):
    home.az("intake", "14", lines(tmp_path / "f", line("response", "r1", U)))
    home.az("backup", tmp_path / "b")
    erase, vault = sorted((tmp_path / "b").iterdir())
    assert [erase.name[:6], vault.name[:6]] == ["erase-", "vault-"]
    names = {p.name for p in vault.rglob("*")}
    assert "erase.db" not in names and "keys" not in names
    assert "run" not in names and "gateway.key" not in names
    assert {p.name for p in erase.rglob("*") if p.is_file()} == {
        "erase.db", "erase-14.key", "backup.txt"}
    assert home.json("ledger", "show")[-1]["kind"] == "backup"
    # The disk is lost; the gateway's key was kept.
    kept = [home.path / "keys/gateway.key"]
    lost = home.path.rename(tmp_path / "lost")
    shutil.copytree(vault, home.path)
    shutil.copytree(erase, home.path, dirs_exist_ok=True)
    for path in kept:
        shutil.copyfile(lost / path.relative_to(home.path), path)
        path.chmod(0o600)
    home.az("ledger", "verify")
    assert flow.records(home)["survey"] == 1
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            "--now", stdin=U + "\n")
    home.az("ledger", "verify")


def test_old_erase_folder_is_refused(home, tmp_path):
    """After an erasure nothing of an older erase folder can be used."""
    home.az("intake", "14", lines(tmp_path / "f", line("response", "r1", U)))
    home.az("backup", tmp_path / "b")
    erase = sorted((tmp_path / "b").iterdir())[0]
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            "--now", stdin=U + "\n")
    shutil.copytree(erase, home.path, dirs_exist_ok=True)
    home.az("erase", "run", "14", code=5)


# ---- restore ----

PERSON = "U" + "%032x"


def answers(path, first, count):
    return lines(path, *(text for i in range(first, first + count)
                         for text in (
                             line("consent", f"c{i}", PERSON % i),
                             line("response", f"r{i}", PERSON % i))))


def test_restore(frozen, tmp_path):
    """Everything is there again, but what is never in a backup."""
    before = flow.records(frozen)
    sets = take(frozen, tmp_path / "b")
    frozen.az("intake", "14", answers(tmp_path / "late", 50000, 3))
    other = restore(frozen, sets, tmp_path / "r")
    assert f"{frozen.plan} has ended" in other.said
    assert "Withdrawals first" in other.said
    kinds = [e["kind"] for e in other.json("ledger", "show")]
    assert kinds[-3:] == ["backup", "restore", "plan-ended"]
    assert flow.records(other) == before
    assert len(flow.recover(other)) == before["survey"] + before["register"]
    other.az("ledger", "verify")
    # and it goes on
    other.plan = flow.freeze(other)
    officers = flow.Officers(other)
    officers.approve_fully(other.plan)
    other.az("export", other.plan)
    flow.az("verify", next((other.path / "outbox").glob("*.tar")))


def test_restore_takes_either_order_and_no_used_folder(home, tmp_path):
    vault, erase = take(home, tmp_path / "b")
    restore(home, (erase, vault), tmp_path / "r")
    home.az("restore", home.path, vault, erase, "--gateway-key",
            home.path / "keys/gateway.key", code=1)
    home.az("status")
    for sets, code in (((vault, vault), 2), ((erase, erase), 2),
                       ((vault, tmp_path / "none"), 4)):
        restore(home, sets, tmp_path / f"x{sets[1].name}", code=code)


@pytest.fixture(scope="module")
def pair(ready, tmp_path_factory):
    """A home with an old and a new backup; in between came answers of new
    people, and with ERASED also an erasure."""
    made = {}
    for erased in (False, True):
        base = tmp_path_factory.mktemp(f"pair{erased}")
        home = ready.copy(base / "home")
        home.az("intake", "14", answers(base / "one", 0, 10))
        old = take(home, base / "old")
        home.az("intake", "14", answers(base / "two", 500, 900))
        if erased:
            withdraw(home, PERSON % 1)
        made[erased] = home, old, take(home, base / "new")
    return made


OLD = ["gateway.db", "ledger", "owners/14/vault.db", "owners/14/erase.db",
       "keys/erase-14.key"]


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("name, erased", [
    (name, erased) for name in OLD for erased in (False, True)
    if erased or not name.startswith("keys/")])
def test_one_old_store_is_refused(pair, tmp_path, name, erased, listed):
    """An old copy of any one store among newer ones; also where the list was
    written anew for it.  (Between two erasures the key is one and the same.)"""
    home, old, new = pair[erased]
    sets = []
    for before, now in zip(old, new):
        mixed = tmp_path / now.name
        shutil.copytree(now, mixed)
        if (before / name).is_dir():
            shutil.rmtree(mixed / name)
            shutil.copytree(before / name, mixed / name)
        elif (before / name).exists():
            shutil.copyfile(before / name, mixed / name)
        if listed:
            text = (mixed / "backup.txt").read_text(encoding="utf-8")
            gone = [m for m in re.findall(r"file-[0-9]+: \S+ (.*)", text)
                    if not (mixed / m).exists()]
            kept = [m for m in text.splitlines()
                    if m.split(" ")[-1] not in gone]
            n = 0
            for i, row in enumerate(kept):
                if row.startswith("file-"):
                    n += 1
                    kept[i] = re.sub(r"^file-[0-9]+", f"file-{n:02d}", row)
            (mixed / "backup.txt").write_text("\n".join(kept) + "\n",
                                              encoding="utf-8")
            relist(mixed)
        sets.append(mixed)
    other = restore(home, sets, tmp_path / "r", code=None)
    assert not other.path.exists(), other.said
    if not listed:
        assert "older copy" in other.said or "not found" in other.said


def test_sets_of_two_backups(pair, tmp_path):
    home, old, new = pair[True]
    for i, sets in enumerate(((old[0], new[1]), (new[0], old[1]))):
        other = restore(home, sets, tmp_path / f"r{i}", code=5)
        assert "different backups" in other.said
    restore(home, new, tmp_path / "good")


@pytest.mark.parametrize("key, both", [
    ("ledger-root", True), ("ledger-root", False), ("ledger-size", False),
    ("taken", False)])
def test_a_list_that_tells_of_another_ledger(pair, tmp_path, key, both):
    """Both lists say the same, and the ledger is the one they say."""
    home, _, new = pair[False]
    sets = [tmp_path / s.name for s in new]
    for source, target in zip(new, sets):
        shutil.copytree(source, target)
    for folder in sets if both else sets[1:]:
        listing = folder / "backup.txt"
        text = listing.read_text(encoding="utf-8")
        value, = re.findall(f"^{key}: (.*)$", text, re.M)
        other = {"ledger-root": "0" * 64, "ledger-size": "7",
                 "taken": "2026-01-01T00:00:00Z"}[key]
        listing.write_text(text.replace(f"{key}: {value}", f"{key}: {other}"),
                           encoding="utf-8")
    other = restore(home, sets, tmp_path / "r", code=5)
    assert ("not those of the backup" if both else
            "different backups") in other.said


@pytest.mark.parametrize("kind, name", [
    (1, "keys/erase-14.key.next"), (1, "keys/erase-14x.key"),
    (1, "keys/erase-14.key/x"), (1, "keys/gateway.key"),
    (1, "owners/14/vault.db"), (0, "owners/xx/vault.db"),
    (0, "owners/14/erase.db"), (0, "run/plans/PLAN-2026-0001.key")])
def test_a_list_of_other_files(pair, tmp_path, kind, name):
    """Nothing is laid into a home but what a set of its kind holds."""
    home, _, new = pair[False]
    sets = [tmp_path / s.name for s in new]
    for source, target in zip(new, sets):
        shutil.copytree(source, target)
    listing = sets[kind] / "backup.txt"
    text = listing.read_text(encoding="utf-8")
    last = len(re.findall("^file-", text, re.M))
    listing.write_text(f"{text}file-{last + 1:02d}: {'0' * 64} {name}\n",
                       encoding="utf-8")
    other = restore(home, sets, tmp_path / "r", code=3)
    assert f"{name} does not belong" in other.said


@pytest.mark.parametrize("change", ["flip", "cut", "gone", "more", "plain"])
def test_bad_files(pair, tmp_path, change):
    home, _, new = pair[False]
    sets = [tmp_path / s.name for s in new]
    for source, target in zip(new, sets):
        shutil.copytree(source, target)
    path = sets[0] / "owners/14/vault.db"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if change == "flip":
        path.write_bytes(bytes(data))
        relist(sets[0])         # the last page is read, not only the digest
    elif change == "cut":
        path.write_bytes(path.read_bytes()[:-16384])
    elif change == "gone":
        path.unlink()
    elif change == "more":
        listing = sets[0] / "backup.txt"
        text = listing.read_text(encoding="utf-8")
        last = len(re.findall("^file-", text, re.M))
        listing.write_text(f"{text}file-{last + 1:02d}: {'0' * 64} "
                           "keys/erase-14.key\n", encoding="utf-8")
    else:
        path.write_bytes(b"SQLite format 3\0" + bytes(data[16:]))
        relist(sets[0])
    restore(home, sets, tmp_path / "r", code=None)
    assert not (tmp_path / "r/home").exists()


# ---- while others work ----

def test_during_intake(home, tmp_path):
    """Lines go on coming in; what is in the copy has its keys, and can be
    read by the seats."""
    home.az("intake", "14", answers(tmp_path / "first", 0, 50))
    with subprocess.Popen(
            [flow.AZUKARI, "--home", home.path, "--key-file", home.key_file,
             "intake", "14", "-"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=flow.environment()) as process:
        text = answers(tmp_path / "more", 1000, 30000).read_bytes()
        half = text.index(b"\n", len(text) // 2) + 1
        process.stdin.write(text[:half])
        process.stdin.flush()
        sets = take(home, tmp_path / "b")
        assert process.poll() is None
        process.stdin.write(text[half:])
        process.stdin.close()
        said = process.stderr.read()
        assert process.wait() == 0, said
    assert flow.records(home)["survey"] == 30050
    other = restore(home, sets, tmp_path / "r")
    kept = flow.records(other)
    assert kept["open"] == 0 and 50 <= kept["survey"] <= 30050
    assert len(flow.recover(other)) == kept["survey"] + kept["register"]
    other.az("ledger", "verify")


@pytest.mark.parametrize("round_", range(3))
def test_during_an_erasure(home, tmp_path, round_):
    """Both at once: each is whole, whoever comes first."""
    home.az("intake", "14", answers(tmp_path / "first", 0, 40))
    for i in range(5):
        home.az("withdraw", "14", "--respondent-file", "-", "--source",
                "line", stdin=PERSON % i + "\n")
    common = [flow.AZUKARI, "--home", home.path, "--key-file", home.key_file]
    with subprocess.Popen([*common, "erase", "run", "14", "--now"],
                          stderr=subprocess.PIPE,
                          env=flow.environment()) as erasing:
        sets = take(home, tmp_path / "b")
        said = erasing.stderr.read()
        assert erasing.wait() == 0, said
    other = restore(home, sets, tmp_path / f"r{round_}")
    erased = other.json("status")["owners"][0]["erased"]
    assert erased in (0, 5)
    assert len(flow.recover(other)) == 2 * (40 - erased)
    other.az("ledger", "verify")


@pytest.mark.parametrize("step", ["withdraw.marked", "erase.keys",
                                  "erase.rotated"])
def test_after_a_dead_erasure(home, fault, tmp_path, step):
    home.az("intake", "14", answers(tmp_path / "first", 0, 4))
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            "--now", stdin=PERSON % 1 + "\n", program=fault, code=None,
            env={"AZUKARI_KILL_AT": step})
    sets = take(home, tmp_path / "b")
    other = restore(home, sets, tmp_path / "r")
    other.az("erase", "run", "14", "--now")
    other.az("ledger", "verify")
    assert other.json("status")["owners"][0]["erased"] == 1
