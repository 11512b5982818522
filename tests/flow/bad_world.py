"""What the rows of test_bad_input.py start from, and how one is run.

A row prepares something bad in its own copy of one gateway, names a command,
and says what it must come to.  `judge` runs it and compares everything that was
there before with what is there afterwards.
"""
import dataclasses
import io
import re
import shutil
import tarfile
import typing

import flow
from flow import Person

TRANSIENT = re.compile(r".*(-wal|-shm|/lock|\.lock)")


@dataclasses.dataclass
class Row:
    """PREPARE(case) gives the command, by `gate` or `alone`; CODE is its exit
    status, WORDS must all stand in what it says.  KEEPS is False where the
    command rightly enters something (a refusal, a line set aside, a repair):
    then CHECK(case) sees to it."""
    name: str
    prepare: typing.Callable
    code: int
    words: tuple = ()
    keeps: bool = True
    check: typing.Callable = None
    now: str = None
    limit: int = None       # bytes a file may have: a disk that is full


def gate(*args):
    """A command at the gateway."""
    return "gateway", args


def alone(*args):
    """A command on a machine without a home."""
    return "alone", args


class World:
    """A gateway with an exported plan, one that officers are asked about, and
    one that only waits for a release."""

    def __init__(self, asked, folder):
        home = self.home = asked.copy(folder / "world")
        self.partner = home.partner
        self.stranger = flow.make_person(home.folder, "stranger")
        self.old = folder / "old"
        shutil.copytree(home.path, self.old)
        self.withdraw_somebody()
        home.az("intake", "14", flow.lines(
            folder / "more", flow.line("response", "more", "U" + "9" * 32)))
        self.officers = flow.Officers(home)
        self.exported = flow.freeze(home)
        self.officers.approve_fully(self.exported)
        self.bundle = flow.pathlib.Path(
            home.json("export", self.exported)["bundle"])
        self.export = self.bundle.stem
        self.asked_plan()
        self.waiting_plan()
        home.az("seat", "pack", "14", "--seat", "a", "-o",
                home.folder / "shares")
        home.az("status")       # whatever start-up does is done

    def withdraw_somebody(self):
        home = self.home
        who = re.search(r'"respondent":"([^"]+)"', (
            home.folder / "lines.ndjson").read_text())[1]
        home.az("withdraw", "14", "--respondent-file", "-", "--source",
                "line", "--now", stdin=who + "\n")

    def asked_plan(self):
        """Nobody has answered; what a would say lies here."""
        flow.submit(self.home, self.partner, "REQ-2026-002")
        self.plan = flow.freeze(self.home, "REQ-2026-002")
        self.packets = {s: self.officers.pack(self.plan, s) for s in "abc"}
        self.approval, _ = self.officers.run("approve", self.packets["a"],
                                             "a", "--yes")

    def waiting_plan(self):
        """a and b approved, b released; a's release lies here."""
        flow.submit(self.home, self.partner, "REQ-2026-003")
        self.waiting = flow.freeze(self.home, "REQ-2026-003")
        self.early = self.officers.pack(self.waiting, "a")
        self.accepted, _ = self.officers.run("approve", self.early, "a",
                                             "--yes")
        self.home.az("plan", "accept", self.accepted)
        self.officers.approve(self.waiting, "b")
        self.release, _ = self.officers.run(
            "approve", self.officers.pack(self.waiting, "a"), "a", "--yes")


class Case:
    """One row's own copy."""

    def __init__(self, world, folder):
        self.world = world
        self.home = world.home.copy(folder / "gateway")
        self.given = folder / "given"
        self.given.mkdir()
        self.out = folder / "out"
        self.state = self.given / "state"
        self.state.mkdir()
        self.seats = self.home.seats["14"]

    def file(self, data, name="bad"):
        path = self.given / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def person(self, who):
        return who if isinstance(who, Person) else self.seats[who]

    def officer(self, command, packet, seat="b", *more, identity=None):
        person = self.person(seat)
        return alone(command, packet, "--identity", identity or person.key,
                     "--passphrase-file", person.passphrase, "--state",
                     self.state, "-o", self.out, *more,
                     *(["--yes"] if command == "approve" else []))

    def packet(self, source, **change):
        """A packet or answer once more; CHANGE(members) alters them."""
        files = flow.members(source)
        change["by"](files)
        return flow.write_packet(self.given / "packet",
                                 flow.folder_of(source), files)

    def bundle(self, change):
        """The bundle once more; CHANGE gets [(TarInfo, data)]."""
        items = change(tar_items(self.world.bundle))
        return tar_pack(self.given / self.world.bundle.name, items)

    def put(self, name, data):
        """Bytes in the place of a file of the home."""
        (self.home.path / name).write_bytes(data)

    def flip(self, name, at=None):
        path = self.home.path / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2 if at is None else at] ^= 1
        path.write_bytes(data)

    def put_back(self, *names):
        """An old copy."""
        for name in names:
            target = self.home.path / name
            if target.is_dir():
                shutil.rmtree(target)
                shutil.copytree(self.world.old / name, target)
            else:
                shutil.copyfile(self.world.old / name, target)


def tar_items(path):
    with tarfile.open(path) as tar:
        return [(m, tar.extractfile(m).read() if m.isfile() else None)
                for m in tar.getmembers()]


def tar_pack(path, items):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in items:
            if data is not None:
                info.size = len(data)
            tar.addfile(info, None if data is None else io.BytesIO(data))
    return path


# ---- running ----

def snapshot(case):
    """Every file there is, by digest."""
    folder = case.given.parent
    return {str(p.relative_to(folder)): flow.sha256(p)
            for p in folder.rglob("*") if p.is_file() and not p.is_symlink()
            and not TRANSIENT.fullmatch(str(p))}


def run(case, row, command):
    where, args = command
    before = ["sh", "-c", f"trap '' XFSZ; ulimit -f {row.limit // 512}; "
              'exec "$@"', "sh"] if row.limit else []
    options = {"code": None, "env": {"TMPDIR": str(case.given)}}
    if where == "gateway":
        args = ("--home", case.home.path, "--key-file", case.home.key_file,
                *args)
    if before:
        return flow.run(*before, flow.AZUKARI, *args, **options)
    return flow.az(*args, now=row.now, **options)


def judge(case, row):
    command = row.prepare(case)
    before = snapshot(case)
    ran = run(case, row, command)
    assert ran.code == row.code, ran
    for word in row.words:
        assert re.search(word, ran.err), (word, ran)
    if row.code != 0:
        assert "error:" in ran.err or "bad line" in ran.err, ran
    if row.keeps:
        after = snapshot(case)
        assert {k: v for k, v in after.items() if before.get(k) != v} == {}, \
            ran
        assert set(before) == set(after), ran
        assert not case.out.exists(), ran
    if row.check:
        row.check(case, ran)
