#!/usr/bin/python3
"""Unpack the public age test vectors (C2SP/CCTV) for tests/unit/keys/test_age_cctv.c.

    cctv_unpack.py INDEX_JS OUT_DIR

INDEX_JS is package/index.js of the npm package cctv-age: one variable per
vector, its file as base64.  Each vector becomes two files in OUT_DIR:

    NAME.meta   "expect", "payload", "identity", "passphrase" lines as they
                were, "key: value", one each; several identities keep order
    NAME.age    the age file itself, inflated where the vector was compressed

Vectors that need hybrid keys or armour are not unpacked: neither exists here.
The file COUNT in OUT_DIR holds their number.
"""
import base64
import os
import re
import sys
import zlib

KEEP = ("expect", "payload", "identity", "passphrase")
VECTOR = re.compile(
    r'^// \.\./testdata/(\w+)\nvar \w+ = (?:/\* @__PURE__ \*/ )?__toBinary\("([A-Za-z0-9+/=]*)"\);',
    re.M)


def split(raw):
    """The header lines of a vector and the bytes behind the empty line."""
    head, body = raw.split(b"\n\n", 1)
    pairs = [line.split(": ", 1) for line in head.decode("utf-8").split("\n")]
    return pairs, body


def is_ours(name, pairs):
    values = [value for _, value in pairs]
    if ("armored", "yes") in [tuple(pair) for pair in pairs]:
        return False
    return "hybrid" not in name and not any("-PQ-" in v for v in values)


def unpack(name, raw, out_dir):
    pairs, body = split(raw)
    if not is_ours(name, pairs):
        return False
    if ["compressed", "zlib"] in pairs:
        body = zlib.decompress(body)
    meta = "".join(f"{key}: {value}\n" for key, value in pairs if key in KEEP)
    with open(os.path.join(out_dir, name + ".meta"), "w", encoding="utf-8") as f:
        f.write(meta)
    with open(os.path.join(out_dir, name + ".age"), "wb") as f:
        f.write(body)
    return True


def main(argv):
    if len(argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    os.makedirs(argv[2], exist_ok=True)
    with open(argv[1], encoding="utf-8") as f:
        found = VECTOR.findall(f.read())
    count = sum(unpack(name, base64.b64decode(data), argv[2]) for name, data in found)
    with open(os.path.join(argv[2], "COUNT"), "w", encoding="ascii") as f:
        f.write(f"{count}\n")
    print(f"{count} of {len(found)} vectors unpacked")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
