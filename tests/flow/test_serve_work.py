"""What the service does by itself: exports beside everything else, numbers,
witnesses; and what is left when it is killed."""
import contextlib
import fcntl
import http.server
import json
import random
import signal
import threading
import time

import pytest

import flow
from service import Service, person_entry


@pytest.fixture
def approved(frozen, officers):
    officers.approve_fully(frozen.plan)
    frozen.operator = flow.make_person(frozen.folder, "operator")
    return frozen


def serving(home, **config):
    config.setdefault("limits", {"requests_per_second": 0})
    return Service(home, operators=[person_entry(home.operator, "op")],
                   **config)


def job(s, plan, token, wanted):
    return flow.until(
        lambda: s.get(f"/v1/jobs/{plan}", token=token),
        lambda reply: reply.status == 200 and
        reply.result["state"] in wanted).result


@contextlib.contextmanager
def busy_plan(home, plan):
    """As if another carried it out."""
    with open(home.path / "run/plans" / f"{plan}.key", "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def test_a_job(approved, tmp_path):
    home, plan = approved, approved.plan
    with serving(home) as s:
        op = s.token("operator", "op", home.operator)
        assert s.post("/v1/jobs", {"plan": plan},
                      token=s.seat("a")).status == 404
        assert s.post("/v1/jobs", {"plan": "PLAN-2026-9999"},
                      token=op).status == 404
        # one that waits is not begun twice, and can be taken back
        with busy_plan(home, plan):
            started = s.post("/v1/jobs", {"plan": plan}, token=op)
            assert started.status == 202
            job(s, plan, op, ("waiting",))
            again = s.post("/v1/jobs", {"plan": plan}, token=op)
            assert again.status == 202
            assert again.result["state"] in ("waiting", "running")
            s.call("DELETE", f"/v1/jobs/{plan}", token=op)
            job(s, plan, op, ("cancelled", "failed"))
            assert not (home.path / "run/jobs" / plan).exists()
        assert s.post("/v1/jobs", {"plan": plan}, token=op).status == 202
        done = job(s, plan, op, ("done", "failed"))
        assert done["state"] == "done", done
        assert done["result"]["answers exported"] > 0
        assert str(home.path) not in json.dumps(done)
        assert s.get("/v1/jobs", token=op).result[0]["plan"] == plan
        assert not (home.path / "run/jobs" / plan).exists()
        # started again it says why not, and gives its error
        s.post("/v1/jobs", {"plan": plan}, token=op)
        failed = job(s, plan, op, ("failed",))
        assert failed["outcome"]["exit"] == 1
    export = plan.replace("PLAN", "EXP")
    flow.az("verify", home.path / "outbox" / f"{export}.tar")


def test_a_service_that_died_behind_a_release(approved):
    """What it had not forgotten yet is done, not begun again nor failed."""
    home, plan = approved, approved.plan
    with serving(home) as s:
        op = s.token("operator", "op", home.operator)
        s.post("/v1/jobs", {"plan": plan}, token=op)
        assert job(s, plan, op, ("done", "failed"))["state"] == "done"
    entries = home.json("ledger", "show")
    (home.path / "run/jobs" / plan).touch()
    with serving(home) as s:
        op = s.token("operator", "op", home.operator)
        done = job(s, plan, op, ("done", "failed"))
        assert done["state"] == "done", done
        assert "before the service died" in done["outcome"]["lines"][0]["en"]
        assert not (home.path / "run/jobs" / plan).exists()
        # whoever asks for it again is told so
        s.post("/v1/jobs", {"plan": plan}, token=op)
        again = job(s, plan, op, ("failed",))
        assert again["outcome"]["exit"] == 1
    now = home.json("ledger", "show")[len(entries):]
    assert [e for e in now if e["kind"] != "configuration"] == []


def test_more_is_remembered_than_there_are_places_for(approved):
    """The service starts all the same, and comes to the last of them."""
    home, plan = approved, approved.plan
    folder = home.path / "run/jobs"
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(70):
        (folder / f"PLAN-1999-{n:04d}").touch()
    (folder / plan).touch()
    with serving(home) as s:
        flow.until(lambda: list(folder.iterdir()), lambda left: not left)
        assert s.partner() and s.get(
            f"/v1/exports/{plan.replace('PLAN', 'EXP')}",
            token=s.partner()).result["state"] == "released"


def test_export_from_afar(approved, tmp_path):
    home, plan = approved, approved.plan
    here = home.copy(tmp_path / "copy")
    with serving(home) as s:
        far = ["--gateway", f"https://localhost:{s.ports['tls']}", "--ca",
               s.cert, "--as", "operator:op", *home.operator.options()]
        there = flow.az("export", plan, *far)
        said = here.az("export", plan)
        assert there.out == said.out
        assert "is released" in there.err
        flow.az("export", plan, *far, code=1)
        flow.az("export", "PLAN-2026-9999", *far, code=4)


def test_cancel_and_kill(approved, fault, tmp_path):
    """A job that is told to stop stops; one that dies begins again by itself
    with the service, and its bundle verifies."""
    home, plan = approved, approved.plan
    for step in ("job.started", "job.counted", "job.built", "job.released"):
        here = home.copy(tmp_path / step)
        here.operator = home.operator
        with contextlib.suppress(AssertionError, OSError):
            with serving(here, program=fault,
                         env={"AZUKARI_KILL_AT": step}) as s:
                op = s.token("operator", "op", here.operator)
                s.post("/v1/jobs", {"plan": plan}, token=op)
                s.process.wait(timeout=120)
                assert False, "to end the block"
        assert (here.path / "run/jobs" / plan).exists(), step
        with serving(here) as s:
            op = s.token("operator", "op", here.operator)
            assert job(s, plan, op, ("done", "failed"))["state"] == "done"
        here.az("ledger", "verify")
        flow.az("verify", here.path / "outbox" /
                f"{plan.replace('PLAN', 'EXP')}.tar")
    with serving(home) as s:
        op = s.token("operator", "op", home.operator)
        s.post("/v1/jobs", {"plan": plan}, token=op)
        reply = s.call("DELETE", f"/v1/jobs/{plan}", token=op)
        assert reply.status == 200
        end = job(s, plan, op, ("done", "cancelled"))
        if end["state"] == "cancelled":
            s.post("/v1/jobs", {"plan": plan}, token=op)
            end = job(s, plan, op, ("done", "failed"))
        assert end["state"] == "done"


def test_one_at_a_time(approved):
    """The command line and the service do not carry out one plan twice."""
    home = approved
    with busy_plan(home, home.plan):
        ran = home.az("export", home.plan, code=6)
        assert "already" in ran.err
    home.az("export", home.plan)


def test_numbers(approved):
    home = approved
    home.az("intake", "14", flow.lines(home.folder / "bad", "not a line"),
            code=3)
    with serving(home, gauges={"seconds": 1}) as s:
        m = flow.until(s.metrics,
                       lambda m: m.get("azukari_gauges_seen_seconds"))
        label = '{owner="14"}'
        assert m["azukari_respondents" + label] > 100
        assert m["azukari_quarantined" + label] == 1
        assert m["azukari_plans_waiting" + label] == 1
        owner, = home.json("status")["owners"]
        assert m["azukari_epochs_open" + label] == owner["epochs_open"]
        assert m['azukari_exports{owner="14",state="released"}'] == 0
        home.az("export", home.plan)
        s.until_metrics(**{'azukari_exports{owner="14",state="released"}': 1})
        # a store that does not answer is seen, and that it does again
        store = home.path / "owners/14/vault.db"

        def ready(status, body):
            flow.until(lambda: s.get("/readyz"),
                       lambda r: (r.status, r.body) == (status, body))

        ready(200, b"ready\n")
        store.rename(store.with_suffix(".away"))
        ready(503, b"stores\n")
        assert s.get("/healthz").status == 200
        store.with_suffix(".away").rename(store)
        ready(200, b"ready\n")
        text = s.get("/metrics", port="local").body.decode()
        names = [t.split()[2] for t in text.splitlines()
                 if t.startswith("# TYPE")]
        assert len(names) == len(set(names))


def test_backup_while_it_runs(approved, tmp_path):
    home = approved
    with serving(home) as s:
        op = s.token("operator", "op", home.operator)
        s.post("/v1/jobs", {"plan": home.plan}, token=op)
        home.az("backup", tmp_path / "backup")
        assert job(s, home.plan, op, ("done", "failed"))["state"] == "done"
        assert s.get("/v1/status", token=op).status == 200
    sets = sorted(p.name.split("-")[0] for p in
                  (tmp_path / "backup").iterdir())
    assert sets == ["erase", "vault"]


def test_killed_at_any_time(frozen, officers):
    """Requests of every kind while it is killed: what was answered is there,
    the ledger verifies, and nothing is there twice."""
    home = frozen
    home.operator = flow.make_person(home.folder, "operator")
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    print("seed", seed)
    told = []
    for turn in range(4):
        with contextlib.suppress(AssertionError), serving(home) as s:
            pi, seat = s.partner(), s.seat("a")
            op = s.token("operator", "op", home.operator)
            packet = officers.path("packet")
            got = s.get(f"/v1/plans/{home.plan}/packet", token=seat)
            packet.write_bytes(got.body)
            answer, _ = officers.run("approve", packet, "a", "--yes")

            def ask(kind, s=s, answer=answer, turn=turn):
                with contextlib.suppress(OSError):
                    if kind == 0:
                        name = f"REQ-2026-K{turn}{dice.randrange(1000)}"
                        path = flow.draft(home.folder / f"{name}.txt",
                                          home.partner, name)
                        sig = flow.sign("request", path, home.partner)
                        reply = s.post("/v1/requests", {
                            "text": path.read_text(encoding="utf-8"),
                            "signature": sig.read_text(encoding="utf-8")},
                            token=pi)
                        if reply.status == 201:
                            told.append(("request", name))
                    elif kind == 1:
                        reply = s.post(
                            f"/v1/plans/{home.plan}/answers",
                            answer.read_bytes(), token=seat,
                            headers={"Content-Type": "application/x-tar"})
                        if reply.status == 200:
                            told.append(("approval", "a"))
                    elif kind == 2:
                        reply = s.post("/v1/plans", {
                            "owner": "14", "request": "REQ-2026-001"},
                            token=op)
                        if reply.status == 201:
                            told.append(("plan", reply.result["plan"]))
                    else:
                        s.get(f"/v1/plans/{home.plan}/packet", token=seat)

            threads = [threading.Thread(target=ask, args=(k,))
                       for k in range(4)]
            for t in threads:
                t.start()
            time.sleep(dice.uniform(0.02, 0.5))
            s.process.send_signal(signal.SIGKILL)
            s.process.wait()
            for t in threads:
                t.join()
            assert False, "to end the block"
    home.az("ledger", "verify")
    requests = [r["request"] for r in home.json("request", "list")]
    plans = [p["plan"] for p in home.json("plan", "list")]
    row = next(p for p in home.json("plan", "list")
               if p["plan"] == home.plan)
    for kind, name in told:
        if kind == "request":
            assert requests.count(name) == 1, (name, seed)
        elif kind == "plan":
            assert plans.count(name) == 1, (name, seed)
        else:
            assert row["approvals"] == 1, seed
    assert len(set(requests)) == len(requests)


# ---- the canary ----

CANARY = flow.ROOT / "contrib/canary.py"


def test_the_canary_flies_and_its_silence_is_seen(approved, tmp_path):
    """From webhook to opened bundle; the service shows when it came through.
    A canary that fails leaves the old time and says where it fell."""
    home = approved
    stamp = home.path / "run/canary"
    with serving(home, gauges={"seconds": 1}) as s:
        def shown(wanted):
            flow.until(
                lambda: s.metrics().get("azukari_canary_success_seconds"),
                lambda value: value is not None and wanted(value))

        shown(lambda v: v == 0)
        url = f"https://localhost:{s.ports['tls']}"
        words = ["/usr/bin/python3", CANARY, "--azukari", flow.AZUKARI,
                 "--service", url, "--ca", s.cert, "--stamp", stamp]
        began = time.time()
        flow.run(*words, env={"TMPDIR": str(tmp_path)})
        assert int(stamp.read_text()) >= int(began)
        shown(lambda v: v >= int(began))
        assert list(tmp_path.glob("azukari-canary-*")) == []
        before = stamp.read_text()
        broken = flow.write(tmp_path / "azukari", f"""#!/bin/sh
case "$1" in keygen) exit 1;; esac
exec {flow.AZUKARI} "$@"
""")
        broken.chmod(0o755)
        words[3] = broken
        ran = flow.run(*words, env={"TMPDIR": str(tmp_path)}, code=1)
        assert "keygen" in ran.err and stamp.read_text() == before
    ran = flow.run(*words, env={"TMPDIR": str(tmp_path)}, code=1)
    assert "canary:" in ran.err


# ---- witnesses ----

class Posted(http.server.BaseHTTPRequestHandler):
    """Witnesses behind HTTP; each answers as server.answers tells it to."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.split("/")[1]
        assert self.path == f"/{name}/add-checkpoint"
        status, answer = self.server.answers(name, body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


def test_witnesses_over_http(asked, officers_of, tmp_path):
    """A quorum that answers over HTTP lets a plan through to its bundle with
    nobody carrying anything; one that is down, slow to begin or wrong does
    not, and is asked again."""
    home = asked
    home.operator = flow.make_person(home.folder, "operator")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Posted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    flow.make_witnessed(home, url=url)
    people = {w.name: w for w in home.witnesses}
    seen = []

    def cosigned(name, body):
        request = people[name].path("posted")
        request.write_bytes(body)
        answer, ran = people[name].cosign(request, code=None)
        if ran.code == 0:
            return 200, answer.read_bytes()
        size = people[name].state.read_text().split("\n")[1] \
            if people[name].state.exists() else "0"
        return 409, f"{size}\n".encode()

    def answers(name, body):
        seen.append((name, body))
        turn = sum(n == name for n, _ in seen)
        if name == "w1" and turn == 1:
            return 503, b""
        if name == "w2" and turn == 1:
            return 200, b"not a cosignature\n"
        return cosigned(name, body)

    server.answers = answers
    try:
        with serving(home, witnesses={"seconds": 1},
                     gauges={"seconds": 1}) as s:
            op = s.token("operator", "op", home.operator)
            plan = s.post("/v1/plans", {"owner": "14",
                                        "request": "REQ-2026-001"},
                          token=op).result["plan"]
            officers = officers_of(home)

            def approved(seat):
                # what was entered before it has been cosigned, by both
                flow.until(lambda: home.json("ledger", "witness", "list"),
                           lambda rows: all(w["cosigned"] == w["size"]
                                            for w in rows))
                reply = s.get(f"/v1/plans/{plan}/packet", token=s.seat(seat))
                assert reply.status == 200, reply
                file = officers.path("packet")
                file.write_bytes(reply.body)
                answer, _ = officers.run("approve", file, seat, "--yes")
                reply = s.post(f"/v1/plans/{plan}/answers",
                               answer.read_bytes(), token=s.seat(seat),
                               headers={"Content-Type": "application/x-tar"})
                assert reply.status == 200, reply

            for seat in ("a", "b", "a", "b"):
                approved(seat)
            s.post("/v1/jobs", {"plan": plan}, token=op)
            done = job(s, plan, op, ("done", "failed"))
            assert done["state"] == "done", done
            m = flow.until(s.metrics, lambda m: 'azukari_witness_lag_entries'
                           '{witness="w1"}' in m)
            assert m["azukari_witness_cosigned_total"] >= 2
            assert m["azukari_witness_failed_total"] >= 2
    finally:
        server.shutdown()
    tar = home.path / "outbox" / f"{plan.replace('PLAN', 'EXP')}.tar"
    assert tar.exists()
    home.az("ledger", "verify")


def test_a_witness_that_keeps_silent(asked):
    """It is asked and never answers: nobody who works waits with it, the other
    one is asked all the same, and what is missing is said by its name."""
    home = asked
    home.operator = flow.make_person(home.folder, "operator")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Posted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flow.make_witnessed(
        home, url=f"http://127.0.0.1:{server.server_port}")
    people = {w.name: w for w in home.witnesses}
    asked_w1, over, times = threading.Event(), threading.Event(), []

    def answers(name, body):
        if name == "w1":
            asked_w1.set()
            times.append(len(times))
            over.wait(300)
            return 503, b""
        request = people[name].path("posted")
        request.write_bytes(body)
        answer, ran = people[name].cosign(request, code=None)
        return (200, answer.read_bytes()) if ran.code == 0 else (409, b"0\n")

    server.answers = answers
    try:
        with serving(home, witnesses={"seconds": 1,
                                      "answer_seconds": 1}) as s:
            assert asked_w1.wait(60)
            # given up after the second that it may take, and asked again;
            # with the usual twenty this many rounds take longer
            flow.until(lambda: len(times), lambda n: n >= 6, seconds=100)
            op = s.token("operator", "op", home.operator)
            plan = s.post("/v1/plans", {"owner": "14",
                                        "request": "REQ-2026-001"},
                          token=op).result["plan"]
            # the other has done its work, and the silent one is named
            reply = flow.until(
                lambda: s.get(f"/v1/plans/{plan}/packet", token=s.seat("a")),
                lambda r: b"missing: w1\"" in r.body.replace(b"w1, w2", b""),
                seconds=240)
            assert reply.status == 503, reply
            assert "waits for its witnesses" in reply.body.decode()
            # no export begins, and that is said at once, too
            s.post("/v1/jobs", {"plan": plan}, token=op)
            assert job(s, plan, op, ("done", "failed"))["state"] == "failed"
            # a stop does not wait for it either
            s.stop()
    finally:
        over.set()
        server.shutdown()
    assert not list((home.path / "outbox").glob("*.tar"))
    home.az("ledger", "verify")


def test_a_silent_witness_holds_up_no_quorum(asked, officers_of):
    """Two of three are enough: while the third has its first request in hand
    for minutes, the others cosign whatever comes, and the bundle leaves; a
    seat that asks too early is told for whom it waits."""
    home = asked
    home.operator = flow.make_person(home.folder, "operator")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Posted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flow.make_witnessed(
        home, names=("w0", "w1", "w2"), quorum=2,
        url=f"http://127.0.0.1:{server.server_port}")
    people = {w.name: w for w in home.witnesses}
    over, open_all, seen = threading.Event(), threading.Event(), []

    def answers(name, body):
        seen.append(name)
        if name == "w0":
            over.wait(600)
            return 503, b""
        assert open_all.wait(600)
        request = people[name].path("posted")
        request.write_bytes(body)
        answer, ran = people[name].cosign(request, code=None)
        return (200, answer.read_bytes()) if ran.code == 0 else (409, b"0\n")

    server.answers = answers
    try:
        with serving(home, gauges={"seconds": 1}, witnesses={
                "seconds": 1, "answer_seconds": 300}) as s:
            op = s.token("operator", "op", home.operator)
            plan = s.post("/v1/plans", {"owner": "14",
                                        "request": "REQ-2026-001"},
                          token=op).result["plan"]
            # all three are asked at one time, none has answered
            flow.until(lambda: set(seen), lambda n: len(n) == 3, seconds=120)
            s.until_metrics(azukari_witness_under_way=3)
            reply = s.get(f"/v1/plans/{plan}/packet", token=s.seat("a"))
            assert reply.status == 503 and "missing: w0, w1, w2" in \
                reply.body.decode(), reply
            open_all.set()
            officers = officers_of(home)
            for seat in ("a", "b", "a", "b"):
                reply = flow.until(
                    lambda seat=seat: s.get(f"/v1/plans/{plan}/packet",
                                            token=s.seat(seat)),
                    lambda r: r.status == 200, seconds=120)
                size = home.json("ledger", "witness", "list")[1]["size"]
                flow.until(
                    lambda: home.json("ledger", "witness", "list")[1:],
                    lambda rows, size=size: all(
                        w["cosigned"] >= size for w in rows), seconds=120)
                file = officers.path("packet")
                file.write_bytes(s.get(f"/v1/plans/{plan}/packet",
                                       token=s.seat(seat)).body)
                answer, _ = officers.run("approve", file, seat, "--yes")
                reply = s.post(f"/v1/plans/{plan}/answers",
                               answer.read_bytes(), token=s.seat(seat),
                               headers={"Content-Type": "application/x-tar"})
                assert reply.status == 200, reply
            s.post("/v1/jobs", {"plan": plan}, token=op)
            done = job(s, plan, op, ("done", "failed"))
            assert done["state"] == "done", done
            assert seen.count("w1") >= 3 and seen.count("w2") >= 3
    finally:
        over.set()
        open_all.set()
        server.shutdown()
    rows = home.json("ledger", "witness", "list")
    assert rows[0]["cosigned"] == 0 and rows[1]["cosigned"] > 0
    assert (home.path / "outbox" /
            f"{plan.replace('PLAN', 'EXP')}.tar").exists()
    home.az("ledger", "verify")


def test_an_auditor_verifies_what_the_service_publishes(asked, tmp_path):
    """By its address alone: tiles, checkpoints that witnesses cosigned and
    their policies; also where requests are rationed, and over TLS."""
    home = asked
    home.operator = flow.make_person(home.folder, "operator")
    flow.make_witnessed(home)
    plan = flow.freeze(home)

    def both():
        for w in home.witnesses:
            w.turn(home)

    both()
    officers = flow.Officers(home)
    for seat in ("a", "b"):
        officers.approve(plan, seat)
    both()
    for seat in ("a", "b"):
        officers.approve(plan, seat)
    home.az("export", plan, code=6)
    both()
    home.az("export", plan)
    verify = ["--vkey", flow.ledger_vkey(home), "--from",
              home.path / "ledger/checkpoint"]
    with Service(home, limits={"requests_per_second": 3}) as s:
        for url in (f"http://127.0.0.1:{s.ports['plain']}",
                    f"https://localhost:{s.ports['tls']}"):
            said = flow.az("--ca", s.cert, "ledger", "verify",
                           f"{url}/ledger", *verify)
            assert "keep all" in said.err and "is a part of" in said.err
            kept = len([p for p in (home.path / "ledger/cosigned").iterdir()
                        if p.name.isdigit()])
            assert f"cosigned checkpoints kept  {kept}\n" in said.out
        # another certificate is not its own
        assert "cannot be fetched" in flow.az(
            "ledger", "verify", f"{url}/ledger", *verify, code=None).err

        def get(path):
            return flow.until(lambda: s.get(path),
                              lambda r: r.status != 429).status

        for path in ("cosigned/list", "witness-policy/list"):
            assert get(f"/ledger/{path}") == 200
        for path in ("cosigned/..", "cosigned/LIST", "cosigned/0",
                     "cosigned/%2e%2e", "witness-policy/checkpoint",
                     "cosigned/list/x", "lock"):
            assert get(f"/ledger/{path}") in (400, 404), path


@pytest.fixture
def officers_of():
    return flow.Officers
