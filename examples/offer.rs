//! Puts whole TCP connections on an interface, at a steady rate: `offer INTERFACE PACKETS_PER_SECOND SECONDS few|many`.
//!
//! Each connection is 20 segments: a handshake, six requests with their answers, and a close, so that there is a new one for
//! every 20 packets. `few`: 64 run at once, from a host that makes 50,000 of them before the next one does. `many`: 20,000 run
//! at once, each from a host of its own. Used by `benches/live.py`, between two network namespaces.

use std::error::Error;
use std::time::{Duration, Instant};

/// Segments of a connection.
const SEGMENTS: u64 = 20;

/// Who connects.
#[derive(Clone, Copy)]
struct Crowd {
    /// Connections that run at once.
    at_once: u64,
    /// Connections of one host.
    each: u64,
}

const FEW: Crowd = Crowd { at_once: 64, each: 50_000 };
const MANY: Crowd = Crowd { at_once: 20_000, each: 1 };

/// Bytes of a request and of an answer.
const REQUEST: u32 = 40;
const ANSWER: u32 = 120;

const FIN: u8 = 1;
const SYN: u8 = 2;
const PSH: u8 = 8;
const ACK: u8 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: offer INTERFACE PACKETS_PER_SECOND SECONDS few|many";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [interface, rate, seconds, crowd] = arguments.as_slice() else { return Err(usage.into()) };
    let crowd = match crowd.as_str() {
        "few" => FEW,
        "many" => MANY,
        _ => return Err(usage.into()),
    };
    let (rate, seconds): (u64, u64) = (rate.parse()?, seconds.parse()?);
    let mut wire = pcap::Capture::from_device(interface.as_str())?.snaplen(1).open()?;
    // What it sends itself is of no interest, and is not queued for it.
    wire.filter("less 0", true)?;
    let started = Instant::now();
    let (mut sent, mut refused) = (0_u64, 0_u64);
    let mut frame = Vec::with_capacity(256);
    while started.elapsed() < Duration::from_secs(seconds) {
        let due = (started.elapsed().as_secs_f64() * rate as f64) as u64;
        while sent < due {
            build(&mut frame, crowd, sent);
            if wire.sendpacket(frame.as_slice()).is_err() {
                refused += 1;
            }
            sent += 1;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    println!("{sent} packets offered in {:.1} s, {refused} refused", started.elapsed().as_secs_f64());
    Ok(())
}

/// The frame of that number.
fn build(frame: &mut Vec<u8>, Crowd { at_once, each }: Crowd, number: u64) {
    let group = number / (SEGMENTS * at_once);
    let (step, place) = (number % (SEGMENTS * at_once) / at_once, number % at_once);
    let connection = group * at_once + place;
    // A port comes back after 50,000 connections, from another address.
    let client = (0x0a80_0000 + (connection / each) as u32 % 0x7f_ffff, 10_000 + (connection % 50_000) as u16);
    let server = (0x0a00_0002, 80);
    let isn = (connection as u32).wrapping_mul(0x9e37_79b9);
    let (from_client, flags, payload, seq, ack) = segment(step);
    let (client_isn, server_isn) = (isn, !isn);
    let (seq, ack) = match from_client {
        true => (client_isn.wrapping_add(seq), server_isn.wrapping_add(ack)),
        false => (server_isn.wrapping_add(seq), client_isn.wrapping_add(ack)),
    };
    let ((src, sport), (dst, dport)) = if from_client { (client, server) } else { (server, client) };
    let total = 40 + payload as u16;
    frame.clear();
    frame.extend([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
    frame.extend([0x45, 0]);
    frame.extend(total.to_be_bytes());
    frame.extend((number as u16).to_be_bytes());
    frame.extend([0x40, 0, 64, 6, 0, 0]);
    frame.extend(src.to_be_bytes());
    frame.extend(dst.to_be_bytes());
    let header = fold(sum(&frame[14..34]));
    frame[24..26].copy_from_slice(&header.to_be_bytes());
    frame.extend(sport.to_be_bytes());
    frame.extend(dport.to_be_bytes());
    frame.extend(seq.to_be_bytes());
    frame.extend(if flags & ACK == 0 { 0 } else { ack }.to_be_bytes());
    frame.extend([0x50, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    // The payload is zeros: it adds nothing to the sum.
    let sum = fold(sum(&frame[26..54]) + 6 + 20 + payload);
    frame[50..52].copy_from_slice(&sum.to_be_bytes());
    frame.resize(54 + payload as usize, 0);
}

/// A segment of a connection: whose it is, its flags, payload, and numbers from the ISNs on.
fn segment(step: u64) -> (bool, u8, u32, u32, u32) {
    // Requests and answers alternate from the fourth segment on: each acknowledges what came before it.
    let exchange = step.saturating_sub(3) as u32;
    let (asked, answered) = (exchange.div_ceil(2), exchange / 2);
    match step {
        0 => (true, SYN, 0, 0, 0),
        1 => (false, SYN | ACK, 0, 0, 1),
        2 => (true, ACK, 0, 1, 1),
        3..=14 if exchange.is_multiple_of(2) => (true, PSH | ACK, REQUEST, 1 + asked * REQUEST, 1 + answered * ANSWER),
        3..=14 => (false, PSH | ACK, ANSWER, 1 + answered * ANSWER, 1 + asked * REQUEST),
        15 => (true, ACK, 0, 1 + 6 * REQUEST, 1 + 6 * ANSWER),
        16 => (true, FIN | ACK, 0, 1 + 6 * REQUEST, 1 + 6 * ANSWER),
        17 => (false, ACK, 0, 1 + 6 * ANSWER, 2 + 6 * REQUEST),
        18 => (false, FIN | ACK, 0, 1 + 6 * ANSWER, 2 + 6 * REQUEST),
        _ => (true, ACK, 0, 2 + 6 * REQUEST, 2 + 6 * ANSWER),
    }
}

fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum()
}

fn fold(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    !((sum & 0xffff) + (sum >> 16)) as u16
}
