#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A strict reader of the OpenMetrics text format, as far as tqctl speaks it.

  openmetrics.py check FILE          exit 1 and a sentence, if it is not valid
  openmetrics.py value FILE SAMPLE   the value of a sample, written as in the file
  openmetrics.py selftest            each rule finds what breaks it
"""
import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*$")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[n"\\])*)"(,|$)')
SUFFIXES = {"counter": ("_total", "_created"), "gauge": ("",), "info": ("_info",)}


class Bad(Exception):
    pass


def labels_of(text):
    found, at = [], 0
    while at < len(text):
        m = LABEL.match(text, at)
        if not m:
            raise Bad("labels can't be read: " + text[at:])
        found.append((m[1], m[2]))
        at = m.end()
        if m[3] and at == len(text):
            raise Bad("a comma without a label behind it")
    names = [name for name, _ in found]
    if len(set(names)) != len(names):
        raise Bad("a label twice: " + text)
    return tuple(sorted(found))


def read(text):
    """{(sample name, labels): value}"""
    if not text.endswith("# EOF\n"):
        raise Bad("does not end with # EOF and a newline")
    families, values, now, sampled = {}, {}, None, False
    lines = text.split("\n")[:-1]
    for number, line in enumerate(lines, 1):
        try:
            if line == "# EOF":
                if number != len(lines):
                    raise Bad("# EOF before the end")
                continue
            if line.startswith("#"):
                word = line.split(" ", 3)
                if len(word) < 4 or word[1] not in ("TYPE", "UNIT", "HELP"):
                    raise Bad("neither TYPE nor UNIT nor HELP with name and text")
                _, what, name, rest = word
                if not NAME.match(name):
                    raise Bad("not a name: " + name)
                if name != now:
                    if name in families:
                        raise Bad("family %s comes again" % name)
                    now, sampled = name, False
                    families[name] = {}
                if sampled:
                    raise Bad("%s behind a sample of the family" % what)
                if what in families[name]:
                    raise Bad("%s twice" % what)
                if what == "TYPE" and rest not in SUFFIXES:
                    raise Bad("unknown type " + rest)
                if what == "UNIT" and not name.endswith("_" + rest):
                    raise Bad("unit %s is not the end of the name %s" % (rest, name))
                families[name][what] = rest
                continue
            m = SAMPLE.match(line)
            if not m:
                raise Bad("not a sample")
            kind = families.get(now, {}).get("TYPE")
            if not kind:
                raise Bad("a sample without a family that has a type")
            if m[1] not in [now + s for s in SUFFIXES[kind]]:
                raise Bad("sample %s in family %s of type %s" % (m[1], now, kind))
            value = float(m[3])
            if kind == "counter" and not value >= 0:
                raise Bad("a counter that is negative or no number")
            key = m[1], labels_of(m[2] or "")
            if key in values:
                raise Bad("the same sample twice")
            values[key] = value
            sampled = True
        except (Bad, ValueError) as err:
            raise Bad("line %d: %s: %s" % (number, err, line)) from err
    return values


GOOD = """# TYPE a counter
# HELP a Some text.
a_total{x="1",y="b\\"\\\\\\n"} 5
a_total{x="2",y=""} 6
# TYPE b_bytes gauge
# UNIT b_bytes bytes
b_bytes -1
# EOF
"""
BROKEN = [("# EOF\n", ""), ("# EOF", "# EOF\n"), ("# EOF\n", "# EOF"), ("a_total{x=\"1\"", "a{x=\"1\""),
          ("x=\"2\",y=\"\"", "x=\"1\",y=\"b\\\"\\\\\\n\""), (" 6", " six"), (" 6", " -6"), (" 6", ""),
          ("# UNIT b_bytes bytes", "# UNIT b_bytes seconds"), ("counter", "number"),
          ("# TYPE b_bytes gauge\n", ""), ("y=\"\"", "x=\"\""), ("y=\"\"", "y=\""),
          ("y=\"\"}", "y=\"\",}"), ("b_bytes -1", "b_bytes -1\n# TYPE a gauge"),
          ("# HELP a Some text.\n", "# HELP a Some text.\n# HELP a More.\n"),
          ("# HELP", "# HALP"), ("a_total{x=\"2\"", "a-total{x=\"2\"")]


def selftest():
    read(GOOD)
    for old, new in BROKEN:
        assert old in GOOD
        try:
            read(GOOD.replace(old, new, 1))
        except Bad:
            continue
        sys.exit("not found: %r instead of %r" % (new, old))


def main():
    if sys.argv[1] == "selftest":
        return selftest()
    with open(sys.argv[2], encoding="utf-8", newline="") as f:
        text = f.read()
    try:
        values = read(text)
    except Bad as err:
        sys.exit("%s: %s" % (sys.argv[2], err))
    if sys.argv[1] == "value":
        m = SAMPLE.match(sys.argv[3] + " 0")
        print("%d" % values[m[1], labels_of(m[2] or "")])


if __name__ == "__main__":
    main()
