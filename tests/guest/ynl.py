#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""ynl.py: drives each operation of tqueue.yaml by the kernel's YNL command line,
pyynl/cli.py, and looks at what comes back.  TAP.

Its main() is called again and again in this process; that the YAML is read only
once is all that is different from starting it."""
import contextlib
import copy
import gc
import io
import json
import sys

sys.path[:0] = [".", "pyynl"]
import yaml     # noqa: E402 pylint: disable=wrong-import-position

load, known = yaml.load, {}


def load_once(stream, *args, **kwargs):
    text = stream if isinstance(stream, str) else stream.read()
    if text not in known:
        known[text] = load(text, *args, **kwargs)
    return copy.deepcopy(known[text])


yaml.load = load_once
import cli      # noqa: E402 pylint: disable=wrong-import-position

driven, seen = set(), set()
count = failed = 0


def say(good, what, *notes):
    global count, failed
    count += 1
    failed += not good
    print("%s %d - %s" % ("ok" if good else "not ok", count, what))
    if not good:
        for note in notes:
            print("# %s" % (note,))


def run(*words):
    """(exit status, what it printed line by line, as JSON where it is)"""
    out, err, status = io.StringIO(), io.StringIO(), 0
    sys.argv = ["cli.py", "--no-schema", "--spec", "tqueue.yaml", "--output-json", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as e:
            status = e.code or 0
        except Exception as e:      # pylint: disable=broad-except
            status = repr(e)
    gc.collect()        # closes its socket
    replies = []
    for line in out.getvalue().splitlines():
        try:
            replies.append(json.loads(line))
        except ValueError:
            replies.append(line)
    return status, replies


def holds(got, want):
    """@got has what @want has, and may have more."""
    if isinstance(want, dict):
        return isinstance(got, dict) and all(k in got and holds(got[k], v) for k, v in want.items())
    if isinstance(want, list):
        return isinstance(got, list) and len(got) == len(want) and all(map(holds, got, want))
    return want is any or got == want


def op(mode, name, want=None, /, **attrs):
    """One operation, whose reply must hold @want.  The reply."""
    attrs = {k.replace("_", "-"): v for k, v in attrs.items()}
    status, replies = run("--" + mode, name, "--json", json.dumps(attrs))
    reply = replies[0] if replies else None
    driven.add((mode, name))
    say(status == 0 and (want is None or holds(reply, want)),
        "%s %s %s" % (mode, name, json.dumps(attrs)), "status %s" % (status,), reply, "want: %s" % (want,))
    return reply if isinstance(reply, (dict, list)) else {}


def do(name, want=None, /, **attrs):
    return op("do", name, want, **attrs)


def dump(name, want=None, /, **attrs):
    return op("dump", name, want, **attrs)


def multi(what, *ops):
    """Several in one message: a transaction belongs to a socket."""
    words = []
    for name, attrs in ops:
        words += ["--multi", name, json.dumps(attrs)]
        driven.add(("do", name))
    status, replies = run(*words)
    say(status == 0, what, "status %s" % (status,), *replies)
    return replies[0] if replies else []


def refused(name, text, /, **attrs):
    status, replies = run("--do", name, "--json", json.dumps({k.replace("_", "-"): v for k, v in attrs.items()}))
    say(status == 1 and any(text in str(r) for r in replies), "%s is refused: %s" % (name, text), status, *replies)


def queues():
    made = {"name": "q", "mode": "stream", "ring-size": 16384, "snaplen": 96, "watermark": 4096, "flush-us": 1000}
    q = do("queue-new", dict(made, id=any), name="q", mode="stream", ring_size=16384, snaplen=96, watermark=4096,
           flush_us=1000)
    do("queue-set", name="q", snaplen=128)
    made["snaplen"] = 128
    do("queue-get", made, id=q["id"])
    do("queue-get", {"stats": {"records": 0}}, name="q", query=["stats"])
    dump("queue-get", [made])
    dump("queue-get", [{"name": "q", "ring": any}], query=["rings"])
    dump("stats-get", [{"name": "q", "stats": {"lost-full": 0}, "ring": any}])
    do("queue-open", {"id": q["id"], "fd": any}, name="q", open_flags=2)
    do("queue-flush", name="q")
    refused("queue-new", "already", name="q")
    do("queue-new", {"name": "gone"}, name="gone")
    do("queue-del", name="gone")


def tables():
    t = do("table-new", {"name": "t", "rules": 0}, name="t")
    do("table-new", {"name": "gone"}, name="gone")
    do("table-get", {"name": "t", "id": t["id"]}, id=t["id"])
    dump("table-get", [{"name": "t"}, {"name": "gone"}])
    do("table-del", name="gone")


def rules():
    packet = {"family": "ipv4", "src": "10.1.2.3", "dst": "192.0.2.1", "proto": 17, "sport": 1, "dport": 53}
    rule = {"prio": 5, "family": "ipv4", "src": "10.0.0.0", "src-len": 8, "proto": 17, "dport-min": 53,
            "dport-max": 54, "copy": [{"queue": "q", "snaplen": 60}], "set-mark": 7, "verdict": "drop"}
    got = do("rule-new", {"table": "t", "rule": [{"handle": any}, {"handle": any}]}, table="t",
             rule=[rule, {"prio": 9, "iif": "eth+", "ct-state": ["new", "related"], "verdict": "accept"}])
    first, second = (r["handle"] for r in got.get("rule", [{"handle": 0}, {"handle": 0}]))
    do("rule-get", {"rule": [rule]}, table="t", rule=[{"handle": first}])
    dump("rule-get", [{"table": "t", "rule": [rule, {"iif": "eth+", "verdict": "accept"}]}], table="t")
    dump("rule-get", [{"rule": [{"handle": second}]}], table="t", filter={"verdict": "accept"})
    do("rule-test", {"rule": [{"handle": first, "verdict": "drop"}]}, table="t", packet=packet)
    dump("rule-test", [{"rule": [{"handle": first}]}], table="t", packet=packet)
    do("rule-set", {"rule": [{"handle": second}]}, table="t", rule=[{"handle": second, "prio": 3}])
    dump("rule-get", [{"rule": [{"handle": second, "prio": 3}, {"handle": first}]}], table="t")
    refused("rule-new", "range", table="t", rule=[{"proto": 256}])
    do("rule-del", table="t", rule=[{"handle": second}])
    dump("table-get", [{"name": "t", "rules": 1}])
    do("table-flush", name="t")
    dump("table-get", [{"name": "t", "rules": 0}])


def hooks():
    do("table-new", {"name": "u"}, name="u")
    h = do("hook-new", {"id": any, "table": "t", "point": "prerouting", "priority": -300}, table="t", family="inet",
           point="prerouting", priority=-300)
    do("hook-set", id=h["id"], table="u")
    do("hook-get", {"table": "u", "family": "inet"}, id=h["id"])
    dump("hook-get", [{"table": "u", "priority": -300}])
    do("hook-del", id=h["id"])
    do("hook-new", {"device": "lo", "family": "netdev"}, table="t", family="netdev", point="ingress", device="lo")


def transactions():
    # It ends with the socket, so the next one's number is known.
    last = do("txn-begin", {"id": any}).get("id", 0)
    multi("begin and abort", ("txn-begin", {}), ("rule-new", {"table": "t", "txn": last + 1, "rule": [{"prio": 1}]}),
          ("txn-abort", {"id": last + 1}))
    dump("rule-get", [{"table": "t"}], table="t")
    multi("begin, flush, add, commit",
          ("txn-begin", {}), ("table-flush", {"name": "t", "txn": last + 2}),
          ("rule-new", {"table": "t", "txn": last + 2, "rule": [{"prio": 1, "verdict": "drop"}]}),
          ("txn-commit", {"id": last + 2, "confirm-ms": 600000}))
    dump("txn-get", [{"id": last + 2, "state": "unconfirmed", "confirm-ms": any}])
    do("txn-confirm", id=last + 2)
    dump("txn-get", [])
    dump("rule-get", [{"rule": [{"prio": 1, "verdict": "drop"}]}], table="t")
    driven.update({("do", "txn-commit"), ("do", "txn-abort")})


def limits():
    do("table-set", None, name="t", **{"rules-max": 100})
    do("table-get", {"rules-max": 100}, name="t")


def events():
    """What it does itself, as others are told."""
    for name, attrs, ntf, what in (
            ("queue-set", {"name": "q", "snaplen": 64}, "queue-set-ntf", {"name": "q", "snaplen": 64}),
            ("table-flush", {"name": "t"}, "table-flush-ntf", {"name": "t", "serial": any}),
            ("rule-new", {"table": "t", "rule": [{"verdict": "drop"}]}, "rule-new-ntf",
             {"table": "t", "rule": [{"verdict": "drop"}]}),
            ("table-del", {"name": "u"}, "table-del-ntf", {"name": "u", "serial": any})):
        status, replies = run("--subscribe", "events", "--do", name, "--json", json.dumps(attrs), "--duration", "1")
        say(status == 0 and any(holds(r, {"name": ntf, "msg": what}) for r in replies),
            "%s is told as %s" % (name, ntf), status, *replies)
        seen.add(ntf)


def main():
    do("version-get", {"abi": 1, "features": any, "record-hdr": any})
    queues()
    tables()
    rules()
    hooks()
    transactions()
    limits()
    events()
    with open("tqueue.yaml", encoding="utf-8") as f:
        spec = load_once(f, Loader=yaml.SafeLoader)
    there = {(mode, o["name"]) for o in spec["operations"]["list"] for mode in ("do", "dump") if mode in o}
    say(driven == there, "each operation was driven", there - driven, driven - there)
    print("1..%d" % count)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
