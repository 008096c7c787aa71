# SPDX-License-Identifier: GPL-2.0-only
"""Sets of rules and streams of headers: made by seeded generators or read from
files, and written in the words of tqctl, of the neighbours, and of ref.

A rule is a Rule, addresses as integers; the place in the list is its priority.
A header is (src, dst, sport, dport, proto).
"""
import collections
import ipaddress
import random
import re
import struct

Rule = collections.namedtuple("Rule", "src slen dst dlen sports dports proto")
ANY = (0, 65535)
PORTS = {6, 17, 33, 132, 136}
BITS = {4: 32, 6: 128}


def single(src, bits=32):
    return Rule(src, bits, 0, 0, ANY, ANY, None)


def prefix(src, slen):
    return Rule(src, slen, 0, 0, ANY, ANY, None)


def top(addr, plen, bits=32):
    return addr >> (bits - plen) << (bits - plen)


def last(addr, plen, bits=32):
    return addr | ((1 << (bits - plen)) - 1)


# ---- made sets ----

def mix(i, seed):
    """A permutation of the 32-bit numbers: distinct addresses without a memory."""
    x = (i * 0x9E3779B1 + seed * 0x85EBCA6B + 0x7F4A7C15) & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 0x2C1B3C6D & 0xFFFFFFFF
    x ^= x >> 12
    x = x * 0x297A2D39 & 0xFFFFFFFF
    return x ^ x >> 15


def singles(n, seed):
    return [single(mix(i, seed)) for i in range(n)]


def lengths8(n, seed):
    """Prefixes of eight lengths, as blocklists have them: most are /24, few short."""
    share = [(16, 2), (18, 8), (20, 40), (22, 100), (24, 400), (26, 150), (28, 150), (32, 150)]
    rng = random.Random(seed)
    out = set()
    for plen, per_mille in share:
        want = len(out) + max(1, n * per_mille // 1000)
        while len(out) < want:
            out.add((top(rng.getrandbits(32), plen), plen))
    return [prefix(a, p) for a, p in sorted(out)][:n]


def nested(n, seed):
    """Prefixes in prefixes, four lengths; the longest that holds an address wins."""
    rng = random.Random(seed)
    levels = [(16, n // 50), (20, n // 6), (24, n // 3)]
    levels.append((28, n - sum(count for _, count in levels)))
    out, above = [], [(0, 0)]
    for plen, count in levels:
        mine = set()
        while len(mine) < count:
            base, blen = above[rng.randrange(len(above))]
            mine.add((top(base | rng.getrandbits(32 - blen), plen), plen))
        above = sorted(mine)
        out += above
    out.sort(key=lambda p: -p[1])
    return [prefix(a, p) for a, p in out]


def disjoint(n, seed):
    """As many prefixes that do not overlap, for those who can't hold others."""
    rng = random.Random(seed)
    out = []
    for block in sorted(rng.sample(range(1 << 24), n)):
        plen = rng.choice((24, 26, 28, 32))
        out.append(prefix(top(block << 8 | rng.getrandbits(8), plen), plen))
    return out


# How the made 5-tuple sets differ, roughly as the families of ClassBench do:
#	any_src, any_dst	how often a side is not given
#	pool			distinct prefixes of a side, as a share of the rules
#	sport, dport		how often (none, one, a range) of ports
#	deep			how often a prefix lies in one that is there already
FAMILIES = {
    "acl": {"any_src": .05, "any_dst": .01, "pool": .12, "deep": .6,
            "sport": (1, 0, 0), "dport": (.35, .45, .2)},
    "fw": {"any_src": .35, "any_dst": .2, "pool": .03, "deep": .3,
           "sport": (.7, .1, .2), "dport": (.4, .4, .2)},
    "ipc": {"any_src": .1, "any_dst": .1, "pool": .06, "deep": .5,
            "sport": (.8, .1, .1), "dport": (.5, .3, .2)},
}
RANGES = [(1024, 65535), (0, 1023), (1, 65535), (5060, 5061), (6660, 6670), (135, 139), (6000, 6063)]
COMMON = [80, 443, 25, 53, 22, 21, 110, 143, 123, 161, 389, 1521, 1433, 3306, 8080, 5060]


def five_tuple(family, n, seed):
    """A set of n distinct rules, overlapping in all five dimensions."""
    f = FAMILIES[family]
    rng = random.Random("%s %d" % (family, seed))
    lengths = [8, 12, 16, 18, 19, 20, 21, 22, 23, 24, 24, 24, 25, 26, 27, 28, 29, 30, 31, 32, 32, 32, 32]

    def make_pool(count):
        pool = []
        for _ in range(max(4, count)):
            plen = rng.choice(lengths)
            a = rng.getrandbits(32)
            if pool and rng.random() < f["deep"]:
                base, blen = pool[rng.randrange(len(pool))]
                plen = max(plen, blen)
                a = base | (a & ((1 << (32 - blen)) - 1))
            pool.append((top(a, plen), plen))
        return pool

    def ports(shares):
        x = rng.random()
        if x < shares[0]:
            return ANY
        if x < shares[0] + shares[1]:
            p = rng.choice(COMMON) if rng.random() < .7 else rng.randrange(65536)
            return p, p
        if rng.random() < .7:
            return rng.choice(RANGES)
        a = rng.randrange(65536)
        return a, min(65535, a + rng.randrange(1, 2000))

    sources, targets = make_pool(int(n * f["pool"])), make_pool(int(n * f["pool"]))
    out = {}
    while len(out) < n:
        src = (0, 0) if rng.random() < f["any_src"] else rng.choice(sources)
        dst = (0, 0) if rng.random() < f["any_dst"] else rng.choice(targets)
        sports, dports = ports(f["sport"]), ports(f["dport"])
        proto = rng.choice((6, 6, 6, 17, 17, None))
        if (sports, dports) == (ANY, ANY) and rng.random() < .1:
            proto = 1
        if src[1] + dst[1] < 16:
            continue            # what hits everything would hide all behind it
        out[Rule(*src, *dst, sports, dports, proto)] = None
    rules = list(out)
    # The most specific first, on the whole: or most would never be hit.
    rules.sort(key=lambda r: -(r.slen + r.dlen + rng.randrange(16)))
    return rules


def plain(rules, seed):
    """As many rules that overlap in no two: each has a source /24 or longer of its
    own, and the destination and the ports of a rule.
    """
    rng = random.Random(seed)
    blocks = rng.sample(range(1 << 24), len(rules))
    out = []
    for block, r in zip(blocks, rules):
        slen = rng.choice((24, 26, 28, 32))
        src = top(block << 8 | rng.getrandbits(8), slen)
        out.append(Rule(src, slen, r.dst, r.dlen, r.sports, r.dports, r.proto if r.proto in PORTS else 6))
    return out


# ---- read sets ----

CLASSBENCH = re.compile(
    r"@?\s*([0-9A-Fa-f.:]+)/(\d+)\s+([0-9A-Fa-f.:]+)/(\d+)\s+(\d+)\s*:\s*(\d+)\s+(\d+)\s*:\s*(\d+)\s+"
    r"(0x[0-9A-Fa-f]+|\d+)/(0x[0-9A-Fa-f]+|\d+)")


def address(text):
    a = ipaddress.ip_address(text)
    return a.version, int(a)


def read_classbench(path):
    """(version, rules) of a ClassBench rule file; bits beyond a prefix are cut off."""
    out, version = [], None
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            m = CLASSBENCH.match(line)
            if not m:
                raise ValueError("%s:%d: not a rule: %s" % (path, number, line[:80]))
            (v, src), (w, dst) = address(m[1]), address(m[3])
            slen, dlen = int(m[2]), int(m[4])
            ports = [int(m[i]) for i in range(5, 9)]
            proto, mask = int(m[9], 0), int(m[10], 0)
            if v != w or version not in (None, v):
                raise ValueError("%s:%d: IPv4 and IPv6 mixed" % (path, number))
            version = v
            if max(slen, dlen) > BITS[v] or ports[0] > ports[1] or ports[2] > ports[3] or max(ports) > 65535:
                raise ValueError("%s:%d: a prefix or range is wrong" % (path, number))
            if mask not in (0, 255):
                raise ValueError("%s:%d: a mask of a protocol" % (path, number))
            out.append(Rule(top(src, slen, BITS[v]), slen, top(dst, dlen, BITS[v]), dlen,
                            (ports[0], ports[1]), (ports[2], ports[3]), proto if mask else None))
    if not out:
        raise ValueError("%s: no rules" % path)
    return version, out


def number(word):
    return int(word, 0) if word.isdigit() or word.startswith("0x") else int(ipaddress.ip_address(word))


def read_trace(path):
    """Headers of a ClassBench trace; further columns are not looked at."""
    out = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            w = line.split()
            if w and not w[0].startswith("#"):
                out.append((number(w[0]), number(w[1]), int(w[2]), int(w[3]), int(w[4], 0)))
    if not out:
        raise ValueError("%s: no headers" % path)
    return out


def read_iplist(paths):
    """{version: rules} of lists of addresses, prefixes and ranges, one a line; the
    longest prefix first, so that the most exact entry wins.
    """
    found = {4: set(), 6: set()}
    unreadable = 0
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                words = line.split("#")[0].split(";")[0].split()
                if not words:
                    continue
                try:
                    add_entry(found, words[0].strip(","))
                except ValueError:
                    unreadable += 1
    rules = {}
    for v, entries in found.items():
        if entries:
            rules[v] = [prefix(a, p) for a, p in sorted(entries, key=lambda e: (-e[1], e[0]))]
    return rules, unreadable


def add_entry(found, word):
    if "-" in word:
        first, end = map(ipaddress.ip_address, word.split("-"))
        for net in ipaddress.summarize_address_range(first, end):
            found[net.version].add((int(net.network_address), net.prefixlen))
        return
    base, _, plen = word.partition("/")
    if ":" in base:
        a, v = int(ipaddress.IPv6Address(base)), 6
    else:
        q = [int(x) for x in base.split(".")]
        if len(q) != 4 or min(q) < 0 or max(q) > 255:
            raise ValueError(word)
        a, v = q[0] << 24 | q[1] << 16 | q[2] << 8 | q[3], 4
    plen = int(plen) if plen else BITS[v]
    if not 0 <= plen <= BITS[v]:
        raise ValueError(word)
    found[v].add((top(a, plen, BITS[v]), plen))


# ---- headers ----

def inside(rules, n, seed, bits=32, edge=True):
    """Headers in rules, drawn at random: anywhere, in corners, and, with edge, one
    step outside of one field.
    """
    rng = random.Random(seed)
    limit = ((1 << bits) - 1, (1 << bits) - 1, 65535, 65535, 255)
    out = []
    for _ in range(n):
        r = rules[rng.randrange(len(rules))]
        ranges = ((r.src, last(r.src, r.slen, bits)), (r.dst, last(r.dst, r.dlen, bits)), r.sports, r.dports,
                  (6, 17) if r.proto is None else (r.proto, r.proto))
        kind = rng.randrange(3) if edge else 0
        if kind:
            h = [rng.choice(x) for x in ranges]
        else:
            h = [rng.randint(*x) for x in ranges[:4]] + [rng.choice(ranges[4])]
        if kind == 2:
            i = rng.randrange(5)
            lo, hi = ranges[i]
            beside = [x for x in (lo - 1, hi + 1) if 0 <= x <= limit[i]]
            if beside:
                h[i] = rng.choice(beside)
        out.append(tuple(h))
    return out


def from_src(addresses):
    return [(a, 0xC0A80001, 1000, 2000, 17) for a in addresses]


def hits(rules, n, seed, bits=32):
    rng = random.Random(seed)
    out = []
    for _ in range(n):
        r = rules[rng.randrange(len(rules))]
        out.append(r.src if r.slen == bits else r.src | rng.getrandbits(bits - r.slen))
    return from_src(out)


def misses(rules, n, seed, bits=32):
    """Addresses that no rule (of source only) holds."""
    rng = random.Random(seed)
    by_len = {}
    for r in rules:
        by_len.setdefault(r.slen, set()).add(r.src)
    out = []
    while len(out) < n:
        a = rng.getrandbits(bits)
        if not any(top(a, plen, bits) in have for plen, have in by_len.items()):
            out.append(a)
    return from_src(out)


# ---- what others read ----

def text4(a):
    return "%d.%d.%d.%d" % (a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255)


def text(a, bits):
    return text4(a) if bits == 32 else str(ipaddress.IPv6Address(a))


def cidr(a, plen, bits=32):
    return text(a, bits) if plen == bits else "%s/%d" % (text(a, bits), plen)


PROTO_NAMES = {1: "icmp", 6: "tcp", 17: "udp"}


def write_tqctl(path, rules, bits=32, marks=False, before="", after="", table="t"):
    """A batch. With marks each rule marks with its number, from 1: that is how the
    kernel's answers come back.
    """
    family = "ip" if bits == 32 else "ip6"
    with open(path, "w", encoding="ascii") as f:
        f.write("table add %s\n%s" % (table, before))
        for i, r in enumerate(rules, 1):
            w = ["rule add", table]
            if r.slen:
                w.append("src " + cidr(r.src, r.slen, bits))
            if r.dlen:
                w.append("dst " + cidr(r.dst, r.dlen, bits))
            if not r.slen and not r.dlen:
                w.append("family " + family)
            if r.proto is not None:
                w.append("proto %d" % r.proto)
            if r.sports != ANY or r.dports != ANY:
                if r.sports != ANY:
                    w.append("sport %d-%d" % r.sports)
                if r.dports != ANY:
                    w.append("dport %d-%d" % r.dports)
            if marks:
                w.append("set-mark %d" % i)
            w.append("accept\n")
            f.write(" ".join(w))
        f.write(after)


def write_ipset(path, kind, rules, bits=32):
    """kind: hash:ip or hash:net"""
    size = 1024
    while size < len(rules) // 2:
        size *= 2
    with open(path, "w", encoding="ascii") as f:
        f.write("create s %s family inet%s hashsize %d maxelem %d\n"
                % (kind, "" if bits == 32 else "6", size, len(rules) + 1))
        for r in rules:
            f.write("add s %s\n" % cidr(r.src, r.slen, bits))


def write_nft(path, rules, flags=""):
    """A set of source addresses; flags "interval" for prefixes.  What hits is
    accepted on prerouting and dropped on output.
    """
    with open(path, "w", encoding="ascii") as f:
        f.write("table ip t {\n\tset s {\n\t\ttype ipv4_addr\n")
        if flags:
            f.write("\t\tflags %s\n" % flags)
        f.write("\t\telements = {\n")
        f.write(",\n".join(cidr(r.src, r.slen) for r in rules))
        f.write("\n\t\t}\n\t}\n")
        f.write(NFT_CHAINS % ("ip saddr @s", "ip saddr @s"))


NFT_CHAINS = """	chain pre {
		type filter hook prerouting priority 0
		%s accept
	}
	chain out {
		type filter hook output priority 0
		%s drop
	}
}
"""


def write_nft_ranges(path, rules):
    """A set of five concatenated ranges."""
    def ports(p):
        return "%d" % p[0] if p[0] == p[1] else "%d-%d" % p

    match = "ip saddr . ip daddr . ip protocol . th sport . th dport @s"
    with open(path, "w", encoding="ascii") as f:
        f.write("table ip t {\n\tset s {\n\t\ttype ipv4_addr . ipv4_addr . inet_proto . "
                "inet_service . inet_service\n\t\tflags interval\n\t\telements = {\n")
        f.write(",\n".join("%s . %s . %s . %s . %s" % (
            cidr(r.src, r.slen), cidr(r.dst, r.dlen) if r.dlen else "0.0.0.0-255.255.255.255",
            PROTO_NAMES.get(r.proto, r.proto), ports(r.sports), ports(r.dports)) for r in rules))
        f.write("\n\t\t}\n\t}\n")
        f.write(NFT_CHAINS % (match, match))


def write_iptables(path, rules):
    """Linear rules: ACCEPT on PREROUTING, DROP on OUTPUT."""
    with open(path, "w", encoding="ascii") as f:
        f.write("*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n")
        for chain, target in (("PREROUTING", "ACCEPT"), ("OUTPUT", "DROP")):
            for r in rules:
                w = ["-A", chain]
                if r.slen:
                    w += ["-s", cidr(r.src, r.slen)]
                if r.dlen:
                    w += ["-d", cidr(r.dst, r.dlen)]
                if r.proto is not None:
                    w += ["-p", PROTO_NAMES.get(r.proto, str(r.proto))]
                if r.sports != ANY:
                    w += ["--sport", "%d:%d" % r.sports]
                if r.dports != ANY:
                    w += ["--dport", "%d:%d" % r.dports]
                f.write(" ".join(w + ["-j", target]) + "\n")
        f.write("COMMIT\n")


def words(a, bits):
    """An address as ref has it."""
    if bits == 32:
        return a, 0, 0, 0
    return a >> 96, a >> 64 & 0xFFFFFFFF, a >> 32 & 0xFFFFFFFF, a & 0xFFFFFFFF


def write_ref_rules(path, rules, bits=32):
    pack = struct.Struct("=16I4H4B").pack
    full = (1 << bits) - 1
    mask = [words(top(full, n, bits), bits) for n in range(bits + 1)]
    with open(path, "wb") as f:
        for r in rules:
            f.write(pack(*words(r.src, bits), *mask[r.slen], *words(r.dst, bits), *mask[r.dlen],
                         *r.sports, *r.dports, r.proto or 0, 0 if r.proto is None else 255,
                         (r.sports, r.dports) != (ANY, ANY), 0))


def write_ref_headers(path, headers, bits=32):
    pack = struct.Struct("=8I2HB3x").pack
    with open(path, "wb") as f:
        for src, dst, sport, dport, proto in headers:
            f.write(pack(*words(src, bits), *words(dst, bits), sport, dport, proto))


def write_stream(path, headers, bits=32):
    """As tqbench.h has it."""
    pack = struct.Struct(">IIHHB3x" if bits == 32 else ">8IHHB3x").pack
    with open(path, "wb") as f:
        for src, dst, sport, dport, proto in headers:
            if bits == 32:
                f.write(pack(src, dst, sport, dport, proto))
            else:
                f.write(pack(*words(src, bits), *words(dst, bits), sport, dport, proto))
