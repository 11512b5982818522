"""contrib/recover.py, which shares no line with our C, reads what our C wrote.

make_vault writes an owner's vault; two of three seats read all of it but the
erased and the removed, one seat reads nothing, and whatever is damaged is
found and named.
"""
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AZUKARI_BUILD", ROOT / "build"))
SCRIPT = ROOT / "contrib" / "recover.py"
CIPHER = "PRAGMA cipher_page_size = 16384;"

pytest.importorskip("nacl", reason="no python3-nacl")
for program in ("age", "sqlcipher"):
    if not shutil.which(program):
        pytest.skip(f"no {program}", allow_module_level=True)


def load():
    spec = importlib.util.spec_from_file_location("recover", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recover = load()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vault")
    subprocess.run([BUILD / "tests" / "tools" / "make_vault", folder],
                   check=True)
    return folder


def run(folder, *seats, survey=True):
    args = [sys.executable, SCRIPT, "--owner-dir", folder]
    for seat in seats:
        args += ["--seat", f"{seat}={folder / (seat + '.id')}"]
    if survey:
        args += ["--survey", folder / "survey.json"]
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    return (done.returncode,
            [json.loads(line) for line in done.stdout.splitlines()],
            done.stderr)


def copy(made, tmp_path):
    return pathlib.Path(shutil.copytree(made, tmp_path / "vault"))


def keys_of(folder, seat="a"):
    text = recover.age_open((folder / f"{seat}.id").read_bytes(),
                            (folder / "recovery" / f"{seat}.age").read_bytes())
    return recover.read_text(text, "recovery")


def change(folder, file, sql):
    """Runs SQL on one of the two databases."""
    fields = keys_of(folder)
    key = fields["vault-key" if file == "vault.db" else "erase-key"]
    done = subprocess.run(
        ["sqlcipher", "-batch", "-bail", "-init", "/dev/null", folder / file],
        input=f"PRAGMA key = \"x'{key}'\";\n{CIPHER}\n{sql};\n", text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr


def without(record, *keys):
    return {k: v for k, v in record.items() if k not in keys}


# --- as it is ----------------------------------------------------------------

def test_two_seats_read_everything_that_was_not_erased(made):
    code, records, log = run(made, "a", "b")
    assert code == 0, log
    assert [(r["subject"], r["kind"], r["user"]) for r in records] == [
        ("survey t 1", "response", "U0123456789abcdef0123456789abcdef"),
        ("survey t 1", "response", "患者 2"),
        ("register", "consent", "U0123456789abcdef0123456789abcdef"),
        ("register", "withdrawal", "患者 2"),
        ("register", "quarantine", None),
        ("survey t 1", "response", "returned"),
    ]
    assert records[0] == {
        "epoch": "01" * 16, "subject": "survey t 1", "kind": "response",
        "user": "U0123456789abcdef0123456789abcdef", "source": "line",
        "consent": {"text": "ee" * 32, "scopes": ["support", "research"],
                    "given": "2020-03-27T02:59:00Z"},
        "event": "2020-03-27T03:00:00Z", "received": "2020-03-27T03:00:05Z",
        "answers": {"C": "b", "L": ["S1", "S8"], "I": 310, "J": -5,
                    "N": "36.8", "D": "2020-03-27", "B": False,
                    "P": "0010001", "T": "咳"}}
    absent = dict.fromkeys("CLIJNDBPT")
    assert records[1]["answers"] == {**absent, "C": "b"}
    assert records[5]["answers"] == {**absent, "C": "b"}
    assert records[2]["scopes"] == ["support", "research"]
    assert records[2]["text"] == "ee" * 32
    assert (records[3]["scopes"], records[3]["permanent"]) == (
        ["recontact"], False)
    assert (records[4]["reason"], records[4]["line"]) == (
        "unknown-field", '{"type":"response"}')
    assert "records 5, opened 2, removed 1, erased 2, failed 0" in log
    assert log.count(": whole,") == 2 and log.count(": still open,") == 1


def test_the_backup_is_not_touched(made):
    before = {p: p.read_bytes() for p in made.rglob("*") if p.is_file()}
    assert run(made, "a", "b")[0] == 0
    assert {p: p.read_bytes() for p in made.rglob("*")
            if p.is_file()} == before


def test_any_two_seats_and_all_three(made):
    for seats in (("b", "a"), ("a", "b", "c")):
        code, records, log = run(made, *seats)
        assert (code, len(records)) == (0, 6), log
    # Seat c holds no share of the epoch that was redistributed to a and b.
    code, records, log = run(made, "c", "a")
    assert (code, len(records)) == (1, 5)
    assert "1 shares where 2 are needed" in log


def test_one_seat_reads_nothing(made):
    for seat in "abc":
        code, records, log = run(made, seat)
        assert (code, records) == (1, []), log
        assert log.count("are needed") == 3


def test_without_the_survey_answers_stay_packed(made):
    code, records, _ = run(made, "a", "b", survey=False)
    assert code == 0
    assert "answers" not in records[0] and len(records[0]["packed"]) > 20


# --- damaged -----------------------------------------------------------------

def test_an_identity_that_does_not_fit(made, tmp_path):
    folder = copy(made, tmp_path)
    shutil.copyfile(folder / "c.id", folder / "b.id")
    code, records, log = run(folder, "a", "b")
    assert (code, records) == (1, [])
    assert "seat b: age: " in log and "are needed" in log
    shutil.copyfile(folder / "c.id", folder / "a.id")
    code, records, log = run(folder, "a", "b")
    assert (code, records) == (1, []) and log.startswith("recover: age: ")


def test_a_swapped_share_names_its_seat(made, tmp_path):
    folder = copy(made, tmp_path)
    change(folder, "vault.db", "UPDATE share_row SET bytes = (SELECT s.bytes "
           "FROM share_row s WHERE s.epoch = 2 AND s.seat = 'b') "
           "WHERE epoch = 1 AND seat = 'b'")
    code, records, log = run(folder, "a", "b")
    assert code == 1 and len(records) == 4
    assert "the share of seat b is not the one that was dealt" in log


def test_a_missing_key_is_a_fault_not_an_erasure(made, tmp_path):
    folder = copy(made, tmp_path)
    # Respondent 1's entry, two bytes of generation and the key, zeroed.
    change(folder, "erase.db", "UPDATE key_block SET bytes = cast("
           "substr(bytes, 1, 34) || zeroblob(34) || substr(bytes, 69) "
           "AS blob) WHERE block = 0")
    code, records, log = run(folder, "a", "b")
    assert code == 1
    assert "the key of respondent 1 is missing" in log
    assert "患者 2" not in [r["user"] for r in records]
    assert "failed 1" in log and "erased 2" in log


def test_records_that_went_missing(made, tmp_path):
    folder = copy(made, tmp_path)
    change(folder, "vault.db", "DELETE FROM segment WHERE number = 2")
    code, _, log = run(folder, "a", "b")
    assert code == 1 and "survey t 1 " + "01" * 16 + ": NOT WHOLE" in log


def test_a_changed_record(made, tmp_path):
    folder = copy(made, tmp_path)
    change(folder, "vault.db", "UPDATE segment_body SET bytes = cast("
           "substr(bytes, 1, length(bytes) - 20) || x'00' || "
           "substr(bytes, length(bytes) - 18) AS blob) WHERE number = 2")
    code, records, log = run(folder, "a", "b")
    assert code == 1 and "a record does not open" in log
    assert len(records) == 5


def test_a_wrong_storage_key(made):
    fields = keys_of(made)
    wrong = "00" * 32
    assert fields["vault-key"] != wrong
    db = recover.Database(str(made / "vault.db"), wrong, fields["cipher"])
    with pytest.raises(recover.Refused):
        list(db.rows("SELECT owner FROM holder"))
    good = recover.Database(str(made / "vault.db"), fields["vault-key"],
                            fields["cipher"])
    assert list(good.rows("SELECT owner FROM holder")) == [["14"]]


# --- the parts ---------------------------------------------------------------

def test_the_field():
    assert recover.gf_mul(0x57, 0x83) == 0xc1
    assert all(recover.gf_mul(a, recover.gf_inv(a)) == 1
               for a in range(1, 256))


def test_every_seat_gets_the_same_recovery_text(made):
    texts = [keys_of(made, seat) for seat in "abc"]
    assert texts[0] == texts[1] == texts[2]
    assert without(texts[0], "vault-key", "erase-key", "index-key",
                   "event-key") == {
        "owner": "14", "gateway-origin": "ledger.example/azukari",
        "created": "2020-03-27T03:00:00Z", "erase-generation": "1",
        "cipher": "PRAGMA cipher_compatibility = 3; "
                  "PRAGMA cipher_page_size = 16384"}


def test_texts_that_are_refused():
    for bad in (b"azukari-share v2\nx: 1\n", b"azukari-share v1\nx: 1",
                b"azukari-share v1\nx:1\n", b"azukari-share v1\nx: 1\nx: 1\n"):
        with pytest.raises(recover.Refused):
            recover.read_text(bad, "share")
