"""pcapng files that are long in everything but packets."""

import struct

from .packets import ACK, PSH, START, Ends, generator


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def block(kind, body):
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def section(options=b""):
    return block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options)


def interface(options=b""):
    return block(1, struct.pack("<HHI", 101, 0, 262144) + options)


def enhanced(number, data, at, options=b""):
    us = START + 10 * at
    body = struct.pack("<IIIII", number, us >> 32, us & 0xFFFFFFFF, len(data), len(data)) + data + b"\0" * (-len(data) % 4)
    return block(6, body + options)


def transfer(packets):
    """An ordinary transfer on 64 connections."""
    ends = [Ends(number) for number in range(64)]
    for at in range(packets):
        each, step = ends[at // 2 % 64], at // 128
        if at % 2 == 0:
            yield each.up(1001 + 100 * step, 5001, ACK | PSH, payload=b"x" * 100, ip_id=step, window=65535)
        else:
            yield each.down(5001, 1101 + 100 * step, window=65535)


@generator("65,536 interfaces with names of 256 bytes, and each packet from another", blocks=True)
def interfaces(packets):
    yield section()
    for number in range(65_536):
        yield interface(option(2, b"%0256d" % number))
    for at, data in enumerate(transfer(packets - 65_536)):
        yield enhanced(at * 7919 % 65_536, data, at)


@generator("a section with an interface of its own for each packet", blocks=True)
def sections(packets):
    for at, data in enumerate(transfer(packets // 3)):
        yield section(option(1, b"section %d" % at)) + interface(option(2, b"if%d" % at)) + enhanced(0, data, at)


@generator("four comments with each packet, and a hash", blocks=True)
def comments(packets):
    yield section() + interface()
    for at, data in enumerate(transfer(packets)):
        yield enhanced(0, data, at, b"".join(option(1, b"comment %d of %d" % (number, at)) for number in range(4)) + option(3, b"\x02" * 5))


@generator("nine blocks without a packet for one with: statistics, names, secrets, and what nobody knows", blocks=True)
def empty_blocks(packets):
    yield section() + interface()
    names = block(4, struct.pack("<HH", 1, 7) + b"\x0a\0\0\x01ab\0\0" + b"\0" * 4)
    secrets = block(10, struct.pack("<II", 0x544C534B, 4) + b"abcd")
    custom = block(0x0BAD, struct.pack("<I", 32473) + b"abcd")
    unknown = block(0x4242, b"")
    for at, data in enumerate(transfer(packets // 10)):
        counted = block(5, struct.pack("<III", 0, 0, 0) + option(4, struct.pack("<Q", at)) + option(5, struct.pack("<Q", at)))
        yield (counted + names + secrets + custom + unknown) * 2
        yield enhanced(0, data, at)
