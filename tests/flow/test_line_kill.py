"""Webhooks under load, and a service that dies: whatever was answered 200 is
there exactly once.  The client keeps the list.  AZUKARI_KILLS=1000 for more."""
import http.client
import json
import os
import random
import resource
import signal
import threading
import time

import flow
import lineapi
from service import Service

KILLS = int(os.environ.get("AZUKARI_KILLS", 8))
CLIENTS = 6


def ready_home(folder):
    home = flow.make_home(folder)
    flow.enrol(home)
    flow.make_ready(home)
    lineapi.connect(home, home.folder, access_token_file=None)
    return home


def bodies(bot, who):
    """A dialogue in two requests: consent, then the answers up to the end."""
    begin = [bot.text(t, who) for t in ("はじめる", "同意する", "同意する")]
    rest = [bot.text(t, who) for t in
            ("はじめる", "同意する", "同意する", "1", "3", *["skip"] * 20)]
    return [json.dumps({"destination": lineapi.BOT, "events": events},
                       ensure_ascii=False).encode() for events in
            (begin, rest)]


class Load(threading.Thread):
    """Sends, and sends again what was not answered, as LINE would."""

    def __init__(self, seed, port_of):
        super().__init__(daemon=True)
        self.number = seed
        self.port_of, self.next_user = port_of, seed * 1_000_000
        self.acknowledged, self.stop, self.again = [], False, 0
        self.bot = lineapi.Bot(None)

    def send(self, body):
        """Until it is answered 200."""
        headers = {"Content-Type": "application/json",
                   "x-line-signature": lineapi.signature(body)}
        while not self.stop:
            try:
                c = http.client.HTTPConnection("127.0.0.1", self.port_of(),
                                               timeout=10)
                c.request("POST", "/line/line", body, headers)
                if c.getresponse().status == 200:
                    return True
            except (OSError, http.client.HTTPException):
                pass
            self.again += 1
            time.sleep(0.02)
        return False

    def run(self):
        while not self.stop:
            self.next_user += 1
            consent, answers = bodies(self.bot, self.next_user)
            if self.send(consent):
                self.acknowledged.append((self.next_user, "consent"))
            if self.send(answers):
                self.acknowledged.append((self.next_user, "response"))


def test_whatever_was_acknowledged_is_there_once(tmp_path):
    home = ready_home(tmp_path / "g")
    seed = int(os.environ.get("AZUKARI_SEED", time.time_ns() % 10**6))
    chance = random.Random(seed)
    service = Service(home, limits={"requests_per_second": 0}).start()
    ports = [service.ports["plain"]]
    load = [Load(i + 1, lambda: ports[0]) for i in range(CLIENTS)]
    for thread in load:
        thread.start()

    def so_far():
        return sum(len(t.acknowledged) for t in load)

    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.8))
        service.process.send_signal(signal.SIGKILL)
        service.stop(code=None)
        service = Service(home, limits={"requests_per_second": 0}).start()
        ports[0] = service.ports["plain"]
    # The last one takes in of both kinds, and with it closes what the one
    # before left open.
    before = so_far()
    flow.until(so_far, lambda n: n > max(2 * KILLS, before + 2 * CLIENTS))
    for thread in load:
        thread.stop = True
    for thread in load:
        thread.join(60)
    service.stop()
    acknowledged = [a for t in load for a in t.acknowledged]
    assert sum(t.again for t in load) > 0
    found = {}
    for r in flow.recover(home):
        key = (r["user"], r["kind"])
        found[key] = found.get(key, 0) + 1
    for number, kind in acknowledged:
        # the second request of a dialogue gives its consent again
        want = (1, 2) if kind == "consent" else (1,)
        count = found.get((lineapi.user(number), kind), 0)
        assert count in want, (seed, number, kind, count)
    assert all(n == 1 for (_, kind), n in found.items()
               if kind == "response"), seed
    home.az("ledger", "verify")
    assert flow.records(home)["open"] == 0


def test_a_full_disk_acknowledges_nothing(tmp_path):
    """503 while the store cannot write, everything else goes on; LINE sends
    again, and then it is taken in."""
    home = ready_home(tmp_path / "g")
    with Service(home, wrap=["env", "--ignore-signal=XFSZ"]) as service:
        bot = lineapi.Bot(service)
        bot.say("はじめる")
        agree = [bot.text("同意する"), bot.text("同意する")]
        # as a disk that is full: no file may grow
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE,
                         (0, resource.RLIM_INFINITY))
        reply = bot.post(*agree)
        assert reply.status == 503 and "Retry-After" in reply.headers, reply
        assert bot.post().status == 200
        assert service.get("/healthz").status == 200
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert bot.post(*agree).status == 200
        assert bot.post(*agree).status == 200
        metrics = service.metrics()
    assert metrics['azukari_line_refused_total{why="store"}'] == 1
    assert metrics['azukari_line_taken_total{type="consent"}'] == 1
    assert metrics['azukari_line_skipped_total{why="duplicate"}'] == 2
    assert [r["kind"] for r in flow.recover(home)] == ["consent"]
