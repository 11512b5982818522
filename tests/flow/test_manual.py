"""azukari(1) held against the program: the same commands with the same usage,
both ways, and the exit codes that app/outcome.c gives."""
import re

import pytest

import flow

MANUAL = flow.ROOT / "docs/man/azukari.1"


def plain(line):
    """A line of man source as it is read."""
    return re.sub(r"\\f[BIRP]", "", line).replace("\\-", "-") \
        .replace("\\&", "").replace("\\e", "\\")


def manual():
    return MANUAL.read_text(encoding="utf-8").splitlines()


def section(name):
    lines = manual()
    start = lines.index(f".SH {name}") + 1
    end = next(i for i in range(start, len(lines))
               if lines[i].startswith(".SH "))
    return lines[start:end]


def documented():
    """Every command's line in COMMANDS, and that text stands below it."""
    lines = section("COMMANDS")
    found = []
    for i, text in enumerate(lines):
        if i > 0 and lines[i - 1] == ".TP":
            assert i + 1 < len(lines) and lines[i + 1][:1] not in ("", "."), \
                text
            found.append(plain(text))
    return found


def commands():
    """The words of every command the program knows."""
    rows = flow.az("help").out.splitlines()[2:]
    table = rows[:rows.index("")]
    return [re.split(r"\s{2,}", row)[0] for row in table]


def usages():
    said = [flow.az("help", c.split()[0]).out for c in commands()]
    return {line.rstrip() for text in said for line in text.splitlines()
            if line.startswith("azukari ")}


def test_commands():
    assert len(commands()) > 40
    words = sorted(documented())
    assert words == sorted(usages())
    assert len(words) == len(commands())


def exit_codes():
    """NAME -> number out of the enumeration that decides them."""
    text = (flow.ROOT / "app/outcome.c").read_text(encoding="utf-8")
    body = re.search(r"enum exit_code \{(.*?)\};", text, re.S)[1]
    return {int(n) for n in re.findall(r"EXIT_\w+ = (\d+)", body)}


def test_exit_codes():
    lines = section("EXIT STATUS")
    given = [int(t[3:]) for t in lines if re.fullmatch(r"\.B \d+", t)]
    assert sorted(exit_codes()) == given == list(range(7))


def test_global_options():
    usage = flow.az("help").out.splitlines()[0]
    text = plain("\n".join(section("OPTIONS")))
    for option in re.findall(r"--[a-z-]+", usage):
        assert option in text, option


def test_environment():
    """What the program asks the environment for, but for tests."""
    asked = set()
    for path in (flow.ROOT / "app").rglob("*.c"):
        if path.name != "step.c":
            asked |= set(re.findall(r'getenv\("(\w+)"\)',
                                    path.read_text(encoding="utf-8")))
    assert "AZUKARI_HOME" in asked
    text = "\n".join(section("ENVIRONMENT"))
    assert [name for name in sorted(asked) if name not in text] == []


@pytest.mark.parametrize("args, code", [
    (("help",), 0), ((), 2), (("no-such-command",), 2),
    (("verify", "/nonexistent/bundle.tar"), 4)])
def test_codes_in_life(args, code):
    assert flow.az(*args, code=None).code == code


def test_which_commands_a_service_is_asked_for():
    """The manual names them; all others refuse --gateway before anything."""
    lines = manual()
    at = lines.index("\\fB\\-\\-gateway\\fR URL")
    named = set(plain(lines[at + 2]).rstrip(".").split(", "))
    able = set()
    for command in commands():
        ran = flow.az(*command.split(), "--gateway", "https://localhost:1",
                      code=None)
        if "not done through a service" in ran.err:
            assert ran.code == 2 and not ran.out, ran
        else:
            able.add(command)
    assert able == named
