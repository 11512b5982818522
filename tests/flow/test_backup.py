"""A backup, put back by hand into an empty home."""
import shutil

import flow
from flow import line, lines

U = "U" + "0123456789abcdef" * 2


def test_backup_and_back(home, tmp_path):
    home.az("intake", "14", lines(tmp_path / "f", line("response", "r1", U)))
    home.az("backup", tmp_path / "b")
    erase, vault = sorted((tmp_path / "b").iterdir())
    assert [erase.name[:6], vault.name[:6]] == ["erase-", "vault-"]
    names = {p.name for p in vault.rglob("*")}
    assert "erase.db" not in names and "keys" not in names
    assert "run" not in names and "gateway.key" not in names
    assert {p.name for p in erase.rglob("*") if p.is_file()} == {
        "erase.db", "erase-14.key"}
    assert home.json("ledger", "show")[-1]["kind"] == "backup"
    # The disk is lost; config.json and the gateway's key were kept.
    kept = [home.path / "config.json", home.path / "keys/gateway.key"]
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
