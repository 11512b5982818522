"""The main job, once, from answers to a bundle a university opens: what the
numbers must say, that other tools open the same, that no other way of working
gives other bytes, who is missing afterwards, and what a bundle does not
survive."""
import collections
import csv
import io
import json
import os
import shutil
import tarfile

import pytest

import flow

K = 5


@pytest.fixture(scope="module")
def story(ready, tmp_path_factory):
    """2,000 lines taken in, approved by a and b, exported, opened."""
    home = ready.copy(tmp_path_factory.mktemp("story"))
    flow.make_asked(home, 2000)
    approved(home, "REQ-2026-001")
    home.before = home.copy(tmp_path_factory.mktemp("approved"))
    home.result = home.json("export", home.plan)
    home.bundle = flow.pathlib.Path(home.result["bundle"])
    home.id = home.result["export"]
    home.trust = trust(home)
    home.data = opened(home, home.bundle)
    return home


def approved(home, request):
    home.plan = flow.freeze(home, request)
    officers = flow.Officers(home)
    officers.made = len(list(officers.folder.iterdir()))
    officers.approve_fully(home.plan)


def export(home, request):
    approved(home, request)
    return home.json("export", home.plan)


def trust(home):
    """The partner's own copy of who is trusted."""
    folder = home.folder / "trust"
    folder.mkdir(exist_ok=True)
    with tarfile.open(home.bundle) as tar:
        for name in ("allowed_signers", "ledger.vkey", "witness-policy"):
            (folder / name).write_bytes(
                tar.extractfile(f"{home.id}/trust/{name}").read())
    return folder


def opened(home, bundle, folder="opened"):
    out = home.folder / folder
    out.mkdir(exist_ok=True)
    flow.az("open", bundle, *home.partner.options(), "--trust", home.trust,
            "-o", out)
    return out / f"{bundle.name[:-4]}-data"


def rows(data):
    with open(data / "data/responses.csv", newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def people(data):
    return {row["pseudonym"] for row in rows(data)}


# ---- numbers ----

def test_everything_is_accounted_for(story):
    r = story.result
    assert r["answers considered"] == 2000
    assert r["answers considered"] == r["answers exported"] + \
        r["withheld: no consent"] + r["withheld: withdrawn"] + \
        r["suppressed answers"]
    assert min(r["withheld: no consent"], r["withheld: withdrawn"],
               r["suppressed answers"]) > 0
    assert len(rows(story.data)) == r["answers exported"]
    assert len(people(story.data)) == r["respondents exported"]


def quasi_columns(data):
    """Columns of fields the survey calls quasi-identifying."""
    with open(flow.SURVEY, encoding="utf-8") as f:
        survey = json.load(f)
    fields = survey.get("fields") or survey["questions"]
    quasi = {f["name"] for f in fields
             if f["disclosure"] == "quasi-identifying"}
    with open(data / "data/datapackage.json", encoding="utf-8") as f:
        schema = json.load(f)["resources"][0]["schema"]["fields"]
    return [c["name"] for c in schema
            if c.get("azukari", {}).get("field") in quasi]


def test_no_group_is_smaller_than_k(story):
    columns = quasi_columns(story.data)
    assert columns == ["Q08", "Q11"]
    answers = collections.defaultdict(list)
    for row in rows(story.data):
        answers[row["pseudonym"]].append(tuple(row[c] for c in columns))
    sizes = sorted(collections.Counter(map(tuple, answers.values())).values())
    assert sizes[0] >= K
    assert sizes[0] == story.result["smallest group"]
    assert len(sizes) == story.result["groups"]


def test_without_suppression_groups_were_smaller(story):
    """The control: among all who may be exported some groups are small."""
    assert story.result["suppressed answers"] > 0
    seen = {r["Q11"] for r in rows(story.data)}
    assert len(seen) > 1, "nothing was distinguished to begin with"


# ---- other tools, other ways ----

TOOLS = ("tar", "sha256sum", "ssh-keygen", "age", "zstd")


def test_stock_tools_open_the_same(story, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool))
    script = f"""set -eu
    tar -xf {story.bundle}
    cd {story.id}
    ssh-keygen -Y verify -f {story.trust}/allowed_signers -I gateway \
        -n export@azukari -s SHA256SUMS.sig <SHA256SUMS >/dev/null
    sha256sum -c --strict --quiet SHA256SUMS
    age -d -i {flow.opened_identity(story.partner)} -o ../inner.tar.zst \
        payload.tar.zst.age
    cd ..
    zstd -q -d inner.tar.zst
    tar -xf inner.tar
    cd {story.id}-data
    sha256sum -c --strict --quiet tagmanifest-sha256.txt
    sha256sum -c --strict --quiet manifest-sha256.txt
    """
    flow.run("/bin/sh", "-c", script, cwd=tmp_path,
             env={"PATH": str(tools)})
    flow.run("diff", "-r", tmp_path / f"{story.id}-data", story.data)


WAYS = [("--arena", "1"), ("--threads", "1"), ("--threads", "2"),
        ("--arena", "1", "--threads", "1")]


@pytest.mark.parametrize("how", WAYS)
def test_other_ways_of_working(story, tmp_path, how):
    """Neither memory nor threads change what the numbers and groups are."""
    home = story.before.copy(tmp_path / "gateway")
    other = home.json("export", home.plan, *how)
    for name, value in story.result.items():
        if name not in ("bundle", "tagmanifest_sha256"):
            assert other[name] == value, name


# ---- a resident withdraws ----

def test_after_a_withdrawal(story, tmp_path):
    home = story.copy(tmp_path / "gateway")
    home.bundle, home.id, home.trust = story.bundle, story.id, story.trust
    who = consented(home, story)
    home.az("withdraw", "14", "--respondent-file", "-", "--source", "line",
            "--now", stdin=who + "\n")
    flow.submit(home, home.partner, "REQ-2026-002")
    result = export(home, "REQ-2026-002")
    second = opened(home, flow.pathlib.Path(result["bundle"]))
    before, after = people(story.data), people(second)
    assert len(before - after) >= 1
    assert len(after & before) > len(before) * 9 // 10
    assert len(before - after) < 20
    assert result["answers considered"] < 2000, "erased answers are gone"
    home.az("ledger", "verify")


def consented(home, story):
    """Someone of Q08 x Q11's largest group, so that nobody falls with them."""
    largest = collections.Counter(
        (r["Q08"], r["Q11"]) for r in rows(story.data)).most_common(1)[0][0]
    ages = range(*(int(n) + i for i, n in
                   enumerate(largest[0].split("-"))))
    withdrawn, answers, agreed = set(), {}, set()
    for text in (home.folder / "lines.ndjson").read_text(
            encoding="utf-8").splitlines():
        doc = json.loads(text)
        who = doc.get("respondent")
        if doc["type"] == "response":
            answers[who] = doc["answers"]
        elif doc["type"] == "consent" and "research" in doc["scopes"]:
            agreed.add(who)
        elif doc["type"] == "withdrawal":
            withdrawn.add(who)
    return next(w for w, a in answers.items()
                if w in agreed - withdrawn and int(a.get("Q08", 0)) in ages)


# ---- what a bundle does not survive ----

def members(bundle):
    with tarfile.open(bundle) as tar:
        return [(m, tar.extractfile(m).read() if m.isfile() else None)
                for m in tar.getmembers()]


def pack(path, items):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in items:
            if data is not None:
                info.size = len(data)
            tar.addfile(info, None if data is None else io.BytesIO(data))
    return path


def verify(story, path, code=None):
    return flow.az("verify", path, "--trust", story.trust, code=code)


def test_it_verifies(story, tmp_path):
    """The control of what follows: the same, taken apart and packed."""
    verify(story, story.bundle, code=0)
    again = pack(tmp_path / story.bundle.name, members(story.bundle))
    verify(story, again, code=0)


def damaged(story, tmp_path, change):
    """A bundle after CHANGE of its members; it must be refused."""
    items = change(members(story.bundle))
    ran = verify(story, pack(tmp_path / story.bundle.name, items))
    assert ran.code in (1, 3, 4), ran
    assert "error:" in ran.err, ran


def test_a_flipped_byte_in_each_member(story, tmp_path):
    items = members(story.bundle)
    tried = 0
    for i, (_, data) in enumerate(items):
        if data is None:
            continue

        def flip(these, i=i):
            info, data = these[i]
            middle = len(data) // 2
            these[i] = (info, data[:middle] + bytes([data[middle] ^ 1]) +
                        data[middle + 1:])
            return these
        damaged(story, tmp_path, flip)
        tried += 1
    assert tried > 15


def test_each_member_missing(story, tmp_path):
    for i, (_, data) in enumerate(members(story.bundle)):
        if data is not None:
            damaged(story, tmp_path, lambda m, i=i: m[:i] + m[i + 1:])


def test_one_more(story, tmp_path):
    def add(items):
        info = tarfile.TarInfo(f"{story.id}/extra.txt")
        return items + [(info, b"more\n")]
    damaged(story, tmp_path, add)


def test_renamed(story, tmp_path):
    def rename(items):
        items[1][0].name = f"{story.id}/README.md"
        return items
    damaged(story, tmp_path, rename)


@pytest.mark.parametrize("pair", [
    ("approvals/a.txt", "approvals/b.txt"),
    ("approvals/a.entry", "approvals/b.entry"),
    ("request.txt.sig", "plan.txt.sig"),
    ("README.txt", "STATEMENT.txt")])
def test_swapped(story, tmp_path, pair):
    def swap(items):
        at = [next(i for i, (m, _) in enumerate(items)
                   if m.name == f"{story.id}/{n}") for n in pair]
        (m, a), (n, b) = items[at[0]], items[at[1]]
        items[at[0]], items[at[1]] = (m, b), (n, a)
        return items
    damaged(story, tmp_path, swap)


def test_cut_off(story, tmp_path):
    whole = story.bundle.read_bytes()
    path = tmp_path / story.bundle.name
    for length in (0, 511, 512, len(whole) // 2, len(whole) - 1536):
        path.write_bytes(whole[:length])
        assert verify(story, path).code in (1, 3, 4), length


# ---- opening leaves nothing behind ----

def test_open_that_fails_leaves_nothing(story, tmp_path):
    out, scratch = tmp_path / "out", tmp_path / "tmp"
    out.mkdir()
    scratch.mkdir()
    other = flow.make_person(tmp_path, "other")
    env = {"TMPDIR": str(scratch), "HOME": str(scratch)}
    flow.az("open", story.bundle, *other.options(), "--trust", story.trust,
            "-o", out, code=1, env=env)
    bad = tmp_path / story.bundle.name
    whole = bytearray(story.bundle.read_bytes())
    whole[len(whole) // 2] ^= 1
    bad.write_bytes(whole)
    flow.az("open", bad, *story.partner.options(), "--trust", story.trust,
            "-o", out, code=1, env=env)
    assert os.listdir(out) == [] and os.listdir(scratch) == []


def test_open_leaves_only_the_data(story, tmp_path):
    out, scratch = tmp_path / "out", tmp_path / "tmp"
    out.mkdir()
    scratch.mkdir()
    flow.az("open", story.bundle, *story.partner.options(), "--trust",
            story.trust, "-o", out, env={"TMPDIR": str(scratch)})
    assert os.listdir(out) == [f"{story.id}-data"]
    assert os.listdir(scratch) == []
