#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""policy.py SPEC.json: the loaded module's netlink policies, as the kernel's
"nlctrl" family tells them, are what the YNL spec says of each operation, do and
dump.  Before Linux 6.2 both have one policy, which then is that of both together.
It is stricter only where STRICTER says why.
Runs in a guest; SPEC.json is uapi/tqueue.yaml as JSON, for guests have no YAML.
TAP."""
import json
import platform
import re
import socket
import struct
import sys

CTRL_FAMILY, CTRL_CMD_GETPOLICY = 0x10, 10
CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_POLICY, CTRL_ATTR_OP_POLICY = 2, 8, 9
NLMSG_ERROR, NLMSG_DONE, NLM_F_REQUEST, NLM_F_DUMP = 2, 3, 1, 0x300
TYPES = {1: "flag", 2: "u8", 3: "u16", 4: "u32", 5: "u64", 6: "s8", 7: "s16", 8: "s32", 9: "s64",
         10: "binary", 11: "string", 12: "string", 13: "nest"}
T_TYPE, T_MIN_S, T_MAX_S, T_MIN_U, T_MAX_U, T_MIN_LEN, T_MAX_LEN, T_IDX = range(1, 9)
T_MASK = 12
POLICY_DO, POLICY_DUMP = 1, 2
BITS = {"u32": 32, "u64": 64, "s32": 32}


def attrs(data):
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if size < 4:
            return
        yield kind & 0x3fff, data[at + 4:at + size]
        at += size + 3 & ~3


def number(data, signed=False):
    return int.from_bytes(data, sys.byteorder, signed=signed)


def ask(family):
    """({op: {mode: index}}, {index: {attribute: {key: bytes}}})"""
    name = family.encode() + b"\0"
    body = struct.pack("=BBH", CTRL_CMD_GETPOLICY, 1, 0)
    body += struct.pack("=HH", 4 + len(name), CTRL_ATTR_FAMILY_NAME) + name + bytes(-len(name) % 4)
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    sock.send(struct.pack("=IHHII", 16 + len(body), CTRL_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + body)
    ops, policies = {}, {}
    while True:
        data = sock.recv(1 << 20)
        while data:
            size, kind = struct.unpack_from("=IH", data)
            body, data = data[16:size], data[size + 3 & ~3:]
            if kind == NLMSG_DONE:
                return ops, policies
            if kind == NLMSG_ERROR:
                sys.exit("nlctrl: error %d" % number(body[:4], True))
            for attr, value in attrs(body[4:]):
                if attr == CTRL_ATTR_OP_POLICY:
                    for op, modes in attrs(value):
                        ops[op] = {m: number(v) for m, v in attrs(modes)}
                elif attr == CTRL_ATTR_POLICY:
                    for idx, one in attrs(value):
                        for what, keys in attrs(one):
                            policies.setdefault(idx, {})[what] = dict(attrs(keys))


# What the spec can't or need not say, by operation/attribute.
STRICTER = {
    r"queue-(new|set)/(ring-size|watermark)": "up to the largest ring, in pages",
    r"queue-(new|set)/flush-us": "up to an hour",
    r"queue-open/open-flags": "flags of open(2), whose numbers are the machine's",
    r"rule-(new|set|del|get)/rule/(frag|ct-state)": "at least one of the flags",
    r"rule-test/packet/(frag|ct-state)": "one of the flags at most",
    r"(table|rule)-get/query": "of the queries, those that it can answer",
}
stricter = set()


class Spec:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.yaml = json.load(f)
        self.defs = {d["name"]: d for d in self.yaml["definitions"]}
        self.sets = {}
        for s in self.yaml["attribute-sets"]:
            value = 0
            self.sets[s["name"]] = {}
            for a in s["attributes"]:
                value = a.get("value", value + 1)
                self.sets[s["name"]][value] = a

    def limits(self, attr):
        """("mask", m) or ("range", low, high)"""
        checks, enum = attr.get("checks", {}), self.defs.get(attr.get("enum"))
        bits = BITS[attr["type"]]
        low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if attr["type"][0] == "s" else (0, (1 << bits) - 1)
        if enum and enum["type"] == "flags":
            return "mask", (1 << len(enum["entries"])) - 1
        if enum:
            values, value = [], enum.get("value-start", 0)
            for e in enum["entries"]:
                value = e.get("value", value) if isinstance(e, dict) else value
                values.append(value)
                value += 1
            low, high = min(values), max(values)

        def limit(key, default):
            v = checks.get(key, default)
            return self.defs[v]["value"] if isinstance(v, str) else v
        return "range", limit("min", low), limit("max", high)


def within(got, want):
    """What the policy @got lets in, @want does."""
    if got[0] == want[0] == "mask":
        return not got[1] & ~want[1]
    low, high = (0, got[1]) if got[0] == "mask" else got[1:]
    if want[0] == "mask":
        return low >= 0 and high <= want[1] and not want[1] & (want[1] + 1)
    return low >= want[1] and high <= want[2]


def compare_attr(spec, attr, keys, policies, where, err, seen):
    kind = TYPES.get(number(keys[T_TYPE]), number(keys[T_TYPE]))
    if kind != attr["type"]:
        err("%s: %s in the module, %s in the spec" % (where, kind, attr["type"]))
    elif kind == "nest":
        idx = number(keys[T_IDX]) if T_IDX in keys else None
        if idx is None:
            err("%s: a nest without a policy" % where)
        elif (idx, attr["nested-attributes"]) not in seen:
            seen.add((idx, attr["nested-attributes"]))
            inner = spec.sets[attr["nested-attributes"]]
            compare_set(spec, inner, None, policies.get(idx, {}), policies, where, err, seen)
    elif kind in ("string", "binary"):
        most = number(keys[T_MAX_LEN]) if T_MAX_LEN in keys else None
        if most != attr.get("checks", {}).get("max-len"):
            err("%s: max-len %s in the module, %s in the spec" % (where, most, attr.get("checks")))
    elif kind in BITS:
        if T_MASK in keys:
            got = ("mask", number(keys[T_MASK]))
        elif kind[0] == "s":
            got = ("range", number(keys[T_MIN_S], True), number(keys[T_MAX_S], True))
        else:
            got = ("range", number(keys[T_MIN_U]), number(keys[T_MAX_U]))
        want = spec.limits(attr)
        if not within(got, want):
            err("%s: %s in the module, %s in the spec" % (where, got, want))
        elif got != want:
            stricter.add(where)


def compare_set(spec, attributes, wanted, policy, policies, where, err, seen):
    """@wanted: names of those that may come; None: all but padding"""
    for value, attr in attributes.items():
        name = "%s/%s" % (where, attr["name"])
        may = attr["type"] != "pad" and (wanted is None or attr["name"] in wanted)
        if may and value not in policy:
            # What only replies carry need not be let in by a nest's policy.
            if wanted is not None:
                err("%s: not in the module" % name)
        elif not may and value in policy:
            err("%s: let in by the module, not by the spec" % name)
        elif may:
            compare_attr(spec, attr, policy[value], policies, name, err, seen)
    for value in policy.keys() - attributes.keys():
        err("%s: attribute %d is let in, but unknown" % (where, value))


def modes(spec, number_, op, ops):
    """(mode, attributes that may come, index of the policy or None, what is wrong)"""
    wanted = {m: set(op[m].get("request", {}).get("attributes", [])) for m in ("do", "dump") if m in op}
    indices = {"do": ops.get(number_, {}).get(POLICY_DO), "dump": ops.get(number_, {}).get(POLICY_DUMP)}
    if len(wanted) == 2 and indices["do"] == indices["dump"] and wanted["do"] != wanted["dump"]:
        release = tuple(int(n) for n in re.findall(r"\d+", platform.release())[:2])
        wrong = [] if release < (6, 2) else ["do and dump have one policy"]
        for mode in wanted:
            yield mode, wanted["do"] | wanted["dump"], indices[mode], wrong
        return
    for mode, attributes in wanted.items():
        yield mode, attributes, indices[mode], []


def main():
    spec = Spec(sys.argv[1])
    ops, policies = ask(spec.yaml["name"])
    n = failed = 0
    for number_, op in enumerate(spec.yaml["operations"]["list"], 1):
        if "event" in op or "notify" in op:
            continue
        for mode, wanted, idx, errors in modes(spec, number_, op, ops):
            n += 1
            what = "policy of %s %s" % (op["name"], mode)
            if idx is None and wanted:
                errors = errors + ["the module has none"]
            compare_set(spec, spec.sets[op["attribute-set"]], wanted, policies.get(idx, {}), policies,
                        op["name"], errors.append, set())
            failed += bool(errors)
            print("%s %d - %s" % ("not ok" if errors else "ok", n, what))
            for e in errors:
                print("# " + e)
    n += 1
    odd = {w for w in stricter if not any(re.fullmatch(p, w) for p in STRICTER)}
    failed += bool(odd)
    print("%s %d - stricter than the spec only where that is meant" % ("not ok" if odd else "ok", n))
    for w in sorted(stricter):
        print("# %s: %s" % (w, next((why for p, why in STRICTER.items() if re.fullmatch(p, w)), "WHY?")))
    print("1..%d" % n)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
