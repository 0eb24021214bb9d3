//! The broker as the confined process knows it.

use std::fs::File;
use std::io::{self};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::capture::{Anchor, Broker, CaptureError, Purpose, SaveNames, SavedFile};

use super::wire::{interface, receive, send, socket};
use super::{Answer, Interface, Request};

/// A broker in another process, which ends when this is dropped.
pub(crate) struct RemoteBroker {
    socket: OwnedFd,
    names: SaveNames,
    process: Child,
}

impl RemoteBroker {
    /// Starts the process. It keeps what privileges this one has, so it comes before they are dropped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn spawn(names: SaveNames, anchor: Option<Anchor>) -> Result<Self> {
        let interface = anchor.as_ref().and_then(interface);
        Self::spawn_for(names, interface, None, anchor.as_ref().and_then(socket))
    }

    /// The same, for a capture that lasts as long as a command, which this broker can end.
    ///
    /// # Errors
    /// As [`spawn`](Self::hire), and when the system has no handle for a process.
    pub(crate) fn spawn_beside(names: SaveNames, command: Option<&Child>, has_group: bool) -> Result<Self> {
        let handle = command.map(|child| pidfd_open(Pid::from_child(child), PidfdFlags::empty())).transpose();
        let handle = handle.context("the command, for the process that can end it; --no-sandbox does without")?;
        let group = command.filter(|_| has_group).map(|child| Pid::from_child(child).as_raw_nonzero().get());
        Self::spawn_for(names, None, group, handle.as_ref().map(AsFd::as_fd))
    }

    fn spawn_for(
        names: SaveNames,
        interface: Option<Interface>,
        group: Option<i32>,
        along: Option<BorrowedFd<'_>>,
    ) -> Result<Self> {
        let start = || -> io::Result<(OwnedFd, Child)> {
            let (here, there) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
            let mut command = Command::new("/proc/self/exe");
            command.arg0("tcpcheck").arg("broker").stdin(there);
            if names.turns().command.is_none() {
                // It has nothing to say, and holds no pipe open that others wait for.
                command.stdout(Stdio::null()).stderr(Stdio::null());
            }
            Ok((here, command.spawn()?))
        };
        let (socket, process) = start().context(
            "cannot start the process that opens files for a confined capture; --no-sandbox does without both",
        )?;
        let broker = Self { socket, names, process };
        let request = Request::Begin { names: (&broker.names).into(), interface, group };
        broker.ask(&request, along).context("the process that opens files for a confined capture does not answer")?;
        Ok(broker)
    }

    /// The socket through which it is asked.
    pub(crate) fn socket(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Removes the file of `-w`.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(crate) fn discard(&self) -> Result<(), CaptureError> {
        self.ask(&Request::Discard, None).map(|_| ())
    }

    /// Asks the command to end, or ends it.
    ///
    /// # Errors
    /// When it has ended, or is another user's.
    pub(crate) fn stop(&self, insist: bool) -> Result<(), CaptureError> {
        self.ask(&Request::Stop { insist }, None).map(|_| ())
    }

    /// Asks, and waits for the answer; a file may come along.
    fn ask(
        &self,
        request: &Request,
        along: Option<BorrowedFd<'_>>,
    ) -> Result<(PathBuf, Option<OwnedFd>), CaptureError> {
        // Not the error's own kind: a broken pipe would be taken for a reader of standard output that has had enough.
        let gone = |error: io::Error| CaptureError::Io {
            path: "the process that opens files".into(),
            source: io::Error::other(format!("it has gone: {error}")),
        };
        let message = serde_json::to_vec(request).map_err(|error| gone(error.into()))?;
        send(self.socket.as_fd(), &message, along).map_err(gone)?;
        let (answer, file) = receive(self.socket.as_fd()).map_err(gone)?;
        match serde_json::from_slice(&answer).map_err(|_| gone(io::ErrorKind::UnexpectedEof.into()))? {
            Answer::Done { path } => Ok((path.into(), file)),
            Answer::Refused { path, number: Some(number), .. } => {
                Err(CaptureError::Io { path: path.into(), source: io::Error::from_raw_os_error(number) })
            }
            Answer::Refused { path, number: None, words } => {
                Err(CaptureError::Io { path: path.into(), source: io::Error::other(words) })
            }
            Answer::Failed { words } => Err(CaptureError::Live { interface: "capture".to_owned(), words }),
        }
    }
}

impl Broker for RemoteBroker {
    fn make(&mut self, file: &SavedFile) -> Result<(File, PathBuf), CaptureError> {
        let (path, made) = self.ask(&file.into(), None)?;
        let made = made.ok_or_else(|| CaptureError::Io {
            path: path.clone(),
            source: io::Error::other("it was made, and did not arrive"),
        })?;
        Ok((made.into(), path))
    }

    fn hand_on(&mut self) -> Result<(), CaptureError> {
        if self.names.turns().command.is_none() && self.names.purpose() != Purpose::Shown {
            return Ok(());
        }
        self.ask(&Request::HandOn, None).map(|_| ())
    }

    fn end(&mut self) {
        // One that has gone has nothing to wait for.
        let _ = self.ask(&Request::End, None);
    }

    fn reattach(&mut self) -> Result<(), CaptureError> {
        self.ask(&Request::Reattach, None).map(|_| ())
    }
}

impl Drop for RemoteBroker {
    fn drop(&mut self) {
        // It sees that nobody is left to ask.
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_broker_that_has_gone_is_an_error_and_no_reader_that_has_had_enough() {
        let (socket, _) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let process = Command::new("true").spawn().unwrap();
        let mut broker = RemoteBroker { socket, names: SaveNames::new("x".as_ref(), Default::default()), process };
        let error = broker.make(&SavedFile::Turn { began: None, count: 0 }).unwrap_err();
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
        assert_eq!(source.kind(), io::ErrorKind::Other, "{error}");
        assert!(error.to_string().contains("it has gone"), "{error}");
    }
}
