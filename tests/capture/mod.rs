//! Reading capture files: every format, every way it can end, and other readers as witnesses.

mod build;
#[cfg(feature = "live")]
mod filtering;
mod hostile;
#[cfg(feature = "live")]
mod live;
mod merging;
mod mutated;
mod oracle;
mod packed;
mod pcap;
mod pcapng;
mod rotating;
mod saving;

use tcpcheck::capture::{CaptureError, CaptureFault, Frame, FrameSource, Next, open_reader};

/// A frame that outlives its source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Kept {
    pub number: u64,
    pub nanos: i64,
    pub link_type: u16,
    pub interface: u32,
    pub wire_len: u32,
    pub data: Vec<u8>,
}

impl From<Frame<'_>> for Kept {
    fn from(frame: Frame) -> Self {
        Self {
            number: frame.number,
            nanos: frame.ts.0,
            link_type: frame.link_type.0,
            interface: frame.interface,
            wire_len: frame.wire_len,
            data: frame.data.to_vec(),
        }
    }
}

/// Every frame of a source.
pub(crate) fn drain(source: &mut dyn FrameSource) -> Result<Vec<Kept>, CaptureError> {
    let mut frames = Vec::new();
    loop {
        match source.next_frame()? {
            Next::Frame(frame) => frames.push(Kept::from(frame)),
            Next::Idle => {}
            Next::End => return Ok(frames),
        }
    }
}

/// Every frame of a file, and what was wrong with it.
pub(crate) fn read(bytes: &[u8]) -> (Vec<Kept>, Vec<CaptureFault>) {
    let mut source = open(bytes).expect("it is a capture");
    let frames = drain(&mut *source).expect("nothing refuses to be read");
    (frames, source.faults().to_vec())
}

pub(crate) fn open(bytes: &[u8]) -> Result<Box<dyn FrameSource>, CaptureError> {
    open_reader(std::io::Cursor::new(bytes.to_vec()), "test")
}

/// The error that opening gives.
pub(crate) fn refusal(bytes: &[u8]) -> String {
    open(bytes).err().expect("it is refused").to_string()
}

#[cfg(not(feature = "live"))]
#[test]
fn without_libpcap_files_are_filtered_and_live_capture_says_what_to_do() {
    use tcpcheck::capture::{Filter, LiveOptions, open_live};
    let build = "built without libpcap; build it with `cargo build --release --features live`";
    assert!(Filter::compile("tcp port 80 and not host ::1").is_ok());
    let refused = Filter::compile("tcp and mpls").unwrap_err().to_string();
    assert!(refused.ends_with("`mpls` needs a build with libpcap\n  tcp and mpls\n          ^"), "{refused}");
    assert!(open_live(&LiveOptions::default()).err().unwrap().to_string().contains(build));
    assert!(Filter::compile(" ").unwrap().accepts_all());
}
