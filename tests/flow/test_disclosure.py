"""What a bundle says of its disclosure control: three documents of one
truth, counted again here from what was answered and from what left."""
import collections
import csv
import json
import re

import pytest

import flow
import test_story
from test_story import story                          # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def bundle(story):                                    # noqa: F811
    return {name: data.decode() for name, data
            in flow.members(story.bundle).items()
            if name.startswith("disclosure") or name == "STATEMENT.txt"}


@pytest.fixture(scope="module")
def report(bundle):
    return json.loads(bundle["disclosure.json"])


def test_counts_are_the_statements(report, bundle):
    statement = dict(line.split(": ", 1) for line
                     in bundle["STATEMENT.txt"].splitlines()[1:])
    for ours, theirs in (("rows_considered", "rows-considered"),
                         ("rows_exported", "rows-exported"),
                         ("rows_suppressed", "suppressed"),
                         ("respondents_exported", "respondents-exported")):
        shown = report["counts"][ours]
        assert ("-" if shown is None else str(shown)) == statement[theirs]


def groups(story):                                    # noqa: F811
    """Groups of what left, consent's columns included, as people."""
    with open(story.data / "data/consents.csv", newline="",
              encoding="utf-8") as f:
        consents = {r["pseudonym"]: (r["text"], r["scopes"], r["day"])
                    for r in csv.DictReader(f)}
    columns = test_story.quasi_columns(story.data)
    found = collections.defaultdict(set)
    for row in test_story.rows(story.data):
        who = row["pseudonym"]
        found[tuple(row[c] for c in columns) + consents[who]].add(who)
    return found


def test_risks_are_those_of_the_rows(story, report):  # noqa: F811
    sizes = [len(g) for g in groups(story).values()]
    assert report["groups"] == len(sizes)
    assert report["k_achieved"] == min(sizes)
    risk = report["risk"]
    assert risk["prosecutor_highest"] == pytest.approx(1 / min(sizes),
                                                       rel=1e-5)
    for name in ("prosecutor_average", "journalist_average", "marketer"):
        assert risk[name] == pytest.approx(len(sizes) / sum(sizes), rel=1e-5)
    assert report["quality"]["average_group"] == pytest.approx(
        sum(sizes) / len(sizes), rel=1e-5)


def test_uniqueness_says_where_it_comes_from(report):
    u = report["uniqueness"]
    assert u["population_size"] == 9237337
    assert "2020-10-01" in u["population_source"]
    assert u["sampling_fraction"] == pytest.approx(
        report["counts"]["respondents"] / 9237337, rel=1e-5)
    assert u["estimator_as_answered"] in ("Pitman", "Zayatz")
    assert u["sample"] == 0 and u["population"] == 0
    assert 0 < u["sample_as_answered"] < 1


def test_nothing_below_the_threshold(report, bundle):
    for name, count in report["counts"].items():
        assert count is None or count == 0 or isinstance(count, str) \
            or count >= 5, name
    assert "<script" not in bundle["disclosure.svg"]
    assert not re.search(r"href|http(?!://www\.w3\.org/2000/svg)",
                         bundle["disclosure.svg"])


def test_the_picture_is_a_picture(bundle):
    import xml.etree.ElementTree as tree
    root = tree.fromstring(bundle["disclosure.svg"])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {e.tag.split("}")[1] for e in root.iter()} == \
        {"svg", "title", "rect", "text"}
