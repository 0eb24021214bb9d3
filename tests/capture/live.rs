//! Capturing on the loopback interface, where that is allowed.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tcpcheck::capture::{CaptureError, FrameSource, LiveOptions, Next, Traffic, list_interfaces, open_live};

const LOOPBACK: &str = if cfg!(target_os = "linux") { "lo" } else { "lo0" };

/// A capture of a connection's port, or `None` where capturing is not permitted.
fn capture(options: LiveOptions) -> Option<Box<dyn FrameSource>> {
    match open_live(&options) {
        Ok(source) => Some(source),
        Err(
            e @ (CaptureError::Permission { .. } | CaptureError::InterfaceDown { .. } | CaptureError::NoInterfaces),
        ) => {
            crate::testkit::skipped(&e.to_string(), "sudo -E cargo test");
            None
        }
        Err(e) => panic!("{e}"),
    }
}

/// Talks over loopback, and counts the frames seen of it until at least `wanted` have come.
fn converse(immediate: bool, wanted: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let options = LiveOptions {
        interface: Some(LOOPBACK.to_owned()),
        filter: format!("tcp port {}", address.port()),
        immediate,
        stop: Arc::clone(&stop),
        ..LiveOptions::default()
    };
    let Some(mut source) = capture(options) else { return };
    assert!(source.info().link_type.is_some());
    assert_eq!(source.info().format, "live");
    TcpStream::connect(address).unwrap().write_all(b"hello").unwrap();
    listener.accept().unwrap();
    let (mut frames, mut idle) = (0, 0);
    while frames < wanted && idle < 1000 {
        match source.next_frame().unwrap() {
            Next::Frame(frame) => {
                frames += 1;
                assert_eq!(frame.number, frames as u64);
                assert!(frame.ts.seconds() > 1_700_000_000 && frame.ts.seconds() < 10_000_000_000, "{:?}", frame.ts);
                assert!(frame.wire_len as usize >= frame.data.len());
            }
            Next::Idle => idle += 1,
            Next::End => panic!("it goes on until it is told to stop"),
        }
    }
    assert!(frames >= wanted, "{frames} frames");
    stop.store(true, Ordering::Relaxed);
    // What has come until then is handed out first.
    let started = std::time::Instant::now();
    while !matches!(source.next_frame(), Ok(Next::End)) {
        assert!(started.elapsed().as_secs() < 30, "it does not end");
    }
    let drops = source.drops().unwrap();
    assert!(drops.received >= wanted as u64);
}

#[test]
fn a_connection_over_loopback_is_seen_frame_by_frame() {
    converse(true, 4);
}

#[test]
fn a_connection_over_loopback_is_seen_in_batches() {
    converse(false, 4);
}

#[test]
fn an_idle_interface_lets_the_caller_look_up() {
    for immediate in [true, false] {
        let options = LiveOptions {
            interface: Some(LOOPBACK.to_owned()),
            filter: "tcp port 1".to_owned(),
            immediate,
            traffic: Traffic::In,
            ..LiveOptions::default()
        };
        let Some(mut source) = capture(options) else { return };
        assert!(matches!(source.next_frame(), Ok(Next::Idle)));
        assert!(matches!(source.next_frame(), Ok(Next::Idle)));
    }
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    for name in ["no-such-if0", "99999"] {
        let options = LiveOptions { interface: Some(name.to_owned()), ..LiveOptions::default() };
        match open_live(&options) {
            Err(e @ CaptureError::NoSuchInterface { .. }) => {
                assert_eq!(e.to_string(), format!("{name}: there is no such interface; -D lists those that are there"));
            }
            Err(CaptureError::Permission { .. }) => {
                crate::testkit::skipped("no permission to capture", "sudo -E cargo test")
            }
            other => panic!("{:?}", other.err()),
        }
    }
}

#[test]
fn a_live_filter_is_refused_with_its_place() {
    let options = LiveOptions {
        interface: Some(LOOPBACK.to_owned()),
        filter: "tcp prot 80".to_owned(),
        ..LiveOptions::default()
    };
    match open_live(&options) {
        Err(e @ CaptureError::Filter { .. }) => {
            assert_eq!(e.to_string(), "filter expression: syntax error\n  tcp prot 80\n      ^");
        }
        Err(CaptureError::Permission { .. }) => {
            crate::testkit::skipped("no permission to capture", "sudo -E cargo test")
        }
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn interfaces_are_listed_by_number_and_name() {
    let listed = list_interfaces().unwrap();
    for (number, interface) in (1..).zip(&listed) {
        assert!(interface.to_string().starts_with(&format!("{number}.{}", interface.name)), "{interface}");
    }
    if let Some(loopback) = listed.iter().find(|interface| interface.name == LOOPBACK) {
        assert!(loopback.flags.contains(&"Loopback"));
    }
}
