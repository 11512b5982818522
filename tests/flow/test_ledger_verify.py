"""`ledger verify`: at home, on a copy, from an older checkpoint, and on a log
that is not ours, made by the Go project's own packages."""
import contextlib
import functools
import gzip
import hashlib
import http.server
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

import flow

GO = pathlib.Path("/usr/share/gocode/src/golang.org/x/mod")
SIZES = [1, 2, 3, 15, 255, 256, 257, 700]


@pytest.fixture(scope="session")
def foreign_once(tmp_path_factory):
    if not shutil.which("go") or not GO.is_dir():
        pytest.skip("no go: apt install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("foreign")
    env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode",
               GOCACHE=str(folder / "cache"), GOFLAGS="")
    subprocess.run(["go", "run", ".", str(folder), *map(str, SIZES)],
                   cwd=flow.ROOT / "tests/tools/foreign-log", env=env,
                   check=True)
    return folder


@pytest.fixture
def foreign(foreign_once, tmp_path):
    shutil.copytree(foreign_once / "log", tmp_path / "log")
    return tmp_path / "log"


def verify(folder, vkey, *more, code=0, **options):
    return flow.az("ledger", "verify", folder, "--vkey", vkey, *more,
                   code=code, **options)


# ---- a log that is not ours ----

def test_a_foreign_log_holds(foreign, foreign_once):
    vkey = foreign_once / "vkey"
    older = []
    for size in SIZES:
        older += ["--from", foreign_once / f"checkpoint-{size}"]
    said = verify(foreign, vkey, *older)
    assert "all 700 entries and every tile" in said.err
    assert "this is not an Azukari ledger" in said.err
    assert said.err.count("is a part of this ledger") == len(SIZES)
    assert "go.example/foreign" in said.out and "700" in said.out
    doc = verify(foreign, vkey, "--json").result
    assert (doc["size"], doc["azukari"]) == (700, False)


def tiles(folder):
    """The files of a tree of 700 leaves; there are older partial ones, too."""
    return [folder / "tile" / name for name in (
        "0/000", "0/001", "0/002.p/188", "1/000.p/2", "entries/000",
        "entries/001", "entries/002.p/188")]


def test_every_tile_of_a_foreign_log_counts(foreign, foreign_once):
    """One byte changed, a tile cut, lengthened or gone: each is named."""
    vkey = foreign_once / "vkey"
    for path in tiles(foreign):
        good = path.read_bytes()
        for bad in (good[:50] + bytes([good[50] ^ 1]) + good[51:],
                    good[:-1], good + b"\0", None):
            if bad is None:
                path.unlink()
            else:
                path.write_bytes(bad)
            said = verify(foreign, vkey, code=5).err
            assert "what the entries make it" in said or "root" in said, \
                (path, said)
            path.write_bytes(good)
    verify(foreign, vkey)


def test_a_foreign_checkpoint_is_held_to_its_key(foreign, foreign_once):
    vkey = foreign_once / "vkey"
    checkpoint = foreign / "checkpoint"
    good = checkpoint.read_bytes()
    for old, new in ((b"\n700\n", b"\n699\n"), (b"go.example", b"no.example"),
                     ("— go".encode(), "— no".encode())):
        checkpoint.write_bytes(good.replace(old, new, 1))
        assert "is not signed by the key" in verify(foreign, vkey,
                                                    code=None).err
    # signatures of others do no harm, hundreds of them are refused
    line = "— other.example/x+ QUFBQUFBQUFB\n".replace("+ ", " ").encode()
    checkpoint.write_bytes(good + line * 20)
    verify(foreign, vkey)
    checkpoint.write_bytes(good + line * 500)
    assert verify(foreign, vkey, code=None).code == 3
    # an earlier one beside larger tiles is the log as it was then
    checkpoint.write_bytes((foreign_once / "checkpoint-257").read_bytes())
    assert "all 257 entries" in verify(foreign, vkey).err
    said = verify(foreign, vkey, "--from", foreign_once / "checkpoint-700",
                  code=5).err
    assert "entries were removed, or this is an old copy" in said


def test_keys_that_are_none(foreign, foreign_once, tmp_path):
    for vkey in ("nonsense", "a+b+c", tmp_path):
        assert verify(foreign, vkey, code=None).code != 0
    bad = foreign_once.joinpath("vkey").read_text().replace("+", "+0", 1)
    assert verify(foreign, bad.strip(), code=None).code != 0
    assert "holds no checkpoint" in verify(tmp_path, foreign_once / "vkey",
                                           code=4).err


# ---- ours ----

@pytest.fixture
def copied(home, tmp_path):
    """A home, an older checkpoint of it, and a copy of its ledger."""
    old = tmp_path / "old"
    shutil.copy(home.path / "ledger/checkpoint", old)
    home.az("source", "add", "14", "csv", "--namespace", "csv-14")
    copy = tmp_path / "copy"
    shutil.copytree(home.path / "ledger", copy)
    return home, old, copy


def test_a_copy_and_its_past(copied, tmp_path):
    home, old, copy = copied
    vkey = flow.ledger_vkey(home)
    said = verify(copy, vkey, "--from", old)
    assert "keep all" in said.err and "is a part of this ledger" in said.err
    assert "findings    0" in said.out
    assert "Ledger report" in said.out
    assert "older checkpoints that are a part of it  1\n" in said.out
    assert said.out.endswith("result      verified\n")
    assert "台帳検査報告" in verify(copy, vkey, "--lang", "ja").out
    # at home the same, with the documents
    home.az("ledger", "verify", "--from", old)
    # a copy that stopped: nothing is missed by looking at the newer one only
    shutil.copy(home.path / "ledger/checkpoint", tmp_path / "new")
    shutil.copy(old, copy / "checkpoint")
    said = verify(copy, vkey, "--from", tmp_path / "new", code=5).err
    assert "entries were removed" in said


def test_a_ledger_that_contradicts_itself(copied, tmp_path):
    """Two histories under one key: what an auditor keeps proves it."""
    home, old, copy = copied
    vkey = flow.ledger_vkey(home)
    other = home.copy(tmp_path / "other")
    home.az("source", "add", "14", "one", "--namespace", "one")
    seen = tmp_path / "seen"
    shutil.copy(home.path / "ledger/checkpoint", seen)
    for name in ("two", "three"):
        other.az("source", "add", "14", name, "--namespace", name)
    proof = tmp_path / "proof"
    said = verify(other.path / "ledger", vkey, "--from", old, "--from", seen,
                  "--proof", proof, code=5).err
    assert "the ledger contradicts itself" in said
    assert "two ledgers that cannot both be true" in flow.az(
        "witness", "check", proof, "--log", vkey).err
    # one bit of it, and it proves nothing
    good = proof.read_bytes()
    for at in range(25, len(good), 97):
        proof.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        assert flow.az("witness", "check", proof, "--log", vkey,
                       code=None).code != 0, at
    proof.unlink()
    assert "--proof FILE" in verify(other.path / "ledger", vkey, "--from",
                                    seen, code=5).err
    assert not proof.exists()


def test_every_bit_of_an_entry(copied):
    """A changed byte anywhere in the entries or tiles is found."""
    home, _, copy = copied
    vkey = flow.ledger_vkey(home)
    bundle = max((p for p in (copy / "tile/entries").rglob("*")
                  if p.is_file()), key=lambda p: int(p.name))
    good = bundle.read_bytes()
    for at in range(0, len(good), 211):
        bundle.write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1:])
        verify(copy, vkey, code=5)
    bundle.write_bytes(good)
    verify(copy, vkey)


def test_entries_from_the_future(copied):
    """Dated after the audit: a finding, in words."""
    home, _, _ = copied
    home.az("source", "add", "14", "late", "--namespace", "late",
            now="2033-01-01 10:00:00")
    ran = home.az("ledger", "verify", code=5)
    said = ran.err
    assert "not-in-future" in said and "dated after the audit" in said
    # what is filed says it, too, in either language
    index = len(home.json("ledger", "show")) - 1
    assert f"  {index}  source  not-in-future: no entry is dated" in ran.out
    assert "findings    1\n" in ran.out and "NOT verified" in ran.out
    ran = home.az("ledger", "verify", "--lang", "ja", code=5)
    assert "not-in-future: 検査の時より後の日時の記載はない" in ran.out
    assert "検査に不合格" in ran.out and "規則 not-in-future に反します" in ran.err
    home.az("ledger", "verify", now="2033-01-01 11:00:00")


def test_what_is_owed_is_in_the_report(frozen, officers):
    home = frozen
    officers.approve_fully(home.plan)
    home.az("export", home.plan)
    export = home.plan.replace("PLAN", "EXP")
    doc = home.az("ledger", "verify", "--json").result
    assert doc["releases"] == [{
        "owner": "14", "export": export, "receipt": "later",
        "destruction": "later", "recalled": False}]
    late = home.az("ledger", "verify", "--json",
                   now="2089-06-01 10:00:00").result["releases"][0]
    assert (late["receipt"], late["destruction"]) == ("overdue", "overdue")
    out = home.az("ledger", "verify", now="2089-06-01 10:00:00").out
    assert out.count("OVERDUE") == 2


# ---- over HTTP, as static files ----

@contextlib.contextmanager
def published(folder):
    """The folder at an address of this machine."""
    handler = functools.partial(
        type("Quiet", (http.server.SimpleHTTPRequestHandler,),
             {"log_message": lambda *_: None}), directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_published_ledger(foreign, foreign_once, copied, tmp_path):
    """Fetched file by file, checked like a copy, and nothing is left."""
    home, old, copy = copied
    env = {"TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    with published(tmp_path) as url:
        said = verify(f"{url}/log", foreign_once / "vkey", env=env)
        assert "all 700 entries and every tile" in said.err
        said = verify(f"{url}/copy", flow.ledger_vkey(home), "--from", old,
                      env=env)
        assert "keep all" in said.err
        assert "is not signed by the key" in verify(
            f"{url}/copy", foreign_once / "vkey", code=None, env=env).err
        assert "holds no checkpoint" in verify(
            f"{url}/none", foreign_once / "vkey", code=4, env=env).err
        (foreign / "tile/0/001").unlink()
        assert "has no tile/0/001" in verify(
            f"{url}/log", foreign_once / "vkey", code=4, env=env).err
        shutil.copy(foreign / "tile/0/000", foreign / "tile/0/001")
        assert "what the entries make it" in verify(
            f"{url}/log", foreign_once / "vkey", code=5, env=env).err
    assert "cannot be fetched" in verify(f"{url}/log", foreign_once / "vkey",
                                         code=None, env=env).err
    assert not list((tmp_path / "tmp").iterdir())


def test_a_server_that_compresses(foreign, foreign_once):
    """Bundles of entries stored gzipped, as many logs serve them; a bomb in one
    stays within the bound of a bundle."""
    vkey = foreign_once / "vkey"

    class Zipped(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = foreign / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            data, kind = path.read_bytes(), self.path
            self.send_response(200)
            if "entries" in kind:
                if self.server.bomb:
                    data = bytes(1 << 26)
                data = gzip.compress(data)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Zipped)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        server.bomb = False
        assert "all 700 entries" in verify(url, vkey).err
        server.bomb = True
        assert "cannot be fetched" in verify(url, vkey, code=None).err
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# ---- entries forged, cut, reordered, duplicated, foreign ----

def unbundle(data):
    entries = []
    while data:
        size = int.from_bytes(data[:2], "big")
        entries.append(data[2:2 + size])
        data = data[2 + size:]
    return entries


def put_entries(folder, entries, hash_too):
    """The one bundle of a small ledger, and its leaves where HASH_TOO."""
    width = len(unbundle(newest(folder, "entries").read_bytes()))
    newest(folder, "entries").write_bytes(b"".join(
        len(e).to_bytes(2, "big") + e for e in entries))
    if hash_too:
        newest(folder, "0").write_bytes(b"".join(
            hashlib.sha256(b"\0" + e).digest() for e in entries[:width]))


def newest(folder, level):
    return max((p for p in (folder / "tile" / level).rglob("*")
                if p.is_file()), key=lambda p: int(p.name))


def test_entries_that_were_tampered_with(copied):
    """With and without the leaves set right: only the key could hide it."""
    home, _, copy = copied
    vkey = flow.ledger_vkey(home)
    good = unbundle(newest(copy, "entries").read_bytes())
    leaves = newest(copy, "0").read_bytes()
    forged = good[3].replace(b"\nowner: 14\n", b"\nowner: 13\n")
    future = good[-1].replace(b"time: 20", b"time: 30")
    assert forged != good[3] and future != good[-1]
    for name, entries in {
            "forged": good[:3] + [forged] + good[4:],
            "cut": good[:-1],
            "cut inside": good[:3] + good[4:],
            "reordered": [good[1], good[0], *good[2:]],
            "duplicated": good[:4] + [good[3]] + good[5:],
            "one more": good + [good[-1]],
            "future-dated": good[:-1] + [future],
            "foreign": good[:2] + [b"hello\n"] + good[3:],
            "empty": good[:2] + [b""] + good[3:]}.items():
        for hash_too in (0, 1):
            newest(copy, "0").write_bytes(leaves)
            put_entries(copy, entries, hash_too)
            ran = verify(copy, vkey, code=5)
            assert "what the entries make it" in ran.err or \
                "do not hash to the root" in ran.err, (name, ran.err)
            assert "findings" not in ran.out
            newest(copy, "0").write_bytes(leaves)
            put_entries(copy, good, 0)
    verify(copy, vkey)
