"""What holds one connection up: gaps, acknowledgments, retransmissions, windows. And many connections."""

import itertools
import random
import struct

from .packets import ACK, CLIENT, MSS, PSH, RST, SERVER, SYN, Ends, blocks, generator, host, ip, packet, stamps


@generator("64 transfers in turn, each segment acknowledged")
def plain():
    ends = [Ends(number) for number in range(64)]
    for each in ends:
        yield from each.opened()
    for step in itertools.count():
        for each in ends:
            yield each.up(1001 + 100 * step, 5001, ACK | PSH, payload=b"x" * 100, ip_id=step, window=65535)
            yield each.down(5001, 1101 + 100 * step, window=65535)


@generator("one gap of 2^30 numbers, split by one byte at a time, from its middle to both sides")
def split():
    one = Ends()
    yield one.up(1, 1, payload=b"x")
    yield one.up(1 << 30, 1, payload=b"x")
    for step in itertools.count(1):
        yield one.up((1 << 29) + (2 * step if step % 2 else -2 * step), 1, payload=b"x", ip_id=step)


@generator("keep-alives whose echo fits no window that was advertised")
def echoes():
    one = Ends()
    yield from one.opened(stamps(1, 0))
    yield one.up(1001, 5001, ACK | PSH, payload=b"x" * 10, options=stamps(2, 1))
    yield one.down(5001, 1011, options=stamps(2, 2))
    for step in itertools.count():
        yield one.down(5001, 1011, window=512 + step % 2)
        yield one.up(1010, 5001, options=stamps(10 + step, 0x40000000 + step))


@generator("a new connection with a gap every three packets")
def gapped():
    for number in itertools.count():
        one = Ends(number)
        for seq in (1000, 1100, 1300):
            yield one.up(seq, 1, payload=b"x")


@generator("connections of 300 gaps each, nothing acknowledged")
def full_of_gaps():
    for number in itertools.count():
        one = Ends(number)
        for step in range(300):
            yield one.up(1000 + 20 * step, 1, payload=b"x")


@generator("255 gaps that are acknowledged while the clock stands still: they wait for what may come late", step=0)
def waiting_gaps():
    one, seq = Ends(), 1001
    yield from one.opened()
    while True:
        for step in range(256):
            yield one.up(seq + 20 * step, 5001, payload=b"x" * 10, window=65535)
        seq += 20 * 255 + 10
        yield one.down(5001, seq, window=65535)
        for step in range(2000):
            yield one.up(seq + 10 * step, 5001, payload=b"x" * 10, window=65535)
        seq += 20_000
        yield one.down(5001, seq, window=65535)


@generator("4,000 one-byte segments in flight, sent again in one that is cut short, again and again")
def sent_again():
    one = Ends()
    yield from one.opened()
    for step in range(4000):
        yield one.up(1001 + step, 5001, payload=b"x", window=65535)
    wide = b"x" * 4000
    for step in itertools.count():
        yield one.up(1001, 5001, payload=wide, window=65535, ip_id=step)[:60]


@generator("each segment sent once more, from another place among 2,000 in flight")
def every_second():
    one = Ends()
    yield from one.opened()
    for step in range(2000):
        yield one.up(1001 + 10 * step, 5001, payload=b"x" * 10, window=65535, ip_id=step)
    chance = random.Random(1)
    for step in itertools.count(2000):
        yield one.up(1001 + 10 * chance.randrange(2000), 5001, payload=b"x" * 10, window=65535, ip_id=step)


@generator("acknowledgments with four SACK blocks, each at another place of a megabyte in flight")
def sacks():
    one = Ends()
    yield from one.opened()
    for step in range(800):
        yield one.up(1001 + 1000 * step, 5001, payload=b"x" * 1000, window=65535)
    chance = random.Random(2)
    for step in itertools.count():
        starts = [1001 + 2 * chance.randrange(1, 390_000) for _ in range(4)]
        yield one.down(5001, 1001, options=blocks(*((start, start + 1) for start in starts)), window=65535)


@generator("duplicate acknowledgments, each with another window now and then")
def repeated_acks():
    one = Ends()
    yield from one.opened()
    yield one.up(1001, 5001, payload=b"x" * 1000, window=65535)
    for step in itertools.count():
        yield one.down(5001, 1001, window=60000 + step // 3 % 5000, ip_id=step)


@generator("acknowledgments of what was not sent, and the other side's answers")
def unsent():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        yield one.down(5001, 1001 + 1000 + step % 7, window=65535, ip_id=step)
        yield one.up(1001, 5001, window=65535, ip_id=step)


@generator("blind resets in and beside the window, and the connection goes on")
def resets():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        yield one.down(5001 + 7 * (step % 1000) + 1, 0, RST, window=0, ip_id=step)
        yield one.up(1001 + 10 * step, 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=step)
        yield one.down(5001, 1011 + 10 * step, window=65535, ip_id=step)


@generator("the same bytes with other content each time")
def other_content():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        yield one.up(1001 + 100 * (step % 30), 5001, ACK | PSH, payload=struct.pack(">I", step) * 25, window=65535, ip_id=step)


@generator("a window that closes and opens with each segment, with probes in between")
def windows():
    one, seq = Ends(), 1001
    yield from one.opened()
    for step in itertools.count():
        yield one.up(seq, 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=step)
        seq += 10
        yield one.down(5001, seq, window=0, ip_id=step)
        yield one.up(seq - 1, 5001, window=65535)
        yield one.down(5001, seq, window=0)
        yield one.down(5001, seq, window=1000)


@generator("SYNs from as many addresses")
def syn_flood():
    for step in itertools.count():
        yield packet(host(step), 1024 + step % 60000, SERVER, 80, step * 7919, 0, SYN, options=MSS)


@generator("one pair of addresses and ports, opened anew every six packets")
def reused():
    one = Ends()
    for step in itertools.count():
        base = step * 1_000_003
        yield one.up(base, 0, SYN, options=MSS)
        yield one.down(base + 77, base + 1, SYN | ACK, options=MSS)
        yield one.up(base + 1, base + 78)
        yield one.up(base + 1, base + 78, ACK | PSH, payload=b"x")
        yield one.down(base + 78, base + 2, RST | ACK)
        yield one.up(base + 2, base + 78, RST)


@generator("connections whose addresses and ports differ in few bits")
def alike():
    for step in itertools.count():
        client = (bytes([10 + (step >> 20 & 63), 0, 0, 1]), step >> 4 & 0xFFFF)
        yield Ends(client=client).up(1 + step % 16, 1, payload=b"x")


@generator("40 bytes of options that mean little")
def options():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        odd = bytes(itertools.chain.from_iterable(((37 * step + at) % 200 + 50, 2) for at in range(20)))
        yield one.up(1001 + 10 * step, 5001, ACK | PSH, payload=b"x" * 10, options=odd, window=65535, ip_id=step)


@generator("every packet twice, the second behind a hundred others")
def twins():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        hundred = [one.up(1001 + 10 * (100 * step + at), 5001, ACK | PSH, payload=b"x" * 10, window=65535, ip_id=100 * step + at)
                   for at in range(100)]
        yield from hundred + hundred


@generator("tunnels in tunnels, 24 deep")
def tunnels():
    for step in itertools.count():
        inner = packet(CLIENT, 40000, SERVER, 80, 1 + step, 1, ACK, payload=b"x")
        for _ in range(24):
            inner = ip(CLIENT, SERVER, 4, inner)
        yield inner


@generator("an honest transfer whose two directions are a second apart", skew=1_000_000)
def clocks():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        yield one.up(1001 + 100 * step, 5001, ACK | PSH, payload=b"x" * 100, window=65535, ip_id=step)
        yield one.down(5001, 1101 + 100 * step, window=65535)


@generator("30,000 busy connections in turn, nothing acknowledged: more than are at hand")
def many_busy():
    ends = [Ends(number) for number in range(30_000)]
    for step in itertools.count():
        for each in ends:
            yield each.up(1000 + step, 1, payload=b"x")
