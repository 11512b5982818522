"""Databases of a home as the pages SQLCipher would encrypt, and back.

What is encrypted does not become smaller.  A home that lies here has its
databases as pages in the clear (made-up people, keys of this test alone; the
answers in them stay sealed), and gets them encrypted again, page for page,
under the keys in its own key files: docs/FORMATS.md section 3.
"""
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import pathlib
import re
import struct
import subprocess

PAGE, RESERVE, SALT = 16384, 48, 16
LIB = ctypes.CDLL(ctypes.util.find_library("crypto"))
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_cbc"):
    getattr(LIB, name).restype = ctypes.c_void_p


def aes(key, iv, data, encrypt):
    """AES-256-CBC without padding."""
    ctx = ctypes.c_void_p(LIB.EVP_CIPHER_CTX_new())
    out = ctypes.create_string_buffer(len(data) + 16)
    length = ctypes.c_int()
    try:
        assert LIB.EVP_CipherInit_ex(
            ctx, ctypes.c_void_p(LIB.EVP_aes_256_cbc()), None, key, iv,
            int(encrypt))
        LIB.EVP_CIPHER_CTX_set_padding(ctx, 0)
        assert LIB.EVP_CipherUpdate(ctx, out, ctypes.byref(length), data,
                                    len(data))
        assert length.value == len(data)
    finally:
        LIB.EVP_CIPHER_CTX_free(ctx)
    return out.raw[:len(data)]


def age(identity, sealed):
    return subprocess.run(["age", "-d", "-i", "-", sealed], input=identity,
                          stdout=subprocess.PIPE, check=True,
                          text=True).stdout


def keys_of(folder):
    """{database: key} of the home in FOLDER/home."""
    home = pathlib.Path(folder) / "home"
    text = age((home.parent / "gateway.key-file").read_text(),
               home / "keys/gateway.key")
    keys = {"gateway.db": re.search(r"register-key: (\w+)", text)[1]}
    recipient = re.search(r"recipient: (AGE-SECRET-KEY-\w+)", text)[1]
    for owner, vault in re.findall(r"owner-\d+: (\d\d) (\w+)", text):
        keys[f"owners/{owner}/vault.db"] = vault
        erase = age(recipient + "\n", home / f"keys/erase-{owner}.key")
        keys[f"owners/{owner}/erase.db"] = re.search(
            r"key: (\w+)\n", erase)[1]
    return {home / name: bytes.fromhex(key) for name, key in keys.items()}


def mac(key, salt, number, rest):
    hmac_key = hashlib.pbkdf2_hmac(
        "sha1", key, bytes(b ^ 0x3a for b in salt), 2, 32)
    return hmac.digest(hmac_key, rest + struct.pack("<I", number), "sha1")


def each_page(data):
    for at in range(0, len(data), PAGE):
        yield at // PAGE + 1, SALT if at == 0 else 0, data[at:at + PAGE]


def opened(key, data):
    """Every page in the clear, its reserve cut to zeros."""
    out = b""
    for number, start, page in each_page(data):
        body, iv = page[start:-RESERVE], page[-RESERVE:-RESERVE + 16]
        assert hmac.compare_digest(
            mac(key, data[:SALT], number, page[start:-RESERVE + 16]),
            page[-RESERVE + 16:-RESERVE + 36])
        out += page[:start] + aes(key, iv, body, False) + bytes(RESERVE)
    return out


def sealed(key, data):
    out = b""
    for number, start, page in each_page(data):
        iv = os.urandom(16)
        rest = aes(key, iv, page[start:-RESERVE], True) + iv
        out += page[:start] + rest + mac(key, data[:SALT], number, rest) + \
            bytes(12)
    return out


def pack(folder):
    """Databases become pages; their logs are moved into them before."""
    for path, key in keys_of(folder).items():
        subprocess.run(
            ["sqlcipher", "-batch", "-init", "/dev/null", path], text=True,
            check=True, stdout=subprocess.DEVNULL,
            input=f"PRAGMA key = \"x'{key.hex()}'\";"
            "PRAGMA cipher_page_size = 16384;"
            "PRAGMA cipher_compatibility = 3;"
            "PRAGMA cipher_page_size = 16384;"
            "PRAGMA wal_checkpoint(TRUNCATE);\n")
        for log in (f"{path}-wal", f"{path}-shm"):
            pathlib.Path(log).unlink(missing_ok=True)
        path.write_bytes(opened(key, path.read_bytes()))


def unpack(folder):
    for path, key in keys_of(folder).items():
        path.write_bytes(sealed(key, path.read_bytes()))
