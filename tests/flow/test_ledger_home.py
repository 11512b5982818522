"""A home's stores held against its ledger, and the settings it runs with."""
import datetime
import hashlib
import importlib.util
import json
import shutil
import signal

import pytest

import flow
from service import Service, person_entry

for program in ("age", "sqlcipher"):
    if not shutil.which(program):
        pytest.skip(f"no {program}", allow_module_level=True)
pytest.importorskip("nacl", reason="no python3-nacl")


def load(path):
    spec = importlib.util.spec_from_file_location("attacker", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def storage_keys(home):
    attacker = load(flow.ROOT / "contrib" / "attacker.py")
    text = attacker.recover.age_open(
        home.key_file.read_bytes(),
        (home.path / "keys/gateway.key").read_bytes())
    register = attacker.recover.read_text(text, "gateway-key")["register-key"]
    vault = attacker.GatewayKeys(str(home.path), home.key_file.read_bytes(),
                                 "14").vault
    return attacker.CIPHER, {"gateway.db": register,
                             "owners/14/vault.db": vault}


def sql(home, file, text):
    cipher, keys = storage_keys(home)
    done = flow.run("sqlcipher", "-batch", "-bail", "-init", "/dev/null",
                    home.path / file,
                    stdin=f"PRAGMA key = \"x'{keys[file]}'\";\n{cipher};\n"
                    f"PRAGMA foreign_keys = OFF;\n{text};\n")
    return done.out


# ---- one story ----

def test_the_stores_tell_what_the_ledger_tells(home):
    said = home.az("ledger", "verify").err
    entries = len(home.json("ledger", "show"))
    assert f"all {entries} acts of the stores are in the ledger" in said
    assert "操作のない記載はありません" in home.az(
        "ledger", "verify", "--lang", "ja").err


def forged(state, index, kind="source"):
    """A grant that nobody entered, made to look as if it had been."""
    entry = (f"azukari-entry-{kind} v1\ntime: 2026-11-22T08:00:00Z\n"
             "owner: 14\nsource: forged\nnamespace-sha256: " + "0" * 64 +
             "\nnonce: " + "0" * 32 + "\n").encode()
    leaf = hashlib.sha256(b"\0" + entry).hexdigest()
    return ("INSERT INTO act (class, kind, entry, leaf, tree_size_then, "
            f"state, ledger_index) VALUES (1, 'source', x'{entry.hex()}', "
            f"x'{leaf}', 0, {state}, {index})")


LAST = "(SELECT max(id) FROM act WHERE state = 1)"


@pytest.mark.parametrize("file,text,reason", [
    ("gateway.db", forged(1, 3), "the ledger has another entry in its place"),
    ("owners/14/vault.db", forged(1, 3),
     "the ledger has another entry in its place"),
    ("gateway.db", forged(1, 99999), "the ledger ends before its entry"),
    ("gateway.db", forged(1, 3, "backup"), "its row was changed"),
    ("gateway.db", f"UPDATE act SET class = 2 WHERE id = {LAST} "
     "AND class = 1", "its row was changed"),
    ("gateway.db", "UPDATE act SET kind = 'backup' WHERE kind = 'survey'",
     "its row was changed"),
    ("gateway.db", f"DELETE FROM act WHERE id = {LAST}",
     "but no store knows its act"),
    ("owners/14/vault.db", f"DELETE FROM act WHERE id = {LAST}",
     "but no store knows its act"),
    ("gateway.db", "UPDATE act SET state = 2, ledger_index = NULL "
     "WHERE kind = 'source'", "but its act is marked void"),
    ("gateway.db", "UPDATE act SET ledger_index = ledger_index + 1 "
     "WHERE kind = 'survey'", "another entry in its place"),
], ids=["forged grant", "forged in a store", "forged beyond the end",
        "entry of another kind", "class changed", "kind changed", "act removed",
        "act removed from a store", "made void", "moved"])
def test_a_store_that_was_edited(frozen, file, text, reason):
    home = frozen
    vkey = flow.ledger_vkey(home)
    sql(home, file, text)
    said = home.az("ledger", "verify", code=5).err
    assert reason in said, said
    assert "do not tell the same story" in said
    # and no service starts over it
    Service(home).write_config()
    refused = home.az("serve", code=5).err
    assert "do not tell the same story" in refused and '"ready"' not in refused
    # the entries alone are as good as before
    flow.az("ledger", "verify", home.path / "ledger", "--vkey", vkey)


# ---- what the operator can change ----

def settings(home):
    return [(e["owner"], e["what"], e["configuration-sha256"])
            for e in home.json("ledger", "show")
            if e["kind"] == "configuration"]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_a_service_runs_with_is_entered_first(home):
    first = [("-", "gateway", digest(home.path / "config.json"))]
    assert settings(home) == first              # by `init`
    with Service(home) as s:
        first.append(("-", "service", digest(home.path / "serve.json")))
        names = [e["event"] for e in s.events]
        assert names.count("configuration-entered") == 1
        assert names.index("configuration-entered") < names.index("listening")
        assert settings(home) == first
    with Service(home) as s:
        assert "configuration-entered" not in [e["event"] for e in s.events]
        assert settings(home) == first
        # a reload with other people counts once it is entered
        person = flow.make_person(home.folder, "operator")
        s.config["operators"] = [person_entry(person, "op")]
        s.write_config()
        s.process.send_signal(signal.SIGHUP)
        s.wait("reloaded", 60)
        first.append(("-", "service", digest(home.path / "serve.json")))
        assert settings(home) == first
        # what is refused is not
        s.config["operators"] = "nobody"
        s.write_config()
        s.process.send_signal(signal.SIGHUP)
        s.wait("reload-refused", 60)
        assert settings(home) == first
    # back to what it was: entered again
    with Service(home):
        first.append(first[1])
        assert settings(home) == first
    # the home's own file, changed by hand
    changed = change_operator(home)
    assert "config.json is not what the ledger's last entry" in home.az(
        "ledger", "verify").err
    with Service(home) as s:
        assert [e["what"] for e in s.events
                if e["event"] == "configuration-entered"] == ["gateway"]
        first.append(("-", "gateway", changed))
        assert settings(home) == first
    said = home.az("ledger", "verify").err
    assert "config.json" not in said
    out = home.az("ledger", "report", "--period",
                  f"{month()}..{month()}").out
    assert out.count("settings: the service") == 3


def change_operator(home, more=" 2"):
    """By hand, as nothing else does it; the file's digest."""
    path = home.path / "config.json"
    doc = json.loads(path.read_text())
    path.write_text(json.dumps({**doc, "operator": doc["operator"] + more}))
    return digest(path)


def test_settings_are_entered_without_a_service(home, fault):
    """The command line: by `init`, then before the first act under others;
    what only reads enters nothing, and no grant goes without."""
    was = ("-", "gateway", digest(home.path / "config.json"))
    assert settings(home) == [was]
    assert [e["kind"] for e in home.json("ledger", "show")][:2] == \
        ["genesis", "configuration"]
    now = ("-", "gateway", change_operator(home))
    home.az("status")
    assert settings(home) == [was]
    home.az("source", "add", "14", "csv", "--namespace", "csv-14")
    assert settings(home) == [was, now]
    assert [e["kind"] for e in home.json("ledger", "show")][-2:] == \
        ["configuration", "source"]
    home.az("source", "add", "14", "one", "--namespace", "one")
    assert settings(home) == [was, now]
    # killed between the two: what changed is entered, what it was for is not
    last = ("-", "gateway", change_operator(home, " 3"))
    ran = home.az("source", "add", "14", "two", "--namespace", "two",
                  program=fault, code=None,
                  env={"AZUKARI_KILL_AT": "act.queued"})
    assert ran.code == flow.KILLED
    assert settings(home) == [was, now, last]   # a record is made good
    assert [e["kind"] for e in home.json("ledger", "show")][-1] == \
        "configuration"
    home.az("source", "add", "14", "two", "--namespace", "two")
    assert settings(home) == [was, now, last]
    home.az("ledger", "verify")


def month():
    jst = datetime.timezone(datetime.timedelta(hours=9))
    return datetime.datetime.now(jst).strftime("%Y-%m")


def test_a_service_that_cannot_enter_it_does_not_start(home, fault):
    """Killed before the entry: nothing ran; the next start enters it."""
    s = Service(home)
    s.write_config()
    ran = home.az("serve", program=fault, code=None,
                  env={"AZUKARI_KILL_AT": "act.queued"})
    assert ran.code == flow.KILLED and '"listening"' not in ran.err
    with Service(home):
        assert [w for _, w, _ in settings(home)] == ["gateway", "service"]
    home.az("ledger", "verify")


@pytest.mark.parametrize("damage", [
    None, "UPDATE segment SET records = records + 1",
    "UPDATE segment SET leaf = zeroblob(length(leaf))"])
def test_a_backup_is_read_whole_before_it_is_a_home(home, tmp_path, damage):
    """What no page tells alone: counts and leaves of what it holds."""
    home.az("intake", "14", flow.lines(
        home.folder / "f", flow.line("consent", "c1", "U" + "0" * 32),
        flow.line("response", "r1", "U" + "0" * 32)))
    if damage is not None:
        sql(home, "owners/14/vault.db", damage)
    home.az("backup", tmp_path / "b")
    ran = flow.az("restore", tmp_path / "again", *(tmp_path / "b").iterdir(),
                  "--gateway-key", home.path / "keys/gateway.key",
                  "--key-file", home.key_file,
                  code=0 if damage is None else 5)
    assert (tmp_path / "again").exists() == (damage is None)
    assert ("are damaged" in ran.err) == (damage is not None), ran
