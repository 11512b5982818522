"""The service: what it lets in, who may call it, how it starts and ends."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

import flow
from service import JSON, Service, certificate, person_entry

HOST = b"Host: x\r\n"
POST = (b"POST /v1/challenge HTTP/1.1\r\n" + HOST +
        b"Content-Type: application/json\r\n")
GET = b"GET /healthz HTTP/1.1\r\n" + HOST


@pytest.fixture(scope="module")
def shared(frozen_once, tmp_path_factory):
    """One service for the tests that change nothing that matters."""
    home = frozen_once.copy(tmp_path_factory.mktemp("served"))
    home.operator = flow.make_person(home.folder, "operator")
    home.auditor = flow.make_person(home.folder, "auditor")
    with Service(home, operators=[person_entry(home.operator, "op")],
                 auditors=[person_entry(home.auditor, "audit")],
                 limits={"requests_per_second": 0}) as s:
        yield s


# ---- what comes in ----

# name, bytes, what it must answer (None: it hangs up), rule
SHAPES = [
    ("length-and-chunks", POST + b"Content-Length: 5\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n", 400),
    ("chunks-and-length", POST + b"Transfer-Encoding: chunked\r\n"
     b"Content-Length: 5\r\n\r\n0\r\n\r\n", 400),
    ("two-lengths", POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n"
     b"123456", 400),
    ("length-twice", POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n"
     b"{}", 400),
    ("length-list", POST + b"Content-Length: 2, 2\r\n\r\n{}", 400),
    ("length-plus", POST + b"Content-Length: +2\r\n\r\n{}", 400),
    ("length-minus", POST + b"Content-Length: -2\r\n\r\n{}", 400),
    ("length-hex", POST + b"Content-Length: 0x2\r\n\r\n{}", 400),
    ("length-empty", POST + b"Content-Length: \r\n\r\n{}", 400),
    ("length-huge", POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}",
     413),
    ("coding-unknown", POST + b"Transfer-Encoding: xchunked\r\n\r\n"
     b"0\r\n\r\n", 501),
    ("coding-list", POST + b"Transfer-Encoding: chunked, identity\r\n\r\n"
     b"0\r\n\r\n", 501),
    ("coding-twice", POST + b"Transfer-Encoding: chunked\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("coding-folded", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n"
     b"0\r\n\r\n", 400),
    ("name-with-space", POST + b"Content-Length : 2\r\n\r\n{}", 400),
    ("name-with-tab", GET + b"Foo\t: 5\r\n\r\n", 400),
    ("name-no-token", GET + b"Fo(o: 5\r\n\r\n", 400),
    ("name-empty", GET + b": 5\r\n\r\n", 400),
    ("no-colon", GET + b"Foo\r\n\r\n", 400),
    ("folded", GET + b"Foo: a\r\n b\r\n\r\n", 400),
    ("first-line-folded", b"GET /healthz HTTP/1.1\r\n Foo: a\r\n" + HOST +
     b"\r\n", 400),
    ("nul-in-value", GET + b"Foo: a\0b\r\n\r\n", 400),
    ("nul-in-name", GET + b"Fo\0o: ab\r\n\r\n", 400),
    ("bare-cr", GET + b"Foo: a\rb\r\n\r\n", 400),
    ("bare-lf", b"GET /healthz HTTP/1.1\nHost: x\n\n", 400),
    ("one-bare-lf", b"GET /healthz HTTP/1.1\r\nHost: x\nFoo: b\r\n\r\n", 400),
    ("control-in-value", GET + b"Foo: a\x0bb\r\n\r\n", 400),
    ("bytes-in-value", GET + b"Foo: a\xffb\r\n\r\n", 400),
    ("no-host", b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    ("two-hosts", GET + HOST + b"\r\n", 400),
    ("http-1.0", b"GET /healthz HTTP/1.0\r\n" + HOST + b"\r\n", 505),
    ("http-1.2", b"GET /healthz HTTP/1.2\r\n" + HOST + b"\r\n", 505),
    ("http-2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("http-0.9", b"GET /healthz\r\n\r\n", 400),
    ("absolute-target", b"GET http://x/healthz HTTP/1.1\r\n" + HOST +
     b"\r\n", 400),
    ("dots", b"GET /v1/../healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("slashes", b"GET //healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("escape-in-path", b"GET /%68ealthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("two-spaces", b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("space-in-target", b"GET /healthz x HTTP/1.1\r\n" + HOST + b"\r\n", None),
    ("connect", b"CONNECT x:1 HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    ("trace", b"TRACE /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    ("body-nobody-wants", GET + b"Content-Length: 5\r\n\r\n12345", 400),
    ("chunk-size-word", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"
     b"\r\n0\r\n\r\n", 400),
    ("chunk-size-minus", POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n"
     b"{}\r\n0\r\n\r\n", 400),
    ("chunk-size-huge", POST + b"Transfer-Encoding: chunked\r\n\r\n" +
     b"f" * 18 + b"\r\n{}\r\n0\r\n\r\n", 413),
    ("chunk-without-end", POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n"
     b"{}XX0\r\n\r\n", 400),
    ("many-headers", GET + b"".join(b"X-%d: a\r\n" % i for i in range(100)) +
     b"\r\n", 431),
    ("long-header", GET + b"X: " + b"a" * 5000 + b"\r\n\r\n", 431),
    ("header-bomb", GET + b"X: " + b"a" * 400000 + b"\r\n\r\n", 431),
    ("long-target", b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST +
     b"\r\n", 400),
    ("expectation", POST + b"Expect: tea\r\nContent-Length: 2\r\n\r\n{}", 417),
    ("upgrade", GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 505),
    ("body-announced-too-large", POST + b"Content-Length: 99999\r\n\r\n", 413),
]


@pytest.mark.parametrize("name,data,status", SHAPES,
                         ids=[s[0] for s in SHAPES])
def test_shapes_are_refused_and_hung_up(shared, name, data, status):
    """Nothing behind a refused request is looked at."""
    said, hung_up = shared.raw(data + GET + b"\r\n")
    assert hung_up, said
    assert not said.endswith(b"\r\n\r\nok\n")
    if status is not None:
        assert said.startswith(b"HTTP/1.1 %d " % status), said[:200]
    else:
        assert said == b""


def test_what_is_well_formed_is_served(shared):
    """The positive control of the shapes: other spellings that are right."""
    for more in (b"", b"X-A:b\r\n", b"X-A: \t b\r\n", b"X-Empty:\r\n",
                 b"X-Empty: \r\n", b"cookie: a=b; c=d\r\n"):
        # and not hung up: the second is answered as well
        said, _ = shared.raw((GET + more + b"\r\n") * 2, answers=2)
        assert said.count(b"HTTP/1.1 200 ") == 2, (more, said)
    said, _ = shared.raw((GET + b"\r\n") * 3, answers=3)
    assert said.count(b"HTTP/1.1 200 ") == 3
    claim = b'{"role":"operator","name":"x","host":"localhost"}'
    for framing in (b"Content-Length: %d\r\n\r\n%b" % (len(claim), claim),
                    b"Transfer-Encoding: Chunked\r\n\r\n%x;a=b\r\n%b\r\n"
                    b"0\r\n\r\n" % (len(claim), claim)):
        said, _ = shared.raw(POST + framing, answers=1)
        assert said.startswith(b"HTTP/1.1 200 "), said


def test_bodies(shared):
    body = json.dumps({"role": "operator", "name": "x", "host": "localhost"})
    path = "/v1/challenge"
    assert shared.post(path, body, headers=JSON).status == 200
    for kind, status in (("application/json; charset=utf-8", 200),
                         ("application/json; charset=Shift_JIS", 415),
                         ("text/plain", 415), ("application/jsonx", 415)):
        reply = shared.post(path, body, headers={"Content-Type": kind})
        assert reply.status == status, kind
    assert shared.post(path, body).status == 415
    for bad in ("{", "[]", "null", '{"role":"operator","host":"localhost"}', '{"a":1}',
                '{"role":"king","name":"x","host":"localhost"}', '{"role":"x","role":"y"}',
                '{"role":"operator","host":"localhost","name":"\ud800"}'.encode(
                    "utf-8", "surrogatepass"), b"\xff", ""):
        reply = shared.post(path, bad, headers=JSON)
        assert reply.status == 400, (bad, reply)
    problem = shared.post(path, {"role": "king", "name": "x",
                                   "host": "localhost"})
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json["status"] == 400
    assert problem.json["error"] == "ERR_RANGE" and problem.json["exit"] == 3
    assert "role" in problem.json["input"]["rule"]
    # A body that is longer than said to be wanted, without an announcement.
    endless = b"".join(b"1000\r\n" + b"a" * 4096 + b"\r\n" for _ in range(8))
    said, _ = shared.raw(POST + b"Transfer-Encoding: chunked\r\n\r\n" +
                         endless + b"0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413 "), said[:200]
    # And one that never ends is cut off.
    with socket.create_connection(("127.0.0.1", shared.ports["plain"])) as s:
        s.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(1000):
                s.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")


def test_methods_and_paths(shared):
    assert shared.get("/nowhere").status == 404
    assert shared.get("/v1/challenge").status == 405
    assert shared.call("DELETE", "/healthz").status == 405
    head = shared.call("HEAD", "/healthz")
    assert head.status == 200 and head.body == b""
    assert head.headers["Content-Length"] == "3"


def trickle(service, port, head, data):
    """HEAD, then DATA and more byte by byte, until it is hung up; whether it
    was within the minute (its limits are of two and three seconds)."""
    with socket.create_connection(("127.0.0.1", service.ports[port])) as s:
        s.settimeout(0.2)
        until = time.monotonic() + 60
        try:
            s.sendall(head)
            while time.monotonic() < until:
                s.sendall(data[:1])
                data = data[1:] or b"a"
                with contextlib.suppress(TimeoutError):
                    if s.recv(1000) == b"":
                        return True
        except OSError:
            return True
        return False


def test_slow_senders_are_hung_up(home):
    """Bytes that keep coming do not buy time."""
    with Service(home, limits={"requests_per_second": 0, "header_seconds": 2,
                               "idle_seconds": 3, "request_seconds": 3}) as s:
        slow = [("plain", b"GET /healthz HTTP/1.1\r\n", b"X: " + b"a" * 999),
                ("plain", POST + b"Content-Length: 4000\r\n\r\n", b""),
                ("tls", b"\x16\x03\x01\x02\x00\x01", b"\0" * 900),
                ("tls", b"", b"\x16")]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            hung_up = list(pool.map(lambda a: trickle(s, *a), slow))
        assert all(hung_up), hung_up
        # counted after they were closed
        flow.until(s.metrics,
                   lambda m: m["azukari_http_slow_closed_total"] >= 3)
        assert s.get("/healthz").status == 200


# ---- TLS ----

def s_client(shared, *options):
    return subprocess.run(
        ["openssl", "s_client", "-connect",
         f"127.0.0.1:{shared.ports['tls']}", "-CAfile", shared.cert,
         *options], input=b"", capture_output=True, check=False)


def test_tls_is_1_3_only(shared):
    good = s_client(shared, "-tls1_3", "-verify_return_error")
    assert b"TLSv1.3" in good.stdout and good.returncode == 0, good
    for old in ("-tls1_2", "-tls1_1", "-tls1"):
        bad = s_client(shared, old, "-cipher", "ALL:@SECLEVEL=0")
        assert bad.returncode != 0, bad
        assert b"Cipher is (NONE)" in bad.stdout or \
            b"no protocols available" in bad.stderr, bad
    done = flow.run("curl", "-sS", "--cacert", shared.cert, "-i",
                    f"https://localhost:{shared.ports['tls']}/healthz")
    assert done.out.startswith("HTTP/1.1 200") and "Strict-Transport" in done.out


# ---- who ----

def test_a_session(shared):
    text = shared.challenge("custodian", "a", "14")
    assert text.startswith("azukari-session v1\norigin: gateway.example/azuk")
    reply = shared.prove(text, shared.home.seats["14"]["a"])
    assert reply.status == 200, reply
    token = reply.result["token"]
    assert re.fullmatch(r"azs_[A-Za-z0-9_-]{43}", token)
    assert shared.get("/v1/session", token=token).result == {
        "role": "custodian", "owner": "14", "name": "a"}
    # Once: a challenge is used up, also by a failure.
    again = shared.prove(text, shared.home.seats["14"]["a"])
    assert again.status == 404
    # It can be given back.
    assert shared.call("DELETE", "/v1/session", token=token).status == 200
    assert shared.get("/v1/session", token=token).status == 404
    # On no disk, in no log.
    for path in shared.home.path.rglob("*"):
        if path.is_file():
            assert token[4:].encode() not in path.read_bytes(), path
    shared.read_log(0)
    assert token not in json.dumps([str(e) for e in shared.events])


def test_every_way_not_to_prove_it_is_the_same(shared):
    """Unknown seat, owner or role, another's key, changed text: one answer."""
    people, home = shared.home.seats["14"], shared.home
    answers = []

    def tried(text, person):
        answers.append(shared.prove(text, person))

    tried(shared.challenge("custodian", "a", "14"), people["b"])
    tried(shared.challenge("custodian", "zz", "14"), people["a"])
    tried(shared.challenge("custodian", "a", "13"), people["a"])
    tried(shared.challenge("partner", "keio", "14"), people["a"])
    tried(shared.challenge("partner", "nobody", "14"), home.partner)
    tried(shared.challenge("operator", "op"), home.auditor)
    tried(shared.challenge("auditor", "op"), home.operator)
    tried(shared.challenge("custodian", "a", "14").replace("14", "13"),
          people["a"])
    tried("azukari-session v1\n", people["a"])
    text = shared.challenge("custodian", "a", "14")
    path = flow.write(home.folder / "wrong-namespace.txt", text)
    sig = flow.sign_anything("charter", path, people["a"])
    answers.append(shared.post("/v1/session", {
        "challenge": text, "signature": sig.read_text(encoding="utf-8")}))
    assert {a.status for a in answers} == {404}
    assert len({a.body for a in answers}) == 1
    # Those who are who they say they are get in.
    assert shared.token("operator", "op", home.operator)
    assert shared.token("auditor", "audit", home.auditor)
    assert shared.partner()


def test_metrics_are_for_the_operator(shared):
    assert shared.metrics()["azukari_uptime_seconds"] >= 0
    assert shared.get("/metrics").status == 404
    assert shared.get("/metrics", token=shared.seat("a")).status == 404
    token = shared.token("operator", "op", shared.home.operator)
    assert shared.get("/metrics", token=token).status == 200
    # and the local listener gives nothing else
    assert shared.get("/v1/session", token=token, port="local").status == 404


# ---- start, reload, end ----

def test_it_starts_only_as_it_should(home, tmp_path):
    s = Service(home)
    path = home.path / "serve.json"

    def refused(code, text, **config):
        s.config = {"azukari": "serve v1", **config}
        s.write_config()
        ran = home.az("serve", code=code)
        assert text in ran.err, ran
        assert '"ready"' not in ran.err

    refused(2, "nowhere to listen")
    refused(1, "without TLS only", plain=["0.0.0.0:8080"])
    refused(3, "TLS needs certificate and key", listen=["127.0.0.1:0"])
    refused(3, "is no address", plain=["127.0.0.1:http"])
    refused(3, "unknown", plain=["127.0.0.1:0"], lisen=[])
    refused(3, "threads", plain=["127.0.0.1:0"], limits={"threads": 0})
    cert, _ = certificate(tmp_path, "one")
    _, key = certificate(tmp_path, "two")
    refused(1, "not the certificate's", listen=["127.0.0.1:0"],
            certificate=str(cert), key=str(key))
    key.chmod(0o644)
    refused(1, "refused", listen=["127.0.0.1:0"], certificate=str(cert),
            key=str(key))
    path.chmod(0o644)
    home.az("serve", code=1)
    path.unlink()
    home.az("serve", code=4)


def test_drain_and_reload(home):
    """SIGHUP changes certificate and people; SIGTERM finishes what was begun."""
    operator = flow.make_person(home.folder, "operator")
    with Service(home) as s:
        assert s.prove(s.challenge("operator", "op"), operator).status == 404
        first = s_client(s).stdout
        shutil.move(home.folder / "localhost.pem", home.folder / "old.pem")
        s.cert, key = certificate(home.folder, "localhost")
        s.config.update(certificate=str(s.cert), key=str(key),
                        operators=[person_entry(operator, "op")])
        s.write_config()
        s.process.send_signal(signal.SIGHUP)
        s.wait("reloaded")
        assert s.prove(s.challenge("operator", "op"), operator).status == 200
        second = s_client(s).stdout
        pem = re.compile(rb"-----BEGIN CERT.*?END CERT", re.S)
        assert pem.search(first)[0] != pem.search(second)[0]
        # What is refused leaves the old in force.
        s.config["operators"] = "nobody"
        s.write_config()
        s.process.send_signal(signal.SIGHUP)
        s.wait("reload-refused")
        assert s.prove(s.challenge("operator", "op"), operator).status == 200
        # A request on its way when the end comes is answered.
        body = json.dumps({"role": "operator", "name": "op",
                           "host": "localhost"}).encode()
        with socket.create_connection(
                ("127.0.0.1", s.ports["plain"])) as late:
            late.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body))
            s.until_metrics(azukari_requests_open=2)    # it and this look
            s.process.send_signal(signal.SIGTERM)
            s.wait("draining")
            with pytest.raises(OSError):
                socket.create_connection(("127.0.0.1", s.ports["plain"]))
            late.sendall(body)
            assert late.recv(9000).startswith(b"HTTP/1.1 200")
        s.stop()
        assert s.events[-1]["event"] == "stopped"


def test_service_manager(home, tmp_path):
    """Ready, reload, stop and signs of life; a socket that is handed over."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, \
            socket.socket() as given:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        given.bind(("127.0.0.1", 0))
        given.listen()
        port = given.getsockname()[1]
        # LISTEN_PID is the process that execs.
        start = ["python3", "-c", "import os,sys; os.dup2(%d, 3);"
                 "os.environ['LISTEN_PID'] = str(os.getpid());"
                 "os.execv(sys.argv[1], sys.argv[1:])" % given.fileno()]
        s = Service(home, wrap=start, plain=None, listen=None, local=None,
                    env={"NOTIFY_SOCKET": str(tmp_path / "notify"),
                         "LISTEN_FDS": "1", "LISTEN_FDNAMES": "plain",
                         "WATCHDOG_USEC": "1000000"})
        s.pass_fds = (given.fileno(),)
        with s:
            s.ports["plain"] = port
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1"
            assert s.get("/readyz").body == b"ready\n"
            assert manager.recv(100) == b"WATCHDOG=1"
        said = b""
        while b"STOPPING=1" not in said:
            said += manager.recv(100)


def status_of(path):
    with open(f"{path}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def test_the_process_has_given_up_what_it_can(shared):
    """Per thread: no new privileges, seccomp; net threads one filter more.
    (A container may have a filter of its own below them.)"""
    pid = shared.process.pid
    below = int(status_of("/proc/self").get("Seccomp_filters", 0))
    counts = []
    for task in os.listdir(f"/proc/{pid}/task"):
        state = status_of(f"/proc/{pid}/task/{task}")
        assert state["NoNewPrivs"] == "1" and state["Seccomp"] == "2"
        counts.append(int(state["Seccomp_filters"]) - below)
    assert min(counts) == 1 and max(counts) == 2
    assert counts.count(2) >= 6         # three listeners, two threads each
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        core = next(line for line in f if line.startswith("Max core"))
    assert core.split()[4:6] == ["0", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_it_becomes_another_user(home):
    """Started as root it keeps nothing of root: no id, no capability; and it
    can still read its file and its key again."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        there = home.copy(pathlib.Path(folder) / "gateway")
        s = Service(there, user="nobody", local=None)
        s.write_config()
        nobody = pwd.getpwnam("nobody")
        for path in [there.folder, *there.folder.rglob("*")]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        key_file = home.folder / "root.key-file"        # root's alone
        shutil.copy(there.key_file, key_file)
        key_file.chmod(0o600)
        there.key_file.unlink()
        there.key_file = key_file
        s.write_config = lambda: None
        with s:
            for task in os.listdir(f"/proc/{s.process.pid}/task"):
                state = status_of(f"/proc/{s.process.pid}/task/{task}")
                assert set(state["Uid"].split()) == {str(nobody.pw_uid)}
                assert set(state["Gid"].split()) == {str(nobody.pw_gid)}
                assert state["Groups"].strip() == ""
                assert int(state["CapEff"], 16) == 0
                assert int(state["CapPrm"], 16) == 0
            assert s.get("/readyz").status == 200
            s.process.send_signal(signal.SIGHUP)
            s.wait("reloaded")
            text = s.challenge("custodian", "a", "14")
            assert s.prove(text, home.seats["14"]["a"]).status == 200


def is_closed(connection):
    """Has the other side hung up, as far as we know?"""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_too_many(home):
    """Requests and connections of one address are bounded."""
    with Service(home, limits={"requests_per_second": 1,
                               "connections_per_address": 4}) as s:
        codes = [s.post("/v1/challenge", {"role": "operator", "name": "x",
                                       "host": "localhost"})
                 for _ in range(30)]
        limited = [c for c in codes if c.status == 429]
        assert limited and limited[0].headers["Retry-After"] == "1"
        # behind a proxy it is the caller that counts, not the proxy
        other = s.get("/v1/session", headers={"X-Forwarded-For": "192.0.2.1"})
        assert other.status == 404
        assert s.get("/healthz").status == 200
        held = [socket.create_connection(("127.0.0.1", s.ports["tls"]))
                for _ in range(8)]
        with contextlib.ExitStack() as stack:
            for c in held:
                stack.enter_context(c)
            closed = flow.until(
                lambda: [c for c in held if is_closed(c)],
                lambda closed: len(closed) >= 4)
        assert len(closed) < 8


@pytest.mark.parametrize("count", [127, 128, 129, 256])
def test_any_number_at_the_same_instant_is_answered(home, count):
    """libmicrohttpd takes 128 ready connections in one call; with exactly as
    many its own loop waits before it looks at them.  All are made ready while
    the process stands still, on one thread; nothing else wakes it."""
    def asked(c):
        c.sendall(GET + b"\r\n")

    def answered(c):
        reply = http.client.HTTPResponse(c)
        reply.begin()
        return reply.status == 200 and reply.read() == b"ok\n"

    def standing(process):
        return all(re.search(r"\) T ", p.read_text()) for p in pathlib.Path(
            f"/proc/{process.pid}/task").glob("*/stat"))

    with Service(home, limits={
            "threads": 1, "connections": 1024, "requests_per_second": 0,
            "header_seconds": 120, "idle_seconds": 600,
            "request_seconds": 600}) as s:
        held = [socket.create_connection(("127.0.0.1", s.ports["plain"]),
                                         timeout=60) for _ in range(count)]
        for c in held:
            asked(c)
            assert answered(c)
        s.process.send_signal(signal.SIGSTOP)
        flow.until(lambda: standing(s.process), bool)
        for c in held:
            asked(c)
        s.process.send_signal(signal.SIGCONT)
        assert all(answered(c) for c in held)
        for c in held:
            c.close()


def test_behind_nginx(home, tmp_path):
    """Plain HTTP on a unix socket; nginx speaks TLS in front."""
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not nginx:
        pytest.skip("no nginx")
    http = tmp_path / "http"
    with Service(home, plain=[f"unix:{http}"], listen=None) as s:
        cert, key = certificate(tmp_path, "front")
        front = tmp_path / "front"
        conf = flow.write(tmp_path / "nginx.conf", f"""
daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;
events {{}}
http {{ access_log off; client_body_temp_path {tmp_path}/b;
  proxy_temp_path {tmp_path}/p; fastcgi_temp_path {tmp_path}/f;
  uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;
  upstream azukari {{ server unix:{http}; keepalive 8; }}
  server {{ listen unix:{front} ssl; ssl_certificate {cert};
    ssl_certificate_key {key}; ssl_protocols TLSv1.3;
    location / {{ proxy_pass http://azukari; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_request_buffering off; }} }} }}
""")
        proxy = subprocess.Popen([nginx, "-p", tmp_path, "-c", conf],
                                 stderr=subprocess.DEVNULL)
        try:
            done = flow.until(lambda: flow.run(
                "curl", "-sS", "--cacert", cert, "--unix-socket", front,
                "https://localhost/readyz", code=None),
                lambda done: done.code == 0 or proxy.poll() is not None)
            assert done.out == "ready\n", done
        finally:
            proxy.terminate()
            proxy.wait()
