#!/usr/bin/python3
"""sentences.py ROOT: the English and the Japanese form of every sentence take
the same arguments in the same types, and a form with numbered arguments leaves
none out (printf would abort, or read what is not there)."""
import pathlib
import re
import sys

CALL = re.compile(r"\b(outcome_add|outcome_refuse|cli_tell)\s*\(")
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
SPEC = re.compile(r"%(?:(\d+)\$)?[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?"
                  r"(hh|h|ll|l|z|j|t)?([a-zA-Z%])")


def arguments(text, start):
    """The texts of a call's arguments; START is behind its parenthesis."""
    depth, begin, at, found = 0, start, start, []
    while True:
        c = text[at]
        if c == '"':
            at = LITERAL.match(text, at).end()
            continue
        if c in "([{":
            depth += 1
        elif c in ")]}" and depth > 0:
            depth -= 1
        elif (c == "," and depth == 0) or c == ")":
            found.append(text[begin:at])
            begin = at + 1
            if c == ")":
                return found
        at += 1


def literal(text):
    """The value of one or more string literals; None for anything else."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    if not re.fullmatch(r'\s*("(?:[^"\\]|\\.)*"\s*)+', text):
        return None
    return "".join(LITERAL.findall(text))


def types(form):
    """Its conversions in the order of the arguments; None: one is left out."""
    specs = [s for s in SPEC.finditer(form) if s[3] != "%"]
    if not any(s[1] for s in specs):
        return [(s[2] or "") + s[3] for s in specs]
    by_number = {}
    for s in specs:
        if not s[1] or by_number.setdefault(
                int(s[1]), (s[2] or "") + s[3]) != (s[2] or "") + s[3]:
            return None
    if sorted(by_number) != list(range(1, len(by_number) + 1)):
        return None
    return [by_number[n] for n in sorted(by_number)]


def faults_of(path):
    text = path.read_text(encoding="utf-8")
    for call in CALL.finditer(text):
        args = arguments(text, call.end())
        first = 1 if call[1] == "cli_tell" else 2
        pair = [literal(a) for a in args[first:first + 2]]
        if len(pair) < 2 or None in pair:
            continue            # its declaration, or forms from elsewhere
        en, ja = map(types, pair)
        given = len(args) - first - 2
        if en is None or ja is None or en[:len(ja)] != ja[:len(en)] or \
                max(len(en), len(ja)) > given:
            line = text.count("\n", 0, call.start()) + 1
            yield f"{path}:{line}: {pair[0]!r} / {pair[1]!r}, {given} given"


def main():
    files = sorted(pathlib.Path(sys.argv[1], "app").rglob("*.c"))
    sentences = sum(len(CALL.findall(f.read_text(encoding="utf-8")))
                    for f in files)
    faults = [fault for f in files for fault in faults_of(f)]
    print("1..3")
    print(f"{'ok' if sentences > 100 else 'not ok'} 1 - "
          f"{sentences} sentences looked at")
    bad = [("%1$s %3$s", "%s %s"), ("%s", "%d"), ("%2$s", "%s")]
    caught = all(None in pair or pair[0] != pair[1] for pair in
                 ([types(a), types(b)] for a, b in bad))
    print(f"{'ok' if caught else 'not ok'} 2 - bad ones are noticed")
    print(f"{'not ok' if faults else 'ok'} 3 - both languages take the same "
          "arguments")
    for fault in faults:
        print("#", fault)
    return bool(faults) or not caught or sentences <= 100


if __name__ == "__main__":
    sys.exit(main())
