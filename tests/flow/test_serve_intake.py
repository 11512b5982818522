"""Batches of lines over HTTPS."""
import http.client
import json
import socket
import ssl
import subprocess

import pytest

import flow
from flow import line
from service import Service, certificate, person_entry

NDJSON = {"Content-Type": "application/x-ndjson"}
U = "U" + "0123456789abcdef" * 2
PATH = "/v1/intake/14/line"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    home = flow.make_home(tmp_path_factory.mktemp("batches"))
    for owner, name in (("14", "神奈川県"), ("13", "東京都")):
        flow.enrol(home, owner, name=name)
        flow.make_ready(home, owner)
    home.az("source", "add", "14", "clinic", "--namespace", "clinic-14")
    home.operator = flow.make_person(home.folder, "operator")
    cert, _ = certificate(home.folder, "clinic")
    mapping = flow.run(flow.GENERATE, "--owner", "14", "--rows", "1",
                       "--format", "mapping", "--consent-text",
                       flow.text_digest()).out
    flow.write(home.path / "survey-map.json", mapping)
    der = subprocess.run(["openssl", "x509", "-in", str(cert), "-outform",
                          "DER"], stdout=subprocess.PIPE, check=True).stdout
    with Service(home, client_ca=str(cert),
                 operators=[person_entry(home.operator, "op")],
                 intake={"sources": [{
                     "owner": "14", "source": "clinic",
                     "certificate": flow.hashlib.sha256(der).hexdigest()}],
                     "maps": {"survey": str(home.path / "survey-map.json")}},
                 limits={"requests_per_second": 0}) as s:
        s.op = s.token("operator", "op", home.operator)
        yield s


def post(s, text, path=PATH, headers=None, token=True, **more):
    if isinstance(text, str):
        text = text.encode()
    return s.post(path, text, headers={**NDJSON, **(headers or {})},
                  token=s.op if token is True else token, **more)


def test_lines(served):
    text = flow.generate(served.home.folder / "g.ndjson", 300,
                         seed=11).read_text(encoding="utf-8")
    reply = post(served, text)
    assert reply.status == 200, reply
    assert reply.result["responses"] == 300 and reply.result["bad"] == 0
    again = post(served, text).result       # the same once more: all known
    assert again["responses"] == 0
    assert again["known_already"] == 300 + reply.result["consents"]


def test_bad_lines_without_content(served):
    text = "\n".join([
        line("response", "b1", U), line("response", "b2", U, answers={
            "Q08": 987654}), "{", line("response", "b3", U)]) + "\n"
    reply = post(served, text)
    assert reply.status == 200
    result = reply.result
    assert (result["responses"], result["bad"]) == (2, 2)
    assert [b["line"] for b in result["bad_lines"]] == [2, 3]
    assert all(b["reason"] and b["rule"] for b in result["bad_lines"])
    for secret in (U.encode(), b"987654", b"b2"):
        assert secret not in reply.body
    dry = post(served, line("response", "b9", U) + "\n",
               path=PATH + "?dry_run=1").result
    assert dry["dry_run"] and dry["batch"] == 0


def test_csv_and_fhir(served):
    csv = flow.run(flow.GENERATE, "--owner", "14", "--rows", "50", "--seed",
                   "5", "--format", "csv", "--consent-text",
                   flow.text_digest()).out
    kind = {"Content-Type": "text/csv"}
    assert post(served, csv, PATH + "?map=survey",
                kind).result["responses"] == 50
    assert post(served, csv, headers=kind).status == 400
    assert post(served, csv, PATH + "?map=none", kind).status == 400
    assert post(served, "{}", PATH + "?map=survey").status == 400
    consent = {"resourceType": "Consent", "id": "c", "status": "inactive",
               "patient": {"identifier": {"value": U}},
               "dateTime": "2020-04-02",
               "scope": {"coding": [{"code": "research"}]}}
    fhir = post(served, json.dumps(consent),
                headers={"Content-Type": "application/fhir+ndjson"})
    assert fhir.result["withdrawals"] == 1


def test_who_may(served):
    """One answer for whatever is not yours: owner, source, or no right."""
    text = line("response", "w1", U) + "\n"
    seat = served.seat("a")
    refused = [post(served, text, token=None), post(served, text, token="x"),
               post(served, text, token=seat),
               post(served, text, "/v1/intake/13/line", token=seat)]
    assert {(r.status, r.body) for r in refused} == {(404, refused[0].body)}
    missing = [post(served, text, "/v1/intake/14/none"),
               post(served, text, "/v1/intake/47/line")]
    assert {r.status for r in missing} == {404}
    assert post(served, text, headers={
        "Content-Type": "application/json"}).status == 415


def by_certificate(s, path, text, name="clinic"):
    context = ssl.create_default_context(cafile=str(s.cert))
    context.load_cert_chain(str(s.home.folder / f"{name}.pem"),
                            str(s.home.folder / f"{name}.key.pem"))
    c = http.client.HTTPSConnection("localhost", s.ports["tls"],
                                    context=context, timeout=60)
    c.request("POST", path, text.encode(), NDJSON)
    reply = c.getresponse()
    return reply.status, reply.read()


def test_a_source_with_a_certificate(served):
    text = line("response", "c1", U) + "\n"
    status, body = by_certificate(served, "/v1/intake/14/clinic", text)
    assert status == 200 and json.loads(body)["result"]["responses"] == 1
    for path in (PATH, "/v1/intake/13/line", "/v1/intake/13/clinic"):
        assert by_certificate(served, path, text)[0] == 404


def test_a_broken_stream_goes_on(served):
    """Hung up in the middle: what was stored is known by its event ids."""
    lines = [line("response", f"s{i}", U) for i in range(20000)]
    body = ("\n".join(lines) + "\n").encode()
    head = (f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
            f"Bearer {served.op}\r\nContent-Type: application/x-ndjson\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", served.ports["plain"])) as s:
        s.sendall(head + body[:len(body) // 2])
    result = post(served, body).result
    assert result["responses"] + result["known_already"] == 20000
    assert post(served, body).result["known_already"] == 20000


def test_chunked(served):
    """Without a length, as a program streams."""
    c = served.connect("plain")
    c.request("POST", PATH, iter([line("response", f"k{i}", U).encode() +
                                  b"\n" for i in range(100)]),
              {**NDJSON, "Authorization": f"Bearer {served.op}",
               "Transfer-Encoding": "chunked"}, encode_chunked=True)
    reply = c.getresponse()
    assert reply.status == 200
    assert json.loads(reply.read())["result"]["responses"] == 100


@pytest.mark.parametrize("intake", [
    {"sources": [{"owner": "14", "source": "x"}]},
    {"sources": [{"owner": "99", "source": "x", "certificate": "0" * 64}]},
    {"sources": [{"owner": "14", "source": "x", "certificate": "00"}]},
    {"maps": {"m": "relative"}}, {"more": 1}])
def test_settings_that_cannot_be(served, tmp_path, intake):
    home = flow.make_home(tmp_path / "g")
    service = Service(home, intake=intake).start(ready=False)
    assert service.process.wait(60) != 0
    service.stop(code=None)
