//! How a line is to look: tcpdump's options in plain fields.

/// What tcpdump's letters ask of a line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LineStyle {
    /// `-n`: addresses and ports as numbers.
    pub numeric: bool,
    /// `-N`: host names without their domain.
    pub no_domain: bool,
    /// `-t` to `-ttttt`: the time stamp.
    pub stamp: StampStyle,
    /// `--nano`: nine digits behind the second instead of six.
    pub nano: bool,
    /// `-v` to `-vvv`: 0 to 3.
    pub verbose: u8,
    /// `-q`: protocol, addresses and length alone.
    pub quiet: bool,
    /// `-e`: the link-layer header.
    pub link_header: bool,
    /// `-x`, `-X`, `-A` and their like: the packet's bytes behind the line.
    pub dump: DumpStyle,
    /// `-S`: sequence numbers as the header has them.
    pub absolute: bool,
    /// `-#`: a packet number before the line.
    pub number: bool,
    /// `-K`: no checksum with `-v`.
    pub no_checksum: bool,
    /// Captured on this machine: interfaces have their names here.
    pub local: bool,
}

/// The time stamp before a line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum StampStyle {
    /// Local time of day.
    #[default]
    TimeOfDay,
    /// `-t`: none.
    Absent,
    /// `-tt`: seconds since 1970.
    Seconds,
    /// `-ttt`: since the packet before.
    SincePrevious,
    /// `-tttt`: local date and time of day.
    Date,
    /// `-ttttt`: since the first packet.
    SinceFirst,
}

impl StampStyle {
    /// The style that so many `-t` ask for; more than five count as five.
    pub fn from_count(count: u8) -> Self {
        match count {
            0 => Self::TimeOfDay,
            1 => Self::Absent,
            2 => Self::Seconds,
            3 => Self::SincePrevious,
            4 => Self::Date,
            _ => Self::SinceFirst,
        }
    }
}

/// The bytes behind a line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DumpStyle {
    /// `-x` once, `-xx` twice (with the link-layer header).
    pub hex: u8,
    /// `-X` once, `-XX` twice.
    pub hex_ascii: u8,
    /// `-A` once, `-AA` twice.
    pub ascii: u8,
}
