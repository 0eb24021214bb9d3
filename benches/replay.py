#!/usr/bin/env python3
"""Puts the packets of a pcap file of IP packets on an interface, once, at a steady rate: replay.py INTERFACE PACKETS_PER_SECOND FILE

As root, on Linux. It says how many were put there, and in what time.
"""

import ctypes
import socket
import struct
import sys
import time

# Nobody's: what the host itself gets is not for it.
LINK = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01"
BATCH = 16


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class Header(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32), ("vectors", ctypes.POINTER(Vector)), ("count", ctypes.c_size_t)]
    _fields_ += [("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t), ("flags", ctypes.c_int)]


class Message(ctypes.Structure):
    _fields_ = [("header", Header), ("sent", ctypes.c_uint)]


def frames(path):
    """The packets of a file, each behind an Ethernet header."""
    with open(path, "rb") as file:
        file.read(24)
        while head := file.read(16):
            data = file.read(struct.unpack("<IIII", head)[2])
            yield LINK + (b"\x86\xdd" if data[0] >> 4 == 6 else b"\x08\0") + data


def main():
    interface, rate, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    every = list(frames(path))
    vectors = (Vector * len(every))(*((frame, len(frame)) for frame in every))
    messages = (Message * len(every))()
    for message, at in zip(messages, range(len(every))):
        message.header.vectors, message.header.count = ctypes.pointer(vectors[at]), 1
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0x0800))
        began, sent = time.monotonic(), 0
        while sent < len(every):
            due = min(int((time.monotonic() - began) * rate), len(every))
            while sent < due:
                done = libc.sendmmsg(wire.fileno(), ctypes.byref(messages, sent * ctypes.sizeof(Message)), min(due - sent, BATCH), 0)
                # One that the interface refuses is left out.
                sent += max(done, 1)
            time.sleep(0.0002)
    print(f"{sent} packets in {time.monotonic() - began:.1f} s")


main()
