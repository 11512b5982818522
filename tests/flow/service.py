"""A running service for the flow tests: started, spoken to, ended."""
import contextlib
import http.client
import json
import os
import pathlib
import select
import signal
import socket
import ssl
import subprocess
import time

import flow

JSON = {"Content-Type": "application/json"}


def certificate(folder, name="server"):
    """A self-signed certificate for localhost."""
    folder = pathlib.Path(folder)
    cert, key = folder / f"{name}.pem", folder / f"{name}.key.pem"
    flow.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
             "-days", "30", "-subj", f"/CN={name}", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1")
    key.chmod(0o600)
    return cert, key


class Reply:
    """Status, headers and body of an answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def result(self):
        return self.json["result"]

    def __repr__(self):
        return f"{self.status} {self.body[:2000]!r}"


class Service:
    """`azukari serve` on ports of its own choosing."""

    def __init__(self, home, program=None, env=None, wrap=(), **config):
        self.home = home
        self.cert, key = certificate(home.folder, "localhost") \
            if not (home.folder / "localhost.pem").exists() else \
            (home.folder / "localhost.pem", home.folder / "localhost.key.pem")
        self.config = {"azukari": "serve v1", "listen": ["127.0.0.1:0"],
                       "plain": ["127.0.0.1:0"], "local": ["127.0.0.1:0"],
                       "certificate": str(self.cert), "key": str(key)}
        self.config.update(config)
        self.config = {k: v for k, v in self.config.items() if v is not None}
        self.program, self.env, self.wrap = program, env or {}, list(wrap)
        self.process, self.events, self.ports = None, [], {}
        self.sessions = {}

    def write_config(self):
        path = flow.write(self.home.path / "serve.json",
                          json.dumps(self.config))
        path.chmod(0o600)

    def start(self, ready=True):
        self.write_config()
        args = [*self.wrap, self.program or flow.AZUKARI, "--home",
                self.home.path, "--key-file", self.home.key_file, "serve"]
        self.process = subprocess.Popen(
            [str(a) for a in args], stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL, env=flow.environment(**self.env),
            pass_fds=getattr(self, "pass_fds", ()))
        os.set_blocking(self.process.stderr.fileno(), False)
        self.pending = b""
        if ready:
            self.wait("ready")
            self.ports = {e["kind"]: int(e["address"].rsplit(":", 1)[1])
                          for e in self.events if e["event"] == "listening"
                          and not e["address"].startswith(("unix:", "handed"))}
        return self

    def read_log(self, seconds):
        """What it has said by then."""
        if select.select([self.process.stderr], [], [], seconds)[0]:
            data = self.process.stderr.read() or b""
            self.pending += data
            *whole, self.pending = self.pending.split(b"\n")
            for text in whole:
                try:
                    self.events.append(json.loads(text))
                except ValueError:
                    self.events.append({"event": "said", "text": text})
            return bool(data)
        return False

    def wait(self, event, seconds=60):
        """The next event of that name, also one that has come already."""
        until = time.monotonic() + seconds
        seen = 0
        while time.monotonic() < until:
            for e in self.events[seen:]:
                if e["event"] == event:
                    return e
            seen = len(self.events)
            if not self.read_log(0.1) and self.process.poll() is not None:
                self.read_log(0)
                if not any(e["event"] == event for e in self.events[seen:]):
                    break
        raise AssertionError((event, self.process.poll(), self.events))

    def stop(self, how=signal.SIGTERM, code=0):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        got = self.process.wait(timeout=120)
        self.read_log(0)
        self.process.stderr.close()
        self.process = None
        assert code is None or got == code, (got, self.events)
        return got

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *rest):
        if self.process is not None and self.process.poll() is None \
                and kind is not None:
            self.process.kill()
        self.stop(code=0 if kind is None else None)

    # ---- talking to it ----

    def connect(self, port="tls"):
        if port != "tls":
            return http.client.HTTPConnection("127.0.0.1", self.ports[port],
                                              timeout=60)
        context = ssl.create_default_context(cafile=str(self.cert))
        return http.client.HTTPSConnection("localhost", self.ports["tls"],
                                           context=context, timeout=60)

    def call(self, method, path, body=None, headers=None, token=None,
             port="plain"):
        connection = self.connect(port)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers = {**JSON, **headers}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers)
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.headers), reply.read())

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)

    def raw(self, data, answers=None, port="plain"):
        """Bytes as they are; all that comes back, and whether it hung up
        (which is waited for, unless that many ANSWERS came before)."""
        with socket.create_connection(("127.0.0.1", self.ports[port])) as s:
            s.settimeout(60)
            said = b""
            try:
                s.sendall(data)
                while answers is None or said.count(b"HTTP/1.1 ") < answers:
                    piece = s.recv(65536)
                    if not piece:
                        return said, True
                    said += piece
            except TimeoutError:
                return said, False
            except OSError:
                return said, True
            return said, False

    # ---- sessions ----

    def challenge(self, role, name, owner=None):
        claim = {"role": role, "name": name, "host": "127.0.0.1"}
        if owner:
            claim["owner"] = owner
        return self.post("/v1/challenge", claim).result["challenge"]

    def prove(self, text, person):
        """The answer to a challenge, signed with ssh-keygen."""
        folder = self.home.folder / "challenges"
        folder.mkdir(exist_ok=True)
        path = folder / f"{len(list(folder.iterdir()))}.txt"
        path.write_text(text, encoding="utf-8")
        sig = flow.sign("session", path, person)
        return self.post("/v1/session", {
            "challenge": text, "signature": sig.read_text(encoding="utf-8")})

    def token(self, role, name, person, owner=None):
        key = (role, name, owner, person.key)
        if key not in self.sessions:
            reply = self.prove(self.challenge(role, name, owner), person)
            assert reply.status == 200, reply
            self.sessions[key] = reply.result["token"]
        return self.sessions[key]

    def seat(self, seat, owner="14"):
        return self.token("custodian", seat, self.home.seats[owner][seat],
                          owner)

    def partner(self, owner="14", name="keio"):
        return self.token("partner", name, self.home.partner, owner)

    def metrics(self):
        """NAME or NAME{labels} -> value."""
        text = self.get("/metrics", port="local").body.decode()
        return {k: float(v) for k, v in
                (t.rsplit(" ", 1) for t in text.splitlines()
                 if not t.startswith("#"))}

    def until_metrics(self, **values):
        """The metrics once those NAMEd have these values; labels come after
        the name: until_metrics(**{'azukari_x{a="b"}': 1})."""
        return flow.until(self.metrics, lambda m: all(
            m.get(name) == value for name, value in values.items()))


def person_entry(person, name):
    """For "operators" and "auditors" of serve.json."""
    return {"name": name, "ssh": flow.pub_lines(person)[1]}
