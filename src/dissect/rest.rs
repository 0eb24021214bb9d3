//! What is left of a frame behind the layers read so far.

use crate::dissect::stop::{LayerName, LengthSource, Shortfall, Stop};

/// The bytes from one point of a frame on: those captured, and how many there were on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a> {
    /// The captured bytes.
    pub data: &'a [u8],
    /// Where they begin, in bytes from the start of the frame.
    pub offset: u32,
    /// How many bytes there are by the wire or an outer length field; `data` may be shorter.
    pub wire_len: u32,
    /// Who says `wire_len`.
    pub source: LengthSource,
}

impl<'a> Rest<'a> {
    /// The first `N` bytes, and what is behind them.
    #[inline]
    pub(super) fn split<const N: usize>(self, layer: LayerName) -> Result<(&'a [u8; N], Self), Stop> {
        match self.data.split_first_chunk::<N>() {
            Some((head, data)) => Ok((head, self.behind(data, N))),
            None => Err(self.short(layer, N)),
        }
    }

    /// The first `n` bytes, and what is behind them.
    #[inline]
    pub(super) fn split_at(self, n: usize, layer: LayerName) -> Result<(&'a [u8], Self), Stop> {
        match self.data.split_at_checked(n) {
            Some((head, data)) => Ok((head, self.behind(data, n))),
            None => Err(self.short(layer, n)),
        }
    }

    /// What is behind the first `n` bytes.
    pub(super) fn skip(self, n: usize, layer: LayerName) -> Result<Self, Stop> {
        self.split_at(n, layer).map(|(_, rest)| rest)
    }

    /// Leaves out what is behind the first `len` bytes, as a length field of an outer layer says.
    #[inline]
    pub(super) fn limit(self, len: u32) -> Self {
        if len >= self.wire_len {
            return self;
        }
        let data = self.data.get(..len as usize).unwrap_or(self.data);
        Self { data, wire_len: len, source: LengthSource::Header, ..self }
    }

    /// Says that there are only `len` bytes on the wire, and keeps what was captured behind them all the same: a length
    /// field that leaves no room for what it counts is wrong more often than what it counts.
    pub(super) fn promise(self, len: u32) -> Self {
        if len >= self.wire_len { self } else { Self { wire_len: len, source: LengthSource::Header, ..self } }
    }

    /// Leaves out the last `n` bytes of the frame, such as a frame check sequence.
    pub(super) fn without_trailer(self, n: u32) -> Self {
        let wire_len = self.wire_len.saturating_sub(n);
        let data = self.data.get(..wire_len as usize).unwrap_or(self.data);
        Self { data, wire_len, ..self }
    }

    /// Four bits that tell IPv4 from IPv6, if there are any.
    pub(super) fn version(self) -> Option<u8> {
        self.data.first().map(|byte| byte >> 4)
    }

    /// Whether this may be an IP packet, as far as its first byte was captured.
    pub(super) fn may_be_ip(self) -> bool {
        match self.data.first() {
            Some(0x45..=0x4f | 0x60..=0x6f) => true,
            Some(_) => false,
            None => self.wire_len > 0,
        }
    }

    /// Whether this may be an Ethernet frame that carries IP, at once or behind tags, as far as it was captured.
    pub(super) fn may_be_ethernet(self) -> bool {
        match self.data.split_first_chunk::<14>() {
            Some((&[.., 0x08, 0x00], behind)) => matches!(behind.first(), None | Some(0x45..=0x4f)),
            Some((&[.., 0x86, 0xdd], behind)) => matches!(behind.first(), None | Some(0x60..=0x6f)),
            Some((&[.., a, b], _)) => matches!(u16::from_be_bytes([a, b]), 0x8100 | 0x88a8 | 0x8847 | 0x8864),
            None => self.wire_len >= 14,
        }
    }

    /// That a layer which begins here needs `needed` bytes.
    #[cold]
    pub(super) fn short(self, layer: LayerName, needed: usize) -> Stop {
        let present = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        let limit = if present < self.wire_len { LengthSource::Capture } else { self.source };
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        Stop::Cut(Shortfall { layer, offset: self.offset, needed, present, limit })
    }

    #[inline]
    fn behind(self, data: &'a [u8], n: usize) -> Self {
        let n = n as u32;
        Self { data, offset: self.offset.wrapping_add(n), wire_len: self.wire_len.saturating_sub(n), ..self }
    }
}
