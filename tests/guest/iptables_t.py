#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""iptables_t.py [--few] COMMAND FILE...: runs files in the format of the iptables project's
iptables-test.py with COMMAND (iptables-nft, ip6tables-legacy, ...), as TAP.

    # comment
    @shell command                  must succeed
    :CHAIN,CHAIN                    the rules that follow are tried in each
    *table                          and in this table
    rule;saved;OK                   is taken, and saved as that ("=": as the rule)
    rule;;FAIL                      is refused, and adds nothing

With --few only in the first chain.
"""
import shlex
import subprocess
import sys


def run(argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)


class Tester:
    def __init__(self, command, few):
        self.command, self.few = command, few
        self.n = self.failed = 0

    def result(self, problem, what):
        self.n += 1
        self.failed += bool(problem)
        print("%sok %d - %s: %s" % ("not " if problem else "", self.n, self.command, what))
        if problem:
            print("# " + problem.replace("\n", "\n# "))

    def saved(self, table, chain):
        out = run([self.command + "-save", "-t", table]).stdout
        return [t[len("-A %s " % chain):].rstrip() for t in out.splitlines() if t.startswith("-A %s " % chain)]

    def rule(self, table, chain, rule, want, good):
        """What is wrong, or None"""
        argv = [self.command, "-t", table, "-A", chain] + shlex.split(rule)
        added = run(argv)
        have = self.saved(table, chain)
        if not good:
            if added.returncode == 0 or have:
                return "was taken: %s" % have
            if not added.stdout.strip():
                return "was refused without a word"
            return None
        if added.returncode:
            return added.stdout.strip()
        if have != [want]:
            return "saved as %s, not %s" % (have, want)
        # What was saved is found and deleted by what it was added by.
        argv[3] = "-D"
        gone = run(argv)
        if gone.returncode or self.saved(table, chain):
            return "-D does not delete it: " + gone.stdout.strip()
        return None

    def file(self, path):
        table, chains = "filter", []
        with open(path) as f:
            for number, line in enumerate(f, 1):
                line = line.strip()
                where = "%s:%d: %s" % (path, number, line)
                if not line or line.startswith("#"):
                    continue
                if line.startswith("@"):
                    done = subprocess.run(line[1:], shell=True, check=False).returncode
                    if done:
                        self.result("status %d" % done, where)
                elif line.startswith(":"):
                    chains = line[1:].split(",")[:1 if self.few else None]
                elif line.startswith("*"):
                    table = line[1:]
                else:
                    rule, want, how = line.split(";")
                    want = rule if want == "=" else want
                    problems = [(c, self.rule(table, c, rule, want, how == "OK")) for c in chains]
                    bad = ["%s: %s" % p for p in problems if p[1]]
                    for c in chains:
                        run([self.command, "-t", table, "-F", c])
                    self.result("\n".join(bad) if chains else "in no chain", where)


def main():
    few = sys.argv[1] == "--few"
    command, *paths = sys.argv[1 + few:]
    tester = Tester(command, few)
    for path in paths:
        tester.file(path)
    return tester.failed != 0 or not tester.n


if __name__ == "__main__":
    sys.exit(main())
