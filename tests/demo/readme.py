#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""readme.py [--host] README.md: its commands, as a shell script.

Blocks marked "sh" are for a guest (tests/guest/t_readme.sh runs them), blocks
marked "sh host" are for the reader's machine (tests/demo/test runs those that
it can).  Blocks marked "c" are no commands.  Any other mark is an error: a command
that nobody runs goes stale.
"""
import re
import sys


def blocks(text):
    """(mark, [lines]) of each fenced block."""
    inside = None
    for number, line in enumerate(text.splitlines(), 1):
        m = re.match(r"```(.*)$", line)
        if not m:
            if inside is not None:
                inside.append(line)
        elif inside is None:
            inside, mark = [], m[1].strip()
            if mark not in ("sh", "sh host", "c"):
                sys.exit("README.md:%d: a block marked '%s' is run by nobody" % (number, mark))
        else:
            yield mark, inside
            inside = None
    if inside is not None:
        sys.exit("README.md: a block is open at the end")


def main():
    host = sys.argv[1] == "--host"
    want = "sh host" if host else "sh"
    with open(sys.argv[-1], encoding="utf-8") as f:
        found = [lines for mark, lines in blocks(f.read()) if mark == want]
    if not found:
        sys.exit("README.md: no commands")
    for lines in found:
        for line in lines:
            print(line)


if __name__ == "__main__":
    main()
