#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""mutate.py DIR: from uapi/tqueue.yaml, for each operation, do and dump, and each
attribute that it takes, in nests too: every way to get that attribute wrong.
Writes into folder DIR mutations.cases for tqnl (tests/guest/tools/tqnl.c explains
the lines), operations.cases, a valid request of each operation, for those who may
not, and spec.json for policy.py: guests have no YAML.

What an attribute may be is read from the spec alone.  Here is only what the
spec cannot say: a valid request of each operation (OPS), and for an attribute
that is of no use alone, or whose first value in range is none, a valid value and
what goes with it (VALUES).  A new attribute gets a value by its type; if that
makes no valid request, the test says so, and it needs a line in VALUES.
"""
import json
import os
import sys

import yaml

SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../uapi/tqueue.yaml")
BITS = {"u32": 32, "u64": 64, "s32": 32}


class Nest(dict):
    """The attributes in a nest, by name."""


def nest(*pairs):
    return Nest(pairs)


TCP, ICMP = ("proto", "u32:6"), ("proto", "u32:1")
V4, COPY = ("family", "u32:2"), ("copy", nest(("queue", "str:q")))
NFQUEUE, STEAL = ("verdict", "u32:6"), ("verdict", "u32:7")
SRC, DST = ("src", "hex:0a000001"), ("dst", "hex:0a000002")

# (attribute set, attribute): value, and what must come with it
VALUES = {
    ("queue", "name"): ("str:victim",),
    ("queue", "ring-size"): ("u32:16384",),
    ("queue", "watermark"): ("u32:4096",),
    ("queue", "open-flags"): ("u32:2",),
    ("table", "name"): ("str:victim",),
    ("table", "txn"): ("u32:$txn",),
    ("rules", "table"): ("str:u",),
    ("rules", "txn"): ("u32:$txn",),
    ("rules", "rule"): (nest(),),
    ("rules", "filter"): (nest(),),
    ("rules", "packet"): (nest(V4),),
    ("copy", "queue"): ("str:q",),
    ("copy", "snaplen"): ("u32:60", ("queue", "str:q")),
    ("filter", "queue"): ("str:q",),
    ("filter", "prio-max"): ("u32:9",),
    ("filter", "src"): SRC[1:],
    ("filter", "dst"): DST[1:],
    ("rule", "handle"): ("u64:7",),
    ("rule", "src"): (SRC[1], V4),
    ("rule", "dst"): (DST[1], V4),
    ("rule", "src-len"): ("u32:32", V4, SRC),
    ("rule", "dst-len"): ("u32:32", V4, DST),
    ("rule", "sport-min"): ("u32:1", TCP, ("sport-max", "u32:2")),
    ("rule", "sport-max"): ("u32:2", TCP, ("sport-min", "u32:1")),
    ("rule", "dport-min"): ("u32:1", TCP, ("dport-max", "u32:2")),
    ("rule", "dport-max"): ("u32:2", TCP, ("dport-min", "u32:1")),
    ("rule", "icmp-type"): ("u32:8", ICMP),
    ("rule", "icmp-code"): ("u32:0", ICMP, ("icmp-type", "u32:8")),
    ("rule", "tcp-flags"): ("u32:2", TCP, ("tcp-mask", "u32:2")),
    ("rule", "tcp-mask"): ("u32:2", TCP, ("tcp-flags", "u32:2")),
    ("rule", "mark-mask"): ("u32:1", ("mark", "u32:1")),
    ("rule", "len-min"): ("u32:1", ("len-max", "u32:2")),
    ("rule", "len-max"): ("u32:2", ("len-min", "u32:1")),
    ("rule", "copy"): (COPY[1],),
    ("rule", "sample"): ("u32:2", COPY),
    ("rule", "rate"): ("u32:2", COPY),
    ("rule", "burst"): ("u32:2", COPY, ("rate", "u32:2")),
    ("rule", "set-mark-mask"): ("u32:1", ("set-mark", "u32:1")),
    ("rule", "nfqueue-num"): ("u32:1", NFQUEUE),
    ("rule", "flags"): ("u32:1", NFQUEUE, ("nfqueue-num", "u32:1")),
    ("rule", "steal-queue"): ("str:q", STEAL),
    ("rule", "steal-else"): ("u32:1", STEAL, ("steal-queue", "str:q")),
    ("rule", "timeout-ms"): ("u64:600000",),
    ("rule", "expires-ms"): ("u64:500000", ("timeout-ms", "u64:600000")),
    ("packet", "src"): (SRC[1], V4),
    ("packet", "dst"): (DST[1], V4),
    ("packet", "sport"): ("u32:1", V4, TCP),
    ("packet", "dport"): ("u32:1", V4, TCP),
    ("packet", "icmp-type"): ("u32:8", V4, ICMP),
    ("packet", "icmp-code"): ("u32:0", V4, ICMP),
    ("packet", "tcp-flags"): ("u32:2", V4, TCP),
    ("hook", "table"): ("str:u",),
    ("hook", "family"): ("u32:1",),
    ("hook", "device"): ("str:lo", ("family", "u32:5"), ("point", "u32:6")),
    ("txn", "id"): ("u32:$txn",),
    ("txn", "confirm-ms"): ("u32:3600000",),
}

# What the spec does not say of an attribute: further values that are refused.
BAD = {
    ("queue", "open-flags"): ["u32:1", "u32:3", "u32:0x40000000", "u32:0xffffffff"],
    ("queue", "ring-size"): ["u32:0", "u32:1", "u32:4096", "u32:16385", "u32:0x80000000", "u32:0xffffffff"],
    ("queue", "flush-us"): ["u32:0", "u32:0xffffffff"],
    ("queue", "watermark"): ["u32:0xffffffff"],
    ("txn", "confirm-ms"): ["u32:0"],
}


class Op:
    """@ways: the attributes of the shortest valid requests, each of them needed.
    @before makes what the requests are about, @again makes it anew when one was
    taken, @after cleans up.  @only: of a nest, what this operation takes."""

    def __init__(self, *ways, before=(), again=(), after=(), only=None, dump=None):
        self.ways, self.before, self.again, self.after = ways or ({},), before, again, after
        self.only, self.dump = only, ({},) if dump is None else dump


ANY_QUEUE = ({"name": "str:r"}, {"id": "u32:$r"})
ANY_TABLE = ({"name": "str:u"}, {"id": "u32:$u"})
VICTIM = ({"name": "str:victim"}, {"id": "u32:$last"})
Q_NEW, Q_DEL = "QUEUE_NEW QUEUE_NAME=str:victim", "QUEUE_DEL QUEUE_NAME=str:victim"
T_NEW, T_DEL = "TABLE_NEW TABLE_NAME=str:victim", "TABLE_DEL TABLE_NAME=str:victim"
R_NEW = "RULE_NEW RULES_TABLE=str:u RULES_RULE={ RULE_HANDLE=u64:7 }"
R_FLUSH = "TABLE_FLUSH TABLE_NAME=str:u"
H_NEW = "HOOK_NEW HOOK_TABLE=str:u HOOK_FAMILY=u32:1 HOOK_POINT=u32:2"
H_DEL = "HOOK_DEL HOOK_ID=u32:$last"
BEGIN, ABORT = "TXN_BEGIN", "TXN_ABORT TXN_ID=u32:$txn"
COMMIT = "TXN_COMMIT TXN_ID=u32:$txn TXN_CONFIRM_MS=u32:3600000"
HANDLE = nest(("handle", "u64:7"))


def rules(**inner):
    return tuple(dict(table, **inner) for table in ({"table": "str:u"}, {"table-id": "u32:$u"}))


OPS = {
    "version-get": Op(),
    "queue-new": Op({"name": "str:victim"}, again=[Q_DEL]),
    "queue-set": Op(*ANY_QUEUE),
    "queue-del": Op(*VICTIM, before=[Q_NEW], again=[Q_NEW], after=[Q_DEL]),
    "queue-get": Op(*ANY_QUEUE),
    "queue-open": Op(*ANY_QUEUE),
    "queue-flush": Op(*ANY_QUEUE),
    "table-new": Op({"name": "str:victim"}, again=[T_DEL]),
    "table-set": Op(*VICTIM, before=[T_NEW], after=[T_DEL]),
    "table-del": Op(*VICTIM, before=[T_NEW], again=[T_NEW], after=[T_DEL]),
    "table-get": Op(*ANY_TABLE),
    "table-flush": Op(*ANY_TABLE, before=[BEGIN], after=[ABORT]),
    "rule-new": Op(*rules(rule=nest()), before=[BEGIN], again=[ABORT, R_FLUSH, BEGIN], after=[ABORT]),
    "rule-set": Op(*rules(rule=HANDLE), before=[R_NEW, BEGIN], again=[ABORT, R_FLUSH, R_NEW, BEGIN],
                   after=[ABORT, R_FLUSH]),
    "rule-del": Op(*rules(rule=HANDLE), before=[R_NEW, BEGIN], again=[ABORT, R_FLUSH, R_NEW, BEGIN],
                   after=[ABORT, R_FLUSH], only={"rule": ["handle"]}),
    "rule-get": Op(*rules(rule=HANDLE), before=[R_NEW], after=[R_FLUSH], only={"rule": ["handle"]},
                   dump=rules()),
    "rule-test": Op(*rules(packet=nest(V4)), dump=rules(packet=nest(V4))),
    "hook-new": Op({"table": "str:u", "family": "u32:1", "point": "u32:1"}, again=[H_DEL]),
    "hook-set": Op({"id": "u32:$last", "table": "str:t"}, before=[H_NEW], after=[H_DEL]),
    "hook-del": Op({"id": "u32:$last"}, before=[H_NEW], again=[H_NEW], after=[H_DEL]),
    "hook-get": Op({"id": "u32:$last"}, before=[H_NEW], after=[H_DEL]),
    "stats-get": Op(),
    "txn-begin": Op(again=[ABORT]),
    "txn-commit": Op({"id": "u32:$txn"}, before=[BEGIN], again=[BEGIN], after=[ABORT]),
    "txn-abort": Op({"id": "u32:$txn"}, before=[BEGIN], again=[BEGIN], after=[ABORT]),
    "txn-confirm": Op({"id": "u32:$txn"}, before=[BEGIN, COMMIT], again=[BEGIN, COMMIT], after=[ABORT]),
    "txn-get": Op(),
}


class Spec:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.yaml = yaml.safe_load(f)
        self.defs = {d["name"]: d for d in self.yaml["definitions"]}
        self.sets = {s["name"]: {} for s in self.yaml["attribute-sets"]}
        self.prefix = {}
        for s in self.yaml["attribute-sets"]:
            value = 0
            self.prefix[s["name"]] = s["enum-name"][len("tqueue-a-"):].upper().replace("-", "_")
            for a in s["attributes"]:
                value = a.get("value", value + 1)
                self.sets[s["name"]][a["name"]] = dict(a, value=value, set=s["name"])

    def word(self, attr):
        return "%s_%s" % (self.prefix[attr["set"]], attr["name"].upper().replace("-", "_"))

    def limit(self, attr, key, default):
        value = attr.get("checks", {}).get(key, default)
        return self.defs[value]["value"] if isinstance(value, str) else value

    def entries(self, attr):
        enum, values, value = self.defs[attr["enum"]], [], 0
        value = enum.get("value-start", 0)
        for e in enum["entries"]:
            value = e.get("value", value) if isinstance(e, dict) else value
            values.append(value)
            value += 1
        return values

    def bad_numbers(self, attr):
        """Numbers of the type that the spec does not let in."""
        bits, signed = BITS[attr["type"]], attr["type"][0] == "s"
        least, most = (-1 << bits - 1, (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        low, high = self.limit(attr, "min", least), self.limit(attr, "max", most)
        enum = self.defs.get(attr.get("enum"))
        holes = []
        if enum and enum["type"] == "flags":
            known = (1 << len(enum["entries"])) - 1
            return [v for v in (known + 1, known + 2, 1 << bits - 1, most) if v & ~known and v <= most]
        if enum:
            entries = self.entries(attr)
            low, high = max(low, min(entries)), min(high, max(entries))
            holes = [v for v in range(low, high + 1) if v not in entries]
        bad = {v for v in (low - 1, high + 1, least, most, *holes) if not low <= v <= high or v in holes}
        return sorted(v for v in bad if least <= v <= most)

    def good(self, attr):
        """(value, [what comes with it]) of a valid attribute."""
        known = VALUES.get((attr["set"], attr["name"]))
        if known:
            return known[0], list(known[1:])
        kind = attr["type"]
        if kind in BITS:
            low = self.limit(attr, "min", 1)
            if "enum" in attr:
                low = max(low, min(v for v in [self.entries(attr)[0]] if v)) \
                    if self.defs[attr["enum"]]["type"] != "flags" else 1
            return "%s:%d" % (kind, max(low, 1)), []
        return {"string": "str:eth0", "binary": "hex:0a000001", "flag": "nil", "nest": Nest()}[kind], []


SPEC_ = None


def attribute(set_name, name):
    return SPEC_.sets[set_name][name]


def inner_set(attr):
    return attr["nested-attributes"]


def text(set_name, tree):
    """The words of a request's attributes."""
    return " ".join(one(attribute(set_name, n), v) for n, v in tree.items())


def one(attr, value, suffix=""):
    word = SPEC_.word(attr) + suffix
    if isinstance(value, Nest):
        return "%s={ %s}" % (word, (text(inner_set(attr), value) + " ").lstrip())
    return "%s=%s" % (word, value)


class Cases:
    def __init__(self, op, mode):
        self.op, self.mode, self.lines = op, mode, []
        self.command = op["name"].upper().replace("-", "_") + (" dump" if mode == "dump" else "")

    def bad(self, what, blame, words, errors="EINVAL,ERANGE"):
        """@blame: see tqnl"""
        self.lines.append("%s %s <- %s %s # %s" % (errors, blame, self.command, words, what))

    def good(self, words, errors="OK"):
        self.lines.append("%s - <- %s %s" % (errors, self.command, words))

    def steps(self, requests):
        self.lines += ["STEP - <- " + r for r in requests]


def wrong_values(attr):
    """(what, value, further errors) that replace a valid one."""
    kind, most = attr["type"], attr.get("checks", {}).get("max-len")
    out = []
    if kind in BITS:
        size = BITS[kind] // 8
        out += [("%d bytes" % n, "hex:" + "01" * n if n else "nil", "")
                for n in (*range(size), size + 1, size + 4, 2 * size, 64) if n != size]
        out += [("out of range", "%s:%d" % (kind, v), "") for v in SPEC_.bad_numbers(attr)]
    elif kind == "flag":
        out += [("a flag with a value", v, "") for v in ("u8:1", "u32:1", "str:yes")]
    elif kind == "string":
        out += [("no byte", "nil", ""), ("no NUL", "chars:r", ""),
                ("an empty string", "str:", ",ENOENT"),
                ("bytes after the NUL", "hex:72007200", ""), ("two NULs", "hex:720000", ""),
                ("long", "str*300:r", ""), ("very long", "str*4000:r", "")]
        if most:
            out += [("too long by one", "str*%d:r" % (most + 1), ""),
                    ("no NUL in the longest", "chars:" + "r" * (most + 1), ""),
                    ("too long, no NUL", "chars:" + "r" * (most + 2), "")]
    elif kind == "binary":
        sizes = {0, 1, 3, 5, 15, 17, 64} if attr.get("display-hint") == "ipv4-or-v6" else set()
        sizes |= {most + 1} if most else set()
        out += [("%d bytes" % n, "hex:" + "0a" * n if n else "nil", "") for n in sorted(sizes)]
    elif kind == "nest":
        out += [("no nest but %s" % v, v, "") for v in ("u8:1", "u16:3", "u32:7", "str:r", "hex:0500")]
    out += [("bad value", v, "") for v in BAD.get((attr["set"], attr["name"]), [])]
    return out


def with_(tree, path, value, suffix=""):
    """Words of @tree with the attribute at @path being @value; None: taken out."""
    (set_name, name), rest = path[0], path[1:]
    words = []
    for n, v in tree.items():
        attr = attribute(set_name, n)
        if n != name:
            words.append(one(attr, v))
        elif rest:
            words.append("%s={ %s }" % (SPEC_.word(attr), with_(v, rest, value, suffix)))
        elif value is not None:
            words.append(value if value == "" or " " in value or "=" in value else
                         "%s%s=%s" % (SPEC_.word(attr), suffix, value))
    return " ".join(w for w in words if w)


def wrap(path, words):
    """@words where the attribute at @path was, in a request of its own."""
    for set_name, name in reversed(path):
        words = "%s={ %s }" % (SPEC_.word(attribute(set_name, name)), words)
    return words


def mutate(c, tree, path, needed):
    """Every way to get wrong what is at @path in the valid request @tree."""
    attr = attribute(*path[-1])
    word, value = SPEC_.word(attr), tree
    for _, name in path:
        value = value[name]
    plain = one(attr, value)
    body = plain.split("=", 1)[1]

    def bad(what, words, blame=word, more=""):
        c.bad("%s %s" % (word, what), blame, words, "EINVAL,ERANGE" + more)

    if needed:
        # In a nest the nest itself is blamed: it is what lacks something.
        up = SPEC_.word(attribute(*path[-2])) if len(path) > 1 else "?"
        bad("missing", with_(tree, path, None), up)
    for what, v, more in wrong_values(attr):
        bad(what, with_(tree, path, v), more=more)
    if not attr.get("multi-attr"):
        bad("twice", with_(tree, path, plain + " " + plain))
    bad("in network order", with_(tree, path, "%s+order=%s" % (word, body)), word + "+order")
    if isinstance(value, Nest):
        inner = text(inner_set(attr), value)
        body = " ".join(filter(None, [inner]))
        bad("without the nested flag", with_(tree, path, "%s=( %s )" % (word, body)))
        for n in (0, max(a["value"] for a in SPEC_.sets[inner_set(attr)].values()) + 1, 63, 64, 4000):
            bad("with the unknown %d in it" % n,
                with_(tree, path, "%s={ %s %d=u32:1 }" % (word, body, n)), str(n))
        for name, a in SPEC_.sets[inner_set(attr)].items():
            if a["type"] == "pad":
                w = SPEC_.word(a)
                bad("with padding", with_(tree, path, "%s={ %s %s=nil }" % (word, body, w)), w)
        for n in (0, 3, 5, 60000):
            bad("truncated at %d" % n, with_(tree, path, "%s={ %s 1=cut:%d }" % (word, body, n)), "-")
        bad("in itself", with_(tree, path, "%s={ %s={ %s } }" % (word, word, body)), "-")
    else:
        bad("with the nested flag", with_(tree, path, "%s+nested=%s" % (word, body)), word + "+nested")
        bad("nested in itself", with_(tree, path, "%s={ %s }" % (word, plain)))
        bad("in itself, unflagged", with_(tree, path, "%s=( %s )" % (word, plain)))
    for n in (0, 3, 60000):
        # The last of its nest, or the request would go on in the middle of it.
        bad("claims %d bytes" % n, with_(last(tree, path), path, "%s=cut:%d" % (word, n)), "-")


def last(tree, path):
    """@tree with the attribute at @path the last of its nest."""
    out = type(tree)(tree)
    name = path[0][1]
    value = out.pop(name)
    out[name] = last(value, path[1:]) if len(path) > 1 else value
    return out


def put(tree, path_names, set_name, attr):
    """@tree with @attr, valid, in the nest that @path_names lead to."""
    out = type(tree)(tree)
    if path_names:
        name = path_names[0]
        child = attribute(set_name, name)
        value = out.get(name)
        if not isinstance(value, Nest):
            value = SPEC_.good(child)[0]
        out[name] = put(value, path_names[1:], inner_set(child), attr)
        for n, v in SPEC_.good(child)[1]:
            out.setdefault(n, v)
        return out
    value, others = SPEC_.good(attr)
    for n, v in others:
        out[n] = v
    out.setdefault(attr["name"], value)
    return out


def walk(c, op, way, tree, path, set_name, names, first):
    """Mutates all attributes @names of @set_name, at @path of @tree."""
    for name in names:
        attr = attribute(set_name, name)
        if attr["type"] == "pad":
            continue
        here = path + [(set_name, name)]
        at = tree
        for _, n in path:
            at = at.get(n, Nest())
        needed = name in at
        if not needed and not first:
            continue
        # An object is named by id or by name, never by both.
        base = tree
        if not path and any(name in w for w in op.ways) and not needed:
            continue
        full = put(base, [n for _, n in path], c.op["attribute-set"], attr)
        context = tree if needed else full
        mutate(c, full if not needed else tree, here, needed)
        if not needed:
            c.good(text(c.op["attribute-set"], context))
            c.steps(op.again)
        if attr["type"] == "nest":
            only = (op.only or {}).get(name)
            inner = SPEC_.sets[inner_set(attr)]
            walk(c, op, way, context, here, inner_set(attr),
                 [n for n in inner if not only or n in only], first)
            if only:
                strangers(c, context, here, inner_set(attr), only)


def strangers(c, tree, path, set_name, names):
    """What does not belong there, each with a value that would do elsewhere."""
    for name, attr in SPEC_.sets[set_name].items():
        if name in names:
            continue
        if attr["type"] == "pad":
            if path:
                continue	# mutate() has it
            value = "nil"
        else:
            value = SPEC_.good(attr)[0]
        w = SPEC_.word(attr)
        words = one(attr, value)
        if path:
            full = tree
            for _, n in path:
                full = full[n]
            words = with_(tree, path, "%s={ %s %s }" % (SPEC_.word(attribute(*path[-1])),
                                                       text(set_name, full), words))
        else:
            words = (text(set_name, tree) + " " + words).strip()
        c.bad("%s does not belong there" % w, w, words)


def operation(op):
    """Groups of lines for an operation of the spec."""
    how, set_name = OPS.get(op["name"]), op["attribute-set"]
    if how is None:
        sys.exit("mutate.py: operation %s has no line in OPS" % op["name"])
    for mode in ("do", "dump"):
        c = Cases(op, mode)
        if mode not in op:
            c.lines.append("EOPNOTSUPP ! <- %s %s" % (c.command, text(set_name, how.ways[0])))
            c.steps([])
            yield "%s (there is none)" % c.command, c.lines
            continue
        names = op[mode].get("request", {}).get("attributes", [])
        ways = how.ways if mode == "do" else how.dump
        for i, way in enumerate(ways):
            tree = dict(way)
            c.steps(how.before)
            # A module without the command: the group is skipped.
            c.good(text(set_name, tree), "HAS" if not i else "OK")
            c.steps(how.again)
            walk(c, Op(*ways, again=how.again, only=how.only), way, tree, [], set_name, names, not i)
            if not i:
                strangers(c, tree, [], set_name, names)
                for n in (0, 63, 64, 200, 4000):
                    if n and not names:
                        n = max(n, 1)
                    c.bad("unknown attribute %d" % n, str(n), "%s %d=u32:1" % (text(set_name, tree), n))
                for n in (0, 3, 60000):
                    c.bad("truncated at %d" % n, "-", "%s 1=cut:%d" % (text(set_name, tree), n))
            c.good(text(set_name, tree))
            c.steps(how.again)
            c.steps(how.after)
        if len(ways) > 1:
            both = {k: v for way in ways for k, v in way.items()}
            c.steps(how.before)
            c.bad("two names of one thing", SPEC_.word(attribute(set_name, list(ways[0])[0])),
                  text(set_name, both))
            c.steps(how.after)
        yield c.command, c.lines


def forbidden():
    """The shortest valid request of each operation, for who may not."""
    for op in SPEC_.yaml["operations"]["list"]:
        for mode in {"do", "dump"} & set(op):
            how = OPS[op["name"]]
            # Of one that the module does not have the core says that first.
            yield "EPERM,EOPNOTSUPP ! <- %s %s\n" % (Cases(op, mode).command, text(
                op["attribute-set"], (how.ways if mode == "do" else how.dump)[0]))


def main():
    global SPEC_
    SPEC_ = Spec(SPEC)
    out = open(os.path.join(sys.argv[1], "mutations.cases"), "w", encoding="utf-8")
    with open(os.path.join(sys.argv[1], "spec.json"), "w", encoding="utf-8") as f:
        json.dump(SPEC_.yaml, f)
    with open(os.path.join(sys.argv[1], "operations.cases"), "w", encoding="utf-8") as f:
        f.writelines(forbidden())
    for op in SPEC_.yaml["operations"]["list"]:
        if "event" in op or "notify" in op:
            continue
        for name, lines in operation(op):
            print("group " + name, file=out)
            print("\n".join(" ".join(l.split()) for l in lines), file=out)
    out.close()


if __name__ == "__main__":
    main()
