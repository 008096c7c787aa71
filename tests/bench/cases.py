# SPDX-License-Identifier: GPL-2.0-only
"""The cases of the bench: which sets, which neighbours, what to reach."""
import glob
import os

import sets
from plan import FORWARD, OUTPUT, PREROUTING

DROPPED = 0xFFFFFFFF


def named(n):
    return "%dM" % (n // 10 ** 6) if n % 10 ** 6 == 0 else "%dk" % (n // 1000) if n % 1000 == 0 else str(n)


def stream_length(n):
    """Long enough to meet most of a set, short enough to leave the caches to it."""
    return min(max(2 * n, 16384), 1 << 20)


def checked(plan, stream, spaces, answer):
    """All of these spaces, whatever is in them, must say the same of a stream."""
    for space in spaces:
        plan.check_all(stream, space, OUTPUT, answer)


def floor(plan, options):
    """What a match costs that does nothing, and a table with nothing for a packet."""
    stream = plan.stream("floor", sets.from_src([sets.mix(i, 7) for i in range(16384)]))
    # Without a target it goes on with the next rule, as a match that is false does.
    nop = plan.space("nop", [plan.iptables("-m comment --comment nop", target="")])
    empty = plan.tqueue("empty", [])
    other = plan.space("other", [
        plan.tqueue_step("other", other_family(plan)), plan.iptables("-m tqueue --rule-table t")])
    for title, space, size in (("an empty table", empty, 0), ("rules of another family only", other, 1000)):
        plan.row(title, size, stream, {"tqueue": space, "iptables nop": nop}, 2.0, ["iptables nop"])
        # An empty table is the zero of all other rows; of these it is the case.
        plan.rows[-1]["points"]["tq-hook"] = (plan.measure(stream, space, FORWARD),
                                              plan.measure(stream, "base-none", FORWARD))
    checked(plan, stream, [empty, other], 0)
    checked(plan, stream, [nop], DROPPED)


def other_family(plan):
    rules = [sets.single(0x20010DB8 << 96 | sets.mix(i, 3), 128) for i in range(1000)]
    sets.write_tqctl(plan.path("other.tq"), rules, 128, after=plan.hook_line(4))
    return "other.tq"


def single(plan, options):
    """Single addresses: what hash sets are made for."""
    for n in options.sizes:
        name = "single%s" % named(n)
        rules = sets.singles(n, options.seed)
        spaces = {"ipset": plan.ipset(name, "hash:ip", rules), "nft": plan.nft(name, rules),
                  "tqueue": plan.tqueue(name, rules)}
        count = stream_length(n)
        hit = plan.stream(name + "-hit", sets.hits(rules, count, options.seed))
        miss = plan.stream(name + "-miss", sets.from_src(
            [sets.mix(n + i, options.seed) for i in range(count)]))
        goal, against = (1.0, ["nft"]) if n <= 10000 else (0.7, ["ipset", "nft"])
        plan.row("single addresses, hit", n, hit, spaces, goal, against, "single addresses, hit")
        plan.row("single addresses, miss", n, miss, spaces, goal if n <= 10000 else None, against,
                 "single addresses, miss")
        checked(plan, hit, spaces.values(), DROPPED)
        checked(plan, miss, spaces.values(), 0)


def prefixes(plan, options):
    """Prefixes of many lengths, disjoint and nested."""
    n = min(100000, max(options.sizes))
    rules = sets.lengths8(n, options.seed)
    spaces = {"ipset": plan.ipset("lengths8", "hash:net", rules), "tqueue": plan.tqueue("lengths8", rules)}
    count = stream_length(n)
    miss = plan.stream("lengths8-miss", sets.misses(rules, count, options.seed))
    hit = plan.stream("lengths8-hit", sets.hits(rules, count, options.seed))
    plan.row("8 prefix lengths, miss", n, miss, spaces, .15, ["ipset"])
    plan.row("8 prefix lengths, hit", n, hit, spaces)
    checked(plan, miss, spaces.values(), 0)
    checked(plan, hit, spaces.values(), DROPPED)

    rules = sets.nested(n, options.seed)
    apart = sets.disjoint(n, options.seed)
    nested = plan.stream("nested-hit", sets.hits(rules, count, options.seed))
    plain = plan.stream("apart-hit", sets.hits(apart, count, options.seed))
    spaces = {"ipset": plan.ipset("nested", "hash:net", rules), "tqueue": plan.tqueue("nested", rules)}
    alone = plan.nft("apart", apart, "interval")
    plan.row("nested prefixes, hit", n, nested, spaces, .25, ["nft"])
    # nft can't hold these, so its figure is that of as many that do not overlap.
    plan.rows[-1]["points"]["nft"] = plan.point(plain, "nft", alone)
    checked(plan, nested, spaces.values(), DROPPED)
    checked(plan, plain, [alone], DROPPED)
    marked = plan.tqueue("nested", rules, marks=True)
    plan.check_rules("nested-hit", marked, rules)


def five_tuples(plan, options):
    """Rules over all five fields: sets made here, and those of the data folder."""
    todo = []
    for family, goal in (("acl", .25), ("fw", .5), ("ipc", .5)):
        for n in options.tuples:
            rules = sets.five_tuple(family, n, options.seed)
            todo.append((family, "made", n, rules, sets.inside(rules, options.probes, options.seed), goal))
    for path in sorted(glob.glob(os.path.join(options.data, "rules", "*_*k"))):
        family, what = os.path.basename(path).split("_")
        if int(what[:-1]) * 1000 in options.tuples:
            version, rules = sets.read_classbench(path)
            headers = sets.read_trace(path + ".trace") if os.path.exists(path + ".trace") else \
                sets.inside(rules, options.probes, options.seed)
            if version == 4:
                todo.append((family, "ClassBench", int(what[:-1]) * 1000, rules, headers,
                             .25 if family.startswith("acl") else .5))
    for family, origin, n, rules, headers, goal in todo:
        name = "%s%s" % (family, named(n)) + ("" if origin == "made" else "c")
        stream = plan.stream(name, headers)
        spaces = {"tqueue": plan.tqueue(name, rules)}
        plan.row("5-tuples, %s (%s)" % (family, origin), len(rules), stream, spaces,
                 goal if n == 10000 else None, ["nft"],
                 "5-tuples, " + family if origin == "made" else None)
        if n <= 10000 and origin == "made":
            apart = sets.plain(rules, options.seed)
            plain = plan.stream(name + "-plain", sets.inside(apart, options.probes, options.seed, edge=False))
            ranges = plan.nft(name, apart, ranges=True)
            plan.rows[-1]["points"]["nft"] = plan.point(plain, "nft", ranges)
            checked(plan, plain, [ranges], DROPPED)
        marked = plan.tqueue(name, rules, marks=True)
        plan.check_rules(name, marked, rules)


def linear(plan, options):
    """A thousand rules, one after the other."""
    n = min(1000, max(options.sizes))
    tuples = [r._replace(proto=6) if r.proto is None else r
              for r in sets.five_tuple("fw", n, options.seed)]
    ports = [sets.Rule(0, 0, 0, 0, sets.ANY, (p, p), 17) for p in range(10000, 10000 + n)]
    addresses = sets.singles(n, options.seed + 1)
    for title, rules, headers in (
            ("-s, miss", addresses, sets.from_src([sets.mix(n + i, options.seed + 1) for i in range(16384)])),
            ("--dport, miss", ports, sets.from_src([sets.mix(i, 5) for i in range(16384)])),
            ("5-tuples", tuples, sets.inside(tuples, 16384, options.seed))):
        name = "linear" + "".join(c for c in title if c.isalnum())
        stream = plan.stream(name, headers)
        spaces = {"iptables": plan.linear(name, rules), "tqueue": plan.tqueue(name, rules)}
        plan.row("linear " + title, n, stream, spaces, .05, ["iptables"])
        if title != "5-tuples":
            checked(plan, stream, spaces.values(), 0)
        marked = plan.tqueue(name, rules, marks=True)
        plan.check_rules(name, marked, rules)


def cpus(plan, options):
    """Two CPUs at once, all packets for one rule, or copied to one queue."""
    stream = plan.stream("cpus", sets.from_src([sets.mix(i, 7) for i in range(16384)]))
    nop = plan.space("cpus-nop", [plan.iptables("-m comment --comment nop")])
    rule = plan.tqueue("cpus", [sets.Rule(0, 0, 0, 0, sets.ANY, sets.ANY, 17)])
    points = [{"name": n, "space": s, "hook": h, "stream": stream} for n, s, h in (
        ("iptables nop", nop, PREROUTING), ("tq-match", rule, PREROUTING), ("tq-hook", rule, FORWARD),
        ("tq-hook, empty table", "base-tqueue", FORWARD))]
    # Rings that what is sent fits into, emptied each time.
    (target, hook), (target2, _) = copying(plan, "cpus-queue", "ring 32M"), copying(plan, "cpus-queue2", "ring 32M")
    points += [dict({"name": n, "space": s, "hook": h, "stream": stream, "limit": 65536, "empty": [s]}, **more)
               for n, s, h, more in (
                   ("copy by target", target, PREROUTING, {}), ("copy by hook", hook, FORWARD, {}),
                   # If this grows as that did, no line of a queue is shared.
                   ("copy, a queue each", target, PREROUTING, {"other": target2, "empty": [target, target2]}))]
    plan.extra("cpus", "cpus", "two CPUs at once", needs=[nop, rule, target, hook, target2], points=points,
               rounds=options.rounds, ms=options.ms)
    checked(plan, stream, [nop, rule], DROPPED)


def changes(plan, options):
    """Changes of a small and of a large table."""
    small, large = min(options.sizes), max(options.sizes)
    spaces = []
    for n in (small, large):
        rules = sets.singles(n, options.seed + 2)
        spaces.append(plan.tqueue("change" + named(n), rules))
    plan.extra("adding", "adding", "adding rules to tables of %s and %s" % (named(small), named(large)),
               needs=spaces, times=300, bigs=10, many=1000)
    space = spaces[-1]
    headers = sets.hits(rules, 16384, options.seed)
    stream = plan.stream("changes", headers)
    # Unattached, so that it can be deleted; and the same again in one transaction.
    sets.write_tqctl(plan.path("other-table"), rules, table="u")
    sets.write_tqctl(plan.path("replace"), rules, table="t")
    with open(plan.path("replace"), "r+", encoding="ascii") as f:
        text = f.read().replace("table add t\n", "table flush t\n", 1)
        f.seek(0)
        f.write(text)
        f.truncate()
    tqctl = [plan.tqctl, "-n", space]
    plan.extra("disturb", "disturb", "packets and commands while a table of %s changes" % named(large),
               needs=[space, "base-tqueue"], space=space, other="base-tqueue", stream=stream, hook=FORWARD, steps=[
                   {"name": "load of another", "run": tqctl + ["-b", "-"], "stdin": "other-table"},
                   {"name": "delete of the other", "run": tqctl + ["table", "del", "u"]},
                   {"name": "replace", "run": tqctl + ["-b", "-"], "stdin": "replace"},
                   {"name": "flush", "run": tqctl + ["table", "flush", "t"]},
                   {"name": "load again", "run": tqctl + ["-b", "-"], "stdin": "replace"}])


def drain(plan, kind, *what, **options):
    """Words of a command that reads."""
    out = [os.path.join(os.path.dirname(plan.ref), "drain")]
    for letter, value in options.items():
        out += ["-" + letter] + ([str(value)] if value is not True else [])
    return out + [kind] + list(what)


NFLOG = "-j NFLOG --nflog-group 5 --nflog-threshold 64"


def copying(plan, name, settings):
    """Spaces in which all packets are copied to a queue: by the target, by a hook."""
    add = "queue add q %s\n" % settings
    return (plan.space(name + "-target", [
        plan.tqueue_step(name + "-target", plan.write(name + "-target.tq", add), None),
        plan.iptables(" ", target="-j TQUEUE --queue q")]),
        plan.space(name + "-hook", [plan.tqueue_step(name + "-hook", plan.write(
            name + "-hook.tq", add + "table add t\nrule add t family ip queue q accept\n" + plan.hook_line(4)), None)]))


def queues(plan, options):
    """What a copy of a packet costs, with a reader attached."""
    stream = plan.stream("queues", sets.from_src([sets.mix(i, 7) for i in range(4096)]))
    target, hook = copying(plan, "queue", "ring 32M")
    nflog = plan.space("nflog", [plan.iptables(" ", target=NFLOG)])
    packet = plan.space("packet", [])
    readers = {
        "tq-target": {"space": target, "run": drain(plan, "tqueue"), "queue": "q"},
        "tq-hook": {"space": hook, "run": drain(plan, "tqueue"), "queue": "q"},
        "NFLOG": {"space": nflog, "run": drain(plan, "nflog", "5", m=256)},
        "TPACKET_V3": {"space": packet, "run": drain(plan, "packet", "d0")},
    }
    points = []
    for length in (128, 1400):
        for name, space, path, number, reader in (
                ("base iptables", "base-iptables", "hook", PREROUTING, None),
                ("tq-target", target, "hook", PREROUTING, "tq-target"),
                ("NFLOG", nflog, "hook", PREROUTING, "NFLOG"),
                ("base hook", "base-tqueue", "hook", FORWARD, None),
                ("tq-hook", hook, "hook", FORWARD, "tq-hook"),
                ("base receive", "base-none", "receive", PREROUTING, None),
                ("TPACKET_V3", packet, "receive", PREROUTING, "TPACKET_V3")):
            # Lengths are from the MAC header on, as AF_PACKET counts.
            points.append({"name": "%s %d" % (name, length), "space": space, "path": path, "hook": number,
                           "length": length - 14, "stream": stream, "reader": reader})
    plan.extra("queues", "queues", "copies of packets, with readers",
               needs=[target, hook, nflog, packet, "base-none", "base-iptables", "base-tqueue"],
               readers=readers, points=points, rounds=options.rounds, burst=16384)


# Of each reader's buffer, so that nobody wins by memory.
BUFFER_MB = 8


def rates(plan, options):
    """Delivered without loss, system calls, latency, and capture tools."""
    stream = plan.stream("rates", sets.from_src([sets.mix(i, 7) for i in range(4096)]))
    target, _ = copying(plan, "rate", "ring %dM" % BUFFER_MB)
    nflog = plan.space("rate-nflog", [plan.iptables(" ", target=NFLOG)])
    packet = plan.space("rate-packet", [])
    few = max(2, options.rounds // 5)

    def point(name, space, path="hook", **more):
        return dict({"name": name, "space": space, "path": path, "hook": PREROUTING, "length": 128 - 14,
                     "stream": stream}, **more)

    readers = {
        "tqueue, mmap": {"space": target, "run": drain(plan, "mapped"), "queue": "q"},
        "TPACKET_V3": {"space": packet, "run": drain(plan, "packet", "d0", m=BUFFER_MB)},
        "tqueue, read": {"space": target, "run": drain(plan, "tqueue"), "queue": "q"},
        "NFLOG": {"space": nflog, "run": drain(plan, "nflog", "5", m=BUFFER_MB)},
    }
    plan.extra("rates", "rates", "the highest rate at which nothing is lost", needs=[target, nflog, packet],
               readers=readers, rounds=few, ms=200, bursts=8, burst=24576, points=[
                   point(n, r["space"], "receive" if n == "TPACKET_V3" else "hook", reader=n)
                   for n, r in readers.items()])
    points = []
    for kind in ("mapped", "tqueue"):
        how = {"space": target, "run": drain(plan, kind, l=True), "queue": "q"}
        for title, settings in (("flush 10ms", "watermark 512K flush 10ms"), ("flush 1ms", "watermark 512K flush 1ms"),
                                ("watermark 1", "watermark 1 flush 10ms")):
            points.append(point("tqueue, %s, %s" % ({"mapped": "mmap", "tqueue": "read"}[kind], title), target, how=how,
                                set=[["queue", "set", "q"] + settings.split()]))
    points.append(point("TPACKET_V3, block of 10 ms", packet, "receive",
                        how={"space": packet, "run": drain(plan, "packet", "d0", l=True, m=BUFFER_MB)}))
    plan.extra("latency", "latency", "latency at a low rate", needs=[target, packet], points=points,
               packets=10 * few, pause=.03)
    tools, _ = copying(plan, "capture", "ring %dM" % BUFFER_MB)
    plan.extra("captures", "captures", "capture tools", needs=[tools, packet], rounds=few, ms=300, points=[
        point("tqctl capture", tools, run=[plan.tqctl, "-n", tools, "capture", "q", "-w"], says=r": (\d+) packets"),
        # It gets a block that is not full after a second only.
        point("tcpdump", packet, "receive", says=r"(\d+) packets captured", lazy=True, still=1.5, run=[
            "tcpdump", "-i", "d0", "-Z", "root", "-B", str(BUFFER_MB * 1024), "-w"])])


GROUPS = {"floor": floor, "single": single, "prefixes": prefixes, "tuples": five_tuples, "linear": linear,
          "cpus": cpus, "queues": queues, "rates": rates, "changes": changes}


def make(plan, options, say):
    for name in options.rows:
        GROUPS[name](plan, options)
        say("made: %s" % GROUPS[name].__doc__.split("\n")[0])


def middle(values):
    return sorted(values)[len(values) // 2]


def more(plan, figures, results):
    """Lines on load time and memory, and what the experiments found."""
    out = ["load time, and growth of slab and vmalloc per rule:"]
    sizes = {p[0].split("|")[1]: r["size"] for r in plan.rows for p in r["points"].values()}
    for space in plan.job["spaces"]:
        name = space["name"]
        if figures.seconds(name) is not None and sizes.get(name):
            out.append("  %-24s %8d rules %8.2f s %8.1f bytes" % (
                name, sizes[name], figures.seconds(name), figures.memory(name) / sizes[name]))
    extra = results["extra"]
    for name, write in (("cpus", more_cpus), ("queues", more_queues), ("rates", more_rates),
                        ("latency", more_latency), ("captures", more_captures), ("adding", more_adding),
                        ("disturb", more_disturb)):
        if name in extra:
            out += [""] + write(extra[name])
    return out


def more_cpus(found):
    out = ["rate of two CPUs at once, as a multiple of one (middle of the rounds, least to most):"]
    for name, p in found.items():
        f = p["factor"]["p50"]
        out.append("  %-24s %5.2f (%.2f to %.2f); ns per packet: alone %.1f, at once %.1f and %.1f" % (
            name, middle(f), min(f), max(f), min(p["alone"]), *(min(x[i] for x in p["at_once"]) for i in (0, 1))))
    if middle(found["iptables nop"]["factor"]["mean"]) < 1.5:
        out.append("  by the clock the no-op match grew by %.2f only: this machine was busy with other things, and the\n"
                   "  two CPUs hardly ran at once" % middle(found["iptables nop"]["factor"]["mean"]))
    nop = middle(found["iptables nop"]["factor"]["p50"])
    for name in ("tq-match", "tq-hook", "copy by target", "copy by hook"):
        f = middle(found[name]["factor"]["p50"])
        out.append("  %s: %.2f of the no-op match's factor (to reach: 0.95)" % (name, f / nop))
    return out


def more_queues(found):
    points = found["points"]
    base = {"tq-target": "base iptables", "NFLOG": "base iptables", "tq-hook": "base hook",
            "TPACKET_V3": "base receive"}
    out = ["a copy into the queue, reader attached, ns per packet above the same without a copy:"]
    for length in (128, 1400):
        ns = {}
        for name, b in base.items():
            ns[name] = [min(points["%s %d" % (name, length)][k]) - min(points["%s %d" % (b, length)][k])
                        for k in ("p5", "p50")]
            out.append("  %4d bytes  %-12s p5 %8.1f  p50 %8.1f" % (length, name, *ns[name]))
        for to, goal in (("TPACKET_V3", .35 if length == 128 else .5), ("NFLOG", .25 if length == 128 else None)):
            if ns[to][0] > 0:
                out.append("  %4d bytes  tq-target is %.2f of %s%s" % (
                    length, ns["tq-target"][0] / ns[to][0], to, " (to reach: %.2f)" % goal if goal else ""))
    for name, r in found["readers"].items():
        out.append("  reader %-12s %d sent, %d read, %d lost" % (name, r["sent"], r["records"], r["lost"]))
    return out


def ratio(found, mine, theirs, goal):
    """Of the best of the rounds."""
    a, b = max(found[mine]["rate"]), max(found[theirs]["rate"])
    if not a or not b:
        return "  no ratio: this machine was too busy for at least one of %s and %s" % (mine, theirs)
    return "  %s is %.2f of %s (to reach: %.1f)%s" % (
        mine, a / b, theirs, goal, "; the sender was its limit" if any(found[mine]["limit"]) else "")


def by_parts(f):
    """Records a second that neither sender nor reader is too slow for, undisturbed."""
    return 1e9 / max(min(f["sender"]), min(c for c in f["reader"] if c))


def more_rates(found):
    out = ["what a record of 128 bytes costs its sender (all of the packet) and its reader, ns, buffers of %d MiB:" %
           BUFFER_MB]
    for name, f in found.items():
        if any(f["reader"]):
            out.append("  %-16s sender %6.1f  reader %6.1f  so at most %5.2f M/s" % (
                name, min(f["sender"]), min(c for c in f["reader"] if c), by_parts(f) / 1e6))
    for mine, theirs, goal in (("tqueue, mmap", "TPACKET_V3", 1.5), ("tqueue, read", "NFLOG", 2)):
        if any(found[mine]["reader"]) and any(found[theirs]["reader"]):
            out.append("  %s is %.2f of %s (to reach: %.1f)" % (
                mine, by_parts(found[mine]) / by_parts(found[theirs]), theirs, goal))
    out.append("highest paced rate at which nothing was lost (best of %d rounds; needs two CPUs to itself):" %
               len(found["NFLOG"]["rate"]))
    for name, f in found.items():
        out.append("  %-16s %6.2f M/s%s" % (name, max(f["rate"]) / 1e6,
                                            ", as fast as the sender" if any(f["limit"]) else ""))
    out += [ratio(found, "tqueue, mmap", "TPACKET_V3", 1.5), ratio(found, "tqueue, read", "NFLOG", 2),
            "system calls per million records (to reach, at full rate: 1000 by mmap, 5000 by read):"]
    for name, f in found.items():
        calls = [c for c in f["calls"] if c is not None]
        out.append("  %-16s at full rate %.0f to %.0f (%.2f M/s, %.0f %% lost)%s" % (
            name, min(f["flood_calls"]), max(f["flood_calls"]), middle(f["flood_rate"]) / 1e6,
            100 * middle(f["flood_lost"]), ", at the rate above %.0f" % middle(calls) if calls else ""))
    return out


def more_latency(found):
    out = ["from the making of a record to its reader, one packet now and then, microseconds:"]
    for name, f in found.items():
        out.append("  %-28s p50 %8.0f  p95 %8.0f  longest %8.0f" % (name, *(f[k] / 1000 for k in ("p50", "p95", "max"))))
    return out + ["  to reach: the flush interval at most; at once with watermark 1"]


def more_captures(found):
    out = ["highest rate at which a capture to a file loses nothing, 128 bytes (best of the rounds):"]
    for name, f in found.items():
        out.append("  %-16s %6.2f M/s%s" % (name, max(f["rate"]) / 1e6,
                                            ", as fast as the sender" if any(f["limit"]) else ""))
    return out + [ratio(found, "tqctl capture", "tcpdump", 1.5)]


def more_adding(found):
    out = ["adding rules, microseconds with the system calls:"]
    for name, f in found.items():
        out.append("  %-24s one: p50 %.0f p99 %.0f longest %.0f; a message of 1000: p50 %.0f longest %.0f" % (
            name, f["one"]["p50"], f["one"]["p99"], f["one"]["max"], f["many"]["p50"], f["many"]["max"]))
    small, large = list(found.values())[0], list(found.values())[-1]
    out.append("  one rule: large is %.2f of small (to reach: 2)" % (large["one"]["p50"] / small["one"]["p50"]))
    return out


def more_disturb(found):
    out = ["while a large table changes on the other CPU:"]
    for name, f in found.items():
        unit = "us" if name.startswith("commands") else "ns"
        out.append("  %-34s p50 %8.1f %s  p99 %8.1f %s%s%s" % (
            name, f["p50"], unit, f["p99"], unit,
            "  longest batch of 16 %.0f us" % f["longest_us"] if "longest_us" in f else "  longest %.0f us" % f["max"],
            "  (%.2f s)" % f["seconds"] if "seconds" in f else ""))
    return out
