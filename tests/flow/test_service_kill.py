"""A service that dies at any instant while everything is under way: webhooks,
batches, requests, plans, approvals, exports, fetches and receipts.  Whatever
it answered is there, exactly once; the ledger verifies, and so does every
bundle.  The clients keep the lists.  AZUKARI_KILLS=1000 for more, AZUKARI_SEED
to repeat."""
import http.client
import itertools
import json
import os
import random
import signal
import threading
import time

import flow
import lineapi
from service import Service, person_entry
from test_line_kill import Load

KILLS = int(os.environ.get("AZUKARI_KILLS", 8))
# plans that are approved before the first death, so that exports are under way
# at most of them and come to their end
APPROVED = max(2, KILLS // 4)
LIMITS = {"requests_per_second": 0}
DIED = (OSError, http.client.HTTPException, ValueError)
BATCH = 40


class Stopped(Exception):
    """The test is over."""


class World:
    """The service as it is now, and what its clients have in common."""

    def __init__(self, home, seed):
        self.home, self.seed, self.stop = home, seed, False
        self.busy = threading.Event()   # a desk has begun something
        self.deaths = 0
        self.numbers = itertools.count()
        self.start()

    def start(self):
        service = Service(
            self.home, limits=LIMITS, listen=None,
            operators=[person_entry(self.home.operator, "op")]).start()
        service.tokens, service.dead = {}, False
        self.service = service

    def kill(self):
        # whoever has its port next knows nothing of its sessions
        self.service.dead = True
        self.service.process.send_signal(signal.SIGKILL)
        self.service.stop(code=None)
        self.deaths += 1
        self.start()

    def port(self):
        return self.service.ports["plain"]

    @staticmethod
    def once(service, method, path, body, headers):
        c = http.client.HTTPConnection("127.0.0.1", service.ports["plain"],
                                       timeout=60)
        try:
            c.request(method, path, body, headers)
            reply = c.getresponse()
            return reply.status, dict(reply.headers), reply.read()
        finally:
            c.close()

    def token(self, service, who):
        """A session of WHO: (role, owner, name, person)."""
        role, owner, name, person = who
        tokens = service.tokens
        if who[:3] not in tokens:
            claim = {"role": role, "name": name, "host": "127.0.0.1"}
            if owner:
                claim["owner"] = owner
            kind = {"Content-Type": "application/json"}
            text = json.loads(self.once(
                service, "POST", "/v1/challenge", json.dumps(claim), kind)[2])["result"]["challenge"]
            path = flow.write(self.home.folder /
                              f"challenge-{next(self.numbers)}.txt", text)
            sig = flow.sign("session", path, person)
            said = json.loads(self.once(
                service, "POST", "/v1/session", json.dumps({
                    "challenge": text,
                    "signature": sig.read_text(encoding="utf-8")}), kind)[2])
            tokens[who[:3]] = said["result"]["token"]
        return tokens[who[:3]]

    def ask(self, who, method, path, body=None, headers=None):
        """The answer to a question, asked until there is one."""
        headers = dict(headers or {})
        if isinstance(body, dict):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        while not self.stop:
            service = self.service
            try:
                token = self.token(service, who)
                headers["Authorization"] = f"Bearer {token}"
                status, head, data = self.once(service, method, path, body,
                                               headers)
            except (KeyError, *DIED):
                time.sleep(0.02)
                continue
            if status != 503 and not service.dead:
                return status, head, data
            time.sleep(0.02)
        raise Stopped


class Batches(threading.Thread):
    """Lines over HTTPS, sent again until the service says it has them."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.sent, self.acknowledged = world, 0, []
        self.operator = ("operator", None, "op", world.home.operator)

    def run(self):
        try:
            while not self.world.stop:
                self.one()
        except Stopped:
            pass

    def one(self):
        people = [lineapi.user(10**9 + self.sent + i) for i in range(BATCH)]
        texts = []
        for i, who in enumerate(people):
            n = self.sent + i
            texts += [flow.line("consent", f"c{n}", who),
                      flow.line("response", f"r{n}", who)]
        self.sent += BATCH
        status, _, data = self.world.ask(
            self.operator, "POST", "/v1/intake/14/line",
            ("\n".join(texts) + "\n").encode(),
            {"Content-Type": "application/x-ndjson"})
        assert status == 200, data
        result = json.loads(data)["result"]
        assert result["responses"] + result["consents"] + \
            result["known_already"] == 2 * BATCH, result
        self.acknowledged += people


class Clerk(threading.Thread):
    """Whoever works with plans and exports until the test is over."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.home = world, world.home
        self.told, self.failure = [], None
        self.operator = ("operator", None, "op", self.home.operator)
        self.partner = ("partner", "14", "keio", self.home.partner)

    def run(self):
        try:
            while not self.world.stop:
                self.one()
        except Stopped:
            pass
        except Exception as e:      # told by the test
            self.failure = e

    def ask(self, *args, **more):
        self.world.busy.set()
        return self.world.ask(*args, **more)

    def seat(self, name):
        return ("custodian", "14", name, self.home.seats["14"][name])

    def carry_out(self, plan):
        """How it ended.  Whatever was answered 202 goes on by itself: where
        the service died meanwhile, and behind its end as well."""
        status, _, data = self.ask(self.operator, "POST", "/v1/jobs",
                                   {"plan": plan})
        assert status == 202, data
        self.told.append(("job", plan, None))
        while True:
            status, _, data = self.ask(self.operator, "GET",
                                       f"/v1/jobs/{plan}")
            if status == 404:       # it ended, and the service with it
                assert self.state(plan) not in (None, "approved"), plan
                return self.state(plan)
            assert status == 200, data
            job = json.loads(data)["result"]
            if job["state"] in ("done", "failed", "cancelled"):
                assert job["state"] == "done", job
                self.told.append(("job done", plan, None))
                return self.state(plan)
            self.world.busy.set()
            time.sleep(0.02)

    def state(self, plan):
        status, _, data = self.ask(self.partner, "GET", "/v1/exports/" +
                                   plan.replace("PLAN", "EXP"))
        return json.loads(data)["result"]["state"] if status == 200 else None


class Carrier(Clerk):
    """What was approved, one after the other: carried out, fetched with the
    partner's own program, opened, and its receipt handed in."""

    def __init__(self, world, plans):
        super().__init__(world)
        self.plans = list(plans)

    def one(self):
        if not self.plans:
            raise Stopped
        plan = self.plans.pop(0)
        assert self.carry_out(plan) == "released", plan
        bundle = self.fetch(plan.replace("PLAN", "EXP"))
        self.receipt(plan.replace("PLAN", "EXP"), bundle)

    def fetch(self, export):
        """As often as it takes: the rest each time, and never half a file."""
        out = self.home.folder / f"{export}.fetched.tar"
        me = self.home.partner
        while not self.world.stop:
            self.world.busy.set()
            ran = flow.az(
                "fetch", export, "--gateway",
                f"http://127.0.0.1:{self.world.port()}", "--as",
                "partner:14/keio", *me.options(), "-o", out, code=None)
            assert ran.code in (0, 4, 6), ran   # 4: a session that died
            assert out.exists() == (ran.code == 0), ran
            if ran.code == 0:
                there = self.home.path / "outbox" / f"{export}.tar"
                assert out.read_bytes() == there.read_bytes(), export
                self.told.append(("fetched", export, None))
                return out
        raise Stopped

    def receipt(self, export, bundle):
        me, folder = self.home.partner, self.home.folder / f"{export}.open"
        folder.mkdir()
        flow.az("open", bundle, *me.options(), "-o", folder)
        path = self.home.folder / f"{export}.receipt.txt"
        flow.az("receipt", bundle, *me.options(), "--data",
                next(folder.iterdir()), "-o", path)
        deaths = self.world.deaths
        status, _, data = self.ask(
            self.partner, "POST", f"/v1/exports/{export}/papers", {
                "text": path.read_text(encoding="utf-8"), "signature":
                path.with_name(path.name + ".sig").read_text(
                    encoding="utf-8")})
        known = status == 409 and b'"ERR_EXISTS"' in data
        assert status == 200 or (known and self.world.deaths > deaths), data
        self.told.append(("receipt", export, None))


class Desk(Clerk):
    """From request to bundle, again and again, by everybody it takes."""

    def __init__(self, world):
        super().__init__(world)
        self.officers = flow.Officers(world.home)
        self.officers.made = len(list(self.officers.folder.iterdir()))

    def approve(self, plan, seat):
        status, _, packet = self.ask(self.seat(seat), "GET",
                                     f"/v1/plans/{plan}/packet")
        assert status == 200, packet
        file = self.officers.path("packet")
        file.write_bytes(packet)
        answer, _ = self.officers.run("approve", file, seat, "--yes")
        deaths = self.world.deaths
        status, _, data = self.ask(
            self.seat(seat), "POST", f"/v1/plans/{plan}/answers",
            answer.read_bytes(), {"Content-Type": "application/x-tar"})
        # taken in, and dead before it could say so
        known = status == 409 and b'"ERR_EXISTS"' in data
        assert status == 200 or (known and self.world.deaths > deaths), data
        self.told.append(("approval", plan, seat))

    def fetch(self, plan):
        """In pieces, each asked for until it is answered."""
        export = plan.replace("PLAN", "EXP")
        bundle = (self.home.path / "outbox" / f"{export}.tar").read_bytes()
        got = b""
        while len(got) < len(bundle):
            status, _, data = self.ask(
                self.partner, "GET", f"/v1/exports/{export}/bundle",
                headers={"Range": f"bytes={len(got)}-{len(got) + 19999}"})
            assert status == 206, data
            got += data
            self.told.append(("fetched", export, None))
        assert got == bundle

    def request(self):
        """A request of its own for each plan."""
        name = f"REQ-2026-K{next(self.world.numbers):05d}"
        path = flow.draft(self.home.folder / f"{name}.txt",
                          self.home.partner, name)
        sig = flow.sign("request", path, self.home.partner)
        status, _, data = self.ask(self.partner, "POST", "/v1/requests", {
            "text": path.read_text(encoding="utf-8"),
            "signature": sig.read_text(encoding="utf-8")})
        assert status == 201, data
        self.told.append(("request", name, None))
        return name

    def plan(self, request):
        """Frozen; where the service died behind it, the one that is there."""
        status, _, data = self.ask(self.operator, "POST", "/v1/plans", {
            "owner": "14", "request": request})
        if status == 201:
            return json.loads(data)["result"]["plan"]
        assert status == 403, data
        status, _, data = self.ask(self.operator, "GET", "/v1/plans")
        return next(p["plan"] for p in json.loads(data)["result"]
                    if p["request"] == request)

    def one(self):
        plan = self.plan(self.request())
        self.told.append(("plan", plan, None))
        for seat in ("a", "b", "a"):
            self.approve(plan, seat)
        if self.carry_out(plan) == "released":
            self.fetch(plan)


def make_world(folder, seed):
    home = flow.make_home(folder)
    flow.enrol(home)
    flow.make_ready(home)
    flow.make_asked(home, quotas={"exports_per_year": 100000,
                                  "respondents_per_export": 100000000})
    home.operator = flow.make_person(home.folder, "operator")
    lineapi.connect(home, home.folder, access_token_file=None)
    plans, officers = [], flow.Officers(home)
    for n in range(APPROVED):
        flow.submit(home, home.partner, f"REQ-2026-A{n:04d}")
        plans.append(flow.freeze(home, f"REQ-2026-A{n:04d}"))
        officers.approve_fully(plans[-1])
    return World(home, seed), plans


def kills(world, dice):
    """At any instant; most just after a desk began something, some so late
    that what was begun could end."""
    for _ in range(KILLS):
        chance = dice.random()
        if chance < 0.5:
            world.busy.clear()
            world.busy.wait(2)
            time.sleep(dice.uniform(0, 0.25))
        elif chance < 0.8:
            time.sleep(dice.uniform(0.05, 0.8))
        else:
            time.sleep(dice.uniform(0.8, 3))
        world.kill()


def count_records(home):
    found = {}
    for r in flow.recover(home):
        key = (r["user"], r["kind"])
        found[key] = found.get(key, 0) + 1
    return found


def check_intake(world, load, batches):
    found = count_records(world.home)
    for number, kind in [a for t in load for a in t.acknowledged]:
        # the second request of a dialogue gives its consent again
        want = (1, 2) if kind == "consent" else (1,)
        count = found.get((lineapi.user(number), kind), 0)
        assert count in want, (world.seed, number, kind, count)
    for who in batches.acknowledged:
        for kind in ("consent", "response"):
            assert found.get((who, kind), 0) == 1, (world.seed, who, kind)
    ours = {lineapi.user(n) for t in load for n in range(
        t.number * 1_000_000, t.next_user + 1)}
    ours |= {lineapi.user(10**9 + n) for n in range(batches.sent)}
    assert all(n == 1 for (who, kind), n in found.items()
               if kind == "response" and who in ours), world.seed
    assert not [e for e in world.home.json("epoch", "list", "14") if
                e["state"] == "open" and e["subject"].split()[0] in
                ("survey", "register")], world.seed


def check_desk(world, told):
    """One of each in the ledger for what was told; every bundle verifies."""
    home, seed = world.home, world.seed
    entries = home.json("ledger", "show")
    plans = {p["plan"]: p for p in home.json("plan", "list")}
    requests = [r["request"] for r in home.json("request", "list")]
    assert len(set(requests)) == len(requests), seed
    for what, name, _ in told:
        assert what not in ("plan", "approval") or name in plans, (seed, name)
        assert what != "request" or requests.count(name) == 1, (seed, name)
    for kind in ("exported", "released"):
        exports = [e["export"] for e in entries if e["kind"] == kind]
        assert len(exports) == len(set(exports)), (seed, kind)
    digests = {e["plan"]: e["plan-sha256"] for e in entries
               if e["kind"] == "plan"}
    approvals = [(e["plan-sha256"], e["seat"]) for e in entries
                 if e["kind"] == "approval"]
    assert len(approvals) == len(set(approvals)), seed
    for what, plan, seat in told:
        assert what != "approval" or (digests[plan], seat) in approvals, \
            (seed, plan, seat)
    fetches = [e["export"] for e in entries if e["kind"] == "fetched"]
    got = [e for what, e, _ in told if what == "fetched"]
    for export in set(got):
        assert fetches.count(export) >= got.count(export), (seed, export)
    receipts = [e["export"] for e in entries if e["kind"] == "receipt"]
    assert len(receipts) == len(set(receipts)), seed
    assert {e for what, e, _ in told if what == "receipt"} <= set(receipts)
    bundles = sorted((home.path / "outbox").glob("*.tar"))
    for path in bundles:
        flow.az("verify", path)
    done = {p for what, p, _ in told if what == "job done"}
    assert {p.replace("PLAN", "EXP") for p in done} <= {
        b.stem for b in bundles}, seed
    return len(bundles)


def test_whatever_was_answered_is_there_once(tmp_path):
    seed = int(os.environ.get("AZUKARI_SEED", time.time_ns() % 10**6))
    print("seed", seed, "kills", KILLS, flush=True)
    world, plans = make_world(tmp_path / "g", seed)
    load = [Load(i + 1, world.port) for i in range(4)]
    batches = Batches(world)
    clerks = [Desk(world), Carrier(world, plans)]
    threads = [*load, batches, *clerks]
    for thread in threads:
        thread.start()
    kills(world, random.Random(seed))

    def so_far():
        return (sum(len(t.acknowledged) for t in load),
                len(batches.acknowledged))

    # The last one takes in of both kinds, and with it closes what the one
    # before left open; and it carries out what was approved.
    before = so_far()
    flow.until(so_far, lambda n: n[0] > before[0] + 2 * len(load) and
               n[1] > before[1], seconds=300)
    clerks[1].join(600 + 60 * APPROVED)
    world.stop = True
    for thread in load:
        thread.stop = True
    for thread in threads:
        thread.join(300)
        assert not thread.is_alive()
    world.service.stop()
    assert [c.failure for c in clerks] == [None, None], seed
    home = world.home
    home.az("ledger", "verify")
    check_intake(world, load, batches)
    told = [t for c in clerks for t in c.told]
    bundles = check_desk(world, told)
    answered = sum(len(t.acknowledged) for t in load)
    assert answered > KILLS and batches.acknowledged, seed
    assert sum(w == "receipt" for w, *_ in told) == APPROVED, seed
    print("kills", world.deaths, "webhooks", answered, "lines",
          2 * len(batches.acknowledged), "plans, approvals, jobs, fetches, "
          "receipts", [sum(w == what for w, *_ in told) for what in
                       ("plan", "approval", "job done", "fetched",
                        "receipt")], "bundles", bundles)
