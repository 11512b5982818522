#!/usr/bin/python3
"""Known answers for the derivations of docs/FORMATS.md 5 and 9, computed with
Python's hashlib, PyNaCl and openssl alone.  Prints the header that the unit
tests of keys/ include; with --check FILE, compares instead.

    tests/vectors/keys.py > tests/unit/keys/keys_vectors.h
"""
import hashlib
import struct
import subprocess
import sys

from nacl import bindings


def kb(n, key, person, msg):
    return hashlib.blake2b(msg, key=key, person=person, digest_size=n).digest()


def lp(*fields):
    return b"".join(struct.pack(">I", len(f)) + f for f in fields)


def aes_block(key, block):
    return subprocess.run(
        ["openssl", "enc", "-aes-256-ecb", "-nopad", "-K", key.hex()],
        input=block, stdout=subprocess.PIPE, check=True).stdout


def pseudonym_text(raw):
    bits = "".join(f"{b:08b}" for b in raw) + "00"
    v = [int(bits[i:i + 5], 2) for i in range(0, 130, 5)]
    text = "".join("abcdefghijklmnopqrstuvwxyz234567"[x] for x in v)
    total = sum((i + 1) * x for i, x in enumerate(v))
    return text + "abcdefghijklmnopqrstuvwxyz23456"[total % 31]


def delta(v):
    """A varint of zigzag(v)."""
    z, out = 2 * v if v >= 0 else -2 * v - 1, b""
    while z >= 0x80:
        out, z = out + bytes([z & 0x7f | 0x80]), z >> 7
    return out + bytes([z])


def plain(code, user, body):
    """Format 2 with the consent, source and times the tests use: source and
    text are the second of their lists."""
    opened, received, event, given = (1585270000, 1585278005, 1585278000,
                                      1585000000)
    p = b"\x02" + bytes([code])
    p += (bytes([len(user)]) if code == 2 else b"") + user
    p += b"\x02" + delta(received - opened) + delta(event - received)
    p += b"\x02\x03" + delta(given - event) + body + b"\x80"
    return p + bytes(-len(p) % 16)


def seal(ek, epoch, subject, ref, random, plaintext):
    respondent, tag, generation, kind = ref
    ekr = kb(32, ek, b"azk1.epoch.rec", epoch)
    eki = kb(32, ek, b"azk1.epoch.id", epoch)
    rid = kb(16, eki, b"azk1.rid", random + plaintext)
    gen = struct.pack(">I", generation)
    key = kb(32, ekr, b"azk1.record", respondent + gen + bytes([kind]) + rid)
    aad = (b"azkrec1\0" + epoch + subject + tag + gen + bytes([kind, 2]) + rid)
    assert len(aad) == 126
    return rid + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        plaintext, aad, rid + bytes(8), key)


def answers():
    ek = bytes(range(32))
    epoch = bytes(range(0x20, 0x40))
    subject = bytes(range(0x40, 0x60))
    respondent = bytes(range(0x60, 0x80))
    random = bytes(range(0x80, 0x90))
    index = bytes(range(0x90, 0xb0))
    user = b"U0123456789abcdef0123456789abcdef"
    tag = kb(32, index, b"azk1.tag", lp(b"14", b"line-kanagawa", user))
    p1 = plain(1, bytes.fromhex("0123456789abcdef" * 2), b"\x01\x02\x00\x05")
    p5 = plain(0, b"", b"\x06syntax{\"type\":")
    yield "EPOCH_REC", kb(32, ek, b"azk1.epoch.rec", epoch)
    yield "EPOCH_ID", kb(32, ek, b"azk1.epoch.id", epoch)
    yield "TAG", tag
    yield "EVENT", kb(16, index, b"azk1.event", lp(b"line", b"01HX"))[:12]
    yield "PLAIN_RESPONSE", p1
    yield "SEALED_RESPONSE", seal(ek, epoch, subject,
                                  (respondent, tag, 3, 1), random, p1)
    yield "PLAIN_QUARANTINE", p5
    yield "SEALED_QUARANTINE", seal(
        ek, epoch, subject, (bytes(32), bytes(32), 0, 5), random, p5)
    pseudonym = kb(16, kb(32, ek, b"azk1.pseu.key", epoch),
                   b"azk1.pseudonym", tag)
    plan = subject
    notice = kb(32, ek, b"azk1.notice", plan)
    salt = kb(32, ek, b"azk1.salt", lp(plan, b"EXP-2026-0007"))
    proof = hashlib.sha256(
        b"azukari-receipt" + lp(b"EXP-2026-0007", salt)).digest()
    yield "PSEUDONYM", pseudonym
    yield "PSEUDONYM_TEXT", pseudonym_text(pseudonym)
    yield "NOTICE_KEY", notice
    yield "NOTICE_BLOCK", aes_block(notice, pseudonym)
    yield "SALT", salt
    yield "RECEIPT", kb(16, ek, b"azk1.receipt", lp(plan, pseudonym))
    yield "RECEIPT_PROOF", proof
    yield "RECEIPT_COMMITMENT", hashlib.sha256(proof).digest()


def header():
    out = ["/* Made by tests/vectors/keys.py: not to be edited. */",
           "#ifndef AZUKARI_TESTS_UNIT_KEYS_KEYS_VECTORS_H",
           "#define AZUKARI_TESTS_UNIT_KEYS_KEYS_VECTORS_H", ""]
    for name, value in answers():
        text = value if isinstance(value, str) else value.hex()
        lines = [text[i:i + 64] for i in range(0, len(text), 64)]
        out.append(f"#define KEYS_{name} \\")
        out += [f'\t"{line}" \\' for line in lines[:-1]]
        out += [f'\t"{lines[-1]}"']
    return "\n".join(out + ["", "#endif", ""])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        with open(sys.argv[2], encoding="ascii") as f:
            sys.exit(0 if f.read() == header() else 1)
    sys.stdout.write(header())
