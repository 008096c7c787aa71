# SPDX-License-Identifier: GPL-2.0-only
"""What t_load makes, and how it accounts for it; JSON is what tqctl prints.

  load.py make QUEUES RING COPIES      commands of tqctl: queues q0..., of which every
                                       tenth is a log; a table with a rule for each; and
                                       the table hot: rule N takes port 2000 + N of 64 and
                                       copies to so many queues
  load.py unmake QUEUES
  load.py readers QUEUES N             which of N readers read what, and how, from the
                                       JSON of "queue show": options, then the device
  load.py copies QUEUES COPIES STATS RULES   each queue has what rules have copied to it
  load.py read STATS READERS FOLDER    readers of a queue, which have written FOLDER/N.out,
                                       have read what it has
"""
import json
import sys

PORTS = 64
# Of eight readers; the last one shares its queue with the one before.
HOWS = ["", "-w poll", "-w epoll", "-M -w poll", "-M -w epoll", "-b 256", "-w poll", "-b 4096"]


def objects(of, *names):
    """Those in the JSON that have all of these names."""
    if isinstance(of, str):
        with open(of) as f:
            of = json.load(f)
    found = []
    if isinstance(of, dict):
        if set(names) <= set(of):
            found.append(of)
        of = list(of.values())
    if isinstance(of, list):
        for x in of:
            if isinstance(x, (dict, list)):
                found += objects(x, *names)
    return found


def is_log(i):
    return i % 10 == 9


def targets(port, queues, copies):
    return [(port * copies + i) % queues for i in range(min(copies, queues))]


def make(queues, ring, copies):
    for i in range(queues):
        print("queue add q%d mode %s ring %d snaplen 100"
              % (i, "log" if is_log(i) else "stream", ring))
        print("table add t%d" % i)
        print("rule add t%d proto udp dport %d queue q%d pass" % (i, i % 60000 + 1, i))
    print("table add hot")
    for port in range(PORTS):
        print("rule add hot prio %d proto udp dport %d %s pass"
              % (port, 2000 + port, " ".join("queue q%d" % i
                                             for i in targets(port, queues, copies))))
    print("hook add hot family inet hook prerouting priority raw")


def unmake(queues):
    for i in range(queues):
        print("table del t%d" % i)
    print("table flush hot")
    for i in range(queues):
        print("queue del q%d" % i)


def readers(queues, n):
    ids = {q["name"]: q["id"] for q in objects(json.load(sys.stdin), "name", "id")}
    streams = [i for i in range(queues) if not is_log(i)]
    for i in range(n):
        q = "q%d" % streams[(i - (i % 8 == 7)) % len(streams)]
        print(i, q, HOWS[i % 8], "/dev/tqueue/%d" % ids[q])


def counters(stats):
    return {q["name"]: q["stats"] for q in objects(stats, "name", "stats")}


def say(**values):
    for name, value in values.items():
        print("%s=%d" % (name, value))


def check_copies(queues, copies, stats, rules):
    want = [0] * queues
    total = bad = lost = 0
    for rule in objects(rules, "handle", "copies"):
        to = targets(rule["prio"], queues, copies)
        if rule["copies"] != rule["packets"] * len(to):
            print("# rule %d: %d packets, %d copies" % (rule["prio"], rule["packets"], rule["copies"]))
            bad += 1
        for i in to:
            want[i] += rule["packets"]
        total += rule["copies"]
    have = counters(stats)
    for i in range(queues):
        s = have["q%d" % i]
        lost += s["lost_total"]
        if s["records"] + s["lost_total"] != want[i] or is_log(i) and s["lost_total"]:
            print("# q%d: records %d + lost %d, copies %d"
                  % (i, s["records"], s["lost_total"], want[i]))
            bad += 1
    say(copies=total, lost=lost, queues=sum(map(bool, want)), wrong=bad)


def check_read(stats, plan, folder):
    have = counters(stats)
    read = {}
    lost = {}
    with open(plan) as f:
        for line in f:
            i, q = line.split()[:2]
            with open("%s/%s.out" % (folder, i)) as out:
                values = dict(text.strip().split("=", 1) for text in out if "=" in text)
            read[q] = read.get(q, 0) + int(values["records"])
            lost[q] = lost.get(q, 0) + int(values["lost"])
    bad = 0
    for q in read:
        # The last loss of a ring was told if something came after it.
        if read[q] != have[q]["records"] or lost[q] > have[q]["lost_total"]:
            print("# %s: read %d, told lost %d; records %d, lost %d"
                  % (q, read[q], lost[q], have[q]["records"], have[q]["lost_total"]))
            bad += 1
    say(streams=len(read), read=sum(read.values()), told_lost=sum(lost.values()), wrong=bad)


COMMANDS = {"make": make, "unmake": unmake, "readers": readers, "copies": check_copies,
            "read": check_read}
COMMANDS[sys.argv[1]](*(int(a) if a.isdigit() else a for a in sys.argv[2:]))
