//! tcpcheck as a library: every finding of a capture, a line each, and how every connection went.
//!
//! ```sh
//! cargo run --example findings -- fixtures/loss/timeout.pcap
//! ```

use std::error::Error;
use std::path::Path;

use tcpcheck::capture::{Next, open};
use tcpcheck::report::message;
use tcpcheck::track::Event;
use tcpcheck::{Content, Finding, FlowTracker, Observation, TrackerOptions, dissect};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name a capture file")?;
    let mut source = open(Path::new(&path))?;
    let mut tracker = FlowTracker::new(TrackerOptions::default());
    let mut observation = Observation::default();

    while let Next::Frame(frame) = source.next_frame()? {
        if let Content::Tcp(tcp) = dissect(&frame).content {
            tracker.observe(&tcp.segment, &mut observation);
            observation.findings.iter().for_each(print);
        }
        print_events(&mut tracker);
    }
    tracker.finish();
    print_events(&mut tracker);
    Ok(())
}

/// What did not come with a packet.
fn print_events(tracker: &mut FlowTracker) {
    while let Some(event) = tracker.next_event() {
        match event {
            Event::Finding(finding) => print(&finding),
            Event::Icmp(error) => println!("{:?}", error.error.kind),
            Event::Amend(amend) => amend.details.iter().for_each(print),
            Event::Exchange(_) => {}
            Event::Ended(flow) => println!("flow {}: {}", flow.number, flow.outcome.as_str()),
        }
    }
}

fn print(finding: &Finding) {
    let (code, severity) = (finding.rule.code(), finding.severity.as_str());
    println!("@{} {severity} {code} {}", finding.frame, message(finding));
}
