"""docs/first-bundle.md, run as it stands in an empty folder: what a newcomer
does, from `init` to the certificate of destruction."""
import os
import re
import subprocess

import pytest

import flow

PAGE = flow.ROOT / "docs/first-bundle.md"


def blocks():
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"),
                      re.M | re.S)


def follow(folder, **env):
    """All blocks in one shell; what they said."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("AZUKARI", "LC_", "LANG", "XDG"))} | env
    # The page says nothing of a smaller work factor, which tests are glad of.
    tools = folder.parent / f"{folder.name}-tools"
    tools.mkdir()
    flow.write(tools / "azukari", f"""#!/bin/sh
case $1 in keygen) set -- "$@" --work-factor 10 ;; esac
exec {flow.AZUKARI} "$@"
""").chmod(0o755)
    env["PATH"] = f"{tools}:{env['PATH']}"
    done = subprocess.run(["/bin/sh", "-c", "".join(blocks())], cwd=folder,
                          env=env | {"HOME": str(folder)}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("lang, released", [
    ("ja_JP.UTF-8", "廃棄証明を記録しました"), ("C.UTF-8", "is recorded")])
def test_page(tmp_path, lang, released):
    said = follow(tmp_path, LANG=lang)
    assert released in said
    assert "EXP-" in said and "k: asked 5" in said
    charter = flow.sha256(tmp_path / "owner/charter.txt")
    assert said.count(charter) >= 3         # each officer can note it
    # Everything was handed in and nothing waits for anybody.
    home = flow.Home(tmp_path / "gateway")
    status = flow.az("--home", home.path, "--key-file",
                     tmp_path / "gateway/secret", "status", "--json").result
    owner = status["owners"][0]
    assert owner["exports_released"] == 1 and owner["respondents"] == 240
    assert {k: v for k, v in owner.items() if k in (
        "epochs_open", "receipts_open", "destructions_open",
        "quarantined")} == dict.fromkeys((
            "epochs_open", "receipts_open", "destructions_open",
            "quarantined"), 0)


def test_readme_points_here():
    """The README's short form names only commands that the page explains."""
    readme = (flow.ROOT / "README.md").read_text(encoding="utf-8")
    assert "(docs/first-bundle.md)" in readme
    page = PAGE.read_text(encoding="utf-8")
    short = readme[readme.index("## The main job, by hand"):]
    short = re.search(r"^```\n(.*?)^```$", short, re.M | re.S)[1]
    for line in short.splitlines():
        command = re.match(r"azukari ((?:[a-z-]+ ?)+)", line)[1].split()
        assert " ".join(["azukari", *command[:2]]) in page or \
            f"azukari {command[0]}" in page, line
