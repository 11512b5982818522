#!/usr/bin/python3
"""The promises of docs/synthetic.md, checked on what the generator writes.

    test_shape.py PROGRAM
"""
import collections
import json
import subprocess
import sys

TEXT = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


def run(program, *options):
    return subprocess.run([program, *options], check=True,
                          capture_output=True).stdout


def lines(program, *options):
    return [json.loads(x) for x in
            run(program, *options).decode("utf-8").splitlines()]


def check_same_seed_same_bytes(program):
    base = ["--owner", "14", "--rows", "3000", "--consent-text", TEXT]
    assert run(program, *base, "--seed", "5") == run(program, *base, "--seed", "5")
    assert run(program, *base, "--seed", "5") != run(program, *base, "--seed", "6")


def check_known_bytes(program):
    """Frozen, so that a change of the numbers cannot pass unnoticed."""
    first = run(program, "--owner", "01", "--rows", "1", "--seed", "1",
                "--days", "2020-04-01..2020-04-01").decode()
    assert first.startswith('{"type":"response","event":"SYN01-'), first
    got = json.loads(first)
    assert got["respondent"] == "U8b366f2ead01d640d9f20101d688d3f7", got
    assert (got["answers"]["Q08"], got["answers"]["Q10"]) == (57, "0780602")


def check_consent_comes_first(program):
    got = lines(program, "--owner", "13", "--rows", "20000",
                "--no-consent-rate", "0.2", "--consent-text", TEXT,
                "--consent-text", OTHER)
    consents, people, texts = {}, set(), collections.Counter()
    scopes = collections.Counter()
    for x in got:
        who = x["respondent"]
        if x["type"] == "consent":
            assert who not in people and who not in consents
            consents[who] = x["time"]
            texts[x["text"]] += 1
            scopes[tuple(x["scopes"])] += 1
        elif x["type"] == "response":
            people.add(who)
            assert who not in consents or consents[who] < x["time"]
            research = x["answers"]["Q02"] == "1"
            assert not research or who in consents
    assert abs(texts[TEXT] - texts[OTHER]) <= 0.1 * len(consents)
    none = len(people) - len(consents)
    assert 0.08 < none / len(people) < 0.12, none
    assert 0.08 < scopes[("support",)] / len(people) < 0.12


def check_withdrawn_stay_away(program):
    got = lines(program, "--owner", "13", "--rows", "20000",
                "--withdrawal-rate", "0.3", "--follow-up-rate", "0.6",
                "--consent-text", TEXT)
    gone, first = {}, {}
    for x in got:
        if x["type"] == "response":
            first.setdefault(x["respondent"], x["time"])
            assert x["time"] < gone.get(x["respondent"], "9")
        elif x["type"] == "withdrawal":
            assert x["time"] > first[x["respondent"]]
            if x["scopes"] == ["all"]:
                gone[x["respondent"]] = x["time"]
    assert len(gone) > 1000


def check_ids(program):
    got = lines(program, "--owner", "40", "--rows", "5000",
                "--bad-rate", "0", "--consent-text", TEXT)
    assert all(x["event"].startswith("SYN40-") for x in got)
    assert len({x["event"] for x in got}) == len(got)
    assert all(len(x["respondent"]) == 33 and x["respondent"][0] == "U" and
               set(x["respondent"][1:]) <= set("0123456789abcdef") for x in got)
    other = lines(program, "--owner", "40", "--rows", "100", "--seed", "2")
    assert not {x["event"] for x in other} & {x["event"] for x in got}


def check_rows_and_days(program):
    for rows in (1, 7, 1000, 12345):
        got = lines(program, "--owner", "27", "--rows", str(rows),
                    "--withdrawal-rate", "0",
                    "--days", "2020-04-01..2020-04-20")
        assert len(got) == rows
        days = {x["time"][:10] for x in got}
        assert min(days) >= "2020-04-01" and max(days) <= "2020-04-20"
    # Follow-ups: one in four answers again, weekly.
    rounds = collections.Counter(x["event"].rsplit("-", 1)[1] for x in
                                 lines(program, "--owner", "27", "--rows",
                                       "50000", "--follow-up-rate", "0.5",
                                       "--withdrawal-rate", "0"))
    assert 0.3 < rounds["1"] / rounds["0"] < 0.55, rounds



def check_marginals(program):
    got = [x["answers"] for x in
           lines(program, "--owner", "13", "--rows", "60000",
                 "--follow-up-rate", "0", "--withdrawal-rate", "0")]
    n = len(got)
    ages = [x["Q08"] for x in got]
    mean = sum(ages) / n
    deviation = (sum((a - mean) ** 2 for a in ages) / n) ** 0.5
    assert 42.5 < mean < 44.5 and 13 < deviation < 15, (mean, deviation)
    sex = collections.Counter(x["Q09"] for x in got)
    assert abs(sex["2"] / n - 0.634) < 0.01 and 0.0005 < sex["3"] / n < 0.004
    ill = sum(x["Q03"] != "1" for x in got) / n
    assert 0.022 < ill < 0.044, ill
    fever4 = sum(4 <= x.get("Q06", 0) <= 30 for x in got) / n
    assert 0.0005 < fever4 < 0.002, fever4
    told = sum("Q10" in x for x in got) / n
    assert 0.80 < told < 0.84, told
    asked = [x for x in got if "Q16" in x]
    wash = sum("P01" in x["Q16"] for x in asked) / len(asked)
    assert abs(wash - 0.89) < 0.01, wash
    office = [x for x in asked if x["Q11"] == "06" and
              100 <= int(x.get("Q10", "0")[:3]) <= 208]
    telework = sum("P11" in x["Q16"] for x in office) / len(office)
    assert abs(telework - 0.519) < 0.03, telework
    none = sum(x["Q12"] == ["H0"] for x in asked) / len(asked)
    assert 0.72 < none < 0.84, none
    # Rare combinations are there, for the rules that must catch them.
    assert sum("H4" in x["Q12"] for x in asked) > 15


def check_refuses(program):
    for bad in (["--owner", "48", "--rows", "1"], ["--owner", "14"],
                ["--rows", "1"], ["--owner", "14", "--rows", "x"],
                ["--owner", "14", "--rows", "1", "--bad-rate", "1.1"],
                ["--owner", "14", "--rows", "1", "--bad-rate", "0.x"],
                ["--owner", "14", "--rows", "1", "--survey", "corona"],
                ["--owner", "14", "--rows", "1", "--survey", "corona/0"],
                ["--owner", "14", "--rows", "1", "--consent-text", "x"],
                ["--owner", "14", "--rows", "1", "--days", "2020-04-01"],
                ["--owner", "14", "--rows", "1", "--days",
                 "2020-04-02..2020-04-01"],
                ["--owner", "14", "--rows", "1", "more"]):
        done = subprocess.run([program, *bad], capture_output=True, check=False)
        assert done.returncode == 2 and done.stderr and not done.stdout, bad


def main(argv):
    checks = [(name, fn) for name, fn in globals().items()
              if name.startswith("check_")]
    print(f"1..{len(checks)}")
    failed = 0
    for number, (name, fn) in enumerate(checks, 1):
        try:
            fn(argv[1])
            print(f"ok {number} - {name[6:]}")
        except AssertionError as e:
            failed = 1
            print(f"not ok {number} - {name[6:]}")
            print(f"# {e!r}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv))
