//! Chromium, driven over a pipe by the DevTools protocol. <https://chromedevtools.github.io/devtools-protocol/>

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};

/// The names that it goes by.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    calls: u64,
    session: Option<String>,
    /// What the page has reported: requests, console messages, errors.
    pub events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it; without one, says that the test is left out.
    pub(super) fn start() -> Option<Self> {
        let has = |program: &&str| {
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        };
        let Some(program) = PROGRAMS.into_iter().find(has) else {
            assert!(std::env::var_os("TCPCHECK_WITNESSES").is_none(), ".ci/run installs chromium, and it is not here");
            crate::testkit::skipped("no chromium here to open the page with", "apt-get install chromium");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // It reads commands from descriptor 3 and answers on 4: its standard input and output, here.
        let line = format!(
            "exec $(command -v timeout >/dev/null && echo timeout 300) {program} --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --hide-scrollbars \
             --disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe \
             --window-size=1280,900 --user-data-dir=\"$1\" about:blank 3<&0 4>&1 >/dev/null 2>/dev/null"
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &line, "sh"]).arg(profile.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser = Self { child, stdin, stdout, calls: 0, session: None, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Opens a file, and waits until it is all there.
    pub(super) fn open(&mut self, path: &Path) {
        self.events.clear();
        self.call("Page.navigate", json!({"url": format!("file://{}", path.display())}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.read();
        }
    }

    /// Calls a method, and returns its result.
    pub(super) fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.stdin.write_all(&bytes).unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == json!(self.calls) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
        }
    }

    /// The value of an expression in the page.
    pub(super) fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// The page's picture, of a part of it.
    pub(super) fn picture(&mut self, [x, y, width, height]: [f64; 4]) -> Vec<u8> {
        let clip = json!({"x": x, "y": y, "width": width, "height": height, "scale": 1});
        let shot = self.call("Page.captureScreenshot", json!({"clip": clip, "captureBeyondViewport": true}));
        base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// The window's picture, small: WebP.
    pub(super) fn webp(&mut self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({"format": "webp", "quality": 85}));
        base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// Moves the mouse, or presses and releases its left button.
    pub(super) fn mouse(&mut self, kind: &str, x: f64, y: f64) {
        let pressed = i32::from(kind != "mouseReleased" && kind != "mouseMoved");
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let count = i32::from(kind != "mouseMoved");
        let params = json!({"type": kind, "x": x, "y": y, "button": button, "buttons": pressed, "clickCount": count});
        self.call("Input.dispatchMouseEvent", params);
    }

    /// Takes the next message.
    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.stdout.read_until(0, &mut bytes).unwrap();
        assert!(bytes.pop() == Some(0), "chromium has gone");
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        if message["id"].is_null() {
            self.events.push(message.clone());
        }
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
