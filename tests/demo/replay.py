#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""replay.py DEVICE MAC FILE...: sends the IP packets of pcap and pcapng files
out of DEVICE, to the neighbour that has address MAC."""
import socket
import struct
import sys

MAX = 1514


def pcap(data):
    """(linktype, packet) of a classic capture file."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<",
             b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}[data[:4]]
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xffff
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(order + "I", data, at + 8)[0]
        yield link, data[at + 16:at + 16 + size]
        at += 16 + size


def pcapng(data):
    """The same of the newer format."""
    order, links, at = "<", [], 0
    while at + 12 <= len(data):
        kind = struct.unpack_from(order + "I", data, at)[0]
        if kind == 0x0a0d0d0a:
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        size = struct.unpack_from(order + "I", data, at + 4)[0]
        if size < 12:
            return
        body = data[at + 8:at + size - 4]
        if kind == 1:
            links.append(struct.unpack_from(order + "H", body)[0])
        elif kind == 6:
            dev, _, _, caplen = struct.unpack_from(order + "IIII", body)
            yield links[dev], body[20:20 + caplen]
        elif kind == 3 and links:
            yield links[0], body[4:]
        at += size


def network(link, frame):
    """From the IP header on, or nothing.  VLAN tags are taken off."""
    if link == 1:
        at = 12
        while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
            at += 4
        packet = frame[at + 2:]
    else:
        skip = {101: 0, 12: 0, 228: 0, 229: 0, 0: 4, 108: 4, 113: 16, 276: 20}.get(link)
        packet = b"" if skip is None else frame[skip:]
    return packet if packet and packet[0] >> 4 in (4, 6) else b""


def checksum(packet):
    """With the checksum of an IPv4 header: a sender's capture may lack it, and
    the router would drop the packet before any hook."""
    size = (packet[0] & 15) * 4
    if packet[0] >> 4 != 4 or size < 20 or len(packet) < size:
        return packet
    head = bytearray(packet[:size])
    head[10:12] = b"\0\0"
    total = sum(struct.unpack(">%dH" % (size // 2), head))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    head[10:12] = struct.pack(">H", total ^ 0xffff)
    return bytes(head) + packet[size:]


def main():
    device, mac, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    dst = bytes.fromhex(mac.replace(":", ""))
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((device, 0))
    src = sock.getsockname()[4]
    for path in files:
        with open(path, "rb") as f:
            data = f.read()
        reader = pcapng if data[:4] == b"\x0a\x0d\x0d\x0a" else pcap
        sent = other = 0
        try:
            for link, frame in reader(data):
                packet = network(link, frame)
                if not packet or len(packet) + 14 > MAX:
                    other += 1
                    continue
                kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
                sock.send(dst + src + kind + checksum(packet))
                sent += 1
        except (KeyError, IndexError, struct.error) as err:
            print("replay: %s: no capture file, or broken: %r" % (path, err))
        print("replay: %s: %d packets sent, %d not IP or too big" % (path, sent, other))


if __name__ == "__main__":
    main()
