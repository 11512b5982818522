"""A small log of somebody else's with its whole past: 15 leaves and 17
checkpoints, made by the Go project's own packages, in the ways in which such a
log is handed over, and with every part of it changed."""
import os
import pathlib
import shutil
import subprocess

import pytest

import flow

GO = pathlib.Path("/usr/share/gocode/src/golang.org/x/mod")
LEAVES = 15


@pytest.fixture(scope="session")
def maker(tmp_path_factory):
    if not shutil.which("go") or not GO.is_dir():
        pytest.skip("no go: apt install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("foreign-log")
    env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode",
               GOCACHE=str(folder / "cache"), GOFLAGS="")
    subprocess.run(["go", "build", "-o", folder / "foreign-log", "."],
                   cwd=flow.ROOT / "tests/tools/foreign-log", env=env,
                   check=True)
    return folder / "foreign-log"


def make(maker, folder, *flags, sizes=range(LEAVES + 1)):
    """Tiles and `checkpoint` in FOLDER/log, the past beside them: 17 in all."""
    subprocess.run([maker, *flags, folder, *map(str, sizes)], check=True)
    log = folder / "log"
    for size in sizes:
        (folder / f"checkpoint-{size}").rename(log / f"checkpoint.{size}")
    assert len(list(log.glob("checkpoint*"))) == len(sizes) + 1
    return log, (folder / "vkey").read_text().strip()


@pytest.fixture
def made(maker, tmp_path):
    return make(maker, tmp_path / "made")


def verify(folder, vkey, *more, code=0, **options):
    return flow.az("ledger", "verify", folder, "--vkey", vkey, *more,
                   code=code, **options)


def holds(said, checkpoints=LEAVES + 1):
    assert f"all {LEAVES} entries and every tile" in said.err
    assert "this is not an Azukari ledger" in said.err
    assert said.err.count("is a part of this ledger") == checkpoints


def past(log, folder, names="checkpoint-{}"):
    """The past taken away from beside the tiles, into FOLDER."""
    folder.mkdir()
    for size in range(LEAVES + 1):
        (log / f"checkpoint.{size}").rename(folder / names.format(size))
    return folder


@pytest.fixture(scope="session")
def theirs(maker, tmp_path_factory):
    """contrib's verifier, on Go's own packages."""
    folder = tmp_path_factory.mktemp("verify-ledger")
    env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode",
               GOCACHE=str(folder / "cache"), GOFLAGS="")
    subprocess.run(["go", "build", "-o", folder / "verify-ledger", "."],
                   cwd=flow.ROOT / "contrib/go/verify-ledger", env=env,
                   check=True)

    def run(log, vkey, *older):
        done = subprocess.run([folder / "verify-ledger", "log", log, vkey,
                               *older], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout + done.stderr

    return run


# ---- as it is handed over ----

def test_both_verifiers_of_the_whole_past(made, theirs, tmp_path):
    """Also of size 0, for which the Go packages have no proof; and with only
    full tiles left where there were partial ones."""
    log, vkey = made
    older = sorted(log.glob("checkpoint.*"))
    code, said = theirs(log, vkey, *older)
    assert code == 0 and said.count("a prefix") == LEAVES + 1, said
    good = older[0].read_bytes()
    assert good.splitlines()[1] == b"0"
    older[0].write_bytes(good.replace(b"47DEQ", b"57DEQ", 1))
    assert theirs(log, vkey, *older)[0] == 1
    refused(log, vkey)
    older[0].write_bytes(good)
    shutil.copy(older[0], log / "checkpoint")
    assert theirs(log, vkey)[0] == 0
    for path in older[1:]:
        path.unlink()
    assert "all 0 entries" in verify(log, vkey).err


def test_a_year_of_a_foreign_log_is_refused(made):
    log, vkey = made
    said = flow.az("ledger", "report", log, "--vkey", vkey, "--period",
                   "2026-04..2027-03", code=3).err
    assert "no entry of an Azukari ledger" in said


def test_full_bundles_stand_for_partial_ones(maker, theirs, tmp_path):
    log, vkey = make(maker, tmp_path / "made", sizes=[100, 300])
    for partial in (log / "tile").rglob("000.p"):
        if partial.parent.name in ("0", "entries"):
            shutil.rmtree(partial)
    shutil.copy(log / "checkpoint.100", log / "checkpoint")
    (log / "checkpoint.300").unlink()
    code, said = theirs(log, vkey)
    assert code == 0 and "100 entries" in said, said
    assert "all 100 entries" in verify(log, vkey).err



def test_the_past_beside_the_tiles(made):
    log, vkey = made
    holds(verify(log, vkey))
    assert verify(log, vkey, "--json").result["checkpoints"] == LEAVES + 1
    holds(verify(f"file://{log}", vkey))
    (log / "checkpoint").unlink()
    holds(verify(log, vkey))


def test_the_past_elsewhere(made, tmp_path):
    """A folder of checkpoints, each by its name, behind DIR or --from."""
    log, vkey = made
    holds(verify(log, vkey), LEAVES + 1)
    old = past(log, tmp_path / "past")
    holds(verify(log, vkey), 0)
    files = sorted(old.iterdir())
    every = [word for f in files for word in ("--from", f)]
    for more in (["--from", old], [old], files, every,
                 ["--from", files[3], *files]):
        want = LEAVES + 2 if len(more) == 18 else LEAVES + 1
        holds(verify(log, vkey, *more), want)
    shutil.copytree(old, log / "checkpoints")
    holds(verify(log, vkey))
    (tmp_path / "empty").mkdir()
    assert "holds no checkpoint" in verify(
        log, vkey, "--from", tmp_path / "empty", code=4).err
    assert verify(log, vkey, "--from", tmp_path / "absent",
                  code=None).code not in (0, 2)


def test_each_checkpoint_as_the_present_one(made, tmp_path):
    """The log as it was at each size: alone, and with its future beside it."""
    log, vkey = made
    for size in range(LEAVES + 1):
        shutil.copy(log / f"checkpoint.{size}", log / "checkpoint")
        holds(verify(log, vkey))
    old = past(log, tmp_path / "past")
    for size in range(LEAVES + 1):
        shutil.copy(old / f"checkpoint-{size}", log / "checkpoint")
        said = verify(log, vkey, *(old / f"checkpoint-{n}"
                                   for n in range(size + 1)))
        assert f"all {size} entries" in said.err
        if size < LEAVES:
            assert "entries were removed, or this is an old copy" in verify(
                log, vkey, old / f"checkpoint-{size + 1}", code=5).err
    # only the widest tiles were copied
    for partial in (log / "tile").rglob("*.p"):
        for tile in partial.iterdir():
            if tile.name != str(LEAVES):
                tile.unlink()
    for size in (1, 2, 7, 8, 14):
        shutil.copy(old / f"checkpoint-{size}", log / "checkpoint")
        assert f"all {size} entries" in verify(log, vkey).err


def test_sizes_that_come_again(maker, tmp_path):
    log, vkey = make(maker, tmp_path / "made", sizes=[0, 1, 15])
    for n in range(14):
        shutil.copy(log / f"checkpoint.{1 if n % 2 else 15}",
                    log / f"checkpoint.again{n}")
    holds(verify(log, vkey), 17)


@pytest.mark.parametrize("flags,more", [
    (["-strangers", "12"], []),
    (["-extension", "an extension of somebody's"], []),
    (["-origin", "go.sum database tree", "-key", "sum.example"],
     ["--origin", "go.sum database tree"]),
    (["-origin", "other.example/log", "-key", "a"],
     ["--origin", "other.example/log"]),
])
def test_logs_unlike_ours(maker, tmp_path, flags, more):
    log, vkey = make(maker, tmp_path / "made", *flags)
    holds(verify(log, vkey, *more))
    if more:
        said = verify(log, vkey, code=None)
        assert said.code != 0 and "give --origin" in said.err
        assert f'"{more[1]}"' in said.err
        assert "--origin 名前" in verify(log, vkey, "--lang", "ja",
                                       code=None).err
    assert verify(log, vkey, "--origin", "no such name",
                  code=None).code not in (0, 2)


def test_a_witness_key_is_no_log_key(made, tmp_path):
    log, vkey = made
    phrase = tmp_path / "phrase"
    phrase.write_text("twelve words\n")
    phrase.chmod(0o600)
    flow.az("witness", "init", tmp_path / "w", "--name", "w.example", "--log",
            vkey, "--work-factor", "10", "--passphrase-file", phrase)
    assert "a witness has another" in verify(
        log, tmp_path / "w/witness.vkey", code=None).err


# ---- with any part changed ----

def refused(log, vkey, *more):
    ran = verify(log, vkey, *more, code=None)
    assert ran.code not in (0, 2) and len(ran.err) > 30, ran.err
    assert "every tile" not in ran.err
    return ran.err


def test_every_byte_of_a_checkpoint(made):
    log, vkey = made
    for name in ("checkpoint", "checkpoint.0", "checkpoint.9"):
        path = log / name
        good = path.read_bytes()
        for at in range(len(good)):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) +
                             good[at + 1:])
            refused(log, vkey)
        for bad in (b"", good[:-1], good + b"\n", good[:60], good * 2,
                    good.replace(b"\n", b"\r\n")):
            path.write_bytes(bad)
            refused(log, vkey)
        path.write_bytes(good)
    holds(verify(log, vkey))


def test_every_byte_of_the_tiles(made):
    log, vkey = made
    for name in (f"tile/0/000.p/{LEAVES}", f"tile/entries/000.p/{LEAVES}"):
        path = log / name
        good = path.read_bytes()
        for at in range(0, len(good), 3):
            path.write_bytes(good[:at] + bytes([good[at] ^ 0x10]) +
                             good[at + 1:])
            refused(log, vkey)
        for bad in (b"", good[:-1], good + b"\0", good[32:] + good[:32]):
            path.write_bytes(bad)
            refused(log, vkey)
        path.unlink()
        refused(log, vkey)
        path.write_bytes(good)
    holds(verify(log, vkey))


def test_a_past_of_another_tree(maker, made, tmp_path):
    """Signed by the same key: the proof of it is portable.  By another: not
    a checkpoint of this log."""
    log, vkey = made
    other, other_vkey = make(maker, tmp_path / "other")
    shutil.copy(other / "checkpoint.4", log / "checkpoint.4")
    assert "is not signed by the key of" in refused(log, vkey)
    assert "is not signed by the key of" in refused(log, other_vkey)
    # the right text under another's signature, and the other way round
    good = (log / "checkpoint.5").read_bytes()
    head, sign = good.rsplit(b"\n\n", 1)
    (log / "checkpoint.4").write_bytes(
        (log / "checkpoint.6").read_bytes().rsplit(b"\n\n", 1)[0] +
        b"\n\n" + sign)
    assert "is not signed by the key of" in refused(log, vkey)
