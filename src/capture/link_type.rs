//! Link types by the numbers that capture files carry (`LINKTYPE_…`).

/// A `LINKTYPE_` value; [`LinkType::name`] gives libpcap's name for those that are known.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct LinkType(pub u16);

impl LinkType {
    /// Ethernet.
    pub const EN10MB: Self = Self(1);
}
