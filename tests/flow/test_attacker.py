"""What stolen files give: contrib/attacker.py against homes with an erasure in
them, and a search for what must be in no file at all."""
import importlib.util
import pathlib
import re
import shutil
import subprocess

import pytest

import flow
from flow import line, lines

pytest.importorskip("nacl", reason="no python3-nacl")
for program in ("age", "sqlcipher", "openssl"):
    if not shutil.which(program):
        pytest.skip(f"no {program}", allow_module_level=True)

SCRIPT = flow.ROOT / "contrib" / "attacker.py"
U = "U" + "0123456789abcdef" * 2
V = "U" + "fedcba9876543210" * 2
MARK = "respondent-mark-7391"        # an id that is no LINE id
PEOPLE = {U, V, MARK}


def load():
    spec = importlib.util.spec_from_file_location("attacker", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


attacker = load()


def copy_file(source, target):
    """With the WAL, if there is one."""
    shutil.copyfile(source, target)
    wal = pathlib.Path(f"{source}-wal")
    if wal.exists():
        shutil.copyfile(wal, f"{target}-wal")
    return target


@pytest.fixture(scope="module")
def stolen(ready, tmp_path_factory):
    """A home in which U withdrew and was erased; old/ holds vault.db, erase.db
    and its key from before, new/ erase.db and its key from after."""
    home = ready.copy(tmp_path_factory.mktemp("stolen"))
    texts = []
    for i, who in enumerate(sorted(PEOPLE)):
        texts += [line("consent", f"c{i}", who,
                       time="2020-04-01T11:00:00+09:00"),
                  line("response", f"r{i}", who)]
    home.az("intake", "14", lines(home.folder / "f", *texts))
    (home.folder / "f").unlink()
    for name in ("old", "new"):
        if name == "new":
            home.az("withdraw", "14", "--respondent-file", "-", "--source",
                    "line", "--now", stdin=U + "\n")
        folder = home.folder / name
        folder.mkdir()
        for file in ("vault.db", "erase.db"):
            copy_file(home.path / "owners/14" / file, folder / file)
        shutil.copyfile(home.path / "keys/erase-14.key",
                        folder / "erase-14.key")
    return home


def attack(home, seats, **files):
    identities = [(s, attacker.recover.read_identity(
        flow.opened_identity(home.seats["14"][s]))) for s in seats]
    unlock = home.key_file.read_bytes()
    found, counts = attacker.attack(str(home.path), unlock, "14", identities,
                                    **{k: str(v) for k, v in files.items()})
    return {r["user"] for r in found}, counts


# ---- seats ----

def test_two_seats_read_everybody_but_the_erased(stolen):
    for seats in ("ab", "bc", "abc"):
        people, counts = attack(stolen, seats)
        assert people == PEOPLE - {U}
        # A consent and an answer each.
        assert (counts["records"], counts["read"]) == (6, 4)


def test_one_seat_and_every_gateway_key_read_nobody(stolen):
    for seats in ("", "a", "b", "c"):
        people, counts = attack(stolen, seats)
        assert people == set()
        assert counts["records"] == 6 and counts["read"] == 0


def test_before_the_erasure_the_same_person_is_read(stolen):
    """The control: an attacker who finds nothing must be able to."""
    old = stolen.folder / "old"
    people, counts = attack(stolen, "ab", vault=old / "vault.db",
                            erase=old / "erase.db",
                            erase_key=old / "erase-14.key")
    assert people == PEOPLE and counts["read"] == 6


# ---- backups ----

def test_old_vault_with_the_present_erase_store(stolen):
    """A backup of vault.db from before gives nobody back."""
    assert attack(stolen, "ab",
                  vault=stolen.folder / "old/vault.db")[0] == PEOPLE - {U}


def test_old_erase_store_under_the_present_key(stolen):
    """Its pages are under a key that is gone."""
    with pytest.raises(attacker.Refused):
        attack(stolen, "ab", erase=stolen.folder / "old/erase.db")


def test_old_erase_store_with_its_key_still_reads(stolen):
    """The honest limit: until the last backup of both is gone."""
    old = stolen.folder / "old"
    assert attack(stolen, "ab", erase=old / "erase.db",
                  erase_key=old / "erase-14.key")[0] == PEOPLE
    assert attack(stolen, "a", erase=old / "erase.db",
                  erase_key=old / "erase-14.key")[0] == set()


# ---- remnants ----

def keys_of(home, folder):
    return attacker.GatewayKeys(str(home.path), home.key_file.read_bytes(),
                                "14", str(folder / "erase-14.key"))


def key_entries(home, folder):
    keys = keys_of(home, folder)
    db = attacker.recover.Database(str(folder / "erase.db"), keys.erase,
                                   attacker.CIPHER)
    return attacker.recover.blocks(
        db, "key_block",
        attacker.recover.KEYS_PER_BLOCK[attacker.recover.layout_of(db)],
        attacker.recover.KEY_ENTRY)


def test_no_page_holds_the_deleted_key(stolen, tmp_path):
    """Raw pages and WAL, free pages included; and the control: keys that are
    there are found by the same search."""
    old, new = (shutil.copytree(stolen.folder / n, tmp_path / n)
                for n in ("old", "new"))
    windows = {}
    for folder in (old, new):
        windows[folder] = attacker.windows(
            str(folder / "erase.db"), keys_of(stolen, folder).erase)
    before = {e[2:] for e in key_entries(stolen, old).values()} - {bytes(32)}
    after = {e[2:] for e in key_entries(stolen, new).values()} - {bytes(32)}
    assert (len(before), len(after)) == (3, 2)
    gone, = before - after
    assert gone in windows[old] and gone not in windows[new]
    assert after <= windows[new]
    # Nor in any file of the home as it lies there.
    for path in stolen.path.rglob("*"):
        if path.is_file():
            assert gone not in path.read_bytes()


# ---- marks ----

def find_marks(folder, marks):
    """(file, mark) for every file that holds a mark: plain, UTF-16, in hex, or
    inside any zstd frame of it."""
    found = set()
    for path in pathlib.Path(folder).rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        views = [data]
        for frame in re.finditer(re.escape(b"\x28\xb5\x2f\xfd"), data):
            views.append(subprocess.run(
                ["zstd", "-dcq"], input=data[frame.start():],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                check=False).stdout)
        for mark in marks:
            raw = mark.encode()
            shapes = [raw, mark.encode("utf-16-le"),
                      mark.encode("utf-16-be"), raw.hex().encode()]
            if re.fullmatch("U[0-9a-f]{32}", mark):
                shapes += [bytes.fromhex(mark[1:]), raw[1:]]
            if any(s in v for s in shapes for v in views):
                found.add((path.name, mark))
    return found


def test_the_search_finds_what_is_planted(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"x" * 100 + MARK.encode())
    (tmp_path / "wide").write_bytes(b"\0" + MARK.encode("utf-16-le"))
    (tmp_path / "raw").write_bytes(b"--" + bytes.fromhex(U[1:]))
    (tmp_path / "none").write_bytes(b"respondent-mark-7392")
    subprocess.run(["zstd", "-q", plain, "-o", tmp_path / "packed"],
                   check=True)
    assert find_marks(tmp_path, PEOPLE) == {
        ("plain", MARK), ("packed", MARK), ("wide", MARK), ("raw", U)}


def test_no_file_of_the_home_holds_a_mark(stolen):
    assert find_marks(stolen.path, PEOPLE) == set()
    for name in ("old", "new"):
        assert find_marks(stolen.folder / name, PEOPLE) == set()


def test_nor_while_a_process_dies(home, fault, tmp_path):
    """WAL and temporary files as a killed intake leaves them."""
    f = lines(tmp_path / "f", line("response", "r1", MARK),
              "not json " + MARK)
    died = home.az("intake", "14", f, program=fault, code=None,
                   env={"AZUKARI_KILL_AT": "ingest.batch"})
    assert died.code == flow.KILLED
    assert (home.path / "owners/14/vault.db-wal").stat().st_size > 0
    assert find_marks(home.path, [MARK]) == set()
