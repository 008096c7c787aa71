# SPDX-License-Identifier: GPL-2.0-only
"""What the bench's kernel is to set up and to measure: spaces (network namespaces
with tables and sets in them), streams of headers, points to measure, answers to
check, and the rows that the figures make.
"""
import os
import struct
import subprocess

import sets

PREROUTING, FORWARD, OUTPUT = 0, 2, 3

# Which hook a point measures.  Neighbours of iptables and tqueue's own match hang
# on PREROUTING; tqueue's hook on FORWARD, in the same namespace, on the same table.
ENGINES = {
    "iptables": ("iptables", PREROUTING),
    "ipset": ("iptables", PREROUTING),
    "nft": ("nft", PREROUTING),
    "tq-match": ("iptables", PREROUTING),
    "tq-hook": ("tqueue", FORWARD),
}
# tqueue attached as that neighbour is.
LIKE = {"iptables": "tq-match", "ipset": "tq-match", "nft": "tq-hook"}


def like(engine):
    return LIKE[engine.split()[0]]


def iptables_file(match, target="-j ACCEPT"):
    """Hits are accepted on PREROUTING and dropped on OUTPUT."""
    lines = ["*raw", ":PREROUTING ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"]
    if match:
        lines += ["-A PREROUTING %s %s" % (match, target), "-A OUTPUT %s -j DROP" % match]
    return "\n".join(lines + ["COMMIT", ""])


class Plan:
    def __init__(self, folder, tree, options):
        self.folder, self.options = folder, options
        self.tqctl = os.path.join(tree, "ctl", "tqctl")
        self.ref = os.path.join(tree, "tests", "bench", "tools", "ref")
        self.job = {
            "modules": [os.path.join(tree, "module", "tqueue.ko"),
                        os.path.join(tree, "tests", "bench", "module", "tqbench.ko")],
            "environment": {"XTABLES_LIBDIR": self.xtables_path(tree), "TQCTL": self.tqctl},
            "links": self.write("links", "link set lo up\nlink add d0 type dummy\nlink set d0 up\n"),
            "rounds": options.rounds, "ms": options.ms,
            "spaces": [], "streams": {}, "points": [], "checks": [], "extra": [],
        }
        with open(os.path.join(folder, "seed"), "wb") as f:
            f.write(os.urandom(256))
        self.headers = {}
        self.rows = []
        self.expected = {}
        self.rules_in_memory = 0
        self.base = set()
        self.space("base-iptables", [self.iptables("")])
        self.space("base-nft", [{"run": ["nft", "-f", "-"], "stdin": self.write("base.nft", (
            "table ip t {\n\tchain pre {\n\t\ttype filter hook prerouting priority 0\n\t}\n}\n"))}])
        self.space("base-tqueue", [self.tqueue_step("base-tqueue", self.write(
            "base.tq", "table add t\n" + self.hook_line(4)), None)])
        self.space("base-none", [])

    @staticmethod
    def xtables_path(tree):
        system = subprocess.run(["pkg-config", "--variable=xtlibdir", "xtables"], check=True,
                                stdout=subprocess.PIPE).stdout.decode().strip()
        return "%s:%s" % (os.path.join(tree, "ctl", "xtables"), system)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)
        return name

    @staticmethod
    def hook_line(family):
        return "hook add t family %s hook forward priority filter\n" % ("ip" if family == 4 else "ip6")

    # ---- spaces ----

    def space(self, name, steps):
        self.job["spaces"].append({"name": name, "steps": steps})
        return name

    def iptables(self, match, family=4, target="-j ACCEPT"):
        name = "ipt-%d" % len(os.listdir(self.folder))
        return {"run": ["iptables-legacy-restore" if family == 4 else "ip6tables-legacy-restore"],
                "stdin": self.write(name, iptables_file(match, target))}

    def tqueue_step(self, space, batch, name="load"):
        return {"run": [self.tqctl, "-n", space, "-b", "-"], "stdin": batch, "name": name, "timeout": 900}

    def tqueue(self, name, rules, family=4, marks=False):
        """A table with @rules behind the match and behind a hook."""
        space, batch = name + "-tqueue" + ("-marks" if marks else ""), name + (".marks" if marks else ".tq")
        sets.write_tqctl(self.path(batch), rules, sets.BITS[family], marks, after=self.hook_line(family))
        self.rules_in_memory += len(rules)
        return self.space(space, [
            self.tqueue_step(space, batch),
            {"run": [self.tqctl, "-n", space, "-j", "table", "show", "t"], "name": "show", "keep": True},
            self.iptables("-m tqueue --rule-table t", family)])

    def ipset(self, name, kind, rules, family=4):
        sets.write_ipset(self.path(name + ".ipset"), kind, rules, sets.BITS[family])
        return self.space(name + "-ipset", [
            {"run": ["ipset", "restore"], "stdin": name + ".ipset", "name": "load"},
            self.iptables("-m set --match-set s src", family)])

    def nft(self, name, rules, flags="", ranges=False):
        if ranges:
            sets.write_nft_ranges(self.path(name + ".nft"), rules)
        else:
            sets.write_nft(self.path(name + ".nft"), rules, flags)
        return self.space(name + "-nft", [
            {"run": ["nft", "-f", "-"], "stdin": name + ".nft", "name": "load"}])

    def linear(self, name, rules):
        sets.write_iptables(self.path(name + ".linear"), rules)
        return self.space(name + "-linear", [
            {"run": ["iptables-legacy-restore"], "stdin": name + ".linear", "name": "load"}])

    # ---- streams, points, checks ----

    def stream(self, name, headers, family=4):
        sets.write_stream(self.path(name + ".stream"), headers, sets.BITS[family])
        self.job["streams"][name] = {"file": name + ".stream", "family": family}
        self.headers[name] = headers
        return name

    def measure(self, stream, space, hook):
        name = "%s|%s|%d" % (stream, space, hook)
        if not any(p["name"] == name for p in self.job["points"]):
            self.job["points"].append({"name": name, "space": space, "hook": hook, "stream": stream})
        return name

    def point(self, stream, engine, space):
        """(point, point of the empty table of the same engine)"""
        base, hook = ENGINES[engine.split()[0]]
        return self.measure(stream, space, hook), self.measure(stream, "base-" + base, hook)

    def check_all(self, stream, space, hook, want):
        """Every header must come back with this answer."""
        n = len(self.headers[stream])
        self.check(stream, space, hook, struct.pack("=I", want) * n)

    def check_rules(self, stream, space, rules, hook=FORWARD, family=4):
        """The marks must be the numbers that ref finds."""
        bits, name = sets.BITS[family], "ref-" + stream
        if name not in self.expected:
            sets.write_ref_rules(self.path(name + ".rules"), rules, bits)
            sets.write_ref_headers(self.path(name + ".headers"), self.headers[stream], bits)
            subprocess.run([self.ref, self.path(name + ".rules"), self.path(name + ".headers"),
                            self.path(name), str(self.options.compare)], check=True)
            with open(self.path(name), "rb") as f:
                self.expected[name] = f.read()
        self.check(stream, space, hook, self.expected[name])

    def check(self, stream, space, hook, want):
        name = "answers-%d" % len(self.job["checks"])
        self.job["checks"].append({"stream": stream, "space": space, "hook": hook, "answers": name})
        self.expected[name] = want

    def extra(self, kind, name, what, **args):
        self.job["extra"].append(dict(args, kind=kind, name=name, what=what))

    def row(self, case, size, stream, spaces, target=None, against=None, series=None):
        """One line of the table.

        spaces: {engine: space}; of tqueue only the space.  target: at most so much
        of the best of the engines in against.  series: line of the plot.
        """
        points = {}
        for engine, space in spaces.items():
            if engine == "tqueue":
                for e in ("tq-match", "tq-hook"):
                    points[e] = self.point(stream, e, space)
            else:
                points[engine] = self.point(stream, engine, space)
        self.rows.append({"case": case, "size": size, "points": points, "target": target,
                          "against": against or [], "series": series})

    # ---- after the run ----

    def mismatches(self):
        """(differences, answers compared, what differs)"""
        wrong = compared = 0
        where = []
        ready = set()
        for c in self.job["checks"]:
            try:
                with open(self.path(c["answers"]), "rb") as f:
                    got = f.read()
            except FileNotFoundError:
                continue
            ready.add(c["space"])
            want = self.expected[c["answers"]]
            n = min(len(got), len(want)) // 4
            compared += n
            if got[:n * 4] == want[:n * 4]:
                continue
            g, w = struct.unpack("=%dI" % n, got[:n * 4]), struct.unpack("=%dI" % n, want[:n * 4])
            bad = [i for i in range(n) if g[i] != w[i]]
            wrong += len(bad)
            i = bad[0]
            where.append("%s in %s: %d of %d; header %d %s: got %d, want %d" % (
                c["stream"], c["space"], len(bad), n, i, self.headers[c["stream"]][i], g[i], w[i]))
        missing = [c["space"] for c in self.job["checks"] if c["space"] not in ready]
        return wrong, compared, where, missing
