"""The service's API: the documented table, who may see what, and the whole
way from a request to a fetched bundle."""
import json
import pathlib
import re
import struct

import jsonschema
import pytest

import flow
from service import Service, person_entry

OPENAPI = flow.ROOT / "docs/openapi.json"
NOTHING = "urn:azukari:problem:nothing-here"


@pytest.fixture(scope="module")
def document():
    return json.loads(OPENAPI.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def routes():
    return flow.az("serve", "--routes", "--json").result


# ---- the document ----

def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_the_document_is_the_table(document, routes):
    """Same paths, methods, operations, callers and bodies, both ways."""
    said = {(m, p): (o["operationId"], sorted(o.get("x-azukari-who", [])),
                     sorted(o.get("requestBody", {}).get("content", {})))
            for m, p, o in operations(document)}
    made = {(r["method"], r["path"]): (
        r["operation"], sorted(r["who"]),
        sorted(r["takes"].split()) if r["takes"] != "-" else [])
        for r in routes}
    assert said == made
    names = [r["operation"] for r in routes]
    assert len(set(names)) == len(names)


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_document_is_openapi_3_1(document):
    """Its structure by hand (no validator is packaged), its schemas by
    jsonschema."""
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert set(document) <= {"openapi", "info", "jsonSchemaDialect",
                             "servers", "paths", "components"}
    assert {"title", "version"} <= set(document["info"])
    for method, path, o in operations(document):
        assert method in ("GET", "POST", "PUT", "DELETE") and path[0] == "/"
        assert set(o) <= {"operationId", "summary", "tags", "parameters",
                          "requestBody", "responses", "security",
                          "x-azukari-who"}, path
        given = [p["name"] for p in o.get("parameters", [])
                 if p["in"] == "path"]
        assert given == re.findall(r"\{([^}]+)\}", path), path
        assert all(p["required"] for p in o.get("parameters", [])
                   if p["in"] == "path")
        assert "default" in o["responses"]
        assert all(re.fullmatch(r"[1-5]\d\d|default", c) and
                   r["description"] for c, r in o["responses"].items())
    for target in references(document):
        node = document
        for part in target.removeprefix("#/").split("/"):
            node = node[part]
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)


def conforms(document, reply, method, path):
    """What came back is what the document says of it."""
    operation = document["paths"][path][method.lower()]
    answers = operation["responses"]
    answer = answers.get(str(reply.status), answers["default"])
    kind = reply.headers["Content-Type"]
    assert kind in answer["content"], (path, reply.status, kind)
    if kind.endswith("json"):
        schema = {**answer["content"][kind]["schema"],
                  "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(reply.json)


# ---- who may see what ----

@pytest.fixture(scope="module")
def served(frozen_once, tmp_path_factory):
    """Owners 14 (with a plan) and 13 (without); an operator, an auditor."""
    home = frozen_once.copy(tmp_path_factory.mktemp("served"))
    flow.enrol(home, "13", name="東京都", seats=("x", "y"), threshold=2)
    home.operator = flow.make_person(home.folder, "operator")
    home.auditor = flow.make_person(home.folder, "auditor")
    with Service(home, operators=[person_entry(home.operator, "op")],
                 auditors=[person_entry(home.auditor, "audit")],
                 limits={"requests_per_second": 0}) as s:
        yield s


def filled(path, plan, export):
    return (path.replace("{plan}", plan).replace("{export}", export)
            .replace("{request}", "REQ-2026-001").replace("{number}", "1")
            .replace("{*}", "0/000"))


def ask(s, route, path, token):
    """The request with a body of the right kind that says nothing."""
    body, headers = None, {}
    if route["takes"] != "-":
        kind = route["takes"].split()[0]
        body, headers = b"{}", {"Content-Type": kind}
    return s.call(route["method"], path, body, headers, token)


def test_one_answer_for_whatever_is_not_yours(served, routes):
    """Every route that asks who one is × (no token, unknown token, another
    role, another owner, a thing that is not there): one status, one length."""
    s = served
    plan = s.home.plan
    export = plan.replace("PLAN", "EXP")
    seat13 = s.seat("x", "13")
    tokens = {"custodian": s.seat("a"), "partner": s.partner(),
              "operator": s.token("operator", "op", s.home.operator),
              "auditor": s.token("auditor", "audit", s.home.auditor)}
    walked, answers = 0, {}
    for route in routes:
        who = set(route["who"]) - {"local", "source"}
        if not who or "source" in route["who"]:
            continue
        walked += 1
        path = filled(route["path"], plan, export)
        tries = [ask(s, route, path, None),
                 ask(s, route, path, "azs_" + "A" * 43),
                 ask(s, route, path, "short")]
        tries += [ask(s, route, path, tokens[r])
                  for r in set(tokens) - who]
        if "{" in route["path"]:
            if "custodian" in who:
                tries.append(ask(s, route, path, seat13))
            absent = filled(route["path"].replace("{request}", "REQ-no")
                            .replace("{number}", "99"), "PLAN-2026-9999",
                            "EXP-2026-9999")
            tries += [ask(s, route, absent, tokens[r])
                      for r in who - {"operator"}]
        for reply in tries:
            answers.setdefault((reply.status, reply.body), []).append(
                (route["method"], path))
    assert walked >= 15
    assert len(answers) == 1, {k: len(v) for k, v in answers.items()}
    (status, body), = answers
    assert status == 404 and json.loads(body)["type"] == NOTHING
    # The same calls by those who may: not one of these answers.
    for route in routes:
        who = set(route["who"]) & set(tokens)
        if not who or route["method"] == "DELETE" or \
                route["operation"] in ("fetchBundle", "showExport",
                                       "postPaper", "showNotice",
                                       "fetchByteRelease",
                                       "postByteRelease"):
            continue
        role = sorted(who)[0]
        reply = ask(s, route, filled(route["path"], plan, export),
                    tokens[role])
        assert (reply.status, reply.body) not in answers, route


def test_another_owner_sees_nothing(served):
    s = served
    mine, other = s.seat("a"), s.seat("x", "13")
    assert [p["plan"] for p in s.get("/v1/plans", token=mine).result] == [
        s.home.plan]
    assert s.get("/v1/plans", token=other).result == []
    assert s.get("/v1/requests", token=other).result == []
    own = s.get("/v1/status", token=other)
    assert [o["owner"] for o in own.result["owners"]] == ["13"]
    said = json.dumps(own.json["lines"], ensure_ascii=False)
    assert "owner 13" in said and "所有者13" in said, said
    assert "owner 14" not in said and "所有者14" not in said, said
    assert [p["partner"] for p in
            s.get("/v1/plans", token=s.partner()).result] == ["keio"]


def test_a_token_dies_with_its_key(frozen_once, tmp_path):
    home = frozen_once.copy(tmp_path / "gateway")
    person = flow.make_person(home.folder, "operator")
    with Service(home, operators=[person_entry(person, "op")]) as s:
        token = s.token("operator", "op", person)
        assert s.get("/v1/status", token=token).status == 200
        # taken off the list: the token of that key is worth nothing
        s.config["operators"] = []
        s.write_config()
        s.process.send_signal(1)
        s.wait("reloaded")
        assert s.get("/v1/status", token=token).status == 404


def test_a_token_dies_with_its_time(frozen_once, routes, tmp_path):
    """Half an hour later it is still good, after an hour on every route as if
    it never was."""
    home = frozen_once.copy(tmp_path / "gateway")
    ahead = tmp_path / "ahead"
    ahead.write_bytes(struct.pack("=q", 0))
    with Service(home, limits={"session_minutes": 60,
                               "requests_per_second": 0},
                 env=flow.clock(CLOCK_SHIFT=ahead)) as s:
        token = s.seat("a")
        with open(ahead, "r+b") as shift:
            shift.write(struct.pack("=q", 30 * 60))
        assert s.get("/v1/session", token=token).status == 200
        with open(ahead, "r+b") as shift:
            shift.write(struct.pack("=q", 61 * 60))
        gone = s.get("/v1/nowhere")
        reply = s.get("/v1/session", token=token)
        assert (reply.status, reply.body) == (gone.status, gone.body)
        for route in routes:
            if "custodian" in route["who"]:
                reply = ask(s, route, filled(
                    route["path"], home.plan, "EXP-2026-0001"), token)
                assert (reply.status, reply.body) == (
                    gone.status, gone.body), route


# ---- from a request to a bundle ----

def sig_of(path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def test_from_request_to_bundle(asked, document, tmp_path):
    home = asked
    operator = flow.make_person(home.folder, "operator")
    with Service(home, operators=[person_entry(operator, "op")],
                 limits={"requests_per_second": 0}) as s:
        op = s.token("operator", "op", operator)
        pi = s.partner()
        # a second request, submitted here
        path = flow.draft(home.folder / "r2.txt", home.partner, "REQ-2026-002")
        sig = flow.sign("request", path, home.partner)
        signed = {"text": sig_of(path), "signature": sig_of(sig)}
        reply = s.post("/v1/requests", signed, token=pi)
        conforms(document, reply, "POST", "/v1/requests")
        assert reply.status == 201, reply
        assert reply.result == [{"owner": "14", "verdict": "eligible"}]
        again = s.post("/v1/requests", signed, token=pi)
        assert (again.status, again.result) == (201, reply.result)
        broken = {**signed, "text": signed["text"].replace("症状", "状態")}
        assert s.post("/v1/requests", broken, token=pi).status in (403, 409,
                                                                   422)
        shown = s.get("/v1/requests/REQ-2026-002", token=pi)
        conforms(document, shown, "GET", "/v1/requests/{request}")
        assert shown.result["text"] == signed["text"]
        # frozen
        reply = s.post("/v1/plans", {"owner": "14",
                                     "request": "REQ-2026-002"}, token=op)
        conforms(document, reply, "POST", "/v1/plans")
        plan, export = reply.result["plan"], reply.result["export"]
        # approved: packets down, answers up, the key stays where it is
        officers = flow.Officers(home)

        def approve(seat):
            token = s.seat(seat)
            packet = s.get(f"/v1/plans/{plan}/packet", token=token)
            conforms(document, packet, "GET", "/v1/plans/{plan}/packet")
            file = officers.path("packet")
            file.write_bytes(packet.body)
            answer, _ = officers.run("approve", file, seat, "--yes")
            reply = s.post(f"/v1/plans/{plan}/answers", answer.read_bytes(),
                           headers={"Content-Type": "application/x-tar"},
                           token=token)
            conforms(document, reply, "POST", "/v1/plans/{plan}/answers")
            return reply

        for seat, approved, released in (("a", 1, 0), ("b", 1, 1),
                                         ("a", 0, 1)):
            reply = approve(seat)
            assert reply.status == 200, reply
            assert reply.result["released"] is bool(released), reply
        row = s.get(f"/v1/plans/{plan}", token=s.seat("c"))
        conforms(document, row, "GET", "/v1/plans/{plan}")
        assert (row.result["approvals"], row.result["releases"]) == (2, 2)
        # an answer about another plan is not taken under this one's name
        other = s.post("/v1/plans", {"owner": "14", "request": "REQ-2026-001"},
                       token=op).result["plan"]
        stray = officers.path("stray")
        stray.write_bytes(s.get(f"/v1/plans/{other}/packet",
                                token=s.seat("a")).body)
        answer, _ = officers.run("deny", stray, "a", "--reason", "no")
        reply = s.post(f"/v1/plans/{plan}/answers", answer.read_bytes(),
                       headers={"Content-Type": "application/x-tar"},
                       token=s.seat("a"))
        assert reply.status == 422 and reply.json["error"] == "ERR_MISMATCH"
        assert str(home.path) not in reply.body.decode()
        # before it is released there is nothing to fetch
        bundle = f"/v1/exports/{export}/bundle"
        assert s.get(bundle, token=pi).json["type"] == NOTHING
        # the export runs beside the service, by the command line
        home.az("export", plan)
        assert s.get(f"/v1/exports/{export}", token=pi).result["state"] == \
            "released"
        fetched(s, home, bundle, export, pi, tmp_path)
        # and the receipt goes back
        tar = home.path / "outbox" / f"{export}.tar"
        (tmp_path / "out").mkdir()
        flow.az("open", tar, *home.partner.options(), "-o", tmp_path / "out")
        data = next((tmp_path / "out").iterdir())
        flow.az("receipt", tar, *home.partner.options(), "--data", data, "-o",
                tmp_path / "receipt.txt")
        receipt = {"text": sig_of(tmp_path / "receipt.txt"),
                   "signature": sig_of(tmp_path / "receipt.txt.sig")}
        elsewhere = s.post("/v1/exports/EXP-2026-9999/papers", receipt,
                           token=pi)
        assert elsewhere.json["type"] == NOTHING
        reply = s.post(f"/v1/exports/{export}/papers", receipt, token=pi)
        assert reply.status == 200, reply
    home.az("ledger", "verify")
    kinds = [e["kind"] for e in home.json("ledger", "show")]
    assert "receipt" in kinds and kinds.count("fetched") >= 3


def fetched(s, home, path, export, pi, tmp_path):
    """Whole, in ranges, on conditions, with curl; each one in the ledger."""
    def entries():
        return [e for e in home.json("ledger", "show")
                if e["kind"] == "fetched"]

    tar = (home.path / "outbox" / f"{export}.tar").read_bytes()
    assert s.call("HEAD", path, token=pi).headers["Content-Length"] == str(
        len(tar))
    assert entries() == []
    whole = s.get(path, token=pi)
    assert whole.status == 200 and whole.body == tar
    assert whole.headers["Content-Type"] == "application/x-tar"
    assert [(e["export"], e["partner"], e["first-byte"])
            for e in entries()] == [(export, "keio", "0")]
    etag = whole.headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f-]+"', etag)

    def part(wanted, **headers):
        return s.get(path, token=pi, headers={
            "Range": wanted, **{k.replace("_", "-"): v
                                for k, v in headers.items()}})

    for wanted, first, last in (("bytes=0-99", 0, 100),
                                ("bytes=100-", 100, None),
                                ("bytes=-10", -10, None),
                                ("bytes=5-999999999", 5, None)):
        reply = part(wanted, If_Range=etag)
        assert reply.status == 206 and reply.body == tar[first:last], wanted
        assert reply.headers["Content-Range"].endswith(f"/{len(tar)}")
    count = len(entries())
    assert count == 5 and entries()[2]["first-byte"] == "100"
    assert part("bytes=100-", If_Range='"other"').body == tar
    assert part("bytes=0-1,5-6").body == tar
    assert part("bytes=5-2").body == tar
    assert part("chapters=1-2").body == tar
    past = part(f"bytes={len(tar)}-")
    assert past.status == 416
    assert past.headers["Content-Range"] == f"bytes */{len(tar)}"
    same = s.get(path, token=pi, headers={"If-None-Match": etag})
    assert same.status == 304 and same.body == b""
    assert s.get(path, token=pi, headers={"If-Match": '"x"'}).status == 412
    assert len(entries()) == count + 4
    # plain curl, interrupted and resumed
    out = tmp_path / "by-curl.tar"
    out.write_bytes(tar[:1000])
    flow.run("curl", "-sS", "--fail", "--cacert", s.cert, "-C", "-", "-H",
             f"Authorization: Bearer {pi}", "-o", out,
             f"https://localhost:{s.ports['tls']}{path}")
    assert out.read_bytes() == tar
    flow.az("verify", out)


def test_no_fetch_after_a_withdrawal_or_a_recall(frozen, officers):
    home = frozen
    officers.approve_fully(home.plan)
    home.az("export", home.plan)
    export = home.plan.replace("PLAN", "EXP")
    path = f"/v1/exports/{export}/bundle"
    first = json.loads((home.folder / "lines.ndjson").read_text(
        encoding="utf-8").splitlines()[0])
    with Service(home, limits={"requests_per_second": 0}) as s:
        pi = s.partner()
        assert s.get(path, token=pi).status == 200
        exported = None
        for text in (home.folder / "lines.ndjson").read_text(
                encoding="utf-8").splitlines():
            who = json.loads(text)["respondent"]
            home.az("withdraw", "14", "--respondent-file", "-", "--source",
                    "line", stdin=who + "\n", code=None)
            reply = s.get(path, token=pi)
            if reply.status != 200:
                exported = who
                break
        assert exported and first
        assert reply.status == 410 and reply.json["error"] == "ERR_REVOKED"
        assert any("notice" in x["en"] for x in reply.json["lines"])
        assert "Content-Range" not in reply.headers
        before = len(home.json("ledger", "show"))
        s.get(path, token=pi, headers={"Range": "bytes=0-1"})
        assert len(home.json("ledger", "show")) == before


def test_the_ledger_is_there_for_everybody(served, tmp_path):
    """Tiles as files: a copy fetched over HTTP verifies on its own."""
    s, copy = served, tmp_path / "copy"
    copy.mkdir()
    root = s.home.path / "ledger"
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if not path.is_file() or name.name == "lock":
            continue
        reply = s.get(f"/ledger/{name}")
        assert reply.status == 200 and reply.body == path.read_bytes(), name
        to = copy / name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(reply.body)
    vkey = flow.run("sh", "-c", "true") and s.home.json(
        "charter", "show", "14").get("ledger_key")
    if vkey is None:
        text = s.home.az("charter", "show", "14").out
        vkey = re.search(r"^ledger-key: (.*)$", text, re.M)[1]
    flow.az("ledger", "verify", copy, "--vkey", vkey)
    for wrong in ("/ledger/lock", "/ledger/tile/../../gateway.db",
                  "/ledger/tile/..", "/ledger/tile/0/../../checkpoint",
                  "/ledger/tile/%2e%2e/x", "/ledger/gateway.db",
                  "/ledger/tile/entries", "/ledger/tile//0"):
        assert s.get(wrong).status in (400, 404), wrong
