#!/usr/bin/env python3
"""Tries the browser's version in Chromium and Firefox, beside the native program.

try.py [--browser chromium|firefox] [--only STEP] [--large] [--pictures FOLDER] PAGE PROGRAM

PAGE is the folder that contrib/package/web makes, PROGRAM the native tcpcheck. --large adds what takes minutes: a million packets, a
file of 4 GB, and how soon cancelling works. --pictures saves what is to be looked at.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from browsers import Browser, Chromium, Firefox, reachable  # noqa: E402
from made import HOSTILE, changed, connections, hostile  # noqa: E402
from server import Host  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ENDED = "['result', 'error'].includes(document.body.dataset.state) && document.body.dataset.state"


class Try:
    """One browser, one page, and what went wrong."""

    def __init__(self, browser: Browser, program: Path):
        self.browser, self.program = browser, program
        self.wrong: list[str] = []
        self.tried = 0

    def check(self, holds: bool, words: str):
        self.tried += 1
        if not holds:
            self.wrong.append(words)
            print(f"  WRONG: {self.browser.name}: {words}")

    def native(self, *words: str, folder: Path) -> tuple[bytes, str]:
        """What the program writes, and what it ends with an error for."""
        done = subprocess.run(
            [self.program, *words], cwd=folder, capture_output=True, check=False, env={**os.environ, "TZ": "UTC", "COLUMNS": ""}
        )
        error = done.stderr.decode(errors="replace")
        lines = error.split("tcpcheck: ", 1)
        return done.stdout, lines[1].rstrip("\n") if done.returncode and len(lines) > 1 else ""

    def drop(self, *paths: Path, seconds: float = 60) -> str:
        """Chooses files as a reader does; gives how it ended."""
        self.browser.run("document.getElementById('home').click()")
        self.browser.choose("#files", list(paths))
        return self.browser.wait(ENDED, seconds)

    def shown(self) -> dict:
        return json.loads(self.browser.run("JSON.stringify({result: tcpcheck.result, error: tcpcheck.error ?? ''})"))

    def same(self, path: Path, *more: str):
        """The page and the summary of a capture are the program's, byte for byte, and so are its errors."""
        state = self.drop(path)
        shown, folder, name = self.shown(), path.parent, path.name
        summary, trouble = self.native("--summary", *more, "-r", name, folder=folder)
        page, _ = self.native("report", *more, name, "-o", "-", folder=folder)
        if state == "error":
            self.check(not summary and not page, f"{path}: an error where the program gives {len(page)} bytes")
            self.check(shown["error"] == f"tcpcheck: {trouble}", f"{path}: says {shown['error']!r} and not {trouble!r}")
            return
        found = shown["result"]
        self.check(found["summary"].encode() == summary, f"{path}: another summary")
        self.check(not page or found["page"].encode() == page, f"{path}: another page")
        self.check(found["trouble"] == (f"tcpcheck: {trouble}" if trouble else ""), f"{path}: says {found['trouble']!r} and not {trouble!r}")
        told = self.browser.run("document.getElementById('notice').hidden ? '' : document.getElementById('notice').textContent")
        self.check(trouble in told, f"{path}: does not show {trouble!r}")

    # ---- What is tried

    def fixtures(self):
        for path in fixtures():
            self.same(path, "-n")

    def names(self):
        texts = [Path("/etc/services"), Path("/etc/hosts")]
        texts = [text.read_text() if text.exists() else "" for text in texts]
        self.browser.run(f"tcpcheck.extra = {{names: {json.dumps(texts)}}}, true")
        for name in ("application/ssh.pcap", "open/refused.pcap", "healthy/several-clients.pcap"):
            self.same(ROOT / "fixtures" / name)
        self.browser.run("tcpcheck.extra = {}, true")

    def filters(self):
        path = ROOT / "fixtures/healthy/several-clients.pcap"
        self.drop(path)
        expression = "tcp port 40002 or src host 10.9.0.2"
        self.browser.run(f"document.getElementById('filter').value = {expression!r}")
        self.browser.run("document.getElementById('filter-form').requestSubmit()")
        self.browser.wait(f"tcpcheck.job === null && tcpcheck.result.summary.includes({expression.split()[-1]!r}) && true")
        summary, _ = self.native("--summary", "-n", "-r", path.name, *expression.split(), folder=path.parent)
        page, _ = self.native("report", "-n", path.name, "--filter", expression, "-o", "-", folder=path.parent)
        found = self.shown()["result"]
        self.check(found["summary"].encode() == summary, "another summary with a filter")
        self.check(found["page"].encode() == page, "another page with a filter")
        self.browser.run("document.getElementById('filter').value = 'tcp port'")
        self.browser.run("document.getElementById('filter-form').requestSubmit()")
        words = self.browser.wait("document.getElementById('wrong').textContent")
        self.check(words.startswith("filter expression:") and "^" in words, f"of a wrong filter: {words!r}")
        self.check(self.shown()["result"]["summary"].encode() == summary, "a wrong filter takes the result away")
        self.browser.run("document.getElementById('filter').value = ''")

    def connection(self):
        path = ROOT / "fixtures/application/slow-server-with-loss.pcap"
        self.drop(path)
        self.browser.run("document.getElementById('tab-connections').click()")
        self.browser.run("document.querySelector('#list .open').click()")
        self.browser.wait("!!document.querySelector('#connection iframe')")
        found = json.loads(self.browser.run("JSON.stringify(tcpcheck.pictures)"))
        ladder, _ = self.native("ladder", "-n", "--flow", "1", "--format", "svg", "-r", path.name, folder=path.parent)
        self.check(found["ladder"].encode() == ladder, "another ladder")
        for graph in ("time-sequence", "in-flight", "rtt", "throughput"):
            drawn, _ = self.native("report", "-n", "--flow", "1", "--graph", graph, path.name, "-o", "-", folder=path.parent)
            self.check(found[graph].encode() + b"\n" == drawn, f"another graph: {graph}")

    def downloads(self):
        path = ROOT / "fixtures/application/slow-server-with-loss.pcap"
        self.drop(path)
        self.browser.run("tcpcheck.written = null, document.getElementById('get-ndjson').click()")
        self.browser.wait("!!tcpcheck.written")
        records = self.browser.run("tcpcheck.written.text()")
        native, _ = self.native("--json", "-n", "-r", path.name, folder=path.parent)
        self.check(records.encode() == native, "other records")
        for name in ("application/slow-server-with-loss.pcap", "capture/two-interfaces.pcapng", "malformed/cut-in-record.pcap"):
            path = ROOT / "fixtures" / name
            self.drop(path)
            self.browser.run("tcpcheck.written = null, document.getElementById('get-pcapng').click()")
            self.browser.wait("!!tcpcheck.written")
            made = self.browser.run("tcpcheck.written.arrayBuffer().then((bytes) => Array.from(new Uint8Array(bytes)))")
            with tempfile.TemporaryDirectory() as folder:
                native = Path(folder, "annotated.pcapng")
                self.native("-r", path.name, "-w", str(native), "--comments", folder=path.parent)
                self.check(bytes(made) == native.read_bytes(), f"{name}: another annotated capture")
        self.browser.wait("document.body.dataset.state === 'result'")

    def compared(self):
        folder = ROOT / "fixtures/compare"
        for a in sorted(folder.glob("*-client.pcap")):
            b = a.with_name(a.name.removesuffix("-client.pcap") + "-server.pcap")
            self.drop(a, b)
            found = self.shown()["result"]
            text, _ = self.native("compare", a.name, b.name, folder=folder)
            page, _ = self.native("compare", a.name, b.name, "-o", "-", folder=folder)
            self.check(found["summary"].encode() == text, f"{a.name}: another comparison")
            self.check(found["page"].encode() == page, f"{a.name}: another page of a comparison")
        # Two that have nothing to do with each other are merged, and that is said.
        paths = [folder / "dscp-client.pcap", ROOT / "fixtures/open/refused.pcap"]
        self.drop(*paths)
        with tempfile.TemporaryDirectory() as together:
            for path in paths:
                Path(together, path.name).symlink_to(path)
            words = [word for path in paths for word in ("-r", path.name)]
            summary, _ = self.native("--summary", "-n", *words, folder=Path(together))
            page, _ = self.native("report", "-n", *[path.name for path in paths], "-o", "-", folder=Path(together))
            _, unlike = self.native("compare", *[path.name for path in paths], folder=Path(together))
        found = self.shown()["result"]
        self.check(found["summary"].encode() == summary, "another summary of two files merged")
        self.check(found["page"].encode() == page, "another page of two files merged")
        told = self.browser.run("document.getElementById('notice').textContent")
        self.check(bool(unlike) and unlike in told, f"of two that do not belong together: {told!r}")

    def strangers(self, folder: Path):
        """Captures of an attacker: nothing of them runs, and the page stands."""
        path = folder / ("x" + HOSTILE.decode().replace("/", "")[:120] + ".pcapng")
        hostile(path)
        self.browser.run("document.getElementById('payload').checked = true")
        self.drop(path)
        self.check("#60;script" in self.shown()["result"]["page"], "the hostile capture does not show its payload")
        for tab in ("connections", "summary", "report"):
            self.browser.run(f"document.getElementById('tab-{tab}').click()")
        time.sleep(0.5)
        self.browser.run("document.getElementById('tab-connections').click(), document.querySelector('#list .open').click()")
        self.browser.wait("!!document.querySelector('#connection iframe')")
        time.sleep(0.3)
        self.browser.run("document.getElementById('payload').checked = false")
        for path in changed(fixtures(), folder, 150):
            state = self.drop(path, seconds=20)
            panic = "a fault of tcpcheck" in (self.shown()["error"] or "")
            self.check(state in ("result", "error") and not panic, f"{path.name}: {state} {self.shown()['error'][:300]}")
        self.check(self.browser.run("typeof window.broken") == "undefined", "something of a capture ran in the page")

    def keyboard(self, host: Host):
        self.browser.open(host.address)
        self.browser.front()
        self.browser.run("document.querySelector('#examples button').focus()")
        self.browser.key("Enter")
        self.browser.wait(ENDED)
        self.check(self.browser.run("document.getElementById('name').textContent").startswith("refused.pcap"), "Enter on an example")
        self.browser.run("document.querySelector('[role=tab][aria-selected=true]').focus()")
        self.browser.key("ArrowRight")
        self.check(self.browser.run("document.activeElement.id") == "tab-connections", "the right arrow goes to the next tab")
        self.check(self.browser.run("!document.getElementById('view-connections').hidden"), "and shows it")
        self.browser.run("document.querySelector('#list .open').focus()")
        self.browser.key("Enter")
        self.browser.wait("!!document.querySelector('#connection iframe')")

    def kept_inside(self, host: Host):
        """No request but for the page's own files, without a byte of a capture."""
        files = {"/", "/index.html"} | {f"/{path.relative_to(host.folder)}" for path in host.folder.rglob("*")}
        for method, path, sent, head in host.asked:
            self.check(method == "GET" and not sent and path in files, f"the host was asked {method} {path} with {len(sent)} bytes")
            self.check("slow-server" not in head.replace("/examples/slow-server-with-loss.pcap", ""), f"a capture's name in {head!r}")
        for url, sent in self.browser.requests():
            own = url.startswith((host.address, f"blob:{host.address}", "data:", "about:"))
            self.check(own and not sent, f"asked for {url[:200]} {sent[:100]}")
        complaints = self.browser.complaints()
        self.check(not complaints, f"complaints: {complaints[:5]}")

    def offline(self, host: Host):
        self.browser.open(host.address)
        self.browser.wait("document.body.dataset.offline === 'ready'", 30)
        host.close()
        self.check(not reachable(host.address), "the host is still there")
        self.browser.open(host.address)
        self.browser.run("document.querySelector('#examples button').click()")
        self.check(self.browser.wait(ENDED) == "result", "an example without a network")
        self.same(ROOT / "fixtures/loss/timeout.pcap", "-n")

    def from_disk(self, page: Path):
        self.browser.open((page / "tcpcheck.html").as_uri())
        for name in ("loss/timeout.pcap", "capture/gzip.pcap.gz", "malformed/not-a-capture.pcap"):
            self.same(ROOT / "fixtures" / name, "-n")
        self.browser.run("document.getElementById('home').click(), document.querySelector('#examples button').click()")
        self.check(self.browser.wait(ENDED) == "result", "an example from the disk")

    # ---- What takes long

    def large(self, folder: Path):
        million = folder / "million.pcap"
        connections(million, 1_000_000, 1448, 46)
        native = min(self.timed("report", "-n", million.name, "-o", "-", folder=folder) for _ in range(3))
        times = []
        for _ in range(3):
            self.browser.run("window.took = 0, document.getElementById('home').click()")
            self.browser.run(
                "window.begun = performance.now(), window.watch = setInterval(() => { if (['result', 'error'].includes(document.body.dataset.state))"
                " { window.took = performance.now() - window.begun; clearInterval(window.watch); } }, 5), true"
            )
            self.browser.choose("#files", [million])
            times.append(self.browser.wait("window.took", 180, 0.1) / 1000)
        page, _ = self.native("report", "-n", million.name, "-o", "-", folder=folder)
        self.check(self.shown()["result"]["page"].encode() == page, "another page of a million packets")
        size = million.stat().st_size / 1e6
        print(f"  {self.browser.name}: a million packets, {size:.0f} MB: {min(times):.2f} s, native {native:.2f} s, ratio {min(times) / native:.2f}")
        self.cancelled(million)
        million.unlink()
        four = folder / "four.pcap"
        connections(four, 4_200_000, 1446, 1446)
        self.browser.run("document.getElementById('home').click()")
        self.browser.choose("#files", [four])
        most, began = 0, time.monotonic()
        while not self.browser.run(ENDED):
            most = max(most, self.browser.renderers())
            time.sleep(0.1)
        took = time.monotonic() - began
        found = self.shown()["result"]["summary"]
        print(f"  {self.browser.name}: {four.stat().st_size / 1e9:.2f} GB in {took:.1f} s, the page's process has {most / 2**20:.0f} MiB at most")
        self.check("TCP: 4,200,000" in found, "4 GB are not read to their end")
        self.check(most < 300 * 2**20, f"{most / 2**20:.0f} MiB for a file of 4 GB")
        four.unlink()

    def timed(self, *words: str, folder: Path) -> float:
        began = time.monotonic()
        self.native(*words, folder=folder)
        return time.monotonic() - began

    def cancelled(self, path: Path):
        waits, busy = [], []
        for _ in range(5):
            self.browser.run("document.getElementById('home').click()")
            self.browser.choose("#files", [path])
            self.browser.wait("document.body.dataset.state === 'busy' && document.getElementById('bar').value > 0.1")
            waits.append(self.browser.run("(() => { const began = performance.now(); document.getElementById('cancel').click(); return performance.now() - began; })()"))
            self.check(self.browser.run("document.body.dataset.state") == "start", "cancelled, and not at the start")
            # The worker has ended, too, or does nothing any more.
            time.sleep(0.2)
            before = self.worked()
            time.sleep(0.3)
            busy.append(self.worked() - before)
        print(f"  {self.browser.name}: cancelled within {max(waits):.0f} ms; 200 ms later workers used {max(busy):.2f} s of 0.3 s")
        self.check(max(waits) < 200 and max(busy) <= 0.05, f"cancelling takes {max(waits)} ms, and {busy} s of a worker's time after it")

    def worked(self) -> float:
        """Seconds of processor time of the threads of workers."""
        total = 0
        for process in Path("/proc").iterdir():
            try:
                if not process.name.isdigit() or os.getpgid(int(process.name)) != self.browser.process.pid:
                    continue
                for thread in (process / "task").iterdir():
                    if (thread / "comm").read_text().startswith(("DedicatedWorker", "DOM Worker")):
                        fields = (thread / "stat").read_text().rsplit(")", 1)[1].split()
                        total += int(fields[11]) + int(fields[12])
            except (OSError, ProcessLookupError):
                pass
        return total / os.sysconf("SC_CLK_TCK")


def fixtures() -> list[Path]:
    endings = (".pcap", ".pcapng", ".gz", ".zst", ".lz4")
    return sorted(path for path in (ROOT / "fixtures").rglob("*") if path.name.endswith(endings))


def tried(kind: type[Browser], page: Path, program: Path, is_large: bool, only: str | None) -> int:
    """Tries one browser; gives how much went wrong."""
    host = Host(page)
    with kind() as browser, tempfile.TemporaryDirectory() as scratch:
        one = Try(browser, program)
        browser.open(host.address)
        began = time.monotonic()
        steps = [
            ("keyboard", lambda: one.keyboard(host)),
            ("fixtures", one.fixtures),
            ("names", one.names),
            ("filters", one.filters),
            ("a connection", one.connection),
            ("downloads", one.downloads),
            ("comparisons", one.compared),
            ("strangers", lambda: one.strangers(Path(scratch))),
            ("requests", lambda: one.kept_inside(host)),
            ("large", lambda: one.large(Path(scratch)) if is_large else None),
            ("offline", lambda: one.offline(host)),
            ("from the disk", lambda: one.from_disk(page)),
        ]
        for name, step in steps:
            if only and name != only:
                continue
            before, since = one.tried, time.monotonic()
            step()
            print(f"  {kind.name}: {name}: {one.tried - before} checks in {time.monotonic() - since:.1f} s", flush=True)
        print(f"{kind.name}: {one.tried} checks, {len(one.wrong)} wrong, {time.monotonic() - began:.0f} s", flush=True)
        return len(one.wrong)


def pictures(page: Path, folder: Path):
    """Saves what is to be looked at: start, drop, progress, report, connection, comparison, error, phone."""
    host = Host(page)
    slow, apart = ROOT / "fixtures/application/slow-server-with-loss.pcap", "document.body.dataset.state === 'result'"
    with Chromium() as browser, tempfile.TemporaryDirectory() as scratch:

        def save(name: str, pause: float = 0.8):
            time.sleep(pause)
            browser.picture(folder / f"web-{name}.png")

        def drop(*paths: Path):
            browser.run("document.getElementById('home').click()")
            browser.choose("#files", list(paths))
            browser.wait(ENDED)

        million = Path(scratch, "monday-morning.pcap")
        connections(million, 600_000, 1448, 46)
        browser.look(1280, 860)
        browser.open(host.address)
        save("start")
        browser.run("document.body.classList.add('dragging')")
        save("drop")
        browser.run("document.body.classList.remove('dragging')")
        browser.choose("#files", [million])
        browser.wait("document.body.dataset.state === 'busy' && document.getElementById('bar').value > 0.4")
        save("progress", 0)
        browser.wait(ENDED, 120)
        drop(slow)
        browser.wait(apart)
        save("report")
        browser.run("document.getElementById('tab-connections').click(), document.querySelector('#list .open').click()")
        browser.wait("!!document.querySelector('#connection iframe')")
        save("connection")
        drop(ROOT / "fixtures/compare/reset-client.pcap", ROOT / "fixtures/compare/reset-server.pcap")
        save("comparison")
        drop(ROOT / "fixtures/malformed/not-a-capture.pcap")
        save("error")
        browser.look(390, 844, dark=True, scale=2)
        browser.open(host.address)
        drop(slow)
        save("phone")
    host.close()


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--browser", choices=["chromium", "firefox"])
    words.add_argument("--only", metavar="STEP")
    words.add_argument("--large", action="store_true")
    words.add_argument("--pictures", type=Path, metavar="FOLDER")
    words.add_argument("page", type=Path)
    words.add_argument("program", type=Path)
    typed = words.parse_args()
    if typed.pictures:
        pictures(typed.page.resolve(), typed.pictures)
        return 0
    kinds = {"chromium": Chromium, "firefox": Firefox}
    chosen = [kinds[typed.browser]] if typed.browser else list(kinds.values())
    random.seed(1)
    wrong = sum(tried(kind, typed.page.resolve(), typed.program.resolve(), typed.large, typed.only) for kind in chosen)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
