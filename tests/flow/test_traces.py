"""What a gateway leaves outside its memory: every path that is opened for
writing is on a list, and a process that aborts in the middle of an export, with
everybody's pseudonyms and keys in memory, leaves no core."""
import base64
import csv
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess

import pytest

import flow
import marks
from flow import line, lines

U = "U" + "0123456789abcdef" * 2

# ---- paths ----

ALLOWED = [
    r"gateway\.db(-wal|-shm|-journal)?", r"gateway\.lock",
    r"owners/14/(vault|erase)\.db(-wal|-shm|-journal)?",
    r"owners/14/(epoch|erase|compact)\.lock",
    r"owners/14/recovery/\.?[abc]\.age(\..*)?",
    r"ledger/lock", r"ledger/\.?checkpoint(\..*)?",
    r"ledger/tile(/.*)?", r"keys/\.?erase-14\.key(\..*)?",
    # shares and the plan's key, sealed; the bundle, whose payload is sealed
    r"run/plans/\.?PLAN-\d{4}-\d{4}\.([abc]\.shares|key)(\..*)?",
    r"tmp/\.?EXP-\d{4}-\d{4}(\..*)?(/.*)?",
    r"outbox/\.?EXP-\d{4}-\d{4}\.tar(\..*)?",
    r"outbox/notices(/.*)?",
]
OUTSIDE = re.compile(r"/dev/(null|tty)|/proc/self/.*")
CALLS = ("open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,"
         "mkdir,mkdirat,symlink,symlinkat,mknod,mknodat,truncate,"
         "memfd_create")


def written_paths(trace):
    """Paths that were opened for writing, made or renamed to."""
    found = set()
    for text in trace.read_text(errors="replace").splitlines():
        if " = -1 " in text:
            continue
        call = re.search(r"(\w+)\((.*)", text)
        if not call:
            continue
        names = re.findall(r'"((?:[^"\\]|\\.)*)"', call[2])
        if call[1] in ("open", "openat", "openat2"):
            if re.search("O_WRONLY|O_RDWR|O_CREAT", text):
                found.add(names[0])
        elif names:
            found.add(names[-1])
    return found


def traced(folder, *command, **options):
    trace = folder / "trace"
    flow.run("strace", "-f", "-qq", "-s", "4096", "-o", trace, "-e",
             f"trace={CALLS}", *command,
             # a leak checker wants to trace by itself
             env={"ASAN_OPTIONS": "detect_leaks=0"}, **options)
    return written_paths(trace)


def stray(paths, root):
    """Those that are on no list."""
    root = str(root)
    return {path for path in paths if not OUTSIDE.fullmatch(path)
            and path != root and not any(
                path == f"{root}/{path[len(root) + 1:]}" and
                re.fullmatch(a, path[len(root) + 1:]) for a in ALLOWED)}


def test_what_is_opened_for_writing(frozen, tmp_path):
    home, officers = frozen, flow.Officers(frozen)
    f = lines(tmp_path / "f", line("response", "r1", U), "bad line")
    packet = officers.pack(home.plan, "b")
    officers.approve_fully(home.plan)
    back, _ = officers.run("revoke", packet, "b", "--reason", "誤り")
    paths = set()
    for words, stdin, code in [
            (["intake", "14", f], None, 3), (["export", home.plan], None, 0),
            (["withdraw", "14", "--respondent-file", "-", "--source", "line",
              "--now"], U + "\n", 0),
            (["plan", "accept", back], None, 0),
            (["notice", "issue", "14"], None, 0),
            (["ledger", "verify"], None, 0)]:
        paths |= traced(tmp_path, flow.AZUKARI, "--home", home.path,
                        "--key-file", home.key_file, *words, stdin=stdin,
                        code=code)
    for seen in (r"vault\.db$", r"erase\.db$", r"tmp/EXP-.*age", r"outbox/EXP",
                 r"outbox/notices/"):
        assert any(re.search(seen, p) for p in paths), (seen, paths)
    assert stray(paths, home.path) == set()


@pytest.mark.parametrize("command", [
    "echo x >{}/rows.csv", "mkdir {}/home/else", "touch {}/home/owners/14/y",
    "ln -s {}/x {}/home/outbox/rows.csv", "mv {}/given {}/home/tmp/rows.csv"])
def test_a_stray_path_is_seen(tmp_path, command):
    """The control: the same trace of something that should not be."""
    for folder in ("home/owners/14", "home/outbox", "home/tmp"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "given").write_text("rows\n")
    paths = traced(tmp_path, "sh", "-c", command.replace("{}", str(tmp_path)))
    assert stray(paths, tmp_path / "home") != set()


# ---- memory ----

def people(home, folder):
    """Raw pseudonyms of an export, as its investigator gets them."""
    copy = home.copy(folder / "copy")
    bundle = copy.json("export", copy.plan)["bundle"]
    out = folder / "opened"
    out.mkdir()
    flow.az("open", bundle, *copy.partner.options(), "-o", out)
    data, = out.iterdir()
    with open(data / "data/responses.csv", newline="", encoding="utf-8") as f:
        texts = {row["pseudonym"] for row in csv.DictReader(f)}
    shutil.rmtree(copy.folder)
    shutil.rmtree(out)
    return {base64.b32decode(t[:26].upper() + "=" * 6)[:16] for t in texts}


def memory_of(pid):
    """Every mapping of a stopped process that can be read."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as f:
        spans = [s.split()[0] for s in f if s.split()[1].startswith("rw")]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for span in spans:
            start, end = (int(x, 16) for x in span.split("-"))
            mem.seek(start)
            try:
                yield mem.read(end - start)
            except OSError:
                continue


def unlimited_core():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)


def waited(process):
    """The wait status: of a stop, or of the end."""
    return os.waitpid(process.pid, os.WUNTRACED)[1]


@pytest.fixture
def room_for_core():
    """Tests may make cores, where the hard limit allows it."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    assert hard == resource.RLIM_INFINITY or os.geteuid() == 0


def test_an_abort_leaves_no_core(frozen, fault, room_for_core, tmp_path):
    officers = flow.Officers(frozen)
    officers.approve_fully(frozen.plan)
    secrets = people(frozen, tmp_path)
    assert len(secrets) > 50
    where = tmp_path / "cwd"
    where.mkdir()
    process = subprocess.Popen(
        [fault, "--home", frozen.path, "--key-file", frozen.key_file,
         "export", frozen.plan], cwd=where, preexec_fn=unlimited_core,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=flow.environment(AZUKARI_KILL_AT="job.payload", AZUKARI_STOP="1",
                             TMPDIR=str(where)))
    try:
        assert os.WIFSTOPPED(waited(process))
        if os.geteuid() == 0:
            # The control: they are there to be found.
            assert any(s in part for part in memory_of(process.pid)
                       for s in secrets)
        process.send_signal(signal.SIGABRT)
        process.send_signal(signal.SIGCONT)
        status = waited(process)
    finally:
        process.kill()
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
    assert list(where.iterdir()) == []
    for folder in (frozen.path, where):
        assert marks.search(folder, list(secrets)[:5]) == {}
    frozen.az("export", frozen.plan)


def test_another_abort_leaves_one(room_for_core, tmp_path):
    """The control: here and so, cores are made."""
    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", "import os; os.abort()"], cwd=tmp_path,
        preexec_fn=unlimited_core, stderr=subprocess.DEVNULL)
    status = waited(process)
    assert os.WTERMSIG(status) == signal.SIGABRT and os.WCOREDUMP(status)
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text()
    assert pattern.startswith(("|", "/")) or list(tmp_path.iterdir())
