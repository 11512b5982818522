"""What the flow tests share: the built programs, homes with live owners, files
to take in.

Everything goes through the command line, as a person would do it; only the
work factor of passphrases is smaller, and the gateway opens with a key file.
"""
import contextlib
import functools
import hashlib
import json as json_module
import os
import pathlib
import pty
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AZUKARI_BUILD", ROOT / "build"))
AZUKARI = pathlib.Path(os.environ.get("AZUKARI_BIN", BUILD / "app/azukari"))
GENERATE = pathlib.Path(os.environ.get(
    "AZUKARI_GENERATE", BUILD / "tools/generate/azukari-generate"))
# A build with -Dfault=true, which dies at the step AZUKARI_KILL_AT names.
FAULT = os.environ.get("AZUKARI_FAULT_BIN")
DATA = ROOT / "data"
SURVEY = DATA / "surveys/corona-v1.json"
TEXT = DATA / "consent-texts/support-research.txt"

PASSPHRASE = "only for tests"
KILLED = -9


class Ran:
    """What a program said and how it ended."""

    def __init__(self, args, done):
        self.args = args
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self):
        return json_module.loads(self.out)

    @property
    def result(self):
        return self.json["result"]

    def __repr__(self):
        return (f"{' '.join(map(str, self.args))}\n-> {self.code}\n"
                f"{self.out}{self.err}")


def run(*args, code=0, stdin=None, env=None, cwd=None):
    """Run a program; its exit status must be CODE (None: any)."""
    args = [str(a) for a in args]
    done = subprocess.run(args, input=stdin, text=True, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment(**(env or {})), check=False)
    ran = Ran(args, done)
    assert code is None or ran.code == code, ran
    return ran


def environment(**more):
    """The tests' own: English, no home, nothing of the caller's."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("AZUKARI_")}
    env.update(LANG="C.UTF-8", LC_ALL="C.UTF-8", **more)
    return env


def az(*args, now=None, program=None, **options):
    """The program; NOW ("2026-12-01 10:00:00", UTC) is another day."""
    before = []
    if now is not None:
        before = ["faketime", "-f", now]
        options["env"] = dict(options.get("env") or {}, TZ="UTC")
    return run(*before, program or AZUKARI, *args, **options)


def write(path, text):
    path = pathlib.Path(path)
    path.write_text(text, encoding="utf-8")
    return path


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Person:
    """An identity: custodian, partner or auditor."""

    def __init__(self, folder, name):
        self.name = name
        self.key = folder / f"{name}.key"
        self.pub = folder / f"{name}.pub"
        self.passphrase = folder / "passphrase"

    def identity(self):
        """The opened identity: a file that `age -i` reads."""
        path = self.key.with_suffix(".id")
        if not path.exists():
            done = run("/usr/bin/python3", ROOT / "scripts/age-passphrase.py",
                       self.passphrase, self.key)
            write(path, done.out).chmod(0o600)
        return path

    def options(self):
        return ["--identity", self.key, "--passphrase-file", self.passphrase]


def make_person(folder, name):
    folder = pathlib.Path(folder)
    person = Person(folder, name)
    if not person.passphrase.exists():
        write(person.passphrase, PASSPHRASE + "\n").chmod(0o600)
    az("keygen", name, "--dir", folder, "--work-factor", "10",
       "--passphrase-file", person.passphrase)
    return person


def opened_identity(person):
    """What `age -d NAME.key` gives, its passphrase typed on a terminal."""
    out = person.key.with_suffix(".id")
    if out.exists():
        return out
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("age", ["age", "-d", "-o", str(out), str(person.key)])
    said = b""
    while b"passphrase" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, PASSPHRASE.encode() + b"\n")
    with contextlib.suppress(OSError):      # the end of a terminal is an error
        while os.read(terminal, 1000):
            pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert status == 0, said
    return out


class Home:
    """A gateway's home and the people of its owners."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.path = self.folder / "home"
        self.key_file = self.folder / "gateway.key-file"
        self.seats = {}

    def az(self, *args, **options):
        return az("--home", self.path, "--key-file", self.key_file, *args,
                  **options)

    def json(self, *args, **options):
        return self.az(*args, "--json", **options).result

    def copy(self, folder):
        """The same home once more, in another folder."""
        other = Home(folder)
        shutil.copytree(self.folder, other.folder, dirs_exist_ok=True)
        for owner, people in self.seats.items():
            other.seats[owner] = {
                name: Person(other.folder / owner, name) for name in people}
        return other

    def files(self):
        """Every file of the home by its name, with its digest."""
        return {str(p.relative_to(self.path)): sha256(p)
                for p in sorted(self.path.rglob("*")) if p.is_file()}


def make_home(folder):
    """An empty gateway."""
    home = Home(folder)
    home.folder.mkdir(parents=True, exist_ok=True)
    az("--key-file", home.key_file, "init", home.path, "--origin",
       "gateway.example/azukari", "--operator", "Example Data Centre")
    return home


def add_owner(home, owner="14", name="神奈川県", seats=("a", "b", "c"),
              threshold=2):
    """Register an owner with new custodians; not live yet."""
    folder = home.folder / owner
    folder.mkdir()
    home.seats[owner] = {s: make_person(folder, s) for s in seats}
    options = []
    for person in home.seats[owner].values():
        options += ["--seat", person.pub]
    home.az("owner", "add", owner, "--name", name, "--threshold", threshold,
            *options)


def join_owner(home, owner="14"):
    """All seats sign the charter; the answers for `owner activate`."""
    answers = []
    for name, person in home.seats[owner].items():
        packet = home.folder / owner / f"{name}.join"
        answer = home.folder / owner / f"{name}.joined"
        home.az("owner", "pack", owner, "--seat", name, "-o", packet)
        az("owner", "join", packet, *person.options(), "-o", answer)
        answers.append(answer)
    return answers


def enrol(home, owner="14", **options):
    """A live owner."""
    add_owner(home, owner, **options)
    home.az("owner", "activate", owner, *join_owner(home, owner))


def make_ready(home, owner="14", source="line"):
    """The owner's survey, consent text and source: lines can be taken in."""
    home.az("owner", "survey", owner, SURVEY)
    home.az("consent-text", "add", owner, TEXT, "--title", "研究への利用")
    home.az("source", "add", owner, source, "--namespace", f"line-{owner}")


@functools.lru_cache(maxsize=None)
def text_digest():
    return "sha256:" + sha256(TEXT)


def generate(path, rows, *options, owner="14", seed=1):
    """NDJSON of synthetic residents who read the registered text."""
    made = run(GENERATE, "--owner", owner, "--rows", rows, "--seed", seed,
               "--consent-text", text_digest(), *options)
    return write(path, made.out)


def line(kind, event, respondent, time="2020-04-01T12:00:00+09:00", **more):
    """One line of intake."""
    doc = {"type": kind, "event": event, "time": time,
           "respondent": respondent}
    if kind == "response":
        doc.update(survey="corona", version=1, answers={"Q01": "1"})
    elif kind == "consent":
        doc.update(scopes=["support", "research"], text=text_digest())
    else:
        doc.update(scopes=["all"], permanent=False)
    doc.update(more)
    return json_module.dumps({k: v for k, v in doc.items() if v is not None},
                             ensure_ascii=False)


def lines(path, *texts):
    return write(path, "".join(t + "\n" for t in texts))


def recover(home, owner="14", seats=("a", "b"), surveys=(SURVEY,), code=0):
    """All records of an owner, opened with the seats' keys by
    contrib/recover.py: an opinion that shares nothing with our program."""
    args = ["--owner-dir", home.path / "owners" / owner]
    for seat in seats:
        person = home.seats[owner][seat]
        args += ["--seat", f"{seat}={person.identity()}"]
    for survey in surveys:
        args += ["--survey", survey]
    done = run("/usr/bin/python3", ROOT / "contrib/recover.py", *args,
               code=code)
    return [json_module.loads(s) for s in done.out.splitlines()]


def records(home, owner="14"):
    """Records in closed epochs: of surveys, and of the register."""
    sums = {"survey": 0, "register": 0, "open": 0}
    for epoch in home.json("epoch", "list", owner):
        if epoch["state"] == "open":
            sums["open"] += 1
            continue
        sums[epoch["subject"].split()[0]] += int(epoch["records"])
    return sums
