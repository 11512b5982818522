#!/usr/bin/python3
"""Run a program that reads its passphrase from the terminal, on one of ours.

    age_pty.py PASSPHRASE PROGRAM ARGUMENT...

The passphrase is typed whenever a prompt that speaks of one appears.  Exit
status is the program's; what it printed goes to standard error.
"""
import os
import pty
import sys
import time


def main(argv):
    if len(argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    typed = argv[1].encode() + b"\r"
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(argv[2], argv[2:])
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            got = os.read(fd, 1024)
        except OSError:
            break
        if not got:
            break
        os.write(2, got)
        seen += got
        if b"assphrase" in seen and seen.rstrip().endswith(b":"):
            # The program switches echo off after it has prompted.
            time.sleep(0.05)
            os.write(fd, typed)
            seen = b""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv))
