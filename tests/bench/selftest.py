# SPDX-License-Identifier: GPL-2.0-only
"""selftest.py REF FOLDER: what judges the answers sees wrong ones.
selftest.py --files FOLDER: small files in the formats that the bench reads.
selftest.py --results FOLDER: bench.json and bench.svg there are whole.
selftest.py --control FOLDER: control.json likewise, and its report sees what is wrong.
"""
import json
import os
import random
import struct
import subprocess
import sys
import xml.dom.minidom

import control
import plan
import sets


def slow(rules, h, bits):
    """First match, once more and in other words than ref's."""
    src, dst, sport, dport, proto = h
    for i, r in enumerate(rules, 1):
        if not r.src <= src <= sets.last(r.src, r.slen, bits) or not r.dst <= dst <= sets.last(r.dst, r.dlen, bits):
            continue
        if r.proto not in (None, proto):
            continue
        if (r.sports, r.dports) != (sets.ANY, sets.ANY):
            if proto not in sets.PORTS or sport not in range(r.sports[0], r.sports[1] + 1) or \
                    dport not in range(r.dports[0], r.dports[1] + 1):
                continue
        return i
    return 0


def run_ref(ref, folder, rules, headers, bits, budget="1e9"):
    paths = [os.path.join(folder, x) for x in ("r", "h", "a")]
    sets.write_ref_rules(paths[0], rules, bits)
    sets.write_ref_headers(paths[1], headers, bits)
    subprocess.run([ref] + paths + [budget], check=True)
    with open(paths[2], "rb") as f:
        return [x for x, in struct.iter_unpack("=I", f.read())]


def wide(rules):
    """The same as IPv6."""
    return [r._replace(src=r.src << 96, dst=r.dst << 96) for r in rules]


def test_ref(ref, folder):
    for family in sets.FAMILIES:
        rules = sets.five_tuple(family, 200, 5)
        headers = sets.inside(rules, 1500, 6)
        headers += [h[:4] + (random.Random(i).choice((1, 6, 33, 47, 132, 136)),)
                    for i, h in enumerate(headers[:500])]
        want = [slow(rules, h, 32) for h in headers]
        assert len(set(want)) > 100 and 0 in want
        assert run_ref(ref, folder, rules, headers, 32) == want
        six = wide(rules)
        headers6 = [(h[0] << 96 | 7, h[1] << 96 | 9) + h[2:] for h in headers]
        assert run_ref(ref, folder, six, headers6, 128) == [slow(six, h, 128) for h in headers6]
    rules = sets.nested(300, 5)
    headers = sets.hits(rules, 500, 6) + sets.from_src([sets.mix(i, 1) for i in range(500)])
    want = [slow(rules, h, 32) for h in headers]
    assert run_ref(ref, folder, rules, headers, 32) == want
    assert len(run_ref(ref, folder, sets.five_tuple("fw", 200, 5), headers, 32, "1000")) < 1000


def test_comparison(folder):
    p = plan.Plan.__new__(plan.Plan)
    p.folder, p.headers, p.expected = folder, {"s": [0, 1, 2]}, {}
    p.job = {"checks": []}
    for answers in ((1, 2, 3), (1, 7, 3), (1, 2)):
        p.check("s", "space", 0, struct.pack("=3I", 1, 2, 3))
        with open(p.path(p.job["checks"][-1]["answers"]), "wb") as f:
            f.write(struct.pack("=%dI" % len(answers), *answers))
    p.check("s", "silent", 0, struct.pack("=I", 1))
    wrong, compared, where, missing = p.mismatches()
    assert (wrong, compared, missing) == (1, 8, ["silent"]), (wrong, compared, missing)
    assert "header 1" in where[0] and "got 7, want 2" in where[0], where


def test_results(folder):
    with open(os.path.join(folder, "bench.json"), encoding="utf-8") as f:
        whole = json.load(f)
    rows, extra = whole["rows"], whole["results"]["extra"]
    assert len(rows) > 10, len(rows)
    # How fast the machine is decides nothing; that all was tried does.
    for name, f in extra["rates"].items():
        assert all(x > 0 for x in f["sender"] + f["reader"] + f["flood_calls"] + f["flood_rate"]), (name, f)
        assert len(f["rate"]) == len(f["sender"]) > 1, (name, f)
    assert len(extra["rates"]) == 4 and len(extra["latency"]) == 7
    assert all(0 < f["p50"] <= f["max"] for f in extra["latency"].values()), extra["latency"]
    assert sorted(extra["captures"]) == ["tcpdump", "tqctl capture"], extra["captures"]
    assert all(len(f["factor"]["p50"]) > 1 for f in extra["cpus"].values()), extra["cpus"]
    assert "copy, a queue each" in extra["cpus"]
    for r in rows:
        for engine, ns in r["ns"].items():
            assert ns is not None, (r["case"], engine)
    plot = xml.dom.minidom.parse(os.path.join(folder, "bench.svg"))
    assert len(plot.getElementsByTagName("polyline")) > 5


def test_control(folder):
    with open(os.path.join(folder, "control.json"), encoding="utf-8") as f:
        found = json.load(f)
    for what, by_size in found["rows"].items():
        assert sorted(by_size) == ["300", "3000"], (what, by_size)
        for rows in by_size.values():
            assert all(r["seconds"] > 0 and r["rss"] > 1 << 16 for r in rows), (what, rows)
    for command in control.COMMANDS:
        assert "tqctl " + command in found["rows"], command
    results = {"extra": {"control": found}, "failed": []}
    assert control.report(results)
    found["checks"].append({"what": "x", "got": "1", "want": "2", "right": False})
    assert not control.report(results)
    assert not control.report({"extra": {}, "failed": []})


def write_files(folder):
    rules = sets.five_tuple("fw", 400, 9)
    with open(os.path.join(folder, "rules"), "w", encoding="ascii") as f:
        for r in rules:
            f.write("@%s/%d\t%s/%d\t%d : %d\t%d : %d\t0x%02X/0x%02X\t0x0000/0x0000\n" % (
                sets.text4(r.src), r.slen, sets.text4(r.dst), r.dlen, *r.sports, *r.dports, r.proto or 0,
                0 if r.proto is None else 255))
    with open(os.path.join(folder, "trace"), "w", encoding="ascii") as f:
        for h in sets.inside(rules, 3000, 9):
            f.write("\t".join(map(str, h + (0, 0))) + "\n")
    nested = sets.nested(900, 9)
    with open(os.path.join(folder, "list4"), "w", encoding="ascii") as f:
        f.write("; a comment\n192.0.2.7\n198.51.100.1-198.51.100.9\n203.0.113.77/24 more\n")
        f.writelines(sets.cidr(r.src, r.slen) + "\n" for r in nested)
    with open(os.path.join(folder, "list6"), "w", encoding="ascii") as f:
        f.write("2001:db8::1\n")
        f.writelines("%s/%d\n" % (sets.text(0x20010DB8 << 96 | r.src << 64, 128), r.slen + 32) for r in nested)


if __name__ == "__main__":
    if sys.argv[1] == "--files":
        write_files(sys.argv[2])
    elif sys.argv[1] == "--results":
        test_results(sys.argv[2])
    elif sys.argv[1] == "--control":
        test_control(sys.argv[2])
    else:
        test_ref(*sys.argv[1:])
        test_comparison(sys.argv[2])
