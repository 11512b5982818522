"""What bad input gets: one table.  Each row is a bad thing, the command that
meets it, the exit status the manual gives for that, words that name the file,
the line and the rule, and nothing half-done (bad_world.py: every file of the
gateway and around it is what it was)."""
import json
import re
import shutil
import tarfile

import pytest

import flow
from bad_world import Case, Row, World, alone, gate, judge, tar_items, tar_pack
from flow import line, text_digest

U = "U" + "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def world(asked_once, tmp_path_factory):
    return World(asked_once, tmp_path_factory.mktemp("world"))


# ---- lines ----

def intake(*lines, more=()):
    """These lines between two good ones, judged without taking them in."""
    data = b"\n".join(s if isinstance(s, bytes) else s.encode() for s in (
        line("response", "good-1", U), *lines, line("response", "good-2", U)))
    return lambda c: gate("intake", "14", "--dry-run", *more,
                          c.file(data + b"\n", "bad.ndjson"))


def bad(name, text, *words):
    return Row("line: " + name, intake(text), 3, (r"bad\.ndjson:2: ", *words))


def answers(**values):
    return line("response", "e", U, answers=values)


R = line("response", "e", U)
NDJSON = [
    bad("not closed", R[:-1], "JSON"),
    bad("two documents", R + R, "JSON"),
    bad("no object", "[1]", "JSON"),
    bad("a comma too many", R[:-1] + ",}", "JSON"),
    bad("single quotes", "{'type':'response'}", "JSON"),
    bad("too long", line("response", "x" * 70000, U), "64 KiB"),
    bad("too deep", "[" * 60000, "JSON|deep"),
    bad("deep within", R.replace('{"Q01": "1"}', '{"a":' * 9000 + "1" +
                                 "}" * 9000), "member|deep"),
    bad("bad UTF-8", R.encode().replace(b'"e"', b'"\xff\xfe"'), "UTF-8|JSON"),
    bad("overlong UTF-8", R.encode().replace(b'"e"', b'"\xc0\xaf"'),
        "UTF-8|JSON"),
    bad("half a surrogate", R.replace('"e"', '"\\ud800"'), "half a character"),
    bad("NUL", R.encode().replace(b'"e"', b'"e\0"'), "a NUL character"),
    bad("NUL, escaped", R.replace('"e"', '"e\\u0000"'), "a NUL character"),
    bad("control character", R.replace('"e"', '"e\x07"'), "JSON|event"),
    bad("bidi override", R.replace('"e"', '"e\u202e"'), "event"),
    bad("bidi override, escaped", line("response", "e", "U\u2066x").encode(
        "ascii", "backslashreplace"), "respondent"),
    bad("line separator", R.replace('"e"', '"e\u2028"'), "event"),
    bad("unknown type", line("statement", "e", U), "type"),
    bad("unknown member", line("response", "e", U, hint="x"), "member"),
    bad("a key twice", R[:-1] + ',"event":"f"}', "JSON|once|twice"),
    bad("unknown survey", line("response", "e", U, survey="measles"),
        "survey"),
    bad("unknown version", line("response", "e", U, version=7), "survey"),
    bad("unknown field", answers(Q77="1"), "field"),
    bad("unknown code", answers(Q03="7"), "code"),
    bad("a number as text", answers(Q08="forty"), "type"),
    bad("a day that does not exist",
        answers(Q03="2", Q05="2021-02-29"), "constraint|type|date|day"),
    bad("a time that does not exist",
        line("response", "e", U, time="2020-02-30T12:00:00Z"), "time"),
    bad("an hour that does not exist",
        line("response", "e", U, time="2020-02-03T24:00:01Z"), "time"),
    bad("a time without zone",
        line("response", "e", U, time="2020-02-03T12:00:00"), "time"),
    bad("the far future",
        line("response", "e", U, time="2999-01-01T00:00:00Z"), "time"),
    bad("consent to an unknown text",
        line("consent", "e", U, text="sha256:" + "0" * 64), "consent text"),
    bad("consent to nothing", line("consent", "e", U, scopes=[]), "scope"),
    bad("unknown scope", line("consent", "e", U, scopes=["profit"]), "scope"),
]


def counted(**want):
    def check(_, ran):
        for name, value in want.items():
            assert re.search(rf"(?m)^{name.replace('_', ' ')}.*\b{value}$",
                             ran.out), ran
    return check


ORDER = [
    Row("line: the same event twice", intake(R, R), 0,
        check=counted(responses=3)),
    Row("line: out of order", intake(
        line("response", "e", U, time="2020-05-01T00:00:00Z"),
        line("consent", "f", U, time="2020-03-01T00:00:00Z")), 0,
        check=counted(responses=3, consents=1)),
    Row("line: file that is not there",
        lambda c: gate("intake", "14", c.given / "none"), 4, ("none",)),
    Row("line: a folder",
        lambda c: gate("intake", "14", c.given), 2, ("given", "folder")),
    Row("line: a source nobody registered",
        lambda c: gate("intake", "14", "--source", "post", c.file(R)), 4,
        ("post", "source list")),
    Row("line: an owner nobody registered",
        lambda c: gate("intake", "13", c.file(R)), 4, ("owner add",)),
]

# ---- CSV ----

MAPPING = {
    "azukari": "mapping v1", "survey": "corona", "version": 1,
    "event": {"column": "id"}, "respondent": {"column": "who"},
    "time": {"column": "day", "format": "date"},
    "fields": {"Q03": {"column": "q3"}, "Q08": {"column": "age"}}}
HEADER = "id,who,day,q3,age\n"
GOOD = "1,U1,2020-04-01,1,44\n"


def csv_case(text, mapping=None):
    def prepare(c):
        data = mapping if isinstance(mapping, (str, bytes)) \
            else json.dumps({**MAPPING, **(mapping or {})})
        return gate("intake", "14", "--dry-run", "--format", "csv", "--map",
                    c.file(data, "map.json"), c.file(text, "bad.csv"))
    return prepare


def bad_csv(name, text, *words, code=3, where=r"bad\.csv:3: "):
    return Row("csv: " + name, csv_case(text), code, (where, *words))


def bad_map(name, change, *words, code=3):
    return Row("mapping: " + name, csv_case(HEADER + GOOD, change), code,
               (r"map\.json", *words))


CSV = [
    bad_csv("quote not closed", HEADER + GOOD + '2,"U2,2020-04-01,1,44\n',
            "quote|CSV|end"),
    bad_csv("quote within", HEADER + GOOD + '2,U"2,2020-04-01,1,44\n',
            "quote|CSV"),
    bad_csv("too few cells", HEADER + GOOD + "2,U2,2020-04-01\n", "column|cell|field"),
    bad_csv("too many cells", HEADER + GOOD + "2,U2,2020-04-01,1,44,5\n",
            "column|cell|field"),
    bad_csv("bad UTF-8", (HEADER + GOOD).encode() + b"2,\xff,2020-04-01,1,44\n",
            "UTF-8|CSV|respondent"),
    bad_csv("NUL", (HEADER + GOOD).encode() + b"2,U\0,2020-04-01,1,44\n",
            "UTF-8|CSV|NUL|control|respondent"),
    bad_csv("bidi override", HEADER + GOOD + "2,U\u202e2,2020-04-01,1,44\n",
            "respondent|CSV|character"),
    bad_csv("unknown code", HEADER + GOOD + "2,U2,2020-04-01,17,44\n", "code"),
    bad_csv("a day that does not exist",
            HEADER + GOOD + "2,U2,2021-02-29,1,44\n", "time"),
    bad_csv("a cell too long", HEADER + GOOD + "2," + "x" * 70000 +
            ",2020-04-01,1,44\n", "64 KiB|long|respondent"),
    bad_csv("a column missing", "id,who,day,q3\n1,U1,2020-04-01,1\n", "age",
            code=4, where=r"bad\.csv"),
    bad_csv("a column twice", "id,who,day,q3,age,age\n1,U1,2020-04-01,1,4,4\n",
            "age|twice", where=r"bad\.csv"),
    bad_csv("nothing at all", "", "header|empty|column", where=r"bad\.csv"),
    bad_map("not JSON", "{", "line|:1"),
    bad_map("unknown key", {"colour": "red"}, "colour"),
    bad_map("unknown field", {"fields": {"Q77": {"column": "q3"}}}, "Q77"),
    bad_map("unknown survey", {"survey": "measles"}, "survey|measles", code=4),
    bad_map("delimiter of two", {"delimiter": ";;"}, "delimiter"),
]

# ---- documents ----


def registered(*args, data):
    """`owner survey 14 FILE` and its kind; {} is the file."""
    def prepare(c):
        path = c.file(data if isinstance(data, (str, bytes)) else
                      json.dumps(data, ensure_ascii=False), "bad.doc")
        return gate(*[path if a == "{}" else a for a in args])
    return prepare


def survey(change):
    doc = json.loads(flow.SURVEY.read_text(encoding="utf-8"))
    doc["version"] = 2
    return registered("owner", "survey", "14", "{}", data=change(doc))


def with_(**more):
    return lambda doc: {**doc, **more}


def first_field(**more):
    return lambda doc: {**doc, "fields": [{**doc["fields"][0], **more},
                                          *doc["fields"][1:]]}


def ladder(data):
    """Which values there are says the field that a policy gives it."""
    def prepare(c):
        path = c.file(data, "age.bad")
        c.home.az("owner", "ladder", "14", "age", path)
        doc = policy_of(c)
        doc["ladders"][0]["sha256"] = flow.sha256(path)
        return gate("policy", "check", "14", c.file(json.dumps(doc),
                                                    "policy.json"))
    return prepare


def policy_of(c):
    """The next one, in which nothing is wrong."""
    return flow.policy_document(
        c.home, partners=[c.world.partner], version=2,
        previous=flow.sha256(c.home.folder / "policy-14-1.json"))


DOC = r"bad\.doc"
DOCUMENTS = [
    Row("survey: not JSON", survey(lambda d: json.dumps(d, indent=1)[:-1]), 3,
        (DOC + r":\d+: ",)),
    Row("survey: unknown key", survey(with_(colour="red")), 3,
        (DOC, "colour")),
    Row("survey: unknown type", survey(first_field(type="colour")), 3,
        (DOC, "type|colour")),
    Row("survey: a pattern that is no pattern", survey(first_field(
        categories=None, constraints={"pattern": "(a+)+$"})), 3, (DOC,)),
    Row("survey: a field twice", survey(lambda d: {
        **d, "fields": d["fields"] + d["fields"][:1]}), 3, (DOC, "Q01")),
    Row("survey: bidi override in a title", survey(with_(
        title="\u202eCOVID")), 3, (DOC,)),
    Row("survey: nested too deep", registered(
        "owner", "survey", "14", "{}", data='{"fields":' + "[" * 5000), 3,
        (DOC + ":1: ",)),
    Row("survey: a version that is registered otherwise", registered(
        "owner", "survey", "14", "{}", data=with_(title="other")(
            json.loads(flow.SURVEY.read_text(encoding="utf-8")))), 1,
        ("corona", "version")),
    Row("survey: too long", registered(
        "owner", "survey", "14", "{}", data='"' + "x" * (17 << 20) + '"'), 3,
        (DOC,)),
    Row("ladder: not every value", ladder("1;1-9;*\n2;1-9;*\n"), 4,
        ("age", "ladder|value")),
    *[Row("ladder: " + name, registered("owner", "ladder", "14", "x", "{}",
                                        data=data), code, (DOC + where,))
      for name, data, code, where in (
          ("two parents", "1;1-9;*\n2;1-9;+\n*;x;*\n", 1, ".*not a tree"),
          ("rows of unequal length", "1;1-9;*\n2;1-9\n", 3, ":2: "),
          ("unknown kind",
           '{"azukari":"ladder v1","kind":"colours","levels":[2]}', 3,
           ".*kind"))],
    Row("ladder: bad UTF-8", registered(
        "owner", "ladder", "14", "x", "{}", data=b"\xff;1;*\n"), 3, (DOC,)),
    Row("ladder: empty", registered(
        "owner", "ladder", "14", "x", "{}", data=""), 3, (DOC,)),
    Row("consent text: NUL", registered(
        "consent-text", "add", "14", "{}", "--title", "t",
        data=b"text\0\n"), 3, (DOC,)),
    Row("consent text: bidi override", registered(
        "consent-text", "add", "14", "{}", "--title", "t",
        data="first\nsecond \u202e\n"), 3, (DOC + ":2: ",)),
    Row("consent text: bad UTF-8", registered(
        "consent-text", "add", "14", "{}", "--title", "t",
        data=b"first\n\xff\n"), 3, (DOC + ":2: ",)),
    Row("consent text: empty", registered(
        "consent-text", "add", "14", "{}", "--title", "t", data=""), 3,
        (DOC,)),
]

# ---- policies ----


def policy(change, signers=("a", "b"), command="owner", sign=True):
    """The next policy, changed, and put in force."""
    def prepare(c):
        doc = change(policy_of(c))
        path = c.file(doc if isinstance(doc, str) else json.dumps(
            doc, ensure_ascii=False), "policy.json")
        if command == "check":
            return gate("policy", "check", "14", path)
        words = []
        for seat in signers:
            person = c.person(seat) if seat in c.seats else c.world.stranger
            words += ["--sig", flow.sign("policy", path, person) if sign
                      else c.file("no signature", f"{seat}.sig")]
        return gate("owner", "policy", "14", path, *words)
    return prepare


def bad_policy(name, change, *words, code=3):
    return Row("policy: " + name, policy(change, command="check"), code,
               ("policy.json", *words))


def inner(key, **more):
    return lambda doc: {**doc, key: {**doc[key], **more}}


POLICY = [
    bad_policy("unknown key", with_(colour="red"), "colour"),
    bad_policy("unknown key within", inner("disclosure", l_diversity=2),
               "l_diversity"),
    bad_policy("key missing", lambda d: {k: v for k, v in d.items()
                                         if k != "quotas"}, "quotas"),
    bad_policy("key twice", lambda d: json.dumps(d)[:-1] + ',"denial":"vote"}',
               "denial|twice|duplicate"),
    bad_policy("not JSON", lambda d: json.dumps(d, indent=1)[:-2], r":\d+: "),
    bad_policy("a day that does not exist", with_(valid_from="2026-02-30"),
               "valid_from"),
    bad_policy("ends before it begins", with_(valid_until="2019-01-01"),
               "valid_until|valid_from"),
    bad_policy("another owner's", with_(owner="13"), "owner", code=1),
    bad_policy("k of 0", inner("disclosure", k=0), "k"),
    bad_policy("unknown purpose", inner("purposes", permission="DUO:9"),
               "DUO:9|permission"),
    bad_policy("unknown ladder", with_(ladders=[
        {"name": "age", "sha256": "0" * 64}]), "ladder", code=4),
    bad_policy("unknown rule", lambda d: {**d, "release": [
        {**d["release"][0], "fields": {"Q03": "mostly"}}]}, "Q03|rule"),
    bad_policy("bidi override", lambda d: {**d, "partners": [
        {**d["partners"][0], "name": "\u202eoiek"}]}, "name|character"),
    bad_policy("a number too many", with_(version=3), "version", code=1),
    bad_policy("a seat's institution", lambda d: {**d, "partners": [
        {**d["partners"][0], "institution": "神奈川県"}]}, "institution|神奈川県|seat",
        code=1),
    bad_policy("a seat's key", lambda d: {**d, "partners": [
        {**d["partners"][0], "ssh": flow.policy_document.__name__}]},
        "ssh"),
    Row("policy: one signature of two", policy(dict, ("a",)), 1,
        ("sign|seat",)),
    Row("policy: the same signature twice", policy(dict, ("a", "a")), 1,
        ("sign|seat|twice",)),
    Row("policy: signed by a stranger", policy(dict, ("a", "stranger")), 1,
        ("sign|seat",)),
    Row("policy: no signature at all", policy(dict, sign=False), 3,
        (r"\.sig",)),
]

# ---- owners ----


def owner(*options, seats=("s1", "s2"), code="13", threshold="2",
          name="東京都", change=None):
    def prepare(c):
        words = []
        for seat in seats:
            path = c.given / f"{seat}.pub"
            shutil.copyfile((c.seats["a"] if seat == "s1" else c.seats["b"]
                             ).pub, path)
            words += ["--seat", path]
        if change:
            change(c)
        return gate("owner", "add", code, "--name", name, "--threshold",
                    threshold, *words, *options)
    return prepare


def pub(name, data):
    return lambda c: c.file(data, name)


OWNERS = [
    Row("owner: t = 0", owner(threshold="0"), 1, ("threshold",)),
    Row("owner: t > n", owner(threshold="3"), 1, ("threshold",)),
    Row("owner: t = 1 of 2", owner(threshold="1"), 1, ("threshold",)),
    Row("owner: t is no number", owner(threshold="two"), 2, ("threshold",)),
    Row("owner: one key in two seats", owner(seats=("s1", "s2", "s3")), 3,
        ("s3|s2|seat",)),
    Row("owner: one seat twice", owner(seats=("s1", "s2", "s2")), 3,
        ("s2|seat",)),
    Row("owner: more seats than 16", owner(
        seats=["s1", *(f"s{i}" for i in range(2, 19))]), 2, ("1 to 16 seats",)),
    Row("owner: no prefecture", owner(code="48"), 3, ("48|01",)),
    Row("owner: there already", owner(code="14"), 1, ("14",)),
    Row("owner: the operator holds a seat", owner(
        "--institution", "Example Data Centre"), 1, ("institution|operator",)),
    Row("owner: bidi override in its name", owner(name="東\u202e京"), 3,
        ("name|character",)),
    Row("owner: control character in its name", owner(name="東\x07京"), 3,
        ("name|character",)),
    Row("owner: a public key cut off", owner(change=pub(
        "s2.pub", "age1qqqq\nssh-ed25519 AAAA s2\n")), 3, (r"s2\.pub",)),
    Row("owner: a private key for a public one", owner(
        change=lambda c: shutil.copyfile(c.seats["a"].key,
                                         c.given / "s2.pub")), 3,
        (r"s2\.pub",)),
    Row("owner: a public key that is not there", owner(
        change=lambda c: (c.given / "s2.pub").unlink()), 4, (r"s2\.pub",)),
]

# ---- requests ----


def request(signer=None, edit=None, **more):
    """A request of the partner's, edited, signed, submitted."""
    def prepare(c):
        person = more.pop("person", None) or c.world.partner
        path = flow.draft(c.given / "request.txt", person, "REQ-2026-009",
                          **more)
        if edit:
            path.write_text(edit(path.read_text(encoding="utf-8")),
                            encoding="utf-8")
            sig = c.file(flow.run(
                "ssh-keygen", "-Y", "sign", "-q", "-n", "request@azukari",
                "-f", ssh_key(c, person),
                stdin=path.read_text(encoding="utf-8")).out, "request.sig")
        else:
            sig = flow.sign("request", path, signer(c) if signer else person)
        return gate("request", "submit", path, "--sig", sig)
    return prepare


def ssh_key(c, person):
    text = person.identity().read_text()
    key = "\n".join(s[2:] for s in text.splitlines()
                    if s.startswith("# ") and (
                        "-----" in s or " " not in s[2:]))
    path = c.file(key + "\n", "ssh.id")
    path.chmod(0o600)
    return path


def drafted(**more):
    def prepare(c):
        options = {"identity_pub": c.world.partner.pub, **more}
        words = []
        good = {"id": "REQ-2026-009", "project": "p", "title": "t",
                "partner": "keio", "institution": flow.INSTITUTION,
                "investigator": "i", "purpose": "DUO:0000007",
                "legal-basis": "consent", "owners": "14",
                "survey": "corona 1", "fields": "Q03",
                "period": "2020-03-01..2020-05-31",
                "retention-until": "2089-03-31"}
        for key, value in {**good, **{
                k.replace("_", "-"): v for k, v in options.items()}}.items():
            words += [f"--{key}", value]
        return alone("request", "draft", *words, "-o", c.out)
    return prepare


def refusal(c, ran):
    """Refused by policy: a request is entered, and with it its refusal, and
    nothing else."""
    kinds = [e["kind"] for e in c.home.json("ledger", "show")]
    before = [e["kind"] for e in c.world.home.json("ledger", "show")]
    assert kinds[len(before):] == ["request", "refusal"], ran
    c.home.az("plan", "freeze", "14", "REQ-2026-009", code=1)


def refused(name, prepare, *words):
    return Row("request: " + name, prepare, 1, words, keeps=False,
               check=refusal)


REQUESTS = [
    Row("request: a day that does not exist", drafted(
        period="2020-02-30..2020-05-31"), 3, ("period",)),
    Row("request: a period that ends before it begins", drafted(
        period="2020-05-31..2020-03-01"), 3, ("period",)),
    Row("request: an unknown purpose", drafted(purpose="HAPPINESS"), 3,
        ("purpose",)),
    Row("request: bidi override", drafted(title="a\u202eb"), 3,
        ("title|character",)),
    Row("request: unknown key", request(edit=lambda t: t + "colour: red\n"),
        3, ("request.txt:", "colour|line")),
    Row("request: keys in another order", request(edit=lambda t: "".join(
        t.splitlines(True)[:1] + sorted(t.splitlines(True)[1:]))), 3,
        (r"request.txt:\d+: ", "created")),
    Row("request: no LF at the end", request(edit=lambda t: t[:-1]), 3,
        ("request.txt:",)),
    Row("request: CR LF", request(edit=lambda t: t.replace("\n", "\r\n")), 3,
        ("request.txt:1: ",)),
    Row("request: changed after it was signed", lambda c: (
        lambda where, args: (
            args[2].write_text(args[2].read_text().replace("Q03 ", "")),
            (where, args))[1])(*request()(c)), 1, ("signature",)),
    Row("request: signed by somebody else", request(
        signer=lambda c: c.seats["a"]), 1, ("sign",)),
    Row("request: there already", lambda c: gate(
        "request", "submit", c.world.home.folder / "REQ-2026-002.txt",
        "--sig", f"{c.world.home.folder}/REQ-2026-002.txt.pi.sig"), 1,
        ("already a plan for this request",), keeps=False),
    refused("recipient that the signed policy does not name", lambda c: request(
        person=c.world.stranger)(c), "partner|recipient"),
    refused("the requester's own institution", request(
        institution="神奈川県"), "institution"),
    refused("unknown field", request(fields="Q03 Q77"), "Q77"),
    refused("unknown survey", request(survey="measles 1"), "measles|survey"),
    refused("a field that never leaves", request(fields="Q10"), "Q10"),
    refused("a purpose the policy does not cover", request(
        purpose="DUO:0000042"), "DUO:0000042|purpose"),
]

# ---- identities ----


def identity(data=None, change=None, phrase=None):
    """b approves with another file in the place of the identity."""
    def prepare(c):
        raw = c.seats["b"].key.read_bytes()
        path = c.file(data if data is not None else change(raw), "b.key")
        path.chmod(0o600)
        where, args = c.officer("approve", c.world.packets["b"], "b",
                                identity=path)
        if phrase is not None:
            args = list(args)
            given = c.file(phrase, "pw")
            given.chmod(0o600)
            args[args.index("--passphrase-file") + 1] = given
        return where, args
    return prepare


def same(raw):
    return raw


IDENTITIES = [
    Row("identity: not there", lambda c: c.officer(
        "approve", c.world.packets["b"], "b", identity=c.given / "none"), 4,
        ("none",)),
    Row("identity: empty", identity(b""), 3, (r"b\.key",)),
    Row("identity: cut off", identity(change=lambda r: r[:-20]), 1,
        (r"b\.key",)),
    Row("identity: cut off in its head", identity(change=lambda r: r[:60]), 3,
        (r"b\.key",)),
    Row("identity: a flipped bit", identity(
        change=lambda r: r[:-5] + bytes([r[-5] ^ 1]) + r[-4:]), 1,
        (r"b\.key",)),
    Row("identity: the public key", lambda c: identity(
        c.seats["b"].pub.read_bytes())(c), 3, (r"b\.key",)),
    Row("identity: a file that others can read", lambda c: (
        c.seats["b"].key.chmod(0o644), c.officer(
            "approve", c.world.packets["b"], "b"))[1], 1,
        (r"b\.key", "0600")),
    Row("identity: a passphrase that others can read", lambda c: (
        c.seats["b"].passphrase.chmod(0o644), c.officer(
            "approve", c.world.packets["b"], "b"))[1], 1,
        ("passphrase", "0600")),
    Row("identity: something else", identity("hello\n"), 3, (r"b\.key",)),
    Row("identity: wrong passphrase", identity(change=same,
                                               phrase="another\n"), 1,
        ("passphrase",)),
    Row("identity: empty passphrase", identity(change=same, phrase=""), 1,
        ("passphrase",)),
    Row("identity: another seat's", lambda c: c.officer(
        "approve", c.world.packets["b"], "c"), 1, ("another seat",)),
    Row("identity: a stranger's", lambda c: c.officer(
        "approve", c.world.packets["b"], c.world.stranger), 1,
        ("holds no seat",)),
]

# ---- packets, approvals, shares ----


def packet(change, *words, code=1, seat="b", source=None, name=None):
    """A packet to b, changed."""
    def prepare(c):
        path = source(c) if source else c.world.packets["b"]
        return c.officer("approve", c.packet(path, by=lambda f: change(c, f)),
                         seat)
    return Row("packet: " + name, prepare, code, words)


def swap(one, other):
    def change(_, files):
        files[one], files[other] = files[other], files[one]
    return change


def take(name, packet_of, other=None):
    """A member of another packet's."""
    def change(c, files):
        files[name] = flow.members(packet_of(c))[other or name]
    return change


def shares_packet(change, *words, name):
    """All shares of a, changed, checked by a."""
    def prepare(c):
        path = c.packet(c.world.home.folder / "shares",
                        by=lambda f: change(c, f))
        person = c.seats["a"]
        return alone("seat", "check", path, *person.options())
    return Row("shares: " + name, prepare, 1, words)


def answer(parts, *words, code=1, name, now=None, plan=None, keeps=True):
    """An answer put together of members of others."""
    def prepare(c):
        files = parts(c)
        path = c.given / "answer"
        if isinstance(files, bytes):
            path.write_bytes(files)
        else:
            flow.write_packet(path, f"{(plan or (lambda w: w.plan))(c.world)}"
                              "-a-answer", files)
        return gate("plan", "accept", path)
    return Row("answer: " + name, prepare, code, words, now=now, keeps=keeps)


def said(which, change=None):
    def parts(c):
        files = flow.members(getattr(c.world, which))
        if change:
            change(c, files)
        return files
    return parts


def changed(name, at=-40):
    def change(_, files):
        files[name] = flow.spoilt(files[name], at)
    return change


def other_digit(data):
    """The text with another nonce."""
    at = data.index(b"\nnonce: ") + 8
    return data[:at] + (b"1" if data[at:at + 1] == b"0" else b"0") \
        + data[at + 1:]


def two_plans(c):
    """What a released for one plan, as an answer about the other."""
    files = flow.members(c.world.approval)
    files.update((n, d) for n, d in flow.members(c.world.release).items()
                 if n.startswith(("release", "shares")))
    return files


WAITING = (lambda w: w.waiting)
PACKETS = [
    packet(swap("shares/00001.age", "shares/00002.age"), "shares/0000|share",
           name="shares of two epochs swapped"),
    packet(take("shares/00001.age", lambda c: c.world.packets["c"]),
           "shares/00001|share", name="another seat's share"),
    packet(swap("epochs/00001.txt", "epochs/00002.txt"), "epochs/0000",
           name="epochs swapped"),
    packet(take("plan.txt", lambda c: c.world.early), r"PLAN-\d{4}-0003",
           name="another plan's text"),
    packet(take("plan.txt.sig", lambda c: c.world.early), "plan.txt.sig|sign",
           name="another plan's signature"),
    packet(take("plan.entry", lambda c: c.world.early), "plan.entry|ledger",
           name="another plan's entry"),
    packet(lambda c, f: f.pop("policy.json"), "policy.json", code=4,
           name="a member missing"),
    packet(lambda c, f: f.update({"extra.txt": b"x\n"}), "extra.txt", code=3,
           name="a member too many"),
    packet(changed("charter.txt", 40), "charter", name="another charter",
           code=3),
    packet(changed("request.txt", -3), "request", name="another request"),
    Row("packet: cut off", lambda c: c.officer("approve", c.file(
        c.world.packets["b"].read_bytes()[:5000], "packet")), 3, ("packet",)),
    Row("packet: of nothing", lambda c: c.officer("approve", c.file(
        b"", "packet")), 3, ("packet",)),
    Row("packet: its plan has expired", lambda c: c.officer(
        "approve", c.world.packets["b"]), 1, ("expire",),
        now=flow.in_days(190)),
    Row("packet: at a gateway", lambda c: (
        lambda where, args: (where, ("--home", c.home.path, *args)))(
            *c.officer("approve", c.world.packets["b"])), 2, ("--home",)),
    shares_packet(swap("shares/00001.age", "shares/00002.age"),
                  "shares/0000", name="of two epochs swapped"),
    shares_packet(changed("shares/00001.age"), "shares/00001",
                  name="a changed byte"),
    answer(said("approval", lambda c, f: f.update({
        "approval.txt": other_digit(f["approval.txt"])})), "seat a",
           name="approval changed"),
    answer(said("approval", lambda c, f: f.update({
        "approval.txt": f["approval.txt"].replace(b"nonce", b"dunno")})),
           r"approval\.txt:11: ", code=3, name="unknown key"),
    answer(said("approval", changed("approval.txt.sig", 100)),
           "seat a", name="signature changed"),
    answer(said("approval", lambda c, f: f.pop("approval.txt.sig")),
           "approval.txt.sig", code=4, name="signature missing"),
    answer(lambda c: c.world.approval.read_bytes()[:700], "answer", code=3,
           name="cut off"),
    answer(said("accepted"), "was taken in before", plan=WAITING,
           name="replayed"),
    answer(said("approval"), "expired", now=flow.in_days(190),
           name="expired", keeps=False),
    answer(two_plans, r"PLAN-\d{4}-0002", r"PLAN-\d{4}-0003",
           name="releases of two plans"),
    answer(said("release", changed("shares.age")), "shares", plan=WAITING,
           name="shares changed"),
    answer(said("release", lambda c, f: f.update({"shares.age": flow.members(
        c.world.home.folder / "shares")["shares/00001.age"]})), "shares",
        plan=WAITING, name="shares sealed to somebody else"),
    answer(said("release", lambda c, f: f.pop("shares.age")), "shares", code=4,
           plan=WAITING, name="shares missing"),
    Row("answer: revoked before", lambda c: revoked(c), 1,
        ("already|revoked|taken back",)),
    Row("export: too few releases", lambda c: gate("export", c.world.waiting),
        1, ("1 of 2 seats have released",)),
    Row("export: nobody approved", lambda c: gate("export", c.world.plan), 1,
        ("approvals",)),
    Row("export: there already", lambda c: gate("export", c.world.exported),
        1, ("export",)),
    Row("export: no such plan", lambda c: gate("export", "PLAN-2026-0999"), 4,
        ("PLAN-2026-0999",)),
]


def revoked(c):
    """a approves, takes it back, and the first answer comes again."""
    officers = flow.Officers(c.home)
    officers.made = 900
    c.home.az("plan", "accept", c.world.approval)
    back, _ = officers.run("revoke", c.world.packets["a"], "a", "--reason",
                           "誤り")
    c.home.az("plan", "accept", back)
    return gate("plan", "accept", c.world.approval)


# ---- bundles ----


def bundle(change, *words, code=1, name, command="verify"):
    def prepare(c):
        path = c.bundle(change) if change else c.world.bundle
        if command == "open":
                return alone("open", path, *c.world.partner.options(), "-o",
                         c.given)
        return alone("verify", path)
    return Row("bundle: " + name, prepare, code, words)


def index(items, name):
    return next(i for i, (m, _) in enumerate(items)
                if m.name.split("/", 1)[-1] == name)


def changed_in(name, at=None):
    def change(items):
        i = index(items, name)
        items[i] = items[i][0], flow.spoilt(items[i][1], at)
        return items
    return change


def edit(name, change):
    def edited(items):
        i = index(items, name)
        items[i] = items[i][0], change(items[i][1])
        return items
    return edited


def without(name):
    def change(items):
        del items[index(items, name)]
        return items
    return change


def rename(name, to, **more):
    def change(items):
        info = items[index(items, name)][0]
        folder = info.name.split("/")[0]
        info.name = to.format(folder)
        for key, value in more.items():
            setattr(info, key, value)
        return items
    return change


def swapped(one, other):
    def change(items):
        i, k = index(items, one), index(items, other)
        items[i], items[k] = (items[i][0], items[k][1]), (items[k][0],
                                                          items[i][1])
        return items
    return change


def hostile(name, to="{}/README.txt", **more):
    """A member that no bundle has."""
    def change(items):
        folder = items[0][0].name.split("/")[0]
        info = tarfile.TarInfo(to.format(folder))
        data = more.pop("data", None)
        for key, value in more.items():
            setattr(info, key, value)
        return [items[0], (info, data), *items[1:]]
    return bundle(change, r"EXP-.*\.tar", code=3, name="hostile: " + name)


def raw_bundle(name, change, code=3, *words):
    def prepare(c):
        data = change(bytearray(c.world.bundle.read_bytes()))
        return alone("verify", c.file(bytes(data), c.world.bundle.name))
    return Row("bundle: " + name, prepare, code, (r"EXP-.*\.tar", *words))


def header(at, value, fix=True):
    """Bytes in the second header; its checksum made good again."""
    def change(data):
        start = 512
        data[start + at:start + at + len(value)] = value
        if fix:
            head = data[start:start + 512]
            head[148:156] = b" " * 8
            data[start + 148:start + 156] = b"%06o\0 " % sum(head)
        return data
    return change


BUNDLES = [
    *[bundle(changed_in(n), "another digest" if n == "SHA256SUMS"
             else re.escape(n),
             name=f"changed: {n}", code=1)
      for n in ("README.txt", "STATEMENT.txt", "plan.txt", "request.txt.sig",
                "approvals/a.txt", "disclosure.txt", "payload.tar.zst.age",
                "trust/ledger.vkey", "SHA256SUMS", "SHA256SUMS.tlog-proof")],
    bundle(edit("SHA256SUMS.entry", other_digit), r"SHA256SUMS\.tlog-proof",
           name="another entry"),
    bundle(edit("SHA256SUMS", lambda d: d.replace(b"  plan.txt\n",
                                                  b" *plan.txt\n")),
           r"SHA256SUMS: a line", code=3, name="another form of SHA256SUMS"),
    bundle(changed_in("SHA256SUMS.sig", -50), r"SHA256SUMS\.sig",
           name="changed: SHA256SUMS.sig"),
    *[bundle(without(n), re.escape(n), name=f"{n} missing", code=4)
      for n in ("README.txt", "approvals/b.txt.sig", "payload.tar.zst.age",
                "SHA256SUMS", "SHA256SUMS.sig")],
    bundle(rename("README.txt", "{}/README.md"), "README.md", code=3,
           name="a file renamed"),
    bundle(swapped("approvals/a.txt", "approvals/b.txt"), "approvals/",
           name="approvals swapped"),
    bundle(swapped("plan.txt.sig", "request.txt.sig"), "plan.txt.sig|request|SHA256SUMS",
           name="signatures swapped"),
    hostile("an absolute path", "/tmp/evil", data=b"x"),
    hostile("..", "{}/../../evil", data=b"x"),
    hostile("a symbolic link", "{}/link", type=tarfile.SYMTYPE,
            linkname="/etc/passwd"),
    hostile("a hard link", "{}/link", type=tarfile.LNKTYPE,
            linkname="/etc/passwd"),
    hostile("a device", "{}/dev", type=tarfile.CHRTYPE, devmajor=1,
            devminor=3),
    hostile("a pipe", "{}/fifo", type=tarfile.FIFOTYPE),
    hostile("a long name", "{}/" + "n" * 90, data=b"x"),
    hostile("a member twice", data=b"x"),
    hostile("another folder", "other/README.txt", data=b"x"),
    raw_bundle("hostile: a size without end", header(124, b"77777777777\0")),
    raw_bundle("hostile: a negative size", header(124, b"\xff" * 12)),
    raw_bundle("hostile: a wrong checksum", header(0, b"X", fix=False)),
    raw_bundle("hostile: another format", header(257, b"ustar  \0")),
    raw_bundle("hostile: a pax header", header(156, b"x")),
    raw_bundle("hostile: bytes behind the end", lambda d: d + b"x" * 512),
    raw_bundle("cut off", lambda d: d[:len(d) // 2]),
    raw_bundle("of nothing", lambda d: b""),
    raw_bundle("text", lambda d: b"hello\n" * 200),
    bundle(changed_in("payload.tar.zst.age"), "payload", command="open",
           name="opened with a changed byte"),
    Row("bundle: opened by a stranger", lambda c: alone(
        "open", c.world.bundle, *c.world.stranger.options(), "-o", c.given),
        1, ("key|identity|recipient",)),
    Row("bundle: opened where it is open", lambda c: opened_twice(c), 1,
        ("exist|there",)),
    Row("bundle: not there", lambda c: alone("verify", c.given / "none.tar"),
        4, ("none.tar",)),
    Row("bundle: another trust", lambda c: other_trust(c), 1,
        ("gateway|trust|key",)),
]


def opened_twice(c):
    (c.given / f"{c.world.export}-data").mkdir()
    return alone("open", c.world.bundle, *c.world.partner.options(), "-o",
                 c.given)


def other_trust(c):
    """The partner trusts another gateway's key."""
    folder = c.given / "trust"
    folder.mkdir()
    for info, data in tar_items(c.world.bundle):
        name = info.name.split("/", 1)[-1]
        if name.startswith("trust/"):
            (c.given / name).write_bytes(data)
    _, ssh = flow.pub_lines(c.world.stranger)
    path = folder / "allowed_signers"
    path.write_text(re.sub(r"(?m)^(gateway .*?)ssh-ed25519 \S+",
                           lambda m: m[1] + ssh, path.read_text()))
    return alone("verify", c.world.bundle, "--trust", folder)


# ---- stores ----


def store(name, damage, *words, command=("epoch", "list", "14"), code=5):
    def prepare(c):
        damage(c)
        return gate(*command)
    return Row("store: " + name, prepare, code, words)


def plain_database(c):
    import sqlite3
    path = c.home.path / "owners/14/vault.db"
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE respondent (id)")


def other_key(c):
    """erase.db under the key of vault.db's place: the two exchanged."""
    for name in ("vault.db", "erase.db"):
        shutil.copyfile(c.world.home.path / "owners/14" / name,
                        c.home.path / "owners/14" /
                        ("erase.db" if name == "vault.db" else "vault.db"))


def new_key_file(c):
    other = flow.make_home(c.given / "other")
    shutil.copyfile(other.key_file, c.home.key_file)


def cut(name, size):
    return lambda c: c.put(name, (c.home.path / name).read_bytes()[:size])


LATE = 3 * 16384 + 5000         # within the fourth page
EXPORT = ("export", "{}")
STORES = [
    store("vault.db: a flipped page", lambda c: [
        c.flip("owners/14/vault.db", 16384 * n + 5000) for n in range(30)],
        "vault.db", command=("epoch", "list", "14")),
    store("vault.db: a flipped first page", lambda c: c.flip(
        "owners/14/vault.db", 5000), "vault.db"),
    store("erase.db: a flipped page", lambda c: c.flip(
        "owners/14/erase.db", 5000), "erase.db"),
    store("gateway.db: a flipped page", lambda c: c.flip("gateway.db", 5000),
          "gateway.db"),
    store("vault.db: no encryption", plain_database, "vault.db"),
    store("vault.db: cut off", cut("owners/14/vault.db", 20000), "vault.db"),
    store("vault.db: empty", lambda c: c.put("owners/14/vault.db", b""),
          "vault.db"),
    store("vault.db: gone", lambda c: (
        c.home.path / "owners/14/vault.db").unlink(), "vault.db"),
    store("erase.db: gone", lambda c: (
        c.home.path / "owners/14/erase.db").unlink(), "erase.db"),
    store("vault.db: a wrong key", other_key, r"(vault|erase)\.db"),
    store("gateway.key: another key file", new_key_file, "gateway.key", code=1),
    store("gateway.key: a flipped bit", lambda c: c.flip("keys/gateway.key"),
          "gateway.key", code=1),
    store("gateway.key: cut off", cut("keys/gateway.key", 100), "gateway.key",
          code=3),
    store("erase-14.key: a flipped bit", lambda c: c.flip("keys/erase-14.key"),
          r"erase-14\.key"),
    store("config.json: no JSON", lambda c: c.put("config.json", b"{"),
          "config.json", code=3),
    store("ledger: a flipped checkpoint", lambda c: c.flip(
        "ledger/checkpoint"), "ledger|checkpoint", command=("ledger",
                                                            "verify")),
    store("ledger: a flipped entry", lambda c: [
        c.flip(str(p.relative_to(c.home.path)))
        for p in (c.home.path / "ledger/tile/entries").rglob("*")
        if p.is_file()], "ledger|entr", command=("ledger", "verify")),
    store("ledger: gone", lambda c: shutil.rmtree(c.home.path / "ledger"),
          "ledger", command=("ledger", "verify")),
    store("old copy of vault.db", lambda c: c.put_back("owners/14/vault.db"),
          "vault.db", "old"),
    store("old copy of erase.db", lambda c: c.put_back("owners/14/erase.db"),
          "erase", "old"),
    store("old copy of erase.db and its key", lambda c: c.put_back(
        "owners/14/erase.db", "keys/erase-14.key"), "erase", "old"),
    store("old copy of gateway.db", lambda c: c.put_back("gateway.db"),
          "old"),
    store("old copy of the ledger", lambda c: c.put_back("ledger"), "old"),
    store("no gateway at all", lambda c: shutil.rmtree(c.home.path), "home",
          code=4),
]

# ---- a full disk, a killed process ----


def then_it_works(*command):
    """What failed for want of room succeeds with room."""
    def check(c, _):
        c.home.az(*command_of(c, command))
        c.home.az("ledger", "verify")
    return check


def command_of(c, words):
    return [getattr(c.world, w[1:]) if w.startswith("@") else w
            for w in words]


def released(c):
    c.home.az("plan", "accept", c.world.release)
    return gate("export", c.world.waiting)


def outputs(*command):
    return lambda c: gate(*command_of(c, command))


DISK = [
    Row("full disk: an export", released, 5, ("failed|full",),
        keeps=False, limit=1 << 15, check=then_it_works("export", "@waiting")),
    Row("full disk: intake", lambda c: gate("intake", "14", c.file(
        "".join(line("response", f"n{i}", f"person-{i}") + "\n"
                for i in range(3000)))), 5, ("failed|full",), keeps=False,
        limit=1 << 16, check=then_it_works("status")),
    Row("full disk: a packet", lambda c: gate(
        "plan", "pack", c.world.plan, "--seat", "a", "-o", c.out), 5,
        ("failed|full",), limit=4096),
    Row("full disk: an answer", lambda c: c.officer(
        "approve", c.world.packets["b"]), 5, ("failed|full",),
        limit=512, keeps=False),
    Row("full disk: a backup", lambda c: gate("backup", c.given / "backup"),
        5, ("failed|full",), limit=1 << 15, keeps=False),
    Row("an output that is there", lambda c: gate(
        "plan", "pack", c.world.plan, "--seat", "a", "-o",
        c.file("mine", "there")), 1, ("there",)),
    Row("an output in no folder", lambda c: gate(
        "plan", "pack", c.world.plan, "--seat", "a", "-o",
        c.given / "no/folder/x"), 4, ("no/folder",)),
]

ROWS = [*NDJSON, *ORDER, *CSV, *DOCUMENTS, *POLICY, *OWNERS, *REQUESTS,
        *IDENTITIES, *PACKETS, *BUNDLES, *STORES, *DISK]


@pytest.mark.parametrize("row", ROWS, ids=[r.name for r in ROWS])
def test_row(world, tmp_path, row):
    judge(Case(world, tmp_path), row)


@pytest.mark.parametrize("step", ["act.staged", "job.built"])
def test_killed_process(world, tmp_path, fault, step):
    """It dies; the next command says what it repaired, and ends the work."""
    case = Case(world, tmp_path)
    released(case)
    ran = case.home.az("export", case.world.waiting, program=fault, code=None,
                       env={"AZUKARI_KILL_AT": step})
    assert ran.code == flow.KILLED
    case.home.az("export", case.world.waiting)
    case.home.az("ledger", "verify")


def test_names_are_all_different():
    assert len({r.name for r in ROWS}) == len(ROWS) > 150
