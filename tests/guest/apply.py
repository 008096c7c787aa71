#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random configurations for t_apply.sh, and whether the kernel has them.

  apply.py make SEED        a configuration: queues, tables, rules, hooks
  apply.py change SEED FILE another one, not very different from FILE
  apply.py same FILE        standard input ("tqctl save") is what FILE says
  apply.py text             standard input ("tqctl -j save") as "tqctl save" has it
  apply.py shuffle          the same document, its names in another order

Rules are the same by priority and words.  Their order counts among rules of
one priority that can match the same packet; here that is decided anew, from
the words, by trying the corners of both.
"""
import ipaddress
import json
import random
import sys


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
# Words that mean something elsewhere may be names, too.
ODD = ["drop", "snaplen", "else", "name", "#", "...", "0", "_"]


def names(rng, first, count):
    """So many names, each with characters that no other has, some of 31."""
    chars = list(LETTERS + "-")
    rng.shuffle(chars)
    out = [first]
    while len(out) < count:
        name = "".join(chars.pop() for _ in range(rng.randrange(1, 12)) if chars)
        if rng.random() < 0.5:
            name += "".join(rng.choice(LETTERS + "-") for _ in range(31 - len(name)))
        if rng.random() < 0.2:
            name = rng.choice(ODD)
        if name and name[0] not in "-#" and name not in (".", "..", "timeout") and name not in out:
            out.append(name)
    return out


def some(rng, words):
    """One or more of the words, in their order, joined by commas."""
    return ",".join(w for w in words if rng.random() < 0.5) or words[0]


def address(rng):
    six = rng.random() < 0.3
    bits = rng.choice([16, 24, 30, 64, 128] if six else [8, 16, 24, 32])
    base = 0xfd09 << 112 if six else 10 << 24
    width = 128 if six else 32
    addr = (base + rng.getrandbits(3) * (1 << (width - 24))) >> (width - bits) << (width - bits)
    net = ipaddress.ip_network((addr, bits))
    return "%s %s" % (rng.choice(["src", "dst"]), net.network_address if bits == width else net)


def ports(rng):
    lo = rng.randrange(8)
    hi = lo + rng.randrange(3)
    return str(lo) if lo == hi else "%d-%d" % (lo, hi)


def rule(rng, queues):
    """Words of a rule, as the tool prints them, so that texts can be compared."""
    out = ["prio %d" % rng.choice([0, 0, 5, 9])]
    if rng.random() < 0.7:
        out.append(address(rng))
    elif rng.random() < 0.3:
        out.append("family %s" % rng.choice(["ip", "ip6"]))
    proto = rng.choice(["tcp", "tcp", "udp", "udp", "gre", "253", "", "", "", ""])
    if proto:
        out.append("proto " + proto)
    if proto in ("tcp", "udp"):
        out += ["%s %s" % (k, ports(rng)) for k in ("sport", "dport") if rng.random() < 0.4]
    if proto == "tcp" and rng.random() < 0.3:
        mask = some(rng, ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"])
        out.append("tcp-flags %s/%s" % (rng.choice(["none", mask]), mask))
    for chance, words in (
            (0.05, "iif " + rng.choice(["eth0", "v+", "a{b}[\\],"])),
            (0.05, "oif wg0"),
            (0.2, "mark 0x%x/0xf" % rng.getrandbits(2)),
            (0.1, "dscp %d" % rng.randrange(64)),
            (0.1, "len %s" % rng.choice(["0-100", "1500", "60-4294967295"])),
            (0.1, "frag " + some(rng, ["none", "first", "later"])),
            (0.1, "ct " + some(rng, ["new", "established", "related", "invalid", "untracked"]))):
        if rng.random() < chance:
            out.append(words)
    copies = rng.sample(queues, rng.randrange(len(queues) + 1)) if rng.random() < 0.4 else []
    for q in copies:
        out.append("queue " + q + rng.choice(["", " snaplen 64"]))
    if copies and rng.random() < 0.4:
        out.append(rng.choice(["sample 10", "limit 100/s burst 100", "limit 5/s burst 7"]))
    for chance, words in (
            (0.1, "set-mark 0x%x%s" % (rng.getrandbits(4), rng.choice(["", "/0xff"]))),
            (0.1, "ttl %s %d" % (rng.choice(["set", "inc", "dec"]), rng.randrange(1, 256))),
            (0.1, "set-dscp %d" % rng.randrange(64))):
        if rng.random() < chance:
            out.append(words)
    verdicts = ["pass", "accept", "drop", "drop", "drop", "next", "repeat", "nfqueue 7", "nfqueue 0 bypass"]
    verdicts += ["steal %s else %s" % (q, rng.choice(["drop", "pass"])) for q in queues if q not in copies]
    out.append(rng.choice(verdicts))
    if rng.random() < 0.2:
        out.append("timeout %s" % rng.choice(["1h", "2h", "1d1h1s1ms"]))
    return " ".join(out)


def make(rng):
    queues = names(rng, "q", rng.randrange(1, 5))
    tables = names(rng, "t", rng.randrange(1, 5))
    # A queue of one name has one mode: it can't change.
    lines = ["queue add %s mode %s ring 16K snaplen %d" % (
        q, "stream" if sum(map(ord, q)) % 3 else "log", rng.choice([0, 64])) for q in queues]
    lines += ["table add " + t for t in tables]
    for t in tables:
        rules = [rule(rng, queues) for _ in range(rng.randrange(30))]
        # Twins, and such as differ in their timeouts only.
        for twin in rng.sample(rules, len(rules) // 8):
            bare = twin.partition(" timeout ")[0]
            rules.insert(rng.randrange(len(rules)), rng.choice([twin, bare, bare + " timeout 3h"]))
        lines += ["rule add %s %s" % (t, r) for r in rules]
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
            rules.insert(rng.randrange(len(rules) + 1), words)
    return ([n for n in lines if n.split()[0] in ("queue", "table")] + rules +
            [n for n in lines if n.startswith("hook")])


def corners(words):
    """What a rule's words ask of a packet: a set for each property."""
    box = {"family": {4, 6}, "src": None, "dst": None, "proto": {"tcp", "udp", "gre", "253", "other"},
           "sport": set(range(12)), "dport": set(range(12)), "mark": set(range(16))}
    it = iter(words.split())
    for word in it:
        if word in ("src", "dst"):
            box[word] = ipaddress.ip_network(next(it))
            box["family"] = {box[word].version}
        elif word == "proto":
            box["proto"] = {next(it)}
        elif word == "family":
            box["family"] = {6 if next(it) == "ip6" else 4}
        elif word in ("sport", "dport"):
            lo, _, hi = next(it).partition("-")
            box[word] = set(range(int(lo), int(hi or lo) + 1))
        elif word == "mark":
            value, mask = (int(v, 16) for v in next(it).split("/"))
            box["mark"] = {m for m in range(16) if m & mask == value}
        else:
            next(it, None)      # its value, or the end; verdicts come behind all of these
    return box


def share(a, b):
    x, y = corners(a), corners(b)
    for key in ("family", "proto", "sport", "dport", "mark"):
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
        # Of twins, the first that is wanted is the first that is there.
        places = {}
        for i, r in enumerate(ht[t]):
            places.setdefault(r, []).append(i)
        place = [places[r].pop(0) for r in wt[t]]
        for i, a in enumerate(wt[t]):
            for k, b in enumerate(wt[t][:i]):
                if a[0] == b[0] and place[k] > place[i] and share(a[1], b[1]):
                    bad.append("table %s: %s is behind %s" % (t, b, a))
    return bad


# ---- JSON, in the words of the text ----

UNITS = (("d", 86400000), ("h", 3600000), ("m", 60000), ("s", 1000), ("ms", 1))


def time(ms):
    out = ""
    for unit, size in UNITS:
        if ms >= size:
            out += "%d%s" % (ms // size, unit)
            ms %= size
    return out or "0s"


def size(n):
    for unit, shift in (("G", 30), ("M", 20), ("K", 10)):
        if n and not n & ((1 << shift) - 1):
            return "%d%s" % (n >> shift, unit)
    return str(n)


def span(v):
    return str(v["min"]) if v["min"] == v["max"] else "%d-%d" % (v["min"], v["max"])


def masked(v):
    return "0x%x" % v["value"] + ("" if v["mask"] == 0xffffffff else "/0x%x" % v["mask"])


def flags(v):
    all_flags = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"]
    return "/".join(",".join(f for i, f in enumerate(all_flags) if v[k] >> i & 1) or "none"
                    for k in ("value", "mask"))


def queue_words(q):
    return "queue add %s mode %s ring %s snaplen %d watermark %s flush %s" % (
        q["name"], q["mode"], size(q["ring_bytes"]), q["snaplen"], size(q["watermark_bytes"]),
        time(q["flush_us"] // 1000))


def rule_words(r):
    out = ["rule add %s handle %d prio %d" % (r["table"], r["handle"], r["prio"])]
    if "src" not in r and "dst" not in r and "family" in r:
        out.append("family " + r["family"])
    for key, fn in (("src", str), ("dst", str), ("proto", str), ("sport", span), ("dport", span),
                    ("icmp_type", str), ("tcp_flags", flags), ("iif", str), ("oif", str),
                    ("mark", masked), ("dscp", str), ("len", span), ("frag", ",".join),
                    ("ct", ",".join)):
        if key in r:
            out.append("%s %s" % (key.replace("_", "-"), fn(r[key])))
    for q in r.get("queues", ()):
        out.append("queue " + q["name"] + (" snaplen %d" % q["snaplen"] if "snaplen" in q else ""))
    for key, text in (("sample", "sample %d"), ("limit", "limit %d/s"), ("burst", "burst %d")):
        if key in r:
            out.append(text % r[key])
    if "set_mark" in r:
        out.append("set-mark " + masked(r["set_mark"]))
    if "ttl_set" in r:
        out.append("ttl set %d" % r["ttl_set"])
    if "ttl_add" in r:
        out.append("ttl %s %d" % ("dec" if r["ttl_add"] < 0 else "inc", abs(r["ttl_add"])))
    if "set_dscp" in r:
        out.append("set-dscp %d" % r["set_dscp"])
    out.append(r["verdict"])
    if "nfqueue" in r:
        out.append(str(r["nfqueue"]) + (" bypass" if r.get("bypass") else ""))
    if "steal" in r:
        out.append(r["steal"])
    if "steal_else" in r:
        out.append("else " + r["steal_else"])
    if "timeout_ms" in r:
        out.append("timeout " + time(r["timeout_ms"]))
    return " ".join(out)


def hook_words(h):
    name = {-300: "raw", 0: "filter"}[h["priority"]]
    return "hook add %s family %s hook %s priority %s" % (h["table"], h["family"], h["hook"], name)


def text_of(doc):
    """What "tqctl save" prints where "tqctl -j save" prints @doc."""
    out = [queue_words(q) for q in doc["queues"]]
    for t in doc["tables"]:
        out.append("table add " + t["name"])
        out += [rule_words(r) for r in doc["rules"] if r["table"] == t["name"]]
    return out + [hook_words(h) for h in doc["hooks"]]


def main():
    what = sys.argv[1]
    if what == "text":
        print("\n".join(text_of(json.load(sys.stdin))))
        return 0
    if what == "shuffle":
        print(json.dumps(json.load(sys.stdin), indent=3, sort_keys=True))
        return 0
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
