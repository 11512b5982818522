"""What the flow tests share: the built programs, homes with live owners, files
to take in.

Everything goes through the command line, as a person would do it; only the
work factor of passphrases is smaller, and the gateway opens with a key file.
"""
import calendar
import contextlib
import functools
import hashlib
import io
import json as json_module
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AZUKARI_BUILD", ROOT / "build"))
AZUKARI = pathlib.Path(os.environ.get("AZUKARI_BIN", BUILD / "app/azukari"))
CLOCK = BUILD / "tests/preload/libclock.so"
GENERATE = pathlib.Path(os.environ.get(
    "AZUKARI_GENERATE", BUILD / "tools/generate/azukari-generate"))
# A build with -Dfault=true, which dies at the step AZUKARI_KILL_AT names.
FAULT = os.environ.get("AZUKARI_FAULT_BIN")
DATA = ROOT / "data"
SURVEY = DATA / "surveys/corona-v1.json"
TEXT = DATA / "consent-texts/support-research.txt"

# Where a test stands on a certain day: `now` of every command.
DAY = None

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


def until(look, holds, seconds=60):
    """What LOOK sees once it HOLDS: for what another thread or process is
    still about to do.  The bound is for what never comes."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if holds(seen):
            return seen
        assert time.monotonic() < end, seen
        time.sleep(0.02)


def environment(**more):
    """The tests' own: English, no home, nothing of the caller's."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("AZUKARI_")}
    env.update(LANG="C.UTF-8", LC_ALL="C.UTF-8", **more)
    return env


def az(*args, now=None, program=None, **options):
    """The program; NOW ("2090-12-01 10:00:00", UTC) is another day."""
    now = now or DAY
    if now is not None:
        seconds = calendar.timegm(time.strptime(now, "%Y-%m-%d %H:%M:%S"))
        options["env"] = clock(CLOCK_AT=seconds, **(options.get("env") or {}))
    return run(program or AZUKARI, *args, **options)


def clock(**env):
    """Surroundings with another clock: tests/preload/clock.c says which."""
    return {"LD_PRELOAD": str(CLOCK),
            # it comes before a sanitizer's runtime, which minds that
            "ASAN_OPTIONS": "verify_asan_link_order=0",
            **{k: str(v) for k, v in env.items()}}


def in_days(days):
    """For `now`: ten o'clock (UTC) so many days from today; there no day ends
    soon, in UTC nor in Japan."""
    day = time.gmtime(time.time() + days * 86400)
    return time.strftime("%Y-%m-%d 10:00:00", day)


def write(path, text):
    path = pathlib.Path(path)
    path.write_text(text, encoding="utf-8")
    return path


def spoilt(data, at=None):
    """The same with another digit or letter, from the middle or AT on.  Base64
    is still base64 and hex is hex (a flipped bit may make anything, now and
    then), so that what is noticed is always the same."""
    data = bytearray(data)
    at = len(data) // 2 if at is None else at % len(data)
    while not (data[at:at + 1].isalnum() and data[at] < 128):
        at += 1
    data[at] = ord("1") if data[at] == ord("0") else ord("0")
    return bytes(data)


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


def ssh_key(person):
    """The key file for ssh-keygen that is inside an identity."""
    key = write(person.key.with_suffix(".ssh"), "".join(
        line[2:] + "\n" for line in person.identity()
        .read_text(encoding="utf-8").splitlines()
        if line.startswith("# ") and " " not in line[2:].replace(
            "OPENSSH PRIVATE KEY", "").replace("BEGIN ", "").replace(
            "END ", "")))
    key.chmod(0o600)
    return key


class Home:
    """A gateway's home and the people of its owners."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.path = self.folder / "home"
        self.key_file = self.folder / "gateway.key-file"
        self.seats = {}
        self.partner = self.plan = None

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
        if self.partner:
            other.partner = Person(other.folder, self.partner.name)
        other.plan = self.plan
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


# ---- policies, requests, plans ----

INSTITUTION = "慶應義塾"


def pub_lines(person):
    """The age recipient and the ssh key of NAME.pub."""
    age, ssh = person.pub.read_text(encoding="utf-8").splitlines()
    return age, " ".join(ssh.split()[:2])


def ladder_file(name):
    return next((DATA / "ladders").glob(f"{name}.*"))


def policy_document(home, owner="14", partners=(), **more):
    """A policy for the corona survey; MORE replaces members."""
    doc = {
        "azukari": "policy v1", "owner": owner, "version": 1,
        "previous": None,
        "charter": home.json("charter", "show", owner)["sha256"],
        "valid_from": "2020-01-01", "valid_until": "2090-03-31",
        "surveys": [{"name": "corona", "version": 1,
                     "sha256": sha256(SURVEY)}],
        "consent_texts": [{
            "sha256": sha256(TEXT), "title": "研究への利用",
            "scopes": ["support", "research"], "purposes": ["DUO:0000007"],
            "diseases": ["MONDO:0100096"], "valid_days": 36500,
            "covers_earlier": False}],
        "partners": [partner_entry(p) for p in partners],
        "purposes": {"permission": "DUO:0000007",
                     "diseases": ["MONDO:0100096"],
                     "modifiers": ["DUO:0000021"]},
        "legal_bases": ["consent"],
        "ladders": [{"name": n, "sha256": sha256(ladder_file(n))}
                    for n in ("age", "occupation")],
        "release": [{"survey": "corona", "version": 1, "fields": {
            "Q03": "as-is", "Q04": "as-is", "Q12": "as-is",
            "Q08": {"ladder": "age", "from": 1, "to": 4},
            "Q11": {"ladder": "occupation", "from": 1, "to": 2},
            "Q10": "never"}}],
        "disclosure": {"k": 5, "suppression_limit_basis_points": 3000,
                       "minimum_cell": 5},
        "retention_days": 36500, "plan_valid_days": 30,
        "quotas": {"exports_per_year": 12,
                   "respondents_per_export": 1000000},
        "byte_release": False, "denial": "veto",
        "withdrawal": {"hold_hours": 24, "erase_backup_days": 7,
                       "daily_limit": 1000},
        "accept_guessable_ids": False,
        "witnesses": {"policy_sha256": None},
    }
    doc.update(more)
    return doc


def partner_entry(person, **more):
    age, ssh = pub_lines(person)
    entry = {"id": "keio", "name": "慶應義塾大学 医学部",
             "name_en": "Keio University School of Medicine",
             "institution": INSTITUTION,
             "address": "東京都港区三田2-15-45", "representative": "塾長",
             "investigator": "宮田 花子", "age": age, "ssh": ssh}
    entry.update(more)
    return entry


def sign(kind, path, person):
    """FILE.NAME.sig by the person."""
    sig = pathlib.Path(f"{path}.{person.name}.sig")
    sig.unlink(missing_ok=True)
    az("sign", kind, path, *person.options(), "-o", sig)
    return sig


def sign_anything(kind, path, person):
    """FILE.KIND.NAME.sig for KIND's namespace, by ssh-keygen, which does not
    look at what it signs."""
    done = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", ssh_key(person), "-n",
         f"{kind}@azukari"], input=pathlib.Path(path).read_bytes(),
        stdout=subprocess.PIPE, check=True)
    return write(f"{path}.{kind}.{person.name}.sig", done.stdout.decode())


def put_policy(home, doc, owner="14", seats=("a", "b"), code=0):
    """Sign a policy by these seats and put it in force."""
    path = write(home.folder / f"policy-{owner}-{doc['version']}.json",
                 json_module.dumps(doc, ensure_ascii=False))
    options = []
    for seat in seats:
        options += ["--sig", sign("policy", path, home.seats[owner][seat])]
    return home.az("owner", "policy", owner, path, *options, code=code)


def draft(path, person, request="REQ-2026-001", **more):
    """request.txt of the investigator; MORE replaces options."""
    path = pathlib.Path(path)
    options = {
        "id": request, "project": "covid-cohort",
        "title": "COVID-19 の症状と職業", "partner": "keio",
        "institution": INSTITUTION, "investigator": "宮田 花子",
        "purpose": "DUO:0000007 DUO:0000021", "disease": "MONDO:0100096",
        "legal-basis": "consent", "ethics-approval": "2026-0123",
        "ethics-expiry": "2089-03-31", "owners": "14",
        "survey": "corona 1", "fields": "Q03 Q04 Q08 Q11 Q12",
        "period": "2020-03-01..2020-05-31", "identity-pub": person.pub,
        "retention-until": "2089-03-31",
    }
    options.update({k.replace("_", "-"): v for k, v in more.items()})
    path.unlink(missing_ok=True)
    words = []
    for key, value in options.items():
        if value is not None:
            words += [f"--{key}", value]
    az("request", "draft", *words, "-o", path)
    return path


def submit(home, person, request="REQ-2026-001", code=0, **more):
    """Draft, sign and submit a request."""
    path = draft(home.folder / f"{request}.txt", person, request, **more)
    sig = sign("request", path, person)
    return home.az("request", "submit", path, "--sig", sig, code=code)


def make_asked(home, rows=400, **policy):
    """Answers, a partner, a policy and an eligible request."""
    home.partner = make_person(home.folder, "pi")
    for name in ("age", "occupation"):
        home.az("owner", "ladder", "14", name, ladder_file(name))
    put_policy(home, policy_document(home, partners=[home.partner], **policy))
    home.az("intake", "14",
            generate(home.folder / "lines.ndjson", rows), code=None)
    submit(home, home.partner)


def freeze(home, request="REQ-2026-001", owner="14", **options):
    return home.json("plan", "freeze", owner, request, **options)["plan"]


# ---- packets ----

def members(path):
    """A packet's members by their names without the folder."""
    with tarfile.open(path) as tar:
        return {m.name.split("/", 1)[1]: tar.extractfile(m).read()
                for m in tar if m.isfile()}


def folder_of(path):
    with tarfile.open(path) as tar:
        return next(m.name for m in tar if m.isdir())


def write_packet(path, folder, files):
    """A packet from nothing."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as out:
        info = tarfile.TarInfo(folder)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        out.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return path


def rewrite(path, to, change):
    """The packet once more, with members changed, added, or left out (None)."""
    files = {**members(path), **change}
    return write_packet(to, folder_of(path), {
        name: data for name, data in files.items() if data is not None})


def stopped(home, step, *args):
    """A command that stands still at a step; see `go_on`."""
    process = subprocess.Popen(
        [FAULT, "--home", home.path, "--key-file", home.key_file, *args],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(AZUKARI_KILL_AT=step, AZUKARI_STOP="1"))
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
    return process


def go_on(process, code=0):
    """What it does then; killed where it never ends."""
    process.send_signal(signal.SIGCONT)
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    ran = Ran(process.args, subprocess.CompletedProcess(
        process.args, process.returncode, out, err))
    assert code is None or ran.code == code, ran
    return ran


class Officers:
    """The machines of an owner's officers: each with its own memory."""

    def __init__(self, home, owner="14"):
        self.home = home
        self.people = home.seats[owner]
        self.folder = home.folder / "officers"
        self.folder.mkdir(exist_ok=True)
        self.made = 0

    def path(self, name):
        """A new file."""
        self.made += 1
        return self.folder / f"{self.made:03d}-{name}"

    def state(self, seat):
        return self.folder / f"state-{seat}"

    def pack(self, plan, seat, *args, **options):
        packet = self.path(f"{plan}-{seat}.packet")
        self.home.az("plan", "pack", plan, "--seat", seat, "-o", packet,
                     *args, **options)
        return packet

    def run(self, command, packet, seat, *args, **options):
        """A command of the officer's; its answer's path and what it said."""
        answer = self.path(f"{seat}.answer")
        ran = az(command, packet, *self.people[seat].options(), "--state",
                 self.state(seat), "-o", answer, *args, **options)
        return answer, ran

    def approve(self, plan, seat, **options):
        """Pack, approve, accept: one whole turn of one seat."""
        packet = self.pack(plan, seat)
        answer, ran = self.run("approve", packet, seat, "--yes", **options)
        if ran.code == 0:
            self.home.az("plan", "accept", answer)
        return ran

    def approve_fully(self, plan, seats=("a", "b")):
        """Everyone signs, then those who signed early release."""
        for seat in seats:
            self.approve(plan, seat)
        for seat in seats[:-1]:
            self.approve(plan, seat)


# ---- witnesses ----

def ledger_vkey(home):
    """The ledger's public key, as its first entry says."""
    return home.json("ledger", "show")[0]["ledger-key"]


class Witness:
    """An auditor's machine: one key file, one state file."""

    def __init__(self, folder, name, vkey):
        self.name = name
        self.dir = pathlib.Path(folder) / name
        self.passphrase = pathlib.Path(folder) / "passphrase"
        if not self.passphrase.exists():
            write(self.passphrase, PASSPHRASE + "\n").chmod(0o600)
        if not self.dir.exists():
            az("witness", "init", self.dir, "--name",
               f"auditor.example/{name}", "--log", vkey, "--work-factor",
               "10", "--passphrase-file", self.passphrase)
        self.made = 0

    @property
    def vkey(self):
        return (self.dir / "witness.vkey").read_text().strip()

    @property
    def state(self):
        return self.dir / "state"

    def path(self, name):
        self.made += 1
        return self.dir.parent / f"{self.name}-{self.made:03d}.{name}"

    def cosign(self, request, code=0, **options):
        """The answer's path, and what was said."""
        answer = self.path("answer")
        ran = az("witness", "cosign", request, "--dir", self.dir,
                 "--passphrase-file", self.passphrase, "-o", answer,
                 code=code, **options)
        return answer, ran

    def request(self, home, *more, code=0):
        request = self.path("request")
        ran = home.az("ledger", "witness", "request", self.name, *more, "-o",
                      request, code=code)
        return request, ran

    def turn(self, home, *more):
        """Request, cosign, accept: one whole turn of one witness."""
        request, _ = self.request(home, *more)
        answer, _ = self.cosign(request)
        return home.az("ledger", "witness", "accept", answer)


def witness_policy(path, vkey, witnesses, quorum="any", url=""):
    """A tlog-policy file: K of these witnesses."""
    text = f"log {vkey}\n"
    for w in witnesses:
        own = f"{url}/{w.name}" if url else ""
        text += f"witness {w.name} {w.vkey} {own}".rstrip() + "\n"
    text += f"group all {quorum} {' '.join(w.name for w in witnesses)}\n"
    return write(path, text + "quorum all\n")


def make_witnessed(home, names=("w1", "w2"), quorum="all", url=""):
    """A policy with witnesses instead of the one in force."""
    vkey = ledger_vkey(home)
    home.witnesses = [Witness(home.folder, n, vkey) for n in names]
    home.witness_policy = witness_policy(
        home.folder / "witness-policy", vkey, home.witnesses, quorum, url)
    first = home.folder / "policy-14-1.json"
    doc = policy_document(
        home, partners=[home.partner], version=2, previous=sha256(first),
        witnesses={"policy_sha256": sha256(home.witness_policy)})
    path = write(home.folder / "policy-14-2.json",
                 json_module.dumps(doc, ensure_ascii=False))
    options = ["--witnesses", home.witness_policy]
    for seat in ("a", "b"):
        options += ["--sig", sign("policy", path, home.seats["14"][seat])]
    home.az("owner", "policy", "14", path, *options)
