#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""How much of each file of the module the guest tests reach, against tests/cover/thresholds.

  report.py DIR TREE                   TAP: a file below its threshold has failed, and so has
                                       one without a threshold, and a threshold without a file
  report.py DIR TREE --lines FILE...   the lines of these files that nothing reaches

DIR has what gcov made of each guest's data (tests/cover/run): *.json, with an object a line,
*.err with its complaints, and the exit status of the tests in "status".  A line counts as
reached if any guest has been there, in any of the copies that the compiler made of it; a
line without code in this kernel's module (comments, what compat has for others) is none.
"""
import glob
import json
import os
import re
import sys


class Source:
    """A file of the module: line -> times reached; (first line, last line, name) of
    functions -> times called, where they were not inlined."""

    def __init__(self):
        self.lines = {}
        self.functions = {}

    def reached(self):
        return sum(1 for n in self.lines.values() if n)

    def unreached(self):
        """(line, name) of functions that nothing has called, nor any inlined copy."""
        return sorted((first, name) for (first, last, name), count in self.functions.items()
                      if not count and not any(self.lines.get(n) for n in range(first, last + 1)))

    def percent(self):
        return 100.0 * self.reached() / len(self.lines)


def name_in_tree(path):
    """The name below module/ of a file that gcov tells of; None for the kernel's."""
    m = re.search(r"(?:^|/)build/module/(.*)$", os.path.normpath(path))
    return m[1] if m else None


def load(folder):
    """{name: Source}, the number of guests, and what gcov complained about."""
    sources, complaints = {}, []
    guests = sorted(glob.glob(os.path.join(folder, "*.json")))
    for path in guests:
        with open(path) as f:
            for text in f:
                if text.strip():
                    add(sources, json.loads(text))
        try:
            with open(path[:-5] + ".err") as f:
                complaints += [t.strip() for t in f if "cannot open data file" not in t]
        except FileNotFoundError:
            pass
    return sources, len(guests), complaints


def add(sources, unit):
    for entry in unit["files"]:
        name = name_in_tree(os.path.join(unit.get("current_working_directory", ""), entry["file"]))
        if name is None or not entry["lines"]:
            continue
        source = sources.setdefault(name, Source())
        for line in entry["lines"]:
            n = line["line_number"]
            source.lines[n] = source.lines.get(n, 0) + line["count"]
        for function in entry["functions"]:
            # Parts that the compiler splits off ("name.part.0") are of the same place.
            key = function["start_line"], function["end_line"], function["name"].split(".")[0]
            source.functions[key] = source.functions.get(key, 0) + function["execution_count"]


def thresholds(path):
    """{file: (percent, reason)}"""
    out = {}
    with open(path) as f:
        for text in f:
            words = text.split(None, 2)
            if not words or words[0].startswith("#"):
                continue
            if len(words) < 2 or words[0] in out or not 0 <= float(words[1]) <= 100:
                sys.exit("%s: not a threshold, or a second one: %s" % (path, text.strip()))
            if float(words[1]) < 90 and len(words) < 3:
                sys.exit("%s: less than 90, and no reason: %s" % (path, text.strip()))
            out[words[0]] = float(words[1]), words[2].strip() if len(words) > 2 else ""
    return out


def ranges(numbers):
    """[1, 2, 3, 7] -> "1-3 7" """
    runs = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return " ".join("%d" % a if a == b else "%d-%d" % (a, b) for a, b in runs)


def show_lines(sources, tree, wanted):
    for name in sorted(sources) if wanted == ["all"] else wanted:
        if name not in sources:
            sys.exit("the module has no code in %s" % name)
        with open(os.path.join(tree, "module", name)) as f:
            text = f.read().splitlines()
        for n, count in sorted(sources[name].lines.items()):
            if not count:
                print("%s:%d: %s" % (name, n, text[n - 1]))


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def result(self, good, what):
        self.n += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.n, what))


def report(folder, tree):
    tap = Tap()
    sources, guests, complaints = load(folder)
    wanted = thresholds(os.path.join(tree, "tests", "cover", "thresholds"))
    with open(os.path.join(folder, "status")) as f:
        status = int(f.read())
    tap.result(not status, "the guest tests pass with a module that counts")
    for text in complaints:
        print("# gcov: " + text)
    tap.result(guests and not complaints, "what %d guests left belongs to this module" % guests)

    print("# %-22s %6s %8s %6s %8s" % ("file", "lines", "reached", "%", "wanted"))
    for name in sorted(sources):
        s = sources[name]
        print("# %-22s %6d %8d %6.1f %8s" % (
            name, len(s.lines), s.reached(), s.percent(),
            "%g" % wanted[name][0] if name in wanted else "?"))
    lines = sum(len(s.lines) for s in sources.values())
    if lines:
        reached = sum(s.reached() for s in sources.values())
        print("# %-22s %6d %8d %6.1f" % ("all", lines, reached, 100.0 * reached / lines))
    for name in sorted(sources):
        s = sources[name]
        if name not in wanted:
            tap.result(False, "%s has a threshold (%.1f %% reached)" % (name, s.percent()))
            continue
        good = s.percent() >= wanted[name][0]
        tap.result(good, "%s: at least %g %%" % (name, wanted[name][0]))
        if not good:
            print("# %s: %.1f %%, not reached: %s" % (
                name, s.percent(), ranges(sorted(n for n in s.lines if not s.lines[n]))))
    for name in sorted(set(wanted) - set(sources)):
        tap.result(False, "%s has code, as its threshold says" % name)
    for name in sorted(sources):
        for line, function in sources[name].unreached():
            print("# no test reaches %s:%d %s()" % (name, line, function))
    print("1..%d" % tap.n)
    return tap.failed != 0


def main():
    folder, tree = sys.argv[1:3]
    if sys.argv[3:4] == ["--lines"]:
        show_lines(load(folder)[0], tree, sys.argv[4:] or ["all"])
        return 0
    return report(folder, tree)


if __name__ == "__main__":
    sys.exit(main())
