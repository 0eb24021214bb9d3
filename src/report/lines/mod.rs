//! tcpdump's line for a TCP packet, byte for byte as tcpdump 4.99.3 writes it, up to and including `length N`.
//!
//! What applications say behind the length (`: HTTP: …`) is left out. Nothing but printable ASCII that is made here ever
//! gets into a line: the packet's own bytes appear as numbers, and with `-A` and `-X` with `.` for whatever cannot be
//! printed. With `-A` a packet's own line ends and tabs stay, so what follows may begin with any character, `#` too.

mod dump;
mod extensions;
mod ip;
mod ip_options;
mod layers;
mod link;
mod media;
mod mptcp;
mod options;
mod radio;
mod relative;
mod stamp;
mod style;
mod switch;
mod tcp;
mod tunnel;

pub use style::{DumpStyle, LineStyle, StampStyle};

use jiff::tz::TimeZone;

use super::buffer::{Append, BufferWriter, SpareCapacity};
use super::integer;
use super::names::Names;
use crate::capture::Frame;
use crate::dissect::{Content, Dissection, NotTcp};
use relative::Relative;
use stamp::Stamps;

/// Writes a line for each TCP packet of one capture. Every packet that passes the filter has to come by, in order.
#[derive(Clone, Debug)]
pub struct Lines {
    style: LineStyle,
    names: Names,
    stamps: Stamps,
    relative: Relative,
    count: u64,
    room: SpareCapacity,
}

impl Lines {
    /// Lines that look so, in the local time of this machine (or of `TZ`).
    pub fn new(style: LineStyle) -> Self {
        Self::in_zone(style, TimeZone::system())
    }

    /// Lines that look so, in the local time of `zone`.
    pub fn in_zone(style: LineStyle, zone: TimeZone) -> Self {
        let names = if style.numeric { Names::numeric() } else { Names::new() };
        let names = if style.local { names.with_interfaces() } else { names };
        Self {
            style,
            names: if style.no_domain { names.without_domain() } else { names },
            stamps: Stamps::new(style.stamp, style.nano, zone),
            relative: Relative::default(),
            count: 0,
            room: SpareCapacity::default(),
        }
    }

    /// Writes a packet's line, with its line end, if it is a TCP packet.
    pub fn packet(&mut self, out: &mut Vec<u8>, frame: &Frame<'_>, dissection: &Dissection<'_>) {
        let Some(ip) = dissection.ip() else { return self.skip(frame) };
        let is_tcp =
            |content| matches!(content, Content::Tcp(_) | Content::TcpCut(..) | Content::Other(NotTcp::LaterFragment));
        if !is_tcp(dissection.content) {
            return self.skip(frame);
        }
        self.count += 1;
        let mut pen = BufferWriter::new(&mut self.room, out);
        if self.style.number {
            integer::padded(&mut pen, self.count, 5, b' ');
            pen.text(b"  ");
        }
        if (frame.wire_len as usize) < frame.data.len() {
            // tcpdump distrusts such a record altogether: it does not even have a time.
            return invalid(&mut pen, frame);
        }
        self.stamps.write(&mut pen, frame.ts);
        layers::write(&mut pen, &self.style, &self.names, dissection);
        let end = match &dissection.content {
            Content::Tcp(tcp) => tcp::write(&mut pen, &self.style, &self.names, &mut self.relative, ip, tcp),
            Content::TcpCut(bytes, _) => {
                tcp::write_cut(&mut pen, &self.names, ip, bytes);
                None
            }
            Content::Other(NotTcp::LaterFragment) => {
                ip::write_fragment(&mut pen, &self.style, &self.names, ip);
                None
            }
            Content::Icmp(_) | Content::Other(_) | Content::Cut(_) => None,
        };
        if end.is_none() {
            layers::close(&mut pen, dissection);
        }
        if self.style.dump != DumpStyle::default() {
            // On this end tcpdump jumps out of all its printers, and forgets how long the link-layer header was.
            let link_len = if end == Some(options::End::Cut) { 0 } else { layers::header_len(dissection) };
            dump::write(pen.written(), self.style.dump, frame.data, link_len);
        }
        pen.push(b'\n');
    }

    /// Takes note of a packet that is not printed: it has its number, and times are counted from it.
    pub fn skip(&mut self, frame: &Frame<'_>) {
        self.count += 1;
        if !frame.data.is_empty() && frame.data.len() <= frame.wire_len as usize {
            self.stamps.pass(frame.ts);
        }
    }
}

/// Writes the line of a record that claims more captured bytes than there were on the wire.
fn invalid(out: &mut BufferWriter<'_>, frame: &Frame<'_>) {
    if frame.wire_len == 0 {
        return out.add(b"[Invalid header: len==0]\n");
    }
    out.add(b"[Invalid header: len(");
    integer::decimal(out, frame.wire_len);
    out.add(b") < caplen(");
    integer::decimal(out, frame.data.len());
    out.add(b")]\n");
}
