#!/usr/bin/python3
"""Which folder may include which: the shape of the house, held by a test.

    edges.py ROOT       checks every .c and .h under ROOT, then itself (TAP)

Three rules.  A quoted include is written from the root and goes only along an
allowed edge; a third-party header is included only in its home; every header
of ours compiles alone.  `*_internal.h` is for its own folder and that folder's
unit tests.
"""
import os
import re
import subprocess
import sys
import tempfile

EDGES = {
    "core": set(),
    "survey": {"core"},
    "keys": {"core"},
    "policy": {"core", "survey"},
    "vault": {"core", "survey", "keys"},
    "ledger": {"core", "keys"},
    "intake": {"core", "survey"},
    "exporters": {"core", "survey", "keys"},
}
ALL = set(EDGES) | {"app"}
EDGES["app"] = ALL
EDGES["tools"] = {"core", "survey"}
EDGES["tests"] = ALL
EDGES["bench"] = ALL | {"tests"}

# Single headers beyond the edges: the vault serves rows only against a grant.
EXTRA = {"vault": {"policy/grant.h"}}

# Third-party headers and the folders or files that may include them.  Tests
# may use any of them as an independent opinion.
HOMES = [
    (r"sodium\.h|sodium/.*", {"core", "keys", "ledger"}),
    (r"openssl/.*", {"keys", "ledger"}),
    (r"sqlcipher/.*|sqlite3.*\.h", {"vault"}),
    (r"archive(_entry)?\.h", {"exporters"}),
    (r"zstd.*\.h", {"exporters"}),
    (r"curl/.*", {"exporters", "app"}),
    (r"jansson\.h", {"core/json_doc.c"}),
    (r"uni(case|conv|ctype|gbrk|lbrk|name|norm|stdio|str|type|wbrk|width)\.h",
     {"core/utf8.c"}),
    (r"microhttpd\.h", {"app"}),
    (r"gnutls/.*", {"app"}),
    (r"cmocka\.h", set()),
]

# What the C library and the kernel bring.
SYSTEM = re.compile(
    r"(sys|linux|netinet|arpa|net)/[a-z0-9_]+\.h|"
    r"(assert|byteswap|complex|ctype|dirent|dlfcn|endian|errno|fcntl|fenv|"
    r"float|fnmatch|ftw|getopt|glob|grp|iconv|inttypes|langinfo|libgen|limits|"
    r"locale|malloc|math|mntent|netdb|paths|poll|pthread|pwd|regex|sched|"
    r"search|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|"
    r"stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|sysexits|syslog|"
    r"termios|tgmath|threads|time|unistd|utime|wchar|wctype|wordexp)\.h")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(.*)$', re.M)
QUOTED = re.compile(r'"([^"]+)"')
ANGLED = re.compile(r"<([^>]+)>")


def sources(root):
    """Paths of all .c and .h files in our folders, from ROOT, sorted."""
    found = []
    for folder in sorted(EDGES):
        for here, dirs, names in os.walk(os.path.join(root, folder)):
            dirs.sort()
            found += [os.path.relpath(os.path.join(here, n), root)
                      for n in sorted(names) if n.endswith((".c", ".h"))]
    return found


def fault_of_quoted(path, target):
    """Why PATH may not include "TARGET", or None."""
    folder, to = path.split("/")[0], target.split("/")[0]
    if "/" not in target or ".." in target or to not in EDGES:
        return "is not written from the root"
    if target.endswith("_internal.h"):
        if folder != to and not path.startswith(f"tests/unit/{to}/"):
            return f"is private to {to}/"
    if folder == to or to in EDGES[folder]:
        return None
    if target in EXTRA.get(folder, ()):
        return None
    return f"is no allowed edge from {folder}/"


def fault_of_angled(path, target):
    """Why PATH may not include <TARGET>, or None."""
    folder = path.split("/")[0]
    for pattern, homes in HOMES:
        if re.fullmatch(pattern, target):
            if folder in ("tests", "bench") or folder in homes or path in homes:
                return None
            return "is a library whose home is elsewhere"
    if SYSTEM.fullmatch(target):
        return None
    return "is of no library known here"


def faults_of_file(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        text = f.read()
    for match in INCLUDE.finditer(text):
        quoted, angled = QUOTED.match(match[1]), ANGLED.match(match[1])
        if quoted:
            fault = fault_of_quoted(path, quoted[1])
        elif angled:
            fault = fault_of_angled(path, angled[1])
        else:
            fault = "is not a plain include"
        if fault:
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match[1].strip()} {fault}"


def edge_faults(root):
    return [f for path in sources(root) for f in faults_of_file(root, path)]


def library_flags():
    """Include paths of the libraries that are installed."""
    flags = []
    for name in ("libsodium", "jansson", "libcrypto", "sqlcipher",
                 "libarchive", "libzstd", "libcurl", "libmicrohttpd",
                 "cmocka"):
        done = subprocess.run(["pkg-config", "--cflags", name],
                              capture_output=True, text=True, check=False)
        if done.returncode == 0:
            flags += done.stdout.split()
    return flags


def compile_faults(root):
    """Headers that need something included before them."""
    command = [os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE",
               "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-function",
               "-Werror", f"-I{root}", *library_flags(), "-x", "c", "-"]
    faults = []
    for path in sources(root):
        if not path.endswith(".h"):
            continue
        # Twice, so that a missing guard shows.
        text = f'#include "{path}"\n' * 2
        done = subprocess.run(command, input=text, capture_output=True,
                              text=True, check=False, cwd=root)
        if done.returncode != 0:
            first = (done.stderr.strip().splitlines() or ["?"])[0]
            faults.append(f"{path} does not compile alone: {first}")
    return faults


# The test of the test: file, its text, and what must be said about it.
PLANTED = [
    ("core/a.c", '#include "core/b.h"\n#include <sodium.h>\n', None),
    ("core/b.h", "#include <stdint.h>\n", None),
    ("app/a.c", '#include "vault/v.h"\n#include "core/b.h"\n', None),
    ("vault/v.h", '#include "policy/grant.h"\n', None),
    ("policy/grant.h", '#include "core/b.h"\n', None),
    ("policy/p_internal.h", "", None),
    ("policy/p.h", "", None),
    ("policy/sub/s.c", '#include "policy/p_internal.h"\n', None),
    ("tests/unit/policy/t.c", '#include "policy/p_internal.h"\n', None),
    ("core/up.c", '#include "keys/k.h"\n', "no allowed edge"),
    ("policy/k.c", '#include "keys/k.h"\n', "no allowed edge"),
    ("exporters/v.c", '  #  include "vault/v.h"\n', "no allowed edge"),
    ("vault/p.c", '#include "policy/p.h"\n', "no allowed edge"),
    ("ledger/t.c", '#include "tests/unit/unit.h"\n', "no allowed edge"),
    ("core/short.c", '#include "b.h"\n', "not written from the root"),
    ("core/dots.c", '#include "core/../keys/k.h"\n', "from the root"),
    ("app/i.c", '#include "policy/p_internal.h"\n', "private to policy/"),
    ("tests/unit/core/i.c", '#include "policy/p_internal.h"\n', "private"),
    ("app/s.c", "#include <sodium.h>\n", "home is elsewhere"),
    ("core/j.c", "#include <jansson.h>\n", "home is elsewhere"),
    ("keys/q.c", "#include <sqlcipher/sqlite3.h>\n", "home is elsewhere"),
    ("keys/x.c", "#include <gcrypt.h>\n", "of no library known"),
    ("keys/m.c", "#include HEADER\n", "not a plain include"),
    ("survey/alone.h", "size_t survey_len(void);\n", "not compile alone"),
    ("survey/guard.h", "struct s { int a; };\n", "not compile alone"),
]


def self_test():
    """Faults of this test itself, found on a small tree of planted files."""
    with tempfile.TemporaryDirectory() as root:
        for path, text, _ in PLANTED:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        said = edge_faults(root) + compile_faults(root)
    wrong = []
    for path, _, want in PLANTED:
        mine = [s for s in said if s.startswith((path + ":", path + " "))]
        if want is None and mine:
            wrong.append(f"refused although allowed: {mine[0]}")
        if want is not None and not any(want in s for s in mine):
            wrong.append(f"not noticed: {path} ({want})")
    return wrong


def report(number, name, faults):
    print(f"{'not ok' if faults else 'ok'} {number} - {name}")
    for fault in faults:
        print(f"# {fault}")
    return bool(faults)


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = os.path.abspath(argv[1])
    print("1..3")
    failed = report(1, "includes go only along allowed edges",
                    edge_faults(root))
    failed |= report(2, "every header compiles alone", compile_faults(root))
    failed |= report(3, "a forbidden include is noticed", self_test())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
