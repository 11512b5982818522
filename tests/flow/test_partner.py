"""What partners send back and what they are told: receipts, certificates of
destruction, chains of notices and their answers; signed by others, sent twice,
out of order, changed, late."""
import csv
import json
import shutil
import tarfile

import pytest

import flow


@pytest.fixture(scope="module")
def opened_once(frozen_once, tmp_path_factory):
    """A released bundle, and the investigator's data in home.data."""
    home = frozen_once.copy(tmp_path_factory.mktemp("opened"))
    flow.Officers(home).approve_fully(home.plan)
    home.az("export", home.plan)
    out = home.folder / "university"
    trust = out / "trust"
    trust.mkdir(parents=True)
    bundle, = (home.path / "outbox").glob("*.tar")
    shutil.copyfile(bundle, out / bundle.name)
    with tarfile.open(bundle) as tar:
        for name in ("allowed_signers", "ledger.vkey", "witness-policy"):
            (trust / name).write_bytes(tar.extractfile(
                f"{bundle.stem}/trust/{name}").read())
    flow.az("open", bundle, *home.partner.options(), "--trust", trust, "-o",
            out)
    flow.make_person(home.folder, "stranger")
    return home


class University:
    """The investigator's machine."""

    def __init__(self, home):
        self.home = home
        self.folder = home.folder / "university"
        self.bundle, = self.folder.glob("*.tar")
        self.data = self.folder / f"{self.bundle.stem}-data"
        self.trust = ["--trust", self.folder / "trust"]
        self.me = home.partner
        self.stranger = flow.Person(home.folder, "stranger")

    def receipt(self, name="receipt.txt", who=None, **options):
        path = self.folder / name
        flow.az("receipt", self.bundle, "--data", self.data,
                *(who or self.me).options(), "-o", path, *self.trust,
                **options)
        return path

    def destroyed(self, name="destroyed.txt", who=None, **options):
        path = self.folder / name
        flow.az("destroyed", self.bundle, *(who or self.me).options(), "-o",
                path, *self.trust, **options)
        return path

    def apply(self, notice, data, to, who=None, **options):
        """A notice applied; the new data, the answer, and what was said."""
        answer = self.folder / f"{to}.answer"
        ran = flow.az("notice", "apply", notice, data,
                      *(who or self.me).options(), "-o", self.folder / to,
                      "--answer", answer, *self.trust, **options)
        return self.folder / to, answer, ran


@pytest.fixture
def home(opened_once, tmp_path):
    return opened_once.copy(tmp_path / "gateway")


@pytest.fixture
def university(home):
    return University(home)


def kinds(home):
    home.az("ledger", "verify")
    return [e["kind"] for e in home.json("ledger", "show")]


def people(data):
    with open(data / "data/responses.csv", newline="", encoding="utf-8") as f:
        return {row["pseudonym"] for row in csv.DictReader(f)}


def notices(home):
    return sorted((home.path / "outbox/notices/keio").glob("*/notice.txt"))


def notice_about_somebody(home):
    """One more person withdraws, of whom the partner has data."""
    gone = getattr(home, "gone", set())
    before = len(notices(home))
    for text in (home.folder / "lines.ndjson").read_text().splitlines():
        doc = json.loads(text)
        if doc["type"] != "consent" or doc["respondent"] in gone \
                or "research" not in doc["scopes"]:
            continue
        gone.add(doc["respondent"])
        home.gone = gone
        home.az("withdraw", "14", "--respondent-file", "-", "--source",
                "line", "--now", stdin=doc["respondent"] + "\n")
        if len(notices(home)) > before:
            return notices(home)[-1]
    raise AssertionError("nobody left")


def value(path, key):
    line, = [s for s in path.read_text(encoding="utf-8").splitlines()
             if s.startswith(f"{key}: ")]
    return line.split(": ", 1)[1]


def signed_by(path, person, kind):
    """The same text under somebody else's signature."""
    copy = path.with_name("copy-" + path.name)
    shutil.copyfile(path, copy)
    text = person.identity().read_text()
    key = path.with_name("ssh.id")
    key.write_text("\n".join(
        s[2:] for s in text.splitlines() if s.startswith("# ") and
        ("-----" in s or " " not in s[2:])) + "\n")
    key.chmod(0o600)
    flow.run("ssh-keygen", "-Y", "sign", "-q", "-n", f"{kind}@azukari", "-f",
             key, copy)
    key.unlink()
    return copy


def refused(home, command, path, word, code=1):
    """And nothing is entered."""
    before = kinds(home)
    said = home.az(*command, path, code=code)
    assert word in said.err, said
    assert kinds(home) == before


# ---- receipts and certificates ----

@pytest.mark.parametrize("kind, namespace", [
    ("receipt", "receipt"), ("destroyed", "destruction")])
def test_answers_about_a_bundle(home, university, kind, namespace):
    path = getattr(university, kind)()
    command = [kind, "accept"]
    text = path.read_text()
    refused(home, command, signed_by(path, university.stranger, namespace),
            "not signed by the investigator")
    refused(home, command, signed_by(path, home.seats["14"]["a"], namespace),
            "not signed by the investigator")
    other = "notice" if namespace == "receipt" else "receipt"
    refused(home, command, signed_by(path, university.me, other),
            "not signed by the investigator")
    unsigned = path.with_name("unsigned.txt")
    shutil.copyfile(path, unsigned)
    refused(home, command, unsigned, "unsigned.txt", code=4)
    for key, wrong, code in (("sha256sums-sha256", "0" * 64, 1),
                             ("export", "EXP-2026-0777", 4),
                             ("partner", "other", 1), ("nonce", "xyz", 3)):
        changed = flow.write(path.with_name("changed.txt"), text.replace(
            f"{key}: {value(path, key)}", f"{key}: {wrong}"))
        refused(home, command, signed_by(changed, university.me, namespace),
                key.split("-", maxsplit=1)[0], code=code)
    # two that were made at different times: one counts
    second = getattr(university, kind)(f"second-{kind}.txt")
    assert second.read_bytes() != path.read_bytes()
    home.az(*command, path)
    assert kinds(home)[-1] == namespace
    refused(home, command, path, "is recorded for EXP-")
    refused(home, command, second, "another one is recorded for EXP-")
    assert "提供ごとに1通だけです" in home.az(
        *command, second, "--lang", "ja", code=1).err
    home.az("ledger", "verify")


def test_a_receipt_shows_that_it_was_opened(home, university):
    """Who has only the bundle cannot make one."""
    data = university.folder / "none-data"
    data.mkdir()
    university.data = data
    university.receipt(code=4)
    path = University(home).receipt()
    changed = flow.write(path.with_name("changed.txt"),
                         path.read_text().replace(
                             value(path, "receipt-proof"), "0" * 64))
    refused(home, ["receipt", "accept"], signed_by(
        changed, university.me, "receipt"), "receipt-proof")
    refused(home, ["receipt", "accept"], University(home).receipt(
        "x.txt", who=university.stranger), "not signed by the investigator")


def test_duties_fall_due(home, university):
    late = flow.in_days(40)
    assert "receipts are overdue" in home.az("status", now=late).err
    home.az("receipt", "accept", university.receipt())
    assert "receipts are overdue" not in home.az("status", now=late).err
    end = "2089-06-01 10:00:00"
    assert "certificates of destruction are overdue" in home.az(
        "status", now=end).err
    home.az("destroyed", "accept", university.destroyed())
    assert "certificates of destruction are overdue" not in home.az(
        "status", now=end).err


# ---- notices ----

def test_a_chain_of_notices(home, university):
    first = notice_about_somebody(home)
    second = notice_about_somebody(home)
    assert [value(n, "number") for n in (first, second)] == ["1", "2"]
    assert value(first, "previous") == "-"
    assert value(second, "previous") == flow.sha256(first)
    everybody = people(university.data)
    one, answer_one, _ = university.apply(first, university.data, "one")
    two, answer_two, said = university.apply(second, one, "two")
    assert "warning: notice" not in said.err
    assert len(everybody - people(one)) == 1
    assert len(everybody - people(two)) == 2 and people(two) < people(one)
    for answer in (answer_two, answer_one):     # in any order
        home.az("notice", "accept", answer)
    assert kinds(home).count("notice-applied") == 2
    refused(home, ["notice", "accept"], answer_one, "")


def test_a_notice_twice(home, university):
    notice = notice_about_somebody(home)
    one, _, _ = university.apply(notice, university.data, "one")
    _, answer, said = university.apply(notice, one, "again", code=1)
    assert "was applied before" in said.err
    assert not (university.folder / "again").exists()
    assert not answer.exists()


def test_a_notice_out_of_order(home, university):
    """The one before is missing: this one's people are taken out all the
    same, and the one before can follow."""
    first = notice_about_somebody(home)
    second = notice_about_somebody(home)
    two, answer, said = university.apply(second, university.data, "two")
    assert "warning: notice 2 follows one that was not applied" in said.err
    home.az("notice", "accept", answer)
    one, answer, said = university.apply(first, two, "one")
    assert "warning: notice" not in said.err
    home.az("notice", "accept", answer)
    assert len(people(university.data) - people(one)) == 2


def test_wrong_notices(home, university):
    notice = notice_about_somebody(home)
    text, sig = notice.read_text(), notice.with_name("notice.txt.sig")
    folder = university.folder / "wrong"
    folder.mkdir()

    def bad(change, word, signature=sig):
        path = flow.write(folder / "notice.txt", change(text))
        shutil.copyfile(signature, folder / "notice.txt.sig")
        _, answer, said = university.apply(path, university.data, "x",
                                           code=1)
        assert word in said.err, said
        assert not (university.folder / "x").exists()
        assert not answer.exists()

    bad(lambda t: t.replace("number: 1", "number: 7"), "not signed by the")
    bad(lambda t: t + "colour: red\n", "not signed by the")
    bad(str, "not signed by the", signature=signed_by(
        flow.write(folder / "n.txt", text), university.me,
        "notice").with_name("copy-n.txt.sig"))
    sig.rename(sig.with_name("kept"))
    university.apply(notice, university.data, "x", code=4)
    assert not (university.folder / "x").exists()


def test_wrong_answers_to_a_notice(home, university):
    notice = notice_about_somebody(home)
    _, answer, _ = university.apply(notice, university.data, "one")
    command = ["notice", "accept"]
    text = answer.read_text()
    refused(home, command, signed_by(answer, university.stranger, "notice"),
            "not signed by the investigator")
    refused(home, command, signed_by(answer, university.me, "receipt"),
            "not signed by the investigator")
    for key, wrong, code in (("notice-sha256", "0" * 64, 4),
                             ("partner", "other", 1),
                             ("export", "EXP-2026-0777", 4)):
        changed = flow.write(answer.with_name("changed"), text.replace(
            f"{key}: {value(answer, key)}", f"{key}: {wrong}"))
        refused(home, command, signed_by(changed, university.me, "notice"),
                key.split("-", maxsplit=1)[0], code=code)
    assert "answers to notices are overdue" in home.az(
        "status", now=flow.in_days(60)).err
    home.az(*command, answer)
    assert "answers to notices are overdue" not in home.az(
        "status", now=flow.in_days(60)).err


def test_a_recall_ends_at_the_partner(home, university):
    """The bundle is no more fetched, the notice is signed, applying it says
    what to do, and the certificate is what answers it."""
    officers = flow.Officers(home)
    officers.made = 500
    packet = next(p for p in sorted(officers.folder.iterdir())
                  if p.name.endswith("-b.packet"))
    back, _ = officers.run("revoke", packet, "b", "--reason", "誤り")
    assert home.json("plan", "accept", back)["recalled"]
    assert list((home.path / "outbox").glob("*.tar")) == []
    assert kinds(home)[-2:] == ["recall", "notice"]
    notice = notices(home)[-1]
    _, _, said = university.apply(notice, university.data, "x", code=1)
    assert "recalls" in said.err and "azukari destroyed" in said.err
    assert not (university.folder / "x").exists()
    home.az("destroyed", "accept", university.destroyed())
    assert kinds(home)[-1] == "destruction"
