//! Bytes on their way to a file or a pipe that may refuse them for a while.

use std::io::{self, ErrorKind, Write};

/// What is to be written next, and how much of it has gone.
///
/// A writer that fails in the middle loses nothing: what it took is remembered, and the next attempt goes on from there.
#[derive(Debug, Default)]
pub struct Spool {
    /// All that is to be written; appended to, and otherwise left alone.
    pub bytes: Vec<u8>,
    gone: usize,
}

impl Spool {
    /// With room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), gone: 0 }
    }

    /// How many of the bytes have been taken by the writer already.
    pub fn gone(&self) -> usize {
        self.gone
    }

    /// Writes all that is there, as far as `output` takes it.
    ///
    /// # Errors
    /// The writer's. What it has not taken stays.
    pub fn drain(&mut self, output: &mut impl Write) -> io::Result<()> {
        while let Some(rest) = self.bytes.get(self.gone..).filter(|rest| !rest.is_empty()) {
            match output.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(taken) => self.gone = self.gone.saturating_add(taken),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.clear();
        self.gone = 0;
        output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, and then none until it gets room.
    struct Disk {
        holds: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.holds.extend(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_disk_that_was_full_gets_the_rest_once_it_has_room_and_nothing_twice() {
        let mut disk = Disk { holds: Vec::new(), room: 3 };
        let mut spool = Spool::default();
        spool.bytes.extend(b"one two ");
        assert_eq!(spool.drain(&mut disk).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(spool.gone(), 3);
        spool.bytes.extend(b"three");
        assert!(spool.drain(&mut disk).is_err());
        disk.room = 100;
        spool.drain(&mut disk).unwrap();
        assert_eq!(disk.holds, b"one two three");
        assert!(spool.bytes.is_empty());
    }
}
