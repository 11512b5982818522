"""How a gateway says it stands, and its ledger as anyone can read it."""
import shutil

import pytest

import flow
from flow import line, lines

U = "U" + "0123456789abcdef" * 2
V = "U" + "fedcba9876543210" * 2


def status(home, **options):
    said = home.az("status", "--json", **options).json
    return said["result"], [x["en"] for x in said["lines"]]


def test_an_owner_with_answers(home, tmp_path):
    home.az("intake", "14", lines(
        tmp_path / "f", line("response", "r1", U), line("response", "r2", V),
        "not a line"), code=3)
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            stdin=U + "\n")
    result, needs = status(home)
    owner, = result["owners"]
    assert result["ledger_size"] == len(home.json("ledger", "show"))
    assert {k: owner[k] for k in (
        "owner", "seats", "threshold", "charter", "policy", "respondents",
        "stopping", "erased", "records", "epochs_open", "epochs_closed",
        "batches", "quarantined", "erasures_due")} == {
            "owner": "14", "seats": 3, "threshold": 2, "charter": 1,
            "policy": 0, "respondents": 2, "stopping": 1, "erased": 0,
            "records": 3, "epochs_open": 0, "epochs_closed": 2, "batches": 1,
            "quarantined": 1, "erasures_due": 0}
    assert any("1 bad lines" in n for n in needs)
    assert any("no policy" in n for n in needs)
    assert not any("one more loss" in n for n in needs)
    # When the hold is over somebody has to act; then no longer.
    later = flow.in_days(30)
    result, needs = status(home, now=later)
    assert result["owners"][0]["erasures_due"] == 1
    assert any("1 keys are to be deleted" in n for n in needs)
    home.az("erase", "run", "14", now=later)
    result, needs = status(home, now=later)
    assert (result["owners"][0]["erased"],
            result["owners"][0]["erasures_due"]) == (1, 0)
    assert not any("to be deleted" in n for n in needs)


def test_owners_that_need_every_seat_or_are_not_live(home):
    flow.enrol(home, "13", name="東京都", seats=("x", "y"), threshold=2)
    flow.add_owner(home, "27", name="大阪府")
    result, needs = status(home)
    assert [o["owner"] for o in result["owners"]] == ["13", "14", "27"]
    assert [n for n in needs if "one more loss" in n] == [
        "owner 13: every one of its 2 seats is needed; one more loss makes "
        "the data unreadable"]
    assert [n for n in needs if "not live" in n][0].startswith("owner 27 ")


def test_for_people(home):
    for language, words in (("en", "ledger entries"), ("ja", "台帳の記載")):
        said = home.az("status", "--lang", language)
        assert words in said.out and "神奈川県" in said.out
    assert home.az("export", "list").out.startswith("export ")
    assert home.json("export", "list") == []


# ---- the ledger ----

def vkey(home):
    return home.json("ledger", "show")[0]["ledger-key"]


def test_a_copy_of_the_ledger(home, tmp_path):
    """By its key alone: no home, no secret."""
    copy = shutil.copytree(home.path / "ledger", tmp_path / "copy")
    key = vkey(home)
    said = flow.az("ledger", "verify", copy, "--vkey", key, "--json")
    assert said.result["findings"] == 0
    assert said.result["size"] == len(home.json("ledger", "show"))
    file = flow.write(tmp_path / "vkey", key + "\n")
    flow.az("ledger", "verify", copy, "--vkey", file)
    flow.az("ledger", "verify", copy, code=2)
    flow.az("ledger", "verify", copy, "--vkey", "no key", code=3)
    wrong = key.replace("gateway.example", "another.example")
    assert flow.az("ledger", "verify", copy, "--vkey", wrong,
                   code=None).code != 0
    flow.az("ledger", "verify", tmp_path / "none", "--vkey", key, code=4)


@pytest.mark.parametrize("change", ["checkpoint", "entries", "0"])
def test_a_changed_copy(home, tmp_path, change):
    copy = shutil.copytree(home.path / "ledger", tmp_path / "copy")
    key = vkey(home)
    file = copy / "checkpoint"
    if change != "checkpoint":
        folder = copy / "tile" / change / "000.p"
        file = max(folder.iterdir(), key=lambda p: int(p.name))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert flow.az("ledger", "verify", copy, "--vkey", key,
                   code=None).code != 0


def test_a_proof_holds_elsewhere(home, tmp_path):
    index = next(i for i, e in enumerate(home.json("ledger", "show"))
                 if e["kind"] == "charter")
    home.az("ledger", "prove", str(index), "-o", tmp_path / "p")
    entry = (tmp_path / "p.entry").read_text()
    assert entry.startswith("azukari-entry-charter v1\n")
    check = flow.ROOT / "contrib" / "verify-tlog-proof.sh"
    args = ["sh", check, tmp_path / "p.entry", tmp_path / "p.tlog-proof",
            vkey(home)]
    flow.run(*args)
    flow.write(tmp_path / "p.entry", entry.replace("version: 1",
                                                   "version: 2"))
    flow.run(*args, code=1)
    home.az("ledger", "prove", "99", "-o", tmp_path / "q", code=3)
    home.az("ledger", "prove", "x", "-o", tmp_path / "q", code=2)


def test_one_owners_entries(home):
    everything = home.json("ledger", "show")
    own = home.json("ledger", "show", "--owner", "14")
    assert own == [e for e in everything if e["owner"] == "14"]
    assert home.json("ledger", "show", "--from", "3") == everything[3:]
    assert "owner-name=神奈川県" in home.az("ledger", "show").out
