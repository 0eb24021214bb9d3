//! Writers that fail: nothing is lost but what is named.

use std::path::Path;
use std::process::Command;

use super::PORT;
use super::net::Net;
use crate::testkit::tcpcheck;

/// A disk of that size.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).status();
        assert!(mounted.unwrap().success());
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

/// The number of packets in a file, which has to be whole.
fn packets(path: &str) -> u64 {
    let output = tcpcheck(&["-r", path, "--json", "--summary"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"complete\":true"), "{text}");
    text.split_once("\"packets\":").unwrap().1.split(',').next().unwrap().parse().unwrap()
}

fn number_before(said: &[String], words: &str) -> u64 {
    let line = said.iter().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words:?}: {said:#?}"));
    let (before, _) = line.split_once(words).unwrap();
    before.split_whitespace().last().unwrap().parse().unwrap_or_else(|_| panic!("{line}"))
}

/// Frames that are saved fast.
fn filler(count: u32) -> impl Iterator<Item = Vec<u8>> + Send {
    (0..count).map(|n| {
        let mut packet =
            crate::testkit::packet::Packet::new((super::net::SERVER, 9).into(), (super::net::CLIENT, 9).into());
        packet.seq = n * 1000;
        packet.payload = vec![0; 1000];
        packet.frame()
    })
}

#[test]
fn a_full_disk_ends_neither_the_analysis_nor_the_file() {
    let Some(net) = Net::new() else { return };
    let disk = Disk::new("256k");
    let file = disk.path("out.pcap");
    let mut running = net.capture(&["-n", "--flows", "-B", "65536", "-w", &file]);
    net.send(filler(2_000));
    running.hear("No space left on device");
    net.converse(PORT);
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(2), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("10.99.0.2:8080") && line.contains("closed")), "{said:#?}");
    // What is not named as missing is there.
    let missing = number_before(&said, " frames are not in it");
    assert_eq!(packets(&file) + missing, number_before(&said, " packets captured"), "{said:#?}");
}

#[test]
fn a_disk_that_gets_room_again_gets_all_that_was_held() {
    let Some(net) = Net::new() else { return };
    let disk = Disk::new("1m");
    std::fs::write(disk.path("ballast"), vec![0; 900_000]).unwrap();
    let (file, text) = (disk.path("out.pcap"), disk.path("out.txt"));
    let mut running = net.capture(&["-n", "--findings", "-B", "65536", "-w", &file]);
    net.send(filler(500));
    running.hear("No space left on device");
    std::fs::remove_file(disk.path("ballast")).unwrap();
    running.hear("packets are saved again; nothing is missing");
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(2), "{said:#?}");
    assert_eq!(packets(&file), number_before(&said, " packets captured"));
    assert!(!Path::new(&text).exists());
}

#[test]
fn text_that_finds_no_room_is_counted_and_the_summary_is_there() {
    let Some(net) = Net::new() else { return };
    let disk = Disk::new("64k");
    let text = std::fs::File::create(disk.path("out.txt")).unwrap();
    let mut command = net.command(env!("CARGO_BIN_EXE_tcpcheck"));
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("stderr");
    command.args(["-i", "client0", "-n", "-c", "1000", "-B", "65536"]).stdout(text);
    let mut child = command.stderr(std::fs::File::create(&notes).unwrap()).spawn().unwrap();
    let read = || std::fs::read_to_string(&notes).unwrap();
    let started = std::time::Instant::now();
    while !read().contains("listening on") {
        assert!(started.elapsed() < super::net::PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    net.send(filler(3_000));
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let said: Vec<String> = read().lines().map(str::to_owned).collect();
    assert!(said.iter().any(|line| line.contains("1,000 packets in")), "{said:#?}");
    let written = std::fs::read_to_string(disk.path("out.txt")).unwrap();
    assert!(written.lines().count() as u64 + number_before(&said, " lines are not in it") >= 1_000);
}

#[test]
fn whoever_closes_the_pipe_has_seen_enough_and_what_was_saved_is_whole() {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.pcap");
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = net.command(env!("CARGO_BIN_EXE_tcpcheck"));
    command.args(["-i", "client0", "-n", "--print", "-w", file.to_str().unwrap()]).stdout(writer);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop((command, reader));
    let started = std::time::Instant::now();
    let mut ports = PORT..;
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < super::net::PATIENCE);
        net.converse(ports.next().unwrap());
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(packets(file.to_str().unwrap()) > 0);
}

#[test]
fn a_folder_that_goes_away_is_said_and_the_next_file_is_tried() {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let file = inner.join("out");
    let mut running = net.capture(&["-n", "--findings", "-w", file.to_str().unwrap(), "-C", "4k"]);
    net.send(filler(3));
    std::thread::sleep(std::time::Duration::from_secs(2));
    std::fs::remove_dir_all(&inner).unwrap();
    net.send(filler(30));
    running.hear("No such file or directory");
    std::fs::create_dir(&inner).unwrap();
    running.hear("packets are saved again;");
    net.send(filler(3));
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(2), "{said:#?}");
    assert!(std::fs::read_dir(&inner).unwrap().count() > 0);
}

#[test]
fn a_capture_that_is_killed_leaves_files_that_can_be_read() {
    for milliseconds in [30, 90, 170] {
        let Some(net) = Net::new() else { return };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out");
        let running = net.capture(&["-n", "--findings", "-B", "65536", "-w", file.to_str().unwrap(), "-C", "64k"]);
        std::thread::scope(|scope| {
            scope.spawn(|| net.send(filler(5_000)));
            std::thread::sleep(std::time::Duration::from_millis(milliseconds));
            running.signal(rustix::process::Signal::KILL);
        });
        drop(running);
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            // tshark says so when a file ends inside a packet, and has shown all before.
            let shown = Command::new("tshark").arg("-r").arg(&path).output();
            let Ok(shown) = shown else {
                assert!(std::env::var("TCPCHECK_WITNESSES").is_err(), ".ci/run installs tshark, and it is not here");
                return;
            };
            let words = String::from_utf8_lossy(&shown.stderr);
            assert!(shown.status.success() || words.contains("cut short in the middle of a packet"), "{words}");
        }
    }
}
