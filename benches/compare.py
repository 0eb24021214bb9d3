#!/usr/bin/env python3
"""Measures tcpcheck beside tcpdump, tshark and tcptrace, on the same captures and in the same run.

    benches/compare.py                  everything; about an hour, and 5 GB in the temporary directory
    benches/compare.py --quick          smaller captures; a few minutes
    benches/compare.py --only json      some of it (see --list)

It builds tcpcheck and the generator, makes the captures, runs every command several times in turns, and prints Markdown.
Ratios are of CPU time, user and system together: they mean something on a busy machine, wall clock does not, and only
the comparison of two threads with one goes by it. What is not installed is left out, and what takes longer than --limit is
given up and shown as a lower bound. The table of goals comes last.

The kernel counts this script's own memory in a child's peak before it runs, so a peak RSS of 15 MB or less says no more than that.
"""

import argparse
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TCPCHECK = ROOT / "target/release/tcpcheck"
GENERATE = ROOT / "target/release/examples/generate"

# Seconds; noise is a larger part of less.
LITTLE = 3


class Run:
    """One command on one capture, measured so many times."""

    def __init__(self, command, packets, path):
        self.command, self.packets, self.path = command, packets, path
        self.cpu, self.wall, self.rss, self.cut_off = [], [], 0, False

    def measure(self, limit):
        words = [str(TCPCHECK) if word == "tcpcheck" else str(self.path) if word == "F" else word for word in self.command.split()]
        # No shell in between, nothing read from its output: what is measured is the program alone.
        begin = time.monotonic()
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=lambda: bounded(limit))
        # One that waits for something (names, most likely) uses no CPU time to be limited.
        patience = threading.Timer(3 * limit, lambda: os.kill(child.pid, signal.SIGKILL))
        patience.start()
        _, status, used = os.wait4(child.pid, 0)
        patience.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        self.wall.append(time.monotonic() - begin)
        self.cpu.append(used.ru_utime + used.ru_stime)
        self.rss = max(self.rss, used.ru_maxrss)
        self.cut_off |= child.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
        if child.returncode != 0 and not self.cut_off:
            sys.exit(f"{' '.join(words)}: exit status {child.returncode}")

    def installed(self):
        return self.command.startswith("tcpcheck ") or shutil.which(self.command.split()[0])

    def seconds(self):
        return statistics.median(self.cpu)

    def per_packet(self):
        return self.seconds() / self.packets


def bounded(limit):
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))


class Bench:
    def __init__(self, args):
        self.args, self.captures, self.goals = args, {}, []
        self.directory = pathlib.Path(args.dir or tempfile.mkdtemp(prefix="tcpcheck-compare-"))
        self.directory.mkdir(parents=True, exist_ok=True)

    def scaled(self, number):
        return max(number // 10, 1) if self.args.quick else number

    def capture(self, words):
        """Makes a capture, once; its path and its number of packets."""
        if words not in self.captures:
            path = self.directory / (words.replace("--", "").replace(" ", "-") + ".pcap")
            made = subprocess.run([GENERATE, *words.split(), "-o", path], check=True, capture_output=True, text=True)
            self.captures[words] = path, int(made.stderr.split()[0])
            # Whoever reads a new file first pays for its pages.
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass
        return self.captures[words]

    def turns(self, runs):
        """Every command in turn, again and again; those that take little time more often."""
        runs = [run for run in runs if run.installed()]
        for turn in range(3 * self.args.repeat):
            for run in runs:
                often = turn < self.args.repeat or run.cpu[0] < LITTLE
                if often and not run.cut_off:
                    run.measure(self.args.limit)
                    print(f"  {run.cpu[-1]:8.2f} s  {run.command}", file=sys.stderr)
        return runs

    def runs(self, words, commands):
        path, packets = self.capture(words)
        return [Run(command, packets, path) for command in commands]

    def goal(self, text, measured, met):
        """Notes a row of the table of goals; of what could not be measured there is none."""
        self.goals.append((text, measured, met))

    def times(self, text, least, title, subject, other):
        """That `subject` is so many times as fast as `other`."""
        if subject and other:
            ratio = other.per_packet() / subject.per_packet()
            above = ">" if other.cut_off else ""
            self.goal(f"{text}, {title}: {least:g} times or more", f"{above}{ratio:,.1f} times", ratio >= least)

    def print_goals(self):
        if not self.goals:
            return
        print("## Against the goals\n\n| goal | measured | |\n|---|---|---|")
        for text, measured, met in self.goals:
            print(f"| {text} | {measured} | {'met' if met else 'not met'} |")
        print(flush=True)

    def done_with(self, words):
        path, _ = self.captures.pop(words)
        if not self.args.keep:
            path.unlink()

    def beside(self, title, words, subjects, others):
        """A table: each of tcpcheck's commands against each of the others."""
        runs = self.turns(self.runs(words, subjects + others))
        print(f"### {title}\n\n`generate {words}`, {runs[0].packets:,} packets\n")
        self.table(runs, [run for run in runs if run.command in subjects])
        return {run.command: run for run in runs}

    def table(self, runs, subjects):
        short = [" ".join(run.command.replace(" F", "").split()[1:]) for run in subjects]
        print("| command | CPU s (least–most) | wall s | ns a packet | peak RSS MB |", *[f" × `{name}` |" for name in short], sep="")
        print("|---|---:|---:|---:|---:|", "---:|" * len(subjects), sep="")
        for run in runs:
            above = ">" if run.cut_off else ""
            ratios = "".join(f" {above}{run.per_packet() / subject.per_packet():,.1f} |" for subject in subjects)
            print(
                f"| `{run.command}` | {above}{run.seconds():.2f} ({min(run.cpu):.2f}–{max(run.cpu):.2f}) | {statistics.median(run.wall):.2f} "
                f"| {above}{run.per_packet() * 1e9:,.0f} | {run.rss / 1024:.0f} |{ratios}"
            )
        print(flush=True)

    # What is measured.

    def packets(self):
        subjects = ["tcpcheck -nr F --summary", "tcpcheck -nr F -a off", "tcpcheck -nr F -a brief"]
        others = ["tcpdump -nr F", "tcpdump -nSr F", "tcpdump -r F -w /dev/null", "tshark -q -z conv,tcp -r F", "tcptrace -n F"]
        for title, words in self.workloads():
            runs = self.beside(title, words, subjects, others)
            summary, off, brief = map(runs.get, subjects)
            plain, _, copy, shark, _ = map(runs.get, others)
            kind = words.split()[0]
            self.times("summary against `tcpdump -nr`", 25, kind, summary, plain)
            self.times("summary against tshark", 50, kind, summary, shark)
            if copy:
                price = summary.per_packet() / copy.per_packet()
                self.goal(f"summary, {kind}: 1.5 times `tcpdump -r F -w /dev/null` or less", f"{price:.2f} times", price <= 1.5)
            self.times("`-a off` against `tcpdump -nr`", 12, kind, off, plain)
            self.times("`-a brief` against `tcpdump -nr`", 6, kind, brief, plain)
            if kind == "concurrent":
                nanos = summary.per_packet() * 1e9
                self.goal("summary with 20,000 connections at once: 300 ns a packet or less", f"{nanos:,.0f} ns", nanos <= 300)

    def workloads(self):
        return [
            ("A million packets, 100,000 short connections", f"short --connections {self.scaled(100_000)}"),
            ("A million packets, four large flows", f"large --packets {self.scaled(1_000_000)}"),
            (
                "20,000 connections at once",
                f"concurrent --connections {self.scaled(20_000)} --packets {self.scaled(2_000_000)}",
            ),
        ]

    def json(self):
        """tshark is too slow for the large capture: it gets one of a twentieth, and the time a packet is compared."""
        large = f"short --connections {self.scaled(100_000)}"
        small = f"short --connections {self.scaled(5_000)}"
        runs = self.turns(self.runs(large, ["tcpcheck -nr F --json"]) + self.runs(small, ["tshark -T json -r F"]))
        print("### NDJSON\n")
        print(f"tcpcheck on `generate {large}`, tshark on `generate {small}`, compared by the packet.\n")
        self.table(runs, runs[:1])
        self.times("NDJSON against `tshark -T json`", 100, "by the packet", runs[0], runs[1] if len(runs) > 1 else None)

    def threads(self):
        """By wall clock: it takes two idle cores to mean anything."""
        if "--threads" not in subprocess.run([TCPCHECK, "--help"], capture_output=True, text=True).stdout:
            print("### Threads\n\nThis tcpcheck has no `--threads`.\n", flush=True)
            return
        print(f"### Two threads against one\n\nBy wall clock; load {os.getloadavg()[0]:.1f} at the beginning, {os.cpu_count()} CPUs.\n")
        print("| capture | command | one thread, s | two, s | times as fast | CPU s, one | two |\n|---|---|---:|---:|---:|---:|---:|")
        for title, words in self.workloads():
            for view in ("--summary", "-a off", "-a brief", "--json"):
                commands = [f"tcpcheck -nr F {view} --threads {count}" for count in (1, 2)]
                one, two = runs = self.turns(self.runs(words, commands))
                walls = [min(run.wall) for run in runs]
                gain = walls[0] / walls[1]
                print(f"| {title} | `{view}` | {walls[0]:.2f} | {walls[1]:.2f} | {gain:.2f} | {one.seconds():.2f} | {two.seconds():.2f} |", flush=True)
                if view in ("--summary", "-a off"):
                    self.goal(f"two threads, `{view}`, {words.split()[0]}: 1.4 times one or more", f"{gain:.2f} times", gain >= 1.4)
        print(flush=True)

    def memory(self):
        connections = self.scaled(10_000)
        few, many = (f"concurrent --connections {connections} --packets {connections * n} --payload 64" for n in (20, 200))
        runs = self.turns(self.runs(few, ["tcpcheck -nr F --summary"]) + self.runs(many, ["tcpcheck -nr F --summary"]))
        self.amounts("Memory: ten times the packets of the same connections", runs, [connections] * 2)
        growth = runs[1].rss / runs[0].rss
        self.goal("ten times the packets of the same connections: the same peak within 5 %", f"{growth:.2f} times", growth <= 1.05)

    def many(self):
        connections = self.scaled(500_000)
        words = f"concurrent --connections {connections} --packets {connections * 10} --payload 64"
        runs = self.turns(self.runs(words, ["tcpcheck -nr F --summary"]))
        self.amounts("Memory: 500,000 connections at once", runs, [connections])
        self.goal(f"{connections:,} connections at once: within 400 MB", f"{runs[0].rss / 1024:,.0f} MB", runs[0].rss <= 400 * 1024)
        self.done_with(words)

    def flood(self):
        words = f"flood --packets {self.scaled(3_000_000)}"
        commands = [f"tcpcheck -nr F --summary --max-half-open {limit}" for limit in (10_000, 250_000)]
        runs = self.turns(self.runs(words, commands))
        print(f"### A SYN flood\n\n`generate {words}`: as many sources as SYNs, and a thousand real connections\n")
        self.table(runs, [])
        path, _ = self.capture(words)
        real = 1000
        for run, limit in zip(runs, (10_000, 250_000)):
            said = subprocess.run([TCPCHECK, *run.command.replace(" F", f" {path}").split()[1:]], capture_output=True, text=True).stdout
            closed = re.search(r"([\d,]+) closed", said)
            closed = int(closed.group(1).replace(",", "")) if closed else 0
            codes = [code for code in ("TC607", "TC911") if code in said]
            self.goal(
                f"a flood, {limit:,} half-open at most: TC607, TC911, and the {real:,} real connections followed to their end",
                f"{', '.join(codes) or 'neither code'}; {closed:,} closed; {run.rss / 1024:,.0f} MB",
                len(codes) == 2 and closed == real,
            )
        self.done_with(words)

    def mix(self):
        """A busy server: what is remembered of closed connections, for 2 MSL, must not make its packets dearer."""
        words = f"mix --packets {self.scaled(10_000_000)}"
        commands = ["tcpcheck -nr F --summary", "tcpcheck -nr F --summary --msl 1", "tcpdump -r F -w /dev/null"]
        runs = self.turns(self.runs(words, commands))
        print("### A busy server\n")
        print(f"`generate {words}`, {runs[0].packets:,} packets: 20,000 connections that stay, 10,000 new ones a second, loss, disorder, resets.")
        print("The second command remembers closed connections for 2 seconds, the first for a minute: 190,000 more on average.\n")
        self.table(runs, runs[:1])
        many, few = runs[:2]
        ratio = many.per_packet() / few.per_packet()
        self.goal("a busy server: a packet with 200,000 closed connections remembered costs 1.3 times one without or less", f"{ratio:.2f} times", ratio <= 1.3)
        more = (many.rss - few.rss) / 1024
        self.goal("a busy server: they take 80 MB or less", f"{more:,.0f} MB", more <= 80)
        if len(runs) > 2:
            price = many.per_packet() / runs[2].per_packet()
            self.goal("a busy server, summary: 4.5 times `tcpdump -r F -w /dev/null` or less", f"{price:.2f} times", price <= 4.5)
        self.done_with(words)

    def scaling(self):
        packets, runs, counts = self.scaled(10_000_000), [], []
        for connections in (1_000, 10_000, 100_000, self.scaled(1_000_000)):
            if connections in counts:
                continue
            words = f"concurrent --connections {connections} --packets {packets} --payload 64"
            # One after the other: together they would not fit into memory, and reading a disk would be measured.
            runs += self.turns(self.runs(words, ["tcpcheck -nr F --summary"]))
            counts.append(connections)
            self.done_with(words)
        self.amounts("Cost of a packet by the number of connections", runs, counts)
        growth = runs[-1].per_packet() / runs[0].per_packet()
        self.goal(f"a packet with {counts[-1]:,} connections costs less than 2 times one with {counts[0]:,}", f"{growth:.1f} times", growth < 2)

    def amounts(self, title, runs, connections):
        print(f"### {title}\n\n`tcpcheck -nr F --summary`\n")
        print("| connections | packets | CPU s | ns a packet | × | peak RSS MB | bytes a connection |\n|---:|---:|---:|---:|---:|---:|---:|")
        for run, count in zip(runs, connections):
            print(
                f"| {count:,} | {run.packets:,} | {run.seconds():.2f} | {run.per_packet() * 1e9:,.0f} "
                f"| {run.per_packet() / runs[0].per_packet():.1f} | {run.rss / 1024:.0f} | {run.rss * 1024 / count:,.0f} |"
            )
        print(flush=True)


PARTS = ["packets", "json", "threads", "memory", "many", "flood", "mix", "scaling"]


def machine():
    model = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    lines = [f"{model}, {os.cpu_count()} logical CPUs, {platform.system()} {platform.release()}, load {os.getloadavg()[0]:.1f}"]
    for words in ([TCPCHECK, "--version"], ["tcpdump", "--version"], ["tshark", "--version"], ["tcptrace", "-version"]):
        if shutil.which(words[0]):
            said = subprocess.run(words, capture_output=True, text=True)
            lines.append("; ".join((said.stdout + said.stderr).strip().splitlines()[: 2 if words[0] == "tcpdump" else 1]))
    revision = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    lines.append(f"revision {revision}" if revision else "")
    return "\n".join(f"- {line}" for line in lines if line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the parts")
    parser.add_argument("--repeat", type=int, default=3, help=f"how often each command runs (3), and three times as often if it takes less than {LITTLE} s")
    parser.add_argument("--limit", type=int, default=300, help="CPU seconds after which a command is given up (300)")
    parser.add_argument("--dir", help="where captures go")
    parser.add_argument("--keep", action="store_true", help="keep the captures")
    parser.add_argument("--no-build", action="store_true", help="take the binaries as they are")
    args = parser.parse_args()
    if args.list:
        print(*PARTS, sep="\n")
        return
    if not args.no_build:
        build = ["cargo", "build", "--release", "--bin", "tcpcheck", "--example", "generate"]
        subprocess.run(build, cwd=ROOT, check=True)
    bench = Bench(args)
    try:
        print(machine(), end="\n\n", flush=True)
        if args.quick:
            print("Quick: a tenth of the packets and connections that the titles name.\n", flush=True)
        for part in args.only or PARTS:
            getattr(bench, part)()
        bench.print_goals()
    finally:
        for words in list(bench.captures):
            bench.done_with(words)
        if not args.dir and not args.keep:
            shutil.rmtree(bench.directory, ignore_errors=True)


if __name__ == "__main__":
    main()
