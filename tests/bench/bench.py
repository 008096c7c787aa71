#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/bench/run calls it: plans, boots the bench's kernel, and reports."""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import cases
import control
import report
import sets
from plan import FORWARD, Plan

HERE = os.path.dirname(os.path.abspath(__file__))
start = time.monotonic()


def say(text):
    print("bench: [%3d s] %s" % (time.monotonic() - start, text), flush=True)


def size(text):
    """1k, 1M, 500"""
    unit = {"k": 1000, "M": 1000000}.get(text[-1:], 1)
    return int(float(text.rstrip("kM")) * unit)


def parse(argv):
    ap = argparse.ArgumentParser(
        prog="tests/bench/run", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="tqueue beside ipset, nft sets and linear iptables, in a kernel of its own.",
        epilog="Timings decide nothing; the exit status is 0 if every answer of the kernel was right.")
    ap.add_argument("--quick", action="store_true", help="small sets and few rounds: about a minute")
    ap.add_argument("--sizes", help="numbers of single addresses (default 1k,10k,100k,1M)")
    ap.add_argument("--tuples", help="sizes of the 5-tuple sets (default 1k,10k,20k,50k)")
    ap.add_argument("--rows", default="", help="only these groups of rows: " + ",".join(cases.GROUPS))
    ap.add_argument("--data", default=os.path.join(HERE, "..", "..", "..", "shared", "data"),
                    help="folder with rules/*_10k and their .trace, to be measured too")
    ap.add_argument("--rounds", type=int, help="rounds of all measurements (default 15)")
    ap.add_argument("--ms", type=int, help="milliseconds for each in a round (default 30)")
    ap.add_argument("--probes", type=size, default=20000, help="made headers, where there is no trace")
    ap.add_argument("--compare", type=float, default=2e10,
                    help="most comparisons of the reference for one set (default 2e10)")
    ap.add_argument("--seed", type=int, default=1, help="of the made sets")
    ap.add_argument("--memory", help="of the kernel, as 4G")
    ap.add_argument("--timeout", type=int, default=1500, help="seconds, of the kernel")
    ap.add_argument("--out", default=os.path.join(HERE, "..", ".."), help="where bench.json and bench.svg go")
    ap.add_argument("--keep", action="store_true", help="keep the folder of the job")
    ap.add_argument("--times", type=int, default=2, help="of control: how often tables are loaded, listed and so on")
    ap.add_argument("--turns", type=int, default=15, help="of control: how often the other commands run")
    ap.add_argument("what", nargs="*", help="classbench RULES TRACE, iplist FILE..., or control")
    o = ap.parse_args(argv)
    default = "1k,10k" if o.quick else "1k,1M" if o.what == ["control"] else "1k,10k,100k,1M"
    o.sizes = [size(x) for x in (o.sizes or default).split(",")]
    o.tuples = [size(x) for x in (o.tuples or ("1k" if o.quick else "1k,10k,20k,50k")).split(",")]
    o.rounds = o.rounds or (5 if o.quick else 15)
    o.ms = o.ms or (10 if o.quick else 30)
    o.rows = [r for r in o.rows.split(",") if r] or list(cases.GROUPS)
    for r in o.rows:
        if r not in cases.GROUPS:
            ap.error("no group '%s' of rows" % r)
    if o.what:
        if o.what[0] == "classbench" and len(o.what) != 3:
            ap.error("classbench RULES TRACE")
        if o.what[0] == "iplist" and len(o.what) < 2:
            ap.error("iplist FILE...")
        if o.what[0] == "control" and len(o.what) != 1:
            ap.error("control takes no file")
        if o.what[0] not in ("classbench", "iplist", "control"):
            ap.error("no '%s': classbench, iplist or control" % o.what[0])
        for path in o.what[1:]:
            if not os.path.isfile(path):
                ap.error("%s: no such file" % path)
    return o


def boot(plan, options):
    """Runs the plan; its results."""
    memory = options.memory or "%dM" % (1500 + plan.rules_in_memory * 2500 // 1000000)
    with open(plan.path("job.json"), "w", encoding="utf-8") as f:
        json.dump(plan.job, f)
    tree = os.environ["BENCH_TREE"]
    command = [os.path.join(HERE, "boot"), os.environ["BENCH_KERNEL"], plan.folder, str(options.timeout),
               memory, os.path.join(tree, "tests", "bench", "guest.py")]
    say("booting the kernel: %s of memory, %d namespaces, %d points in %d rounds" % (
        memory, len(plan.job["spaces"]), len(plan.job["points"]), options.rounds))
    proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for raw in proc.stdout:
        line = raw.decode(errors="replace").rstrip()
        if line:
            print("  " + line, flush=True)
    status = proc.wait()
    try:
        with open(plan.path("results.json"), encoding="utf-8") as f:
            results = json.load(f)
        if not results["whole"]:
            results["failed"].append("the kernel ended before it was done, status %d" % status)
        return results
    except FileNotFoundError:
        sys.exit("bench: the kernel ended without results, status %d" % status)


def verdict(plan, results):
    """Prints what was wrong; True if nothing was."""
    wrong, compared, where, missing = plan.mismatches()
    for text in where + results["failed"]:
        print("  WRONG: " + text)
    for space in missing:
        print("  WRONG: no answers from " + space)
    print("mismatches %d of %d answers compared" % (wrong, compared))
    # Some rows have no answers to compare.
    return not wrong and not missing and not results["failed"] and (compared > 0 or not plan.job["checks"])


def all_cases(plan, options):
    say("making sets and streams")
    cases.make(plan, options, say)
    results = boot(plan, options)
    figures = report.Figures(results)
    rows = [report.row_figures(figures, r) for r in plan.rows]
    lines = report.table(rows)
    print("\nNanoseconds per packet above the empty table of the same engine (least of %d rounds of the\n"
          "5th percentile); ratio: tqueue, attached as that neighbour is, to the neighbour.\n" % options.rounds)
    print("\n".join(lines))
    text = cases.more(plan, figures, results)
    print("\n" + "\n".join(text))
    os.makedirs(options.out, exist_ok=True)
    with open(os.path.join(options.out, "bench.json"), "w", encoding="utf-8") as f:
        json.dump({"rows": rows, "more": text, "results": results}, f, indent=1)
    with open(os.path.join(options.out, "bench.svg"), "w", encoding="utf-8") as f:
        f.write(report.svg(rows))
    say("bench.json and bench.svg are in %s" % os.path.realpath(options.out))
    return verdict(plan, results)


def probes(rules, n, seed, bits):
    """Addresses in a list: first and last of entries, one outside, inside, anywhere."""
    rng = random.Random(seed)
    full, out = (1 << bits) - 1, []
    for _ in range(n):
        r = rules[rng.randrange(len(rules))]
        end = sets.last(r.src, r.slen, bits)
        out.append(rng.choice((r.src, end, max(r.src - 1, 0), min(end + 1, full), rng.randint(r.src, end),
                               rng.getrandbits(bits))))
    return sets.from_src(out)


def one_set(plan, name, rules, headers, family):
    """Loads a set twice: as it is, to be measured, and with marks, to be checked."""
    bits = sets.BITS[family]
    hook = {4: "", 6: "6"}[family]
    plan.stream(name, headers, family)
    space = plan.tqueue(name, rules, family)
    marked = plan.tqueue(name, rules, family, marks=True)
    say("%s: %d rules, IPv%d; looking for %d headers one by one" % (name, len(rules), family, len(headers)))
    plan.check_rules(name, marked, rules, FORWARD, family)
    base = "base-tqueue"
    if family == 6:
        base = plan.space("base-tqueue" + hook, [plan.tqueue_step("base-tqueue" + hook, plan.write(
            "base6.tq", "table add t\n" + plan.hook_line(6)), None)])
    points = (plan.measure(name, space, FORWARD), plan.measure(name, base, FORWARD))
    for p in plan.job["points"]:
        p["batch"] = 16         # percentiles of headers, as far as rdtsc can tell them apart
    return {"name": name, "family": family, "rules": len(rules), "bits": bits, "space": space, "marked": marked,
            "point": points[0], "base": points[1]}


def print_set(plan, results, one):
    figures = report.Figures(results)
    show = figures.steps.get((one["space"], "show"))
    load = figures.steps.get((one["space"], "load"))
    points, base = results["points"].get(one["point"]), results["points"].get(one["base"])
    if not show or not load or not points or not base:
        print("%s: no figures" % one["name"])
        return
    table = json.loads(show["text"])
    table = table[0] if isinstance(table, list) else table
    got = b""
    for c in plan.job["checks"]:
        if c["space"] == one["marked"]:
            with open(plan.path(c["answers"]), "rb") as f:
                got = f.read()
            want = plan.expected[c["answers"]]
    n = min(len(got), len(want)) // 4
    wrong = sum(got[i * 4:i * 4 + 4] != want[i * 4:i * 4 + 4] for i in range(n))
    hit = sum(want[i * 4:i * 4 + 4] != b"\0\0\0\0" for i in range(n))
    print("%s (IPv%d)" % (one["name"], one["family"]))
    print("  rules                %d, %d in the table" % (one["rules"], table["rules"]))
    print("  mismatches           %d of %d headers compared (%d in the stream, %d of 100 hit)" % (
        wrong, n, len(plan.headers[one["name"]]), 100 * hit // max(1, n)))
    for what in ("mean", "p5", "p50", "p99"):
        a, b = report.best(points, what), report.best(base, what)
        print("  ns per lookup, %-5s %8.1f (whole hook %.1f, of an empty table %.1f)" % (what, a - b, a, b))
    print("  shapes in the index  %d: an upper bound of hash probes per lookup" % table["tuples"])
    print("  bytes per rule       %.1f as the module counts, %.1f as slab and vmalloc grew" % (
        table["memory_bytes"] / one["rules"], load["memory"] / one["rules"]))
    print("  load with tqctl      %.2f s" % load["seconds"])


def some_sets(plan, options):
    todo = []
    if options.what[0] == "classbench":
        family, rules = sets.read_classbench(options.what[1])
        todo.append(one_set(plan, os.path.basename(options.what[1]).replace("-", "_"), rules,
                            sets.read_trace(options.what[2]), family))
    else:
        lists, unreadable = sets.read_iplist(options.what[1:])
        if unreadable:
            say("%d lines are no address, prefix or range" % unreadable)
        for family, rules in sorted(lists.items()):
            todo.append(one_set(plan, "list_v%d" % family, rules, probes(
                rules, options.probes, options.seed, sets.BITS[family]), family))
        if not todo:
            sys.exit("bench: nothing in these files")
    results = boot(plan, options)
    print()
    for one in todo:
        print_set(plan, results, one)
    return verdict(plan, results)


def commands(plan, options):
    say("making sets")
    control.plan_all(plan, options)
    results = boot(plan, options)
    with open(os.path.join(options.out, "control.json"), "w", encoding="utf-8") as f:
        json.dump(results["extra"].get("control"), f, indent=1)
    return control.report(results)


def main():
    options = parse(sys.argv[1:])
    form = {"classbench": some_sets, "iplist": some_sets, "control": commands}
    folder = tempfile.mkdtemp(prefix="tqueue-bench.")
    try:
        plan = Plan(folder, os.environ["BENCH_TREE"], options)
        right = (form[options.what[0]] if options.what else all_cases)(plan, options)
    except ValueError as err:
        sys.exit("bench: %s" % err)
    finally:
        if options.keep:
            say("the job is in " + folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
