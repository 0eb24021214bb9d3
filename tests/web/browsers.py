"""Chromium by the DevTools protocol and Firefox by WebDriver BiDi, each behind the same few methods."""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from wire import Wire


class Browser:
    """A browser that was started for the test, with one page."""

    name = ""

    def __init__(self, arguments: list[str]):
        self.profile = tempfile.mkdtemp(prefix="tcpcheck-web-")
        self.prepare()
        self.process = subprocess.Popen(
            [arg.replace("@PROFILE@", self.profile) for arg in arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "HOME": self.profile, "TZ": "UTC", "MOZ_HEADLESS_WIDTH": "1280", "MOZ_HEADLESS_HEIGHT": "900"},
        )

    def prepare(self):
        pass

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait(self, condition: str, seconds: float = 60, every: float = 0.02):
        """Waits until a JavaScript expression is true; gives its value."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if value := self.run(condition):
                return value
            time.sleep(every)
        raise TimeoutError(f"{self.name}: not within {seconds} s: {condition}")

    def renderers(self) -> int:
        """Bytes of the largest process that shows pages, without the browser's own program, which all of its processes share."""
        most = 0
        for process in Path("/proc").iterdir():
            try:
                words = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
                if self.is_renderer(words) and os.getpgid(int(process.name)) == self.process.pid:
                    own = 0
                    for line in (process / "status").read_text().splitlines():
                        if line.startswith(("RssAnon:", "RssShmem:")):
                            own += int(line.split()[1]) * 1024
                    most = max(most, own)
            except (OSError, ProcessLookupError):
                pass
        return most

    @staticmethod
    def is_renderer(words: bytes) -> bool:
        raise NotImplementedError


class Chromium(Browser):
    name = "Chromium"

    def __init__(self):
        program = next(found for name in ("chromium", "google-chrome") if (found := shutil.which(name)))
        super().__init__(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"]
            + ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900"]
            + ["--remote-debugging-port=0", "--user-data-dir=@PROFILE@", "about:blank"]
        )
        found = Path(self.profile, "DevToolsActivePort")
        for _ in range(600):
            if found.exists() and found.read_text().count("\n"):
                break
            time.sleep(0.05)
        port, path = found.read_text().split()
        self.wire = Wire("127.0.0.1", int(port), path)
        target = self.wire.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = self.wire.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(f"{domain}.enable")
        # Workers report what they ask for, too.
        self.call("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)

    @staticmethod
    def is_renderer(words: bytes) -> bool:
        return b"--type=renderer" in words

    def call(self, method: str, **parameters) -> dict:
        return self.wire.call(method, parameters, sessionId=self.session)

    def open(self, url: str):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && window.tcpcheck !== undefined")

    def run(self, expression: str):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def front(self):
        self.call("Page.bringToFront")

    def choose(self, selector: str, paths: list[Path]):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path) for path in paths], nodeId=node)

    def click(self, selector: str):
        """A click with the mouse, as a reader's."""
        box = json.loads(self.run(f"JSON.stringify(document.querySelector({selector!r}).getBoundingClientRect())"))
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **at)

    def key(self, key: str):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowRight": 39, "ArrowLeft": 37}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **text)

    def look(self, width: int, height: int, dark: bool = False, scale: float = 1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)

    def picture(self, path: Path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def offline(self, is_off: bool):
        self.call("Network.emulateNetworkConditions", offline=is_off, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def requests(self) -> list[tuple[str, str]]:
        """What the browser says was asked for: address and body."""
        self.run("0")
        found = []
        for event in self.wire.events:
            if event.get("method") == "Network.requestWillBeSent":
                request = event["params"]["request"]
                found.append((request["url"], request.get("postData", "")))
        return found

    def complaints(self) -> list[str]:
        """Errors that the page or its policy gave rise to."""
        self.run("0")
        found = []
        for event in self.wire.events:
            parameters = event.get("params", {})
            if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                found.append(parameters["entry"]["text"])
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(json.dumps(parameters["exceptionDetails"])[:500])
            if event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] == "error":
                found.append(json.dumps(parameters["args"])[:500])
        return found


class Firefox(Browser):
    name = "Firefox"

    def __init__(self):
        program = next(found for name in ("firefox-esr", "firefox") if (found := shutil.which(name)))
        super().__init__([program, "--headless", "--no-remote", "--profile", "@PROFILE@", "--remote-debugging-port=0", "about:blank"])
        found = Path(self.profile, "WebDriverBiDiServer.json")
        for _ in range(1200):
            if found.exists() and found.read_text().strip():
                break
            time.sleep(0.05)
        where = json.loads(found.read_text())
        self.wire = Wire(where["ws_host"], where["ws_port"], "/session")
        self.wire.call("session.new", {"capabilities": {}})
        # The first window has no focus.
        self.context = self.wire.call("browsingContext.create", {"type": "window"})["context"]
        self.front()
        self.wire.call("session.subscribe", {"events": ["network.beforeRequestSent", "log.entryAdded"]})

    def prepare(self):
        quiet = {
            "app.update.enabled": False,
            "browser.safebrowsing.malware.enabled": False,
            "browser.safebrowsing.phishing.enabled": False,
            "network.captive-portal-service.enabled": False,
            "network.connectivity-service.enabled": False,
            "services.settings.server": "data:,#remote-settings-dummy/v1",
            "datareporting.policy.dataSubmissionEnabled": False,
            "toolkit.telemetry.enabled": False,
            "browser.shell.checkDefaultBrowser": False,
            "remote.active-protocols": 1,
        }
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in quiet.items())
        Path(self.profile, "user.js").write_text("\n".join(lines) + "\n")

    @staticmethod
    def is_renderer(words: bytes) -> bool:
        return b"-contentproc" in words and b"\0tab\0" in words + b"\0"

    def call(self, method: str, **parameters) -> dict:
        return self.wire.call(method, {"context": self.context, **parameters})

    def open(self, url: str):
        self.call("browsingContext.navigate", url=url, wait="complete")
        self.wait("window.tcpcheck !== undefined")

    def run(self, expression: str):
        # What it gives goes through JSON, which both browsers write alike.
        code = f"(async () => JSON.stringify((await ({expression})) ?? null))()"
        answer = self.wire.call(
            "script.evaluate", {"expression": code, "target": {"context": self.context}, "awaitPromise": True}
        )
        if answer["type"] == "exception":
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return json.loads(answer["result"]["value"])

    def front(self):
        self.call("browsingContext.activate")

    def choose(self, selector: str, paths: list[Path]):
        located = self.call("browsingContext.locateNodes", locator={"type": "css", "value": selector})["nodes"][0]
        self.call("input.setFiles", element={"sharedId": located["sharedId"]}, files=[str(path) for path in paths])

    def click(self, selector: str):
        box = json.loads(self.run(f"JSON.stringify(document.querySelector({selector!r}).getBoundingClientRect())"))
        x, y = int(box["x"] + box["width"] / 2), int(box["y"] + box["height"] / 2)
        actions = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self.call("input.performActions", actions=[{"type": "pointer", "id": "mouse", "actions": actions}])

    def key(self, key: str):
        signs = {"Tab": "\ue004", "Enter": "\ue006", "Escape": "\ue00c", "ArrowRight": "\ue014", "ArrowLeft": "\ue012"}
        actions = [{"type": "keyDown", "value": signs[key]}, {"type": "keyUp", "value": signs[key]}]
        self.call("input.performActions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def look(self, width: int, height: int, dark: bool = False, scale: float = 1):
        self.call("browsingContext.setViewport", viewport={"width": width, "height": height}, devicePixelRatio=scale)

    def picture(self, path: Path):
        path.write_bytes(base64.b64decode(self.call("browsingContext.captureScreenshot")["data"]))

    def requests(self) -> list[tuple[str, str]]:
        self.run("0")
        found = (event["params"]["request"] for event in self.wire.events if event.get("method") == "network.beforeRequestSent")
        return [(request["url"], "" if not request.get("bodySize") else f"{request['bodySize']} bytes") for request in found]

    def complaints(self) -> list[str]:
        self.run("0")
        found = (event["params"] for event in self.wire.events if event.get("method") == "log.entryAdded")
        return [entry["text"] for entry in found if entry["level"] == "error"]


def reachable(url: str) -> bool:
    """Whether somebody answers there."""
    try:
        urllib.request.urlopen(url, timeout=2).close()
        return True
    except OSError:
        return False
