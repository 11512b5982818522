"""Looking for plaintext on a disk, in every shape it could have there.

A search that finds nothing proves something only when the same search finds
what was planted: `control` plants, and is to be called beside every search.
"""
import base64
import pathlib
import subprocess
import zlib

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_MAGIC = b"\x1f\x8b\x08"


def shapes(mark):
    """The bytes that would give a mark away."""
    if isinstance(mark, bytes):
        yield mark
        yield mark.hex().encode()
        yield mark.hex().upper().encode()
        raw = mark
    else:
        raw = mark.encode("utf-8")
        yield raw
        for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            yield mark.encode(encoding)
        yield raw.hex().encode()
    for skip in range(3):
        # the middle, which does not depend on what stands around it
        piece = raw[skip:len(raw) - (len(raw) - skip) % 3]
        if len(piece) >= 9:
            yield base64.b64encode(piece)


def unpacked(data):
    """The data, and whatever is compressed in it."""
    yield data
    at = data.find(ZSTD_MAGIC)
    while at >= 0:
        done = subprocess.run(["zstd", "-dc"], input=data[at:],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
        yield done.stdout
        at = data.find(ZSTD_MAGIC, at + 1)
    at = data.find(GZIP_MAGIC)
    while at >= 0:
        try:
            yield zlib.decompressobj(31).decompress(data[at:])
        except zlib.error:
            pass
        at = data.find(GZIP_MAGIC, at + 1)


def found_in(data, marks):
    return {mark for mark in marks for part in unpacked(data)
            if any(shape in part for shape in shapes(mark))}


def search(folder, marks):
    """{file: marks found in it} of all files below FOLDER."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file() and not path.is_symlink():
            here = found_in(path.read_bytes(), marks)
            if here:
                found[str(path)] = here
    return found


def planted(mark):
    """One mark in each of the shapes a program might leave it in."""
    raw = mark if isinstance(mark, bytes) else mark.encode("utf-8")
    text = raw.hex() if isinstance(mark, bytes) else mark
    noise = bytes(range(256))
    yield "plain", noise + raw + noise
    yield "utf-16", text.encode("utf-16-le")
    yield "hex", noise + raw.hex().encode()
    yield "base64", b'{"a":"' + base64.b64encode(b"xy" + raw + b"z") + b'"}'
    for level in ("-1", "-19"):
        yield "zstd" + level, noise + subprocess.run(
            ["zstd", level, "-c"], input=noise + raw * 3, check=True,
            stdout=subprocess.PIPE).stdout
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield "gzip", noise + packer.compress(raw) + packer.flush()


def control(folder, marks):
    """Plant every mark in every shape, find each, and clear them away."""
    folder = pathlib.Path(folder)
    for mark in marks:
        for name, data in planted(mark):
            if name == "utf-16" and isinstance(mark, bytes):
                continue
            path = folder / f"planted-{name}"
            path.write_bytes(data)
            found = search(folder, [mark])
            path.unlink()
            assert found == {str(path): {mark}}, (name, mark, found)
