#!/usr/bin/env python3
"""Measures `tcpcheck compare` on two captures of a million packets each, against `--summary` on both.

    benches/two_captures.py TCPCHECK [--packets N] [--turns N]

The captures are made here, of three kinds of traffic: four large downloads, and short connections of ten packets, a thousand and more
or seventy a second. Between the capture
points are 20 ms and up to 4 ms of queue, one data packet of a thousand is lost and sent again 60 ms later, and the second clock is
3.6 s ahead. Times are CPU time (user and system together), the least of all turns; the peak of memory is measured with a tenth of the
packets too: it goes by what is in flight and by the connections of the last four minutes (2 MSL), not by packets. Above a ratio of 2.5 the exit status is 1.
"""
import argparse, os, pathlib, random, struct, subprocess, sys, tempfile

AT_MOST = 2.5
AHEAD = 3_600_000
FIN, SYN, PSH, ACK = 1, 2, 8, 16


def measured(words):
    """CPU seconds and peak memory in MB of a command."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, words))}: exit status {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


class Road:
    """Both captures in the making: records of (microsecond, bytes on the wire, headers)."""

    def __init__(self):
        self.near, self.far, self.chance, self.ids = [], [], random.Random(1), [0, 0]

    def send(self, flow, at, up, flags, seq, ack, length=0, lost=False):
        """Sends a segment; when it arrives."""
        client = struct.pack("!BBBBH", 10, flow >> 16 & 255, flow >> 8 & 255, 1 + flow % 250, 1024 + flow % 60000)
        server = bytes([192, 0, 2, 9, 1, 187])
        src, dst = (client, server) if up else (server, client)
        isn = [flow * 7919 + 1, flow * 104729 + 1]
        self.ids[up] = self.ids[up] + 1 & 0xFFFF
        options = b"\x02\x04\x05\xb4\x01\x03\x03\x07\x04\x02\x01\x01" if flags & SYN else b"\x01\x01\x08\x0a" + struct.pack("!II", at // 1000, at // 1000 - 20)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(options) + length, self.ids[up], 0x4000, 64, 6, 0) + src[:4] + dst[:4]
        number = [isn[not up] + seq & 0xFFFFFFFF, isn[up] + ack & 0xFFFFFFFF if flags & ACK else 0]
        tcp = src[4:] + dst[4:] + struct.pack("!IIBBHHH", *number, 80 + 4 * len(options), flags, 502, 0, 0) + options
        frame = bytes.fromhex("0200000000020200000000010800") + ip + tcp
        wire = len(frame) + length
        then = at + 20_000 + int(self.chance.random() * 4_000)
        sender, receiver = (self.near, self.far) if up else (self.far, self.near)
        sender.append((at, wire, frame))
        if not lost:
            receiver.append((then, wire, frame))
        return then

    def opens(self, flow, at):
        came = self.send(flow, at, True, SYN, 0, 0)
        came = self.send(flow, came, False, SYN | ACK, 0, 1)
        self.send(flow, came, True, ACK, 1, 1)
        return came

    def large(self, flow, at, segments):
        """A download: a segment each 400 us, an acknowledgment for every second one."""
        at, arrivals = self.opens(flow, at) + 25_000, []
        for n in range(segments):
            lost = self.chance.random() < 0.001
            came = self.send(flow, at + n * 400, False, ACK, 1 + n * 1448, 1, 1448, lost)
            if lost:
                came = self.send(flow, at + n * 400 + 60_000, False, ACK, 1 + n * 1448, 1, 1448)
            arrivals.append((came, n))
        there, to = set(), 0
        for count, (came, n) in enumerate(sorted(arrivals)):
            there.add(n)
            while to in there:
                there.discard(to)
                to += 1
            if count % 2:
                self.send(flow, came, True, ACK, 1, 1 + to * 1448)

    def short(self, flow, at):
        """A request, an answer of two segments, and the close."""
        at = self.opens(flow, at)
        came = self.send(flow, at, True, PSH | ACK, 1, 1, 300)
        came = max(self.send(flow, came + n, False, PSH | ACK, 1 + n * 1448, 301, 1448) for n in range(2))
        self.send(flow, came, True, ACK, 301, 2897)
        came = self.send(flow, came + 10, True, FIN | ACK, 301, 2897)
        came = self.send(flow, came, False, FIN | ACK, 2897, 302)
        self.send(flow, came, True, ACK, 302, 2898)

    def write(self, directory):
        for name, records, ahead in (("near", self.near, 0), ("far", self.far, AHEAD)):
            records.sort(key=lambda record: record[0])
            with open(directory / f"{name}.pcap", "wb") as file:
                file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 96, 1))
                for at, wire, frame in records:
                    at += 1_700_000_000_000_000 + ahead
                    file.write(struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(frame), wire) + frame)


def make(kind, packets, directory):
    """Makes both captures in a process of its own: the kernel counts a parent's memory in its child's peak."""
    if os.fork():
        if os.wait()[1]:
            sys.exit("the captures could not be made")
        return [directory / "near.pcap", directory / "far.pcap"]
    road = Road()
    if kind == "large":
        for flow in range(4):
            road.large(flow, flow * 1000, packets // 6)
    else:
        for flow in range(packets // 10):
            road.short(flow, flow * (14_000 if kind == "spread" else 700))
    road.write(directory)
    os._exit(0)


def compared(tcpcheck, turns, near, far):
    """The least times of the summary of either and of the comparison, and the latter's memory."""
    commands = [[tcpcheck, "-nr", near, "--summary"], [tcpcheck, "-nr", far, "--summary"], [tcpcheck, "compare", near, far]]
    best, peak = [float("inf")] * 3, 0
    for _ in range(turns):
        for at, command in enumerate(commands):
            cpu, peak = measured(command)
            best[at] = min(best[at], cpu)
    return best, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tcpcheck")
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    worst = 0
    with tempfile.TemporaryDirectory(prefix="tcpcheck-two-") as directory:
        for kind in ("large", "short", "spread"):
            (near, far, both), peak = compared(args.tcpcheck, args.turns, *make(kind, args.packets, pathlib.Path(directory)))
            _, little = compared(args.tcpcheck, 1, *make(kind, args.packets // 10, pathlib.Path(directory)))
            ratio = both / (near + far)
            worst = max(worst, ratio)
            print(f"{kind}: --summary {near:.2f} s and {far:.2f} s, compare {both:.2f} s: ratio {ratio:.2f}; {peak:.0f} MB, with a tenth {little:.0f} MB")
    sys.exit(worst > AT_MOST)


if __name__ == "__main__":
    main()
