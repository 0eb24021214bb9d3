//! The files of `-w` beside the analysis: what cannot be saved is said, and the analysis goes on.

use anyhow::Result;

use crate::capture::{Block, CaptureError, Frame, Remarks, Rotation, Saved};

use super::output::warn;

/// Saves packets.
pub(super) struct CaptureSaver {
    rotation: Rotation,
    /// Whether there is more to do than to save.
    goes_on: bool,
    /// The last attempt failed.
    troubled: bool,
    /// The first failure, for the exit status.
    first: Option<String>,
    said: u64,
}

impl CaptureSaver {
    /// Saves to these files; if it `goes_on`, what fails is said and tried again, and is an error in the end only.
    pub(super) fn new(rotation: Rotation, goes_on: bool) -> Self {
        Self { rotation, goes_on, troubled: false, first: None, said: 0 }
    }

    /// Saves blocks of a pcapng file.
    pub(super) fn blocks(&mut self, blocks: &[Block]) {
        blocks.iter().for_each(|block| self.rotation.block(block));
    }

    /// Whether the frame would end the file under way.
    pub(super) fn turns_at(&self, frame: &Frame) -> bool {
        self.rotation.turns_at(frame)
    }

    /// Ends the file under way with that comment, when it ends.
    pub(super) fn close_with(&mut self, text: String) {
        self.rotation.close_with(text);
    }

    /// Saves a packet, and what is said of it.
    pub(super) fn frame(&mut self, frame: &Frame, remarks: Remarks<'_>) -> Result<Saved> {
        match self.rotation.write_with(frame, remarks) {
            Ok(saved) => Ok(saved),
            Err(error @ CaptureError::SecondLinkType { .. }) => Err(error.into()),
            Err(error) if self.goes_on => {
                self.complain(&error);
                Ok(Saved::Written)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes out what is held, and tries again what failed.
    pub(super) fn flush(&mut self) {
        match self.rotation.flush() {
            Err(error) => self.complain(&error),
            Ok(()) if self.troubled => {
                self.troubled = false;
                let unsaved = self.rotation.unsaved();
                let missing = match unsaved - self.said {
                    0 => "nothing is missing".to_owned(),
                    packets => format!("{packets} packets are missing"),
                };
                self.said = unsaved;
                warn(&format!("tcpcheck: packets are saved again; {missing}"));
            }
            Ok(()) => {}
        }
    }

    /// Ends the last file.
    ///
    /// # Errors
    /// When anything could not be saved, at any time.
    pub(super) fn finish(self) -> Result<()> {
        match (self.rotation.finish(), self.first) {
            (Err(error), _) => Err(error.into()),
            (Ok(0), None) => Ok(()),
            (Ok(0), Some(first)) => anyhow::bail!("{first}, at first; in the end all packets are saved"),
            (Ok(packets), first) => {
                let first = first.map_or_else(String::new, |first| format!("{first}: "));
                anyhow::bail!("{first}{packets} packets are not saved")
            }
        }
    }

    fn complain(&mut self, error: &CaptureError) {
        if !std::mem::replace(&mut self.troubled, true) {
            warn(&format!("tcpcheck: {error}; the analysis goes on"));
        }
        self.first.get_or_insert_with(|| error.to_string());
    }
}
