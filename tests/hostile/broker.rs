//! The process that opens files for a confined capture, asked by one that has been taken over.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags,
    SocketType, recvmsg, sendmsg, socketpair,
};
use serde_json::{Value, json};

/// It, and the other end of its socket.
struct Broker {
    socket: OwnedFd,
    process: Child,
}

impl Broker {
    /// Begins as for these files.
    fn begin(pattern: &Path, more: Value) -> Self {
        let (here, there) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
        command.arg("broker").stdin(there).stdout(Stdio::null()).stderr(Stdio::null());
        let broker = Self { socket: here, process: command.spawn().unwrap() };
        let mut names = json!({ "pattern": os(pattern.as_os_str()), "bytes": null, "every": null, "files": null,
            "command": null, "purpose": "Turns" });
        names.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(broker.ask(&json!({ "Begin": { "names": names, "interface": null } })).is_ok());
        broker
    }

    /// Asks; what comes back if it is done, and why it is not.
    fn ask(&self, request: &Value) -> Result<Option<OwnedFd>, String> {
        let message = serde_json::to_vec(request).unwrap();
        let flags = SendFlags::NOSIGNAL;
        sendmsg(&self.socket, &[IoSlice::new(&message)], &mut SendAncillaryBuffer::default(), flags).unwrap();
        let (mut answer, mut space) = (vec![0; 65_536], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]);
        let mut along = RecvAncillaryBuffer::new(&mut space);
        let parts = &mut [IoSliceMut::new(&mut answer)];
        let bytes = recvmsg(&self.socket, parts, &mut along, RecvFlags::CMSG_CLOEXEC).unwrap().bytes;
        let file = along.drain().find_map(|along| match along {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        let answer: Value = serde_json::from_slice(&answer[..bytes]).map_err(|_| "gone".to_owned())?;
        match answer.get("Done") {
            Some(_) => Ok(file),
            None => Err(answer.to_string()),
        }
    }

    fn turn(&self, count: u32) -> Result<Option<OwnedFd>, String> {
        self.ask(&json!({ "Turn": { "began": null, "count": count } }))
    }

    fn children(&self) -> usize {
        let pid = self.process.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.split_whitespace().count()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
        let _ = self.process.wait();
    }
}

fn os(text: &std::ffi::OsStr) -> Value {
    json!({ "Unix": text.as_bytes() })
}

fn finding() -> Value {
    json!({ "Finding": { "code": 203, "flow": 1, "frame": 1, "at": 0 } })
}

#[track_caller]
fn refused<T>(done: Result<T, String>) {
    let why = done.err().expect("it is done");
    assert!(why.contains("was not planned when it began"), "{why}");
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn files_that_were_not_asked_for_are_neither_made_nor_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("x.pcap7"), "somebody else's").unwrap();
    let broker = Broker::begin(&at("x.pcap"), json!({ "bytes": 1_000_000, "files": 2 }));
    for count in [7, 2, 1, u32::MAX] {
        refused(broker.turn(count));
    }
    for count in [0, 1, 0, 1] {
        assert!(broker.turn(count).unwrap().is_some());
        refused(broker.turn(2));
    }
    refused(broker.ask(&finding()));
    refused(broker.ask(&json!("Discard")));
    assert!(broker.ask(&json!({ "Stop": { "insist": true } })).is_err(), "there is no command");
    assert!(broker.ask(&json!("Reattach")).is_err(), "there is no interface");
    assert_eq!(std::fs::read(at("x.pcap7")).unwrap(), b"somebody else's");
    assert_eq!(files(folder.path()), 3);
}

#[test]
fn files_around_findings_are_as_many_as_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let purpose = json!({ "purpose": { "Findings": { "most": 2 } } });
    let broker = Broker::begin(&folder.path().join("x.pcap"), purpose);
    refused(broker.turn(0));
    assert!(broker.ask(&finding()).is_ok() && broker.ask(&finding()).is_ok());
    refused(broker.ask(&finding()));
    assert_eq!(files(folder.path()), 1);
}

#[test]
fn a_temporary_file_is_removed_and_no_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    std::fs::write(&path, "packets").unwrap();
    let broker = Broker::begin(&path, json!({ "purpose": "Temporary" }));
    refused(broker.turn(0));
    assert!(broker.ask(&json!("Discard")).is_ok());
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn no_link_is_followed_from_one_file_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("victim"), "precious").unwrap();
    symlink(at("victim"), at("x.pcap1")).unwrap();
    let broker = Broker::begin(&at("x.pcap"), json!({ "bytes": 1 }));
    broker.turn(0).unwrap();
    let why = broker.turn(1).expect_err("a link was followed");
    assert!(why.contains("a link is in its place"), "{why}");
    assert_eq!(std::fs::read(at("victim")).unwrap(), b"precious");
}

#[test]
fn commands_run_for_files_that_were_made_and_only_so_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let command = folder.path().join("wait");
    std::fs::write(&command, "#!/bin/sh\nread line < \"$0.go\"\n").unwrap();
    std::fs::set_permissions(&command, PermissionsExt::from_mode(0o755)).unwrap();
    let go = folder.path().join("wait.go");
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    let more = json!({ "bytes": 1, "command": os(command.as_os_str()) });
    let broker = Broker::begin(&folder.path().join("x.pcap"), more);
    // Without a file there is nothing to run it for.
    broker.ask(&json!("HandOn")).unwrap();
    assert_eq!(broker.children(), 0);
    for count in 0..40 {
        broker.turn(count).unwrap();
        broker.ask(&json!("HandOn")).unwrap();
    }
    assert_eq!(broker.children(), 16);
    // All of them are run in the end: each reads a line.
    let lines = std::thread::spawn(move || {
        let mut go = std::fs::OpenOptions::new().read(true).write(true).open(go).unwrap();
        std::io::Write::write_all(&mut go, &[b'\n'; 40]).unwrap();
        go
    });
    broker.ask(&json!("End")).unwrap();
    assert_eq!(broker.children(), 0);
    drop(lines.join().unwrap());
}

#[test]
fn a_message_that_means_nothing_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut broker = Broker::begin(&folder.path().join("x.pcap"), json!({}));
    let message = [IoSlice::new(b"{")];
    sendmsg(&broker.socket, &message, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL).unwrap();
    assert!(broker.process.wait().unwrap().success());
}
