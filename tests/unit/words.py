#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""words.py WORDS MANPAGE: every command and word that test_words wrote into WORDS is
in the manual page; TAP."""
import re
import sys


def tokens(line):
    """A line of mdoc as words, "Fl -netns" as "--netns"."""
    words = line.replace("\\-", "-").replace("\\&", "").split()
    out = []
    for i, word in enumerate(words):
        if i and words[i - 1] == "Fl":
            out[-1] = "-" + word
        else:
            out.append(word)
    return out


def main():
    with open(sys.argv[2], encoding="utf-8") as f:
        page = [tokens(line) for line in f if line.startswith(".")]
    with open(sys.argv[1], encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    headings, missing, known = [], [], 0
    for line in page:
        if line[:2] == [".It", "Ic"]:
            headings.append(" ".join(line[2:]) + " ")
    words = {w for line in page if line[0] in (".It", ".Cm", ".Ic", ".Fl", ".Op") for w in line[1:]}
    for path, text, *keys in rows:
        known += 1 + len(keys)
        # "list" is "show" by another name.
        also = text == "the same" and any(re.search(r"\b%s\b" % path.split()[-1], " ".join(line)) for line in page)
        if not also and not any(h.startswith(path + " ") for h in headings):
            missing.append("command %s" % path)
        missing += ["%s of %s" % (key, path) for key in keys if key not in words]
    print("%s 1 - %d commands and words are in the manual page" % ("not ok" if missing else "ok", known))
    for m in missing:
        print("# " + m)
    return bool(missing) or known < 150


if __name__ == "__main__":
    sys.exit(main())
