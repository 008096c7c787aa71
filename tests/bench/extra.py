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
    """Rates of one CPU and of two at once; points by turns."""
    points, rounds, ms = e["points"], e["rounds"], e["ms"]

    def stream(p):
        s = g.job["streams"][p["stream"]]
        return bench.Stream(s["file"], s["family"])

    def one(s, p, peers):
        return s.run(g.netns[p["space"]], hook=p["hook"], ms=ms, peers=peers)

    def other():
        mine = [stream(p) for p in points]
        return [[one(s, p, 2) for s, p in zip(mine, points)] for _ in range(rounds)]

    mine = [stream(p) for p in points]
    child = Child(other)
    both, alone = [], []
    for _ in range(rounds):
        # The other one waits for us at each of them, so it is idle meanwhile.
        alone.append([one(s, p, 0) for s, p in zip(mine, points)])
        both.append([one(s, p, 2) for s, p in zip(mine, points)])
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

class Reader:
    """A reader on the other CPU, and what it has counted."""

    def __init__(self, space, words, name):
        path = "/run/counters-" + name
        with open(path, "wb") as f:
            f.write(bytes(24))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 24)
        self.proc = subprocess.Popen(["taskset", "-c", "1", "nsenter", "--net=/run/netns/" + space] + words + [path])

    def counts(self):
        return struct.unpack("=QQ", self.map[:16])

    def _until(self, state):
        end = time.monotonic() + 30
        while not state():
            if time.monotonic() > end or self.proc.poll() is not None:
                return False
            time.sleep(0.002)
        return True

    def attached(self):
        return self._until(lambda: self.map[16])

    def wait(self, records):
        """Until it has as many records and losses; False: it does not come to that."""
        return self._until(lambda: sum(self.counts()) >= records)

    def stop(self):
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()


def queues(g, e):
    """What a copy costs the packet, with a reader attached, by turns: points are
    bursts that fit the ring, and each waits until the reader has got all of them.
    """
    readers, out = {}, {}
    for name, r in e["readers"].items():
        words = r["run"]
        if r.get("queue"):
            shown = json.loads(bench.command([os.environ["TQCTL"], "-n", r["space"], "-j", "queue", "show", r["queue"]]))
            words = words + ["/dev/tqueue/%d" % (shown[0] if isinstance(shown, list) else shown)["id"]]
        readers[name] = Reader(r["space"], words, name)
    for name, r in readers.items():
        if not r.attached():
            raise bench.Failed("%s: the reader does not attach" % name)
    sent = dict.fromkeys(readers, 0)
    for p in e["points"]:
        out[p["name"]] = {k: [] for k in ("p5", "p50", "mean")}
    try:
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
    finally:
        for r in readers.values():
            r.stop()
    return {"points": out, "readers": {n: dict(zip(("records", "lost"), r.counts()), sent=sent[n])
                                       for n, r in readers.items()}}
