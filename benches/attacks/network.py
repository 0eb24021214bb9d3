"""What stands below TCP: fragments, tunnels, ICMP errors, and times."""

import itertools
import random
import struct

from .packets import ACK, CLIENT, MSS, PSH, SERVER, SYN, Ends, complement, generator, host, ip, packet


@generator("eight-byte fragments of 256 packets in turn, none of which is ever complete")
def fragments():
    for round_ in itertools.count():
        for at in range(250):
            for ip_id in range(256):
                yield ip(CLIENT, SERVER, 6, b"x" * 8, ip_id + 256 * round_, 0x2000 | 2 * (at * 37 % 250 + 1))


@generator("fragments that overlap: each second packet's last one lies on its first")
def overlaps():
    for ip_id in itertools.count():
        for offset, more in ((0, True), (16, True), (8, True), (0, False)):
            yield ip(CLIENT, SERVER, 6, b"x" * 64, ip_id, (0x2000 if more else 0) | offset // 8)


@generator("as many whole packets in fragments as there are, sent from the last fragment to the first")
def assembled():
    for step in itertools.count():
        whole = packet(CLIENT, 40000, SERVER, 80, 1001 + 1480 * step, 1, ACK, payload=b"x" * 1460)[20:]
        for at in reversed(range(0, 1480, 64)):
            yield ip(CLIENT, SERVER, 6, whole[at : at + 64], step, (0x2000 if at + 64 < 1480 else 0) | at // 8)


@generator("VXLAN, GRE, MPLS and IP in each other, as deep as is read")
def nested():
    ether = b"\x02" * 12 + b"\x08\0"
    for step in itertools.count():
        inner = packet(CLIENT, 40000, SERVER, 80, 1 + 10 * step, 1, ACK, payload=b"x" * 10, ip_id=step)
        for depth in range(5):
            if depth % 3 == 0:
                inner = ip(CLIENT, SERVER, 47, struct.pack(">HH", 0, 0x0800) + inner)
            elif depth % 3 == 1:
                vxlan = b"\x08\0\0\0\0\0\x01\0" + ether + inner
                inner = ip(CLIENT, SERVER, 17, struct.pack(">HHHH", 1000, 4789, 8 + len(vxlan), 0) + vxlan)
            else:
                inner = ip(CLIENT, SERVER, 47, struct.pack(">HH", 0, 0x8847) + b"\0\0\x10\x40" * 3 + b"\0\0\x11\x40" + inner)
        yield inner


@generator("400 bytes of IPv6 extension headers before each segment")
def extensions():
    one, two = b"\x20\x01" + b"\0" * 13 + b"\x01", b"\x20\x01" + b"\0" * 13 + b"\x02"
    for step in itertools.count():
        chain = (b"\x3c\0" + b"\x01\x04\0\0\0\0") * 49 + b"\x06\0" + b"\x01\x04\0\0\0\0"
        tcp = struct.pack(">HHIIBBHHH", 40000, 80, 1 + step, 1, 0x50, ACK, 512, 0, 0) + b"x"
        body = chain + tcp
        yield struct.pack(">IHBB", 0x60000000, len(body), 0x3C, 64) + one + two + body


def unreachable(quoted, code=1, mtu=0):
    icmp = struct.pack(">BBHHH", 3, code, 0, 0, mtu) + quoted[:28]
    return icmp[:2] + struct.pack(">H", complement(icmp)) + icmp[4:]


@generator("ICMP errors about 5,000 connections, each time from another router")
def icmp():
    ends = [Ends(number) for number in range(5_000)]
    for each in ends:
        yield each.up(1000, 0, SYN, options=MSS)
    for step in itertools.count():
        about = ends[step * 7919 % len(ends)]
        code = (0, 1, 3, 4)[step % 4]
        yield ip(host(step), about.client[0], 1, unreachable(about.up(1000, 0, SYN, options=MSS), code, 576 + step % 900 if code == 4 else 0))


@generator("ICMP errors about one connection that goes on, eight kinds and a thousand routers")
def icmp_storm():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        sent = one.up(1001 + 100 * step, 5001, ACK | PSH, payload=b"x" * 100, window=65535, ip_id=step)
        yield sent
        for more in range(4):
            at = 4 * step + more
            yield ip(host(at % 1000), one.client[0], 1, unreachable(sent, (0, 1, 2, 3, 4, 9, 10, 13)[at % 8], 68 + at % 1400))


@generator("times that jump by hours, forwards and backwards, with each packet of 2,000 connections")
def jumps():
    chance, ends = random.Random(3), [Ends(number) for number in range(2_000)]
    for step in itertools.count():
        each = ends[step % len(ends)]
        at = step // len(ends)
        us = chance.randrange(40_000) * 1_000_000
        if at % 2 == 0:
            yield us, each.up(1001 + 100 * at, 5001, ACK | PSH, payload=b"x" * 100, ip_id=at, window=65535)
        else:
            yield us, each.down(5001, 1101 + 100 * (at - 1), window=65535)


@generator("a clock that goes on by two hours with each packet of 2,000 connections: whatever waits is due")
def leaps():
    ends = [Ends(number) for number in range(2_000)]
    for step in itertools.count():
        each, at = ends[step * 1103 % len(ends)], step // len(ends)
        yield step * 7_200_000_000 % 2_000_000_000_000_000, each.up(1001 + 100 * at, 5001, ACK | PSH, payload=b"x" * 100, ip_id=at)


@generator("16 files whose packets lie in turn, each file an hour off the one before", files=16)
def out_of_order():
    ends = [Ends(number) for number in range(16)]
    for step in itertools.count():
        each, at = ends[step % 16], step // 16
        yield 3_600_000_000 * (step % 16) - 10 * at % 1_000_000, each.up(1001 + 100 * at, 5001, ACK | PSH, payload=b"x" * 100, ip_id=at)


@generator("the same packets from sixty capture points: another time to live each time")
def capture_points():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        at = step // 60
        yield one.up(1001 + 10 * at, 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=at, ttl=255 - step % 60 * 4)


@generator("ICMP errors about any of 4,000 segments in flight")
def icmp_in_flight():
    one, chance = Ends(), random.Random(8)
    yield from one.opened()
    sent = [one.up(1001 + 10 * at, 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=at) for at in range(4_000)]
    yield from sent
    while True:
        yield ip(SERVER, one.client[0], 1, unreachable(sent[chance.randrange(4_000)]))
