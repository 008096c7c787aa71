#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""refusals.py MESSAGES SOURCE...: every text that the sources hand to
parse_bad() or parse_fail(), or for JSON to split_fail(), unexpected() or
words_bad(), is among the messages that test_refusals got."""
import re
import sys

CALL = re.compile(r'\b(?:parse_(?:bad|fail|lack)|split_fail(?:_at)?|words_bad|unexpected|wrong_type)\((.*?)\);', re.S)
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def texts(source):
    """The format strings of a file; adjacent literals are one."""
    for call in CALL.finditer(source):
        # The other arguments and the two branches of ?: part the strings.
        for part in re.split(r"[?,]|(?<!\\):(?!:)", LITERAL.sub(
                lambda m: '"%s"' % m[1].encode().hex(), call[1])):
            found = [bytes.fromhex(h).decode() for h in re.findall(r'"([0-9a-f]*)"', part)]
            if found:
                yield "".join(found).replace('\\"', '"'), source[:call.start()].count("\n") + 1


def main():
    with open(sys.argv[1]) as f:
        messages = f.read()
    known, missing = 0, []
    for path in sys.argv[2:]:
        with open(path) as f:
            source = f.read()
        for text, line in texts(source):
            known += 1
            pattern = "".join(".*" if re.fullmatch(r"%[-0-9.*l]*[sducx]", p) else re.escape(p)
                              for p in re.split(r"(%[-0-9.*l]*[sducx])", text))
            if not re.search(pattern, messages):
                missing.append("%s:%d: %s" % (path, line, text))
    for m in missing:
        print("# " + m)
    if known < 40:
        print("# only %d texts found in the sources" % known)
    return bool(missing) or known < 40


if __name__ == "__main__":
    sys.exit(main())
