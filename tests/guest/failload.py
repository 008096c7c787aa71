# SPDX-License-Identifier: GPL-2.0-only
"""Failing allocations of the module alone, for t_failload.sh.

  failload.py load MODULE FIRST STEP LIMIT [PARAMETERS]   the module's load
  failload.py netns FIRST STEP LIMIT                      its part of a network namespace
  failload.py cpu CPU FIRST STEP LIMIT COMMAND UNDO       of a CPU that comes

The n-th allocation that has the module on its stack fails (fail-nth counts only those
that the filters of failslab and its like let by, which the script has set), then the
next, until none is left.  Prints "name=value" lines and what was wrong; exits 1 if
anything was.
"""
import ctypes
import errno
import os
import subprocess
import sys

FINIT_MODULE, DELETE_MODULE, CLONE_NEWUSER, CLONE_NEWNET = 313, 176, 0x10000000, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
count = {"tried": 0, "refused": 0, "granted": 0, "wrong": 0}


def wrong(text):
    count["wrong"] += 1
    print("# " + text)


def failing(n, call):
    """(errno of call, whether its n-th allocation has failed)"""
    nth = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
    os.pwrite(nth, b"%d" % n, 0)
    ret = call()
    err = 0 if ret >= 0 else ctypes.get_errno()
    left = int(os.pread(nth, 16, 0).rstrip(b"\0\n"))
    os.pwrite(nth, b"0", 0)
    os.close(nth)
    return err, left == 0


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def left_behind():
    """What of the module the kernel still shows."""
    shown = [p for p in ("/sys/module/tqueue", "/sys/class/tqueue", "/dev/tqueue") if os.path.isdir(p) and
             (p != "/dev/tqueue" or os.listdir(p))]
    for path in ("/proc/devices", "/sys/devices/system/cpu/hotplug/states", "/proc/slabinfo",
                 "/proc/net/ip_tables_matches", "/proc/net/ip6_tables_matches", "/proc/modules"):
        if "tqueue" in read(path):
            shown.append(path)
    for path in ("/proc/net/ip_tables_targets", "/proc/net/ip6_tables_targets"):
        if "TQUEUE" in read(path):
            shown.append(path)
    # Of its workqueues, and what has gone with a network namespace, only use would tell.
    return shown


def places(first, step, limit):
    n = 1
    while n <= limit:
        yield n
        n += 1 if n < first else step


def insert(path, params, n=0):
    fd = os.open(path, os.O_RDONLY)
    try:
        def call():
            return libc.syscall(FINIT_MODULE, fd, params.encode(), 0)
        if n:
            return failing(n, call)
        return (0 if call() >= 0 else ctypes.get_errno()), False
    finally:
        os.close(fd)


def remove():
    if libc.syscall(DELETE_MODULE, b"tqueue", os.O_NONBLOCK) < 0:
        wrong("it can't be unloaded: " + os.strerror(ctypes.get_errno()))
        return
    shown = left_behind()
    if shown:
        wrong("unloaded, and left: " + " ".join(shown))


def working(params):
    """Loaded, though something had failed: is all of it there?"""
    show = subprocess.run(["tqctl", "queue", "show"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if show.returncode:
        wrong("loaded, but: " + show.stdout.strip())
    for queue in params.partition("queues=")[2].split(","):
        name = queue.partition(":")[0]
        if name and name not in show.stdout:
            wrong("loaded without the queue " + name)


def load(path, first, step, limit, params=""):
    for n in places(int(first), int(step), int(limit)):
        err, failed = insert(path, params, n)
        if not failed:
            count["last"] = n - 1
            if err:
                wrong("nothing failed, but: " + os.strerror(err))
            else:
                working(params)
                remove()
            break
        count["tried"] += 1
        if not err:
            count["granted"] += 1
            working(params)
            remove()
            continue
        count["refused"] += 1
        if err != errno.ENOMEM:
            wrong("place %d: %s" % (n, os.strerror(err)))
        shown = left_behind()
        if shown:
            wrong("place %d: refused, and left: %s" % (n, " ".join(shown)))
        # The next load works, and so does what the first might have left pointers in.
        again = insert(path, params)[0]
        if again:
            wrong("place %d: the next load: %s" % (n, os.strerror(again)))
        else:
            remove()


def netns(first, step, limit):
    for n in places(int(first), int(step), int(limit)):
        r, w = os.pipe()
        pid = os.fork()
        if not pid:
            err, failed = failing(n, lambda: libc.unshare(CLONE_NEWUSER | CLONE_NEWNET))
            os.write(w, b"%d %d" % (err, failed))
            os._exit(0)
        os.close(w)
        err, failed = (int(v) for v in os.read(r, 64).split())
        os.close(r)
        os.waitpid(pid, 0)
        if not failed:
            break
        count["tried"] += 1
        count["refused" if err else "granted"] += 1
        if err not in (0, errno.ENOMEM):
            wrong("place %d: %s" % (n, os.strerror(err)))


def cpu(number, first, step, limit, command, undo):
    """A CPU comes whatever fails of ours; then COMMAND must find all as it should be."""
    online = "/sys/devices/system/cpu/cpu%s/online" % number
    for n in places(int(first), int(step), int(limit)):
        with open(online, "w") as f:
            f.write("0")
        subprocess.run(command, shell=True, check=True, env=dict(os.environ, WHEN="before"))
        fd = os.open(online, os.O_WRONLY)
        err, failed = failing(n, lambda f=fd: libc.write(f, b"1", 1))
        os.close(fd)
        if err:
            wrong("place %d: the CPU does not come: %s" % (n, os.strerror(err)))
            with open(online, "w") as f:
                f.write("1")
        env = dict(os.environ, WHEN="failed" if failed else "after")
        if subprocess.run(command, shell=True, check=False, env=env).returncode:
            wrong("place %d: %s" % (n, env["WHEN"]))
        subprocess.run(undo, shell=True, check=True)
        if not failed:
            break
        count["tried"] += 1
        count["granted"] += 1


if __name__ == "__main__":
    {"load": load, "netns": netns, "cpu": cpu}[sys.argv[1]](*sys.argv[2:])
    for key, value in count.items():
        print("%s=%d" % (key, value))
    sys.exit(count["wrong"] != 0)
