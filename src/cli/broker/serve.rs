//! The broker at work.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process_group, pidfd_send_signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

use crate::capture::{Broker, CaptureError, OwnBroker, SaveNames};
use crate::cli::sandbox;

use super::wire::{anchor, receive, send};
use super::{Answer, Request};

/// Runs errands until nobody is left to ask for any.
///
/// # Errors
/// When standard input is no socket of a capture.
pub(crate) fn serve() -> Result<()> {
    // What ends the capture is for the capture to say.
    for signal in [SIGHUP, SIGINT, SIGTERM, SIGUSR1] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    let stdin = io::stdin();
    let socket = stdin.as_fd();
    let Ok((Request::Begin { names, interface, group }, file)) = next(socket) else {
        bail!("broker is a part of a capture that opens files for it; there is nothing to see here")
    };
    let (anchor, command) = match (interface, file) {
        (Some(interface), Some(socket)) => (anchor(interface, socket), None),
        (_, command) => (None, command),
    };
    let names = SaveNames::from(names);
    let mut broker = OwnBroker::new(names).anchored(anchor);
    sandbox::keep_what_the_broker_needs(command.is_some());
    answer(socket, Ok((PathBuf::new(), None)))?;
    while let Ok((request, _)) = next(socket) {
        let done = match request.file() {
            Some(file) => broker.make(&file).map(|(file, path)| (path, Some(file.into()))),
            None => match request {
                Request::HandOn => broker.hand_on(),
                Request::Reattach => broker.reattach(),
                Request::Discard => broker.discard(),
                Request::Stop { insist } => stop(command.as_ref(), group, insist),
                _ => {
                    broker.end();
                    Ok(())
                }
            }
            .map(|()| (PathBuf::new(), None)),
        };
        answer(socket, done)?;
    }
    broker.end();
    Ok(())
}

/// Ends the command, and what else is in its process group. As long as the handle takes a signal, no other process can have got
/// the group's number: not even when the command is over, because whoever started it has not asked how it ended.
fn stop(command: Option<&OwnedFd>, group: Option<i32>, insist: bool) -> Result<(), CaptureError> {
    let signal = if insist { Signal::KILL } else { Signal::TERM };
    let sent = command.ok_or(rustix::io::Errno::SRCH).and_then(|command| pidfd_send_signal(command, signal));
    if let (Ok(()), Some(group)) = (sent, group.filter(|group| *group > 1).and_then(Pid::from_raw)) {
        // It may be over by now.
        let _ = kill_process_group(group, signal);
    }
    sent.map_err(|error| refused("the command".as_ref(), error.into()))
}

fn refused(path: &Path, source: io::Error) -> CaptureError {
    CaptureError::Io { path: path.to_owned(), source }
}

fn next(socket: BorrowedFd<'_>) -> io::Result<(Request, Option<OwnedFd>)> {
    let (message, file) = receive(socket)?;
    Ok((serde_json::from_slice(&message)?, file))
}

fn answer(socket: BorrowedFd<'_>, done: Result<(PathBuf, Option<OwnedFd>), CaptureError>) -> io::Result<()> {
    let (answer, file) = match done {
        Ok((path, file)) => (Answer::Done { path: path.into() }, file),
        Err(CaptureError::Io { path, source }) => {
            (Answer::Refused { path: path.into(), number: source.raw_os_error(), words: source.to_string() }, None)
        }
        Err(error) => (Answer::Failed { words: error.to_string() }, None),
    };
    send(socket, &serde_json::to_vec(&answer)?, file.as_ref().map(AsFd::as_fd))
}
