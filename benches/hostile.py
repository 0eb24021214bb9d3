#!/usr/bin/env python3
"""Captures that an attacker would make: what a packet of each costs tcpcheck, against a plain capture, with tcpdump and tshark beside it.

    benches/hostile.py                       all of them; a few minutes
    benches/hostile.py --only split,echoes   some of them (see --list)
    benches/hostile.py --views               by everything that tcpcheck does with a capture, instead
    benches/hostile.py --keep FOLDER         leave the captures there

Times are of CPU, user and system together, the least of --runs. A ratio is the time a packet against that of `plain` by the same
program, memory the peak of RSS; where a packet opens a connection, `short` is what to compare with. The exit status is 1 where tcpcheck
costs more than --bound times a plain capture's time.
"""

import argparse
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from attacks import GENERATORS

ROOT = pathlib.Path(__file__).resolve().parent.parent

# `{}` are the files, `{folder}` is for what is written.
SUMMARY = "-n --summary --threads 1 {}"
VIEWS = {
    "summary": SUMMARY,
    "lines": "-n --threads 1 {}",
    "full": "-n -a full -v --threads 1 {}",
    "json": "-n --json --threads 1 {}",
    "flows": "-n --flows --threads 1 {}",
    "ladder": "ladder -n {}",
    "report": "report -n -o /dev/null {}",
    "graph": "report -n --graph time-sequence -o /dev/null {}",
    "throughput": "report -n --graph throughput -o /dev/null {}",
    "check": "check --allow-empty -P {folder}/policy.toml {}",
    "packets": "export --table packets -o /dev/null {}",
    "exchanges": "export --table exchanges -o /dev/null {}",
    "split": "split --by finding -d {folder}/parts {}",
    "anonymize": "anonymize -w {folder}/anonymous.pcap {}",
    "compare": "compare {} {}",
    "only": "-n --only TC2 --threads 1 {}",
}


def policy():
    """As many scopes as are taken, none of which takes a connection."""
    scopes = [f'[[scope]]\nname = "scope {n}"\nfilter = "tcp port {20_000 + n} and net 172.16.{n}.0/24"\nmax_rtt = "{n + 1}ms"\n' for n in range(100)]
    return (ROOT / "fuzz/policies/full.toml").read_text().split("[[scope]]")[0] + "\n" + "".join(scopes)


def bounded(limit):
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))


def measure(command, runs, limit, errors=subprocess.DEVNULL):
    """CPU seconds and peak MB; None where the limit was reached."""
    least, memory = None, 0
    for _ in range(runs):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, preexec_fn=lambda: bounded(limit))
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


def commands(args, folder):
    """What is run on the files of a capture, by name."""

    def ours(words):
        def command(files):
            (folder / "parts").mkdir(exist_ok=True)
            # Several are merged where a command takes them so.
            named = [str(file) for file in files] if words.startswith(("report", "export", "check", "split", "compare")) else [x for file in files for x in ("-r", str(file))]
            named = [str(files[0])] if words.startswith(("anonymize", "compare")) else named
            return [str(args.tcpcheck)] + [x for word in words.split() for x in (named if word == "{}" else [word.format(folder=folder)])]

        return command

    if args.views:
        return {name: ours(words) for name, words in VIEWS.items() if not args.view or name in args.view.split(",")}
    beside = ["tcpdump"] if args.no_tshark else ["tcpdump", "tshark"]
    others = {name: lambda files, name=name: [name, "-nr", str(files[0])] for name in beside if shutil.which(name)}
    return {"tcpcheck": ours(SUMMARY), "report": ours(VIEWS["report"]), **others}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tcpcheck", default=ROOT / "target/release/tcpcheck", type=pathlib.Path)
    parser.add_argument("--packets", default=200_000, type=int)
    parser.add_argument("--runs", default=3, type=int)
    parser.add_argument("--limit", default=60, type=int, help="CPU seconds that a program has for a capture")
    parser.add_argument("--bound", default=5.0, type=float)
    parser.add_argument("--only", default="", help="names, with commas between them")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--views", action="store_true")
    parser.add_argument("--view", default="", help="names of views, with commas between them")
    parser.add_argument("--no-tshark", action="store_true")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        return print("\n".join(f"{name:15} {attack.words}" for name, attack in GENERATORS.items()))
    if not args.tcpcheck.exists():
        sys.exit(f"{args.tcpcheck}: cargo build --release makes it")
    with tempfile.TemporaryDirectory() as folder:
        compared(args, pathlib.Path(folder))


def compared(args, folder):
    """Prints the table."""
    (folder / "policy.toml").write_text(policy())
    every = commands(args, folder)
    chosen = [name for name in GENERATORS if not args.only or name in ["plain", *args.only.split(",")]]
    # A view is a ratio and MB, to have room for all of them.
    heads, rule = ("{} × | MB", "---:|---:|") if args.views else ("{} us | × | MB", "---:|---:|---:|")
    print(f"{args.packets:,} packets each; load {os.getloadavg()[0]:.1f} at the beginning.\n\n| capture | " + " | ".join(map(heads.format, every)) + " |")
    print("|---|" + rule * len(every))
    base, worst = {}, []
    if args.keep:
        args.keep.mkdir(exist_ok=True)
    for name in chosen:
        files = GENERATORS[name].write(args.keep or folder, name, args.packets)
        cells = []
        for program, command in every.items():
            ours = program not in ("tcpdump", "tshark")
            seconds, memory = measure(command(files), args.runs if program != "tshark" else 1, args.limit)
            shutil.rmtree(folder / "parts", ignore_errors=True)
            if seconds is None:
                cells.append(f"> {args.limit * 1e6 / args.packets:.0f}{'' if args.views else ' | '} | {memory:.0f}")
                worst += [f"{name} ({program})"] if ours else []
                continue
            each = seconds * 1e6 / args.packets
            ratio = each / base.setdefault(program, each)
            cells.append(f"{ratio:.1f} | {memory:.0f}" if args.views else f"{each:.2f} | {ratio:.1f} | {memory:.0f}")
            worst += [f"{name} ({program})"] if ours and ratio > args.bound else []
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
        if not args.keep:
            for file in files:
                file.unlink()
    if worst:
        sys.exit(f"more than {args.bound} times a plain capture: {', '.join(worst)}")


if __name__ == "__main__":
    main()
