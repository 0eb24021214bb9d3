//! Standard input that ends when the user says so, also while nothing comes.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// As much is read at once.
const BLOCK: usize = 128 * 1024;

/// So often the stop flag is looked at while nothing comes.
const GLANCE: Duration = Duration::from_millis(100);

/// An input read by a thread of its own, so that waiting for it can be given up.
#[derive(Debug)]
pub(super) struct Interruptible {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: io::Cursor<Vec<u8>>,
    stop: Arc<AtomicBool>,
}

impl Interruptible {
    /// `input`, until it ends or `stop` becomes true.
    pub(super) fn new(mut input: impl Read + Send + 'static, stop: Arc<AtomicBool>) -> Self {
        // Two blocks at most wait to be taken.
        let (sender, blocks) = sync_channel(1);
        thread::spawn(move || {
            loop {
                let mut block = vec![0; BLOCK];
                let read = loop {
                    match input.read(&mut block) {
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        read => break read,
                    }
                };
                block.truncate(*read.as_ref().unwrap_or(&0));
                let over = block.is_empty();
                if sender.send(read.map(|_| block)).is_err() || over {
                    break;
                }
            }
        });
        Self { blocks, block: io::Cursor::default(), stop }
    }
}

impl Read for Interruptible {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.block.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.blocks.recv_timeout(GLANCE) {
                Ok(block) => {
                    self.block = io::Cursor::new(block?);
                    if self.block.get_ref().is_empty() {
                        return Ok(0);
                    }
                }
                Err(RecvTimeoutError::Timeout) if !self.stop.load(Ordering::Relaxed) => {}
                Err(_) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_through_in_its_order() {
        let bytes: Vec<u8> = (0..5 * BLOCK + 7).map(|n| (n % 251) as u8).collect();
        let mut input = Interruptible::new(io::Cursor::new(bytes.clone()), Arc::default());
        let mut read = Vec::new();
        input.read_to_end(&mut read).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn an_input_that_says_nothing_ends_when_it_is_told_to() {
        let (end, mut writer) = io::pipe().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let mut input = Interruptible::new(end, stop.clone());
        io::Write::write_all(&mut writer, b"some").unwrap();
        let mut some = [0; 4];
        input.read_exact(&mut some).unwrap();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(input.read(&mut some).unwrap(), 0);
    }
}
