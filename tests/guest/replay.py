# SPDX-License-Identifier: GPL-2.0-only
"""Captures for t_replay: made, sent, rewritten and compared.

  replay.py send DEVICE MAC N SEED    N frames, sound and unsound, from DEVICE to MAC
  replay.py big FILE N                a capture of N packets that all differ
  replay.py links FILE DIR            DIR/*: FILE (Ethernet) as other link types and formats
  replay.py cut FILE N OUT            OUT: FILE with at most N bytes of each packet
  replay.py again FILE DEVICE MAC     what is in FILE (Ethernet, whole frames), then a last one
  replay.py compare RULES SUMMARY [HANDLE]  counters of "-j -s rule list" and of a
                                      summary, but for the rule of the last one
"""
import json
import os
import random
import socket
import struct
import sys

A4, B4 = b"\x0a\x09\x00\x01", b"\x0a\x09\x00\x02"
A6 = b"\xfd\x09" + b"\0" * 13 + b"\x01"
B6 = b"\xfd\x09" + b"\0" * 13 + b"\x02"


def ip4(proto, body, frag=0, tos=0, options=b"", total=None):
    ihl = 5 + len(options) // 4
    total = ihl * 4 + len(body) if total is None else total
    return struct.pack(">BBHHHBBH4s4s", 4 << 4 | ihl, tos, total, 1, frag, 64, proto, 0,
                       A4, B4) + options + body


def ip6(proto, body, tclass=0, payload=None):
    payload = len(body) if payload is None else payload
    return struct.pack(">IHBB16s16s", 6 << 28 | tclass << 20, payload, proto, 64, A6, B6) + body


def ports(s, d, rest=b""):
    return struct.pack(">HH", s, d) + rest


def tcp(s, d, flags, rest=b""):
    return struct.pack(">HHIIBBHHH", s, d, 1, 2, 5 << 4, flags, 512, 0, 0) + rest


def ext(following, length=0):
    return bytes([following, length]) + b"\0" * (6 + 8 * length)


def frag6(following, offset, more):
    return struct.pack(">BBHI", following, 0, offset << 3 | more, 7)


def base():
    """(Ethernet type, packet): one of each kind, and what is odd about headers."""
    t, u = tcp(1000, 80, 2), ports(1000, 53, b"\0" * 12)
    v4 = [ip4(6, t), ip4(6, tcp(5, 22, 0x12, b"x" * 100)), ip4(17, u), ip4(17, u, tos=0xb8),
          ip4(132, ports(7, 9, b"\0" * 8)), ip4(33, ports(7, 10, b"\0" * 12)),
          ip4(136, ports(7, 11, b"\0" * 4)), ip4(1, b"\x08\0\0\0\0\0\0\0"),
          ip4(1, b"\x03\x04\0\0\0\0\0\0"), ip4(47, b"\0" * 8), ip4(58, b"\x80\0\0\0"),
          ip4(17, u, frag=0x2000), ip4(17, b"y" * 40, frag=0x2005), ip4(6, b"z" * 24, frag=3),
          ip4(6, t[:8], frag=0x2000), ip4(6, t[:13]), ip4(6, t[:14]), ip4(6, t[:3]), ip4(6, b""),
          ip4(17, u[:3]), ip4(17, u[:4]), ip4(1, b"\x08"), ip4(1, b""), ip4(6, t, options=b"\1" * 40),
          ip4(6, t) + b"padding", ip4(17, u, total=21) + b"", ip4(6, t, total=2000),
          ip4(6, t, total=19), ip4(6, t, total=0), ip4(255, b"")]
    v6 = [ip6(6, t), ip6(17, u, tclass=0xb8), ip6(58, b"\x80\0\0\0"), ip6(58, b"\x87\x01\0\0"),
          ip6(1, b"\x08\0\0\0"), ip6(0, ext(17) + u), ip6(60, ext(43, 1) + ext(6) + t),
          ip6(44, frag6(17, 0, 1) + u), ip6(44, frag6(17, 5, 1) + u), ip6(44, frag6(6, 0, 0) + t),
          ip6(44, frag6(6, 0, 1) + t[:8]), ip6(51, ext(6, 2) + t), ip6(59, b"abc"),
          ip6(60, b"\x11"), ip6(44, b"\x11\0\0"), ip6(60, ext(17, 100)), ip6(58, b"\x80"),
          ip6(60, b"".join(ext(60) for _ in range(15)) + ext(17) + u),
          ip6(60, b"".join(ext(60) for _ in range(16)) + ext(17) + u),
          ip6(6, t) + b"padding", ip6(6, t, payload=0), ip6(6, t, payload=2000), ip6(50, b"\0" * 8),
          ip6(135, ext(59))]
    return [(0x0800, p) for p in v4] + [(0x86dd, p) for p in v6] + [
        (0x0806, b"\0" * 28), (0x88cc, b"\2\7"), (0x0800, b""), (0x0800, b"\x45"),
        (0x86dd, b"\x60" + b"\0" * 38), (0x0800, v6[0]), (0x86dd, v4[0]), (0x8100, b"\0\5"),
        (0x8100, b"\0\5\x08\0" + v4[0]), (0x8100, b"\0\5\x86\xdd" + v6[0]),
        (0x8100, b"\0\5\x08\6" + b"\0" * 28)]


def mutate(rnd, kinds):
    kind, packet = rnd.choice(kinds)
    packet = bytearray(packet)
    # Never the type behind a tag: of two tags a device says it is not IP.
    first = 4 if kind == 0x8100 else 0
    what = rnd.random()
    if what < 0.5 and len(packet) > first:
        for _ in range(rnd.randint(1, 3)):
            packet[rnd.randrange(first, min(len(packet), first + 64))] = rnd.getrandbits(8)
    elif what < 0.7 and len(packet) > first:
        del packet[rnd.randrange(first, len(packet)):]
    return kind, bytes(packet)


def frames(n, seed):
    rnd = random.Random(seed)
    kinds = base()
    for i in range(n):
        yield kinds[i] if i < len(kinds) else mutate(rnd, kinds)


def send_all(device, mac, packets):
    """Of (Ethernet type, packet); and the last, which a rule counts, so that one
    knows that all have come."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((device, 0))
    head = bytes.fromhex(mac.replace(":", "")) + s.getsockname()[4]
    for kind, packet in packets:
        s.send(head + struct.pack(">H", kind) + packet)
    s.send(head + struct.pack(">H", 0x0800) + ip4(17, ports(9, 9, b"last")))


def send(device, mac, n, seed):
    send_all(device, mac, frames(int(n) - 1, int(seed)))


def again(path, device, mac):
    """Status 2: that can't be sent as it was, or a device sees it in another way."""
    with open(path, "rb") as f:
        head = f.read(24)
    if head[:4] != b"\xd4\xc3\xb2\xa1" or head[20] != 1:
        return 2
    packets = list(read(path))
    tags = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
    for data, length in packets:
        if len(data) < length or not 14 < length < 9014 or \
                (data[12:14] in tags and data[16:18] in tags):
            return 2
    send_all(device, mac, ((int.from_bytes(d[12:14], "big"), d[14:]) for d, _ in packets))
    return 0


# ---- files ----

def pcap(path, link, packets, order="<", nano=False, snaplen=262144):
    with open(path, "wb") as f:
        f.write(struct.pack(order + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0,
                            snaplen, link))
        for data, length in packets:
            f.write(struct.pack(order + "IIII", 1, 5, len(data[:snaplen]), length) + data[:snaplen])


def pcapng(path, link, packets):
    def block(kind, body):
        size = 12 + len(body)
        return struct.pack("<II", kind, size) + body + struct.pack("<I", size)

    with open(path, "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", link, 0, 0) + struct.pack("<HHB3xI", 9, 1, 9, 0)))
        for data, length in packets:
            f.write(block(6, struct.pack("<IIIII", 0, 0, 1000000007, len(data), length) +
                          data + b"\0" * (-len(data) % 4)))


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    at = 24
    while at < len(data):
        _, _, caplen, length = struct.unpack_from("<IIII", data, at)
        at += 16
        yield data[at:at + caplen], length
        at += caplen


def big(path, n):
    def packets():
        for i in range(int(n)):
            p = ip4(17, struct.pack(">HH", i & 0xffff, 1000 + (i >> 16)) + b"\0" * 12)
            yield b"\0" * 12 + b"\x08\0" + p, 14 + len(p)
    pcap(path, 1, packets())


def links(path, folder):
    """Only IP without tags, as some links have nothing else."""
    def ip(which):
        for data, length in read(path):
            kind = data[12:14]
            if len(data) > 14 and kind in which and data[14] >> 4 == (6 if kind == b"\x86\xdd" else 4):
                yield kind, data[14:], length - 14

    both = (b"\x08\0", b"\x86\xdd")

    def out(name, link, head, which=both, **how):
        pcap(os.path.join(folder, name), link,
             ((head(k) + d, n + len(head(k))) for k, d, n in ip(which)), **how)

    out("ethernet", 1, lambda k: b"\0" * 12 + k)
    out("swapped", 1, lambda k: b"\0" * 12 + k, order=">")
    out("nano", 1, lambda k: b"\0" * 12 + k, nano=True)
    out("vlan", 1, lambda k: b"\0" * 12 + b"\x81\0\0\5" + k)
    out("qinq", 1, lambda k: b"\0" * 12 + b"\x88\xa8\0\5\x81\0\0\6" + k)
    out("raw", 101, lambda k: b"")
    out("sll", 113, lambda k: b"\0\0\0\1\0\6" + b"\0" * 8 + k)
    out("sll2", 276, lambda k: k + b"\0" * 18)
    out("null", 0, lambda k: struct.pack("<I", 2 if k == both[0] else 30))
    out("null-swapped", 0, lambda k: struct.pack(">I", 2 if k == both[0] else 24))
    out("loop", 108, lambda k: struct.pack(">I", 2 if k == both[0] else 28))
    pcapng(os.path.join(folder, "pcapng"), 1,
           ((b"\0" * 12 + k + d, n + 14) for k, d, n in ip(both)))
    out("ipv4", 228, lambda k: b"", which=both[:1])
    out("ipv6", 229, lambda k: b"", which=both[1:])


def cut(path, n, out):
    pcap(out, 1, read(path), snaplen=int(n))


def compare(rules, summary, last="0"):
    with open(rules) as f:
        want = {r["handle"]: (r["packets"], r["bytes"]) for r in json.load(f) if r["packets"]}
    with open(summary) as f:
        told = json.load(f)[-1]["summary"]
    got = {r["handle"]: (r["packets"], r["bytes"]) for r in told["rules"]}
    want.pop(int(last), None)
    for handle in sorted(set(want) | set(got)):
        if want.get(handle) != got.get(handle):
            print("rule %d: counted %s, told %s (packets, bytes)" %
                  (handle, want.get(handle), got.get(handle)))
    print("rules=%d packets=%d" % (len(want), told["packets"]))
    return want != got or not (want or int(last))


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](*sys.argv[2:]))
