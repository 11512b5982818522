"""The commands against a service: the same words and exit codes as against a
home, and fetching what may break off at any byte."""
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import flow
from service import Service, certificate, person_entry


class Far:
    """One person's commands against a service."""

    def __init__(self, service, who, person):
        self.service, self.who, self.person = service, who, person

    @property
    def options(self):
        return ["--gateway",
                f"https://localhost:{self.service.ports['tls']}", "--ca",
                self.service.cert, "--as", self.who,
                *self.person.options()]

    def az(self, *args, **options):
        return flow.az(*args, *self.options, **options)


@pytest.fixture
def served(asked, tmp_path):
    """Running; home.before is the same home that nobody serves."""
    home = asked
    home.operator = flow.make_person(home.folder, "operator")
    home.before = home.copy(tmp_path / "before")
    with Service(home, operators=[person_entry(home.operator, "op")],
                 limits={"requests_per_second": 0}) as s:
        yield s


def people(s):
    home = s.home
    seats = home.seats["14"]
    return (Far(s, "operator:op", home.operator),
            Far(s, "partner:14/keio", home.partner),
            {n: Far(s, f"custodian:14/{n}", seats[n]) for n in seats})


def test_same_words_and_exit_codes(served, tmp_path):
    """Everything an everyday needs, far from the home; each list compared
    with what the home says."""
    s, home = served, served.home
    op, pi, seats = people(s)
    path = flow.draft(home.folder / "r2.txt", home.partner, "REQ-2026-002")
    sig = flow.sign("request", path, home.partner)
    ran = pi.az("request", "submit", path, "--sig", sig)
    assert "owner 14: eligible" in ran.err
    # refused there as it would be here, with the same reasons
    wrong = flow.draft(home.folder / "r3.txt", home.partner, "REQ-2026-003",
                       fields="Q10")
    wrong_sig = flow.sign("request", wrong, home.partner)
    there = pi.az("request", "submit", wrong, "--sig", wrong_sig, code=1)
    here = home.before.az(
        "request", "submit", wrong, "--sig", wrong_sig, code=1)
    assert there.err == here.err
    plan = op.az("plan", "freeze", "14", "REQ-2026-002", "--json").result[
        "plan"]
    officers = flow.Officers(home)
    for seat in ("a", "b", "a"):
        packet, far = officers.path("packet"), seats[seat]
        far.az("plan", "pack", plan, "-o", packet)
        answer, _ = officers.run("approve", packet, seat, "--yes")
        said = far.az("plan", "accept", answer, "--plan", plan)
        assert "approvals" in said.err
    for words in (["plan", "list"], ["request", "list"], ["status"],
                  ["export", "list"]):
        for more in ([], ["--json"], ["--lang", "ja"]):
            there, here = op.az(*words, *more), home.az(*words, *more)
            assert there.out == here.out, words
            assert there.err == here.err, words
    # what is not there, not theirs, not possible
    assert seats["a"].az("plan", "pack", "PLAN-2026-9999", "-o",
                         tmp_path / "x", code=4).code == 4
    assert not (tmp_path / "x").exists()
    op.az("plan", "freeze", "14", "REQ-nowhere", code=4)
    flow.az("plan", "list", *Far(s, "custodian:14/a",
                                 home.seats["14"]["b"]).options, code=4)
    seats["a"].az("plan", "accept", answer, "--plan", plan, code=None)
    # a plan denied from afar
    other = op.az("plan", "freeze", "14", "REQ-2026-001", "--json").result[
        "plan"]
    packet = officers.path("packet")
    seats["c"].az("plan", "pack", other, "-o", packet)
    answer, _ = officers.run("deny", packet, "c", "--reason", "not now")
    said = seats["c"].az("plan", "accept", answer, "--plan", other, "--json")
    assert said.result["denied"] and said.result["ended"]
    # the token by itself
    token = tmp_path / "token"
    seats["a"].az("session", "-o", token)
    assert token.stat().st_mode & 0o777 == 0o600
    url = f"https://localhost:{s.ports['tls']}"
    ran = flow.az("plan", "list", "--gateway", url, "--ca", s.cert,
                  "--token-file", token)
    assert plan in ran.out
    header = f"Authorization: Bearer {token.read_text().strip()}"
    done = flow.run("curl", "-sS", "--fail", "--cacert", s.cert, "-H", header,
                    f"{url}/v1/plans")
    assert plan in done.out


def test_intake_from_afar(served, tmp_path):
    """One file, with good lines, bad lines and known ones: same table, same
    bad lines, same exit code, and the same records."""
    s, home = served, served.home
    op, _, _ = people(s)
    copy = home.before
    who = ["U" + f"{n:032x}" for n in range(30)]
    path = flow.lines(tmp_path / "l.ndjson", *(
        flow.line(kind, f"{kind}{n}", w) for n, w in enumerate(who)
        for kind in ("consent", "response")), *['{"type": 7}'] * 25,
        flow.line("response", "response0", who[0]))
    words = ["intake", "14", "--source", "line", path]
    for more in (["--dry-run"], [], ["--json"], ["--lang", "ja"]):
        there = op.az(*words, *more, code=3)
        here = copy.az(*words, *more, code=3)
        assert (there.err, there.code) == (here.err, here.code), more
        if "--json" in more:
            a, b = there.result, here.result
            assert {b.pop("file") for b in a["bad_lines"]} == {"-"}
            assert {b.pop("file") for b in b["bad_lines"]} == {str(path)}
            assert a == b
        else:
            assert there.out == here.out, more
    said = op.az("intake", "14", "--source", "line", "-", stdin=flow.line(
        "consent", "c-new", "U" + "ef" * 16) + "\n")
    assert re.search(r"^consents +1$", said.out, re.M), said
    # what is not there, and what is not for them
    op.az("intake", "14", "--source", "nowhere", path, code=4)
    op.az("intake", "14", "--source", "../line", path, code=3)
    op.az("intake", "14", path, code=2)
    op.az("intake", "14", "--source", "line", tmp_path / "no", code=4)
    seat = Far(s, "custodian:14/a", home.seats["14"]["a"])
    seat.az("intake", "14", "--source", "line", path, code=4)
    for at in (home, copy):
        at.az("ledger", "verify")


def test_request_show_and_drill_from_afar(served, tmp_path):
    s, home = served, served.home
    _, pi, seats = people(s)
    for more in ([], ["--json"], ["--lang", "ja"]):
        words = ["request", "show", "14", "REQ-2026-001", *more]
        there, here = pi.az(*words), home.az(*words)
        assert (there.out, there.err) == (here.out, here.err), more
    pi.az("request", "show", "14", "REQ-2026-404", code=4)
    pi.az("request", "show", "13", "REQ-2026-001", code=4)
    # a drill: made there, answered here, entered there
    copy = home.before
    officers = flow.Officers(home)
    packet = officers.path("drill")
    there = seats["a"].az("seat", "drill", "pack", "14", "-o", packet)
    other = officers.path("drill")
    here = copy.az("seat", "drill", "pack", "14", "--seat", "a", "-o", other)
    assert there.err == here.err.replace(str(other), str(packet))
    answer = officers.path("answer")
    flow.az("seat", "drill", "sign", packet, *seats["a"].person.options(),
            "--state", officers.state("a"), "-o", answer)
    before = home.json("ledger", "show")
    said = seats["a"].az("seat", "drill", "accept", answer)
    assert "opens and signs" in said.err
    after = home.json("ledger", "show")[len(before):]
    assert [(e["kind"], e["seat"]) for e in after] == [("drill", "a")]
    seats["a"].az("seat", "drill", "accept", answer, code=None)
    assert len(home.json("ledger", "show")) == len(before) + 1
    seats["a"].az("seat", "drill", "pack", "14", "-o", packet, code=1)
    pi.az("seat", "drill", "pack", "14", "-o", officers.path("x"), code=4)


def test_byte_release_from_afar(ready, tmp_path):
    """Where the policy asks for it: packed, signed and let go by officers who
    never come to the gateway."""
    home = ready.copy(tmp_path / "gateway")
    flow.make_asked(home, byte_release=True)
    home.operator = flow.make_person(home.folder, "operator")
    home.plan = flow.freeze(home)
    officers = flow.Officers(home)
    officers.approve_fully(home.plan)
    export = home.plan.replace("PLAN", "EXP")
    home.az("export", home.plan)
    with Service(home, operators=[person_entry(home.operator, "op")],
                 limits={"requests_per_second": 0}) as s:
        op, pi, seats = people(s)
        for n, seat in enumerate(("a", "b")):
            packet, here = officers.path("bytes"), officers.path("bytes")
            said = seats[seat].az("byterelease", "pack", export, "-o", packet)
            again = home.az("byterelease", "pack", export, "-o", here)
            assert flow.members(packet) == flow.members(here)
            assert said.err == again.err.replace(str(here), str(packet))
            answer = officers.path("answer")
            flow.az("byterelease", "sign", packet, "--yes",
                    *seats[seat].person.options(), "--state",
                    officers.state(seat), "-o", answer)
            seats[seat].az("byterelease", "accept", answer, code=2)
            seats[seat].az("byterelease", "accept", answer, "--export",
                           "EXP-2026-0099", code=4)
            pi.az("byterelease", "accept", answer, "--export", export, code=4)
            taken = seats[seat].az("byterelease", "accept", answer,
                                   "--export", export, "--json")
            assert taken.result["signed"] == n + 1
        seats["b"].az("byterelease", "accept", answer, "--export", export,
                      code=1)
        pi.az("byterelease", "pack", export, "-o", tmp_path / "x", code=4)
        assert not (tmp_path / "x").exists()
        op.az("export", home.plan)
        pi.az("fetch", export, "-o", tmp_path / "e.tar")
    flow.az("verify", tmp_path / "e.tar")


def test_a_command_leaves_no_session(served, tmp_path):
    """A service holds sixteen sessions of one person: twenty commands put
    nobody out, and the one that was asked for stays."""
    s = served
    op, _, _ = people(s)
    token = tmp_path / "token"
    op.az("session", "-o", token)
    for _ in range(20):
        op.az("request", "list")
    assert s.metrics()["azukari_sessions"] == 1
    reply = s.get("/v1/session", token=token.read_text().strip())
    assert reply.status == 200 and reply.result["role"] == "operator", reply


def test_who_is_not_there(served, tmp_path):
    s = served
    _, pi, _ = people(s)
    base = ["plan", "list", "--as", pi.who, *pi.person.options()]
    flow.az(*base, "--gateway", "http://example.com", code=2)
    flow.az(*base, "--gateway", "ftp://localhost", code=2)
    flow.az(*base, "--gateway", "http://127.0.0.1:x@example.com", code=2)
    flow.az(*base, "--gateway", "https://127.0.0.1:1", code=6)
    url = f"https://localhost:{s.ports['tls']}"
    ran = flow.az(*base, "--gateway", url, code=1)      # not a known CA
    assert "does not prove to be itself" in ran.err
    other, _ = certificate(tmp_path, "other")
    flow.az(*base, "--gateway", url, "--ca", other, code=1)
    flow.az("plan", "list", "--gateway", url, "--ca", s.cert, code=2)
    flow.az("plan", "list", "--gateway", url, "--ca", s.cert, "--as",
            "king:14/a", *pi.person.options(), code=3)
    # Something else speaks HTTP there: no words of its reach the terminal.
    with socket.socket() as fake:
        fake.bind(("127.0.0.1", 0))
        fake.listen()

        def answer():
            body = json.dumps({"error": "", "exit": 0, "lines": [
                {"role": "done", "en": "\x1b[2Jfine", "ja": "x"}],
                "result": {"challenge": "x"}}).encode()
            for _ in range(2):
                peer, _ = fake.accept()
                said = b""          # all of it: what is unread is a reset
                while b"}" not in said:
                    said += peer.recv(10000)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
                             b"Connection: close\r\n\r\n%b" %
                             (len(body), body))
                peer.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        ran = flow.az(*base, "--gateway",
                      f"http://127.0.0.1:{fake.getsockname()[1]}", code=3)
        assert "\x1b" not in ran.err and "not as this program does" in ran.err


@pytest.fixture
def released(frozen, officers):
    officers.approve_fully(frozen.plan)
    frozen.az("export", frozen.plan)
    frozen.export = frozen.plan.replace("PLAN", "EXP")
    return frozen


class Breaking:
    """Between the two: lets so many bytes through, then hangs up."""

    def __init__(self, port, allowance):
        self.port, self.allowance = port, allowance
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()
        self.here = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                near, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(near,),
                             daemon=True).start()

    def carry(self, near):
        far = socket.create_connection(("127.0.0.1", self.port))
        threading.Thread(target=self.pump, args=(near, far, None),
                         daemon=True).start()
        self.pump(far, near, self.allowance)

    @staticmethod
    def pump(a, b, left):
        try:
            while data := a.recv(4096):
                if left is not None:
                    data, left = data[:left], left - len(data)
                b.sendall(data)
                if left is not None and left <= 0:
                    break
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class PassOn(http.server.BaseHTTPRequestHandler):
    """A hostile service: has another one's challenges signed."""

    def do_POST(self):              # noqa: N802 (http.server's name)
        body = json.loads(self.rfile.read(int(
            self.headers["Content-Length"])))
        self.server.asked.append(self.path)
        if "host" in body:
            body["host"] = self.server.host
        reply = self.server.other.post(self.path, body)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.headers["Content-Type"])
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *args):
        pass


def test_a_challenge_is_not_passed_on(frozen_once, tmp_path):
    """What is signed names the host that was asked, and the service gives
    challenges for its own names only."""
    home = frozen_once.copy(tmp_path / "gateway")
    with Service(home, names=["gateway.example", "[2001:db8::1]"]) as s:
        evil = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PassOn)
        evil.other, evil.host, evil.asked = s, "gateway.example", []
        threading.Thread(target=evil.serve_forever, daemon=True).start()
        try:
            ran = flow.az(
                "session", "--gateway",
                f"http://127.0.0.1:{evil.server_port}", "--as",
                "custodian:14/a", *home.seats["14"]["a"].options(), "-o",
                tmp_path / "token", code=None)
        finally:
            evil.shutdown()
            evil.server_close()
        assert ran.code == 1 and "for another service" in ran.err, ran
        assert evil.asked == ["/v1/challenge"]
        assert not (tmp_path / "token").exists()

        def asked(host):
            claim = {"role": "custodian", "owner": "14", "name": "a"}
            return s.post("/v1/challenge", {**claim, **host})

        for good in ("gateway.example", "[2001:db8::1]", "localhost",
                     "127.0.0.1"):
            assert f"\nhost: {good}\n" in asked(
                {"host": good}).result["challenge"]
        for bad in ("evil.example", "gateway.example.evil", "example", "",
                    "GATEWAY.example", "gateway.example:443", "a b", 7,
                    "x" * 300, "[::1", "2001:db8::1"):
            assert asked({"host": bad}).status in (400, 422), bad
        assert asked({}).status in (400, 422)


def test_fetch(released, tmp_path):
    home = released
    tar = (home.path / "outbox" / f"{home.export}.tar").read_bytes()
    out, part = tmp_path / "e.tar", tmp_path / "e.tar.part"
    with Service(home, limits={"requests_per_second": 0}) as s:
        pi = Far(s, "partner:14/keio", home.partner)
        token = tmp_path / "token"
        pi.az("session", "-o", token)
        words = ["fetch", home.export, "-o", out]

        def fetch(port=None, **options):
            return flow.az(*words, "--gateway",
                           f"https://localhost:{port or s.ports['tls']}",
                           "--ca", s.cert, "--token-file", token, **options)

        # it breaks off each time, and goes on each time
        broken = Breaking(s.ports["tls"], 8000 + len(tar) // 3)
        fetch(broken.here)
        assert out.read_bytes() == tar
        assert not part.exists() and len(os.listdir(tmp_path)) == 3
        log = [e["first-byte"] for e in home.json("ledger", "show")
               if e["kind"] == "fetched"]
        assert log[0] == "0" and len(log) >= 2 and int(log[-1]) > 0
        fetch(code=1)           # never over what is there
        # bytes of something else before it: begun anew, and right
        out.unlink()
        part.write_bytes(b"x" * 100)
        part.with_suffix(".part.etag").write_text('"other"')
        fetch()
        assert out.read_bytes() == tar
        # bytes that were changed on this side: refused, and nothing is left
        out.unlink()
        part.write_bytes(b"x" * 600 + tar[600:1000])
        etag = s.call("HEAD", f"/v1/exports/{home.export}/bundle",
                      token=token.read_text().strip()).headers["ETag"]
        part.with_suffix(".part.etag").write_text(etag)
        fetch(code=None)
        assert not out.exists() and not part.exists()
        # killed in the middle: no half file under the final name
        slow = Breaking(s.ports["tls"], None)
        for delay in (0.05, 0.1, 0.2):
            process = subprocess.Popen(
                [str(a) for a in (flow.AZUKARI, *words, "--gateway",
                 f"https://localhost:{slow.here}", "--ca", s.cert,
                 "--token-file", token)], env=flow.environment(),
                stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert not out.exists() or out.read_bytes() == tar
            out.unlink(missing_ok=True)
        fetch()
        assert out.read_bytes() == tar
        # another partner's, or none
        seat = Far(s, "custodian:14/a", home.seats["14"]["a"])
        seat.az("fetch", home.export, "-o", tmp_path / "y", code=4)
        pi.az("fetch", "EXP-2026-9999", "-o", tmp_path / "y", code=4)
        assert not (tmp_path / "y").exists()
    home.az("ledger", "verify")
