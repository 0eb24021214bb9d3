#!/usr/bin/env python3
"""Measures `tcpcheck compare` on two captures of a million packets each, against `--summary` on both.

    benches/two_captures.py TCPCHECK GENERATE [--packets N] [--turns N]

GENERATE is the example of that name (`cargo build --release --example generate`). It makes one capture; the other is what comes of it
behind a path of 20 ms and 4 ms of queue, which loses one packet of a thousand and is seen by a clock 3.6 s ahead. Every run is CPU
time (user and system), and the peak of memory is measured with a tenth of the packets too: it goes by what is in flight.
The last line of each traffic is `ratio X (Y MB, Z MB with a tenth)`; above 2.5 the exit status is 1.
"""
import argparse, os, pathlib, random, struct, subprocess, sys, tempfile

AT_MOST = 2.5


def measured(words):
    """CPU seconds and peak memory in MB of a command."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, words))}: exit status {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def far_side(near, far):
    """The same packets as they pass the other end: clients' packets later, servers' earlier, some of them never."""
    data, chance = near.read_bytes(), random.Random(1)
    at, client, records = 24, {}, []
    while at + 16 <= len(data):
        seconds, micros, length, wire = struct.unpack_from("<IIII", data, at)
        frame = data[at + 16:at + 16 + length]
        at += 16 + length
        tcp = 14 + (frame[14] & 15) * 4
        ends = frame[26:34] + frame[tcp:tcp + 4]
        back = frame[30:34] + frame[26:30] + frame[tcp + 2:tcp + 4] + frame[tcp:tcp + 2]
        if frame[tcp + 13] & 0x12 == 2:
            client[ends] = True
        up = ends in client or back not in client
        if chance.random() < 0.001:
            continue
        delay = 20_000 + int(chance.random() * 4_000)
        then = seconds * 1_000_000 + micros + (delay if up else -delay) + 3_600_000
        records.append((then, wire, frame))
    records.sort(key=lambda record: record[0])
    with open(far, "wb") as file:
        file.write(data[:24])
        for then, wire, frame in records:
            file.write(struct.pack("<IIII", then // 1_000_000, then % 1_000_000, len(frame), wire) + frame)


def compare(args, directory, words):
    near, far = directory / "near.pcap", directory / "far.pcap"
    subprocess.run([args.generate, *words, "-o", near], check=True, capture_output=True)
    far_side(near, far)
    commands = [[args.tcpcheck, "-nr", near, "--summary"], [args.tcpcheck, "-nr", far, "--summary"], [args.tcpcheck, "compare", near, far]]
    best, peak = [float("inf")] * 3, 0
    for _ in range(args.turns):
        for at, command in enumerate(commands):
            cpu, memory = measured(command)
            best[at] = min(best[at], cpu)
            peak = memory if at == 2 else peak
    return best, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tcpcheck")
    parser.add_argument("generate")
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    worst = 0
    with tempfile.TemporaryDirectory(prefix="tcpcheck-two-") as directory:
        for name, words in (("large", lambda n: ["large", "--packets", str(n)]), ("short", lambda n: ["short", "--connections", str(n // 10)])):
            (near, far, both), peak = compare(args, pathlib.Path(directory), words(args.packets))
            _, little = compare(args, pathlib.Path(directory), words(args.packets // 10))
            ratio = both / (near + far)
            worst = max(worst, ratio)
            print(f"{name}: --summary {near:.2f} s and {far:.2f} s, compare {both:.2f} s")
            print(f"{name}: ratio {ratio:.2f} ({peak:.0f} MB, {little:.0f} MB with a tenth)")
    sys.exit(worst > AT_MOST)


if __name__ == "__main__":
    main()
