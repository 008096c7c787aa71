#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""table.py DIR: uapi/tqueue.yaml as lines of words, into DIR/spec.table, for
tests/guest/tools/tqnlfuzz.c: guests have no YAML, and it no library for it.

  set NAME                    its attributes follow
  attr NUMBER NAME TYPE [KEY VALUE]...
      TYPE  u32 u64 s32 string binary flag nest pad
      KEY   min max (numbers), len (most bytes of a string or of bytes), nest (a
            set), must (N,N... of a nest), multi, values (of an enum: N,N...), mask
            (of flags), good (a value that is valid and does something)
  with NUMBER [VALUE]         what the attribute before is of no use without
  form NAME COMMAND MODE SET REQUEST REPLY
      MODE  do, dump or event (a notification: no request)
      REQUEST, REPLY  numbers of attributes, as N,N... or "-"
  way N,N...                  what the form before needs; "N.M": M in nest N.  One
                              of several ways: what names the object otherwise
                              must not be there
  only N N,N...               of what is in nest N the form before takes these

What goes with what, and which request is the shortest, the spec can't say: that
is from mutate.py, which says it for t_policy, too.
"""
import os
import sys

import mutate


def numbers(spec, set_name, names):
    return ",".join(str(spec.sets[set_name][n]["value"]) for n in names) or "-"


def plain(value):
    """A value in tqnl's words as one for the table, or None: made as any other."""
    if not isinstance(value, str) or "$" in value:
        return None
    kind, _, rest = value.partition(":")
    return {"u32": rest, "u64": rest, "s32": rest, "hex": "x" + rest}.get(kind)


def attr_lines(spec, attr):
    words = ["attr", str(attr["value"]), attr["name"], attr["type"]]
    for key, check in (("min", "min"), ("max", "max"), ("len", "max-len")):
        value = spec.limit(attr, check, None)
        if value is not None:
            words += [key, str(value)]
    if "nested-attributes" in attr:
        words += ["nest", attr["nested-attributes"]]
        content = mutate.VALUES.get((attr["set"], attr["name"]), [{}])[0]
        if content:
            words += ["must", numbers(spec, attr["nested-attributes"], content)]
    if attr.get("multi-attr"):
        words += ["multi", "1"]
    if "enum" in attr:
        if spec.defs[attr["enum"]]["type"] == "flags":
            words += ["mask", str((1 << len(spec.defs[attr["enum"]]["entries"])) - 1)]
        else:
            words += ["values", ",".join(str(v) for v in spec.entries(attr)
                                         if spec.limit(attr, "min", v) <= v <= spec.limit(attr, "max", v))]
    value, company = (None, []) if attr["type"] in ("nest", "pad") else spec.good(attr)
    if plain(value) is not None:
        words += ["good", plain(value)]
    yield " ".join(words)
    known = mutate.VALUES.get((attr["set"], attr["name"]))
    for name, given in company or (known[1:] if known else []):
        mate = spec.sets[attr["set"]][name]["value"]
        yield ("with %d %s" % (mate, plain(given) or "")).rstrip()


def form_lines(spec, op, by_name):
    set_name = op.get("attribute-set")
    if "notify" in op:
        other = by_name[op["notify"]]
        set_name = other["attribute-set"]
        reply = other["do"]["reply"]["attributes"]
        # It has what a reply has.
        yield "event", set_name, [], reply
        return
    if "event" in op:
        yield "event", set_name, [], op["event"]["attributes"]
        return
    for mode in ("do", "dump"):
        if mode in op:
            yield (mode, set_name, op[mode].get("request", {}).get("attributes", []),
                   op[mode].get("reply", {}).get("attributes", []))


def way_words(spec, set_name, way):
    for name, value in way.items():
        attr = spec.sets[set_name][name]
        yield str(attr["value"])
        if isinstance(value, mutate.Nest):
            for inner in value:
                yield "%d.%d" % (attr["value"], spec.sets[attr["nested-attributes"]][inner]["value"])


def lines(spec):
    for name, attrs in spec.sets.items():
        yield "set " + name
        for attr in attrs.values():
            yield from attr_lines(spec, attr)
    ops = spec.yaml["operations"]["list"]
    by_name = {op["name"]: op for op in ops}
    for command, op in enumerate(ops, 1):
        for mode, set_name, request, reply in form_lines(spec, op, by_name):
            yield "form %s %d %s %s %s %s" % (op["name"], command, mode, set_name,
                                              numbers(spec, set_name, request),
                                              numbers(spec, set_name, reply))
            if mode == "event":
                continue
            how = mutate.OPS[op["name"]]
            for way in how.ways if mode == "do" else how.dump:
                words = ",".join(way_words(spec, set_name, way))
                if words:
                    yield "way " + words
            for nest, names in (how.only or {}).items():
                attr = spec.sets[set_name][nest]
                yield "only %d %s" % (attr["value"], numbers(spec, attr["nested-attributes"], names))


def main():
    spec = mutate.SPEC_ = mutate.Spec(mutate.SPEC)
    with open(os.path.join(sys.argv[1], "spec.table"), "w", encoding="utf-8") as out:
        for line in lines(spec):
            print(line, file=out)


if __name__ == "__main__":
    main()
