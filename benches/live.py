#!/usr/bin/env python3
"""Measures live capture between two network namespaces, which it makes and removes. As root, on Linux.

    benches/live.py losses                    tcpcheck beside tcpdump at 200,000 packets a second, 60 s each
    benches/live.py losses --seconds 5        shorter; also --rate
    benches/live.py memory                    an hour at 20,000 packets a second, 1,000 new connections a second
    benches/live.py memory --seconds 300      shorter
    benches/live.py hostile                   under what benches/hostile.py makes, at 100,000 packets a second, beside plain traffic

It builds what it runs, unless --built FOLDER has it: tcpcheck and offer, for a long run while others build.

losses: both programs capture the same interface at the same time, as they are typed: with the kernel's buffer that each takes
by itself, unless --buffer KIB gives both the same. Once tcpcheck with the summary beside `tcpdump -w /dev/null`, once annotated
text in a file beside `tcpdump -n` in a file; both of few connections at once from few hosts, and of many at once, each from a
host of its own (examples/offer.rs). There is a new connection for every 20 packets in either.
hostile: each capture is replayed for some seconds, and a plain one before it; --only names some, --view text prints lines.
memory: the resident memory of `tcpcheck --summary`, every so often, once connections have begun to be forgotten.
It prints Markdown, and ends with status 1 when tcpcheck did worse than docs/live.md says it does.
"""

import argparse
import itertools
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from attacks import GENERATORS

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Cable:
    """Two namespaces with an interface each, `near` and `far`."""

    def __init__(self, args):
        self.offerer = args.offerer

    def __enter__(self):
        self.spaces = [f"tcpcheck-bench-{os.getpid()}-{end}" for end in ("near", "far")]
        for space in self.spaces:
            ip("netns", "add", space)
        near, far = self.spaces
        ip("-n", near, "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", far)
        for space, interface, address in ((near, "near", "10.0.0.2"), (far, "far", "10.0.0.3")):
            # No IPv6 on it: router solicitations would be packets that nobody offered.
            run_in(space, ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"])
            ip("-n", space, "addr", "add", f"{address}/24", "dev", interface)
            ip("-n", space, "link", "set", interface, "up")
        return self

    def __exit__(self, *_):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], check=False)

    def capture(self, words, output, errors):
        """A program on the near end, once it listens."""
        words = ["ip", "netns", "exec", self.spaces[0], *map(str, words)]
        child = subprocess.Popen(words, stdout=output, stderr=open(errors, "wb"))
        until = time.monotonic() + 20
        while b"listening on" not in pathlib.Path(errors).read_bytes():
            if child.poll() is not None or time.monotonic() > until:
                sys.exit(f"{words}: {pathlib.Path(errors).read_text()}")
            time.sleep(0.05)
        return child

    def offer(self, rate, seconds, crowd):
        """Puts packets on the far end."""
        return subprocess.Popen(
            ["ip", "netns", "exec", self.spaces[1], str(self.offerer), "far", str(rate), str(seconds), crowd], stdout=subprocess.PIPE, text=True
        )


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def run_in(space, words):
    subprocess.run(["ip", "netns", "exec", space, *words], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(child):
    """Ends a capture as ^C does, and gives the CPU time it took."""
    child.send_signal(signal.SIGINT)
    _, _, used = os.wait4(child.pid, 0)
    return used.ru_utime + used.ru_stime


def counted(errors):
    """Packets kept and dropped, by a program's own words."""
    text = pathlib.Path(errors).read_text()
    kept = re.search(r"(\d+) packets? captured", text)
    dropped = re.search(r"(\d+) packets? dropped by kernel", text)
    return (int(kept[1]) if kept else 0, int(dropped[1]) if dropped else 0)


def losses(args, folder):
    """Both programs on the same packets."""
    print(f"{args.rate:,} packets a second offered for {args.seconds} s; {os.cpu_count()} processors\n")
    print("| what | connections | offered | kept by tcpcheck | kept by tcpdump | tcpcheck / tcpdump | CPU s tcpcheck | CPU s tcpdump |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    good = True
    buffer = ["-B", args.buffer] if args.buffer else []
    summary = ("summary; -w /dev/null", ["--summary"], ["-w", "/dev/null"], 1.0)
    text = ("annotated text; -n, in files", [], [], 3.0)
    for (name, ours, theirs, least), crowd in itertools.product((summary, text), ("few", "many")):
        with Cable(args) as cable:
            files = [open(folder / f"{n}.out", "wb") for n in (1, 2)]
            errors = [folder / f"{n}.err" for n in (1, 2)]
            captures = [
                cable.capture([args.tcpcheck, "-n", "-i", "near", *buffer, *ours, "tcp"], files[0], errors[0]),
                cable.capture(["tcpdump", "-n", "-i", "near", *buffer, *theirs, "tcp"], files[1], errors[1]),
            ]
            offered, _ = cable.offer(args.rate, args.seconds, crowd).communicate()
            time.sleep(1)
            cpu = [end(child) for child in captures]
        (kept, _), (their_kept, _) = map(counted, errors)
        ratio = kept / max(their_kept, 1)
        # All that was offered is as much as there is. A thousandth: packets that came while one of them was ending.
        good &= ratio >= least * 0.999 or kept >= int(offered.split()[0]) * 0.999
        print(f"| {name} | {crowd} | {offered.split()[0]} | {kept} | {their_kept} | {ratio:.2f} | {cpu[0]:.1f} | {cpu[1]:.1f} |", flush=True)
    return good


def replayed(args, file, folder):
    """Packets kept and lost while a file is replayed, in how long, and CPU seconds."""
    words = [] if args.view == "text" else ["--summary"]
    with Cable(args) as cable, open(os.devnull, "wb") as output:
        for space, end_ in zip(cable.spaces, ("near", "far")):
            ip("-n", space, "link", "set", end_, "mtu", "9000")
        capture = cable.capture([args.tcpcheck, "-n", "-i", "near", *words], output, folder / "err")
        replay = ["ip", "netns", "exec", cable.spaces[1], sys.executable, str(ROOT / "benches/replay.py"), "far", str(args.rate), str(file)]
        offered = subprocess.run(replay, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        time.sleep(0.5)
        # What the interface had: where all processors are busy, packets are lost on their way to it.
        seen = subprocess.run(["ip", "netns", "exec", cable.spaces[0], "cat", "/sys/class/net/near/statistics/rx_packets"], stdout=subprocess.PIPE)
        cpu = end(capture)
    kept, _ = counted(folder / "err")
    return kept, max(int(seen.stdout) - kept, 0), float(offered[-2]), cpu


def hostile(args, folder):
    """Each hostile capture, and a plain one before it."""
    print(f"{args.rate:,} packets a second for {args.seconds} s; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the beginning\n")
    print("| capture | kept | lost | in s | CPU s | plain: kept | lost | CPU s |\n|---|---:|---:|---:|---:|---:|---:|---:|")
    packets, good = args.rate * args.seconds, True
    plain, = GENERATORS["plain"].write(folder, "plain", packets)
    for name, attack in GENERATORS.items():
        if attack.blocks or attack.files > 1 or name == "plain" or args.only and name not in args.only.split(","):
            continue
        file, = attack.write(folder, name, packets)
        beside = replayed(args, plain, folder)
        kept, lost, took, cpu = replayed(args, file, folder)
        print(f"| {name} | {kept} | {lost} | {took:.1f} | {cpu:.2f} | {beside[0]} | {beside[1]} | {beside[3]:.2f} |", flush=True)
        # A thousandth: what else runs here takes a core for a moment now and then.
        good &= lost <= beside[1] + packets / 1000
        file.unlink()
    return good


def memory(args, folder):
    """One capture, looked at every so often."""
    with Cable(args) as cable, open(folder / "out", "wb") as output:
        capture = cable.capture([args.tcpcheck, "-n", "-i", "near", "-B", "4096", "--summary", "tcp"], output, folder / "err")
        offer = cable.offer(args.rate, args.seconds, "few")
        began, seen = time.monotonic(), []
        print(f"{args.rate:,} packets and {args.rate // 20:,} new connections a second for {args.seconds} s\n")
        print("| after s | resident KiB |\n|---:|---:|")
        while offer.poll() is None:
            time.sleep(max(args.seconds / 20, 1))
            status = pathlib.Path(f"/proc/{capture.pid}/status").read_text()
            resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
            seen.append((time.monotonic() - began, resident))
            print(f"| {seen[-1][0]:.0f} | {resident} |", flush=True)
        end(capture)
    kept, dropped = counted(folder / "err")
    print(f"\n{offer.stdout.read().strip()}; {kept} kept, {dropped} dropped by the kernel")
    # Connections are forgotten a minute after they closed: from then on as many go as come.
    steady = [resident for at, resident in seen if at > 90]
    if len(steady) < 2:
        print("too short to tell whether memory is flat")
        return True
    growth = steady[-1] / steady[0] - 1
    print(f"from the first look after 90 s to the last: {growth:+.1%}")
    return growth < 0.05


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["losses", "memory", "hostile"])
    parser.add_argument("--rate", type=int, help="packets a second")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--buffer", type=int, help="kernel buffer of both programs, in KiB")
    parser.add_argument("--only", default="", help="hostile: names, with commas between them")
    parser.add_argument("--view", choices=["summary", "text"], default="summary", help="hostile: what tcpcheck makes of it")
    parser.add_argument("--built", type=pathlib.Path, help="folder of tcpcheck and offer")
    args = parser.parse_args()
    args.rate = args.rate or {"losses": 200_000, "memory": 20_000, "hostile": 100_000}[args.what]
    args.seconds = args.seconds or {"losses": 60, "memory": 3600, "hostile": 3}[args.what]
    # Ended from outside it takes its namespaces away all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if os.geteuid() != 0:
        sys.exit("network namespaces need root")
    if args.built:
        args.tcpcheck, args.offerer = args.built / "tcpcheck", args.built / "offer"
    else:
        subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "tcpcheck", "--example", "offer"], cwd=ROOT, check=True)
        args.tcpcheck, args.offerer = ROOT / "target/release/tcpcheck", ROOT / "target/release/examples/offer"
    with tempfile.TemporaryDirectory() as folder:
        good = {"losses": losses, "memory": memory, "hostile": hostile}[args.what](args, pathlib.Path(folder))
    sys.exit(0 if good else 1)


main()
