#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""borrow.py FROM TO: module TO gets the signature of module FROM instead of its own.

A signature is at the end of a module: PKCS #7, struct module_signature (12 bytes, the
last four of them the length of the former, big-endian), and a line of text."""
import lzma
import struct
import sys

MAGIC = b"~Module signature appended~\n"


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


def split(data):
    if not data.endswith(MAGIC):
        return data, b""
    size, = struct.unpack(">I", data[-len(MAGIC) - 4:-len(MAGIC)])
    at = len(data) - len(MAGIC) - 12 - size
    return data[:at], data[at:]


def main():
    theirs, ours = sys.argv[1:]
    signature = split(read(theirs))[1]
    if not signature:
        sys.exit("%s is not signed" % theirs)
    data = split(read(ours))[0] + signature
    with open(ours, "wb") as f:
        f.write(lzma.compress(data, check=lzma.CHECK_CRC32) if ours.endswith(".xz") else data)


if __name__ == "__main__":
    main()
