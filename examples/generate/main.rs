//! Makes captures to measure with: seeded, of any size, and of TCP as a common stack speaks it.
//!
//! ```text
//! cargo run --release --example generate -- SHAPE [OPTIONS] > FILE
//!
//! generate short --connections 100000 -o short.pcap         a million packets, a thousand connections at a time
//! generate large --packets 1000000 -o large.pcap            four flows that are always sending
//! generate concurrent --connections 500000 -o many.pcap     half a million connections open at once
//! generate flood --packets 3000000 -o flood.pcap            a SYN flood, and a thousand real connections
//! generate mix --packets 10000000 -o mix.pcap               20,000 that stay, 10,000 new ones a second, loss, disorder, resets
//! generate short --loss 10 --reorder 5 --ipv6 30            lost and overtaken segments, some IPv6
//! ```
//!
//! The same options and seed give the same bytes. Checksums are right, IP identifications and timestamps count up, windows
//! hold what is in flight. Of `--loss` and `--reorder` a burst shows at most one. How many packets and connections there are
//! goes to standard error.

mod connection;
mod frame;
mod random;
mod traffic;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

use frame::MAX_PAYLOAD;
use traffic::{Shape, Traffic};

/// Make a capture to measure with
#[derive(Debug, Parser)]
struct Args {
    /// What kind of traffic
    shape: Shape,
    /// About so many packets (in a flood so many SYNs) [default: what the connections take, 10000000 in a mix, or 1000000]
    #[arg(long)]
    packets: Option<u64>,
    /// So many connections [default: short: a tenth of the packets, large: 4, concurrent: 10000, flood: 1000, mix: 20000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    connections: Option<u64>,
    /// New connections a second beside those, in `mix`
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    fresh: u64,
    /// Of them, open at a time in `short` and `flood`
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    concurrent: u64,
    /// Another seed, another capture
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Data segments lost, of a thousand [default: mix: 5, else 0]
    #[arg(long, value_parser = clap::value_parser!(u32).range(..=500))]
    loss: Option<u32>,
    /// Data segments overtaken, of a thousand [default: mix: 5, else 0]
    #[arg(long, value_parser = clap::value_parser!(u32).range(..=500))]
    reorder: Option<u32>,
    /// Connections reset by the client at their end, of a thousand [default: mix: 50, else 0]
    #[arg(long, value_parser = clap::value_parser!(u32).range(..=1000))]
    resets: Option<u32>,
    /// Connections over IPv6, of a hundred
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100))]
    ipv6: u32,
    /// Bytes of payload in a data segment [default: large: 1428, else 512]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_PAYLOAD)))]
    payload: Option<u16>,
    /// Where to; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Args {
    fn traffic(&self) -> Traffic {
        let million = 1_000_000;
        let connections = self.connections.unwrap_or(match self.shape {
            Shape::Short => self.packets.unwrap_or(million) / 10,
            Shape::Large => 4,
            Shape::Concurrent => 10_000,
            Shape::Flood => 1_000,
            Shape::Mix => 20_000,
        });
        let of_mix = |given: Option<u32>, usual| given.unwrap_or(if self.shape == Shape::Mix { usual } else { 0 });
        Traffic {
            shape: self.shape,
            packets: self.packets.unwrap_or(match self.shape {
                Shape::Concurrent => 20 * connections,
                Shape::Mix => 10 * million,
                _ => million,
            }),
            connections,
            concurrent: self.concurrent,
            seed: self.seed,
            payload: self.payload.unwrap_or(if self.shape == Shape::Large { MAX_PAYLOAD } else { 512 }),
            fresh: self.fresh,
            loss: of_mix(self.loss, 5),
            reorder: of_mix(self.reorder, 5),
            resets: of_mix(self.resets, 50),
            ipv6: self.ipv6,
        }
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let traffic = args.traffic();
    let out: Box<dyn Write> = match &args.output {
        Some(path) => Box::new(File::create(path).with_context(|| path.display().to_string())?),
        None => Box::new(io::stdout().lock()),
    };
    let totals = traffic.write(BufWriter::with_capacity(1 << 20, out))?;
    let seconds = totals.span as f64 / 1e6;
    eprintln!("{} packets, {} connections, {seconds:.3} s", totals.packets, totals.connections);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tcpcheck::track::Event;
    use tcpcheck::{Content, FlowTracker, Next, Observation, Severity, TcpFlags, TrackerOptions, capture, dissect};

    use super::*;

    fn traffic(words: &[&str]) -> Traffic {
        Args::try_parse_from(std::iter::once(&"generate").chain(words)).unwrap().traffic()
    }

    fn bytes(traffic: &Traffic) -> Vec<u8> {
        let mut bytes = Vec::new();
        traffic.write(&mut bytes).unwrap();
        bytes
    }

    /// Connections, rules above a note, and TCP packets.
    fn judged(bytes: Vec<u8>) -> (u32, Vec<String>, u64) {
        let mut source = capture::open_reader(Cursor::new(bytes), "generated").unwrap();
        let mut tracker = FlowTracker::new(TrackerOptions::default());
        let (mut seen, mut flows, mut above, mut packets) = (Observation::default(), 0, Vec::new(), 0);
        let mut judge = |finding: &tcpcheck::Finding| {
            if finding.severity > Severity::Note {
                above.push(format!("{} {}", finding.rule.slug(), finding.frame));
            }
        };
        while let Next::Frame(frame) = source.next_frame().unwrap() {
            let dissection = dissect(&frame);
            let Content::Tcp(tcp) = &dissection.content else { panic!("frame {packets} is not TCP") };
            tracker.observe(&tcp.segment, &mut seen);
            seen.findings.iter().for_each(&mut judge);
            packets += 1;
        }
        tracker.finish();
        while let Some(event) = tracker.next_event() {
            match event {
                Event::Finding(finding) => judge(&finding),
                Event::Ended(flow) => flows = flows.max(flow.number),
                _ => {}
            }
        }
        assert!(source.faults().is_empty());
        (flows, above, packets)
    }

    #[test]
    fn without_loss_there_is_nothing_to_find_and_every_connection_is_there() {
        for (words, connections) in [
            (&["short", "--connections", "300", "--concurrent", "20", "--ipv6", "30"][..], 300),
            (&["large", "--packets", "20000"], 4),
            (&["concurrent", "--connections", "500", "--ipv6", "10"], 500),
            (&["flood", "--packets", "0", "--connections", "100"], 100),
        ] {
            let (flows, above, _) = judged(bytes(&traffic(words)));
            assert_eq!((flows, above), (connections, vec![]), "{words:?}");
        }
    }

    #[test]
    fn about_as_many_packets_come_as_were_asked_for() {
        for words in [
            &["short", "--packets", "10000"][..],
            &["large", "--packets", "10000"],
            &["concurrent", "--packets", "10000", "--connections", "1000"],
            &["flood", "--packets", "9000", "--connections", "100"],
            &["mix", "--packets", "10000", "--connections", "100", "--fresh", "200"],
        ] {
            let (_, _, packets) = judged(bytes(&traffic(words)));
            assert!((9_000..=11_000).contains(&packets), "{words:?}: {packets}");
        }
    }

    #[test]
    fn what_is_lost_is_sent_again() {
        let (flows, above, _) = judged(bytes(&traffic(&["large", "--packets", "20000", "--loss", "5"])));
        assert_eq!(flows, 4);
        assert!(above.len() > 10 && above.iter().all(|finding| finding.contains("retransmission")), "{above:?}");
    }

    #[test]
    fn of_a_mix_some_connections_stay_and_others_come_and_go_and_some_are_reset() {
        let plain =
            ["mix", "--packets", "10000", "--connections", "100", "--fresh", "1000", "--loss", "0", "--reorder", "0"];
        let (flows, above, _) = judged(bytes(&traffic(&[&plain[..], &["--resets", "0"]].concat())));
        assert!(flows > 700 && above.is_empty(), "{flows}: {above:?}");
        let all_reset = bytes(&traffic(&[&plain[..], &["--resets", "1000"]].concat()));
        let (mut source, mut resets) = (capture::open_reader(Cursor::new(all_reset), "mix").unwrap(), 0);
        while let Next::Frame(frame) = source.next_frame().unwrap() {
            let Content::Tcp(tcp) = &dissect(&frame).content else { continue };
            resets += u32::from(tcp.segment.flags.contains(TcpFlags::RST));
        }
        assert!(resets > 500, "{resets}");
    }

    #[test]
    fn sources_of_a_flood_are_all_different() {
        let (flows, _, _) = judged(bytes(&traffic(&["flood", "--packets", "5000", "--connections", "10"])));
        assert_eq!(flows, 5010);
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let words = ["short", "--connections", "50", "--loss", "20", "--reorder", "20"];
        let again = traffic(&words);
        assert_eq!(bytes(&traffic(&words)), bytes(&again));
        assert_ne!(bytes(&Traffic { seed: 2, ..again }), bytes(&again));
    }
}
