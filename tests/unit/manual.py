#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Manual pages agree with the sources: options, fields, errnos, attributes.  TAP."""
import os
import re
import sys

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PAGES = {"tqueue 4": "tqueue.4", "tqueue.conf 5": "tqueue.conf.5",
         "iptables-tqueue 8": "iptables-tqueue.8", "tqctl 8": "tqctl.8"}
# What the kernel says for us; ERESTARTSYS is how EINTR begins.
NOT_OURS = {"EACCES", "ENOTTY", "EINTR", "EOPNOTSUPP"}
INTERNAL = {"ERESTARTSYS"}


def source(path):
    with open(os.path.join(TREE, path)) as f:
        return f.read()


def page(name):
    return source(os.path.join("ctl/man", name))


def missing(what, there):
    return ["%s is not there" % w for w in what if w not in there]


def section(text, name):
    return text.split(".Sh %s\n" % name, 1)[1].split("\n.Sh ", 1)[0]


def options():
    text = page("iptables-tqueue.8")
    told = set(re.findall(r"Fl -([a-z-]+)", text))
    errors = []
    for plugin in ("tqueue", "TQUEUE"):
        code = source("ctl/xtables/libxt_%s.c" % plugin)
        table = set(re.findall(r'\.name = "([a-z-]+)", \.has_arg', code))
        shown = set(re.findall(r"--([a-z-]+)", code[code.index("static void help"):
                                                    code.index("static", code.index("static void help") + 9)]))
        if table != shown or not table:
            errors.append("%s: options %s, help %s" % (plugin, sorted(table), sorted(shown)))
        errors += missing(sorted(table), told)
        told -= table if plugin == "TQUEUE" else set()
    return errors + ["no such option: %s" % o for o in sorted(told - {"rule-table"})]


def struct(name):
    """(field, bits) of a struct of the uapi header, in order."""
    body = re.search(r"\nstruct %s \{\n(.*?)\n\};" % name, source("uapi/linux/tqueue.h"), re.S)[1]
    return [(f, int(bits)) for bits, f in re.findall(r"__[usb]e?(\d+)\s+(\w+)", body)]


def record():
    want = struct("tqueue_record")
    got = [(f, int(bits)) for f, bits in
           re.findall(r"\.It Va (\w+) Ta (\d+) Ta ", section(page("tqueue.4"), "RECORDS"))]
    errors = [] if got == want else ["page: %s" % got, "header: %s" % want]
    flags = re.findall(r"\b(TQUEUE_RECORD_F_\w+)\s*=", source("uapi/linux/tqueue.h"))
    return errors + missing(flags, page("tqueue.4")) + ([] if len(want) > 20 else ["no header"])


def mapping():
    text = section(page("tqueue.4"), "MAPPING")
    fields = [f for s in ("info", "consumer", "producer") for f, _ in struct("tqueue_map_" + s)]
    states = re.findall(r"\b(TQUEUE_MAP_(?:NO_RING|READY|FROZEN))\b", source("uapi/linux/tqueue.h"))
    return missing(sorted(set(fields + states)), re.findall(r"\w+", text))


def errnos():
    told = set(re.findall(r"\.It Bq Er (E[A-Z0-9]+)", page("tqueue.4")))
    code = "".join(source("module/%s.c" % f) for f in ("chardev", "stream", "log", "map"))
    given = set(re.findall(r"-(E[A-Z0-9]{2,})\b", code)) - INTERNAL
    # Of messages, which post.c makes.
    post = source("module/post.c")
    given |= set(re.findall(r"-(E[A-Z0-9]{2,})\b", post[post.index("put_message("):
                                                        post.index("int tq_queue_post(")])) - INTERNAL
    return (["%s is given, not told" % e for e in sorted(given - told)] +
            ["%s is told, not given" % e for e in sorted(told - given - NOT_OURS)])


def contract():
    """What the first parts of the uapi header, and the head of chardev.c, say."""
    header = source("uapi/linux/tqueue.h").split("* 3. Netlink", 1)[0]
    head = source("module/chardev.c").split("*/", 2)[1]
    head = source("module/chardev.c")[:source("module/chardev.c").index("#include")] + head
    want = set(re.findall(r"\b(E[A-Z]{3,})\b", header + head)) - INTERNAL
    told = set(re.findall(r"\bEr (E[A-Z0-9]+)", page("tqueue.4")))
    known = {e for e in want if hasattr(__import__("errno"), e)}
    return missing(sorted(known), told) + ([] if len(known) > 7 else ["only %s" % known])


def sysfs():
    want = re.findall(r"^QUEUE_ATTR\((\w+),", source("module/device.c"), re.M)
    got = re.findall(r"\.It Pa (\w+)", section(page("tqueue.4"), "SYSFS"))
    uevent = re.findall(r'"(TQUEUE_\w+)=', source("module/device.c"))
    return ([] if got == want and want else ["page %s, code %s" % (got, want)]) + \
        missing(uevent, page("tqueue.4"))


def fdinfo():
    want = re.findall(r'"(tqueue-\w+):', source("module/chardev.c"))
    return missing(want, page("tqueue.4")) + ([] if want else ["none in the code"])


def config():
    text = page("tqueue.conf.5")
    code = source("ctl/parse_object.c")
    errors = []
    for what in ("queue", "table"):
        begin = code.index("parse_%s_keys[] = {" % what)
        keys = re.findall(r'\{ "([a-z]+)", "', code[begin:code.index("};", begin)])
        line = re.search(r"\.It Ic %s add .*" % what, text)[0]
        errors += missing(keys, line.split()) + ([] if keys else ["no keys of a " + what])
    rows = re.findall(r'\{ "([a-z]+)", config_read_', source("ctl/config_read.c"))
    return errors + missing(["Ic %s add" % r for r in rows], text) + \
        ([] if len(rows) == 4 else ["no rows: %s" % rows])


def words():
    """Every key that "rule" and its commands print in help is in tqctl(8)."""
    text = page("tqctl.8")
    keys = []
    for f in ("parse_rule", "parse_replay", "parse_filter"):
        keys += re.findall(r'\{ "([a-z-]+)", "', source("ctl/%s.c" % f))
    told = set(re.findall(r"[a-z-]+", text))
    return missing(sorted(set(keys)), told) + ([] if len(keys) > 40 else ["only %d" % len(keys)])


def references():
    errors = []
    for name, path in PAGES.items():
        see = section(page(path), "SEE ALSO")
        errors += ["%s does not name %s" % (path, other) for other in PAGES
                   if other != name and ".Xr %s" % other not in see]
    return errors


def main():
    tests = [("options of the plugins", options), ("fields of a record", record),
             ("the mapping", mapping), ("errnos of the device", errnos),
             ("errnos that header and source promise", contract), ("attributes in sysfs", sysfs),
             ("lines of fdinfo", fdinfo), ("lines of a configuration", config),
             ("keys of rules", words), ("the pages name each other", references)]
    failed = 0
    for i, (name, test) in enumerate(tests, 1):
        errors = test()
        print("%s %d - %s" % ("not ok" if errors else "ok", i, name))
        for e in errors:
            print("# " + e)
        failed += bool(errors)
    print("1..%d" % len(tests))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
