//! The page's first screen, for one, sixty and twenty thousand connections, on a desk and on a phone, light and dark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::browser::Browser;
use super::page::is_quiet;
use crate::testkit::file::{Record, pcap};
use crate::testkit::packet::{Packet, flags};
use crate::testkit::root;

/// Windows, by name.
const WINDOWS: [(&str, u32, u32); 2] = [("wide", 1300, 900), ("phone", 390, 844)];

/// Connections with a request each over a minute, to servers that answer within 20 ms; one in `slow_every` takes longer, and one in
/// `refused_every` is refused.
fn many(connections: u32, slow_every: u32, refused_every: u32) -> Vec<u8> {
    let mut records = Vec::new();
    for n in 0..connections {
        let client = ([10, 1, (n / 250 % 250) as u8, (n % 250 + 1) as u8], (20_000 + n % 40_000) as u16).into();
        let port = [443, 80, 5432, 6379, 8080, 9000][(n % 6) as usize];
        let server = ([10, 0, (n / 6 % 3) as u8, 10 + (n % 6) as u8], port).into();
        let slow = if n % slow_every == slow_every / 2 { 900 + i64::from(n % 7) * 200 } else { 20 };
        let talk: [(i64, bool, &str, u32, u32, usize); 9] = [
            (0, true, "S", 100, 0, 0),
            (10, false, "S.", 500, 101, 0),
            (10, true, ".", 101, 501, 0),
            (11, true, "P.", 101, 501, 200),
            (21 + slow, false, "P.", 501, 301, 900),
            (21 + slow, true, ".", 301, 1401, 0),
            (22 + slow, true, "F.", 301, 1401, 0),
            (32 + slow, false, "F.", 1401, 302, 0),
            (32 + slow, true, ".", 302, 1402, 0),
        ];
        let refused: [(i64, bool, &str, u32, u32, usize); 2] =
            [(0, true, "S", 100, 0, 0), (10, false, "R.", 0, 101, 0)];
        let talk = if n % refused_every == refused_every - 1 { &refused[..] } else { &talk[..] };
        let isn = n.wrapping_mul(2_654_435_761);
        let begin = i64::from(n) * 60_000 / i64::from(connections);
        for (ms, from_client, letters, seq, ack, len) in talk {
            let mut packet = if *from_client { Packet::new(client, server) } else { Packet::new(server, client) };
            (packet.seq, packet.flags) = (seq.wrapping_add(isn), flags(letters).unwrap());
            packet.ack = if *ack > 0 { ack.wrapping_add(isn) } else { 0 };
            (packet.payload, packet.ip_id) = (vec![b'x'; *len], (isn >> 16) as u16);
            records.push(Record::whole(1_700_000_000_000_000_000 + (begin + ms) * 1_000_000, packet.frame()));
        }
    }
    records.sort_by_key(|record| record.ns);
    pcap(&records)
}

/// A page of the capture of that name in the folder, made by the program.
fn page(name: &str, folder: &Path) -> PathBuf {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    command.args(["report", "-n", &format!("{name}.pcap"), "-o", &format!("{name}.html")]).current_dir(folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join(format!("{name}.html"))
}

fn made(name: &str, connections: u32, slow_every: u32, refused_every: u32, folder: &Path) -> PathBuf {
    fs::write(folder.join(format!("{name}.pcap")), many(connections, slow_every, refused_every)).unwrap();
    page(name, folder)
}

fn window(browser: &mut Browser, (_, wide, high): (&str, u32, u32), theme: &str) {
    let size = json!({"width": wide, "height": high, "deviceScaleFactor": 1, "mobile": wide < 500});
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
    browser.call("Emulation.setEmulatedMedia", features);
}

/// Where the lower end of an element is on the screen.
fn bottom(browser: &mut Browser, element: &str) -> f64 {
    browser.value(&format!("document.querySelector('{element}').getBoundingClientRect().bottom")).as_f64().unwrap()
}

/// `SHOTS=1 cargo test first_screen` makes the pictures in `docs/pictures` anew.
#[test]
fn the_first_screen_holds_the_diagnosis_the_numbers_and_the_timeline() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let one = root().join("fixtures/application/slow-server-at-client.pcap");
    fs::copy(one, folder.path().join("one.pcap")).unwrap();
    let pages = [
        ("one", page("one", folder.path()), 1_500_000, "The server took 2.117 s for 5 answers"),
        ("sixty", made("sixty", 60, 60, 61, folder.path()), 5_000_000, "1 of 60 connections failed or was slow"),
        ("thousands", made("thousands", 20_000, 400, 150, folder.path()), 5_000_000, "183 of 20,000 connections"),
    ];
    for (name, path, bound, words) in &pages {
        assert!(fs::metadata(path).unwrap().len() < *bound, "{name}");
        for at in WINDOWS {
            for theme in ["light", "dark"] {
                window(&mut browser, at, theme);
                browser.open(path);
                let what = format!("{name} {} {theme}", at.0);
                let told = browser.value("document.querySelector('h1').textContent");
                assert!(told.as_str().unwrap().starts_with(words), "{what}: {told}");
                let wide = browser.value("document.documentElement.scrollWidth");
                assert!(wide.as_u64() <= Some(at.1.into()), "{what}: {wide} px wide");
                assert!(bottom(&mut browser, ".tiles") < f64::from(at.2), "{what}: the numbers are below the screen");
                assert!(
                    bottom(&mut browser, ".lanes .lane") < f64::from(at.2),
                    "{what}: the timeline is below the screen"
                );
                let lanes = browser.value("document.querySelectorAll('.lanes .lane').length");
                assert!(lanes.as_u64() <= Some(40), "{what}: {lanes}");
                is_quiet(&mut browser);
                if std::env::var_os("SHOTS").is_some() {
                    let shot = browser.webp();
                    fs::write(root().join(format!("docs/pictures/page-{name}-{}-{theme}.webp", at.0)), shot).unwrap();
                }
            }
        }
    }
}

/// How many are shown of the connections, and of the findings.
fn shown(browser: &mut Browser) -> (u64, u64) {
    let count = |browser: &mut Browser, what: &str| {
        browser.value(&format!("document.querySelectorAll('{what}:not([hidden])').length")).as_u64().unwrap()
    };
    (count(browser, ".conn"), count(browser, ".finding"))
}

fn key(browser: &mut Browser, key: &str, code: u32) {
    for kind in ["rawKeyDown", "keyUp"] {
        let params = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
        browser.call("Input.dispatchKeyEvent", params);
    }
}

#[test]
fn a_stroke_across_the_timeline_shows_what_happened_then_and_so_do_its_sliders() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    window(&mut browser, WINDOWS[0], "light");
    browser.open(&made("sixty", 60, 60, 20, folder.path()));
    let all = shown(&mut browser);
    assert_eq!(all.0, 60);
    let field = browser.value(
        "(() => { const box = document.querySelector('.lanes .track').getBoundingClientRect(); return [box.x, box.width, box.y + 5]; })()",
    );
    let [x, wide, y] = [0, 1, 2].map(|at| field[at].as_f64().unwrap());
    browser.mouse("mousePressed", x + wide * 0.2, y);
    browser.mouse("mouseMoved", x + wide * 0.3, y);
    browser.mouse("mouseMoved", x + wide * 0.4, y);
    browser.mouse("mouseReleased", x + wide * 0.4, y);
    let some = shown(&mut browser);
    assert!((10..20).contains(&some.0) && some.1 <= all.1, "{some:?} of {all:?}");
    let told = browser.value("document.querySelector('#range-told').textContent");
    assert!(told.as_str().unwrap().contains(&format!("{} of 60 connections", some.0)), "{told}");
    assert_eq!(browser.value("location.hash"), "", "the lane's link is not followed");
    assert_eq!(browser.value("document.querySelectorAll('svg [hidden]').length"), 0, "no part of a bar is left out");
    // What is shown did happen then.
    let within = browser.value(
        "[...document.querySelectorAll('.conn:not([hidden])')].every((row) => row.dataset.from <= 0.41 * plot.dataset.span && row.dataset.to >= 0.19 * plot.dataset.span)",
    );
    assert_eq!(within, true);
    browser.value("document.querySelector('#range-all').click()");
    assert_eq!(shown(&mut browser), all);
    // By key.
    browser.value("document.querySelector('#range-from').focus()");
    key(&mut browser, "End", 35);
    assert!(shown(&mut browser).0 < 10, "{:?}", shown(&mut browser));
    let told = browser.value("document.querySelector('#range-from').getAttribute('aria-valuetext')");
    assert!(told.as_str().unwrap().ends_with(" s"), "{told}");
    browser.value("document.querySelector('#range-all').click()");
    assert_eq!(shown(&mut browser), all);
    is_quiet(&mut browser);
}

#[test]
fn a_link_to_a_connection_opens_it_and_one_that_is_not_there_is_said() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = made("sixty", 60, 60, 61, folder.path());
    browser.open(&path);
    browser.value("document.querySelector('.lanes a[href=\"#flow-31\"]').click()");
    let open = "new Promise((done) => setTimeout(() => done(document.getElementById('flow-31').open), 50))";
    assert_eq!(browser.value(open), true);
    assert!(browser.value("document.querySelectorAll('#flow-31 svg.ladder').length").as_u64() >= Some(1));
    browser.value("location.hash = '#flow-999'");
    let told = browser
        .value("new Promise((done) => setTimeout(() => done(document.getElementById('shown').textContent), 50))");
    assert_eq!(told, "Connection 999 is not among those on this page.");
    is_quiet(&mut browser);
}

#[test]
fn without_a_script_all_is_there_and_no_control_that_does_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = made("sixty", 60, 60, 61, folder.path());
    browser.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.open(&path);
    browser.call("Accessibility.enable", json!({}));
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes: Vec<&Value> = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false).collect();
    let count = |role: &str| nodes.iter().filter(|node| node["role"]["value"] == role).count();
    assert_eq!(count("slider") + count("searchbox") + count("button"), 0);
    let told: Vec<&str> = nodes.iter().filter_map(|node| node["name"]["value"].as_str()).collect();
    for words in
        ["1 of 60 connections failed or was slow, because of the server.", "Where the time went", "Server time"]
    {
        assert!(told.contains(&words), "{words}");
    }
    assert!(
        told.iter().any(|name| name.starts_with("Connection 31 to 10.0.2.10:443: server: the server took")),
        "{told:?}"
    );
}
