//! A live capture around a command, on the loopback interface, where capturing is allowed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::Lab;

pub(super) const LOOPBACK: &str = if cfg!(target_os = "linux") { "lo" } else { "lo0" };

/// A server on a port of its own that answers once, and then is gone.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 64];
        let read = stream.read(&mut request).unwrap();
        stream.write_all(&request[..read]).unwrap();
    });
    port
}

/// Runs `check` on the loopback interface; none where that is not permitted.
fn check(lab: &Lab, port: u16, options: &[&str], command: &[&str]) -> Option<super::Said> {
    let filter = format!("tcp port {port}");
    let live = ["-i", LOOPBACK, "-f", &filter];
    let said = lab.check(&[&live, options, &["--"], command].concat());
    if said.status == 2 && said.stderr.contains("not permitted") {
        crate::testkit::skipped(&said.stderr, "sudo -E cargo test");
        return None;
    }
    Some(said)
}

/// A command that asks a server on that port and says what it answers.
fn client(port: u16) -> [String; 3] {
    let ask = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo hello >&3 && cat <&3");
    ["bash".to_owned(), "-c".to_owned(), ask]
}

fn words(command: &[String; 3]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

const POLICY: &str =
    "version = 1\n[policy]\nclose = \"clean\"\nkernel_drops = \"fail\"\n[policy.expect]\nconnections = 1\n";

#[test]
fn a_command_is_captured_from_before_its_first_packet_to_after_its_last() {
    let lab = Lab::new(POLICY);
    let port = server();
    let Some(said) = check(&lab, port, &["--for", "20s", "-w", "kept.pcap"], &words(&client(port))) else { return };
    assert_eq!(said.status, 0, "{}{}", said.text, said.stderr);
    assert!(
        said.stdout.starts_with("hello\ntcpcheck check kept.pcap"),
        "the command's own words come first: {}",
        said.stdout
    );
    assert!(said.text.contains(": exited with status 0\n"), "{}", said.text);
    assert_eq!(said.records("run").next().unwrap()["command"]["good"], true);
    assert!(said.junit.contains("<testsuite name=\"command\" tests=\"1\" failures=\"0\""), "{}", said.junit);
    // What was kept is judged alike.
    assert_eq!(lab.check(&["kept.pcap"]).status, 0);
}

#[test]
fn a_commands_failure_is_reported_and_fails() {
    let lab = Lab::new("version = 1\n[policy]\n");
    let port = server();
    let mut command = client(port);
    command[2].push_str("; exit 7");
    let Some(said) = check(&lab, port, &["--for", "20s"], &words(&command)) else { return };
    assert_eq!(said.status, 1, "{}", said.text);
    assert!(
        said.text.contains("FAIL command bash -c ") && said.text.contains(": exited with status 7\n"),
        "{}",
        said.text
    );
    assert!(said.text.contains("the command failed"), "{}", said.text);
    assert!(said.github.starts_with("::error title=command::bash -c ") && said.github.contains("status 7"));
    assert!(said.junit.contains("<failure message=\"exited with status 7\""), "{}", said.junit);
}

#[test]
fn what_a_command_does_is_judged() {
    let lab = Lab::new("version = 1\n[policy]\n");
    // Nobody listens any more on a port that was just free.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = client(port);
    command[2] = format!("({}) 2>/dev/null || true", command[2]);
    let Some(said) = check(&lab, port, &["-w", "kept.pcap"], &words(&command)) else { return };
    assert_eq!(said.status, 1, "{}", said.text);
    assert!(said.text.contains("TC102 connection-refused"), "{}", said.text);
    assert!(said.text.contains("  look     tcpcheck -r kept.pcap --flow 1\n"), "{}", said.text);
    assert!(said.text.contains(": Flags [R.], seq 0, ack "), "{}", said.text);
}

#[test]
fn a_command_that_does_not_end_is_ended_when_the_time_is_up() {
    let lab = Lab::new("version = 1\n[policy]\n");
    let Some(said) = check(&lab, server(), &["--for", "300ms", "--allow-empty"], &["sleep", "600"]) else { return };
    assert_eq!(said.status, 1, "{}", said.text);
    assert!(said.text.contains("command sleep 600: was still running when the time of --for was up, and was ended"));
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_command_started_ends_with_it() {
    let lab = Lab::new("version = 1\n[policy]\n");
    // In the background, and deaf to being asked.
    let script = "(trap '' TERM; echo $$ > group; sleep 600 & echo $! > grandchild; wait; sleep 600) & sleep 600";
    for more in [&[][..], &["--no-sandbox"]] {
        let args = [&["--for", "1s", "--allow-empty"], more].concat();
        let Some(said) = check(&lab, server(), &args, &["sh", "-c", script]) else { return };
        assert!(said.text.contains("was still running when the time of --for was up, and was ended"), "{}", said.text);
        let pid = std::fs::read_to_string(lab.path("grandchild")).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        // It may wait to be asked how it ended by whoever inherits it.
        let gone = status.is_err()
            || status.is_ok_and(|status| status.rsplit(')').next().is_some_and(|rest| rest.trim().starts_with('Z')));
        assert!(gone, "{pid} is still there");
    }
}

#[test]
fn a_command_that_cannot_be_run_is_an_error() {
    let lab = Lab::new("version = 1\n[policy]\n");
    let Some(said) = check(&lab, server(), &[], &["no-such-program"]) else { return };
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("cannot run no-such-program"), "{}", said.stderr);
}

#[test]
fn without_a_command_it_captures_for_the_time_that_was_given() {
    let lab = Lab::new("version = 1\n[policy]\n");
    let port = server();
    let filter = format!("tcp port {port}");
    let child =
        lab.command(&["-i", LOOPBACK, "-f", &filter, "--for", "1s"]).stdout(std::process::Stdio::piped()).spawn();
    let child = child.unwrap();
    // Before the capture has begun, or within it: either is judged, and neither hangs.
    thread::sleep(std::time::Duration::from_millis(300));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"hello").unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    drop(stream);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.code().is_some_and(|status| [0, 2, 3].contains(&status)));
}
