#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""rewrite.py WHERE B4 B6 DEVICE: sends datagrams and streams from a to b
(namespaces) and looks at what b's stack and a packet socket on b's DEVICE see.

The rules of t_rewrite.sh are in namespace WHERE, so the frames on the wire are
changed already (a) or not yet (b); with "-" no frames are looked at.  Checked:
TTL or hop limit, DSCP and ECN that the socket is told, the payload, and of each
frame these fields, the IPv4 header checksum and, where it is filled in, the
transport checksum.  Prints counts as name=value; exits 1 if anything was wrong.
"""
import ctypes
import os
import socket
import struct
import sys
import threading

TTL, TOS = 64, 8 << 2 | 2
# port: TTL, DSCP as the rules leave them
RULES = {
    3000: (64, 8),
    3001: (10, 8),
    3002: (69, 8),
    3003: (0, 8),
    3004: (255, 8),
    3005: (64, 46),
    3006: (63, 0),
    3007: (255, 63),
}
SIZES = (1, 100, 1400, 4000)
STREAM = 200000
SOL_PACKET, PACKET_AUXDATA = 263, 8
CSUM_NOT_READY = 1 << 3
counts = {"datagrams": 0, "streams": 0, "frames": 0, "big": 0, "partial": 0, "verified": 0,
          "wrong": 0}


def wrong(text):
    counts["wrong"] += 1
    if counts["wrong"] <= 5:
        print("#", text)


def enter(name):
    fd = os.open("/run/netns/" + name, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def checksum(data, start=0):
    if len(data) % 2:
        data += b"\0"
    total = start + sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def told(ancillary):
    """TTL and TOS of a received datagram."""
    ttl = tos = None
    for level, kind, data in ancillary:
        if (level, kind) in ((socket.IPPROTO_IP, 2), (socket.IPPROTO_IPV6, 52)):
            ttl = struct.unpack("i", data[:4])[0]
        elif (level, kind) == (socket.IPPROTO_IP, 1):
            tos = data[0]
        elif (level, kind) == (socket.IPPROTO_IPV6, 67):
            tos = struct.unpack("i", data[:4])[0]
    return ttl, tos


def set_sender(sock, family):
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, TTL)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, TOS)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, TTL)
        sock.setsockopt(socket.IPPROTO_IPV6, 67, TOS)


def datagrams(family, addr):
    for port, (ttl, dscp) in RULES.items():
        enter("b")
        into = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET:
            into.setsockopt(socket.IPPROTO_IP, 12, 1)
            into.setsockopt(socket.IPPROTO_IP, 13, 1)
        else:
            into.setsockopt(socket.IPPROTO_IPV6, 51, 1)
            into.setsockopt(socket.IPPROTO_IPV6, 66, 1)
        into.settimeout(20)
        into.bind((addr, port))
        enter("a")
        out = socket.socket(family, socket.SOCK_DGRAM)
        set_sender(out, family)
        for size in SIZES:
            body = os.urandom(size)
            out.sendto(body, (addr, port))
            try:
                got, ancillary, _, _ = into.recvmsg(65536, 256)
            except socket.timeout:
                wrong("%s port %d size %d: nothing arrived" % (addr, port, size))
                continue
            counts["datagrams"] += 1
            if got != body:
                wrong("%s port %d size %d: another payload" % (addr, port, size))
            if told(ancillary) != (ttl, dscp << 2 | 2):
                wrong("%s port %d size %d: TTL, TOS %s, not %s" %
                      (addr, port, size, told(ancillary), (ttl, dscp << 2 | 2)))
        into.close()
        out.close()


def receive(listener, result):
    conn, _ = listener.accept()
    conn.settimeout(60)
    while True:
        data = conn.recv(65536)
        if not data:
            break
        result.append(data)
    conn.close()


def streams(family, addr):
    for port in RULES:
        enter("b")
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((addr, port))
        listener.listen(1)
        enter("a")
        out = socket.socket(family, socket.SOCK_STREAM)
        set_sender(out, family)
        out.settimeout(60)
        result, body = [], os.urandom(STREAM)
        thread = threading.Thread(target=receive, args=(listener, result))
        thread.start()
        out.connect((addr, port))
        out.sendall(body)
        out.close()
        thread.join(60)
        listener.close()
        counts["streams"] += 1
        if b"".join(result) != body:
            wrong("%s port %d: the stream is another" % (addr, port))


def frame(data, aux, where):
    """One frame with its Ethernet header."""
    kind = struct.unpack("!H", data[12:14])[0]
    ip = data[14:]
    if kind == 0x0800:
        hlen, ttl, dscp, proto = (ip[0] & 15) * 4, ip[8], ip[1] >> 2, ip[9]
        total = struct.unpack("!H", ip[2:4])[0]
        fragment = struct.unpack("!H", ip[6:8])[0] & 0x3fff
        pseudo = ip[12:20]
    elif kind == 0x86dd:
        hlen, ttl, dscp, proto = 40, ip[7], (struct.unpack("!H", ip[:2])[0] >> 4 & 255) >> 2, ip[6]
        total = struct.unpack("!H", ip[4:6])[0] + 40
        fragment = proto == 44
        pseudo = ip[8:40]
    else:
        return
    if proto not in (6, 17) or fragment:
        return
    port = struct.unpack("!H", ip[hlen + 2:hlen + 4])[0]
    if port not in RULES:
        return
    counts["frames"] += 1
    counts["big"] += len(data) > 1514
    if kind == 0x0800 and checksum(ip[:hlen]) != 0xffff:
        wrong("port %d: the header's checksum" % port)
    want = RULES[port] if where == "a" else (TTL, 8)
    # TCP sends no ECN mark that it was not asked for, but the DSCP is there.
    if (ttl, dscp) != want:
        wrong("port %d: a frame with TTL, DSCP %s, not %s" % (port, (ttl, dscp), want))
    if aux & CSUM_NOT_READY:
        counts["partial"] += 1
        return
    segment = ip[hlen:total]
    counts["verified"] += 1
    if checksum(segment, checksum(pseudo) + proto + len(segment)) != 0xffff:
        wrong("port %d: a transport checksum" % port)


def frames(sock, where):
    sock.setblocking(False)
    while True:
        try:
            data, ancillary, _, _ = sock.recvmsg(1 << 17, 256)
        except BlockingIOError:
            return
        aux = 0
        for level, kind, cmsg in ancillary:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                aux = struct.unpack("I", cmsg[:4])[0]
        frame(data, aux, where)


def main():
    where, b4, b6, device = sys.argv[1:]
    sniffer = None
    if where != "-":
        enter("b")
        sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sniffer.bind((device, 3))
        sniffer.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)     # SO_RCVBUFFORCE
        sniffer.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    for family, addr in ((socket.AF_INET, b4), (socket.AF_INET6, b6)):
        datagrams(family, addr)
        streams(family, addr)
    if sniffer:
        frames(sniffer, where)
    for name, value in counts.items():
        print("%s=%d" % (name, value))
    return counts["wrong"] != 0


sys.exit(main())
