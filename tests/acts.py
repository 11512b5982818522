#!/usr/bin/python3
"""State changes in one place, and nobody reads past the acts.

    acts.py ROOT        checks the sources under ROOT, then itself (TAP)

1. Only app/act.c begins or ends a write transaction, queues an act or settles
   one.  (vault/ does so for the first row of a file it has just made.)
2. A statement of vault/ that reads rows an act brought reads the view, which
   shows what counts, never the table behind it (named *_row) - unless it joins
   the acts itself.
"""
import os
import re
import sys
import tempfile

CALL = re.compile(r"\b(db_tx_(?:begin|commit|rollback)|"
                  r"actlog_(?:add|mark_logged|mark_void))\b")
CALLERS = {"app/act.c"}
MAKERS = {"vault/store.c": "add_holder", "vault/erase.c": "add_holder"}
HOMES = ("vault/db", "vault/actlog")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/", re.S)
READ = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+_row)\b")


def sources(root):
    for folder in ("core", "survey", "keys", "policy", "vault", "ledger",
                   "intake", "exporters", "app"):
        for at, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if name.endswith(".c"):
                    path = os.path.join(at, name)
                    with open(path, encoding="utf-8") as f:
                        yield os.path.relpath(path, root), f.read()


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def function_at(text, offset):
    """Name of the function whose body holds this offset."""
    names = re.findall(r"^(?:[a-z].*\s\**)?([a-z_0-9]+)\(", text[:offset], re.M)
    return names[-1] if names else ""


def call_faults(root):
    for path, text in sources(root):
        if path in CALLERS or path.startswith(HOMES):
            continue
        text = STRING.sub(blank, COMMENT.sub(blank, text))
        for m in CALL.finditer(text):
            name = function_at(text, m.start())
            if MAKERS.get(path) != name:
                line = text.count("\n", 0, m.start()) + 1
                yield f"{path}:{line}: {m.group()} in {name}()"


def statements(text):
    """The values of SQL tables: neighbouring strings are one statement."""
    text = COMMENT.sub(blank, text)
    for m in re.finditer(r'\[[A-Z_]+\]\s*=\s*((?:"(?:[^"\\]|\\.)*"|[A-Z_]+|'
                         r'\s)+)', text):
        yield m.start(), "".join(STRING.findall(m.group(1)))


def read_faults(root):
    for path, text in sources(root):
        if not path.startswith("vault/"):
            continue
        for at, sql in statements(text):
            if re.search(r"\bJOIN act\b", sql):
                continue
            sql = re.sub(r"^DELETE FROM [a-z_]+", "", sql)
            for table in READ.findall(sql):
                line = text.count("\n", 0, at) + 1
                yield f"{path}:{line}: reads {table}"


PLANTED = [
    ("app/act.c", "f(void)\n{\n\tdb_tx_begin(d, &t);\n}\n", None),
    ("app/ops/x.c", "f(void)\n{\n\tdb_tx_commit(&t);\n}\n", "db_tx_commit"),
    ("app/y.c", "f(void)\n{\n\te = actlog_mark_void(d, 1);\n}\n",
     "actlog_mark_void"),
    ("app/z.c", "/* db_tx_begin */\nchar *s = \"actlog_add\";\n", None),
    ("vault/store.c", "add_holder(void)\n{\n\tdb_tx_begin(d, &t);\n}\n"
     "other(void)\n{\n}\n", None),
    ("vault/erase.c", "other(void)\n{\n\tdb_tx_begin(d, &t);\n}\n",
     "db_tx_begin in other"),
    ("vault/a.c", 'S = {\n\t[GET] = "SELECT a "\n\t    "FROM plan_row",\n};\n',
     "reads plan_row"),
    ("vault/b.c", 'S = {\n\t[G] = "SELECT a FROM plan p "\n'
     '\t    "JOIN owner_row o ON 1",\n};\n', "reads owner_row"),
    ("vault/c.c", 'S = {\n\t[G] = "SELECT a FROM plan",\n'
     '\t[D] = "DELETE FROM plan_row WHERE id = ?1",\n'
     '\t[J] = "SELECT a FROM plan_row p JOIN act a ON a.id = p.act",\n};\n',
     None),
]


def self_test():
    with tempfile.TemporaryDirectory() as root:
        for path, text, _ in PLANTED:
            os.makedirs(os.path.dirname(os.path.join(root, path)),
                        exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        said = list(call_faults(root)) + list(read_faults(root))
    for path, _, want in PLANTED:
        mine = [s for s in said if s.startswith(path + ":")]
        if want is None and mine:
            yield f"refused although allowed: {mine[0]}"
        if want is not None and not any(want in s for s in mine):
            yield f"not noticed: {path} ({want})"


def report(number, name, faults):
    faults = list(faults)
    print(f"{'not ok' if faults else 'ok'} {number} - {name}")
    for fault in faults:
        print(f"# {fault}")
    return bool(faults)


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    print("1..3")
    failed = report(1, "state changes in app/act.c only", call_faults(argv[1]))
    failed |= report(2, "statements read what counts", read_faults(argv[1]))
    failed |= report(3, "planted faults are noticed", self_test())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
