#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What comes out of the kernel, and what should not be in it.

  leak.py scan FILE...       addresses of the kernel, and runs of the patterns that it
                             fills memory with, in these files; status 1 if there are any
  leak.py xt-legacy FAMILY   the rules of the table filter, as getsockopt() gives them,
  leak.py xt-nft             as nft gives them: onto standard output, and how much of
                             what lies behind usersize is not 0: onto standard error
  leak.py uevents NAME       prints the names of queues that are in uevents, until it has
                             seen the one of queue NAME; says "ready" first
"""
import ctypes
import os
import re
import socket
import struct
import sys

# Freed, and allocated but never written (slub_debug=P); the end of an object; a freed
# page (page_poison=1).
POISON = (0x6b, 0x5a, 0xa5, 0xaa)
RUN = 4
TEXT = re.compile(rb"(?<![0-9a-f])(?:0x)?ffff[89a-f][0-9a-f]{11}(?![0-9a-f])")

# The names of the match and of the target, and where their data belong to the kernel.
XT = {b"tqueue": (40, 48), b"TQUEUE": (48, 56)}


def findings(data):
    for m in TEXT.finditer(data):
        yield m.start(), "address " + m[0].decode()
    for byte in POISON:
        for m in re.finditer(re.escape(bytes([byte])) + b"{%d,}" % RUN, data):
            yield m.start(), "%d bytes of %#04x" % (len(m[0]), byte)
    # Half of an address never comes alone: what is looked for is a whole one, as messages
    # and records have it, at any multiple of four.
    for at in range(0, len(data) - 7, 4):
        value, = struct.unpack_from("<Q", data, at)
        # The direct map to KASAN's, text and modules; not small negative numbers, of which
        # there may be two side by side.
        if 0xffff800000000000 <= value < 0xfffffc0000000000 or \
                0xffffffff80000000 <= value < 0xffffffffffff0000:
            yield at, "address %#x" % value


def scan(paths):
    bad = total = 0
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        total += len(data)
        for at, what in findings(data):
            bad += 1
            if bad < 20:
                print("%s, at %d: %s, in %s" % (os.path.basename(path), at, what,
                                               data[max(0, at - 24):at + 24].hex()))
    print("%d bytes" % total)
    return 1 if bad or not total else 0


def behind_usersize(data, where):
    """Says what of each match or target in @data is not 0; @where: the size of what comes
    between a name and its struct."""
    n = wrong = 0
    for name, (start, end) in XT.items():
        for m in re.finditer(name + b"\0", data):
            at = where(data, m.start(), end)
            if at is None:
                continue
            n += 1
            wrong += sum(1 for b in data[at + start:at + end] if b)
    sys.stderr.write("extensions=%d wrong=%d\n" % (n, wrong))


def xt_legacy(family):
    v6 = family == "6"
    sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    level = 41 if v6 else 0
    libc = ctypes.CDLL(None, use_errno=True)

    def get(option, size, name_and_size):
        buf = ctypes.create_string_buffer(name_and_size, size)
        n = ctypes.c_uint(size)
        if libc.getsockopt(sock.fileno(), level, option, buf, ctypes.byref(n)):
            sys.exit(os.strerror(ctypes.get_errno()))
        return buf.raw[:n.value]

    # struct ipt_getinfo: name, valid_hooks, hook_entry[5], underflow[5], num_entries, size
    info = get(64, 84, b"filter".ljust(32, b"\0"))
    size, = struct.unpack_from("<I", info, 80)
    # struct ipt_get_entries: name, size, and from a multiple of 8 on the entries
    data = get(65, 40 + size, b"filter".ljust(32, b"\0") + struct.pack("<I", size))[40:]
    sys.stdout.buffer.write(data)

    # struct xt_entry_match: u16 size, char name[29], u8 revision, data
    def where(data, at, end):
        total, = struct.unpack_from("<H", data, at - 2)
        return at + 30 if total == 32 + end else None
    behind_usersize(data, where)


def xt_nft():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)	# NETLINK_NETFILTER
    sock.bind((0, 0))
    # NFT_MSG_GETRULE of NFNL_SUBSYS_NFTABLES, a dump
    sock.send(struct.pack("<IHHII", 20, 10 << 8 | 7, 0x301, 1, 0) + struct.pack("<BBH", 0, 0, 0))
    data = b""
    while True:
        part = sock.recv(1 << 18)
        data += part
        if struct.unpack_from("<H", part, 4)[0] in (2, 3):
            break
    sys.stdout.buffer.write(data)

    # NFTA_MATCH_NAME, NFTA_MATCH_REV, NFTA_MATCH_INFO
    def where(data, at, end):
        size, kind = struct.unpack_from("<HH", data, at + 8 + 8)
        return at + 8 + 8 + 4 if (size, kind & 0x3fff) == (4 + end, 3) else None
    behind_usersize(data, where)


def uevents(last):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15)	# NETLINK_KOBJECT_UEVENT
    sock.bind((0, 1))
    print("ready", flush=True)
    while True:
        fields = sock.recv(1 << 16).split(b"\0")
        if b"ACTION=add" not in fields:
            continue
        for f in fields:
            if f.startswith(b"TQUEUE_NAME="):
                name = f.split(b"=")[1].decode()
                print(name, flush=True)
                if name == last:
                    return


def main(words):
    if words[0] == "scan":
        return scan(words[1:])
    if words[0] == "xt-legacy":
        return xt_legacy(words[1])
    if words[0] == "xt-nft":
        return xt_nft()
    if words[0] == "uevents":
        return uevents(words[1])
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
