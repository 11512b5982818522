"""An officer who has no azukari: keys of age-keygen and ssh-keygen, texts
written with an editor.  Also the way to make answers that no tool of ours
would make."""
import base64
import datetime
import os
import pathlib
import re
import subprocess

import flow

DOC = flow.ROOT / "docs/approve-by-hand.md"


def tool(*args, data=None, cwd=None):
    done = subprocess.run([str(a) for a in args], input=data, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout


def now(minutes=0):
    at = datetime.datetime.now(datetime.timezone.utc)
    at += datetime.timedelta(minutes=minutes)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def text(kind, **values):
    """A signed text's bytes; keys with _ for -; a nonce at the end."""
    lines = [f"azukari-{kind} v1"]
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in values.items()]
    lines.append(f"nonce: {os.urandom(16).hex()}")
    return "".join(line + "\n" for line in lines).encode()


def value(document, key):
    found = re.search(rf"^{key}: (.*)$", document.decode(), re.M)
    assert found, key
    return found.group(1)


def digest(data):
    import hashlib
    return hashlib.sha256(data).hexdigest()


class Hand:
    """me.id, me.ssh and SEAT.pub in a folder."""

    def __init__(self, folder, seat):
        self.seat = self.name = seat
        self.folder = pathlib.Path(folder)
        self.id = self.folder / "me.id"
        self.ssh = self.folder / "me.ssh"
        self.pub = self.folder / f"{seat}.pub"

    def make(self):
        self.folder.mkdir(parents=True)
        tool("age-keygen", "-o", self.id)
        tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.seat,
             "-f", self.ssh)
        age = tool("age-keygen", "-y", self.id).decode().strip()
        ssh = self.ssh.with_suffix(".ssh.pub").read_text(encoding="ascii")
        flow.write(self.pub, f"{age}\n{ssh.strip()}\n")
        return self

    def open(self, sealed):
        return tool("age", "-d", "-i", self.id, data=sealed)

    def sign(self, kind, data):
        """The signature's bytes."""
        path = self.folder / "to-sign"
        path.write_bytes(data)
        sig = pathlib.Path(f"{path}.sig")
        sig.unlink(missing_ok=True)
        tool("ssh-keygen", "-q", "-Y", "sign", "-f", self.ssh, "-n",
             f"{kind}@azukari", path)
        return sig.read_bytes()

    def join(self, packet, answer):
        """`owner join` with nothing of ours."""
        files = flow.members(packet)
        owner = value(files["charter.txt"], "owner")
        return flow.write_packet(answer, f"{owner}-{self.seat}-joined", {
            f"charter.{self.seat}.sig": self.sign("charter",
                                                  files["charter.txt"]),
            "share.txt": self.open(files["share.age"])})

    # -- texts --

    def approval(self, files, **more):
        """approval.txt for an unpacked packet."""
        plan = files["plan.txt"]
        lines = files["plan.tlog-proof"].decode().splitlines()
        at = lines.index(value(plan, "ledger-origin"))
        values = {
            "plan": value(plan, "plan"), "plan_sha256": digest(plan),
            "owner": value(plan, "owner"), "seat": self.seat,
            "charter_sha256": digest(files["charter.txt"]),
            "ledger_size": lines[at + 1],
            "ledger_root": base64.b64decode(lines[at + 2]).hex(),
            "approved": now(), "expires": value(plan, "expires")}
        return text("approval", **{**values, **more})

    def shares(self, files):
        """The share texts of a packet, in order."""
        return [self.open(data) for name, data in sorted(files.items())
                if name.startswith("shares/")]

    def seal(self, recipient, texts):
        return tool("age", "-r", recipient, data=b"".join(texts))

    def release(self, files, approvals, sealed, **more):
        """release.txt; APPROVALS are texts by seat."""
        plan = files["plan.txt"]
        lines = "".join(f"{s} {digest(approvals[s])}\n"
                        for s in sorted(approvals))
        values = {
            "plan": value(plan, "plan"), "plan_sha256": digest(plan),
            "owner": value(plan, "owner"), "seat": self.seat,
            "charter_sha256": digest(files["charter.txt"]),
            "plan_recipient": value(plan, "plan-recipient"),
            "approvals_sha256": digest(lines.encode()),
            "shares": sum(n.startswith("shares/") for n in files),
            "shares_sha256": digest(sealed)}
        return text("release", **{**values, **more})

    def stop(self, kind, files, reason="理由", **more):
        plan = files["plan.txt"]
        values = {
            "plan": value(plan, "plan"), "plan_sha256": digest(plan),
            "owner": value(plan, "owner"), "seat": self.seat,
            "reason": reason,
            "denied" if kind == "denial" else "revoked": now()}
        return text(kind, **{**values, **more})

    def answer(self, path, plan, shares=None, **texts):
        """An answer packet of these texts, each signed."""
        files = {}
        for kind in ("approval", "release", "denial", "revocation"):
            if kind in texts:
                files[f"{kind}.txt"] = texts[kind]
                files[f"{kind}.txt.sig"] = self.sign(kind, texts[kind])
        if shares is not None:
            files["shares.age"] = shares
        return flow.write_packet(path, f"{plan}-{self.seat}-answer", files)


def enrol(home, hand, owner="14", others=("a", "b"), threshold=2):
    """An owner whose last seat is held by HAND."""
    folder = home.folder / owner
    folder.mkdir()
    home.seats[owner] = {s: flow.make_person(folder, s) for s in others}
    options = []
    for person in [*home.seats[owner].values(), hand]:
        options += ["--seat", person.pub]
    home.az("owner", "add", owner, "--name", "神奈川県", "--threshold",
            threshold, *options)
    answers = flow.join_owner(home, owner)
    packet, answer = folder / "hand.join", folder / "hand.joined"
    home.az("owner", "pack", owner, "--seat", hand.seat, "-o", packet)
    answers.append(hand.join(packet, answer))
    home.az("owner", "activate", owner, *answers)


def blocks():
    """The shell of docs/approve-by-hand.md, one script."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$",
                                DOC.read_text(encoding="utf-8"), re.M | re.S))


def tools_only(folder, *names):
    """A PATH that holds nothing but these."""
    folder.mkdir()
    for name in names:
        where = tool("sh", "-c", f"command -v {name}").decode().strip()
        (folder / name).symlink_to(where)
    return folder
