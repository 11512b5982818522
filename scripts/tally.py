#!/usr/bin/python3
"""Add up test results and say them in one line.

    tally.py LABEL=RESULTS ...

RESULTS is meson's testlog.json (each test's TAP output is counted case by
case) or JUnit XML (pytest's).  Failures are named, each skip with its reason;
the last line is `N passed, N failed` and, if there are any, `, N skipped`.
Exit status 1 when something failed, nothing passed, or a file cannot be read.
"""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

CASE = re.compile(r"^(not )?ok \d+(?: -)? ?([^#\n]*)(# *SKIP *(.*))?$", re.M)
PLAN = re.compile(r"^1\.\.(\d+)$", re.M)
# What unit tests print before they skip (tests/unit/unit.h).
REASON = re.compile(r"^# skipped (\w+): (.*)$", re.M)
GOOD = ("OK", "EXPECTEDFAIL", "SKIP")


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add_tap(self, name, text):
        """Count the cases of one program; how many failed."""
        reasons = dict(REASON.findall(text))
        failures = 0
        for broken, case, skip, said in CASE.findall(text):
            if skip:
                why = reasons.get(said.strip(), said) or "no reason given"
                self.skipped.append(f"{name}: {said.strip()}: {why}")
            elif broken:
                failures += 1
                self.failed.append(f"{name}: {case.strip()}")
            else:
                self.passed += 1
        return failures

    def add_test(self, label, test):
        """One line of testlog.json."""
        name = f"{label}: {test['name'].split(' / ')[-1]}"
        text, result = test.get("stdout") or "", test["result"]
        plan = PLAN.search(text)
        failures = self.add_tap(name, text) if plan else 0
        complete = plan and len(CASE.findall(text)) == int(plan[1])
        if result not in GOOD or (plan and not complete):
            if failures == 0:
                self.failed.append(f"{name}: {result.lower()}, exit status "
                                   f"{test.get('returncode')}")
        elif not plan and result == "SKIP":
            self.skipped.append(f"{name}: {text.strip() or 'no reason given'}")
        elif not plan:
            self.passed += 1

    def add_junit_case(self, label, case):
        name = f"{label}: {case.get('classname')}: {case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            self.failed.append(name)
        elif (skip := case.find("skipped")) is not None:
            self.skipped.append(f"{name}: {skip.get('message')}")
        else:
            self.passed += 1

    def add_file(self, label, path):
        try:
            if path.endswith(".xml"):
                for case in ElementTree.parse(path).iter("testcase"):
                    self.add_junit_case(label, case)
                return
            with open(path, encoding="utf-8") as f:
                for line in f:
                    self.add_test(label, json.loads(line))
        except (OSError, ValueError, ElementTree.ParseError) as e:
            self.failed.append(f"{label}: no results: {e}")

    def line(self):
        text = f"{self.passed} passed, {len(self.failed)} failed"
        return text + (f", {len(self.skipped)} skipped" if self.skipped else "")


def main(argv):
    tally = Tally()
    for pair in argv[1:]:
        label, path = pair.split("=", 1)
        tally.add_file(label, path)
    for name in tally.failed:
        print(f"FAILED   {name}")
    for name in tally.skipped:
        print(f"skipped  {name}")
    print(tally.line())
    return 1 if tally.failed or tally.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
