#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""uapi/linux/tqueue.h and uapi/tqueue.yaml say the same, both ways.

Compared: every enum and its values, every attribute with its type, range, enum
and nest as far as the header's comments name them, every command and
notification with the attributes of its message tree, the constants.

  check.py                  prints TAP; exits 1 if they differ
  check.py --ynl DIR        also asks the YNL tools of a kernel source in DIR
"""
import argparse
import copy
import os
import re
import subprocess
import sys
import tempfile

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
UAPI = os.path.join(HERE, "..", "..", "uapi")
SCALARS = ("u32", "u64", "s32")


def c_upper(name):
    return name.upper().replace("-", "_")


class Header:
    """What there is to know of the header: enums with values and comments,
    defines, and the text of the message trees."""

    def __init__(self, text):
        self.enums = {}
        for tag, body in re.findall(r"^enum (\w+) \{\n(.*?)^\};", text, re.M | re.S):
            self.enums[tag] = self.entries(body)
        self.all_u64 = set(re.findall(r"/\* All u64\b[^/]*?\*/\nenum (\w+)", text))
        self.defines = {}
        netlink = text.index("* 3. Netlink")
        for m in re.finditer(r'^#define (TQUEUE_\w+)\s+(\d+|".*?")\s*(?:/\*|$)', text, re.M):
            # Those of records and mapping are no part of netlink.
            if m.start() > netlink or m[1] == "TQUEUE_NAME_SIZE":
                self.defines[m[1]] = m[2].strip('"')
        # The comment from "Message trees" on, without the stars.
        tree = text[text.index(" * Message trees"):]
        tree = tree[:tree.index("*/")]
        self.tree = re.sub(r"^ \*", "", tree, flags=re.M)

    @staticmethod
    def entries(body):
        """[(name, value, comment)], internal ones (__X, ..._MAX = ) left out."""
        out, value = [], -1
        for m in re.finditer(r"^\t(\w+)(?:\s*=\s*([^,/\n]+?))?\s*,?[ \t]*(/\*.*?\*/)?$",
                             body, re.M | re.S):
            name, expr, comment = m.groups()
            if name.startswith("__") or expr and "__" in expr:
                continue
            if expr:
                shift = re.fullmatch(r"1 << (\d+)", expr)
                value = 1 << int(shift[1]) if shift else int(expr, 0)
            else:
                value += 1
            comment = re.sub(r"\s*\n[\s*]*", " ", (comment or "").strip("/* \t\n"))
            out.append((name, value, comment.strip()))
        return out


class Spec:
    """The same of the YAML file, in the header's names."""

    def __init__(self, spec):
        self.spec = spec
        self.enums, self.enum_tag = {}, {}
        self.consts = {}
        for d in spec["definitions"]:
            if d["type"] == "const":
                self.consts[d["name"]] = d["value"]
                continue
            prefix = c_upper(d.get("name-prefix", "tqueue-%s-" % d["name"]))
            value = d.get("value-start", 0)
            out = []
            for e in d["entries"]:
                e = {"name": e} if isinstance(e, str) else e
                value = e.get("value", value)
                out.append((prefix + c_upper(e["name"]),
                            1 << value if d["type"] == "flags" else value))
                value += 1
            tag = d.get("enum-name", "tqueue-" + d["name"]).replace("-", "_")
            self.enums[tag] = out
            self.enum_tag[d["name"]] = tag
        self.sets, self.set_tag = {}, {}
        for s in spec["attribute-sets"]:
            tag = s["enum-name"].replace("-", "_")
            self.sets[tag] = s
            self.set_tag[s["name"]] = tag
            value, out = 1, []
            for a in s["attributes"]:
                value = a.get("value", value)
                out.append(("TQUEUE_A_%s_%s" % (c_upper(s["name"]), c_upper(a["name"])), value))
                value += 1
            self.enums[tag] = out
        self.ops = spec["operations"]["list"]
        tag = spec["operations"]["enum-name"].replace("-", "_")
        self.enums[tag] = [("TQUEUE_CMD_" + c_upper(op["name"]), i)
                           for i, op in enumerate(self.ops, 1)]


def check_enums(header, spec, err):
    for tag in sorted(header.enums.keys() | spec.enums.keys()):
        if tag not in spec.enums:
            err("enum %s is not in the spec" % tag)
        elif tag not in header.enums:
            err("enum %s is not in the header" % tag)
        else:
            h = {n: v for n, v, _ in header.enums[tag]}
            s = dict(spec.enums[tag])
            for name in sorted(h.keys() | s.keys()):
                if h.get(name) != s.get(name):
                    err("%s: %s in the header, %s in the spec"
                        % (name, h.get(name, "missing"), s.get(name, "missing")))


def check_consts(header, spec, err):
    scopes = {d["name"]: d.get("scope", "uapi") for d in spec.spec["definitions"]}
    have = {"TQUEUE_" + c_upper(n): str(v) for n, v in spec.consts.items()
            if scopes[n] == "uapi"}
    have["TQUEUE_FAMILY_NAME"] = spec.spec["name"]
    have["TQUEUE_FAMILY_VERSION"] = str(spec.spec.get("version", 1))
    for g in spec.spec["mcast-groups"]["list"]:
        have["TQUEUE_MCGRP_" + c_upper(g["name"])] = g["name"]
    for name in sorted(have.keys() | header.defines.keys()):
        if have.get(name) != header.defines.get(name):
            err("%s: %s in the header, %s in the spec"
                % (name, header.defines.get(name, "missing"), have.get(name, "missing")))


def limits(attr, spec):
    """(min, max) as the spec's checks say, names of constants resolved."""
    checks = attr.get("checks", {})
    return tuple(spec.consts.get(checks.get(k), checks.get(k)) for k in ("min", "max"))


def check_attribute(name, comment, attr, tag, header, spec, err):
    """One attribute against its comment.  True if the comment named a type."""
    kind, multi = attr["type"], attr.get("multi-attr", False)
    if name.endswith("_PAD"):
        if kind != "pad":
            err("%s is %s, no pad" % (name, kind))
        return True
    m = re.match(r"(multi )?(u32|u64|s32|string|flag|nest|4 or 16 bytes)\b", comment)
    if not m:
        if tag in header.all_u64 and kind != "u64":
            err("%s is %s, not u64" % (name, kind))
        return tag in header.all_u64
    want = {"4 or 16 bytes": "binary"}.get(m[2], m[2])
    if kind != want or multi != bool(m[1]):
        err("%s: %s in the header, %s%s in the spec"
            % (name, m[0], "multi " if multi else "", kind))
        return True
    if want == "binary" and attr.get("checks") != {"max-len": 16}:
        err("%s: checks are not max-len 16" % name)
    rest = comment[m.end():].lstrip(": ")
    ref = re.search(r"\benum (tqueue_\w+)", rest)
    if want == "nest":
        if not ref or spec.set_tag.get(attr["nested-attributes"]) != ref[1]:
            err("%s: nest of %s in the spec" % (name, attr["nested-attributes"]))
        return True
    tag = spec.enum_tag.get(attr.get("enum"))
    if ref and tag != ref[1]:
        err("%s: %s in the header, enum %s in the spec" % (name, ref[0], tag))
    if want not in SCALARS:
        longest = re.search(r"up to (\d+) characters", rest)
        if longest and attr.get("checks") != {"max-len": int(longest[1])}:
            err("%s: %s in the header, checks %s" % (name, longest[0], attr.get("checks")))
        return True
    low, high = limits(attr, spec)
    m = re.search(r"(-?\d+) to (\d+)\b", rest)
    if m and ((low or 0), high) != (int(m[1]), int(m[2])):
        err("%s: %s in the header, %s to %s in the spec" % (name, m[0], low or 0, high))
    m = re.search(r"\bfrom (\d+)\b", rest)
    least = int(m[1]) if m else 1 if re.search(r"\bnot 0\b", rest) else None
    if least is not None and low != least:
        err("%s: at least %d in the header, min %s in the spec" % (name, least, low))
    return True


def check_attributes(header, spec, err):
    for tag, s in spec.sets.items():
        attrs = {"TQUEUE_A_%s_%s" % (c_upper(s["name"]), c_upper(a["name"])): a
                 for a in s["attributes"]}
        last, alias = None, None
        for name, _, comment in header.enums.get(tag, []):
            attr = attrs.get(name)
            if not attr:
                continue
            if check_attribute(name, comment, attr, tag, header, spec, err):
                last = attr
                continue
            # "as X": like X, and what begins with the same word like X's.
            # No comment: like the one above.
            m = re.match(r"as (\w+)$", comment)
            if m:
                alias = (name, "TQUEUE_A_%s_%s" % (c_upper(s["name"]), m[1]))
            if alias and name.startswith(alias[0]):
                last = attrs.get(alias[1] + name[len(alias[0]):], last)
            for key in ("type", "checks", "enum", "multi-attr"):
                if last is None or attr.get(key) != last.get(key):
                    err("%s says nothing of itself, but its %s is %s, not %s"
                        % (name, key, attr.get(key), last and last.get(key)))


def names(text, prefix):
    """Attributes PREFIX_* of the set at the top level of a message tree."""
    flat = text
    while "{" in flat:
        cut = re.sub(r"\{[^{}]*\}", " ", flat)
        if cut == flat:
            raise ValueError("braces do not match: " + text)
        flat = cut
    return [n.lower().replace("_", "-") for n in re.findall(r"\b%s_([A-Z0-9_]+)\b" % prefix, flat)]


def check_trees(header, spec, err):
    requests, replies = parse_trees(header, spec, err)
    notes = parse_notes(header, spec, replies)
    for op in spec.ops:
        cmd = c_upper(op["name"])
        if "notify" in op:
            got = op_attrs(next(o for o in spec.ops if o["name"] == op["notify"]), "do", "reply")
            compare(cmd, notes.get(cmd), got, err)
        elif "event" in op:
            compare(cmd, notes.get(cmd), op["event"]["attributes"], err)
        for mode in ("do", "dump"):
            if "event" in op or "notify" in op:
                continue
            key = (cmd, mode)
            if (mode in op) != (key in requests):
                err("%s (%s) is only in one of header and spec" % key)
            elif mode in op:
                compare("%s (%s) request" % key, requests[key], op_attrs(op, mode, "request"), err)
                compare("%s (%s) reply" % key, replies.get(key, []), op_attrs(op, mode, "reply"), err)
    for cmd in notes:
        if not any(c_upper(o["name"]) == cmd for o in spec.ops):
            err("%s has a tree but is not in the spec" % cmd)
    for op in spec.ops:
        if op.get("flags") != ["uns-admin-perm"] and "event" not in op and "notify" not in op:
            err("%s is not for CAP_NET_ADMIN only" % op["name"])
        if ("event" in op or "notify" in op) != op["name"].endswith("-ntf"):
            err("%s: a notification, or not?" % op["name"])


def op_attrs(op, mode, side):
    return op.get(mode, {}).get(side, {}).get("attributes", [])


def compare(what, want, got, err):
    if want is None:
        err("%s has no tree in the header" % what)
        return
    for a in want:
        if a not in got:
            err("%s: %s is in the header's tree, not in the spec" % (what, a))
    for a in got:
        if a not in want:
            err("%s: %s is in the spec, not in the header's tree" % (what, a))


def set_of(cmd, spec):
    for op in spec.ops:
        if c_upper(op["name"]) == cmd:
            if "notify" in op:
                return set_of(c_upper(op["notify"]), spec)
            return c_upper(op["attribute-set"])
    return None


def parse_trees(header, spec, err):
    """{(cmd, "do"|"dump"): [attributes]} of requests and of replies."""
    body = header.tree[:header.tree.index("Notifications to group")]
    requests, replies, objects, waiting = {}, {}, {}, []
    parts = re.split(r"^ (\w+) \((do|dump)\)", body, flags=re.M)
    for cmd, mode, text in zip(parts[1::3], parts[2::3], parts[3::3]):
        key, prefix = (cmd, mode), set_of(cmd, spec)
        if not prefix:
            err("%s has a tree but is not in the spec" % cmd)
            continue
        request, _, reply = text.partition("reply:")
        # Prose begins after the first sentence end.
        request = re.split(r"\.\s", request)[0]
        alike = re.search(r"\bas ([A-Z]+_[A-Z]+)", request)
        if alike:
            requests[key] = requests[(alike[1], mode)]
            reply = reply or None
        elif "the same" in request:
            requests[key] = requests[(cmd, "do")]
        else:
            requests[key] = names(request, prefix)
        if reply is None:
            replies[key] = replies.get((alike[1], mode), [])
            continue
        if "the same" in request:
            replies[key] = replies[(cmd, "do")]
            continue
        reply = re.sub(r"one message per \w+ \{(.*)\}", r"\1", reply, flags=re.S)
        obj = re.match(r"\s*a (\w+)\b", reply)
        if obj:
            waiting.append((key, obj[1]))
            continue
        # Every GET describes its object in one tree for do and dump.
        replies[key] = names(re.split(r"\.\s+[A-Z](?=[a-z])", reply)[0], prefix)
        if cmd.endswith("_GET") and mode == "dump":
            objects[cmd[:-4].lower()] = replies[key]
            if (cmd, "do") in requests and not replies.get((cmd, "do")):
                replies[(cmd, "do")] = replies[key]
    for key, obj in waiting:
        replies[key] = objects[obj]
    return requests, replies


def parse_notes(header, spec, replies):
    """{cmd: [attributes]} of the notifications.  A line that names one without
    attributes shares those of the line above."""
    groups = []
    body = header.tree[header.tree.index("Notifications to group"):]
    for line in body.splitlines()[1:]:
        cmds = re.findall(r"\b\w+_NTF\b", line)
        rest = re.sub(r"\b\w+_NTF\b", "", line)
        prefix = set_of((cmds or groups[-1][0])[0], spec) if cmds or groups else None
        found = names(rest, prefix) if prefix else []
        obj = re.match(r"\s*an? (\w+)$", rest)
        alike = re.search(r"as the reply of (\w+)", rest)
        if obj:
            found = replies[(obj[1].upper() + "_GET", "do")]
        elif alike:
            found = replies[(alike[1], "do")] + found
        if cmds and (found or not groups):
            groups.append((cmds, list(found)))
        elif groups:
            groups[-1][0].extend(cmds)
            groups[-1][1].extend(found)
    return {cmd: attrs for cmds, attrs in groups for cmd in cmds}


def compare_all(header_text, spec_yaml):
    """[(name of the check, [what differs])]"""
    header, spec = Header(header_text), Spec(spec_yaml)
    out = []
    for name, func in (("enums and values", check_enums), ("constants", check_consts),
                       ("attribute types and ranges", check_attributes),
                       ("message trees", check_trees)):
        errors = []
        func(header, spec, errors.append)
        out.append((name, errors))
    return out


# Differences that must be found: (where, text, replacement).
PLANTED = [
    ("h", "TQUEUE_CMD_TXN_ABORT,\n", ""),
    ("h", "TQUEUE_CMD_TXN_ABORT,\n", "TQUEUE_CMD_TXN_ABORT,\n\tTQUEUE_CMD_NEW,\n"),
    ("h", "TQUEUE_FAMILY_NETDEV = 5", "TQUEUE_FAMILY_NETDEV = 6"),
    ("h", "= 1 << 17, /* RULES_FILTER", "= 1 << 18, /* RULES_FILTER"),
    ("h", "TQUEUE_A_RULE_DPORT_MIN,", "TQUEUE_A_RULE_DPORT_LOW,"),
    ("h", "TQUEUE_A_TABLE_TXN,\t\t/* u32", "TQUEUE_A_TABLE_TXN,\t\t/* u64"),
    ("h", "/* multi nest: enum tqueue_a_copy", "/* nest: enum tqueue_a_copy"),
    ("h", "/* u32: 0 to 63 */", "/* u32: 0 to 62 */"),
    ("h", "/* s32: -255 to 255", "/* s32: -254 to 255"),
    ("h", "/* string, up to 15", "/* string, up to 16"),
    ("h", "/* u64, not 0,", "/* u64, perhaps 0,\n\t\t\t\t\t * from 2,"),
    ("h", "#define TQUEUE_NAME_SIZE\t32", "#define TQUEUE_NAME_SIZE\t33"),
    ("h", "#define TQUEUE_RULE_COPIES_MAX\t8", "#define TQUEUE_RULE_COPIES_MAX\t9"),
    ("h", "!TABLE_ID or TABLE_NAME -TABLE_TXN", "!TABLE_ID or TABLE_NAME"),
    ("h", "-HOOK_PRIORITY -HOOK_DEVICE\n *\treply", "-HOOK_PRIORITY\n *\treply"),
    ("h", "QUEUE_ID QUEUE_NAME QUEUE_FD:", "QUEUE_FD:"),
    ("h", "HOOK_ID HOOK_SERIAL", "HOOK_ID HOOK_TABLE HOOK_SERIAL"),
    ("h", "QUEUE_ID QUEUE_NAME QUEUE_STATS QUEUE_SERIAL:", "QUEUE_ID QUEUE_NAME QUEUE_SERIAL:"),
    ("h", "TXN_ID TXN_STATE TXN_CHANGES", "TXN_ID TXN_CHANGES"),
    ("y", "name: copies-max", "name: copies-most"),
    ("y", "        name: set-dscp\n        type: u32", "        name: set-dscp\n        type: u64"),
    ("y", "nested-attributes: packet", "nested-attributes: filter"),
    ("y", "name: point\n        type: u32\n        enum: hook-point",
     "name: point\n        type: u32\n        enum: verdict"),
    ("y", "entries: [ rule, hook, xt,", "entries: [ rule, xt, hook,"),
    ("y", "attributes: [ id, confirm-ms ]", "attributes: [ id ]"),
    ("y", "name: txn-abort\n      doc: Forget the changes.\n      attribute-set: txn\n"
     "      flags: [ uns-admin-perm ]\n",
     "name: txn-abort\n      doc: Forget the changes.\n      attribute-set: txn\n"),
]


def self_test(header_text, yaml_text):
    """Plants each difference; returns those that were not found."""
    missed = []
    for where, old, new in PLANTED:
        text = {"h": header_text, "y": yaml_text}[where]
        if text.count(old) < 1:
            missed.append("cannot plant %r" % old)
            continue
        changed = text.replace(old, new, 1)
        spec = yaml.safe_load(changed if where == "y" else yaml_text)
        header = changed if where == "h" else header_text
        if not any(errors for _, errors in compare_all(header, spec)):
            missed.append("not found: %r -> %r" % (old, new))
    return missed


def ynl(source, path, spec):
    """The kernel's own tools: [(name, [errors])]."""
    out = []
    import jsonschema  # not needed without a kernel source

    def schema(name, content):
        with open(os.path.join(source, "Documentation/netlink", name + ".yaml")) as f:
            try:
                jsonschema.validate(content, yaml.safe_load(f))
            except jsonschema.ValidationError as e:
                return ["%s at %s" % (e.message, "/".join(map(str, e.path)))]
        return []
    out.append(("YNL schema", schema(spec["protocol"], spec)))
    plain = copy.deepcopy(spec)
    plain["protocol"] = "genetlink"
    for d in plain["definitions"]:
        d.pop("name-prefix", None)
    out.append(("YNL schema genetlink, name-prefix apart", schema("genetlink", plain)))

    tool = os.path.join(source, "tools/net/ynl/pyynl/ynl_gen_c.py")
    include = ["-I", os.path.join(source, "tools/net/ynl/lib"), "-I", UAPI]
    with tempfile.TemporaryDirectory() as tmp:
        # The tools look for the schema beside the spec, as in the kernel.
        os.makedirs(tmp + "/netlink/specs")
        for name in ("genetlink", "genetlink-c", "genetlink-legacy"):
            os.symlink(os.path.join(source, "Documentation/netlink", name + ".yaml"),
                       "%s/netlink/%s.yaml" % (tmp, name))
        os.symlink(os.path.abspath(path), tmp + "/netlink/specs/tqueue.yaml")
        open(tmp + "/MAINTAINERS", "w").close()

        def run(*cmd):
            proc = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False)
            return [proc.stdout.strip() or "exit %d" % proc.returncode] if proc.returncode else []

        for mode, kind, name in (("uapi", "--header", "gen-uapi.h"), ("kernel", "--header", "k.h"),
                                 ("kernel", "--source", "k.c"), ("user", "--header", "u.h"),
                                 ("user", "--source", "u.c")):
            out.append(("ynl_gen_c --mode %s %s" % (mode, kind), run(
                sys.executable, tool, "--mode", mode, kind, "--spec",
                tmp + "/netlink/specs/tqueue.yaml", "-o", "%s/%s" % (tmp, name))))
        out.append(("ynl_gen_c's user code compiles with tqueue.h", run(
            "cc", "-Wall", "-Werror", "-Wno-unused", *include,
            "-c", tmp + "/u.c", "-o", tmp + "/u.o")))
        # Every constant of the generated header has the same value in ours.
        with open(tmp + "/gen-uapi.h") as f:
            text = f.read()
        consts = re.findall(r"^\t(_*TQUEUE_\w+)", text, re.M)
        consts += re.findall(r"^#define (TQUEUE_\w+)\s+\d", text, re.M)
        rows = "".join("\tprintf(\"%%s %%ld\\n\", \"%s\", (long)%s);\n" % (c, c) for c in consts)
        for name, header in (("ours", "linux/tqueue.h"), ("theirs", tmp + "/gen-uapi.h")):
            with open("%s/%s.c" % (tmp, name), "w") as f:
                f.write('#include <stdio.h>\n#include "%s"\nint main(void)\n{\n%s}\n'
                        % (header, rows))
        errors = []
        values = []
        for name in ("ours", "theirs"):
            errors += run("cc", *include, "-o", tmp + "/" + name, "%s/%s.c" % (tmp, name))
            if not errors:
                values.append(subprocess.run([tmp + "/" + name], stdout=subprocess.PIPE, text=True,
                                             check=True).stdout.splitlines())
        if not errors:
            errors = ["%s in ours, %s as generated" % p for p in zip(*values) if p[0] != p[1]]
            if len(consts) < 200:
                errors.append("only %d constants?" % len(consts))
        out.append(("constants as ynl_gen_c generates them", errors))
    return out


def main():
    ap = argparse.ArgumentParser(description="header and YNL spec agree")
    ap.add_argument("--ynl", metavar="DIR", help="kernel source with tools/net/ynl")
    ap.add_argument("--skip-ynl", metavar="REASON", help="say that there is none")
    ap.add_argument("--header", default=os.path.join(UAPI, "linux/tqueue.h"))
    ap.add_argument("--spec", default=os.path.join(UAPI, "tqueue.yaml"))
    args = ap.parse_args()
    with open(args.header) as f:
        header_text = f.read()
    with open(args.spec) as f:
        yaml_text = f.read()
    spec = yaml.safe_load(yaml_text)

    results = compare_all(header_text, spec)
    if not any(errors for _, errors in results):
        results.append(("%d planted differences are found" % len(PLANTED),
                        self_test(header_text, yaml_text)))
    if args.ynl:
        results += ynl(os.path.abspath(args.ynl), args.spec, spec)
    failed = 0
    for i, (name, errors) in enumerate(results, 1):
        print("%s %d - spec: %s" % ("not ok" if errors else "ok", i, name))
        for e in errors:
            print("# " + e.replace("\n", "\n# "))
        failed += bool(errors)
    if args.skip_ynl:
        results.append(("the kernel's YNL tools", []))
        print("ok %d - spec: the kernel's YNL tools # SKIP %s" % (len(results), args.skip_ynl))
    print("1..%d" % len(results))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
