"""What connections have in common, and conversations that are nobody's."""

import itertools
import random
import struct

from .packets import ACK, FIN, MSS, PSH, RST, SACK_PERMITTED, SERVER, SYN, Ends, blocks, generator, host, packet, stamps


@generator("256 gaps on both ends, each reported in SACK blocks, filled and opened again")
def both_ends():
    one, chance = Ends(), random.Random(4)
    yield from one.opened()
    for step in itertools.count():
        base = 1001 + 20_000 * (step // 2000)
        other = 5001 + 20_000 * (step // 2000)
        holes = sorted(base + 40 * chance.randrange(500) for _ in range(3))
        if step % 2:
            reported = blocks(*((hole + 20, hole + 40) for hole in holes))
            yield one.up(base + 40 * (step * 7 % 500) + 20, other, payload=b"x" * 20, window=65535, options=reported, ip_id=step)
        else:
            reported = blocks(*((hole + 4020, hole + 4040) for hole in holes))
            yield one.down(other + 40 * (step * 11 % 500) + 20, base, payload=b"x" * 20, window=65535, options=reported, ip_id=step)


@generator("losses that are repaired and reported as spurious, one D-SACK a retransmission")
def spurious():
    one = Ends()
    clock = itertools.count(1)
    yield from one.opened(stamps(1, 0))
    for step in itertools.count():
        seq = 1001 + 1000 * step
        for at in range(10):
            yield one.up(seq + 100 * at, 5001, payload=b"x" * 100, window=65535, ip_id=step, options=stamps(next(clock), 1))
        for at in range(4):
            yield one.down(5001, seq, window=65535, options=blocks((seq + 100 * (at + 1), seq + 1000)))
        yield one.up(seq, 5001, payload=b"x" * 100, window=65535, options=stamps(next(clock), 1))
        yield one.down(5001, seq + 1000, window=65535)
        yield one.down(5001, seq + 1000, window=65535, options=blocks((seq, seq + 100)))


@generator("what is sent comes again a thousand packets later, and everything else does not")
def half_echoes():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        for at in range(900):
            yield one.up(1001 + 10 * (900 * step + at), 5001, payload=b"x" * 10, window=65535, ip_id=900 * step + at)
        for at in range(0, 900, 2):
            yield one.up(1001 + 10 * (900 * step + at), 5001, payload=b"x" * 10, window=65535, ip_id=900 * step + at)


@generator("timestamps that jump both ways, on every segment")
def tsvals():
    one = Ends()
    yield from one.opened(stamps(1, 0))
    for step in itertools.count():
        odd = stamps(step * 2654435761, step * 40503)
        yield one.up(1001 + 10 * step, 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=step, options=odd)
        yield one.down(5001, 1011 + 10 * step, window=65535, options=stamps(step * 1103515245, step * 2654435761))


@generator("one byte each way, a thousand requests before the first answer")
def pipelined():
    one = Ends()
    yield from one.opened()
    up, down = 1001, 5001
    while True:
        for step in range(1000):
            yield one.up(up, down, ACK | PSH, payload=b"x", window=65535, ip_id=step)
            up += 1
        for step in range(1000):
            yield one.down(down, up, ACK | PSH, payload=b"y", window=65535, ip_id=step)
            down += 1


@generator("an exchange of one byte each way in turn on 500 connections, each answered after two seconds", step=4000)
def slow_answers():
    ends = [Ends(number) for number in range(500)]
    for each in ends:
        yield from each.opened()
    for step in itertools.count():
        for each in ends:
            if step % 2 == 0:
                yield each.up(1001 + step // 2, 5001 + step // 2, ACK | PSH, payload=b"x", window=65535, ip_id=step)
            else:
                yield each.down(5001 + step // 2, 1002 + step // 2, ACK | PSH, payload=b"y", window=65535, ip_id=step)


@generator("hundreds of connections of two hosts that fall silent and go on together", step=1)
def stalls():
    ends, us = [Ends(number, client=(bytes([10, 9, 9, 9]), 20000 + number)) for number in range(400)], 0
    for each in ends:
        for data in each.opened():
            us += 1
            yield us, data
    for step in itertools.count():
        us += 1_500_000
        for each in ends:
            us += 20
            yield us, each.up(1001 + 10 * step, 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=step)
        for each in ends:
            us += 20
            yield us, each.down(5001, 1011 + 10 * step, window=65535)


@generator("a port that is opened anew again and again from TIME-WAIT, a higher number each time")
def successions():
    one = Ends()
    for step in itertools.count():
        base, other = 1000 * step, 0x40000000 + 1000 * step
        yield one.up(base, 0, SYN, options=MSS)
        yield one.down(other, base + 1, SYN | ACK, options=MSS)
        yield one.up(base + 1, other + 1, ACK | FIN)
        yield one.down(other + 1, base + 2, ACK | FIN)
        yield one.up(base + 2, other + 2)


@generator("SYNs, SYN+ACKs and FINs of other numbers in the middle of a connection")
def odd_flags():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        yield one.up(1001 + 10 * step, 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=step)
        yield one.up(step * 65537, 0, SYN, options=MSS, ip_id=step)
        yield one.down(step * 7919, 1001 + step, SYN | ACK, options=MSS, ip_id=step)
        yield one.down(5001, 1011 + 10 * step, window=65535)
        yield one.up(1 << 30, 5001, ACK | FIN, ip_id=step)


@generator("SYN+ACKs and resets of servers that nobody asked, from as many addresses")
def backscatter():
    for step in itertools.count():
        flags = SYN | ACK if step % 2 else RST | ACK
        yield packet(host(step), 80, SERVER, 1024 + step % 60000, step * 7919, step * 31, flags, options=MSS if step % 2 else b"", ip_id=step)


@generator("connections from as many hosts, each with its own ISN and IP IDs, refused")
def scan():
    for step in itertools.count():
        each = Ends(client=(struct.pack(">I", 0x20000000 + step * 40503 & 0xFFFFFFFF), 1024 + step % 60000))
        yield each.up(step * 64000, 0, SYN, options=MSS, ip_id=step)
        yield each.down(0, step * 64000 + 1, RST | ACK, ip_id=step)


@generator("short connections without a pause, each a handshake, a byte each way and a close")
def short():
    for step in itertools.count():
        one = Ends(client=(struct.pack(">I", 0x20000000 + step * 40503 & 0xFFFFFFFF), 1024 + step % 60000))
        yield from one.opened()
        yield one.up(1001, 5001, ACK | PSH, payload=b"x", window=65535)
        yield one.down(5001, 1002, ACK | PSH, payload=b"y", window=65535)
        yield one.up(1002, 5002, ACK | FIN, window=65535)
        yield one.down(5002, 1003, ACK | FIN, window=65535)
        yield one.up(1003, 5003, window=65535)


@generator("greetings that begin like every program's and do not go on")
def greetings():
    words = [b"GET /", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-", b"220 ", b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", b"EHLO ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    for number in itertools.count():
        one = Ends(number % 60000)
        yield from one.opened()
        for step in range(20):
            yield one.up(1001 + 40 * step, 5001, ACK | PSH, payload=(words[(number + step) % 7] + b"x" * 40)[:40], window=65535, ip_id=step)


@generator("windows that shrink below what was sent, and grow, with data beyond every edge")
def shrinking():
    one, chance = Ends(), random.Random(5)
    yield from one.opened()
    for step in itertools.count():
        yield one.up(1001 + 10 * step, 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=step)
        yield one.down(5001, 1001 + 10 * max(0, step - 50), window=chance.randrange(400), ip_id=step)


@generator("damaged copies of segments in flight: wrong checksums, other lengths, other content")
def damaged():
    one, chance = Ends(), random.Random(6)
    yield from one.opened(SACK_PERMITTED)
    for step in itertools.count():
        whole = one.up(1001 + 50 * step, 5001, ACK | PSH, payload=b"x" * 50, window=65535, ip_id=step)
        yield whole
        at = chance.randrange(50)
        yield whole[: -50 + at] + b"y" + whole[-50 + at + 1 :]
        yield one.up(1001 + 50 * step + at, 5001, ACK | PSH, payload=b"z" * 30, window=65535, ip_id=step)


@generator("4,000 one-byte segments in flight around a hole in their middle, which is filled a byte at a time")
def middle():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        seq = 1001 + 200_000 * step
        for at in range(2_000):
            yield one.up(seq + at, 5001, payload=b"x", window=65535)
        for at in range(2_000):
            yield one.up(seq + 100_000 + at, 5001, payload=b"x", window=65535)
        for at in range(90_000):
            yield one.up(seq + 2_000 + at, 5001, payload=b"x", window=65535)


@generator("128 ranges in SACK blocks over 4,000 segments in flight, which a timer sends again and again")
def sacked_resent():
    one, chance = Ends(), random.Random(7)
    yield from one.opened()
    for at in range(4_000):
        yield one.up(1001 + 10 * at, 5001, payload=b"x" * 10, window=65535)
    us = 0
    for step in itertools.count():
        us += 3_000_000 if step % 50 == 0 else 20
        seq = 1001 + 20 * chance.randrange(2_000)
        if step % 2:
            yield us, one.up(seq, 5001, payload=b"x" * 10, window=65535, ip_id=step)
        else:
            yield us, one.down(5001, 1001, window=65535, options=blocks((seq + 10, seq + 20)), ip_id=step)


@generator("the first of 4,000 segments in flight again, each time an acknowledgment of three SACK blocks after it")
def first_again():
    one = Ends()
    yield from one.opened()
    for at in range(4_000):
        yield one.up(1001 + 10 * at, 5001, payload=b"x" * 10, window=65535)
    for step in itertools.count():
        at = 1021 + 40 * (step % 900)
        yield one.up(1001 if step % 3 else 1011 + 10 * (step % 1000), 5001, payload=b"x" * 10, window=65535, ip_id=step)
        yield one.down(5001, 1001, window=65535, options=blocks((1001, 1011), (at, at + 10), (at + 20, at + 30)))
