#!/usr/bin/python3
"""Break one promise at a time, and demand that its tests notice.

    run.py BUILD RESULTS.xml

BUILD (with -Dfault=true) holds the programs of meson.build beside this file,
each without one promise.  For each the tests below run (half an hour at most,
should one hang); each must fail, with the words that belong to the promise.  A
test that passes, is skipped, or fails elsewhere is a mutation that survived, and
a failure here.  That the same tests pass with the
program as it is, is seen to in the same way.  RESULTS.xml is JUnit.
"""
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LIMIT_S = 1800

ATTACKER = "test_attacker.py::test_"
KILL = "test_kill.py::test_"
STORY = "test_story.py::test_"
JOINED = "test_joined.py::test_"
RULES = "test_rules.py::test_"

# Mutation: {test: what its failure must say}.
MUST_FAIL = {
    # A bundle cannot tell of a consent that should not have counted.
    "consent": {
        "test_consent.py::test_only_consent_lets_an_answer_leave[known-text]":
            r"Left contains 1 more item:\s+\{'Q12_H6': 10\}",
    },
    # The second counter, on the bytes that leave, knows nothing of the first.
    "k": {
        STORY + "no_group_is_smaller_than_k":
            r"the independent count of the written rows disagrees",
    },
    "k-and-counter": {
        STORY + "no_group_is_smaller_than_k":
            r"k-achieved: smaller than k of plan.txt",
    },
    "k-counter-and-verify": {
        STORY + "no_group_is_smaller_than_k": r"assert [1-4] >= 5",
    },
    # All answers of a person together: the search, both, the count behind it.
    "joined": {
        JOINED + "k_holds_for_rows_but_not_for_people":
            r"the independent count of the written rows disagrees",
    },
    "joined-and-counter": {
        JOINED + "k_holds_for_rows_but_not_for_people":
            r"k-achieved: smaller than k of plan.txt",
    },
    "joined-counter-k-and-verify": {
        JOINED + "k_holds_for_rows_but_not_for_people": r"7 \* \[2\]",
    },
    "joined-counter": {
        JOINED + "k_holds_for_rows_but_not_for_people": r"assert 7 == 19",
    },
    # What people answered, beside who they are.
    "rules": {test: r"the independent count of the written rows disagrees"
              for test in (RULES + "a_class_that_says_one_thing_stays_behind",
                           RULES + "a_rare_pair_of_symptoms_stays_behind",
                           RULES + "each_answer_of_several_is_looked_at")},
    "rules-and-tally": {
        RULES + "a_class_that_says_one_thing_stays_behind":
            r"assert 18 == 12",
        RULES + "a_rare_pair_of_symptoms_stays_behind": r"assert 18 == 16",
    },
    # Without votes there are still no shares.
    "threshold": {
        "test_plan.py::test_sign_then_release":
            r"assert 'approvals' in '.*0 of 2 seats have released",
    },
    "shares": {
        ATTACKER + "one_seat_and_every_gateway_key_read_nobody":
            r"Extra items in the left set:\s+'",
    },
    "memory": {
        "test_differencing.py::test_one_person_more":
            r"-> 0\b",
    },
    "ledger": {
        KILL + "freeze[act.staged]": r"3 in effect, epoch-opened: ",
        KILL + "accept[act.staged]": r"1 in effect, approval: ",
    },
    "erasure": {
        ATTACKER + "two_seats_read_everybody_but_the_erased":
            r"Extra items in the left set:\s+'U0123456789abcdef",
    },
}
# Where the export that all tests of the file share is already refused.
IN_SETUP = {
    ("k", STORY + "no_group_is_smaller_than_k"),
    ("k-and-counter", STORY + "no_group_is_smaller_than_k"),
}


def pytest(program, tests, results):
    """Run these tests with this program; {test: (outcome, words)}."""
    env = dict(os.environ, AZUKARI_BIN=program, AZUKARI_FAULT_BIN=program)
    command = ["/usr/bin/python3", "-m", "pytest", "-q", "-p",
               "no:cacheprovider", f"--junitxml={results}", *[
                   os.path.join(ROOT, "tests/flow", t) for t in tests]]
    try:
        subprocess.run(command, env=env, cwd=ROOT, timeout=LIMIT_S,
                       stdout=subprocess.DEVNULL, check=False)
        cases = ElementTree.parse(results).iter("testcase")
    except (OSError, subprocess.TimeoutExpired,
            ElementTree.ParseError) as error:
        return {t: ("no result", str(error)) for t in tests}
    found = {f"{c.get('classname').split('.')[-1]}.py::{c.get('name')}":
             outcome(c) for c in cases}
    return {t: found.get(t, ("no result", "")) for t in tests}


def outcome(case):
    for kind in ("error", "skipped", "failure"):
        said = case.find(kind)
        if said is not None:
            return kind, f"{said.get('message')}\n{said.text}"
    return "passed", ""


def brief(said):
    """What pytest marks as the error."""
    marked = [s for s in said.splitlines() if s.startswith("E ")]
    return "\n".join(marked[:12] or said.splitlines()[:12])


def judge(name, test, words, result):
    """What is wrong, or None."""
    kind, said = result
    if kind == "passed":
        return "the mutation survives this test"
    if kind != ("error" if (name, test) in IN_SETUP else "failure"):
        return f"the test did not run ({kind}): {brief(said)}"
    if not re.search(words, said):
        return f"fails, but not for /{words}/:\n{brief(said)}"
    return None


def main(argv):
    build, out = argv[1:]
    suite = ElementTree.Element("testsuite", name="mutation")
    failures = 0

    def report(name, test, wrong):
        nonlocal failures
        case = ElementTree.SubElement(suite, "testcase", name=test,
                                      classname=name)
        if wrong:
            failures += 1
            ElementTree.SubElement(case, "failure", message=wrong)
            print(f"FAILED {name}: {test}: {wrong}")

    with tempfile.TemporaryDirectory() as folder:
        results = os.path.join(folder, "results.xml")
        every = sorted({t for tests in MUST_FAIL.values() for t in tests})
        found = pytest(os.path.join(build, "app/azukari"), every, results)
        for test, (kind, said) in found.items():
            report("unchanged", test, None if kind == "passed" else
                   f"{kind}: {brief(said)}")
        for name, tests in MUST_FAIL.items():
            program = os.path.join(build, "tests/mutation",
                                   f"azukari-without-{name}")
            found = pytest(program, list(tests), results)
            for test, words in tests.items():
                report(f"without {name}", test,
                       judge(name, test, words, found[test]))
    ElementTree.ElementTree(suite).write(out)
    print(f"mutations: {len(MUST_FAIL)}, "
          f"{len(suite)} results, {failures} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
