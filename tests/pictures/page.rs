//! The page in a browser: it asks for nothing, complains of nothing, and does what it should.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tcpcheck::capture::{self, Next};
use tcpcheck::dissect::{Content, Dissection};
use tcpcheck::report::{Names, Packet as Reported, Report, ReportOptions, Reporter, Summary};
use tcpcheck::track::{Event, FlowTracker, Observation, TrackerOptions};

use super::browser::Browser;
use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::Packet;
use crate::testkit::{root, tcpcheck};

/// What an attacker would like to run: in an element, in an attribute, and at the end of either.
const HOSTILE: &str = "\"><script>window.broken=1</script><img src=x onerror=window.broken=1>'{{7*7}}</svg></title>";

/// A page of a fixture, made by the program.
fn page(fixture: &str, folder: &Path) -> PathBuf {
    let path = folder.join("report.html");
    let capture = format!("fixtures/{fixture}");
    let mut made = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    made.args(["report", "-n", &capture, "-o", path.to_str().unwrap()]).current_dir(root());
    let output = made.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

/// The page of a file, made by the library, with these names.
pub(super) fn page_with_names(file: &Path, names: Names, path: &Path) {
    let mut source = capture::open(file).unwrap();
    let mut summary = Summary::new(source.info());
    let mut report = Report::new(ReportOptions { full: 12, payload: true, names, again: format!("-r {HOSTILE}") });
    let (mut tracker, mut seen, mut out) =
        (FlowTracker::new(TrackerOptions::default()), Observation::default(), Vec::new());
    while let Ok(Next::Frame(frame)) = source.next_frame() {
        let mut dissection = Dissection::new();
        dissection.read(&frame);
        let Content::Tcp(tcp) = &dissection.content else { continue };
        tracker.observe(&tcp.segment, &mut seen);
        let packet = &Reported { tcp: Some((&tcp.segment, &seen)), ..Reported::new(&frame, &dissection) };
        summary.packet(packet);
        report.packet(&mut out, packet);
    }
    tracker.finish();
    while let Some(event) = tracker.next_event() {
        if let Event::Ended(flow) = event {
            summary.ended(&flow);
            report.ended(&mut out, &flow);
        }
    }
    report.end(&mut out, &summary);
    fs::write(path, report.page()).unwrap();
}

/// Asserts that the page has asked for nothing but itself, and that nothing went wrong in it.
pub(super) fn is_quiet(browser: &mut Browser) {
    // What is under way has been told after this.
    browser.value("new Promise((done) => setTimeout(done, 50))");
    let itself = |url: &str| url.starts_with("file://") && url.ends_with(".html") || url == "data:,";
    for event in &browser.events {
        match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                let url = event["params"]["request"]["url"].as_str().unwrap();
                assert!(itself(url.split('#').next().unwrap()), "it asks for {url}");
            }
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => panic!("{event}"),
            _ => {}
        }
    }
}

/// The numbers of the connections in the list, without those that are hidden.
fn shown(browser: &mut Browser) -> Vec<u64> {
    let rows =
        browser.value("[...document.querySelectorAll('.conn:not([hidden]) .no')].map((no) => Number(no.textContent))");
    rows.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
}

/// Where the middle of an element is on the screen, once it is scrolled to.
fn middle(browser: &mut Browser, element: &str) -> (f64, f64) {
    let place = browser.value(&format!(
        "(() => {{ const at = {element}; at.scrollIntoView({{block: 'center'}}); const box = at.getBoundingClientRect(); \
         return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
    ));
    (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
}

#[test]
fn the_page_asks_for_nothing_and_its_list_sorts_and_filters() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    browser.open(&page("healthy/several-clients.pcap", folder.path()));
    let all = shown(&mut browser);
    assert!(all.len() > 3, "{all:?}");
    let mut sorted = all.clone();
    sorted.sort_unstable();
    let sort = |browser: &mut Browser, by: &str| {
        browser.value(&format!(
            "document.querySelector('#sort').value = '{by}'; document.querySelector('#sort').dispatchEvent(new Event('change'))"
        ));
    };
    // All are one server's, and numbered in the order in which they began.
    sort(&mut browser, "start");
    assert_eq!(shown(&mut browser), sorted);
    sort(&mut browser, "3");
    let bytes =
        browser.value("[...document.querySelectorAll('.conn')].map((row) => -Number(row.dataset.keys.split(' ')[3]))");
    let bytes: Vec<f64> = bytes.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    assert!(bytes.is_sorted() && bytes.len() == all.len(), "{bytes:?}");
    let (x, y) = middle(&mut browser, "document.querySelector('#filter')");
    browser.mouse("mousePressed", x, y);
    browser.mouse("mouseReleased", x, y);
    let client = browser.value("document.querySelector('.conn .ends').textContent");
    browser.call("Input.insertText", json!({"text": client}));
    let left = shown(&mut browser);
    assert!(!left.is_empty() && left.len() < all.len(), "{left:?} of {all:?}");
    assert_eq!(
        browser.value("document.querySelector('#shown').textContent"),
        format!("{} of {} shown", left.len(), all.len())
    );
    is_quiet(&mut browser);
}

#[test]
fn a_graph_zooms_by_mouse_and_by_key_and_tells_what_was_found() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    browser.open(&page("loss/one-lost-at-sender.pcap", folder.path()));
    let plane = "document.querySelector('svg.graph .plane')";
    let view = |browser: &mut Browser| browser.value(&format!("{plane}.getAttribute('viewBox')"));
    let whole = view(&mut browser);
    let labels = "[...document.querySelectorAll('svg.graph .axes text')].map((text) => text.textContent).join()";
    let before = browser.value(labels);
    // A mark is told of.
    let (x, y) = middle(&mut browser, "document.querySelector('svg.graph .mark.fast')");
    browser.mouse("mouseMoved", x, y);
    let tip = browser.value("document.querySelector('#tip').hidden ? '' : document.querySelector('#tip').textContent");
    assert!(tip.as_str().unwrap().contains("TC202 fast-retransmission: 1448 B retransmitted"), "{tip}");
    // A stroke across the graph zooms in, and the labels follow.
    browser.mouse("mousePressed", x - 60.0, y - 40.0);
    browser.mouse("mouseMoved", x, y);
    browser.mouse("mouseMoved", x + 40.0, y + 20.0);
    browser.mouse("mouseReleased", x + 40.0, y + 20.0);
    let zoomed = view(&mut browser);
    assert_ne!(zoomed, whole);
    assert_ne!(browser.value(labels), before);
    let width: f64 = zoomed.as_str().unwrap().split(' ').nth(2).unwrap().parse().unwrap();
    assert!(width < 20_000.0, "{zoomed}");
    // By key: all of it again, nearer, and to the side.
    browser.value("document.querySelector('svg.graph').parentNode.focus()");
    for (key, expected) in
        [("0", "0 0 100000 100000"), ("+", "25000 25000 50000 50000"), ("ArrowRight", "35000 25000 50000 50000")]
    {
        browser.call("Input.dispatchKeyEvent", json!({"type": "keyDown", "key": key}));
        assert_eq!(view(&mut browser), expected, "{key}");
    }
    // A frame's button lights its mark and its row.
    browser
        .value("[...document.querySelectorAll('button.frame')].find((button) => button.textContent === '@25').click()");
    assert!(browser.value("document.querySelectorAll('.mark.lit').length").as_u64() >= Some(1));
    assert_eq!(browser.value("document.querySelector('.ladder .row.lit').dataset.first"), "25");
    // An explanation opens when it is linked to.
    browser.value("document.querySelector('a[href=\"#explain-TC202\"]').click()");
    assert_eq!(
        browser
            .value("new Promise((done) => setTimeout(() => done(document.getElementById('explain-TC202').open), 50))"),
        true
    );
    is_quiet(&mut browser);
}

#[test]
fn what_hosts_and_payloads_say_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let [client, server]: [SocketAddr; 2] = ["10.0.0.1:51000", "10.0.0.2:80"].map(|addr| addr.parse().unwrap());
    let segment = |from: bool, seq, ack, flags, payload: &[u8]| {
        let (src, dst) = if from { (client, server) } else { (server, client) };
        Packet { seq, ack, flags, payload: payload.to_vec(), ..Packet::new(src, dst) }
    };
    let packets = [
        segment(true, 0, 0, 0x002, b""),
        segment(false, 0, 1, 0x012, b""),
        segment(true, 1, 1, 0x010, b""),
        segment(true, 1, 1, 0x018, b"<script>window.broken=1</script><b>\r\n"),
        segment(false, 1, 38, 0x018, HOSTILE.as_bytes()),
    ];
    let records: Vec<Record> =
        packets.iter().zip(0..).map(|(packet, at)| Record::whole(at * 10_000_000, packet.frame())).collect();
    let file = folder.path().join("<img src=x onerror=alert(1)>.pcap");
    fs::write(&file, pcap(&records)).unwrap();
    let path = folder.path().join("page.html");
    let hosts = format!("10.0.0.1 {}\n", HOSTILE.replace(' ', "\t/"));
    page_with_names(&file, Names::of("<svg/onload=alert(1)> 80/tcp\n", &hosts.replace('\t', "")), &path);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("<script>").count(), 1, "the program's own");
    assert!(text.contains("&#60;script&#62;window.broken=1") || text.contains("&lt;script&gt;window.broken=1"));
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&path);
    assert_eq!(browser.value("typeof window.broken"), "undefined");
    assert_eq!(browser.value("document.querySelectorAll('img, b > b, svg[onload], script').length"), 1);
    assert_eq!(browser.value("document.querySelectorAll('script').length"), 1);
    let told = browser.value("document.body.textContent");
    assert!(told.as_str().unwrap().contains("They begin: <script>window.broken=1</script><b>"), "the payload is told");
    assert!(told.as_str().unwrap().contains("<svg/onload=alert(1)>"), "and so is the service");
    // Nor would anything run that came to stand in it all the same.
    let refused = browser.value(
        "new Promise((done) => { document.addEventListener('securitypolicyviolation', (event) => done(event.violatedDirective)); \
         const made = document.createElement('script'); made.textContent = 'window.broken = 1'; document.body.append(made); })",
    );
    assert_eq!(refused, "script-src-elem");
    assert_eq!(browser.value("typeof window.broken"), "undefined");
}

/// In the page: for every text its contrast to what is behind it, and for every line of a graph; the lowest, and where.
const CONTRAST: &str = r#"(() => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const parse = (color) => { const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] === 1) return color;
    }
    return parse("rgb(255, 255, 255)");
  };
  const contrast = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
  const worst = { text: [99, ""], line: [99, ""], texts: 0, lines: 0 };
  const note = (kind, value, element) => {
    worst[kind + "s"] += 1;
    if (value < worst[kind][0]) worst[kind] = [value, element.outerHTML.slice(0, 160)];
  };
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const style = getComputedStyle(element);
    if (own && element.tagName !== "SCRIPT" && element.getClientRects().length) {
      const svg = element instanceof SVGElement;
      note("text", contrast(parse(svg ? style.fill : style.color), behind(svg ? element.closest("svg:not(svg svg)").parentElement : element)), element);
    }
    if (element.matches(".plane path:not(.cut), .wire, .rail, .key path")) {
      note("line", contrast(parse(style.stroke), behind(element.closest("svg:not(svg svg)"))), element);
    }
    // What a lane is made of; what nothing was waited for is a thin line.
    if (element.matches(".track path:not(.mark, .busy)")) {
      note("line", contrast(parse(style.fill), behind(element.closest("svg").parentElement)), element);
    }
  }
  return worst;
})()"#;

#[test]
fn every_text_can_be_read_in_light_and_in_dark() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    for fixture in ["loss/reordered.pcap", "window/zero-window.pcap", "reset/by-server.pcap", "open/no-answer.pcap"] {
        browser.open(&page(fixture, folder.path()));
        for theme in ["light", "dark"] {
            let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
            browser.call("Emulation.setEmulatedMedia", features);
            // By the system's wish, and by the reader's.
            for said in ["light", "dark"] {
                let other = if said == theme { "delete document.documentElement.dataset.theme" } else { "" };
                let set = format!("document.documentElement.dataset.theme = '{said}'; {other}");
                browser.value(&set);
                let back = browser.value("getComputedStyle(document.body).backgroundColor");
                assert_eq!(back == "rgb(255, 255, 255)", said == "light", "{back}");
                let worst = browser.value(CONTRAST);
                // WCAG 2.2, success criterion 1.4.3 (AA): 4.5 for text; 1.4.11: 3 for what graphs are made of.
                at_least(&worst, "text", 4.5, &format!("{fixture} {theme} {said}"));
                if fixture != "open/no-answer.pcap" {
                    at_least(&worst, "line", 3.0, &format!("{fixture} {theme} {said}"));
                }
            }
        }
        is_quiet(&mut browser);
    }
}

fn at_least(worst: &Value, kind: &str, least: f64, what: &str) {
    let lowest = worst[kind][0].as_f64().unwrap();
    assert!(lowest >= least, "{what}: {kind} of contrast {lowest:.2}: {}", worst[kind][1]);
    assert!(worst[format!("{kind}s")].as_u64().unwrap() > 10, "{what}: {worst}");
}

#[test]
fn every_control_is_reached_by_the_tab_key_and_shows_that_it_is() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    browser.open(&page("loss/one-lost-at-sender.pcap", folder.path()));
    let mut reached: Vec<String> = Vec::new();
    let key = |kind: &str| json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
    for _ in 0..400 {
        browser.call("Input.dispatchKeyEvent", key("rawKeyDown"));
        browser.call("Input.dispatchKeyEvent", key("keyUp"));
        let at = browser.value(
            "(() => { const at = document.activeElement; const style = getComputedStyle(at); \
             return `${at.localName} ${at.className.baseVal ?? at.className} ${at.id} ${at.textContent.slice(0, 12)} | ${style.outlineStyle}`; })()",
        );
        let at = at.as_str().unwrap().to_owned();
        if at.starts_with("body") || reached.first() == Some(&at) {
            break;
        }
        assert!(!at.ends_with("| none"), "no outline: {at}");
        reached.push(at);
    }
    assert!(reached[0].starts_with("a skip"), "{}", reached[0]);
    for wanted in [
        "button  theme",
        "a lane ",
        "input  range-from",
        "input  range-to",
        "summary   ",
        "button frame  @25",
        "div scroll ",
        "summary   New to TCP?",
        "a   SYN_SENT",
    ] {
        assert!(reached.iter().any(|at| at.starts_with(wanted)), "{wanted} in {reached:#?}");
    }
    is_quiet(&mut browser);
}

#[test]
fn a_screen_reader_is_told_each_row_of_a_ladder_and_what_a_graph_is() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    browser.open(&page("close/client-first.pcap", folder.path()));
    browser.call("Accessibility.enable", json!({}));
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes: Vec<&Value> = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false).collect();
    let named = |role: &str| {
        let of = nodes.iter().filter(|node| node["role"]["value"] == role);
        of.map(|node| node["name"]["value"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert!(
        named("list").contains(&"Ladder of connection 1: 10.9.0.1:40000 to 10.9.0.2:80".to_owned()),
        "{:?}",
        named("list")
    );
    // The ladder's rows, the numbers, and the only lane.
    assert_eq!(named("listitem").len(), 11 + 6 + 1, "{:?}", named("listitem"));
    let told: Vec<String> = named("StaticText");
    for words in ["The client asks to open a connection.", "SYN_SENT", "TIME_WAIT", "@1"] {
        assert!(told.iter().any(|text| text == words), "{words} in {told:?}");
    }
    let images = [named("image"), named("img")].concat();
    assert!(images.contains(&"Time and sequence numbers, server to client".to_owned()), "{images:?}");
    assert!(images.contains(&"Where its time went".to_owned()), "{images:?}");
    for (role, name) in [
        ("heading", "Nothing went wrong"),
        ("list", "Numbers"),
        ("link", "Connection 1 to 10.9.0.2:80: nothing: nothing went wrong"),
        ("slider", "From"),
        ("main", ""),
        ("heading", "Findings"),
    ] {
        assert!(named(role).iter().any(|found| found.contains(name)), "{role} {name}: {:?}", named(role));
    }
}

#[test]
fn paper_is_white_and_holds_no_controls_whatever_the_theme() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    browser.open(&page("window/zero-window.pcap", folder.path()));
    browser.value("document.documentElement.dataset.theme = 'dark'");
    let dark = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
    browser.call("Emulation.setEmulatedMedia", json!({"media": "print", "features": dark}));
    assert_eq!(browser.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    let worst = browser.value(CONTRAST);
    at_least(&worst, "text", 4.5, "on paper");
    at_least(&worst, "line", 3.0, "on paper");
    for control in ["#theme", ".range", "#tools", "nav", ".skip"] {
        let display = format!("getComputedStyle(document.querySelector('{control}')).display");
        assert_eq!(browser.value(&display), "none", "{control}");
    }
    let printed = browser.call("Page.printToPDF", json!({}));
    assert!(printed["data"].as_str().unwrap().len() > 20_000);
}

/// `SHOTS=1 cargo test screenshots` makes the pictures in `docs/pictures` anew.
#[test]
fn screenshots_show_the_page_its_graphs_and_the_ladder() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    browser.open(&page("loss/one-lost-at-sender.pcap", folder.path()));
    let mut shots: Vec<(String, Vec<u8>)> = Vec::new();
    for (at, name) in ["time-sequence", "in-flight", "rtt", "throughput"].into_iter().enumerate() {
        let place = format!(
            "(() => {{ const box = [...document.querySelectorAll('svg.graph')].filter((svg) => svg.getAttribute('aria-label').match(/server to client|server sent/))[{at}].getBoundingClientRect(); \
             return [box.x, box.y + scrollY, box.width, box.height]; }})()"
        );
        let place = browser.value(&place);
        let place = [0, 1, 2, 3].map(|at| place[at].as_f64().unwrap());
        shots.push((format!("{name}.png"), browser.picture(place)));
    }
    for columns in ["80", "120"] {
        let capture = root().join("fixtures/loss/one-lost-at-sender.pcap");
        let drawn = tcpcheck(&["ladder", "-nr", capture.to_str().unwrap(), "--columns", columns]);
        let path = folder.path().join("ladder.html");
        let text = String::from_utf8(drawn.stdout).unwrap();
        let lines = text.lines().count();
        fs::write(&path, format!("<meta charset=utf-8><body style='margin:0;background:#14181d;color:#e6edf3'><pre style='margin:12px;font:13px/1.25 DejaVu Sans Mono,monospace'>{text}</pre>")).unwrap();
        browser.open(&path);
        let wide = columns.parse::<f64>().unwrap() * 7.85 + 24.0;
        shots.push((format!("ladder-{columns}.png"), browser.picture([0.0, 0.0, wide, lines as f64 * 16.3 + 24.0])));
    }
    for (name, shot) in shots {
        assert!(shot.starts_with(b"\x89PNG") && shot.len() > 4_000, "{name}: {} B", shot.len());
        if std::env::var_os("SHOTS").is_some() {
            let docs = root().join("docs/pictures");
            fs::create_dir_all(&docs).unwrap();
            fs::write(docs.join(name), shot).unwrap();
        }
    }
}
