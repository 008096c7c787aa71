#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random configurations for t_apply.sh, and whether the kernel has them.

  apply.py make SEED        a configuration: queues, tables, rules, hooks
  apply.py change SEED FILE another one, not very different from FILE
  apply.py same FILE        standard input ("tqctl save") is what FILE says

Rules are the same by priority and words.  Their order counts among rules of
one priority that can match the same packet; here that is decided anew, from
the words, by trying the corners of both.
"""
import ipaddress
import random
import sys


def rule(rng, queues):
    """Words of a rule, as the tool prints them, so that texts can be compared."""
    out = ["prio %d" % rng.choice([0, 0, 5, 9])]
    if rng.random() < 0.7:
        six = rng.random() < 0.3
        bits = rng.choice([16, 24, 30, 64, 128] if six else [8, 16, 24, 32])
        base = 0xfd09 << 112 if six else 10 << 24
        width = 128 if six else 32
        addr = (base + rng.getrandbits(3) * (1 << (width - 24))) >> (width - bits) << (width - bits)
        net = ipaddress.ip_network((addr, bits)) if six else ipaddress.ip_network((addr, bits))
        text = str(net)
        if bits == width:
            text = str(net.network_address)
        out.append("%s %s" % (rng.choice(["src", "dst"]), text))
    if rng.random() < 0.6:
        out.append("proto %s" % rng.choice(["tcp", "udp"]))
        if rng.random() < 0.6:
            lo = rng.randrange(8)
            hi = lo + rng.randrange(3)
            out.append("dport %s" % (lo if lo == hi else "%d-%d" % (lo, hi)))
    if rng.random() < 0.2:
        out.append("mark 0x%x/0xf" % rng.getrandbits(2))
    if rng.random() < 0.3:
        out.append("queue %s" % rng.choice(queues))
    out.append(rng.choice(["pass", "accept", "drop"]))
    if rng.random() < 0.2:
        out.append("timeout %dh" % rng.randrange(1, 3))
    return " ".join(out)


def make(rng):
    queues = ["q%d" % i for i in range(rng.randrange(1, 4))]
    tables = ["t%d" % i for i in range(rng.randrange(1, 4))]
    lines = ["queue add %s ring 16K snaplen %d" % (q, rng.choice([0, 64])) for q in queues]
    lines += ["table add " + t for t in tables]
    seen = set()
    for t in tables:
        for _ in range(rng.randrange(30)):
            words = rule(rng, queues)
            # The same rule twice is one rule for the kernel.
            key = (t, words.partition(" timeout ")[0])
            if key not in seen:
                seen.add(key)
                lines.append("rule add %s %s" % (t, words))
    points = [(f, h, p) for f in ("ip", "inet") for h in ("input", "output") for p in ("raw", "filter")]
    for f, h, p in rng.sample(points, rng.randrange(4)):
        lines.append("hook add %s family %s hook %s priority %s" % (rng.choice(tables), f, h, p))
    return lines


def change(rng, lines):
    """Some rules less, some more, some elsewhere."""
    rules = [n for n in lines if n.startswith("rule")]
    queues = [n.split()[2] for n in lines if n.startswith("queue")]
    tables = [n.split()[2] for n in lines if n.startswith("table")]
    for _ in range(rng.randrange(1, 6)):
        what = rng.randrange(3)
        if what and rules:
            gone = rules.pop(rng.randrange(len(rules)))
            if what == 2:
                rules.insert(rng.randrange(len(rules) + 1), gone)
        else:
            words = "rule add %s %s" % (rng.choice(tables), rule(rng, queues))
            bare = [r.partition(" timeout ")[0] for r in rules]
            if words.partition(" timeout ")[0] not in bare:
                rules.insert(rng.randrange(len(rules) + 1), words)
    return ([n for n in lines if n.split()[0] in ("queue", "table")] + rules +
            [n for n in lines if n.startswith("hook")])


def corners(words):
    """What a rule's words ask of a packet: a set for each property."""
    box = {"family": {4, 6}, "src": None, "dst": None, "proto": {"tcp", "udp", "other"},
           "dport": set(range(12)), "mark": set(range(16))}
    it = iter(words.split())
    for word in it:
        if word in ("src", "dst"):
            box[word] = ipaddress.ip_network(next(it))
            box["family"] = {box[word].version}
        elif word == "proto":
            box["proto"] = {next(it)}
        elif word == "dport":
            lo, _, hi = next(it).partition("-")
            box["dport"] = set(range(int(lo), int(hi or lo) + 1))
        elif word == "mark":
            value, mask = (int(v, 16) for v in next(it).split("/"))
            box["mark"] = {m for m in range(16) if m & mask == value}
    return box


def share(a, b):
    x, y = corners(a), corners(b)
    for key in ("family", "proto", "dport", "mark"):
        if not x[key] & y[key]:
            return False
    return all(x[k] is None or y[k] is None or x[k].overlaps(y[k]) for k in ("src", "dst"))


def parse(text):
    """queues {name: words}, tables {name: [(prio, words, timeout)]}, hooks"""
    queues, tables, hooks = {}, {}, []
    for line in text.splitlines():
        w = line.split()
        if w[0] == "queue":
            queues[w[2]] = dict(zip(w[3::2], w[4::2]))
        elif w[0] == "table":
            tables[w[2]] = []
        elif w[0] == "hook":
            hooks.append(" ".join(w[2:]))
        else:
            if w[3] == "handle":
                del w[3:5]
            words, _, timeout = " ".join(w[5:]).partition(" timeout ")
            tables[w[2]].append((int(w[4]), words, timeout))
    for rules in tables.values():
        rules.sort(key=lambda r: r[0])
    return queues, tables, sorted(hooks)


def same(want, have):
    wq, wt, wh = want
    hq, ht, hh = have
    bad = []
    if set(wq) != set(hq):
        bad.append("queues %s, not %s" % (sorted(hq), sorted(wq)))
    for q in set(wq) & set(hq):
        for key, value in wq[q].items():
            if hq[q].get(key) != value:
                bad.append("queue %s: %s %s, not %s" % (q, key, hq[q].get(key), value))
    if wh != hh:
        bad.append("hooks %s, not %s" % (hh, wh))
    if set(wt) != set(ht):
        bad.append("tables %s, not %s" % (sorted(ht), sorted(wt)))
    for t in set(wt) & set(ht):
        if sorted(wt[t]) != sorted(ht[t]):
            bad.append("table %s: too many %s, too few %s" % (
                t, sorted(set(ht[t]) - set(wt[t])), sorted(set(wt[t]) - set(ht[t]))))
            continue
        place = {r: i for i, r in enumerate(ht[t])}
        for i, a in enumerate(wt[t]):
            for b in wt[t][i + 1:]:
                if a[0] == b[0] and place[a] > place[b] and share(a[1], b[1]):
                    bad.append("table %s: %s is behind %s" % (t, a, b))
    return bad


def main():
    what = sys.argv[1]
    if what == "same":
        with open(sys.argv[2]) as f:
            bad = same(parse(f.read()), parse(sys.stdin.read()))
        print("\n".join(bad))
        return bool(bad)
    rng = random.Random(int(sys.argv[2]))
    if what == "make":
        print("\n".join(make(rng)))
    else:
        with open(sys.argv[3]) as f:
            print("\n".join(change(rng, f.read().splitlines())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
