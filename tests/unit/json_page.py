#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""json_page.py CTL: the members that tqctl can print are those that
man/tqctl-json.5 names, and those that it reads are those of each section.  TAP."""
import glob
import os
import re
import sys

ADD = re.compile(r'\b(?:add_\w+|json_object_object_add|count_json|json_count)\(\s*\w+,\s*"([^"]+)"')
EMIT = re.compile(r'\bemit\([^"]*"(\w+)"')
LIST = re.compile(r'\bout_document_list\([^"]*"(\w+)"')
LOSSES = re.compile(r'tq_losses\[\] = \{(.*?)\n\};', re.S)
MEMBERS = re.compile(r'struct member (\w+)_members\[\] = \{(.*?)\n\};', re.S)
STATE = re.compile(r'STATE\("\.(\w+)"')
NAME = re.compile(r'\{ (?:\.place = )?"\.(\w+)"')
# Keys that are chosen between: cond ? "a" : "b".
EITHER = re.compile(r'count_json\(\s*\w+,[^;"]*"\w+"\) \? "(\w+)" : "(\w+)"')


def printed(sources):
    keys = set()
    for name, text in sources.items():
        if name == "json_words.c":      # reads
            continue
        for pattern in (ADD, EMIT, LIST):
            keys.update(pattern.findall(text))
        for pair in EITHER.findall(text):
            keys.update(pair)
    losses = LOSSES.search(sources["model.c"])[1]
    return keys | set(re.findall(r'"(\w+)"', losses))


def page(path):
    """{section: {name: the text behind it}}"""
    sections, names = {}, []
    with open(path) as f:
        for line in f:
            if line.startswith(".Sh "):
                here = sections.setdefault(line[4:].strip(), {})
                names = []
            elif line.startswith(".It Va "):
                names = line[7:].replace(",", " ").split()
                for name in names:
                    here.setdefault(name, "")
            elif line.startswith(".El"):
                names = []
            else:
                for name in names:
                    here[name] += line
    return sections


class Report:
    n = bad = 0

    def check(self, good, what, why):
        self.n += 1
        self.bad += not good
        print("%sok %d - %s" % ("" if good else "not ", self.n, what))
        if not good:
            print("# " + why)


def main():
    ctl = sys.argv[1]
    sources = {}
    for path in glob.glob(os.path.join(ctl, "*.c")):
        with open(path) as f:
            sources[os.path.basename(path)] = f.read()
    out, sections, r = printed(sources), page(os.path.join(ctl, "man", "tqctl-json.5")), Report()
    told = set().union(*sections.values())
    r.check(len(out) > 100, "members are found in the sources", "only %s" % sorted(out))
    r.check(not out - told, "the page names every member that is printed",
            "missing: %s" % sorted(out - told))
    r.check(not told - out, "every member of the page can be printed",
            "not in the sources: %s" % sorted(told - out))
    kinds = dict(MEMBERS.findall(sources["json_words.c"]))
    r.check(sorted(kinds) == ["hook", "queue", "rule", "table"], "tables of what is read",
            "found: %s" % sorted(kinds))
    for kind, text in sorted(kinds.items()):
        here = sections[kind.upper() + "S"]
        state, known = set(STATE.findall(text)), set(NAME.findall(text)) | set(STATE.findall(text))
        # What is in the objects inside of these.
        inner = {"queue": {"cpu", "pending_bytes"}, "rule": {"min", "max", "value", "mask", "name",
                                                             "snaplen"}}.get(kind, set())
        r.check(known - inner == set(here) - inner, "%s: what is read is what the page names" % kind,
                "differ: %s" % sorted((known - inner) ^ (set(here) - inner)))
        marked = {name for name, said in here.items() if said.startswith("(s)")}
        r.check(marked == state, "%s: what is state is marked" % kind,
                "differ: %s" % sorted(marked ^ state))
    print("1..%d" % r.n)
    return bool(r.bad)


if __name__ == "__main__":
    sys.exit(main())
