//! What signals do, and what is said while a capture goes on.

use rustix::process::Signal;

use super::PORT;
use super::net::Net;

#[test]
fn connections_are_reported_as_they_end() {
    let Some(net) = Net::new() else { return };
    let mut running = net.capture(&["-n", "--flows", "--msl", "1", "tcp"]);
    let (client, server) = net.connect(PORT);
    reset(client);
    drop(server);
    // It is over for good after twice the maximum segment lifetime, also if nothing more comes.
    running.hear("10.99.0.2:8080");
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0), "{said:#?}");
    let heads = said.iter().filter(|line| line.starts_with("flow client")).count();
    assert_eq!(heads, 1, "{said:#?}");
}

#[test]
fn sigusr1_prints_the_summary_so_far_and_the_capture_goes_on() {
    let Some(net) = Net::new() else { return };
    let mut running = net.capture(&["-n", "-a", "off", "tcp"]);
    let _open = net.connect(PORT);
    // The third segment of its handshake.
    running.hear("Flags [.], ack 1,");
    running.signal(Signal::USR1);
    running.hear("so far; 1 connection is still open");
    running.hear("TCP: 3 in");
    net.converse(PORT + 1);
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0));
    assert!(said.iter().any(|line| line.ends_with("packets captured")), "{said:#?}");
}

#[test]
fn a_capture_that_is_ended_has_written_everything() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let Some(net) = Net::new() else { return };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.pcap");
        let running = net.capture(&["-n", "-a", "off", "--print", "-w", file.to_str().unwrap(), "tcp"]);
        net.converse(PORT);
        running.signal(signal);
        let (status, said) = running.wait();
        assert_eq!(status.code(), Some(0), "{signal:?}: {said:#?}");
        let printed = said.iter().filter(|line| line.contains(" IP 10.99.")).count();
        let captured = said.iter().find_map(|line| line.strip_suffix(" packets captured")).unwrap();
        assert_eq!(captured.parse(), Ok(printed), "{said:#?}");
        let saved = crate::testkit::tcpcheck(&["-r", file.to_str().unwrap(), "--count"]);
        assert_eq!(String::from_utf8(saved.stdout).unwrap(), format!("{printed} packets\n"));
    }
}

#[test]
fn the_second_signal_ends_a_program_that_hangs_at_once() {
    let Some(net) = Net::new() else { return };
    // Nobody reads this pipe, so the end waits for somebody who does.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = net.command(env!("CARGO_BIN_EXE_tcpcheck"));
    command.args(["-i", "client0", "-n", "-XX", "-l"]).stdout(writer).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    let pid = rustix::process::Pid::from_child(&child);
    let blocked = || std::fs::read_to_string(format!("/proc/{}/wchan", child.id())).is_ok_and(|on| on.contains("pipe"));
    let (started, mut ports) = (std::time::Instant::now(), PORT..);
    while !blocked() {
        assert!(started.elapsed() < super::net::PATIENCE, "it never waits for its reader");
        net.converse(ports.next().unwrap());
    }
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the first signal waits for what is to be written");
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    drop(reader);
}

/// Closes a connection with a RST.
fn reset(stream: std::net::TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(std::time::Duration::ZERO)).unwrap();
}
