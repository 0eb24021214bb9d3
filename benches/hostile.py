#!/usr/bin/env python3
"""Captures that an attacker would make: what a packet of each costs tcpcheck, against a plain capture, with tcpdump and tshark beside it.

    benches/hostile.py                       all of them; a few minutes
    benches/hostile.py --only split,echoes   some of them (see --list)
    benches/hostile.py --keep FOLDER         leave the captures there

Times are of CPU, user and system together, the least of --runs. A ratio is the time a packet against that of `plain` by the same
program, memory the peak of RSS. The exit status is 1 where tcpcheck costs more than --bound times a plain capture's time, but for
those that are marked as known.
"""

import argparse
import itertools
import os
import pathlib
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MSS, SACK_PERMITTED = b"\x02\x04\x05\xb4", b"\x04\x02\x01\x01"
CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
START = 1_700_000_000 * 1_000_000


def complement(*parts):
    return 0xFFFF - (sum(int.from_bytes(part + b"\0" * (len(part) % 2), "big") for part in parts) % 0xFFFF or 0xFFFF) & 0xFFFF


def stamps(value, echo):
    return b"\x01\x01\x08\x0a" + struct.pack(">II", value & 0xFFFFFFFF, echo & 0xFFFFFFFF)


def blocks(*ranges):
    words = b"".join(struct.pack(">II", left & 0xFFFFFFFF, right & 0xFFFFFFFF) for left, right in ranges)
    return b"\x01\x01\x05" + bytes([2 + len(words)]) + words


def packet(src, sport, dst, dport, seq, ack, flags, window=512, options=b"", payload=b"", ip_id=0, ttl=64):
    """An IPv4 packet with right checksums."""
    options += b"\0" * (-len(options) % 4)
    header = 20 + len(options)
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, header // 4 << 4, flags, window, 0, 0)
    tcp += options + payload
    check = complement(src, dst, struct.pack(">HH", 6, len(tcp)), tcp)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), ip_id & 0xFFFF, 0x4000, ttl, 6, 0) + src + dst
    return ip[:10] + struct.pack(">H", complement(ip)) + ip[12:] + tcp[:16] + struct.pack(">H", check) + tcp[18:]


class Ends:
    """A client and a server: packets each way."""

    def __init__(self, number=0, client=None):
        self.client = client or (bytes([10, 1 + (number >> 16), number >> 8 & 255, number & 255]), 40000)
        self.server = (SERVER, 80)

    def up(self, seq, ack, flags=ACK, **more):
        return packet(*self.client, *self.server, seq, ack, flags, **more)

    def down(self, seq, ack, flags=ACK, **more):
        return packet(*self.server, *self.client, seq, ack, flags, **more)

    def opened(self, options=b""):
        """A handshake; both sides go on at 1001 and 5001."""
        yield self.up(1000, 0, SYN, options=MSS + SACK_PERMITTED + options, window=65535)
        yield self.down(5000, 1001, SYN | ACK, options=MSS + SACK_PERMITTED + options, window=65535)
        yield self.up(1001, 5001, window=65535)


GENERATORS = {}


def generator(words, known=False):
    def note(make):
        GENERATORS[make.__name__.replace("_", "-")] = (make, words, known)
        return make

    return note


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


@generator("255 gaps that are acknowledged while the clock stands still: they wait for what may come late")
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


waiting_gaps.frozen = True


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
        source = struct.pack(">I", 0x20000000 + step * 2654435761 & 0xFFFFFFFF)
        yield packet(source, 1024 + step % 60000, SERVER, 80, step * 7919, 0, SYN, options=MSS)


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
            outer = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(inner), 0, 0, 64, 4, 0) + CLIENT + SERVER
            inner = outer[:10] + struct.pack(">H", complement(outer)) + outer[12:] + inner
        yield inner


@generator("an honest transfer whose two directions are a second apart")
def clocks():
    one = Ends()
    yield from one.opened()
    for step in itertools.count():
        yield one.up(1001 + 100 * step, 5001, ACK | PSH, payload=b"x" * 100, window=65535, ip_id=step)
        yield one.down(5001, 1101 + 100 * step, window=65535)


clocks.skewed = True


@generator("30,000 busy connections in turn, nothing acknowledged: more than are at hand", known=True)
def many_busy():
    ends = [Ends(number) for number in range(30_000)]
    for step in itertools.count():
        for each in ends:
            yield each.up(1000 + step, 1, payload=b"x")


def write(path, make, packets):
    step = 0 if getattr(make, "frozen", False) else 10
    skewed = getattr(make, "skewed", False)
    with open(path, "wb", 1 << 20) as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        for at, data in enumerate(itertools.islice(make(), packets)):
            us = START + step * at - (1_000_000 if skewed and at % 2 else 0)
            length = int.from_bytes(data[2:4], "big")
            file.write(struct.pack("<IIII", us // 1_000_000, us % 1_000_000, len(data), max(length, len(data))) + data)


def bounded(limit):
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))


def measure(command, runs, limit):
    """CPU seconds and peak MB; None where the limit was reached."""
    least, memory = None, 0
    for _ in range(runs):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=lambda: bounded(limit))
        patience = threading.Timer(4 * limit, lambda: os.kill(child.pid, signal.SIGKILL))
        patience.start()
        _, status, used = os.wait4(child.pid, 0)
        patience.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return None, used.ru_maxrss / 1024
        seconds = used.ru_utime + used.ru_stime
        least = seconds if least is None else min(least, seconds)
        memory = max(memory, used.ru_maxrss / 1024)
    return least, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tcpcheck", default=ROOT / "target/release/tcpcheck", type=pathlib.Path)
    parser.add_argument("--packets", default=200_000, type=int)
    parser.add_argument("--runs", default=3, type=int)
    parser.add_argument("--limit", default=60, type=int, help="CPU seconds that a program has for a capture")
    parser.add_argument("--bound", default=5.0, type=float)
    parser.add_argument("--only", default="", help="names, with commas between them")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--no-tshark", action="store_true")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        return print("\n".join(f"{name:15} {words}" for name, (_, words, _) in GENERATORS.items()))
    if not args.tcpcheck.exists():
        sys.exit(f"{args.tcpcheck}: cargo build --release makes it")
    commands = {"tcpcheck": [str(args.tcpcheck), "-n", "--summary", "--threads", "1", "-r"],
                "report": [str(args.tcpcheck), "report", "-n", "-o", "/dev/null"],
                "tcpdump": ["tcpdump", "-nr"], "tshark": ["tshark", "-nr"]}
    commands = {name: command for name, command in commands.items() if name != "tshark" or not args.no_tshark}
    commands = {name: command for name, command in commands.items() if shutil.which(command[0])}
    chosen = [name for name in GENERATORS if not args.only or name in ["plain", *args.only.split(",")]]
    print(f"{args.packets:,} packets each.\n\n| capture | " + " | ".join(f"{name} us | × | MB" for name in commands) + " |")
    print("|---|" + "---:|---:|---:|" * len(commands))
    base, worst = {}, []
    with tempfile.TemporaryDirectory() as folder:
        folder = args.keep or pathlib.Path(folder)
        folder.mkdir(exist_ok=True)
        for name in chosen:
            make, _, known = GENERATORS[name]
            path = folder / f"{name}.pcap"
            write(path, make, args.packets)
            cells = []
            for program, command in commands.items():
                seconds, memory = measure([*command, str(path)], args.runs if program != "tshark" else 1, args.limit)
                if seconds is None:
                    cells.append(f"> {args.limit * 1e6 / args.packets:.0f} | | {memory:.0f}")
                    worst += [name] if program in ("tcpcheck", "report") and not known else []
                    continue
                each = seconds * 1e6 / args.packets
                ratio = each / base.setdefault(program, each)
                cells.append(f"{each:.2f} | {ratio:.1f} | {memory:.0f}")
                if program == "tcpcheck" and ratio > args.bound and not known:
                    worst.append(name)
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
            if not args.keep:
                path.unlink()
    if worst:
        sys.exit(f"more than {args.bound} times a plain capture: {', '.join(worst)}")


if __name__ == "__main__":
    main()
