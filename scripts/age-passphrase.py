#!/usr/bin/python3
"""age-passphrase PASSFILE FILE: what `age -d FILE` writes, on standard output.

age asks a terminal for its passphrase and nothing else; this lends it one.
"""
import os
import pty
import sys
import tempfile


def main():
    with open(sys.argv[1], "rb") as f:
        passphrase = f.read().rstrip(b"\n")
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "plain")
        pid, fd = pty.fork()
        if pid == 0:
            os.execvp("age", ["age", "-d", "-o", out, sys.argv[2]])
        asked = b""
        sent = False
        while True:
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            asked += data
            if not sent and b"assphrase" in asked:
                os.write(fd, passphrase + b"\n")
                sent = True
        _, status = os.waitpid(pid, 0)
        if status != 0:
            sys.exit("age-passphrase: age could not open " + sys.argv[2])
        with open(out, "rb") as f:
            sys.stdout.buffer.write(f.read())


main()
