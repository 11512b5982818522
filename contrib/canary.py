#!/usr/bin/python3
"""The canary: made-up people, from a LINE webhook to an opened bundle.

    canary.py [--azukari PROGRAM] [--service URL [--ca FILE]] [--stamp FILE]

Builds a whole gateway of its own in a temporary folder – an owner named カナリア,
seats named canary-a and canary-b that the operator holds, a survey of one
question – serves it on loopback, lets three made-up people answer by signed
webhooks, asks, freezes, approves, exports, fetches over HTTPS, verifies, opens,
and looks for the very number they answered.  Then everything is removed.
Nothing of it can get into a real release: it is another home, with another
ledger, whose bundles no real trust folder knows.

What it proves: that the program as it is installed, on this machine, with this
clock, these libraries and this disk, carries an answer all the way.  With
--service it also asks the real service whether it is ready.  What it does not
prove: that the real stores, keys and officers work; `azukari status` and drills
do that.

Exit status 0, and the time into FILE (HOME/run/canary: the service shows it as
azukari_canary_success_seconds): alarm when it is older than two runs, or 0.
"""
import argparse
import base64
import contextlib
import csv
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

OWNER, NAME = "47", "カナリア"
PEOPLE = 3
SURVEY = {
    "azukari": "survey v1", "name": "canary", "version": 1,
    "title": "カナリア（架空）", "title_en": "canary (invented)",
    "fields": [{"name": "mark", "type": "integer", "title": "番号",
                "title_en": "number", "disclosure": "insensitive",
                "constraints": {"required": True, "minimum": 0,
                                "maximum": 999999999}}]}
TEXT = "カナリア：架空の回答者のための説明文です。研究に使います。\n"


class Canary:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.home = folder / "home"
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("AZUKARI_")}
        self.env["LC_ALL"] = "C.UTF-8"
        self.passphrase = self.put("passphrase", secrets.token_hex(16), 0o600)
        self.key_file = folder / "gateway.key-file"
        self.process = self.line = None
        self.ports = {}

    def put(self, name, text, mode=0o644):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def az(self, *args):
        done = subprocess.run([str(a) for a in (self.program, *args)],
                              env=self.env, text=True, capture_output=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, args))}: "
                               f"{done.stderr.strip()}")
        return done.stdout

    def at_home(self, *args):
        return self.az("--home", self.home, "--key-file", self.key_file,
                       *args)

    def person(self, name):
        return ["--identity", self.folder / f"{name}.key",
                "--passphrase-file", self.passphrase]

    def pub(self, name):
        age, ssh = (self.folder / f"{name}.pub").read_text().splitlines()
        return age, " ".join(ssh.split()[:2])

    # ---- the gateway ----

    def set_up(self):
        f = self.folder
        self.az("--key-file", self.key_file, "init", self.home, "--origin",
                "canary.invalid/azukari", "--operator", "canary operator")
        for name in ("canary-a", "canary-b", "canary-pi", "canary-op"):
            self.az("keygen", name, "--dir", f, "--work-factor", 10,
                    "--passphrase-file", self.passphrase)
        self.at_home("owner", "add", OWNER, "--name", NAME, "--threshold", 2,
                     "--seat", f / "canary-a.pub", "--seat",
                     f / "canary-b.pub", "--institution",
                     "canary seats, held by the operator",
                     "--representative", NAME)
        answers = []
        for seat in ("canary-a", "canary-b"):
            self.at_home("owner", "pack", OWNER, "--seat", seat, "-o",
                         f / f"{seat}.join")
            self.az("owner", "join", f / f"{seat}.join", *self.person(seat),
                    "-o", f / f"{seat}.joined")
            answers.append(f / f"{seat}.joined")
        self.at_home("owner", "activate", OWNER, *answers)
        survey = self.put("survey.json", json.dumps(SURVEY))
        text = self.put("text.txt", TEXT)
        self.text = hashlib.sha256(text.read_bytes()).hexdigest()
        self.at_home("owner", "survey", OWNER, survey)
        self.at_home("consent-text", "add", OWNER, text, "--title", NAME)
        self.at_home("source", "add", OWNER, "line", "--namespace", "canary")
        self.channel = secrets.token_hex(16)
        self.at_home(
            "line", "set", OWNER, "line", "--survey", "canary 1",
            "--consent-text", f"sha256:{self.text}", "--scopes", "research",
            "--secret-file", self.put("secret", self.channel, 0o600),
            "--access-token-file", self.put("token", "canary", 0o600))
        self.put_policy(hashlib.sha256(survey.read_bytes()).hexdigest())

    def put_policy(self, survey):
        age, ssh = self.pub("canary-pi")
        charter = json.loads(self.at_home(
            "charter", "show", OWNER, "--json"))["result"]["sha256"]
        today = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
        policy = {
            "azukari": "policy v1", "owner": OWNER, "version": 1,
            "previous": None, "charter": charter, "valid_from": today,
            "valid_until": "2090-01-01",
            "surveys": [{"name": "canary", "version": 1, "sha256": survey}],
            "consent_texts": [{
                "sha256": self.text, "title": NAME, "scopes": ["research"],
                "purposes": ["DUO:0000042"], "diseases": [],
                "valid_days": 2, "covers_earlier": False}],
            "partners": [{
                "id": "canary", "name": NAME, "name_en": "canary",
                "institution": "canary partner", "address": NAME,
                "representative": NAME, "investigator": NAME, "age": age,
                "ssh": ssh}],
            "purposes": {"permission": "DUO:0000042", "diseases": [],
                         "modifiers": []},
            "legal_bases": ["consent"], "ladders": [],
            "release": [{"survey": "canary", "version": 1,
                         "fields": {"mark": "as-is"}}],
            "disclosure": {"k": PEOPLE,
                           "suppression_limit_basis_points": 0,
                           "minimum_cell": PEOPLE},
            "retention_days": 7, "plan_valid_days": 1,
            "quotas": {"exports_per_year": 1,
                       "respondents_per_export": 1000},
            "byte_release": False, "denial": "veto",
            "withdrawal": {"hold_hours": 24, "erase_backup_days": 7,
                           "daily_limit": 1000},
            "accept_guessable_ids": False,
            "witnesses": {"policy_sha256": None}}
        path = self.put("policy.json", json.dumps(policy))
        sigs = []
        for seat in ("canary-a", "canary-b"):
            sig = self.folder / f"policy.{seat}.sig"
            self.az("sign", "policy", path, *self.person(seat), "-o", sig)
            sigs += ["--sig", sig]
        self.at_home("owner", "policy", OWNER, path, *sigs)

    # ---- the service ----

    def stand_in(self):
        """Where LINE's replies go."""
        class Quiet(http.server.BaseHTTPRequestHandler):
            def do_POST(self):              # noqa: N802
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):
                pass

        self.line = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        threading.Thread(target=self.line.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.line.server_port}"

    def certify(self):
        f = self.folder
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-keyout", f / "tls.key",
             "-out", f / "tls.pem", "-days", "2", "-subj", "/CN=canary",
             "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True)
        (f / "tls.key").chmod(0o600)

    @contextlib.contextmanager
    def served(self):
        config = {"azukari": "serve v1", "listen": ["127.0.0.1:0"],
                  "certificate": str(self.folder / "tls.pem"),
                  "key": str(self.folder / "tls.key"),
                  "operators": [{"name": "canary",
                                 "ssh": self.pub("canary-op")[1]}],
                  "line": {"endpoint": self.endpoint}}
        path = self.home / "serve.json"
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        self.process = subprocess.Popen(
            [str(a) for a in (self.program, "--home", self.home,
                              "--key-file", self.key_file, "serve")],
            env=self.env, stderr=subprocess.PIPE, text=True)
        for text in self.process.stderr:
            event = json.loads(text) if text[:1] == "{" else {}
            if event.get("event") == "listening":
                self.port = int(event["address"].rsplit(":", 1)[1])
            if event.get("event") == "ready":
                break
        else:
            raise RuntimeError("the service does not start")
        rest = threading.Thread(target=self.process.stderr.read, daemon=True)
        rest.start()
        try:
            yield f"https://localhost:{self.port}"
        finally:
            self.process.terminate()
            if self.process.wait(60) != 0:
                raise RuntimeError("the service does not end well")

    # ---- people ----

    def webhook(self, who, text, number):
        now = int(time.time() * 1000)
        body = json.dumps({"destination": "U" + "0" * 32, "events": [{
            "type": "message", "mode": "active", "timestamp": now,
            "source": {"type": "user", "userId": who},
            "webhookEventId": f"01CANARY{number:018d}", "replyToken": "r",
            "deliveryContext": {"isRedelivery": False},
            "message": {"id": str(now) + str(number), "type": "text",
                        "text": text, "quoteToken": "q"}}]}).encode()
        mac = hmac.new(self.channel.encode(), body, hashlib.sha256).digest()
        context = ssl.create_default_context(
            cafile=str(self.folder / "tls.pem"))
        with contextlib.closing(http.client.HTTPSConnection(
                "localhost", self.port, context=context,
                timeout=30)) as connection:
            connection.request("POST", "/line/line", body, {
                "Content-Type": "application/json",
                "x-line-signature": base64.b64encode(mac).decode()})
            status = connection.getresponse().status
        if status != 200:
            raise RuntimeError(f"the webhook was answered {status}")

    def answer(self, mark):
        number = 0
        for _ in range(PEOPLE):
            who = "U" + secrets.token_hex(16)
            for text in ("はじめる", "同意する", str(mark)):
                number += 1
                self.webhook(who, text, number)
                time.sleep(0.01)

    # ---- release ----

    def remote(self, url, who, name, *args):
        return self.az(*args, "--gateway", url, "--ca",
                       self.folder / "tls.pem", "--as", who,
                       *self.person(name))

    def release(self, url):
        f = self.folder
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
        end = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * 86400))
        self.az("request", "draft", "--id", "REQ-CANARY", "--project",
                "canary", "--title", NAME, "--partner", "canary",
                "--institution", "canary partner", "--investigator", NAME,
                "--purpose", "DUO:0000042", "--legal-basis", "consent",
                "--owners", OWNER, "--survey", "canary 1", "--fields",
                "mark", "--period", f"{day}..{end}", "--identity-pub",
                f / "canary-pi.pub", "--retention-until", end, "-o",
                f / "request.txt")
        self.az("sign", "request", f / "request.txt",
                *self.person("canary-pi"), "-o", f / "request.txt.sig")
        pi, op = f"partner:{OWNER}/canary", "operator:canary"
        self.remote(url, pi, "canary-pi", "request", "submit",
                    f / "request.txt")
        plan = json.loads(self.remote(
            url, op, "canary-op", "plan", "freeze", OWNER, "REQ-CANARY",
            "--json"))["result"]["plan"]
        for turn, seat in enumerate(("canary-a", "canary-b", "canary-a")):
            packet, answer = f / f"{turn}.packet", f / f"{turn}.answer"
            who = f"custodian:{OWNER}/{seat}"
            self.remote(url, who, seat, "plan", "pack", plan, "-o", packet)
            self.az("approve", packet, *self.person(seat), "--state",
                    f / f"state-{seat}", "--yes", "-o", answer)
            self.remote(url, who, seat, "plan", "accept", answer, "--plan",
                        plan)
        self.remote(url, op, "canary-op", "export", plan)
        export = plan.replace("PLAN", "EXP")
        self.remote(url, pi, "canary-pi", "fetch", export, "-o",
                    f / "bundle.tar")
        return f / "bundle.tar"

    def look_inside(self, bundle, mark):
        out = self.folder / "opened"
        out.mkdir()
        self.az("open", bundle, *self.person("canary-pi"), "-o", out)
        path = next(out.glob("*/data/responses.csv"))
        with open(path, encoding="utf-8", newline="") as file:
            marks = [row["mark"] for row in csv.DictReader(file)]
        if marks != [str(mark)] * PEOPLE:
            raise RuntimeError(f"the bundle holds {len(marks)} answers, "
                               "not those that were given")

    def fly(self):
        mark = secrets.randbelow(10 ** 9)
        self.certify()
        self.set_up()
        self.endpoint = self.stand_in()
        with self.served():
            self.answer(mark)           # its end closes the day's epochs
        with self.served() as url:
            self.look_inside(self.release(url), mark)
        self.at_home("ledger", "verify")


def ask_ready(url, ca):
    context = ssl.create_default_context(cafile=ca)
    with urllib.request.urlopen(f"{url.rstrip('/')}/readyz", timeout=20,
                                context=context) as reply:
        if reply.read() != b"ready\n":
            raise RuntimeError(f"{url} is not ready")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--azukari", default="azukari")
    parser.add_argument("--service")
    parser.add_argument("--ca")
    parser.add_argument("--stamp", type=pathlib.Path)
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="azukari-canary-"))
    try:
        if args.service:
            ask_ready(args.service, args.ca)
        Canary(args.azukari, folder).fly()
        if args.stamp:
            fresh = args.stamp.with_suffix(".new")
            fresh.write_text(f"{int(time.time())}\n")
            fresh.rename(args.stamp)
    except (OSError, RuntimeError, ValueError, StopIteration,
            subprocess.SubprocessError) as e:
        print(f"canary: {e}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
