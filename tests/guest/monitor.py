#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""monitor.py: what a program makes of the events of "tqctl -j monitor".

  monitor.py dump FILE            all objects of namespace b, as they are
  monitor.py follow BEFORE EVENTS AFTER
                                  the events turn BEFORE into AFTER, and none is missing
  monitor.py resync EVENTS AFTER ERR
                                  events are missing, all gaps are told of, in ERR too;
                                  the last whole state, and what came behind, make AFTER
"""
import json
import re
import subprocess
import sys

# What changes without an event, or says the same again.
QUIET = {"queue": {"memory_bytes", "rings", "readers", "mapped", "stats"},
         "table": {"generation", "rules", "memory_bytes", "bytes_per_rule", "tuples"},
         "rule": {"packets", "bytes", "copies", "last_hit", "expires", "table"}, "hook": set()}


def tqctl(*words):
    out = subprocess.run(["tqctl", "-n", "b", "-j", *words], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out)


def lasting(kind, thing):
    return {k: v for k, v in thing.items() if k not in QUIET[kind]}


def dump():
    state = {}
    for kind, words in (("queue", "queue show"), ("table", "table show"), ("hook", "hook list")):
        for thing in tqctl(*words.split()):
            state["%s %s" % (kind, thing["id"])] = lasting(kind, thing)
    for name in [v["name"] for k, v in state.items() if k.startswith("table ")]:
        for rule in tqctl("rule", "list", name):
            state["rule %s %s" % (name, rule["handle"])] = lasting("rule", rule)
    return state


def apply(state, e):
    """One event, or an object of the state."""
    kind, what = e["event"].split(" ")
    if kind == "txn" or what in ("overflow", "recovered"):
        return
    thing = e[kind]
    key = "rule %s %s" % (thing["table"], thing["handle"]) if kind == "rule" else "%s %s" % (kind, thing["id"])
    if kind == "table" and what in ("flush", "del"):
        for k in [k for k in state if k.startswith("rule %s " % thing["name"])]:
            del state[k]
    if what in ("del", "expired"):
        state.pop(key, None)
    elif what != "flush":
        state[key] = lasting(kind, thing)


def read(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def same(got, want):
    for k in sorted(set(got) | set(want)):
        if got.get(k) != want.get(k):
            sys.exit("%s: by events %s, by dump %s" % (k, got.get(k), want.get(k)))
    print("%d objects" % len(got))


def gaps(events):
    """[(first, last)] of the serials that are missing."""
    out, last = [], None
    for e in events:
        if e["event"] == "lost" or " state" in e["event"] or e["event"].startswith("state "):
            continue
        # Several rules of one message have its serial.
        if last is not None and e["serial"] not in (last, last + 1):
            out.append((last + 1, e["serial"] - 1))
        if last is not None and e["serial"] < last:
            sys.exit("serial %d came behind %d" % (e["serial"], last))
        last = e["serial"]
    return out


def follow(before, path, after):
    events = read(path)
    if gaps(events) or any("state" in e["event"] or e["event"] == "lost" for e in events):
        sys.exit("events are missing: %s" % gaps(events))
    for e in events:
        apply(before, e)
    print("%d events of %d kinds" % (len(events), len({e["event"] for e in events})))
    same(before, after)


def resync(path, after, err):
    events = read(path)
    told = [(e["from"], e["to"]) for e in events if e["event"] == "lost" and "from" in e]
    with open(err) as f:
        words = [tuple(map(int, m)) for m in re.findall(r"events (\d+) to (\d+) are missing", f.read())]
    print("missing: %s" % told)
    if not told or told != gaps(events) or told != words:
        sys.exit("missing %s, told %s and %s" % (gaps(events), told, words))
    state, building, whole, objects = None, None, 0, 0
    for e in events:
        if e["event"] == "state begin":
            building = {}
        elif e["event"] == "state end":
            state, building = building, None
            whole, objects = whole + 1, len(state)
        elif e["event"].endswith(" state"):
            apply(building, e)
        elif e["event"] == "lost":
            # What is missing is in the state that follows, or in the one before if it was told of then.
            state = state if "from" in e else None
        elif state is not None:
            apply(state, e)
    if state is None:
        sys.exit("no state behind the last gap")
    print("%d states, of %d objects the last" % (whole, objects))
    same(state, after)


def main():
    def state(path):
        with open(path) as f:
            return json.load(f)
    what, *args = sys.argv[1:]
    if what == "dump":
        with open(args[0], "w") as f:
            json.dump(dump(), f)
    elif what == "follow":
        follow(state(args[0]), args[1], state(args[2]))
    else:
        resync(args[0], state(args[1]), args[2])


if __name__ == "__main__":
    main()
