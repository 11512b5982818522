"""nginx in front, with the configuration that contrib/ gives; and the units."""
import contextlib
import http.client
import os
import pathlib
import shutil
import socket
import ssl
import subprocess

import pytest

import flow
import lineapi
from flow import line
from service import Reply, Service, certificate, person_entry
from test_serve import GET, SHAPES

NAME = "localhost"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
NGINX = shutil.which("nginx", path=PATH)
ANALYZE = shutil.which("systemd-analyze", path=PATH)
CONTRIB = flow.ROOT / "contrib"


class Front:
    """nginx on a unix socket, TLS in front of the service."""

    def __init__(self, folder, http):
        self.socket = folder / "front"
        self.cert, key = certificate(folder, "front")
        ours = (CONTRIB / "nginx/azukari.conf").read_text(encoding="utf-8")
        for old, new in (("unix:/run/azukari/http", f"unix:{http}"),
                         ("listen 443 ssl", f"listen unix:{self.socket} ssl"),
                         ("/etc/azukari/cert.pem", str(self.cert)),
                         ("/etc/azukari/key.pem", str(key)),
                         ("azukari.example;", NAME + ";")):
            assert old in ours, old
            ours = ours.replace(old, new)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = flow.write(folder / "nginx.conf", f"daemon off; master_process "
                          f"off; pid {folder}/pid; error_log stderr;\n"
                          f"events {{}}\nhttp {{ access_log off; {temporary}\n"
                          f"{ours} }}\n")
        self.process = subprocess.Popen([NGINX, "-p", folder, "-c", conf],
                                        stderr=subprocess.DEVNULL)

    def curl(self, path, *options, code=0, token=None, stdin=None):
        if token:
            options = ("-H", f"Authorization: Bearer {token}", *options)
        return flow.run("curl", "-sS", "--cacert", self.cert, "--unix-socket",
                        self.socket, *options, f"https://{NAME}{path}",
                        code=code, stdin=stdin)

    def open(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(60)
        s.connect(str(self.socket))
        context = ssl.create_default_context(cafile=str(self.cert))
        return context.wrap_socket(s, server_hostname=NAME)

    def call(self, method, path, body=None, headers=None, token=None, **_):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self.open()
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.headers), reply.read())

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)


@pytest.fixture(scope="module")
def behind(frozen_once, tmp_path_factory):
    """A service behind nginx, with something to fetch."""
    if not NGINX:
        pytest.skip("no nginx")
    folder = tmp_path_factory.mktemp("front")
    home = frozen_once.copy(folder / "gateway")
    flow.Officers(home).approve_fully(home.plan)
    home.az("export", home.plan)
    lineapi.connect(home, home.folder, access_token_file=None)
    home.operator = flow.make_person(home.folder, "operator")
    http_socket = folder / "http"
    with Service(home, listen=None, names=[NAME],
                 plain=["127.0.0.1:0", f"unix:{http_socket}"],
                 operators=[person_entry(home.operator, "op")],
                 limits={"requests_per_second": 0}) as s:
        front = Front(folder, http_socket)
        try:
            flow.until(lambda: front.curl("/readyz", code=None),
                       lambda done: done.out == "ready\n" or
                       front.process.poll() is not None)
            front.service = s
            yield front
        finally:
            front.process.terminate()
            front.process.wait()


def test_what_is_served(behind):
    assert behind.curl("/healthz").out == "ok\n"
    assert behind.curl("/healthz", "--http2", "-w", "%{http_version}").out == \
        "ok\n2"
    assert "404" in behind.curl("/metrics", "-o", "/dev/null", "-w",
                                "%{http_code}").out
    for old in ("-tls1_2", "-tls1_1"):
        done = subprocess.run(
            ["openssl", "s_client", "-unix", behind.socket, old, "-cipher",
             "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL,
            capture_output=True, check=False)
        assert done.returncode != 0, old


def test_a_webhook(behind):
    bot = lineapi.Bot(behind)
    for event in (bot.text("はじめる"), bot.event("unfollow")):
        assert bot.post(event).status == 200
    assert bot.post(bot.text("x"), sign="x").status == 401


def test_nobody_is_believed_about_certificates(behind):
    """A client certificate counts where the service itself has seen it."""
    text = (line("response", "n1", lineapi.user(1)) + "\n").encode()
    for name in ("X-SSL-Client-Cert", "X-Client-Cert", "SSL-Client-Cert",
                 "X-SSL-Client-Verify", "X-Forwarded-Client-Cert"):
        reply = behind.post("/v1/intake/14/line", text, headers={
            "Content-Type": "application/x-ndjson", name: "SUCCESS"})
        assert reply.status == 404, name


def test_a_long_batch(behind):
    """Streamed without a length, as it comes."""
    op = behind.service.token("operator", "op", behind.service.home.operator)
    lines = "".join(line("response", f"f{i}", lineapi.user(i % 97)) + "\n"
                    for i in range(20000))
    said = behind.curl("/v1/intake/14/line", "-X", "POST", "-T", "-", "-H",
                       "Content-Type: application/x-ndjson", token=op,
                       stdin=lines).out
    assert '"responses":20000' in said.replace(" ", ""), said


def test_a_fetch(behind, tmp_path):
    home = behind.service.home
    pi = behind.service.partner()
    export = home.plan.replace("PLAN", "EXP")
    tar = (home.path / "outbox" / f"{export}.tar").read_bytes()
    path = f"/v1/exports/{export}/bundle"
    part = behind.call("GET", path, headers={"Range": "bytes=100-299"},
                       token=pi)
    assert part.status == 206 and part.body == tar[100:300]
    out = tmp_path / "resumed.tar"
    out.write_bytes(tar[:5000])
    behind.curl(path, "--fail", "-C", "-", "-o", out, token=pi)
    assert out.read_bytes() == tar
    flow.az("verify", out)
    assert behind.call("GET", path).status == 404


@pytest.mark.parametrize("name,data,status", SHAPES,
                         ids=[s[0] for s in SHAPES])
def test_shapes_poison_nothing(behind, name, data, status):
    """Whatever the two make of it, others get their own answers."""
    with contextlib.suppress(OSError), behind.open() as s:
        s.sendall(data + GET + b"Connection: close\r\n\r\n")
        s.settimeout(1)
        while s.recv(65536):
            pass
    for _ in range(3):
        got = behind.call("GET", "/healthz")
        assert (got.status, got.body) == (200, b"ok\n"), name
    assert behind.service.get("/healthz").status == 200


# ---- the units ----

@pytest.fixture
def units(tmp_path):
    """Those of contrib/ with programs that are there."""
    if not ANALYZE:
        pytest.skip("no systemd-analyze")
    program = flow.write(tmp_path / "program", "#!/bin/sh\n")
    program.chmod(0o755)
    for path in (CONTRIB / "systemd").iterdir():
        text = path.read_text(encoding="utf-8")
        for there in ("/usr/bin/azukari", "/usr/share/azukari/canary.py"):
            text = text.replace(there, str(program))
        flow.write(tmp_path / path.name, text)
    return tmp_path


def test_units_are_well_formed(units):
    paths = sorted(p for p in units.iterdir() if p.suffix in (
        ".service", ".socket", ".timer"))
    assert len(paths) == 4
    done = flow.run(ANALYZE, "verify", "--man=no", *paths, code=None)
    ours = [t for t in done.err.splitlines() if "azukari" in t]
    assert done.code == 0 and not ours, done


def test_units_give_up_what_they_can(units):
    """At most 2.0 of 10 by systemd's own count."""
    done = flow.run(ANALYZE, "security", "--offline=true", "--threshold=20",
                    "--no-pager", units / "azukari.service", code=None)
    assert done.code == 0, done
    text = pathlib.Path(units / "azukari.service").read_text(encoding="utf-8")
    loose = text.replace("SystemCallFilter=@", "#").replace(
        "ProtectSystem=strict", "").replace("CapabilityBoundingSet=\n", "")
    flow.write(units / "loose.service", loose)
    assert flow.run(ANALYZE, "security", "--offline=true", "--threshold=20",
                    "--no-pager", units / "loose.service",
                    code=None).code != 0
