"""A stand-in for LINE: signs webhooks, and records what it is told to say."""
import base64
import hashlib
import hmac
import http.server
import itertools
import json
import threading

import flow

SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "channel/token+="
BOT = "U" + "ab" * 16
NOW_MS = 1_586_000_000_000


def user(number):
    return "U" + hashlib.sha256(b"user %d" % number).hexdigest()[:32]


def signature(body, secret=SECRET):
    mac = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(mac).decode()


class Messaging:
    """LINE's sending side on loopback.  ANSWERS: statuses to give, in order,
    then 200; "silence" hangs up without a word."""

    def __init__(self):
        outer = self
        self.said, self.answers, self.lock = [], [], threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):      # noqa: N802 (http.server's name)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    status = outer.answers.pop(0) if outer.answers else 200
                    outer.said.append((self.path, dict(self.headers),
                                       json.loads(body), status))
                if status == "silence":
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def good(self, path="reply"):
        """The successful calls so far, in the order of the events (several
        are under way at a time)."""
        with self.lock:
            return sorted((s for s in self.said
                           if s[0].endswith(path) and s[3] == 200),
                          key=lambda s: int(
                              s[2].get("replyToken", "token0")[5:]))

    def wait(self, count, path="reply"):
        """At least COUNT successful calls; all of them."""
        return flow.until(lambda: self.good(path),
                          lambda good: len(good) >= count)

    def wait_for(self, sentence):
        """A successful call that says SENTENCE; its text."""
        def texts():
            return [m["text"] for s in self.good() for m in s[2]["messages"]]
        said = flow.until(texts, lambda all_: any(sentence in t for t in all_))
        return next(t for t in said if sentence in t)


def connect(home, folder, owner="14", source="line", secret=SECRET,
            scopes="support=Q01 research=Q02", code=0, **more):
    """A channel for a source."""
    secret_file = flow.write(folder / "channel.secret", secret + "\n")
    token_file = flow.write(folder / "channel.token", TOKEN + "\n")
    secret_file.chmod(0o600)
    token_file.chmod(0o600)
    options = {"survey": "corona 1", "consent-text": flow.text_digest(),
               "scopes": scopes, "secret-file": secret_file,
               "access-token-file": token_file, "destination": BOT}
    options.update({k.replace("_", "-"): v for k, v in more.items()})
    words = []
    for key, value in options.items():
        if value is not None:
            words += [f"--{key}", value]
    return home.az("line", "set", owner, source, *words, code=code)


class Bot:
    """Events of a channel, sent to a service."""

    numbers = itertools.count(1)

    def __init__(self, service, source="line", secret=SECRET):
        self.service, self.source, self.secret = service, source, secret
        self.now_ms = NOW_MS

    def event(self, kind, who=1, **more):
        n = next(self.numbers)
        self.now_ms += 1000
        event = {"type": kind, "mode": "active", "timestamp": self.now_ms,
                 "source": {"type": "user", "userId": user(who)},
                 "webhookEventId": f"01EVENT{n:019d}",
                 "deliveryContext": {"isRedelivery": False}}
        if kind in ("message", "postback", "follow"):
            event["replyToken"] = f"token{n}"
        event.update(more)
        return event

    def text(self, text, who=1, **more):
        event = self.event("message", who, **more)
        event["message"] = {"id": event["webhookEventId"][-10:],
                            "type": "text", "text": text,
                            "quoteToken": "q"}
        return event

    def press(self, data, who=1, **more):
        return self.event("postback", who, postback={"data": data}, **more)

    def post(self, *events, body=None, sign=None, headers=None, port="plain"):
        if body is None:
            body = json.dumps({"destination": BOT, "events": list(events)},
                              ensure_ascii=False).encode()
        if sign is None:
            sign = signature(body, self.secret)
        sent = {"Content-Type": "application/json; charset=utf-8",
                "x-line-signature": sign}
        sent.update(headers or {})
        sent = {k: v for k, v in sent.items() if v is not None}
        return self.service.post(f"/line/{self.source}", body, headers=sent,
                                 port=port)

    def say(self, *texts, who=1):
        """One after the other, as a person would; all must be taken."""
        for text in texts:
            reply = self.post(self.text(text, who))
            assert reply.status == 200, reply

    def consent(self, who=1):
        self.say("はじめる", "同意する", "同意する", who=who)

    def whole(self, who=1, condition="1"):
        """A dialogue to its end: condition, then nothing more."""
        self.consent(who)
        self.say(condition, *["skip"] * 40, who=who)
