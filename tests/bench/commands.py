# SPDX-License-Identifier: GPL-2.0-only
"""The control plane, in the bench's kernel: what commands take, with small tables
and large ones, beside ipset.  Each command is a process of its own, as users have
it; spend.c says what it took.  What it did is checked.
"""
import os
import subprocess
import time

import guest as bench

OUT = "/run/out"


class Control:
    def __init__(self, g, e):
        self.g, self.e = g, e
        self.rows, self.checks = {}, []

    def new_space(self, name, old):
        if old:
            self.old_space(old)
        self.g.new_space(name)

    def old_space(self, name):
        """Away with it, and with what it takes to free its rules."""
        os.close(self.g.netns.pop(name))
        bench.command(["ip", "netns", "del", name])
        left, before = bench.memory(), None
        while left != before:
            time.sleep(.5)
            left, before = bench.memory(), left

    def run(self, space, words, stdin=None, out=OUT):
        """One run: seconds, and bytes resident at most.  (This kernel counts the time
        of processes as its own.)
        """
        with open(stdin or os.devnull, "rb") as f:
            done = subprocess.run(["nsenter", "--net=/run/netns/" + space, self.e["spend"], out] + words, stdin=f,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=900, check=False)
        took = [int(x) for x in done.stdout.split()]
        if done.returncode or not took or took[0]:
            raise bench.Failed("%s: %s" % (" ".join(words), done.stderr.decode(errors="replace").strip()[-400:]))
        return {"seconds": took[1] / 1e9, "rss": took[2]}

    def note(self, size, what, took):
        self.rows.setdefault(what, {}).setdefault(str(size), []).append(took)

    def check(self, what, got, want):
        self.checks.append({"what": what, "got": str(got), "want": str(want), "right": got == want})

    def tqctl(self, size, what, space, *words, **how):
        self.note(size, what, self.run(space, [os.environ["TQCTL"]] + list(words), **how))

    def ipset(self, size, what, space, *words, **how):
        self.note(size, what, self.run(space, ["ipset"] + list(words), **how))


def lines(path, begin=b""):
    with open(path, "rb") as f:
        return sum(line.startswith(begin) for line in f)


def same(a, b):
    with open(a, "rb") as f, open(b, "rb") as h:
        return f.read() == h.read()


def bulk(c, size, files):
    """Load, list, save, restore and apply of a table of that size."""
    space = "c%d" % size
    job = bench.JOB
    times = c.e["times"]
    for i in range(times):
        one = "%sa%d" % (space, i)
        c.new_space(one, "%sa%d" % (space, i - 1) if i else None)
        c.tqctl(size, "load", one, "-b", "-", stdin=os.path.join(job, files["batch"]))
        c.ipset(size, "ipset restore", one, "restore", stdin=os.path.join(job, files["ipset"]))
    for i in range(times):
        c.tqctl(size, "rule list", one, "rule", "list", "t", out="/run/list")
        c.ipset(size, "ipset list", one, "list", "s", out="/run/ipset-list")
        c.tqctl(size, "save", one, "save", out="/run/saved")
        c.ipset(size, "ipset save", one, "save", out="/run/ipset-saved")
    c.check("rules listed, of %d" % size, lines("/run/list"), size)
    c.check("rules saved, of %d" % size, lines("/run/saved", b"rule add "), size)
    for i in range(times):
        other = "%sb%d" % (space, i)
        c.new_space(other, "%sb%d" % (space, i - 1) if i else None)
        c.tqctl(size, "apply to nothing", other, "apply", "--quiet", "/run/saved")
        c.ipset(size, "ipset restore, saved", other, "restore", stdin="/run/ipset-saved")
    c.run(other, [os.environ["TQCTL"], "save"], out="/run/again")
    c.check("what was restored is what was saved, %d" % size, same("/run/saved", "/run/again"), True)
    c.old_space(other)
    return one


def differ(path, to):
    """A copy in which ten rules are others."""
    with open(path, "rb") as f, open(to, "wb") as out:
        text = f.read().splitlines(keepends=True)
        rules = [i for i, line in enumerate(text) if line.startswith(b"rule add ")]
        for k in range(10):
            i = rules[len(rules) * (2 * k + 1) // 20]
            text[i] = text[i].replace(b" accept", b" drop")
        out.writelines(text)


def apply(c, size, space):
    differ("/run/saved", "/run/differ")
    for there, back in (("/run/differ", "/run/saved"),) * c.e["times"]:
        c.tqctl(size, "apply, no difference", space, "apply", back, out="/run/todo")
        c.check("changes of a file that is the same, %d" % size, lines("/run/todo"), 0)
        c.tqctl(size, "apply, 10 differences", space, "apply", there, out="/run/todo")
        c.check("changes of a file with 10 differences, %d" % size, lines("/run/todo"), 10)
        c.run(space, [os.environ["TQCTL"], "save"], out="/run/again")
        c.check("what was applied is there, %d" % size, same(there, "/run/again"), True)
        c.run(space, [os.environ["TQCTL"], "apply", "--quiet", back])


def singles(c, spaces):
    """All other commands, by turns at all sizes."""
    for size, space in spaces.items():
        c.run(space, [os.environ["TQCTL"], "-b", "-"], stdin=os.path.join(bench.JOB, c.e["around"]))
    for turn in range(c.e["turns"]):
        for words in c.e["commands"]:
            for size, space in spaces.items():
                made = [w.replace("@", str(turn + 1)) for w in words]
                c.tqctl(size, "tqctl " + " ".join(words), space, *made)
                if made[:2] == ["rule", "add"]:
                    with open(OUT, encoding="ascii") as f:
                        handle = f.read().split()[1]
                    c.tqctl(size, "tqctl rule show t handle H", space, "rule", "show", "t", "handle", handle)
                    c.tqctl(size, "tqctl rule del t handle H", space, "rule", "del", "t", "handle", handle)


def warm(size):
    """The memory of this kernel is a file that the host gives page by page: who uses
    it first would pay for all others.
    """
    with open("/run/warm", "wb") as f:
        for _ in range(size >> 20):
            f.write(bytes(1 << 20))
    os.unlink("/run/warm")


def control(g, e):
    c = Control(g, e)
    warm(1500 * max(int(size) for size in e["sets"]))
    # What there is so far is in the results, whatever comes.
    g.out["extra"]["control"] = {"rows": c.rows, "checks": c.checks}
    spaces = {}
    for size, files in e["sets"].items():
        bench.say("load, list, save and restore of %s rules" % size)
        spaces[size] = bulk(c, int(size), files)
        bench.say("apply, %s rules" % size)
        apply(c, int(size), spaces[size])
    bench.say("single commands")
    singles(c, spaces)
    return g.out["extra"]["control"]
