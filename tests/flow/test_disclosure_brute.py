"""azukari disclosure against a checker that tries every vector of levels and
counts in Python: random small tables in files of every shape - delimiters,
line ends, BOM, quotes, columns in any order - with every model, metric and
aggregate, several rules at a time, weights and limits."""
import collections
import csv
import io
import itertools
import math
import os
import random

import pytest

import flow

TABLES = int(os.environ.get("AZUKARI_BRUTE", "60"))   # of each batch
BY_COLUMN = ["loss", "precision", "precision-monotone", "height", "entropy",
             "entropy-monotone", "entropy-normalised"]
WHOLE = ["discernibility", "discernibility-monotone", "aecs", "ambiguity",
         "kl-divergence", "information"]
RULES = ["distinct", "entropy", "recursive", "equal", "ordered",
         "hierarchical", "disclosure", "likeness", "enhanced-likeness"]
AGGREGATES = ["geometric", "arithmetic", "max", "sum", "rank"]


# ---- a table and its files ----

class Table:
    """Columns c0.. with trees (value -> labels, level 0 the value), two
    sensitive columns, rules, a metric."""

    def __init__(self, seed):
        self.dice = dice = random.Random(seed)
        self.names = [f"c {i};" for i in range(dice.randint(1, 4))]
        self.trees = {n: self.tree(dice.randint(1, 7)) for n in self.names}
        self.trees["s"] = self.tree(5, 3)
        self.trees["u"] = {v: [v, "*"] for v in ("7", "11", "105", "x\"y")}
        self.rows = [{n: self.value(t) for n, t in self.trees.items()}
                     for _ in range(dice.choice([1, 2, 7, 25, 40]))]
        self.k = dice.choice([1, 2, 3, 5, len(self.rows) + 1])
        self.limit = dice.choice([0, 0.04, 0.2, round(dice.random(), 3), 1])
        self.rules = [self.rule() for _ in range(dice.choice([0, 0, 1, 2, 3]))]
        self.metric = dice.choice(BY_COLUMN * 2 + ["loss"] * 4 + WHOLE)
        self.aggregate = dice.choice(AGGREGATES + [None] * 3) \
            if self.metric in BY_COLUMN else None
        self.delimiter = None
        self.weights = {n: dice.choice([0.25, 0.5, 1]) for n in self.names
                        if dice.random() < 0.3}

    def value(self, tree):
        values = list(tree)
        return self.dice.choice(values[:self.dice.randint(1, len(values))])

    def tree(self, leaves, levels=None):
        dice, levels = self.dice, levels or self.dice.randint(2, 4)
        tree = {f"v,{i}" if i % 2 else f"値{i}": [] for i in range(leaves)}
        for value in tree:
            tree[value].append(value)
        for level in range(1, levels):
            below = sorted({t[-1] for t in tree.values()})
            up = {b: "*" if level == levels - 1 else
                  f"L{level}-{dice.randrange(1 + len(below) // 2)}"
                  for b in below}
            for labels in tree.values():
                labels.append(up[labels[-1]])
        return tree

    def rule(self):
        dice, kind = self.dice, self.dice.choice(RULES)
        column = "s" if kind == "hierarchical" else dice.choice("su")
        number = {"distinct": [1, 2, 3], "entropy": [1.31, 2.07],
                  "recursive": [1, 2, 3], "disclosure": [0.7, 1.31, 2.9],
                  "likeness": [0.51, 1.31, 2.9],
                  "enhanced-likeness": [0.51, 1.31, 2.9]}.get(
                      kind, [0.1103, 0.29, 0.507])
        return column, kind, dice.choice(number), dice.choice([0.51, 1.3])

    def write(self, folder):
        """Both kinds of file in one of the shapes they may have."""
        dice = self.dice
        delimiter = dice.choice([";", ",", "\t", "|"])
        end = dice.choice(["\n", "\r\n"])
        quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])

        def put(path, rows):
            text = io.StringIO()
            csv.writer(text, delimiter=delimiter, lineterminator=end,
                       quoting=quoting).writerows(rows)
            text = text.getvalue()
            if dice.random() < 0.3:
                text = text[:-len(end)]
            path.write_bytes(text.encode(dice.choice(["utf-8", "utf-8-sig"])))

        order = [*self.trees, "unused"]
        dice.shuffle(order)
        put(folder / "d.csv", [order] + [
            [row.get(n, "a,;b") for n in order] for row in self.rows])
        for name, tree in self.trees.items():
            lines = list(tree.values())
            dice.shuffle(lines)
            put(folder / f"any_hierarchy_{name}.csv", lines)
        return delimiter

    def run(self, folder):
        self.delimiter = self.write(folder)
        args = ["--delimiter", self.delimiter.replace("\t", "\\t"), "--quasi",
                ",".join(self.names), "--k", self.k, "--suppression",
                self.limit, "--metric", self.metric, "--hierarchies", folder]
        if self.aggregate:
            args += ["--aggregate", self.aggregate]
        if self.weights:
            args += ["--weights", ",".join(f"{n}={w}" for n, w in
                                           self.weights.items())]
        for column, kind, number, c in self.rules:
            more = f":{c}" if kind == "recursive" else ""
            args += ["--rule", f"{column}:{kind}:{number}{more}"]
        return flow.run(flow.AZUKARI, "disclosure", folder / "d.csv", *args,
                        "-o", folder / "out.csv", "--json", code=None)


# ---- by hand ----

def entropy(counts):
    n = sum(counts)
    return -sum(c / n * math.log(c / n) for c in counts)


def moved(tree, p, q):
    """Least cost of making p of q when a step to a common label costs its
    level over the height."""
    height, cost = len(next(iter(tree.values()))) - 1, 0
    need = {v: p.get(v, 0) - q.get(v, 0) for v in tree}
    for level in range(1, height + 1):
        by_label = collections.defaultdict(list)
        for value, labels in tree.items():
            by_label[labels[level]].append(value)
        for values in by_label.values():
            plus = sum(max(need[v], 0) for v in values)
            minus = -sum(min(need[v], 0) for v in values)
            cost += min(plus, minus) * level / height
            rest = plus - minus
            for v in values:
                need[v] = 0
            need[values[0]] = rest
    return cost


def distance(table, column, kind, members):
    def shares(rows):
        return {v: n / len(rows) for v, n in
                collections.Counter(r[column] for r in rows).items()}
    p, q = shares(members), shares(table.rows)
    if kind == "equal":
        return sum(abs(p.get(v, 0) - q[v]) for v in q) / 2
    if kind == "hierarchical":
        return moved(table.trees[column], p, q)
    order, sum_, all_ = sorted(q, key=str.encode), 0, 0
    for value in order:
        sum_ += p.get(value, 0) - q[value]
        all_ += abs(sum_)
    return all_ / (len(order) - 1) if len(order) > 1 else 0


def shares_hold(table, column, kind, number, members):
    here = collections.Counter(r[column] for r in members)
    everywhere = collections.Counter(r[column] for r in table.rows)
    for value, n in here.items():
        p, q = n / len(members), everywhere[value] / len(table.rows)
        if kind == "disclosure":
            if abs(math.log2(p / q)) >= number:
                return False
        elif (p - q) / q > (number if kind == "likeness" else
                            min(number, -math.log(q))):
            return False
    return True


def holds(table, members):
    if len(members) < table.k:
        return False
    for column, kind, number, c in table.rules:
        n = sorted(collections.Counter(r[column] for r in members).values(),
                   reverse=True)
        if kind in ("equal", "ordered", "hierarchical"):
            if distance(table, column, kind, members) > number + 1e-12:
                return False
        elif kind in ("disclosure", "likeness", "enhanced-likeness"):
            if not shares_hold(table, column, kind, number, members):
                return False
        elif len(n) < number:
            return False
        elif kind == "entropy" and entropy(n) < math.log(number) - 1e-12:
            return False
        elif kind == "recursive" and not n[0] < c * sum(n[number - 1:]):
            return False
    return True


def column_value(table, name, level, kept, gone):
    tree, rows = table.trees[name], table.rows
    height, n = len(next(iter(tree.values()))) - 1, len(rows)
    label = {v: labels[level] for v, labels in tree.items()}
    if table.metric == "height":
        return level
    if table.metric == "precision-monotone":
        return level / height
    if table.metric == "precision":
        return (len(kept) * level / height + len(gone)) / n
    if table.metric == "loss":
        under = collections.Counter(label.values())
        d = len(tree)
        if d == 1:
            return None     # its own convention; looked at nowhere
        share = sum(under[label[r[name]]] for r in kept) / d + len(gone)
        return (share - n / d) / (n - n / d)
    leaves = collections.Counter(r[name] for r in rows)
    labels = collections.Counter(label[r[name]] for r in rows)
    value = -sum(math.log2(leaves[r[name]] / labels[label[r[name]]])
                 for r in rows)
    if table.metric != "entropy-monotone":
        out = collections.Counter(label[r[name]] for r in gone)
        value -= sum(math.log2(out[label[r[name]]] / len(gone)) for r in gone)
    if table.metric == "entropy-normalised":
        whole = -sum(math.log2(leaves[r[name]] / n) for r in rows)
        return value / whole if whole > 1e-9 else 0
    return value


def aggregated(table, values):
    weights = [table.weights.get(n, 0.5) for n in table.names]
    most = max(weights)
    values = [v * w / most for v, w in zip(values, weights)]
    how = table.aggregate or {"loss": "geometric", "precision": "arithmetic",
                              "precision-monotone": "arithmetic"}.get(
                                  table.metric, "sum")
    if how == "rank":
        return tuple(sorted(values, reverse=True))
    if how == "geometric":
        return (math.prod((v + 1) ** (1 / len(values)) for v in values) - 1,)
    return (max(values) if how == "max" else sum(values) /
            (len(values) if how == "arithmetic" else 1),)


def area(table, row, levels):
    return math.prod(
        sum(labels[level] == table.trees[name][row[name]][level]
            for labels in table.trees[name].values())
        for name, level in zip(table.names, levels))


def divergence(table, levels, classes, gone):
    """Of each row's share as it is from what its class says of it."""
    n, total = len(table.rows), 0
    same = collections.Counter(tuple(r[c] for c in table.names)
                               for r in table.rows)
    most = math.prod(len(table.trees[name]) for name in table.names)
    for members, stays in classes.values():
        for row in members:
            c = same[tuple(row[name] for name in table.names)]
            total += c / n * math.log2(
                c * area(table, row, levels) / len(members) if stays else
                c * most / len(gone))
    return total


def whole_value(table, levels, classes, kept, gone):
    n = len(table.rows)
    if table.metric == "aecs":
        groups = sum(1 for _, ok in classes.values() if ok) + bool(gone)
        return (n / groups,)
    if table.metric == "discernibility":
        return (sum(len(m) ** 2 for m, ok in classes.values() if ok) +
                n * len(gone),)
    if table.metric == "discernibility-monotone":
        return (sum(len(m) ** 2 for m, _ in classes.values()),)
    if table.metric == "kl-divergence":
        return (divergence(table, levels, classes, gone),)
    if table.metric == "information":
        most = math.prod(len(table.trees[name]) for name in table.names)
        return (len(gone) + sum(math.log(area(table, row, levels)) /
                                math.log(most) if most > 1 else 0
                                for row in kept),)
    total = 0
    for row in kept:
        total += area(table, row, levels)
    return (total + len(gone) * math.prod(
        len(table.trees[name]) for name in table.names),)


def evaluate(table, levels):
    """(value, rows gone, classes kept), or None where it is not allowed."""
    members = collections.defaultdict(list)
    for row in table.rows:
        members[tuple(table.trees[n][row[n]][level] for n, level in
                      zip(table.names, levels))].append(row)
    classes = {c: (m, holds(table, m)) for c, m in members.items()}
    kept = [r for m, ok in classes.values() if ok for r in m]
    gone = [r for m, ok in classes.values() if not ok for r in m]
    if len(gone) > math.floor(table.limit * len(table.rows)) or \
            (not kept and table.limit < 1):
        return None
    if table.metric in WHOLE:
        value = whole_value(table, levels, classes, kept, gone)
    else:
        values = [column_value(table, n, level, kept, gone)
                  for n, level in zip(table.names, levels)]
        value = aggregated(table, [0 if v is None else v for v in values])
    return value, len(gone), sum(ok for _, ok in classes.values())


def near(a, b):
    return all(abs(x - y) <= 1e-8 * max(1, abs(x)) for x, y in zip(a, b))


def check_written(table, folder, result):
    with (folder / "out.csv").open(newline="", encoding="utf-8") as f:
        rows = list(csv.reader(f, delimiter=table.delimiter))
    width = len(table.names)
    assert len(rows) == len(table.rows) + 1
    sizes = collections.Counter(tuple(r[:width]) for r in rows[1:])
    assert result["suppressed"] <= sizes[("*",) * width] or \
        result["suppressed"] == 0
    extra = list(dict.fromkeys(rule[0] for rule in table.rules))
    assert rows[0][width:] == extra
    for row, was in zip(rows[1:], table.rows):
        assert row[width:] == [was[name] for name in extra]


@pytest.mark.parametrize("batch", range(5))
def test_every_vector_was_tried_by_hand(tmp_path, batch):
    refused = 0
    for i in range(TABLES):
        seed = batch * 100000 + i
        table, folder = Table(seed), tmp_path / str(seed)
        if table.metric == "loss" and any(
                len(table.trees[n]) == 1 for n in table.names):
            continue
        folder.mkdir()
        ran = table.run(folder)
        tried = {levels: evaluate(table, levels) for levels in
                 itertools.product(*(range(len(next(iter(
                     table.trees[n].values())))) for n in table.names))}
        fine = [v[0] for v in tried.values() if v is not None]
        where = (seed, table.metric, table.rules, table.k)
        if not fine:
            assert ran.code == 1, (where, ran)
            refused += 1
            continue
        assert ran.code == 0, (where, ran)
        best = min(fine)
        value, gone, groups = tried[tuple(ran.result["levels"])]
        assert ran.result["optimal"]
        assert near(value, best), (where, ran.result, best)
        assert near(value[:1], (ran.result["loss"],)), (where, ran.result)
        assert (gone, groups) == (ran.result["suppressed"],
                                  ran.result["groups"]), where
        check_written(table, folder, ran.result)
    assert refused < TABLES * 2 / 3     # else little was compared


def test_the_checker_would_notice():
    """Tables whose second best value would not pass for the best."""
    apart = 0
    for seed in range(40):
        table = Table(seed)
        values = {v[0] for v in (evaluate(table, levels) for levels in
                                 itertools.product(*(range(len(next(iter(
                                     table.trees[n].values()))))
                                     for n in table.names)))
                  if v is not None}
        if len(values) > 1:
            best, second = sorted(values)[:2]
            apart += not near(best, second)
    assert apart > 10
