#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pid 1 of the bench's kernel: sets everything up, measures, and switches off.

The root is that of the machine, read-only.  The folder of the job is at /mnt:
job.json says what to do, results.json says how it went.
"""
import ctypes
import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import time
import traceback

# tqbench.h
RUN = struct.Struct("=iIIIIIIIQQ16sQQ5QQ")
CMD_STREAM = ord("q") << 8 | 1
CMD_RUN = 3 << 30 | RUN.size << 16 | ord("q") << 8 | 2
CMD_CLASSIFY = 3 << 30 | RUN.size << 16 | ord("q") << 8 | 3
PATHS = {"null": 0, "hook": 1, "receive": 2}
NFPROTO = {4: 2, 6: 10}
DEV = "d0"
JOB = "/mnt"
start = time.monotonic()


def say(text):
    print("[%6.1f s] %s" % (time.monotonic() - start, text), flush=True)


class Failed(Exception):
    pass


def command(words, stdin=None, timeout=600):
    with open(os.path.join(JOB, stdin) if stdin else os.devnull, "rb") as f:
        done = subprocess.run(words, stdin=f, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, check=False)
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise Failed("%s: status %d: %s" % (" ".join(words), done.returncode, text.strip()[-500:]))
    return text


def boot():
    os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root", LC_ALL="C")
    for words in (["-t", "proc", "proc", "/proc"], ["-t", "sysfs", "sys", "/sys"],
                  ["-t", "tmpfs", "tmpfs", "/run"]):
        command(["mount"] + words)
    with open("/proc/cmdline", encoding="ascii") as f:
        folder = re.search(r"\bjob=(\S+)", f.read())[1]
    command(["mount", "-t", "hostfs", "-o", folder, "none", JOB])
    seed()


def seed():
    """Nothing here gives entropy; a kernel without it waits for it."""
    with open("/dev/random", "wb") as f:
        with open(os.path.join(JOB, "seed"), "rb") as from_host:
            data = from_host.read()
        fcntl.ioctl(f, 0x40085203, struct.pack("ii", len(data) * 8, len(data)) + data)


def power_off():
    os.sync()
    ctypes.CDLL(None).reboot(0x4321FEDC)


# Bytes of a stream from which on a point sends so many of its headers before it is measured.
WARM_FROM, WARM = 1 << 20, 1 << 17


class Stream:
    """A stream of headers in the kernel."""

    def __init__(self, path, family):
        self.family = family
        self.fd = os.open("/dev/tqbench", os.O_RDWR)
        fcntl.ioctl(self.fd, CMD_STREAM, NFPROTO[family])
        with open(os.path.join(JOB, path), "rb") as f:
            self.size = os.fstat(f.fileno()).st_size
            while True:
                data = f.read(1 << 20)
                if not data:
                    break
                os.write(self.fd, data)

    def _ioctl(self, cmd, netns, path="hook", hook=0, length=64, batch=256, ms=30, peers=0, limit=0, rate=0):
        data = bytearray(RUN.pack(netns, PATHS[path], NFPROTO[self.family], hook, length, batch, ms,
                                  peers, limit, rate, DEV.encode(), *[0] * 8))
        fcntl.ioctl(self.fd, cmd, data)
        v = RUN.unpack(data)
        return {"packets": v[11], "passed": v[12], "p5": v[13] / 1000, "p50": v[14] / 1000,
                "p95": v[15] / 1000, "p99": v[16] / 1000, "mean": v[17] / 1000, "longest": v[18] / 1000}

    def run(self, netns, **how):
        return self._ioctl(CMD_RUN, netns, **how)

    def classify(self, netns, hook):
        """What each header came back with: its mark; without one, 0 if it passed
        and all ones if it did not.
        """
        self._ioctl(CMD_CLASSIFY, netns, hook=hook)
        os.lseek(self.fd, 0, os.SEEK_SET)
        out = []
        while True:
            data = os.read(self.fd, 1 << 20)
            if not data:
                return b"".join(out)
            out.append(data)


def memory():
    """Bytes of what kernel data structures are made of."""
    names = ("Slab", "VmallocUsed", "Percpu")
    with open("/proc/meminfo", encoding="ascii") as f:
        return 1024 * sum(int(line.split()[1]) for line in f if line.split(":")[0] in names)


def memory_at_rest():
    """The same, when what was replaced meanwhile has been given back: by RCU, and
    by workers, so some grace periods later.
    """
    was = memory()
    for _ in range(20):
        time.sleep(0.1)
        now = memory()
        if now >= was:
            break
        was = now
    return was


class Guest:
    def __init__(self, job):
        self.job = job
        self.netns = {}
        self.streams = {}
        self.out = {"steps": [], "points": {}, "checks": {}, "extra": {}, "failed": []}

    def new_space(self, name):
        command(["ip", "netns", "add", name])
        command(["ip", "-n", name, "-batch", "-"], stdin=self.job["links"])
        self.netns[name] = os.open("/run/netns/" + name, os.O_RDONLY)

    def inside(self, name, words):
        return ["nsenter", "--net=/run/netns/" + name] + words

    def step(self, space, step):
        name = step.get("name")
        before, t0 = name and memory_at_rest(), time.monotonic()
        text = command(self.inside(space, step["run"]), step.get("stdin"), step.get("timeout", 600))
        took = time.monotonic() - t0
        if not name:
            return
        row = {"space": space, "name": name, "seconds": took, "memory": memory_at_rest() - before}
        if step.get("keep"):
            row["text"] = text
        self.out["steps"].append(row)

    def set_up(self):
        for space in self.job["spaces"]:
            t0 = time.monotonic()
            try:
                self.new_space(space["name"])
                for step in space["steps"]:
                    self.step(space["name"], step)
            except (Failed, OSError, subprocess.SubprocessError) as err:
                self.out["failed"].append("%s: %s" % (space["name"], err))
                say("FAILED %s: %s" % (space["name"], err))
                continue
            space["ready"] = True
            if time.monotonic() - t0 > 1:
                say("%s is set up, in %.1f s" % (space["name"], time.monotonic() - t0))
        self.ready = {s["name"] for s in self.job["spaces"] if s.get("ready")}

    def load_streams(self):
        for name, s in self.job["streams"].items():
            self.streams[name] = Stream(s["file"], s["family"])

    def measure(self):
        points = [p for p in self.job["points"] if p["space"] in self.ready]
        rows = {p["name"]: {k: [] for k in ("p5", "p50", "p95", "p99", "mean")} for p in points}
        rounds = self.job["rounds"]
        for r in range(-1, rounds):             # the first warms up
            for p in points:
                stream = self.streams[p["stream"]]
                how = {"path": p.get("path", "hook"), "hook": p["hook"], "length": p.get("length", 64),
                       "batch": p.get("batch", 256)}
                # The others have had the caches since.  Who is slow would not come to his
                # second pass in the time there is.
                if stream.size > WARM_FROM:
                    stream.run(self.netns[p["space"]], ms=1000, limit=WARM, **how)
                got = stream.run(self.netns[p["space"]], ms=self.job["ms"] if r >= 0 else 10, **how)
                if r < 0:
                    continue
                for k, values in rows[p["name"]].items():
                    values.append(got[k])
            if r in (0, rounds // 4, rounds // 2, rounds * 3 // 4):
                say("measuring: round %d of %d, %d points each" % (r + 1, rounds, len(points)))
        self.out["points"] = rows

    def check(self):
        for c in self.job["checks"]:
            if c["space"] not in self.ready:
                continue
            data = self.streams[c["stream"]].classify(self.netns[c["space"]], c["hook"])
            with open(os.path.join(JOB, c["answers"]), "wb") as f:
                f.write(data)
        say("%d streams classified" % len(self.job["checks"]))

    def extras(self):
        import commands
        import extra
        for e in self.job["extra"]:
            if any(s not in self.ready for s in e.get("needs", [])):
                continue
            say(e["what"])
            try:
                module = commands if e["kind"] == "control" else extra
                self.out["extra"][e["name"]] = getattr(module, e["kind"])(self, e)
            except (Failed, OSError, subprocess.SubprocessError) as err:
                self.out["failed"].append("%s: %s" % (e["name"], err))
                say("FAILED %s: %s" % (e["name"], err))

    def save(self):
        """What there is so far: if time runs out, that is not lost."""
        with open(os.path.join(JOB, "results.new"), "w", encoding="utf-8") as f:
            json.dump(dict(self.out, whole=False), f)
        os.replace(os.path.join(JOB, "results.new"), os.path.join(JOB, "results.json"))

    def run(self):
        for ko in self.job["modules"]:
            command(["insmod", ko])
        os.sched_setaffinity(0, {0})
        self.load_streams()
        self.save()
        say("%d streams loaded, %d namespaces to set up" % (len(self.streams), len(self.job["spaces"])))
        for stage in (self.set_up, self.measure, self.check, self.extras):
            stage()
            self.save()


def main():
    guest = None
    try:
        boot()
        with open(os.path.join(JOB, "job.json"), encoding="utf-8") as f:
            job = json.load(f)
        os.environ.update(job["environment"])
        say("kernel %s, %d CPUs" % (os.uname().release, os.cpu_count()))
        guest = Guest(job)
        guest.run()
    except Exception:  # pid 1 must not end
        say("FAILED: " + traceback.format_exc())
        if guest:
            guest.out["failed"].append(traceback.format_exc())
    if guest:
        with open(os.path.join(JOB, "results.json"), "w", encoding="utf-8") as f:
            json.dump(dict(guest.out, whole=True), f)
    say("done")
    power_off()


if __name__ == "__main__":
    # As a module, for there must be one of it only: extra.py uses it, too.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import guest
    guest.main()
