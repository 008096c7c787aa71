# SPDX-License-Identifier: GPL-2.0-only
"""Experiments that are more than a point: two CPUs, changes of large tables,
queues with their readers.  Runs in the bench's kernel; each function takes the
Guest and its entry in the job, and returns what goes into the results.
"""
import contextlib
import ctypes
import json
import mmap
import os
import re
import signal
import socket
import struct
import subprocess
import time

import guest as bench

CLONE_NEWNET = 0x40000000


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p))]


class Child:
    """A function in a process of its own on CPU 1; result() is what it returned."""

    def __init__(self, function):
        self.read, write = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(write)
            return
        status = 1
        try:
            os.sched_setaffinity(0, {1})
            os.write(write, json.dumps(function()).encode())
            status = 0
        finally:
            os._exit(status)

    def result(self):
        with os.fdopen(self.read, "rb") as f:
            data = f.read()
        os.waitpid(self.pid, 0)
        if not data:
            raise bench.Failed("the process on the other CPU died")
        return json.loads(data)


# ---- two CPUs ----

def cpus(g, e):
    """Rates of one CPU and of two at once; points by turns.  other: where the second
    CPU has its packets go; empty: queues to be emptied before.
    """
    points, rounds, ms = e["points"], e["rounds"], e["ms"]

    def stream(p):
        s = g.job["streams"][p["stream"]]
        return bench.Stream(s["file"], s["family"])

    def one(s, p, peers, space="space"):
        return s.run(g.netns[p.get(space) or p["space"]], hook=p["hook"], ms=ms, peers=peers, limit=p.get("limit", 0))

    def other():
        mine = [stream(p) for p in points]
        return [[one(s, p, 2, "other") for s, p in zip(mine, points)] for _ in range(rounds)]

    def emptied(s, p, peers):
        for space in p.get("empty", []):
            bench.command([os.environ["TQCTL"], "-n", space, "queue", "flush", "q"])
        return one(s, p, peers)

    mine = [stream(p) for p in points]
    child = Child(other)
    both, alone = [], []
    for _ in range(rounds):
        # The other one waits for us at each of them, so it is idle meanwhile.
        alone.append([emptied(s, p, 0) for s, p in zip(mine, points)])
        both.append([emptied(s, p, 2) for s, p in zip(mine, points)])
    theirs = child.result()
    out = {}
    for i, p in enumerate(points):
        out[p["name"]] = {
            "factor": {k: [(1 / both[r][i][k] + 1 / theirs[r][i][k]) * alone[r][i][k] for r in range(rounds)]
                       for k in ("p5", "p50", "mean")},
            "alone": [alone[r][i]["p50"] for r in range(rounds)],
            "at_once": [[both[r][i]["p50"], theirs[r][i]["p50"]] for r in range(rounds)]}
    return out


# ---- changes ----

@contextlib.contextmanager
def in_netns(fd):
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    try:
        yield
    finally:
        libc.setns(here, CLONE_NEWNET)
        os.close(here)


def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


NESTED = 0x8000


def u32(value):
    return struct.pack("=I", value)


# uapi/linux/tqueue.h
CMD_TABLE_GET, CMD_RULE_NEW = 11, 13
A_TABLE_NAME = 3
A_RULES_TABLE, A_RULES_RULE = 2, 6
A_RULE_FAMILY, A_RULE_DST, A_RULE_VERDICT = 4, 7, 36
VERDICT_ACCEPT = 2


class Genl:
    """A socket of the family tqueue: one message, one answer, as short as can be."""

    def __init__(self, netns):
        with in_netns(netns):
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        answer = self.request(16, 3, 1, attr(2, b"tqueue\0"))
        at = 20
        while at < len(answer):
            size, kind = struct.unpack_from("=HH", answer, at)
            if kind == 1:
                self.family = struct.unpack_from("=H", answer, at + 4)[0]
            at += size + -size % 4

    def request(self, kind, cmd, version, data):
        """The answer, or the acknowledgement; an error is raised."""
        self.sock.send(struct.pack("=IHHII", 20 + len(data), kind, 5, 1, 0) + struct.pack("=BBH", cmd, version, 0) +
                       data)
        answer = None
        while True:
            got = self.sock.recv(1 << 17)
            if struct.unpack_from("=H", got, 4)[0] == 2:
                error = struct.unpack_from("=i", got, 16)[0]
                if error:
                    raise bench.Failed("netlink: %s" % os.strerror(-error))
                return answer
            answer = answer or got

    def timed(self, cmd, data):
        t0 = time.perf_counter()
        self.request(self.family, cmd, 1, data)
        return (time.perf_counter() - t0) * 1e6


def rule(address):
    """Of one destination: no set of the bench has such, so it is always a new one."""
    return attr(A_RULES_RULE | NESTED, attr(A_RULE_FAMILY, u32(2)) + attr(A_RULE_DST, struct.pack(">I", address)) +
                attr(A_RULE_VERDICT, u32(VERDICT_ACCEPT)))


def adding(g, e):
    """Microseconds to add one rule, and a message of many, to each of the tables."""
    table = attr(A_RULES_TABLE, b"t\0")
    many = e["many"]
    sockets = {s: Genl(g.netns[s]) for s in e["needs"]}
    one, big = {s: [] for s in sockets}, {s: [] for s in sockets}
    address = 1 << 24
    for _ in range(e["times"]):
        for s, genl in sockets.items():
            one[s].append(genl.timed(CMD_RULE_NEW, table + rule(address)))
            address += 1
    for _ in range(e["bigs"]):
        for s, genl in sockets.items():
            data = table + b"".join(rule(address + i) for i in range(many))
            address += many
            big[s].append(genl.timed(CMD_RULE_NEW, data))
    return {s: {"one": {"p50": percentile(one[s], .5), "p99": percentile(one[s], .99), "max": max(one[s])},
                "many": {"p50": percentile(big[s], .5), "max": max(big[s])}} for s in sockets}


def disturb(g, e):
    """Packets and other commands, while a large table is changed on the other CPU."""
    netns, quiet = g.netns[e["space"]], Genl(g.netns[e["other"]])
    stream = g.streams[e["stream"]]
    name = attr(A_TABLE_NAME, b"t\0")

    def packets(until):
        rows = []
        while not rows or not until():
            rows.append(stream.run(netns, hook=e["hook"], ms=100, batch=16))
        return {"p50": percentile([r["p50"] for r in rows], .5), "p99": percentile([r["p99"] for r in rows], .5),
                "p99_worst": max(r["p99"] for r in rows), "longest_us": max(r["longest"] for r in rows) / 1000}

    def commands(until):
        times = []
        while len(times) < 100 or not until():
            times.append(quiet.timed(CMD_TABLE_GET, name))
        return {"p50": percentile(times, .5), "p99": percentile(times, .99), "max": max(times)}

    out = {}
    for what in ("packets", "commands"):
        look = packets if what == "packets" else commands
        end = time.monotonic() + 2
        out[what + ", idle"] = look(lambda: time.monotonic() > end)
        for step in e["steps"]:
            words = ["taskset", "-c", "1", "nsenter", "--net=/run/netns/" + e["space"]] + step["run"]
            t0 = time.monotonic()
            with open(os.path.join(bench.JOB, step["stdin"]) if step.get("stdin") else os.devnull, "rb") as f:
                proc = subprocess.Popen(words, stdin=f, stdout=subprocess.DEVNULL)
            ended = []

            def over():
                # What a worker frees afterwards belongs to it.
                if not ended and proc.poll() is not None:
                    ended.append(time.monotonic())
                return ended and time.monotonic() > ended[0] + 2

            row = look(over)
            if proc.returncode:
                raise bench.Failed("%s: status %d" % (" ".join(words), proc.returncode))
            row["seconds"] = ended[0] - t0
            out["%s, %s" % (what, step["name"])] = row
    return out


# ---- queues ----

# drain.c: records, losses, attached, system calls, times taken, the last of these
COUNTERS, TIMES = struct.Struct("=5Q"), 4096


def on_cpu_1(space, words):
    return ["taskset", "-c", "1", "nsenter", "--net=/run/netns/" + space] + words


class Reader:
    """drain on the other CPU, and what it has counted."""

    def __init__(self, g, name, r):
        self.space = r["space"]
        words = list(r["run"])
        if r.get("queue"):
            words.append("/dev/tqueue/%d" % self.queue(r["queue"])["id"])
        path = "/run/counters-" + name.replace(" ", "-")
        size = COUNTERS.size + 8 * TIMES
        with open(path, "wb") as f:
            f.write(bytes(size))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), size)
        self.proc = subprocess.Popen(on_cpu_1(self.space, words + [path]))
        if not self._until(lambda: self.counters()[2]):
            self.stop()
            raise bench.Failed("%s: the reader does not attach" % name)

    def queue(self, name):
        return tqctl_json(self.space, ["queue", "show", name])

    def counters(self):
        return COUNTERS.unpack_from(self.map)

    def counts(self):
        return self.counters()[:2]

    def records(self):
        return self.counters()[0]

    def calls(self):
        return self.counters()[3]

    def times(self, since):
        """Nanoseconds: those that were taken after there were so many."""
        n = self.counters()[4]
        return [struct.unpack_from("=Q", self.map, COUNTERS.size + 8 * (i % TIMES))[0]
                for i in range(max(since, n - TIMES), n)]

    def _until(self, state):
        end = time.monotonic() + 30
        while not state():
            if time.monotonic() > end or self.proc.poll() is not None:
                return False
            time.sleep(0.002)
        return True

    def wait(self, records):
        """Until it has as many records and losses; False: it does not come to that."""
        return self._until(lambda: sum(self.counts()) >= records)

    def settle(self, records):
        """Until it has as many records, or gets no more; how many it has."""
        was, end = self.records(), time.monotonic() + .2
        while was < records and time.monotonic() < end:
            time.sleep(0.01)
            if self.records() != was:
                was, end = self.records(), time.monotonic() + .2
        return was

    def stop(self):
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()


def tqctl_json(space, words):
    shown = json.loads(bench.command([os.environ["TQCTL"], "-n", space, "-j"] + words))
    return shown[0] if isinstance(shown, list) else shown


@contextlib.contextmanager
def reading(g, readers):
    """All these readers, {name: how}; {name: Reader}."""
    running = {}
    try:
        for name, r in readers.items():
            running[name] = Reader(g, name, r)
        yield running
    finally:
        for r in running.values():
            r.stop()


def queues(g, e):
    """What a copy costs the packet, with a reader attached, by turns: points are
    bursts that fit the ring, and each waits until the reader has got all of them.
    """
    out = {p["name"]: {k: [] for k in ("p5", "p50", "mean")} for p in e["points"]}
    sent = dict.fromkeys(e["readers"], 0)
    with reading(g, e["readers"]) as readers:
        for r in range(-1, e["rounds"]):
            for p in e["points"]:
                got = g.streams[p["stream"]].run(g.netns[p["space"]], path=p["path"], hook=p["hook"],
                                                 length=p["length"], ms=2000, limit=e["burst"])
                if p.get("reader"):
                    sent[p["reader"]] += got["packets"]
                    if not readers[p["reader"]].wait(sent[p["reader"]]):
                        raise bench.Failed("%s: %d sent, the reader has %d and %d lost" % (
                            p["name"], sent[p["reader"]], *readers[p["reader"]].counts()))
                if r >= 0:
                    for k, values in out[p["name"]].items():
                        values.append(got[k])
        found = {n: dict(zip(("records", "lost"), r.counts()), sent=sent[n]) for n, r in readers.items()}
    return {"points": out, "readers": found}


# ---- rates ----

class Search:
    """The highest rate at which nothing is lost: halves a range, by logarithm.  The
    machine may be busy with other things, so a rate has several tries; where the
    sender itself can't hold a rate that is none to it, there is nothing to find.
    """

    LOW, HIGH, STEPS, TRIES = 1e5, 2e7, 8, 3

    def __init__(self, trial):
        self.trial = trial

    def look(self, rate):
        """(a trial that lost nothing at this rate, or as fast as the sender can, or None;
        whether any lost something)
        """
        lost = False
        for _ in range(self.TRIES):
            t = self.trial(int(rate))
            t["limit"] = t["can"] < .97 * rate
            lost |= t["lost"] > 0
            if not t["lost"] and (t["limit"] or t["rate"] > .95 * rate):
                return t, lost
        return None, lost

    def run(self):
        """The best trial, or None."""
        low, high, best = self.LOW, self.HIGH, None
        for _ in range(self.STEPS):
            rate = (low * high) ** .5
            t, lost = self.look(rate)
            if t:
                best, low = t, rate
                if t["limit"]:                  # faster it does not go
                    break
            elif lost:
                high = rate
            else:
                break
        return best


NOTHING = {"rate": 0, "limit": False, "calls": None}


def send(g, p, ms, rate, limit=0):
    got = g.streams[p["stream"]].run(g.netns[p["space"]], path=p["path"], hook=p["hook"], length=p["length"],
                                     ms=ms, batch=64, rate=rate, limit=limit)
    return {"sent": got["packets"], "rate": 1e9 / got["mean"], "can": 1e9 / got["p50"], "p5": got["p5"]}


def rates(g, e):
    """What a record costs the sender, and what it costs the reader, each when nothing
    disturbs it; the highest rate at which nothing is lost; system calls when packets
    come at that rate, and as fast as they can.  By turns.
    """
    keys = ("sender", "reader", "rate", "limit", "calls", "flood_calls", "flood_rate", "flood_lost")
    out = {p["name"]: {k: [] for k in keys} for p in e["points"]}

    def trial(p, reader, rate):
        before, calls = reader.records(), reader.calls()
        t = send(g, p, e["ms"], rate)
        got = reader.settle(before + t["sent"]) - before
        return dict(t, lost=t["sent"] - got, calls=(reader.calls() - calls) * 1e6 / max(got, 1))

    def costs(p, reader):
        """Of bursts that fit the buffer."""
        mine = []
        since = reader.counters()[4]
        for _ in range(e["bursts"]):
            before = reader.records()
            t = send(g, p, 2000, 0, e["burst"])
            mine.append(t["p5"])
            reader.settle(before + t["sent"])
        times = reader.times(since)
        return min(mine), percentile(times, .05) / 1000 if times else None

    for r in range(e["rounds"]):
        for p in e["points"]:
            # One at a time: a reader that waits costs something, too.
            with reading(g, {p["name"]: e["readers"][p["reader"]]}) as readers:
                reader = readers[p["name"]]
                trial(p, reader, int(1e5))      # its memory gets its pages
                sender, cost = costs(p, reader)
                flood = trial(p, reader, 0)
                best = Search(lambda rate: trial(p, reader, rate)).run() or NOTHING
            row = out[p["name"]]
            for k, v in zip(keys, (sender, cost, best["rate"], best["limit"], best["calls"],
                                   flood["calls"], flood["rate"], flood["lost"] / flood["sent"])):
                row[k].append(v)
    return out


# ---- latency ----

def latency(g, e):
    """Nanoseconds from a record's making to its coming, one packet now and then."""
    out = {}
    for p in e["points"]:
        for words in p.get("set", []):
            bench.command([os.environ["TQCTL"], "-n", p["space"]] + words)
        with reading(g, {p["name"]: p["how"]}) as readers:
            reader = readers[p["name"]]
            for _ in range(e["packets"] + 5):
                time.sleep(e["pause"])
                g.streams[p["stream"]].run(g.netns[p["space"]], path=p["path"], hook=p["hook"],
                                           length=p["length"], ms=1000, batch=1, limit=1)
            reader.settle(e["packets"] + 5)
            times = reader.times(5)
        if len(times) != e["packets"]:
            raise bench.Failed("%s: %d packets came, not %d" % (p["name"], len(times), e["packets"]))
        out[p["name"]] = {"p50": percentile(times, .5), "p95": percentile(times, .95), "max": max(times)}
    return out


# ---- capture tools ----

CAPTURE = "/run/capture"


class Capture:
    """A tool that writes a file on the other CPU, for one trial."""

    def __init__(self, p):
        self.still = p.get("still", .3)
        self.proc = subprocess.Popen(on_cpu_1(p["space"], p["run"] + [CAPTURE]), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end = time.monotonic() + 30
        # The header of the file is written when it is ready to take packets.
        while not (os.path.exists(CAPTURE) and (os.path.getsize(CAPTURE) or p.get("lazy"))):
            if time.monotonic() > end or self.proc.poll() is not None:
                raise bench.Failed("%s does not begin: %s" % (p["name"], self.end()))
            time.sleep(0.01)
        time.sleep(0.2)

    def settle(self):
        """Until the file has been the same for as long as the tool may keep packets to itself."""
        was, since = -1, time.monotonic()
        while time.monotonic() < since + self.still:
            time.sleep(0.03)
            now = os.path.getsize(CAPTURE)
            if now != was:
                was, since = now, time.monotonic()

    def end(self):
        """What it says at its end."""
        self.proc.send_signal(signal.SIGINT)
        text = self.proc.communicate(timeout=60)[1].decode(errors="replace")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(CAPTURE)
        return text


def captures(g, e):
    """The highest rate at which a capture tool loses nothing, by turns."""
    out = {p["name"]: {"rate": [], "limit": []} for p in e["points"]}

    def trial(p, rate):
        tool = Capture(p)
        warm = send(g, p, e["ms"], int(2e5))    # its memory gets its pages
        t = send(g, p, e["ms"], rate)
        t["sent"] += warm["sent"]
        tool.settle()
        text = tool.end()
        got = re.search(p["says"], text)
        if not got:
            raise bench.Failed("%s says: %s" % (p["name"], text[-300:]))
        return dict(t, lost=t["sent"] - int(got[1]))

    for _ in range(e["rounds"]):
        for p in e["points"]:
            best = Search(lambda rate: trial(p, rate)).run() or NOTHING
            for k in ("rate", "limit"):
                out[p["name"]][k].append(best[k])
    return out
