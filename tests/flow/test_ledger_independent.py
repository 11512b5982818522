"""The ledger, checked by programs that are not ours.

make_log writes a ledger; contrib/verify-tlog-proof.sh (openssl and Unix tools)
and contrib/go/verify-ledger (the Go project's own sumdb packages) must accept
it as it is, and refuse it with any part changed.
"""
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AZUKARI_BUILD", ROOT / "build"))
AZUKARI = BUILD / "app" / "azukari"
SHELL = ROOT / "contrib" / "verify-tlog-proof.sh"
GO_SOURCE = ROOT / "contrib" / "go" / "verify-ledger"
SIZES = [1, 5, 256, 300, 600]


def run(*args, cwd=None):
    done = subprocess.run([str(a) for a in args], cwd=cwd, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    code, _, err = run(BUILD / "tests" / "tools" / "make_log", folder, *SIZES)
    assert code == 0, err
    return folder


@pytest.fixture(scope="module")
def go(tmp_path_factory):
    if not shutil.which("go"):
        pytest.skip("no go: apt install golang-go golang-golang-x-mod-dev")
    if not os.path.isdir("/usr/share/gocode/src/golang.org/x/mod"):
        pytest.skip("no golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode",
               GOCACHE=str(folder / "cache"), GOFLAGS="")
    subprocess.run(["go", "build", "-o", str(folder / "verify-ledger"), "."],
                   cwd=GO_SOURCE, env=env, check=True)
    return folder / "verify-ledger"


def keys(made):
    return [(made / n).read_text().strip()
            for n in ("log.vkey", "witness1.vkey", "witness2.vkey")]


def indexes(made):
    found = sorted(int(p.stem) for p in made.glob("*.entry"))
    assert found[0] == 0 and found[-1] == SIZES[-1] - 1 and len(found) > 4
    return found


def shell(made, entry, proof, *vkeys):
    return run(SHELL, entry, proof, *(vkeys or keys(made)))


# --- as it is ----------------------------------------------------------------

def test_shell_accepts_every_proof(made):
    for i in indexes(made):
        code, out, err = shell(made, made / f"{i}.entry",
                               made / f"{i}.tlog-proof")
        assert code == 0, err
        assert out.endswith("VERIFIED\n")
        assert f"entry {i} of ledger.example/azukari" in out
        assert "cosigned by witness.example/two at 1795334501" in out


def test_shell_takes_keys_from_files_and_in_any_shell(made):
    for interpreter in ("sh", "dash", "bash"):
        if not shutil.which(interpreter):
            continue
        code, out, err = run(interpreter, SHELL, "0.entry", "0.tlog-proof",
                             "log.vkey", "witness2.vkey", cwd=made)
        assert code == 0, err


def test_shell_usage_and_absent_files_are_not_a_verdict(made):
    assert run(SHELL)[0] == 2
    assert run(SHELL, made / "none", made / "0.tlog-proof",
               keys(made)[0])[0] == 2


def test_go_accepts_the_whole_ledger(made, go):
    older = [made / f"checkpoint-{n}" for n in SIZES]
    code, out, err = run(go, "log", made / "ledger", keys(made)[0], *older)
    assert code == 0, err
    assert f"{SIZES[-1]} entries, 4 tiles" in out
    assert out.count("a prefix") == len(SIZES)


def test_go_accepts_every_proof_and_consistency(made, go):
    for i in indexes(made):
        code, _, err = run(go, "proof", made / f"{i}.entry",
                           made / f"{i}.tlog-proof", *keys(made))
        assert code == 0, err
    for old, new in zip(SIZES, SIZES[1:]):
        code, _, err = run(go, "consistency", made / f"consistency-{old}-{new}",
                           keys(made)[0], made / f"checkpoint-{old}")
        assert code == 0, err


def test_ours_accepts_every_proof(made, tmp_path):
    for i in indexes(made):
        entry, proof = made / f"{i}.entry", made / f"{i}.tlog-proof"
        code, _, err = ours(tmp_path, entry, proof, keys(made))
        assert code == 0 and f"is entry {i} of ledger.example" in err, err
        code, _, err = run(AZUKARI, "ledger", "check", entry, proof,
                           "--vkey", made / "log.vkey")
        assert code == 0, err
    for words in (["--vkey", "x", "--policy", "y"], []):
        assert run(AZUKARI, "ledger", "check", entry, proof, *words)[0] == 2


def test_the_whole_ledger_by_both(made, go):
    """`ledger verify` and the Go program say the same of each checkpoint."""
    for n in SIZES:
        code, _, err = run(AZUKARI, "ledger", "verify", made / "ledger",
                           "--vkey", keys(made)[0], made / f"checkpoint-{n}")
        assert "a part of this ledger" in err, err
        assert run(go, "log", made / "ledger", keys(made)[0],
                   made / f"checkpoint-{n}")[0] == 0


# --- changed -----------------------------------------------------------------

def test_every_bit_is_judged_alike(made, go, tmp_path):
    """Bytes all over an entry, its proof and the checkpoint in it, one bit
    each, by ours and by Go; the unit tests flip every bit of every byte."""
    entry, proof = good(made)
    for which, data in (("e", entry), ("p", proof)):
        (tmp_path / "e").write_bytes(entry)
        (tmp_path / "p").write_bytes(proof)
        for at in range(0, len(data), 5):
            changed = bytearray(data)
            changed[at] ^= 1 << at % 8
            (tmp_path / which).write_bytes(changed)
            theirs = run(go, "proof", tmp_path / "e", tmp_path / "p",
                         *keys(made))[0]
            code = ours(tmp_path, tmp_path / "e", tmp_path / "p",
                        keys(made))[0]
            assert code != 0, (which, at)
            # what Go lets through are spellings that a strict reader refuses
            assert theirs == 1 or which == "p", (which, at, theirs)



def ours(folder, entry, proof, vkeys):
    """`azukari ledger check`, under a policy that asks for every witness."""
    log, *witnesses = vkeys
    (folder / "policy").write_text(
        f"log {log}\n" + "".join(
            f"witness w{i} {w}\n" for i, w in enumerate(witnesses)) +
        f"group all {len(witnesses)} " +
        " ".join(f"w{i}" for i in range(len(witnesses))) + "\nquorum all\n")
    return run(AZUKARI, "ledger", "check", entry, proof, "--policy",
               folder / "policy")


def both_refuse(made, go, folder, entry, proof, vkeys=None):
    """Both verifiers, and ours, say no, with a reason."""
    (folder / "e").write_bytes(entry)
    (folder / "p").write_bytes(proof)
    code, out, err = ours(folder, folder / "e", folder / "p",
                          vkeys or keys(made))
    assert code in (1, 3, 5) and len(err) > 30, (code, err)
    code, out, err = shell(made, folder / "e", folder / "p", *(vkeys or ()))
    assert (code, out.endswith("VERIFIED\n")) == (1, False), out
    assert "NOT VERIFIED" in err
    code, out, err = run(go, "proof", folder / "e", folder / "p",
                         *(vkeys or keys(made)))
    assert (code, "VERIFIED" in out) == (1, False), out


def good(made, i=242):
    return ((made / f"{i}.entry").read_bytes(),
            (made / f"{i}.tlog-proof").read_bytes())


def test_another_entry_is_refused(made, go, tmp_path):
    entry, proof = good(made)
    both_refuse(made, go, tmp_path, entry[:-1], proof)
    both_refuse(made, go, tmp_path, entry + b"\n", proof)
    both_refuse(made, go, tmp_path, b"", proof)
    for at in range(0, len(entry), 40):
        changed = bytearray(entry)
        changed[at] ^= 1
        both_refuse(made, go, tmp_path, bytes(changed), proof)


def test_another_place_in_the_tree_is_refused(made, go, tmp_path):
    entry, proof = good(made)
    lines = proof.split(b"\n")
    path_end = lines.index(b"")
    for index in (b"241", b"243", b"0", b"599", b"600", b"-1", b"",
                  b"99999999999999999999"):
        changed = lines[:1] + [b"index " + index] + lines[2:]
        both_refuse(made, go, tmp_path, entry, b"\n".join(changed))
    without = lines[:2] + lines[3:]
    twice = lines[:3] + lines[2:]
    swapped = lines[:2] + [lines[3], lines[2]] + lines[4:]
    longer = lines[:path_end] + [lines[2]] + lines[path_end:]
    short = lines[:2] + [b"AAAA"] + lines[3:]
    for changed in (without, twice, swapped, longer, short):
        both_refuse(made, go, tmp_path, entry, b"\n".join(changed))


def test_a_changed_checkpoint_is_refused(made, go, tmp_path):
    entry, proof = good(made)
    for old, new in ((b"\n600\n", b"\n599\n"),
                     (b"\n600\n", b"\n6000\n"),
                     (b"ledger.example/azukari\n", b"ledger.example/other\n"),
                     (b"tlog-proof@v1", b"tlog-proof@v2"),
                     (b"\n\xe2\x80\x94", b"\n-")):
        assert old in proof
        both_refuse(made, go, tmp_path, entry, proof.replace(old, new, 1))


def test_missing_and_foreign_signatures_are_refused(made, go, tmp_path):
    entry, proof = good(made)
    log, one, two = keys(made)
    head, _, signatures = proof.rpartition(b"\n\n")
    lines = signatures.splitlines(keepends=True)
    assert len(lines) == 3
    for keep in ((1, 2), (0, 2), (0, 1)):
        both_refuse(made, go, tmp_path, entry,
                    head + b"\n\n" + b"".join(lines[i] for i in keep))
    # the order of lines says nothing
    (tmp_path / "p").write_bytes(head + b"\n\n" + b"".join(lines[::-1]))
    assert shell(made, made / "242.entry", tmp_path / "p")[0] == 0
    # keys of another log and of another witness, and one with a changed id
    other = tmp_path / "other"
    other.mkdir()
    assert run(BUILD / "tests" / "tools" / "make_log", other, 1)[0] == 0
    foreign = keys(other)
    both_refuse(made, go, tmp_path, entry, proof, [foreign[0], one, two])
    both_refuse(made, go, tmp_path, entry, proof, [log, foreign[1], two])
    both_refuse(made, go, tmp_path, entry, proof, [log, one.replace(
        "one+", "one+f" if "one+f" not in one else "one+0"), two])
    both_refuse(made, go, tmp_path, entry, proof, [one, log, two])
    # a proof of the other log
    both_refuse(made, go, tmp_path, (other / "0.entry").read_bytes(),
                (other / "0.tlog-proof").read_bytes())


def test_shell_refuses_changed_bytes_all_over_the_file(made, tmp_path):
    entry, proof = good(made)
    (tmp_path / "e").write_bytes(entry)
    places = list(range(0, len(proof), 37)) + [len(proof) - 1]
    for at in places:
        changed = bytearray(proof)
        changed[at] ^= 1
        (tmp_path / "p").write_bytes(changed)
        code, out, _ = shell(made, tmp_path / "e", tmp_path / "p")
        assert code == 1 and not out.endswith("VERIFIED\n"), at
    for changed in (proof[:-1], proof[:-20], proof + b"\n", proof + b"x\n",
                    proof.replace(b"\n", b"\r\n"), b"", b"\n",
                    proof.replace(b"index 242", b"index 0242"),
                    proof.replace(b"\n", b"\x00\n", 1)):
        (tmp_path / "p").write_bytes(changed)
        code, out, _ = shell(made, tmp_path / "e", tmp_path / "p")
        assert code == 1 and not out.endswith("VERIFIED\n")


def test_shell_and_program_agree_about_the_last_bits_of_base64(made, tmp_path):
    """A second spelling of the same bytes is refused, too."""
    entry, proof = good(made)
    (tmp_path / "e").write_bytes(entry)
    at = proof.rindex(b"=\n") - 1
    alphabet = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                b"0123456789+/")
    changed = bytearray(proof)
    if changed[at] == ord("="):
        at -= 1
    changed[at] = alphabet[alphabet.index(changed[at]) ^ 1]
    (tmp_path / "p").write_bytes(changed)
    assert shell(made, tmp_path / "e", tmp_path / "p")[0] == 1


def changed_file(path, at=None, data=None):
    """Flip a byte of a file, or put other bytes there (None: remove it)."""
    if at is not None:
        data = bytearray(path.read_bytes())
        data[at] ^= 1
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)


@pytest.mark.parametrize("name,at", [
    ("tile/0/000", 0), ("tile/0/000", 8191), ("tile/0/001", 4000),
    ("tile/0/002.p/88", 40), ("tile/1/000.p/2", 33),
    ("tile/entries/000", 5), ("tile/entries/000", 0),
    ("tile/entries/001", 900), ("tile/entries/002.p/88", 77),
    ("checkpoint", 0), ("checkpoint", 25), ("checkpoint", 40),
    ("checkpoint", 130),
    ("tile/0/001", None), ("tile/1/000.p/2", None),
    ("tile/entries/002.p/88", None), ("checkpoint", None),
])
def test_go_refuses_a_damaged_ledger(made, go, tmp_path, name, at):
    copy = tmp_path / "ledger"
    shutil.copytree(made / "ledger", copy)
    changed_file(copy / name, at)
    code, out, _ = run(go, "log", copy, keys(made)[0])
    assert code == 1 and "VERIFIED" not in out
    assert run(AZUKARI, "ledger", "verify", copy, "--vkey",
               keys(made)[0])[0] not in (0, 2)


def test_go_refuses_a_checkpoint_that_is_no_prefix(made, go, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    assert run(BUILD / "tests" / "tools" / "make_log", other, 5)[0] == 0
    assert run(go, "log", made / "ledger", keys(made)[0],
               other / "checkpoint-5")[0] == 1
    text = (made / "consistency-5-256").read_bytes()
    lines = text.split(b"\n")
    for changed in (lines[:1] + lines[2:], [b"old 4"] + lines[1:],
                    [lines[0], lines[2], lines[1]] + lines[3:]):
        (tmp_path / "c").write_bytes(b"\n".join(changed))
        assert run(go, "consistency", tmp_path / "c", keys(made)[0],
                   made / "checkpoint-5")[0] == 1
    assert run(go, "consistency", made / "consistency-5-256", keys(made)[0],
               made / "checkpoint-1")[0] == 1
